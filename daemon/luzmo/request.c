/*
 * Writes the requests down as text. There is no parameter for the action: a program that cannot say `update` cannot be
 * made to say it.
 */
#include "luzmo/request.h"

#include "base/buffer.h"
#include "base/utf8.h"

/* A byte of key or token takes at most six in JSON (\u0001). */
#define ESCAPED_MAX 6

static const char opening[] = "{\"action\":\"get\",\"version\":\"0.1.0\",\"key\":";

/* The eight documented attributes of a user, and id and name of the organization: the endpoint would also tell an
 * invite code and billing data, which are nobody's business here. */
static const char organization_find[] =
    ",\"find\":{\"where\":{},\"attributes\":[\"id\",\"name\"],"
    "\"include\":[{\"model\":\"User\",\"attributes\":[\"id\",\"name\",\"email\","
    "\"city\",\"country_id\",\"locale_id\",\"created_at\",\"flag_plan\"]}]}}";

static const char organization_find_everything[] =
    ",\"find\":{\"where\":{},\"include\":[{\"model\":\"User\"}]}}";

static const char users_find[] = ",\"find\":{\"where\":{\"id\":[";
static const char users_end[] = "]},\"attributes\":[\"id\"]}}";

static const char token_find[] = ",\"find\":{\"where\":{\"id\":";
static const char token_end[] = "},\"attributes\":[\"id\",\"user_id\",\"expiry\"]}}";

/* Opens a request that goes on with at most `more` bytes. All room is taken at once: a buffer that grew would leave
 * copies of the secrets on the heap. */
static void open_request(struct buffer *text, const struct secret *key, const struct secret *token,
                         size_t more)
{
    size_t maximum = sizeof(opening) + ESCAPED_MAX * (key->length + token->length) + 64 + more;

    buffer_init(text, maximum);
    buffer_extend(text, maximum);
    buffer_clear(text);
    buffer_add_text(text, opening);
    utf8_add_json(text, key->bytes, key->length);
    buffer_add_text(text, ",\"token\":");
    utf8_add_json(text, token->bytes, token->length);
}

static void close_request(struct buffer *text, struct secret *ret_body)
{
    secret_set(ret_body, text->data, text->length);
    secret_wipe(text->data, text->length);
    buffer_done(text);
}

void request_organization(const struct secret *key, const struct secret *token, bool without_attributes,
                          struct secret *ret_body)
{
    struct buffer text;

    open_request(&text, key, token, sizeof(organization_find));
    buffer_add_text(&text, without_attributes ? organization_find_everything : organization_find);
    close_request(&text, ret_body);
}

void request_users(const struct secret *key, const struct secret *token, const struct uuid *ids, size_t count,
                   struct secret *ret_body)
{
    char id[UUID_TEXT_LENGTH + 1];
    struct buffer text;

    open_request(&text, key, token, sizeof(users_find) + sizeof(users_end) + count * (sizeof(id) + 2));
    buffer_add_text(&text, users_find);
    for (size_t i = 0; i < count; i++) {
        uuid_format(&ids[i], id);
        buffer_add_format(&text, "%s\"%s\"", i > 0 ? "," : "", id);
    }
    buffer_add_text(&text, users_end);
    close_request(&text, ret_body);
}

void request_token(const struct secret *key, const struct secret *token, struct secret *ret_body)
{
    struct buffer text;

    open_request(&text, key, token, sizeof(token_find) + sizeof(token_end) + ESCAPED_MAX * key->length);
    buffer_add_text(&text, token_find);
    utf8_add_json(&text, key->bytes, key->length);
    buffer_add_text(&text, token_end);
    close_request(&text, ret_body);
}

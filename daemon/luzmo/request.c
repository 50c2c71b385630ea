/*
 * Writes the request down as text. There is no parameter for the action: a program that cannot say `update` cannot be
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
static const char find_attributes[] =
    ",\"find\":{\"where\":{},\"attributes\":[\"id\",\"name\"],"
    "\"include\":[{\"model\":\"User\",\"attributes\":[\"id\",\"name\",\"email\","
    "\"city\",\"country_id\",\"locale_id\",\"created_at\",\"flag_plan\"]}]}}";

static const char find_everything[] = ",\"find\":{\"where\":{},\"include\":[{\"model\":\"User\"}]}}";

void request_body(const struct secret *key, const struct secret *token, bool without_attributes,
                  struct secret *ret_body)
{
    size_t maximum = sizeof(opening) + sizeof(find_attributes) + ESCAPED_MAX * (key->length + token->length) +
                     64;
    struct buffer text;

    /* All room is taken at once: a buffer that grew would leave copies of the secrets on the heap. */
    buffer_init(&text, maximum);
    buffer_extend(&text, maximum);
    buffer_clear(&text);
    buffer_add_text(&text, opening);
    utf8_add_json(&text, key->bytes, key->length);
    buffer_add_text(&text, ",\"token\":");
    utf8_add_json(&text, token->bytes, token->length);
    buffer_add_text(&text, without_attributes ? find_everything : find_attributes);
    secret_set(ret_body, text.data, text.length);
    secret_wipe(text.data, text.length);
    buffer_done(&text);
}

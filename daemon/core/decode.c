/*
 * The only judge of a record: which fields must be there, and what each of them may hold.
 */
#include "core/decode.h"

#include "base/buffer.h"
#include "base/utf8.h"
#include "core/document.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Canonical text of other_flags. Two dozen flags take 500 bytes; what is larger is not a set of flags. */
#define OTHER_FLAGS_MAX 4096

/* Longest field name that a sentence repeats. */
#define FIELD_NAME_MAX 64

/* From here on a real number has no fraction and PostgreSQL's jsonb would give it back as an integer: another value. */
#define REAL_LIMIT 1e17

#define CANONICAL (JSON_COMPACT | JSON_SORT_KEYS)

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static int refuse_nul(const char *field, struct error *error)
{
    return error_set(error, ERROR_MALFORMED,
                     "%s contains the character U+0000, which PostgreSQL cannot store", field);
}

/* The canonical text in memory from `arena`. */
static const char *canonical_copy(const json_t *value, struct arena *arena, size_t *ret_length)
{
    size_t length = json_dumpb(value, NULL, 0, CANONICAL);
    char *text = arena_alloc(arena, length + 1);

    json_dumpb(value, text, length, CANONICAL);
    text[length] = '\0';
    *ret_length = length;
    return text;
}

const char *decode_canonical(const char *text, size_t length, struct arena *arena, size_t *ret_length)
{
    json_t *value = document_parse("the stored object", text, length, NULL);
    const char *canonical = NULL;

    if (json_is_object(value)) {
        canonical = canonical_copy(value, arena, ret_length);
    } else {
        canonical = arena_copy(arena, text, length);
        *ret_length = length;
    }
    json_decref(value);
    return canonical;
}

/* --- one field of a member ---------------------------------------------------------------------------------------- */

/* What a member is decoded from, and where its text and its failure go. */
struct decoding {
    const json_t *user;
    json_t *role;
    struct arena *arena;
    struct error *error;
};

/* The field's name in sentences: created_at stands in the user and in the role. */
static void name_field(const struct field_info *info, char ret_name[FIELD_NAME_MAX])
{
    snprintf(ret_name, FIELD_NAME_MAX, "%s%s", info->in_role ? "organizationRole." : "", info->api_name);
}

static int decode_text(const char *name, const json_t *value, struct decoding *decoding,
                       struct field_value *ret_value)
{
    if (!json_is_string(value))
        return document_wrong_type(name, value, "a string or null", decoding->error);
    if (document_has_nul(value))
        return refuse_nul(name, decoding->error);
    ret_value->length = json_string_length(value);
    ret_value->text = arena_copy(decoding->arena, json_string_value(value), ret_value->length);
    return 0;
}

static int decode_flag(const char *name, const json_t *value, struct decoding *decoding,
                       struct field_value *ret_value)
{
    if (!json_is_boolean(value))
        return document_wrong_type(name, value, "true, false or null", decoding->error);
    ret_value->flag = json_is_true(value);
    return 0;
}

static int decode_field(const struct field_info *info, struct decoding *decoding,
                        struct field_value *ret_value)
{
    const json_t *value = json_object_get(info->in_role ? decoding->role : decoding->user, info->api_name);
    char name[FIELD_NAME_MAX];

    *ret_value = (struct field_value){.known = !document_is_absent(value)};
    if (!ret_value->known)
        return 0;
    name_field(info, name);
    switch (info->type) {
    case FIELD_TYPE_TIMESTAMP:
        return document_time(name, value, &ret_value->us, decoding->error);
    case FIELD_TYPE_FLAG:
        return decode_flag(name, value, decoding, ret_value);
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_JSON: /* none with a name of its own */
        break;
    }
    return decode_text(name, value, decoding, ret_value);
}

/* --- flags that are not known by name ----------------------------------------------------------------------------- */

static bool is_other_flag(const char *key)
{
    if (strncmp(key, "flag", strlen("flag")) != 0)
        return false;
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        const struct field_info *info = &member_fields[field];
        if (info->in_role && info->api_name && strcmp(info->api_name, key) == 0)
            return false;
    }
    return true;
}

/* A key comes from outside: only one that looks like the name of a flag is repeated in a sentence. */
static void name_other_flag(const char *key, char ret_name[FIELD_NAME_MAX])
{
    static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t length = strlen(key);

    if (length <= FIELD_NAME_MAX - sizeof("organizationRole.") && strspn(key, letters) == length)
        snprintf(ret_name, FIELD_NAME_MAX, "organizationRole.%s", key);
    else
        snprintf(ret_name, FIELD_NAME_MAX, "a further flag of organizationRole");
}

static int add_other_flag(json_t *flags, const char *key, json_t *value, struct error *error)
{
    char name[FIELD_NAME_MAX];

    name_other_flag(key, name);
    if (json_is_object(value) || json_is_array(value))
        return document_wrong_type(name, value, "true, false, null, a number or a string", error);
    if (json_is_string(value) && document_has_nul(value))
        return refuse_nul(name, error);
    if (json_is_real(value) && fabs(json_real_value(value)) >= REAL_LIMIT)
        return error_set(error, ERROR_MALFORMED, "%s is a number too large to be kept as it is", name);
    /* jsonb knows no negative zero. */
    if (json_is_real(value) && json_real_value(value) == 0.0)
        json_object_set_new(flags, key, json_real(0.0));
    else
        json_object_set(flags, key, value);
    return 0;
}

static int gather_other_flags(json_t *role, json_t *flags, struct error *error)
{
    const char *key;
    json_t *value;

    json_object_foreach(role, key, value)
    {
        int status = 0;
        if (is_other_flag(key) && !json_is_null(value))
            status = add_other_flag(flags, key, value, error);
        if (status < 0)
            return status;
    }
    return 0;
}

static int decode_other_flags(struct decoding *decoding, struct field_value *ret_value)
{
    json_t *flags = json_object();
    int status = gather_other_flags(decoding->role, flags, decoding->error);

    *ret_value = (struct field_value){.known = json_object_size(flags) > 0};
    if (status == 0 && json_dumpb(flags, NULL, 0, CANONICAL) > OTHER_FLAGS_MAX)
        status = error_set(decoding->error, ERROR_MALFORMED,
                           "organizationRole has more than %d bytes of further flags", OTHER_FLAGS_MAX);
    if (status == 0 && ret_value->known)
        ret_value->text = canonical_copy(flags, decoding->arena, &ret_value->length);
    json_decref(flags);
    return status;
}

/* --- one member --------------------------------------------------------------------------------------------------- */

/* NULL with *error set when it is none. */
static const char *decode_organization_id(const char *field, const json_t *value, struct error *error)
{
    size_t length = json_string_length(value);

    if (!json_is_string(value))
        document_wrong_type(field, value, "the organization's id", error);
    else if (length == 0)
        error_set(error, ERROR_MALFORMED, "%s is empty, expected the organization's id", field);
    else if (length > ORGANIZATION_ID_MAX)
        error_set(error, ERROR_MALFORMED, "%s has %zu bytes, expected at most %d", field, length,
                  ORGANIZATION_ID_MAX);
    else if (document_has_nul(value))
        refuse_nul(field, error);
    else
        return json_string_value(value);
    return NULL;
}

/* The role must be this user's, and in this organization when that is known. */
static int decode_role(struct decoding *decoding, const struct uuid *user_id, const char *organization_id,
                       const char **ret_organization)
{
    struct error *error = decoding->error;
    struct uuid role_user;
    int status;

    decoding->role = json_object_get(decoding->user, "organizationRole");
    if (!json_is_object(decoding->role))
        return document_wrong_type("organizationRole", decoding->role, "an object", error);
    status = document_uuid("organizationRole.user_id", json_object_get(decoding->role, "user_id"), &role_user,
                           error);
    if (status < 0)
        return status;
    if (!uuid_equal(&role_user, user_id))
        return error_set(error, ERROR_MALFORMED, "organizationRole.user_id is not the user's own id");
    *ret_organization = decode_organization_id("organizationRole.organization_id",
                                               json_object_get(decoding->role, "organization_id"), error);
    if (!*ret_organization)
        return -(int)ERROR_MALFORMED;
    if (organization_id && strcmp(*ret_organization, organization_id) != 0)
        return error_set(error, ERROR_MALFORMED,
                         "organizationRole.organization_id names another organization");
    return 0;
}

static int decode_fields(struct decoding *decoding, struct member *member)
{
    int status = 0;

    for (size_t field = 0; status == 0 && field < FIELD_COUNT; field++) {
        const struct field_info *info = &member_fields[field];
        status = info->api_name ? decode_field(info, decoding, &member->fields[field])
                                : decode_other_flags(decoding, &member->fields[field]);
    }
    return status;
}

static int decode_user(struct decoding *decoding, const char *organization_id,
                       struct decoded_record *ret_record)
{
    const char *role_organization = NULL;
    struct member member;
    int status;

    if (!json_is_object(decoding->user))
        return document_wrong_type("the record", decoding->user, "an object", decoding->error);
    status = document_uuid("id", json_object_get(decoding->user, "id"), &member.user_id, decoding->error);
    if (status == 0)
        status = decode_role(decoding, &member.user_id, organization_id, &role_organization);
    if (status == 0)
        status = decode_fields(decoding, &member);
    if (status != 0)
        return status;
    ret_record->member = member;
    ret_record->role_organization = arena_copy(decoding->arena, role_organization, strlen(role_organization));
    return 0;
}

int decode_member(const char *slice, size_t length, const char *organization_id, struct arena *arena,
                  struct decoded_record *ret_record, struct error *error)
{
    json_t *user = document_parse("the record", slice, length, error);
    struct decoding decoding = {.user = user, .arena = arena, .error = error};

    if (!user)
        return -(int)ERROR_MALFORMED;
    int status = decode_user(&decoding, organization_id, ret_record);
    json_decref(user);
    return status;
}

/* --- the envelope ------------------------------------------------------------------------------------------------- */

static int check_count(const json_t *count, struct error *error)
{
    if (!json_is_integer(count))
        return document_wrong_type("the answer's count", count, "the integer 1", error);
    if (json_integer_value(count) != 1)
        return error_set(error, ERROR_MALFORMED, "the answer's count is %lld, expected 1: one organization",
                         (long long)json_integer_value(count));
    return 0;
}

static int find_row(const json_t *answer, const json_t **ret_row, struct error *error)
{
    const json_t *rows = json_object_get(answer, "rows");
    const json_t *row = json_array_get(rows, 0);

    if (!json_is_object(answer))
        return document_wrong_type("the answer", answer, "an object", error);
    if (!json_is_array(rows))
        return document_wrong_type("the answer's rows", rows, "a list with one organization", error);
    if (json_array_size(rows) != 1)
        return error_set(error, ERROR_MALFORMED,
                         "the answer's rows has %zu elements, expected one organization",
                         json_array_size(rows));
    if (!json_is_object(row))
        return document_wrong_type("the answer's rows[0]", row, "an object", error);
    *ret_row = row;
    return check_count(json_object_get(answer, "count"), error);
}

static int other_organization(const char *found, const char *expected, struct error *error)
{
    struct buffer ids;

    buffer_init(&ids, ERROR_TEXT_MAX);
    buffer_add_text(&ids, "\"");
    utf8_add_printable(&ids, found, strlen(found));
    buffer_add_text(&ids, "\", expected \"");
    utf8_add_printable(&ids, expected, strlen(expected));
    int status = error_set(
        error, ERROR_MALFORMED,
        "the answer is about organization %s\"; check api.organization_id and whose key and "
        "token these are; another organization needs a database of its own",
        ids.data);
    buffer_done(&ids);
    return status;
}

static int check_organization_id(const json_t *row, const char *expected, struct envelope *envelope,
                                 struct error *error)
{
    const char *id = decode_organization_id("the answer's rows[0].id", json_object_get(row, "id"), error);

    if (!id)
        return -(int)ERROR_MALFORMED;
    if (expected && strcmp(id, expected) != 0)
        return other_organization(id, expected, error);
    memcpy(envelope->organization_id, id, strlen(id) + 1);
    return 0;
}

static int check_users(const json_t *users, uint64_t slices, struct error *error)
{
    if (!json_is_array(users))
        return document_wrong_type("the answer's rows[0].users", users, "the list of members", error);
    if (json_array_size(users) > 0)
        return error_set(
            error, ERROR_MALFORMED,
            "the answer's rows[0].users could not be taken apart, because the names of rows or users "
            "are written with escapes");
    if (slices == 0)
        return error_set(error, ERROR_MALFORMED,
                         "the answer's rows[0].users is empty, expected at least one member");
    return 0;
}

/* Locales without a text are left out. */
static int gather_names(json_t *name, json_t *names, struct error *error)
{
    const char *locale;
    json_t *text;

    json_object_foreach(name, locale, text)
    {
        if (json_is_null(text))
            continue;
        if (!json_is_string(text))
            return document_wrong_type("a locale of the answer's rows[0].name", text, "a string or null",
                                       error);
        if (document_has_nul(text))
            return refuse_nul("the answer's rows[0].name", error);
        json_object_set(names, locale, text);
    }
    return 0;
}

static int decode_name(json_t *name, char **ret_name_json, struct error *error)
{
    if (document_is_absent(name))
        return 0;
    if (!json_is_object(name))
        return document_wrong_type("the answer's rows[0].name", name, "an object of texts by locale, or null",
                                   error);
    json_t *names = json_object();
    int status = gather_names(name, names, error);
    if (status == 0)
        *ret_name_json = json_dumps(names, CANONICAL);
    json_decref(names);
    return status;
}

int decode_envelope(const char *text, size_t length, uint64_t slices, const char *expected_organization_id,
                    struct envelope *ret_envelope, struct error *error)
{
    struct envelope envelope = {.name_json = NULL};
    const json_t *row = NULL;
    json_t *answer = document_parse("the answer without its members", text, length, error);

    if (!answer)
        return -(int)ERROR_MALFORMED;
    int status = find_row(answer, &row, error);
    if (status == 0)
        status = check_organization_id(row, expected_organization_id, &envelope, error);
    if (status == 0)
        status = check_users(json_object_get(row, "users"), slices, error);
    if (status == 0)
        status = decode_name(json_object_get(row, "name"), &envelope.name_json, error);
    if (status == 0)
        *ret_envelope = envelope;
    json_decref(answer);
    return status;
}

void envelope_done(struct envelope *envelope)
{
    if (!envelope)
        return;
    free(envelope->name_json);
    envelope->name_json = NULL;
}

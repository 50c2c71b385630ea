/*
 * The table of member fields and what follows from it alone: equality, digest, role. Knows neither where values come from
 * nor where they go.
 */
#include "core/model.h"

#include "base/memory.h"

#include <jansson.h>
#include <string.h>

const struct field_info member_fields[FIELD_COUNT] = {
    [FIELD_EMAIL] = {"email", "email", FIELD_TYPE_TEXT, FIELD_GROUP_PROFILE, false},
    [FIELD_NAME] = {"name", "name", FIELD_TYPE_TEXT, FIELD_GROUP_PROFILE, false},
    [FIELD_CITY] = {"city", "city", FIELD_TYPE_TEXT, FIELD_GROUP_PROFILE, false},
    [FIELD_COUNTRY_ID] = {"country_id", "country_id", FIELD_TYPE_TEXT, FIELD_GROUP_PROFILE, false},
    [FIELD_LOCALE_ID] = {"locale_id", "locale_id", FIELD_TYPE_TEXT, FIELD_GROUP_PROFILE, false},
    [FIELD_FLAG_PLAN] = {"flag_plan", "flag_plan", FIELD_TYPE_TEXT, FIELD_GROUP_PROFILE, false},
    [FIELD_USER_CREATED_AT] = {"user_created_at", "created_at", FIELD_TYPE_TIMESTAMP, FIELD_GROUP_PROFILE,
                               false},
    [FIELD_FLAG_MEMBER] = {"flag_member", "flagMember", FIELD_TYPE_FLAG, FIELD_GROUP_ROLE, true},
    [FIELD_FLAG_EDITOR] = {"flag_editor", "flagEditor", FIELD_TYPE_FLAG, FIELD_GROUP_ROLE, true},
    [FIELD_FLAG_OWN] = {"flag_own", "flagOwn", FIELD_TYPE_FLAG, FIELD_GROUP_ROLE, true},
    [FIELD_FLAG_ADMIN] = {"flag_admin", "flagAdmin", FIELD_TYPE_FLAG, FIELD_GROUP_ROLE, true},
    [FIELD_OTHER_FLAGS] = {"other_flags", NULL, FIELD_TYPE_JSON, FIELD_GROUP_ROLE, true},
    [FIELD_ROLE_CREATED_AT] = {"role_created_at", "created_at", FIELD_TYPE_TIMESTAMP, FIELD_GROUP_ROLE_TIME,
                               true},
    [FIELD_ROLE_UPDATED_AT] = {"role_updated_at", "updated_at", FIELD_TYPE_TIMESTAMP, FIELD_GROUP_ROLE_TIME,
                               true},
};

bool field_value_equal(enum field_type type, const struct field_value *left, const struct field_value *right)
{
    if (left->known != right->known)
        return false;
    if (!left->known)
        return true;
    switch (type) {
    case FIELD_TYPE_FLAG:
        return left->flag == right->flag;
    case FIELD_TYPE_TIMESTAMP:
        return left->us == right->us;
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_JSON:
        break;
    }
    return left->length == right->length && memcmp(left->text, right->text, left->length) == 0;
}

bool member_equal(const struct member *left, const struct member *right)
{
    if (!uuid_equal(&left->user_id, &right->user_id))
        return false;
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (!field_value_equal(member_fields[field].type, &left->fields[field], &right->fields[field]))
            return false;
    }
    return true;
}

/* One field in a fixed number of bytes, so that no two lists of values can be written alike. A text of any length stands
 * as its own digest, which also keeps the whole on the stack. */
struct encoded_field {
    uint8_t known;
    uint8_t value[sizeof(struct digest)];
};

struct encoded_member {
    uint8_t user_id[sizeof(struct uuid)];
    struct encoded_field fields[FIELD_COUNT];
    uint8_t removed;
};

_Static_assert(sizeof(struct encoded_member) == 16 + 17 * FIELD_COUNT + 1,
               "no padding: every byte is digested");

static struct encoded_field encode_field(enum field_type type, const struct field_value *value,
                                         const struct digest_secret *secret)
{
    struct encoded_field encoded = {.known = value->known};
    struct digest text;

    if (!value->known)
        return encoded;
    switch (type) {
    case FIELD_TYPE_FLAG:
        encoded.value[0] = value->flag;
        break;
    case FIELD_TYPE_TIMESTAMP:
        memcpy(encoded.value, &value->us, sizeof(value->us));
        break;
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_JSON:
        text = digest_of(secret, value->text, value->length);
        memcpy(encoded.value, text.bytes, sizeof(text.bytes));
        break;
    }
    return encoded;
}

static struct digest digest_values(const struct member *member, bool removed,
                                   const struct digest_secret *secret)
{
    struct encoded_member encoded = {.removed = removed};

    memcpy(encoded.user_id, member->user_id.bytes, sizeof(encoded.user_id));
    for (size_t field = 0; field < FIELD_COUNT; field++)
        encoded.fields[field] = encode_field(member_fields[field].type, &member->fields[field], secret);
    return digest_of(secret, &encoded, sizeof(encoded));
}

struct digest member_digest(const struct member *member, const struct digest_secret *secret)
{
    return digest_values(member, false, secret);
}

struct digest member_row_digest(const struct member_row *row, const struct digest_secret *secret)
{
    return digest_values(&row->member, row->removed_at != 0, secret);
}

bool member_row_is_edited(const struct member_row *row, const struct digest_secret *secret)
{
    const struct digest digest = member_row_digest(row, secret);

    return !digest_equal(&digest, &row->value_digest);
}

static bool is_set(const struct member *member, enum member_field flag)
{
    return member->fields[flag].known && member->fields[flag].flag;
}

static const struct {
    enum member_field flag;
    const char *role;
} ranks[] = {
    {FIELD_COUNT, "none"},       {FIELD_FLAG_MEMBER, "viewer"}, {FIELD_FLAG_EDITOR, "editor"},
    {FIELD_FLAG_ADMIN, "admin"}, {FIELD_FLAG_OWN, "owner"},
};

bool member_is_owner(const struct member *member)
{
    return is_set(member, FIELD_FLAG_OWN);
}

int member_rank(const struct member *member)
{
    for (size_t i = sizeof(ranks) / sizeof(ranks[0]) - 1; i > 0; i--) {
        if (is_set(member, ranks[i].flag))
            return (int)i;
    }
    bool known = member->fields[FIELD_FLAG_OWN].known || member->fields[FIELD_FLAG_EDITOR].known ||
                 member->fields[FIELD_FLAG_MEMBER].known;
    return known ? 0 : -1;
}

const char *member_role(const struct member *member)
{
    int rank = member_rank(member);
    return rank < 0 ? "unknown" : ranks[rank].role;
}

static json_t *load_other_flags(const struct member *member)
{
    const struct field_value *flags = &member->fields[FIELD_OTHER_FLAGS];

    return flags->known ? json_loadb(flags->text, flags->length, JSON_ALLOW_NUL, NULL) : NULL;
}

bool member_lacks_other_flag(const struct member *before, const struct member *now)
{
    json_t *flags = load_other_flags(before);
    json_t *left = load_other_flags(now);
    const char *key;
    json_t *value;
    bool lacks = false;

    json_object_foreach(flags, key, value) lacks |= !json_object_get(left, key);
    json_decref(flags);
    json_decref(left);
    return lacks;
}

char *organization_display_name(const char *name_json)
{
    json_t *names = name_json ? json_loads(name_json, JSON_ALLOW_NUL, NULL) : NULL;
    const char *name = json_string_value(json_object_get(names, "en"));

    if (!name)
        name = json_string_value(json_object_iter_value(json_object_iter(names)));
    char *copy = memory_string(name ? name : "");
    json_decref(names);
    return copy;
}

/*
 * What the daemon mirrors: members and their organization, as values. One table describes every field of a member;
 * decoding, comparing, writing, printing all walk that table, so a field is added in one place.
 */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include "base/digest.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of the columns of rollcall.member, which is also the order in images and spooled records. */
enum member_field {
    FIELD_EMAIL,
    FIELD_NAME,
    FIELD_CITY,
    FIELD_COUNTRY_ID,
    FIELD_LOCALE_ID,
    FIELD_FLAG_PLAN,
    FIELD_USER_CREATED_AT,
    FIELD_FLAG_MEMBER,
    FIELD_FLAG_EDITOR,
    FIELD_FLAG_OWN,
    FIELD_FLAG_ADMIN,
    FIELD_OTHER_FLAGS,
    FIELD_ROLE_CREATED_AT,
    FIELD_ROLE_UPDATED_AT,
    FIELD_COUNT
};

enum field_type {
    FIELD_TYPE_TEXT,
    FIELD_TYPE_TIMESTAMP,
    FIELD_TYPE_FLAG, /* boolean */
    FIELD_TYPE_JSON, /* canonical JSON text: sorted keys, no white space */
};

/* Which kind of change a difference in this field is. */
enum field_group {
    FIELD_GROUP_PROFILE,   /* profile_changed */
    FIELD_GROUP_ROLE,      /* role_changed */
    FIELD_GROUP_ROLE_TIME, /* with a differing flag part of role_changed, alone role_touched */
};

struct field_info {
    const char *column;   /* column of rollcall.member and key in images */
    const char *api_name; /* key in the API's answer; NULL for other_flags, which gathers the rest of flag* */
    enum field_type type;
    enum field_group group;
    bool in_role; /* stands in organizationRole, not in the user */
};

extern const struct field_info member_fields[FIELD_COUNT];

/* One value; `known` false is SQL's NULL: the API sent null or nothing. */
struct field_value {
    bool known;
    bool flag;        /* FIELD_TYPE_FLAG */
    int64_t us;       /* FIELD_TYPE_TIMESTAMP: microseconds since 1970 */
    const char *text; /* FIELD_TYPE_TEXT and _JSON: valid UTF-8 without NUL bytes, NUL-terminated */
    size_t length;    /* bytes of text */
};

/* A member's value. Text belongs to whoever made it (an arena, a record, a result). */
struct member {
    struct uuid user_id;
    struct field_value fields[FIELD_COUNT];
};

bool field_value_equal(enum field_type type, const struct field_value *left, const struct field_value *right);
bool member_equal(const struct member *left, const struct member *right); /* every field, by value */

/* XXH3-128 over an unambiguous encoding of id and fields: equal values, equal digests. */
struct digest member_digest(const struct member *member, const struct digest_secret *secret);

/* A row of rollcall.member: the value and what the mirror knows about it. Times in microseconds since 1970, 0 = NULL. */
struct member_row {
    struct member member;
    int64_t first_seen_at;      /* answered of the first poll that showed it, ever */
    int64_t last_changed_at;    /* answered of the last poll that changed a field */
    int64_t last_seen_at;       /* asked of the last poll known in the row to have shown it */
    int64_t absent_since;       /* answered of the first complete poll without it; NULL while present */
    int32_t absent_polls;       /* confirming polls counted so far; 0 while present */
    int64_t removed_at;         /* set: a tombstone */
    struct digest slice_digest; /* all zero = NULL: the row is not known to equal a slice */
    struct digest value_digest; /* what a row that was read has there; made anew when a row is written */
};

/* Over id, fields and whether the row is a tombstone. Of a present row it is its member_digest. */
struct digest member_row_digest(const struct member_row *row, const struct digest_secret *secret);

/* Whether a row that was read is not as the daemon wrote it: its value_digest is another than its values', or none. */
bool member_row_is_edited(const struct member_row *row, const struct digest_secret *secret);

/* role label: owner > admin > editor > viewer > none; `unknown` when own, editor and member are all unknown. */
const char *member_role(const struct member *member);

/* The role as a number: none is 0, viewer 1, editor 2, admin 3, owner 4; unknown is -1. */
int member_rank(const struct member *member);

bool member_is_owner(const struct member *member); /* flag_own is known and true */

/* Whether a further flag (FIELD_OTHER_FLAGS) that was sent before is not sent now, whatever others are. */
bool member_lacks_other_flag(const struct member *before, const struct member *now);

/* The API's display name for the organization: `en`, else the first of its locales, else "". name_json is the
 * canonical object text. Allocated with malloc. */
char *organization_display_name(const char *name_json);

#define ORGANIZATION_ID_MAX 128

#endif

/*
 * Changes: what becomes a row of rollcall.change_log, and the images (JSON objects keyed by column name) in it.
 */
#ifndef CORE_CHANGE_H
#define CORE_CHANGE_H

#include "base/buffer.h"
#include "core/model.h"

enum change_kind {
    CHANGE_BASELINE,
    CHANGE_JOINED,
    CHANGE_REJOINED,
    CHANGE_LEFT,
    CHANGE_ROLE_CHANGED,
    CHANGE_ROLE_TOUCHED,
    CHANGE_PROFILE_CHANGED,
    CHANGE_ORGANIZATION_CHANGED,
    CHANGE_KIND_COUNT
};

const char *change_kind_name(enum change_kind kind); /* "role_changed" */
bool change_kind_parse(const char *word, enum change_kind *ret_kind);

struct change {
    enum change_kind kind;
    struct uuid user_id;    /* nil for organization_changed */
    const char *old_values; /* image, or NULL */
    size_t old_length;
    const char *new_values; /* image, or NULL */
    size_t new_length;
    int64_t observed_after; /* microseconds since 1970; 0 = NULL: nothing was known before */
    int64_t observed_at;
};

/* A set of member fields. */
typedef uint32_t field_mask;
#define FIELD_BIT(field) ((field_mask)1u << (field))
#define FIELD_MASK_ALL   (FIELD_BIT(FIELD_COUNT) - 1u)

/* Appends {"email":"...","city":null,...} with the fields of `mask` in table order; timestamps as RFC 3339 text,
 * other_flags as an object. */
void image_add(struct buffer *buffer, const struct member *member, field_mask mask);

#endif

/*
 * One value after the other in host byte order, without padding, texts with their length in front and a NUL behind. A
 * spool lives as long as its process, so there is no version and no byte order to agree on.
 */
#include "core/record.h"

#include "base/error.h"

#include <string.h>

/* --- parts -------------------------------------------------------------------------------------------------------- */

struct cursor {
    const char *at;
    size_t left;
};

static const char *take(struct cursor *cursor, size_t length)
{
    const char *bytes = cursor->at;

    if (length > cursor->left)
        error_fatal("a spooled record is shorter than it says");
    cursor->at += length;
    cursor->left -= length;
    return bytes;
}

static void read_bytes(struct cursor *cursor, void *ret_value, size_t size)
{
    memcpy(ret_value, take(cursor, size), size);
}

static void finish(const struct cursor *cursor)
{
    if (cursor->left > 0)
        error_fatal("a spooled record is longer than it says");
}

static void add_text(struct buffer *buffer, const char *text, size_t length)
{
    buffer_add(buffer, &length, sizeof(length));
    buffer_add(buffer, text, length);
    buffer_add_char(buffer, '\0');
}

static const char *read_text(struct cursor *cursor, size_t *ret_length)
{
    read_bytes(cursor, ret_length, sizeof(*ret_length));
    const char *text = take(cursor, *ret_length);
    take(cursor, 1);
    return text;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static void add_value(struct buffer *buffer, enum field_type type, const struct field_value *value)
{
    buffer_add_char(buffer, (char)value->known);
    if (!value->known)
        return;
    switch (type) {
    case FIELD_TYPE_FLAG:
        buffer_add_char(buffer, (char)value->flag);
        break;
    case FIELD_TYPE_TIMESTAMP:
        buffer_add(buffer, &value->us, sizeof(value->us));
        break;
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_JSON:
        add_text(buffer, value->text, value->length);
        break;
    }
}

static void read_value(struct cursor *cursor, enum field_type type, struct field_value *ret_value)
{
    *ret_value = (struct field_value){.known = *take(cursor, 1) != 0};
    if (!ret_value->known)
        return;
    switch (type) {
    case FIELD_TYPE_FLAG:
        ret_value->flag = *take(cursor, 1) != 0;
        break;
    case FIELD_TYPE_TIMESTAMP:
        read_bytes(cursor, &ret_value->us, sizeof(ret_value->us));
        break;
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_JSON:
        ret_value->text = read_text(cursor, &ret_value->length);
        break;
    }
}

static void add_member(struct buffer *buffer, const struct member *member)
{
    buffer_add(buffer, &member->user_id, sizeof(member->user_id));
    for (size_t field = 0; field < FIELD_COUNT; field++)
        add_value(buffer, member_fields[field].type, &member->fields[field]);
}

static void read_member(struct cursor *cursor, struct member *ret_member)
{
    read_bytes(cursor, &ret_member->user_id, sizeof(ret_member->user_id));
    for (size_t field = 0; field < FIELD_COUNT; field++)
        read_value(cursor, member_fields[field].type, &ret_member->fields[field]);
}

void record_add_decoded(struct buffer *buffer, const struct decoded *decoded)
{
    buffer_add(buffer, &decoded->slice_digest, sizeof(decoded->slice_digest));
    buffer_add(buffer, &decoded->role_organization, sizeof(decoded->role_organization));
    add_member(buffer, &decoded->member);
}

static void read_decoded(struct cursor *cursor, struct decoded *ret_decoded)
{
    read_bytes(cursor, &ret_decoded->slice_digest, sizeof(ret_decoded->slice_digest));
    read_bytes(cursor, &ret_decoded->role_organization, sizeof(ret_decoded->role_organization));
    read_member(cursor, &ret_decoded->member);
}

void record_read_decoded(const void *record, size_t length, struct decoded *ret_decoded)
{
    struct cursor cursor = {record, length};

    read_decoded(&cursor, ret_decoded);
    finish(&cursor);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* What a row has besides the member, as it is spooled. */
struct row_facts {
    int64_t first_seen_at;
    int64_t last_changed_at;
    int64_t last_seen_at;
    int64_t absent_since;
    int64_t removed_at;
    int64_t absent_polls;
    struct digest slice_digest;
};

_Static_assert(sizeof(struct row_facts) == 6 * sizeof(int64_t) + sizeof(struct digest),
               "no padding: uninitialised bytes would be spooled");

void record_add_row(struct buffer *buffer, const struct member_row *row)
{
    const struct row_facts facts = {
        .first_seen_at = row->first_seen_at,
        .last_changed_at = row->last_changed_at,
        .last_seen_at = row->last_seen_at,
        .absent_since = row->absent_since,
        .removed_at = row->removed_at,
        .absent_polls = row->absent_polls,
        .slice_digest = row->slice_digest,
    };

    buffer_add(buffer, &facts, sizeof(facts));
    add_member(buffer, &row->member);
}

static void read_row(struct cursor *cursor, struct member_row *ret_row)
{
    struct row_facts facts;

    read_bytes(cursor, &facts, sizeof(facts));
    ret_row->first_seen_at = facts.first_seen_at;
    ret_row->last_changed_at = facts.last_changed_at;
    ret_row->last_seen_at = facts.last_seen_at;
    ret_row->absent_since = facts.absent_since;
    ret_row->removed_at = facts.removed_at;
    ret_row->absent_polls = (int32_t)facts.absent_polls;
    ret_row->slice_digest = facts.slice_digest;
    ret_row->value_digest = (struct digest){{0}};
    read_member(cursor, &ret_row->member);
}

void record_read_row(const void *record, size_t length, struct member_row *ret_row)
{
    struct cursor cursor = {record, length};

    read_row(&cursor, ret_row);
    finish(&cursor);
}

void record_add_candidate(struct buffer *buffer, const struct candidate *candidate)
{
    buffer_add_char(buffer, (char)candidate->has_before);
    buffer_add_char(buffer, (char)candidate->stored);
    buffer_add_char(buffer, (char)candidate->edited);
    if (candidate->has_before)
        record_add_row(buffer, &candidate->before);
    record_add_decoded(buffer, &candidate->now);
}

void record_read_candidate(const void *record, size_t length, struct candidate *ret_candidate)
{
    struct cursor cursor = {record, length};

    ret_candidate->has_before = *take(&cursor, 1) != 0;
    ret_candidate->stored = *take(&cursor, 1) != 0;
    ret_candidate->edited = *take(&cursor, 1) != 0;
    if (ret_candidate->has_before)
        read_row(&cursor, &ret_candidate->before);
    read_decoded(&cursor, &ret_candidate->now);
    finish(&cursor);
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static void add_image(struct buffer *buffer, const char *image, size_t length)
{
    buffer_add_char(buffer, (char)(image != NULL));
    if (image)
        add_text(buffer, image, length);
}

static const char *read_image(struct cursor *cursor, size_t *ret_length)
{
    *ret_length = 0;
    return *take(cursor, 1) ? read_text(cursor, ret_length) : NULL;
}

void record_add_change(struct buffer *buffer, const struct change *change)
{
    buffer_add_char(buffer, (char)change->kind);
    buffer_add(buffer, &change->user_id, sizeof(change->user_id));
    buffer_add(buffer, &change->observed_after, sizeof(change->observed_after));
    buffer_add(buffer, &change->observed_at, sizeof(change->observed_at));
    add_image(buffer, change->old_values, change->old_length);
    add_image(buffer, change->new_values, change->new_length);
}

static void read_change(struct cursor *cursor, struct change *ret_change)
{
    ret_change->kind = (enum change_kind) * take(cursor, 1);
    read_bytes(cursor, &ret_change->user_id, sizeof(ret_change->user_id));
    read_bytes(cursor, &ret_change->observed_after, sizeof(ret_change->observed_after));
    read_bytes(cursor, &ret_change->observed_at, sizeof(ret_change->observed_at));
    ret_change->old_values = read_image(cursor, &ret_change->old_length);
    ret_change->new_values = read_image(cursor, &ret_change->new_length);
}

void record_read_change(const void *record, size_t length, struct change *ret_change)
{
    struct cursor cursor = {record, length};

    read_change(&cursor, ret_change);
    finish(&cursor);
}

void record_add_held(struct buffer *buffer, const struct held *held)
{
    buffer_add_char(buffer, (char)held->class);
    record_add_change(buffer, &held->change);
}

void record_read_held(const void *record, size_t length, struct held *ret_held)
{
    struct cursor cursor = {record, length};

    ret_held->class = (enum guard_class) * take(&cursor, 1);
    read_change(&cursor, &ret_held->change);
    finish(&cursor);
}

/*
 * Numbers are big-endian, times microseconds since 2000, jsonb is its text behind a version byte, a tuple is a count and
 * then each value behind its length (-1: NULL).
 */
#include "postgres/copy.h"

#include "core/decode.h"

#include <endian.h>
#include <string.h>

/* From 1970-01-01 to 2000-01-01. */
#define POSTGRES_EPOCH_US ((int64_t)946684800 * 1000 * 1000)

#define JSONB_VERSION 1

/* --- values ------------------------------------------------------------------------------------------------------- */

void copy_row_init(struct copy_row *row)
{
    row->count = 0;
    arena_init(&row->arena);
}

void copy_row_done(struct copy_row *row)
{
    arena_done(&row->arena);
}

void copy_row_clear(struct copy_row *row)
{
    row->count = 0;
    arena_clear(&row->arena);
}

static void add_value(struct copy_row *row, const void *bytes, size_t length)
{
    if (row->count == COPY_COLUMNS_MAX || length > INT32_MAX)
        error_fatal("a row for the database is larger than it can be");
    row->values[row->count++] = (struct connection_parameter){
        .value = bytes, .length = (int)length, .binary = true};
}

static void add_copy(struct copy_row *row, const void *bytes, size_t length)
{
    add_value(row, arena_copy(&row->arena, bytes, length), length);
}

void copy_row_null(struct copy_row *row)
{
    add_value(row, NULL, 0);
}

void copy_row_text(struct copy_row *row, const char *text)
{
    add_value(row, text, text ? strlen(text) : 0);
}

void copy_row_bytes(struct copy_row *row, const void *bytes, size_t length)
{
    if (bytes)
        add_copy(row, bytes, length);
    else
        copy_row_null(row);
}

void copy_row_json(struct copy_row *row, const char *text, size_t length)
{
    if (!text) {
        copy_row_null(row);
        return;
    }
    char *json = arena_alloc(&row->arena, length + 1);
    json[0] = JSONB_VERSION;
    memcpy(json + 1, text, length);
    add_value(row, json, length + 1);
}

void copy_row_uuid(struct copy_row *row, const struct uuid *uuid)
{
    if (uuid_is_nil(uuid))
        copy_row_null(row);
    else
        add_copy(row, (const char *)uuid->bytes, sizeof(uuid->bytes));
}

void copy_row_flag(struct copy_row *row, bool flag)
{
    add_value(row, flag ? "\1" : "\0", 1);
}

void copy_row_integer(struct copy_row *row, int32_t number)
{
    uint32_t wire = htobe32((uint32_t)number);

    add_copy(row, &wire, sizeof(wire));
}

void copy_row_bigint(struct copy_row *row, int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);

    add_copy(row, &wire, sizeof(wire));
}

void copy_row_time(struct copy_row *row, int64_t us)
{
    if (us == 0)
        copy_row_null(row);
    else
        copy_row_bigint(row, us - POSTGRES_EPOCH_US);
}

/* --- arrays ------------------------------------------------------------------------------------------------------- */

static const uint32_t element_oids[] = {
    [COPY_ARRAY_UUID] = 2950,
    [COPY_ARRAY_BYTEA] = 17,
    [COPY_ARRAY_TEXT] = 25,
    [COPY_ARRAY_BIGINT] = 20,
};

static char *put_number(char *at, uint32_t number)
{
    uint32_t wire = htobe32(number);

    memcpy(at, &wire, sizeof(wire));
    return at + sizeof(wire);
}

static char *put_value(char *at, const struct connection_parameter *value)
{
    if (!value->value)
        return put_number(at, (uint32_t)-1);
    at = put_number(at, (uint32_t)value->length);
    memcpy(at, value->value, (size_t)value->length);
    return at + value->length;
}

/* Dimensions, whether there are NULLs, the type, then for the one dimension its length and first index. */
void copy_row_array(struct copy_row *row, enum copy_array_type type,
                    const struct connection_parameter *values, size_t count)
{
    size_t length = 5 * sizeof(uint32_t);

    for (size_t i = 0; i < count; i++)
        length += sizeof(uint32_t) + (values[i].value ? (size_t)values[i].length : 0);
    char *array = arena_alloc(&row->arena, length);
    char *at = put_number(array, count > 0 ? 1 : 0);
    at = put_number(at, 1);
    at = put_number(at, element_oids[type]);
    if (count > 0) {
        at = put_number(at, (uint32_t)count);
        at = put_number(at, 1);
    }
    for (size_t i = 0; i < count; i++)
        at = put_value(at, &values[i]);
    add_value(row, array, (size_t)(at - array));
}

void copy_row_bigints(struct copy_row *row, const int64_t *numbers, size_t count)
{
    struct connection_parameter *values = arena_alloc(&row->arena, (count + 1) * sizeof(*values));
    uint64_t *wire = arena_alloc(&row->arena, (count + 1) * sizeof(*wire));

    for (size_t i = 0; i < count; i++) {
        wire[i] = htobe64((uint64_t)numbers[i]);
        values[i] = (struct connection_parameter){.value = &wire[i], .length = sizeof(wire[i])};
    }
    copy_row_array(row, COPY_ARRAY_BIGINT, values, count);
}

/* --- rows of the tables ------------------------------------------------------------------------------------------- */

static void add_field(struct copy_row *row, enum field_type type, const struct field_value *value)
{
    if (!value->known)
        copy_row_null(row);
    else if (type == FIELD_TYPE_FLAG)
        copy_row_flag(row, value->flag);
    else if (type == FIELD_TYPE_TIMESTAMP)
        copy_row_bigint(row, value->us - POSTGRES_EPOCH_US);
    else if (type == FIELD_TYPE_JSON)
        copy_row_json(row, value->text, value->length);
    else
        add_value(row, value->text, value->length);
}

void copy_row_member(struct copy_row *row, const char *organization_id, const struct member_row *member)
{
    copy_row_text(row, organization_id);
    copy_row_uuid(row, &member->member.user_id);
    for (int field = 0; field < FIELD_COUNT; field++)
        add_field(row, member_fields[field].type, &member->member.fields[field]);
    copy_row_time(row, member->first_seen_at);
    copy_row_time(row, member->last_changed_at);
    copy_row_time(row, member->last_seen_at);
    copy_row_time(row, member->absent_since);
    copy_row_integer(row, member->absent_polls);
    copy_row_time(row, member->removed_at);
    if (digest_is_zero(&member->slice_digest))
        copy_row_null(row);
    else
        copy_row_bytes(row, member->slice_digest.bytes, sizeof(member->slice_digest.bytes));
    copy_row_bytes(row, member->value_digest.bytes, sizeof(member->value_digest.bytes));
}

void copy_row_change(struct copy_row *row, const char *organization_id, int64_t cycle_id,
                     const struct change *change)
{
    copy_row_bigint(row, cycle_id);
    copy_row_text(row, organization_id);
    copy_row_uuid(row, &change->user_id);
    copy_row_text(row, change_kind_name(change->kind));
    copy_row_json(row, change->old_values, change->old_length);
    copy_row_json(row, change->new_values, change->new_length);
    copy_row_time(row, change->observed_after);
    copy_row_time(row, change->observed_at);
}

/* --- the stream --------------------------------------------------------------------------------------------------- */

static const char header[] =
    "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"; /* signature with its NUL, no flags, no extension */

#define HEADER_SIZE (sizeof(header) - 1)

static void add_short(struct buffer *buffer, int number)
{
    uint16_t wire = htobe16((uint16_t)number);

    buffer_add(buffer, &wire, sizeof(wire));
}

void copy_add_header(struct buffer *buffer)
{
    buffer_add(buffer, header, HEADER_SIZE);
}

void copy_add_trailer(struct buffer *buffer)
{
    add_short(buffer, -1);
}

void copy_add_row(struct buffer *buffer, const struct copy_row *row)
{
    size_t length = 0;

    for (int i = 0; i < row->count; i++)
        length += sizeof(uint32_t) + (row->values[i].value ? (size_t)row->values[i].length : 0);
    add_short(buffer, row->count);
    char *at = buffer_extend(buffer, length);
    for (int i = 0; at && i < row->count; i++)
        at = put_value(at, &row->values[i]);
}

/* --- reading tuples ----------------------------------------------------------------------------------------------- */

void copy_reader_init(struct copy_reader *reader, const char *piece, size_t length)
{
    bool first = length >= HEADER_SIZE && memcmp(piece, header, HEADER_SIZE) == 0;

    reader->at = piece + (first ? HEADER_SIZE : 0);
    reader->left = length - (first ? HEADER_SIZE : 0);
}

static bool take(struct copy_reader *reader, size_t length, const char **ret_bytes)
{
    if (length > reader->left)
        return false;
    *ret_bytes = reader->at;
    reader->at += length;
    reader->left -= length;
    return true;
}

static bool take_short(struct copy_reader *reader, int *ret_number)
{
    const char *bytes;
    uint16_t wire;

    if (!take(reader, sizeof(wire), &bytes))
        return false;
    memcpy(&wire, bytes, sizeof(wire));
    *ret_number = (int16_t)be16toh(wire);
    return true;
}

static bool take_value(struct copy_reader *reader, struct copy_value *ret_value)
{
    const char *bytes;
    uint32_t wire;

    if (!take(reader, sizeof(wire), &bytes))
        return false;
    memcpy(&wire, bytes, sizeof(wire));
    ret_value->length = (int32_t)be32toh(wire);
    ret_value->bytes = NULL;
    if (ret_value->length == -1)
        return true;
    return ret_value->length >= 0 && take(reader, (size_t)ret_value->length, &ret_value->bytes);
}

static int not_our_format(struct error *error)
{
    return error_set(error, ERROR_INTERNAL, "PostgreSQL's binary COPY came in a form that is not known");
}

int copy_read_row(struct copy_reader *reader, struct copy_value *ret_values, int count, struct error *error)
{
    int columns;

    if (reader->left == 0)
        return 0;
    if (!take_short(reader, &columns))
        return not_our_format(error);
    if (columns == -1 && reader->left == 0)
        return 0; /* the trailer */
    if (columns != count)
        return not_our_format(error);
    for (int i = 0; i < count; i++)
        if (!take_value(reader, &ret_values[i]))
            return not_our_format(error);
    return 1;
}

void copy_result_row(const PGresult *result, struct copy_value *ret_values, int count)
{
    if (PQnfields(result) < count)
        error_fatal("a query returns fewer columns than are read");
    for (int i = 0; i < count; i++) {
        bool null = PQgetisnull(result, 0, i);

        ret_values[i].bytes = null ? NULL : PQgetvalue(result, 0, i);
        ret_values[i].length = null ? -1 : PQgetlength(result, 0, i);
    }
}

/* --- reading values ----------------------------------------------------------------------------------------------- */

bool copy_get_bigint(const struct copy_value *value, int64_t *ret_number)
{
    uint64_t wire = 0;

    if (value->bytes && value->length != sizeof(wire))
        return false;
    if (value->bytes)
        memcpy(&wire, value->bytes, sizeof(wire));
    *ret_number = (int64_t)be64toh(wire);
    return true;
}

bool copy_get_integer(const struct copy_value *value, int32_t *ret_number)
{
    uint32_t wire = 0;

    if (value->bytes && value->length != sizeof(wire))
        return false;
    if (value->bytes)
        memcpy(&wire, value->bytes, sizeof(wire));
    *ret_number = (int32_t)be32toh(wire);
    return true;
}

/* 'infinity', which only another hand can have written, stays the largest number. */
bool copy_get_time(const struct copy_value *value, int64_t *ret_us)
{
    int64_t us;

    if (!copy_get_bigint(value, &us))
        return false;
    if (value->bytes && us <= INT64_MAX - POSTGRES_EPOCH_US)
        us += POSTGRES_EPOCH_US;
    *ret_us = us;
    return true;
}

static bool get_bytes(const struct copy_value *value, void *ret_bytes, int length)
{
    memset(ret_bytes, 0, (size_t)length);
    if (value->bytes && value->length == length)
        memcpy(ret_bytes, value->bytes, (size_t)length);
    return !value->bytes || value->length == length;
}

bool copy_get_uuid(const struct copy_value *value, struct uuid *ret_uuid)
{
    return get_bytes(value, ret_uuid->bytes, sizeof(ret_uuid->bytes));
}

bool copy_get_digest(const struct copy_value *value, struct digest *ret_digest)
{
    return get_bytes(value, ret_digest->bytes, sizeof(ret_digest->bytes));
}

const char *copy_get_json(const struct copy_value *value, struct arena *arena, size_t *ret_length)
{
    *ret_length = 0;
    if (!value->bytes || value->length < 1)
        return NULL;
    return decode_canonical(value->bytes + 1, (size_t)value->length - 1, arena, ret_length);
}

static bool get_text(const struct copy_value *value, struct arena *arena, struct field_value *ret_value)
{
    ret_value->length = (size_t)value->length;
    ret_value->text = arena_copy(arena, value->bytes, ret_value->length);
    return true;
}

static bool get_field(enum field_type type, const struct copy_value *value, struct arena *arena,
                      struct field_value *ret_value)
{
    *ret_value = (struct field_value){.known = value->bytes != NULL};
    if (!ret_value->known)
        return true;
    switch (type) {
    case FIELD_TYPE_FLAG:
        ret_value->flag = value->bytes[0] != 0;
        return value->length == 1;
    case FIELD_TYPE_TIMESTAMP:
        return copy_get_time(value, &ret_value->us);
    case FIELD_TYPE_JSON:
        ret_value->text = copy_get_json(value, arena, &ret_value->length);
        return ret_value->text != NULL;
    case FIELD_TYPE_TEXT:
        break;
    }
    return get_text(value, arena, ret_value);
}

/* One of another length is not ours and stands for none. */
static void get_digest(const struct copy_value *value, struct digest *ret_digest)
{
    if (!copy_get_digest(value, ret_digest))
        memset(ret_digest, 0, sizeof(*ret_digest));
}

static int wrong_column(const char *column, struct error *error)
{
    return error_set(error, ERROR_CONFIG,
                     "column %s of rollcall.member has another type than it should; "
                     "`rollcall check` says more",
                     column);
}

int copy_get_member(const struct copy_value values[COPY_MEMBER_COLUMNS], struct arena *arena,
                    struct member_row *ret_member, struct error *error)
{
    const struct copy_value *fields = values + 2, *rest = values + 2 + FIELD_COUNT;

    for (int field = 0; field < FIELD_COUNT; field++)
        if (!get_field(member_fields[field].type, &fields[field], arena, &ret_member->member.fields[field]))
            return wrong_column(member_fields[field].column, error);
    bool right = copy_get_uuid(&values[1], &ret_member->member.user_id) &&
                 copy_get_time(&rest[0], &ret_member->first_seen_at) &&
                 copy_get_time(&rest[1], &ret_member->last_changed_at) &&
                 copy_get_time(&rest[2], &ret_member->last_seen_at) &&
                 copy_get_time(&rest[3], &ret_member->absent_since) &&
                 copy_get_integer(&rest[4], &ret_member->absent_polls) &&
                 copy_get_time(&rest[5], &ret_member->removed_at);
    if (!right)
        return wrong_column("user_id, absent_polls or *_at", error);
    get_digest(&rest[6], &ret_member->slice_digest);
    get_digest(&rest[7], &ret_member->value_digest);
    return 0;
}

/*
 * Values and rows in PostgreSQL's binary formats: the parameters of a statement, the tuples of a binary COPY, and back.
 * Knows which column stands where in the tables; never when or why a row is written.
 */
#ifndef POSTGRES_COPY_H
#define POSTGRES_COPY_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "core/change.h"
#include "core/model.h"
#include "postgres/connection.h"

#define COPY_COLUMNS_MAX    32
#define COPY_MEMBER_COLUMNS (FIELD_COUNT + 10)

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* A row under construction, value by value. Texts are borrowed, everything else lives in `arena`. */
struct copy_row {
    struct connection_parameter values[COPY_COLUMNS_MAX];
    int count;
    struct arena arena;
};

void copy_row_init(struct copy_row *row);
void copy_row_done(struct copy_row *row);
void copy_row_clear(struct copy_row *row);

/* Each adds one value at the end. NULL texts and bytes, and times of 0, are SQL's NULL. */
void copy_row_null(struct copy_row *row);
void copy_row_text(struct copy_row *row, const char *text);
void copy_row_bytes(struct copy_row *row, const void *bytes, size_t length); /* bytea */
void copy_row_json(struct copy_row *row, const char *text, size_t length);
void copy_row_uuid(struct copy_row *row, const struct uuid *uuid); /* the nil uuid is NULL */
void copy_row_flag(struct copy_row *row, bool flag);
void copy_row_integer(struct copy_row *row, int32_t number);
void copy_row_bigint(struct copy_row *row, int64_t number);
void copy_row_time(struct copy_row *row, int64_t us);

/* One-dimensional arrays, of values already encoded; a NULL value is a NULL element. */
enum copy_array_type { COPY_ARRAY_UUID, COPY_ARRAY_BYTEA, COPY_ARRAY_TEXT, COPY_ARRAY_BIGINT };
void copy_row_array(struct copy_row *row, enum copy_array_type type,
                    const struct connection_parameter *values, size_t count);
void copy_row_bigints(struct copy_row *row, const int64_t *numbers, size_t count);

/* All columns of rollcall.member, of rollcall.change_log (without change_id), in the order of the tables. */
void copy_row_member(struct copy_row *row, const char *organization_id, const struct member_row *member);
void copy_row_change(struct copy_row *row, const char *organization_id, int64_t cycle_id,
                     const struct change *change);

/* The stream of COPY ... (FORMAT binary). */
void copy_add_header(struct buffer *buffer);
void copy_add_row(struct buffer *buffer, const struct copy_row *row);
void copy_add_trailer(struct buffer *buffer);

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct copy_value {
    const char *bytes; /* NULL: SQL's NULL */
    int length;
};

/* Reads the tuples of one piece of a binary COPY as connection_copy_out hands them out: whole ones, the header before the
 * first, the trailer after the last. */
struct copy_reader {
    const char *at;
    size_t left;
};

void copy_reader_init(struct copy_reader *reader, const char *piece, size_t length);

/* 1 with exactly `count` values; 0 when the piece has no more tuples; ERROR_INTERNAL when it is none of our format. */
MUST_CHECK int copy_read_row(struct copy_reader *reader, struct copy_value *ret_values, int count,
                             struct error *error);

/* The values of the first row of a result in binary format. */
void copy_result_row(const PGresult *result, struct copy_value *ret_values, int count);

/* Single values; NULL gives 0, nil, all zero. False when the length is not the type's. */
bool copy_get_time(const struct copy_value *value, int64_t *ret_us);
bool copy_get_integer(const struct copy_value *value, int32_t *ret_number);
bool copy_get_bigint(const struct copy_value *value, int64_t *ret_number);
bool copy_get_uuid(const struct copy_value *value, struct uuid *ret_uuid);
bool copy_get_digest(const struct copy_value *value, struct digest *ret_digest);

/* jsonb as canonical text in `arena`; NULL for NULL. */
const char *copy_get_json(const struct copy_value *value, struct arena *arena, size_t *ret_length);

/* All columns of rollcall.member; texts go into `arena`. ERROR_CONFIG naming a column of another type. */
MUST_CHECK int copy_get_member(const struct copy_value values[COPY_MEMBER_COLUMNS], struct arena *arena,
                               struct member_row *ret_member, struct error *error);

#endif

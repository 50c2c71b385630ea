/*
 * A row as plain columns.
 */
#include "postgres/row.h"

#include <stdbool.h>
#include <string.h>

/* Type oids of pg_type.dat that have a form of their own here; they are fixed for all time. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_JSON = 114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_JSONB = 3802
};

static enum column_type type_of(Oid oid)
{
    switch (oid) {
    case OID_BOOL:
        return COLUMN_BOOLEAN;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_NUMERIC:
        return COLUMN_NUMBER;
    case OID_TIMESTAMPTZ:
        return COLUMN_TIME;
    case OID_JSON:
    case OID_JSONB:
        return COLUMN_JSON;
    default:
        return COLUMN_TEXT;
    }
}

/* The session's time zone is UTC and its style ISO: "2020-01-01 11:11:27.37+00". Infinity and years of five digits stay as
 * they are. */
static const char *rfc3339(const char *value, char *time, size_t size)
{
    size_t length = strlen(value);

    if (length >= size || length < 22 || value[10] != ' ' || strcmp(value + length - 3, "+00") != 0)
        return value;
    memcpy(time, value, length - 3);
    time[10] = 'T';
    memcpy(time + length - 3, "Z", 2);
    return time;
}

int row_columns(const PGresult *row, struct column *ret_columns, int most)
{
    int count = PQnfields(row) < most ? PQnfields(row) : most;
    bool empty = PQntuples(row) == 0;

    for (int i = 0; i < count; i++) {
        struct column *column = &ret_columns[i];
        column->name = PQfname(row, i);
        column->type = type_of(PQftype(row, i));
        column->value = empty || PQgetisnull(row, 0, i) ? NULL : PQgetvalue(row, 0, i);
        if (column->value && column->type == COLUMN_BOOLEAN)
            column->value = column->value[0] == 't' ? "true" : "false";
        if (column->value && column->type == COLUMN_TIME)
            column->value = rfc3339(column->value, column->time, sizeof(column->time));
    }
    return count;
}

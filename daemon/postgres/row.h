/*
 * A row as plain columns, for those who must not know libpq.
 */
#ifndef POSTGRES_ROW_H
#define POSTGRES_ROW_H

#include <libpq-fe.h>

enum column_type {
    COLUMN_TEXT,
    COLUMN_BOOLEAN, /* "true" or "false" */
    COLUMN_NUMBER,
    COLUMN_TIME, /* RFC 3339, UTC: 2020-01-01T11:11:27.37Z */
    COLUMN_JSON,
};

struct column {
    const char *name;
    enum column_type type;
    const char *value; /* NULL for SQL NULL */
    char time[48];     /* backs value for COLUMN_TIME */
};

/* The columns of a result's first row (text format), at most `most`. They point into the result and into themselves.
 * Returns how many. */
int row_columns(const PGresult *row, struct column *ret_columns, int most);

#endif

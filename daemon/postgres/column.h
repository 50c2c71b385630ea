/*
 * A column of a row, for those who must not know libpq.
 */
#ifndef POSTGRES_COLUMN_H
#define POSTGRES_COLUMN_H

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

#endif

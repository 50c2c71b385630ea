/*
 * A row of a query, its columns looked up by name.
 */
#ifndef COMMANDS_ROW_H
#define COMMANDS_ROW_H

#include "service/session.h"

#include <stdbool.h>
#include <stdint.h>

struct row {
    const struct column *columns;
    int count;
};

/* The column; NULL when the query has none of that name. */
const struct column *row_column(const struct row *row, const char *name);

/* Its value; NULL also for SQL NULL. */
const char *row_text(const struct row *row, const char *name);
int64_t row_number(const struct row *row, const char *name); /* 0 for NULL */

#endif

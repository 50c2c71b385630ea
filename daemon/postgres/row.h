/*
 * A result's row as plain columns.
 */
#ifndef POSTGRES_ROW_H
#define POSTGRES_ROW_H

#include "postgres/column.h"

#include <libpq-fe.h>

/* The columns of a result's first row (text format), at most `most`; without values when it has no row. They point into the result and into themselves.
 * Returns how many. */
int row_columns(const PGresult *row, struct column *ret_columns, int most);

#endif

/*
 * A row of a query, its columns looked up by name.
 */
#include "commands/row.h"

#include <stdlib.h>
#include <string.h>

const struct column *row_column(const struct row *row, const char *name)
{
    for (int i = 0; i < row->count; i++)
        if (strcmp(row->columns[i].name, name) == 0)
            return &row->columns[i];
    return NULL;
}

const char *row_text(const struct row *row, const char *name)
{
    const struct column *column = row_column(row, name);

    return column ? column->value : NULL;
}

int64_t row_number(const struct row *row, const char *name)
{
    const char *text = row_text(row, name);

    return text ? strtoll(text, NULL, 10) : 0;
}

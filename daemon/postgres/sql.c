/*
 * Finds embedded SQL by name. Knows no statement and no table.
 */
#include "postgres/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *find(const struct sql_text *texts, const char *name)
{
    for (; texts->name; texts++)
        if (!strcmp(texts->name, name))
            return texts->text;
    fprintf(stderr, "rollcall: no SQL of the name %s is built in\n", name);
    abort();
}

const char *sql_query(const char *name)
{
    return find(sql_queries, name);
}

const char *sql_template(const char *name)
{
    return find(sql_templates, name);
}

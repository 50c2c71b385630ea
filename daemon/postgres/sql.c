/*
 * Finds embedded SQL by name. Knows no statement and no table.
 */
#include "postgres/sql.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

static const char *find(const struct sql_text *texts, const char *name)
{
    char sentence[128];

    for (; texts->name; texts++)
        if (strcmp(texts->name, name) == 0)
            return texts->text;
    snprintf(sentence, sizeof(sentence), "no SQL of the name %s is built in", name);
    error_fatal(sentence);
}

const char *sql_query(const char *name)
{
    return find(sql_queries, name);
}

const char *sql_template(const char *name)
{
    return find(sql_templates, name);
}

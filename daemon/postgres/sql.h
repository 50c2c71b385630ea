/*
 * The SQL of sql/, embedded at build time. No SQL text stands in C.
 */
#ifndef POSTGRES_SQL_H
#define POSTGRES_SQL_H

#include <stddef.h>

struct sql_text {
    const char *name; /* file name without .sql: "load_roster", "0001_tables" */
    const char *text; /* NUL-terminated */
};

extern const struct sql_text sql_migrations[]; /* sorted by name, ended by a NULL name */
extern const struct sql_text
    sql_views[]; /* in the order of sql/views/order.txt, each may build on the former */
extern const struct sql_text sql_queries[];   /* sorted by name: one statement each */
extern const struct sql_text sql_reports[];   /* sorted by name: the queries of the README */
extern const struct sql_text sql_templates[]; /* sorted by name: statements with @words@ to be filled in */

/* The text of a query; aborts when there is none of that name (a test prepares every name used). */
const char *sql_query(const char *name);

/* The text of a template (sql/templates); aborts when there is none of that name. */
const char *sql_template(const char *name);

#endif

/*
 * Rows for people and programs: as an aligned table, as CSV, as JSON.
 */
#ifndef COMMANDS_OUTPUT_H
#define COMMANDS_OUTPUT_H

#include "base/error.h"
#include "service/session.h"

#include <stdbool.h>

enum output_format { OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON };

/* NULL is the table. ERROR_USAGE for a word that is none of table, csv and json. */
MUST_CHECK int output_format_parse(const char *word, enum output_format *ret_format, struct error *error);

struct output; /* opaque */

/* Writes to standard output. table_columns: the columns that a table shows, ended by NULL; CSV and JSON have all. */
struct output *output_new(enum output_format format, const char *const *table_columns);

/* A session_row_cb whose context is the output. */
int output_row_cb(void *context, const struct column *columns, int count, struct error *error);

/* The same for when there is no row: CSV has its columns' names all the same. */
int output_nothing_cb(void *context, const struct column *columns, int count, struct error *error);

/* What is still to be written: the table, the closing bracket. nothing: the sentence of an empty table. */
void output_end(struct output *output, const char *nothing);
void output_free(struct output *output);

#endif

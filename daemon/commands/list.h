/*
 * What `members` and `changes` have in common: a query of the mirror, printed in a format.
 */
#ifndef COMMANDS_LIST_H
#define COMMANDS_LIST_H

#include "base/timestamp.h"
#include "commands/command.h"
#include "commands/output.h"

struct list_query {
    struct session_query query;
    const char *format;               /* of the command line, may be NULL */
    const char *const *table_columns; /* ended by NULL */
    const char *nothing;              /* what is printed for an empty table */
};

/* Connects, asks, prints. */
MUST_CHECK int list_print(const struct invocation *invocation, const struct list_query *list,
                          struct error *error);

/* A moment of the command line as the text of a timestamp for SQL; NULL stays NULL. ERROR_USAGE names the option. */
MUST_CHECK int list_time(const char *option, const char *text, char ret_time[TIMESTAMP_TEXT_MAX],
                         const char **ret_value, struct error *error);

#endif

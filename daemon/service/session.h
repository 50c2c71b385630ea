/*
 * A database session for commands: connects and runs one thing after the other, each to its end. For `status`, `members`,
 * `changes`, `check` and `migrate`; the service itself never blocks like this.
 */
#ifndef SERVICE_SESSION_H
#define SERVICE_SESSION_H

#include "postgres/row.h"
#include "service/config.h"

#include <stdbool.h>
#include <stddef.h>

struct session; /* opaque */

/* Connects. passfile: of the service's credentials, may be NULL. UNAVAILABLE, CREDENTIALS or CONFIG say why not. */
MUST_CHECK int session_open(const struct config *config, const char *passfile, bool read_only,
                            struct session **ret_session, struct error *error);
void session_close(struct session *session); /* NULL is allowed */

/* "database rollcall on /run/postgresql as rollcall" */
const char *session_describe(const struct session *session);

/* The schema is there and is what this program knows; else ERROR_CONFIG with what to do. ret_missing (may be NULL): it
 * was never installed. */
MUST_CHECK int session_check_schema(struct session *session, bool *ret_missing, struct error *error);

/* Brings the schema up to date; ret_applied: how many files were applied now. */
MUST_CHECK int session_migrate(struct session *session, int *ret_applied, struct error *error);

/* The SQL of session_migrate as a psql script; needs no session. */
MUST_CHECK int session_print_migrations(FILE *out, struct error *error);

/* Lets an existing role read the published views. */
MUST_CHECK int session_grant_reader(struct session *session, const char *role, struct error *error);

/* One row. Valid during the call; a negative class stops. */
typedef int (*session_row_cb)(void *context, const struct column *columns, int count, struct error *error);

/* Runs a query of sql/queries. parameters: `count` texts, NULL for SQL NULL. */
MUST_CHECK int session_query(struct session *session, const char *query, const char *const *parameters,
                             int count, session_row_cb row_cb, void *context, struct error *error);

#endif

/*
 * A database session for commands: connects and runs one thing after the other, each to its end. For `status`, `members`,
 * `changes`, `check` and `migrate`; the service itself never blocks like this.
 */
#ifndef SERVICE_SESSION_H
#define SERVICE_SESSION_H

#include "postgres/column.h"
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

/* How the schema stands. */
struct session_schema {
    bool usable;                 /* it is there and is what this program knows */
    bool permitted;              /* and this role may write all that a cycle writes */
    bool missing;                /* it was never installed */
    bool may_migrate;            /* this role may create or upgrade it */
    char detail[ERROR_TEXT_MAX]; /* what is wrong and what to do, when it is not usable or not permitted */
};

MUST_CHECK int session_inspect_schema(struct session *session, struct session_schema *ret_schema,
                                      struct error *error);

/* The same for those who only read: ERROR_CONFIG when it is not usable. */
MUST_CHECK int session_check_schema(struct session *session, struct error *error);

/* A pooler that hands out another server session for each transaction cannot carry the writer's lock: ERROR_CONFIG. */
MUST_CHECK int session_check_pooler(struct session *session, const struct config *config,
                                    const char *passfile, struct error *error);

/* Brings the schema up to date; ret_applied: how many files were applied now. */
MUST_CHECK int session_migrate(struct session *session, int *ret_applied, struct error *error);

/* The SQL of session_migrate as a psql script; needs no session. */
MUST_CHECK int session_print_migrations(FILE *out, struct error *error);

/* Lets an existing role read the published views. */
MUST_CHECK int session_grant_reader(struct session *session, const char *role, struct error *error);

/* One row. Valid during the call; a negative class stops. */
typedef int (*session_row_cb)(void *context, const struct column *columns, int count, struct error *error);

/* A query of sql/queries and its parameters: `count` texts, NULL for SQL NULL. */
struct session_query {
    const char *name;
    const char *const *parameters;
    int count;
};

/* Of the next session_run: called instead of row_cb, with its context, when there is no row: the columns without values. */
void session_when_nothing(struct session *session, session_row_cb nothing_cb);

MUST_CHECK int session_run(struct session *session, const struct session_query *query, session_row_cb row_cb,
                           void *context, struct error *error);

#endif

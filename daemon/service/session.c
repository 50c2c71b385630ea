/*
 * A database session for commands: a private loop that runs until the one thing under way is over.
 */
#include "service/session.h"

#include "base/memory.h"
#include "postgres/connection.h"
#include "postgres/migrate.h"
#include "postgres/pooler.h"
#include "postgres/row.h"
#include "service/loop.h"
#include "service/settings.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define COLUMNS_MAX    64
#define PARAMETERS_MAX 16
#define SCRIPT_MAX     ((size_t)16 * 1024 * 1024)

struct session {
    uv_loop_t loop;
    struct connection *connection;
    bool over; /* what was under way has been answered */
    enum connection_result result;
    struct error error;
    struct migrate_report schema;
    session_row_cb row_cb;
    session_row_cb nothing_cb; /* NULL: nobody asks, or there was a row */
    void *row_context;
};

static void reply_cb(void *context, const struct connection_reply *reply)
{
    struct session *session = context;

    session->over = true;
    session->result = reply->result;
    session->error = reply->error;
}

static void schema_cb(void *context, const struct connection_reply *reply,
                      const struct migrate_report *report)
{
    struct session *session = context;

    if (report)
        session->schema = *report;
    reply_cb(session, reply);
}

static int wait_for_reply(struct session *session, struct error *error)
{
    while (!session->over)
        uv_run(&session->loop, UV_RUN_ONCE);
    session->over = false;
    if (session->result == CONNECTION_DONE)
        return 0;
    *error = session->error;
    return -(int)error->class;
}

int session_open(const struct config *config, const char *passfile, bool read_only,
                 struct session **ret_session, struct error *error)
{
    struct session *session = memory_alloc(sizeof(*session));
    struct connection_settings settings;

    int status = loop_open(&session->loop, error);
    if (status < 0) {
        free(session);
        return status;
    }
    settings_of_database(config, passfile, read_only, &settings);
    session->connection = connection_new(&session->loop, &settings);
    connection_open(session->connection, reply_cb, session);
    status = wait_for_reply(session, error);
    if (status == 0)
        *ret_session = session;
    else
        session_close(session);
    return status;
}

static void closed_cb(void *context)
{
    (void)context; /* the loop runs out by itself */
}

void session_close(struct session *session)
{
    if (!session)
        return;
    connection_close(session->connection, closed_cb, session);
    uv_run(&session->loop, UV_RUN_DEFAULT);
    uv_loop_close(&session->loop);
    free(session);
}

const char *session_describe(const struct session *session)
{
    return connection_describe(session->connection);
}

int session_inspect_schema(struct session *session, struct session_schema *ret_schema, struct error *error)
{
    migrate_inspect(session->connection, schema_cb, session);
    int status = wait_for_reply(session, error);

    if (status < 0)
        return status;
    ret_schema->permitted = session->schema.state == MIGRATE_CURRENT;
    ret_schema->usable = ret_schema->permitted || session->schema.state == MIGRATE_FORBIDDEN;
    ret_schema->missing = session->schema.state == MIGRATE_MISSING;
    ret_schema->may_migrate = session->schema.may_migrate &&
                              (ret_schema->missing || session->schema.state == MIGRATE_OLDER);
    memcpy(ret_schema->detail, session->schema.detail, sizeof(ret_schema->detail));
    return 0;
}

int session_check_schema(struct session *session, struct error *error)
{
    struct session_schema schema;
    int status = session_inspect_schema(session, &schema, error);

    return status < 0 || schema.usable ? status : error_set(error, ERROR_CONFIG, "%s", schema.detail);
}

int session_check_pooler(struct session *session, const struct config *config, const char *passfile,
                         struct error *error)
{
    struct connection_settings settings;

    settings_of_database(config, passfile, false, &settings);
    pooler_detect(&session->loop, session->connection, &settings, reply_cb, session);
    return wait_for_reply(session, error);
}

int session_migrate(struct session *session, int *ret_applied, struct error *error)
{
    migrate_run(session->connection, schema_cb, session);
    int status = wait_for_reply(session, error);

    *ret_applied = session->schema.applied;
    return status;
}

int session_print_migrations(FILE *out, struct error *error)
{
    struct buffer script;
    int status = 0;

    buffer_init(&script, SCRIPT_MAX);
    migrate_print(&script);
    if (script.overflowed || fwrite(script.data, 1, script.length, out) != script.length)
        status = error_set(error, ERROR_UNAVAILABLE, "the script could not be written");
    buffer_done(&script);
    return status;
}

int session_grant_reader(struct session *session, const char *role, struct error *error)
{
    migrate_grant_reader(session->connection, role, reply_cb, session);
    return wait_for_reply(session, error);
}

static int row_cb(void *context, const PGresult *row, struct error *error)
{
    struct session *session = context;
    struct column columns[COLUMNS_MAX];
    int count = row_columns(row, columns, COLUMNS_MAX);

    session->nothing_cb = NULL;
    return session->row_cb(session->row_context, columns, count, error);
}

/* After the last row: who has seen none may want to know what columns a row would have had. */
static void rows_cb(void *context, const struct connection_reply *reply)
{
    struct session *session = context;
    session_row_cb nothing_cb = session->nothing_cb;
    struct column columns[COLUMNS_MAX];

    reply_cb(session, reply);
    session->nothing_cb = NULL;
    if (reply->result != CONNECTION_DONE || !nothing_cb)
        return;
    int count = row_columns(reply->rows, columns, COLUMNS_MAX);
    if (nothing_cb(session->row_context, columns, count, &session->error) < 0)
        session->result = CONNECTION_FAILED;
}

void session_when_nothing(struct session *session, session_row_cb nothing_cb)
{
    session->nothing_cb = nothing_cb;
}

int session_run(struct session *session, const struct session_query *query, session_row_cb callback,
                void *context, struct error *error)
{
    struct connection_parameter list[PARAMETERS_MAX];
    const struct connection_call call = {.query = query->name, .parameters = list, .count = query->count};

    for (int i = 0; i < query->count; i++) {
        const char *text = query->parameters[i];
        list[i] = (struct connection_parameter){.value = text, .length = text ? (int)strlen(text) : 0};
    }
    session->row_cb = callback;
    session->row_context = context;
    connection_stream(session->connection, &call, row_cb, rows_cb, session);
    return wait_for_reply(session, error);
}

/*
 * Statements, one after the other: sent, their results read as they arrive, their reply given. COPY's data goes through
 * connection_copy.c.
 *
 *   run, stream     NONE --[not yet prepared]--> PREPARING --> RUNNING --> NONE
 *   execute         NONE --> RUNNING --> NONE
 *   COPY            NONE --> RUNNING --> COPY_IN or COPY_OUT --> RUNNING --> NONE
 *   pipeline        NONE --> PIPELINE --> NONE
 */
#include "postgres/connection_private.h"

#include "base/memory.h"
#include "postgres/sql.h"

#include <stdlib.h>
#include <string.h>

/* The server ends a statement after statement_timeout; this much later it is taken for dead. */
#define DEADLINE_GRACE_US ((int64_t)3 * 1000 * 1000)

/* --- beginning and end -------------------------------------------------------------------------------------------- */

bool statement_begin(struct connection *connection, connection_reply_cb reply_cb, void *context)
{
    struct statement *statement = &connection->statement;
    bool lost = connection->state == CONNECTION_STATE_LOST;

    if (statement->phase != STATEMENT_NONE)
        error_fatal("a statement was started while another one runs on the connection");
    if (!lost && connection->state != CONNECTION_STATE_OPEN &&
        connection->state != CONNECTION_STATE_PREPARING)
        error_fatal("a statement was started on a connection that is not open");
    memset(statement, 0, sizeof(*statement));
    statement->phase = STATEMENT_RUNNING;
    statement->reply_cb = reply_cb;
    statement->context = context;
    arena_clear(&connection->parameters);
    if (lost)
        connection_wake(connection);
    else if (connection->state == CONNECTION_STATE_OPEN && connection->settings.statement_timeout_us > 0)
        connection_start_deadline(connection, connection->settings.statement_timeout_us + DEADLINE_GRACE_US);
    return !lost;
}

void statement_sent(struct connection *connection, int accepted, enum statement_phase phase)
{
    connection->statement.phase = phase;
    if (!accepted)
        connection_lose_broken(connection);
    else
        connection_flush(connection);
}

void statement_end(struct connection *connection)
{
    struct statement ended = connection->statement;

    connection->statement.phase = STATEMENT_NONE;
    connection->statement.last = NULL;
    if (connection->state != CONNECTION_STATE_PREPARING) /* there the deadline is that of connection_open */
        uv_timer_stop(&connection->deadline);
    ended.reply.rows = ended.reply.result == CONNECTION_DONE ? ended.last : NULL;
    ended.reply.tag = "";
    if (ended.reply.rows) {
        ended.reply.tag = PQcmdStatus(ended.last);
        ended.reply.affected = strtoll(PQcmdTuples(ended.last), NULL, 10);
    }
    ended.reply_cb(ended.context, &ended.reply);
    PQclear(ended.last);
}

void statement_fail(struct connection *connection, const struct error *error)
{
    struct statement *statement = &connection->statement;

    if (statement->refused)
        return;
    statement->refused = true;
    statement->reply.result = CONNECTION_FAILED;
    statement->reply.error = *error;
}

/* --- prepared queries --------------------------------------------------------------------------------------------- */

static bool is_prepared(const struct connection *connection, const char *query)
{
    for (size_t i = 0; i < connection->prepared_count; i++)
        if (strcmp(connection->prepared[i], query) == 0)
            return true;
    return false;
}

static void remember_prepared(struct connection *connection, const char *query)
{
    size_t count = connection->prepared_count + 1;

    connection->prepared = memory_grow(connection->prepared, count, sizeof(*connection->prepared));
    connection->prepared[connection->prepared_count] = query;
    connection->prepared_count = count;
}

static void bind_parameters(struct connection *connection, const struct connection_parameter *parameters,
                            int count)
{
    struct statement *statement = &connection->statement;

    if (count > STATEMENT_PARAMETERS_MAX)
        error_fatal("a statement has more parameters than fit");
    statement->count = count;
    for (int i = 0; i < count; i++) {
        const struct connection_parameter *parameter = &parameters[i];

        statement->values[i] = parameter->value ? arena_copy(&connection->parameters, parameter->value,
                                                             (size_t)parameter->length)
                                                : NULL;
        statement->lengths[i] = parameter->length;
        statement->formats[i] = parameter->binary ? 1 : 0;
    }
}

static int send_bound(struct connection *connection)
{
    const struct statement *statement = &connection->statement;

    return PQsendQueryPrepared(connection->pg, statement->query, statement->count, statement->values,
                               statement->lengths, statement->formats, statement->binary ? 1 : 0);
}

static int send_prepare(struct connection *connection, const char *query)
{
    return PQsendPrepare(connection->pg, query, sql_query(query), 0, NULL);
}

static void start_prepared(struct connection *connection)
{
    int accepted = send_bound(connection);

    if (accepted && connection->statement.single_rows)
        accepted = PQsetSingleRowMode(connection->pg);
    statement_sent(connection, accepted, STATEMENT_RUNNING);
}

static void start_query(struct connection *connection, const struct connection_call *call)
{
    connection->statement.query = call->query;
    connection->statement.binary = call->binary;
    bind_parameters(connection, call->parameters, call->count);
    if (is_prepared(connection, call->query))
        start_prepared(connection);
    else
        statement_sent(connection, send_prepare(connection, call->query), STATEMENT_PREPARING);
}

void connection_run(struct connection *connection, const struct connection_call *call,
                    connection_reply_cb reply_cb, void *context)
{
    if (statement_begin(connection, reply_cb, context))
        start_query(connection, call);
}

void connection_stream(struct connection *connection, const struct connection_call *call,
                       connection_row_cb row_cb, connection_reply_cb reply_cb, void *context)
{
    if (!statement_begin(connection, reply_cb, context))
        return;
    connection->statement.row_cb = row_cb;
    connection->statement.single_rows = true;
    start_query(connection, call);
}

void connection_execute(struct connection *connection, const char *sql, connection_reply_cb reply_cb,
                        void *context)
{
    if (statement_begin(connection, reply_cb, context))
        statement_sent(connection, PQsendQuery(connection->pg, sql), STATEMENT_RUNNING);
}

/* --- pipelines ---------------------------------------------------------------------------------------------------- */

static void add_entry(struct connection *connection, const struct pipeline_entry *entry)
{
    size_t count = connection->entry_count + 1;

    connection->entries = memory_grow(connection->entries, count, sizeof(*connection->entries));
    connection->entries[connection->entry_count] = *entry;
    connection->entry_count = count;
}

static bool pipeline_prepares(const struct connection *connection, const char *query)
{
    for (size_t i = 0; i < connection->entry_count; i++)
        if (connection->entries[i].prepares && strcmp(connection->entries[i].query, query) == 0)
            return true;
    return false;
}

static int queue_call(struct connection *connection, const struct connection_call *call)
{
    const struct pipeline_entry parse = {.query = call->query, .prepares = true};
    const struct pipeline_entry execution = {
        .query = call->query, .expected_rows = call->expected_rows, .unmet = call->unmet};
    int accepted = 1;

    if (!is_prepared(connection, call->query) && !pipeline_prepares(connection, call->query)) {
        add_entry(connection, &parse);
        accepted = send_prepare(connection, call->query);
    }
    add_entry(connection, &execution);
    connection->statement.query = call->query;
    connection->statement.binary = call->binary;
    arena_clear(&connection->parameters);
    bind_parameters(connection, call->parameters, call->count);
    return accepted && send_bound(connection);
}

static int queue_all(struct connection *connection, connection_call_cb next_cb, void *context)
{
    struct connection_call call;
    struct error error;
    int more;

    while ((more = next_cb(context, &call, &error)) == 1)
        if (!queue_call(connection, &call))
            return 0;
    if (more < 0)
        statement_fail(connection, &error);
    return 1;
}

void connection_pipeline(struct connection *connection, connection_call_cb next_cb,
                         connection_reply_cb reply_cb, void *context)
{
    if (!statement_begin(connection, reply_cb, context))
        return;
    connection->entry_count = connection->entry_at = 0;
    int accepted = PQenterPipelineMode(connection->pg) && queue_all(connection, next_cb, context) &&
                   PQpipelineSync(connection->pg);
    statement_sent(connection, accepted, STATEMENT_PIPELINE);
}

/* One entry's result: a Parse makes its query known, an execution must have touched as many rows as it was meant to. */
static void check_entry(struct connection *connection, PGresult *result)
{
    const struct pipeline_entry *entry = &connection->entries[connection->entry_at];
    long long touched = strtoll(PQcmdTuples(result), NULL, 10);
    struct error error;

    if (entry->prepares) {
        remember_prepared(connection, entry->query);
    } else if (entry->expected_rows >= 0 && touched != entry->expected_rows) {
        if (entry->unmet)
            error_set(&error, ERROR_BUSY, "%s", entry->unmet);
        else
            error_set(&error, ERROR_INTERNAL, "query %s touched %lld rows instead of %d", entry->query,
                      touched, entry->expected_rows);
        statement_fail(connection, &error);
    }
}

/* --- results ------------------------------------------------------------------------------------------------------ */

static void take_refusal(struct connection *connection, const PGresult *result)
{
    struct connection_reply reply = {0};
    struct statement *statement = &connection->statement;

    if (!connection_read_refusal(result, connection->settings.read_only, &reply)) {
        connection_lose(connection, reply.error.class, reply.error.text);
    } else if (!statement->refused) {
        statement->refused = true;
        statement->reply = reply;
    }
}

static void take_row(struct connection *connection, const PGresult *row)
{
    struct statement *statement = &connection->statement;
    struct error error;

    if (!statement->refused && statement->row_cb(statement->context, row, &error) < 0)
        statement_fail(connection, &error);
}

static void keep_last(struct connection *connection, PGresult *result)
{
    if (connection->statement.phase == STATEMENT_PIPELINE)
        check_entry(connection, result);
    PQclear(connection->statement.last);
    connection->statement.last = result;
}

static void lose_confused(struct connection *connection, ExecStatusType status)
{
    struct error error;

    error_set(&error, ERROR_INTERNAL, "%s answered with %s, which was not asked for",
              connection_describe(connection), PQresStatus(status));
    connection_lose(connection, error.class, error.text);
}

static void end_pipeline(struct connection *connection)
{
    if (PQexitPipelineMode(connection->pg))
        statement_end(connection);
    else
        connection_lose_broken(connection);
}

static void start_copy(struct connection *connection, ExecStatusType status)
{
    struct statement *statement = &connection->statement;

    if (status == PGRES_COPY_IN && statement->fill_cb)
        statement->phase = STATEMENT_COPY_IN;
    else if (status == PGRES_COPY_OUT && statement->piece_cb)
        statement->phase = STATEMENT_COPY_OUT;
    else
        lose_confused(connection, status);
}

static void take_result(struct connection *connection, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    bool keep = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;

    if (keep)
        keep_last(connection, result);
    else if (status == PGRES_SINGLE_TUPLE)
        take_row(connection, result);
    else if (status == PGRES_FATAL_ERROR)
        take_refusal(connection, result);
    else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
        start_copy(connection, status);
    else if (status == PGRES_PIPELINE_SYNC)
        end_pipeline(connection);
    else if (status != PGRES_PIPELINE_ABORTED) /* an earlier entry of the pipeline said why */
        lose_confused(connection, status);
    if (!keep)
        PQclear(result);
}

/* No more results of what was sent: the next thing follows, or that was all. */
static void take_end(struct connection *connection)
{
    struct statement *statement = &connection->statement;

    if (statement->phase == STATEMENT_PIPELINE) {
        connection->entry_at++;
    } else if (statement->phase == STATEMENT_PREPARING && !statement->refused) {
        remember_prepared(connection, statement->query);
        start_prepared(connection);
    } else {
        statement_end(connection);
    }
}

static bool results_advance(struct connection *connection)
{
    if (PQisBusy(connection->pg))
        return false;
    PGresult *result = PQgetResult(connection->pg);
    if (result)
        take_result(connection, result);
    else
        take_end(connection);
    return true;
}

/* A reply may lead to the next statement, to the loss of the connection or to its end: nothing is known after it. */
void statement_advance(struct connection *connection)
{
    while (connection->pg && connection->statement.phase != STATEMENT_NONE) {
        enum statement_phase phase = connection->statement.phase;

        bool more = phase == STATEMENT_COPY_IN    ? copy_in_advance(connection)
                    : phase == STATEMENT_COPY_OUT ? copy_out_advance(connection)
                                                  : results_advance(connection);
        if (!more)
            return;
    }
}

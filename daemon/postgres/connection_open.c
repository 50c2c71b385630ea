/*
 * How a connection comes up: addresses, PQconnectPoll, the checks of the server, the settings of the session.
 */
#include "postgres/connection_private.h"
#include "postgres/sql.h"

#include <stdio.h>
#include <string.h>

#define LIFTINGS_MAX 10

/* What the server says while nothing runs: a FATAL message is the reason of the loss that follows. Everything else
 * (IF NOT EXISTS and the like) is of no interest. */
static void keep_last_words(void *context, const PGresult *notice)
{
    struct connection *connection = context;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *primary = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);

    if (severity && primary && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
        (void)snprintf(connection->last_words, sizeof(connection->last_words), "%s", primary);
}

void connection_opened(struct connection *connection, const struct connection_reply *reply)
{
    connection_reply_cb open_cb = connection->open_cb;

    uv_timer_stop(&connection->deadline);
    connection->open_cb = NULL;
    open_cb(connection->open_context, reply);
}

static void lose_open(struct connection *connection)
{
    struct error error;

    connection_read_open_failure(connection->pg, connection_describe(connection), &error);
    connection_lose(connection, error.class, error.text);
}

/* --- the session -------------------------------------------------------------------------------------------------- */

static bool is_true(const PGresult *rows, int column)
{
    return PQgetvalue(rows, 0, column)[0] == 't';
}

/* Columns of open_session: in recovery, read-only by default. */
static void check_writable(struct connection *connection, const PGresult *rows, struct error *error)
{
    const char *what = is_true(rows, 0) ? "a hot standby" : is_true(rows, 1) ? "read-only" : NULL;

    if (what && !connection->settings.read_only)
        error_set(error, ERROR_UNAVAILABLE,
                  "%s is %s; let database.conninfo name the primary, or all hosts separated by commas",
                  connection_describe(connection), what);
}

static void session_cb(void *context, const struct connection_reply *reply)
{
    struct connection *connection = context;
    struct connection_reply opened = *reply;

    if (reply->result == CONNECTION_DONE)
        check_writable(connection, reply->rows, &opened.error);
    if (connection->state == CONNECTION_STATE_PREPARING && opened.error.class != ERROR_NONE) {
        connection_lose(connection, opened.error.class, opened.error.text);
        return; /* and the loop will tell */
    }
    if (connection->state == CONNECTION_STATE_PREPARING)
        connection->state = CONNECTION_STATE_OPEN;
    connection_opened(connection, &opened);
}

static struct connection_parameter text_parameter(const char *text)
{
    return (struct connection_parameter){.value = text, .length = (int)strlen(text)};
}

static void set_session(struct connection *connection)
{
    const struct connection_settings *settings = &connection->settings;
    char statement_ms[32], lock_ms[32];

    (void)snprintf(statement_ms, sizeof(statement_ms), "%lld",
                   (long long)(settings->statement_timeout_us / 1000));
    (void)snprintf(lock_ms, sizeof(lock_ms), "%lld", (long long)(settings->lock_timeout_us / 1000));
    const struct connection_parameter parameters[] = {
        text_parameter(statement_ms),
        text_parameter(lock_ms),
        text_parameter(settings->read_only ? "true" : "false"),
    };

    connection_run(connection,
                   &(struct connection_call){.query = "open_session", .parameters = parameters, .count = 3},
                   session_cb, connection);
}

/* Until it is lifted a role's own statement_timeout holds, for the lifting too: on a busy server a very short one cancels
 * even that, and the next attempt may get through. */
static void lift_timeout(struct connection *connection);

static void lifted_cb(void *context, const struct connection_reply *reply)
{
    struct connection *connection = context;
    bool cancelled = reply->result == CONNECTION_FAILED && strcmp(reply->sqlstate, "57014") == 0;

    if (cancelled && connection->liftings < LIFTINGS_MAX)
        lift_timeout(connection);
    else if (reply->result == CONNECTION_DONE)
        set_session(connection);
    else
        session_cb(connection, reply);
}

static void lift_timeout(struct connection *connection)
{
    connection->state = CONNECTION_STATE_PREPARING;
    connection->liftings++;
    connection_execute(connection, sql_query("lift_statement_timeout"), lifted_cb, connection);
}

static void check_server(struct connection *connection)
{
    const char *encoding = PQparameterStatus(connection->pg, "server_encoding");
    struct error error;

    if (encoding && strcmp(encoding, "UTF8") == 0 && PQsetnonblocking(connection->pg, 1) == 0) {
        lift_timeout(connection);
        return;
    }
    if (!encoding) /* libpq drops what it finds no memory for */
        error_set(&error, ERROR_UNAVAILABLE, "%s did not say which encoding it has",
                  connection_describe(connection));
    else
        error_set(&error, ERROR_CONFIG,
                  "%s has the encoding %s, but names of members need UTF8; make one with "
                  "CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'",
                  connection_describe(connection), encoding);
    connection_lose(connection, error.class, error.text);
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

/* libpq may close the socket and open another one, even of the same number: each round has a handle of its own. */
void connection_continue(struct connection *connection)
{
    connection_release_socket(connection);
    PostgresPollingStatusType next = PQconnectPoll(connection->pg);

    if (next == PGRES_POLLING_FAILED) {
        lose_open(connection);
        return;
    }
    connection_attach_socket(connection);
    if (next == PGRES_POLLING_OK)
        check_server(connection);
    else
        connection_listen(connection, next == PGRES_POLLING_WRITING);
}

/* Later keywords win over those of the connection string; empty ones do not count. A network that is dead shows within
 * a minute, long before a statement's own deadline. */
static PGconn *start(const struct connection *connection)
{
    const struct connection_endpoints *endpoints = &connection->endpoints;
    const struct connection_settings *settings = &connection->settings;
    const struct connection_target *target = &connection->target;
    const struct {
        const char *keyword, *value;
    } options[] = {
        {"dbname", settings->conninfo},
        {"host", endpoints->hosts},
        {"hostaddr", endpoints->addresses},
        {"port", endpoints->ports},
        {"passfile", settings->passfile},
        {"target_session_attrs",
         !settings->read_only && target->any_session && strchr(endpoints->hosts, ',') ? "read-write" : ""},
        {"keepalives_idle", target->any_network ? "30" : ""},
        {"keepalives_interval", target->any_network ? "10" : ""},
        {"keepalives_count", target->any_network ? "3" : ""},
        {"tcp_user_timeout", target->any_network ? "60000" : ""},
        {"fallback_application_name", "rollcall"},
        {"client_encoding", "UTF8"},
    };
    enum { COUNT = sizeof(options) / sizeof(options[0]) };
    const char *keywords[COUNT + 1] = {NULL}, *values[COUNT + 1] = {NULL};

    for (size_t i = 0; i < COUNT; i++) {
        keywords[i] = options[i].keyword;
        values[i] = options[i].value;
    }
    return PQconnectStartParams(keywords, values, 1);
}

void connection_resolved(struct connection *connection)
{
    connection->state = CONNECTION_STATE_CONNECTING;
    connection->pg = start(connection);
    if (!connection->pg)
        error_fatal("out of memory while connecting to the database");
    PQsetNoticeReceiver(connection->pg, keep_last_words, connection);
    PQsetErrorVerbosity(connection->pg,
                        PQERRORS_VERBOSE); /* only so is a failed connection's SQLSTATE to be had */
    if (PQstatus(connection->pg) == CONNECTION_BAD) {
        lose_open(connection);
        return;
    }
    connection_attach_socket(connection);
    connection_listen(connection, true);
}

/* libpq itself waits for a silent host until the kernel gives up, minutes later: its connect_timeout counts only where it
 * blocks. */
bool connection_try_next(struct connection *connection)
{
    if (!connection_skip_endpoint(connection))
        return false;
    connection_release_socket(connection);
    PQfinish(connection->pg);
    connection_resolved(connection);
    return true;
}

void connection_open(struct connection *connection, connection_reply_cb reply_cb, void *context)
{
    if (connection->state != CONNECTION_STATE_NEW)
        error_fatal("a database connection was opened twice");
    connection->open_cb = reply_cb;
    connection->open_context = context;
    connection_start_deadline(connection, connection->settings.connect_timeout_us);
    if (connection->loss.class != ERROR_NONE)
        connection_lose(connection, connection->loss.class, connection->loss.text);
    else
        connection_resolve(connection);
}

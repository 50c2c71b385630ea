/*
 * The life of a connection: made, listened to, lost, closed. What happens on the socket is handed to connection_open.c
 * while the connection is coming up and to connection_statement.c afterwards.
 */
#include "postgres/connection_private.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define COPY_PIECE_MAX ((size_t)16 * 1024 * 1024)

static void deadline_cb(uv_timer_t *timer);
static void wake_cb(uv_idle_t *wake);
static void socket_cb(uv_poll_t *handle, int status, int events);

/* --- made --------------------------------------------------------------------------------------------------------- */

static char *describe(const struct connection_target *target)
{
    const char *place = target->hosts[0] ? target->hosts : target->addresses;

    return memory_format("database %s on %s as %s", target->database, place, target->user);
}

static void copy_settings(struct connection *connection, const struct connection_settings *settings)
{
    struct arena *texts = &connection->texts;

    connection->settings = *settings;
    connection->settings.conninfo = arena_copy(texts, settings->conninfo, strlen(settings->conninfo));
    connection->settings.passfile = settings->passfile
                                        ? arena_copy(texts, settings->passfile, strlen(settings->passfile))
                                        : "";
}

struct connection *connection_new(uv_loop_t *loop, const struct connection_settings *settings)
{
    struct connection *connection = memory_alloc(sizeof(*connection));

    connection->loop = loop;
    arena_init(&connection->texts);
    arena_init(&connection->parameters);
    buffer_init(&connection->copy, COPY_PIECE_MAX);
    copy_settings(connection, settings);
    if (connection_target_read(connection->settings.conninfo, &connection->texts, &connection->target,
                               &connection->loss) == 0)
        connection->description = describe(&connection->target);
    uv_timer_init(loop, &connection->deadline);
    uv_idle_init(loop, &connection->wake);
    connection->deadline.data = connection->wake.data = connection;
    connection->open_handles = 2;
    return connection;
}

void connection_watch(struct connection *connection,
                      void (*lost_cb)(void *context, const struct error *error), void *context)
{
    connection->lost_cb = lost_cb;
    connection->lost_context = context;
}

const char *connection_describe(const struct connection *connection)
{
    return connection->description ? connection->description : "the database of database.conninfo";
}

int connection_process(const struct connection *connection)
{
    return PQbackendPID(connection->pg);
}

/* --- the socket --------------------------------------------------------------------------------------------------- */

void connection_attach_socket(struct connection *connection)
{
    uv_poll_t *handle = memory_alloc(sizeof(*handle));

    if (uv_poll_init(connection->loop, handle, PQsocket(connection->pg)) < 0)
        error_fatal("the socket of the database connection cannot be polled");
    handle->data = connection;
    connection->socket = handle;
}

static void socket_closed_cb(uv_handle_t *handle)
{
    free(handle);
}

void connection_release_socket(struct connection *connection)
{
    if (connection->socket)
        uv_close((uv_handle_t *)connection->socket, socket_closed_cb);
    connection->socket = NULL;
}

void connection_listen(struct connection *connection, bool writable)
{
    int events = writable ? UV_READABLE | UV_WRITABLE : UV_READABLE;

    if (uv_poll_start(connection->socket, events, socket_cb) < 0)
        error_fatal("the socket of the database connection cannot be polled");
}

/* Behind TLS or GSS a first read may leave the rest of a record in the library, where no poll sees it. libpq makes room
 * for 8 KiB at least, half of the longest record: the second read takes what the first one left. */
static bool receive(PGconn *pg)
{
    bool alive = PQconsumeInput(pg) == 1;

    if (alive && (PQsslInUse(pg) || PQgssEncInUse(pg)))
        alive = PQconsumeInput(pg) == 1;
    for (PGnotify *notify; (notify = PQnotifies(pg)) != NULL;)
        PQfreemem(notify); /* also reads a notice that came while nothing ran */
    return alive;
}

void connection_lose_broken(struct connection *connection)
{
    const char *words = connection->last_words[0] ? connection->last_words : PQerrorMessage(connection->pg);
    struct error error;

    error_set(&error, ERROR_UNAVAILABLE, "the connection to %s was lost: %.*s",
              connection_describe(connection), (int)strcspn(words, "\n"), words);
    connection_lose(connection, error.class, error.text);
}

void connection_flush(struct connection *connection)
{
    int left = PQflush(connection->pg);

    if (left < 0)
        connection_lose_broken(connection);
    else
        connection_listen(connection, left > 0 || connection->statement.phase == STATEMENT_COPY_IN);
}

/* One read an event: at most what the socket and libpq's buffer hold, so that rows never keep the loop for long. */
static void socket_cb(uv_poll_t *handle, int status, int events)
{
    struct connection *connection = handle->data;

    (void)status; /* libpq meets the same error itself and knows its words */
    (void)events;
    uv_poll_stop(handle);
    if (connection->state == CONNECTION_STATE_CONNECTING) {
        connection_continue(connection);
        return;
    }
    bool alive = receive(connection->pg);
    if (connection->statement.phase != STATEMENT_NONE && uv_timer_get_repeat(&connection->deadline) > 0)
        uv_timer_again(&connection->deadline);
    statement_advance(connection);
    if (connection->pg && !alive)
        connection_lose_broken(connection);
    else if (connection->pg)
        connection_flush(connection);
}

/* --- lost --------------------------------------------------------------------------------------------------------- */

static void drop(struct connection *connection)
{
    connection_forget_resolution(connection);
    connection_release_socket(connection);
    uv_timer_stop(&connection->deadline);
    PQfinish(connection->pg);
    connection->pg = NULL;
}

void connection_wake(struct connection *connection)
{
    uv_idle_start(&connection->wake, wake_cb);
}

void connection_lose(struct connection *connection, enum error_class class, const char *text)
{
    if (connection->state >= CONNECTION_STATE_LOST)
        return;
    error_set(&connection->loss, class, "%s", text);
    connection->state = CONNECTION_STATE_LOST;
    drop(connection);
    connection_wake(connection);
}

/* The statement first: while the session is being prepared its reply is also that of connection_open. */
static void tell_loss(struct connection *connection)
{
    struct connection_reply reply = {.result = CONNECTION_LOST, .error = connection->loss};

    if (connection->statement.phase != STATEMENT_NONE) {
        connection->statement.reply = reply;
        statement_end(connection);
    } else if (connection->open_cb) {
        connection_opened(connection, &reply);
    } else if (connection->lost_cb && connection->state == CONNECTION_STATE_LOST) {
        void (*lost_cb)(void *, const struct error *) = connection->lost_cb;

        connection->lost_cb = NULL;
        lost_cb(connection->lost_context, &reply.error);
    }
}

void connection_start_deadline(struct connection *connection, int64_t after_us)
{
    uint64_t after_ms = after_us > 0 ? ((uint64_t)after_us + 999) / 1000 : 0;

    if (after_ms > 0)
        uv_timer_start(&connection->deadline, deadline_cb, after_ms, after_ms);
}

static void deadline_cb(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    struct error error;

    if (connection->state == CONNECTION_STATE_CONNECTING && connection_try_next(connection))
        return; /* for as long again */
    error_set(&error, ERROR_UNAVAILABLE, "%s does not answer: gave up after %llu s",
              connection_describe(connection),
              (unsigned long long)((uv_timer_get_repeat(timer) + 500) / 1000));
    connection_lose(connection, error.class, error.text);
}

/* --- closed ------------------------------------------------------------------------------------------------------- */

static void free_connection(struct connection *connection)
{
    void (*closed_cb)(void *) = connection->closed_cb;
    void *context = connection->closed_context;

    buffer_done(&connection->copy);
    arena_done(&connection->parameters);
    arena_done(&connection->texts);
    free(connection->description);
    free(connection->prepared);
    free(connection->entries);
    free(connection);
    if (closed_cb)
        closed_cb(context);
}

static void handle_closed_cb(uv_handle_t *handle)
{
    struct connection *connection = handle->data;

    connection->open_handles--;
    if (connection->open_handles == 0)
        free_connection(connection);
}

static void wake_cb(uv_idle_t *wake)
{
    struct connection *connection = wake->data;

    uv_idle_stop(wake);
    tell_loss(connection); /* may have led to connection_close */
    if (connection->state == CONNECTION_STATE_CLOSING) {
        uv_close((uv_handle_t *)&connection->deadline, handle_closed_cb);
        uv_close((uv_handle_t *)&connection->wake, handle_closed_cb);
    }
}

void connection_close(struct connection *connection, void (*closed_cb)(void *context), void *context)
{
    if (connection->state == CONNECTION_STATE_CLOSING)
        error_fatal("a database connection was closed twice");
    if (connection->state != CONNECTION_STATE_LOST)
        error_set(&connection->loss, ERROR_UNAVAILABLE, "the connection to %s was closed",
                  connection_describe(connection));
    connection->closed_cb = closed_cb;
    connection->closed_context = context;
    connection->state = CONNECTION_STATE_CLOSING;
    drop(connection);
    connection_wake(connection);
}

/* --- cancelling --------------------------------------------------------------------------------------------------- */

struct cancellation {
    uv_work_t work;
    PGcancel *cancel;
};

static void cancel_cb(uv_work_t *work)
{
    struct cancellation *cancellation = work->data;
    char reason[256];

    (void)PQcancel(cancellation->cancel, reason, sizeof(reason)); /* what counts is the statement's reply */
}

static void cancelled_cb(uv_work_t *work, int status)
{
    struct cancellation *cancellation = work->data;

    (void)status;
    PQfreeCancel(cancellation->cancel);
    free(cancellation);
}

void connection_cancel(struct connection *connection)
{
    PGcancel *cancel = connection->statement.phase != STATEMENT_NONE ? PQgetCancel(connection->pg) : NULL;

    if (!cancel)
        return;
    struct cancellation *cancellation = memory_alloc(sizeof(*cancellation));
    cancellation->cancel = cancel;
    cancellation->work.data = cancellation;
    uv_queue_work(connection->loop, &cancellation->work, cancel_cb, cancelled_cb);
}

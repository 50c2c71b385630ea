/*
 * One libpq connection driven by the loop: never blocks, not even to resolve a name. It runs statements one after the
 * other, each with a deadline of its own, and knows nothing of what they mean.
 */
#ifndef POSTGRES_CONNECTION_H
#define POSTGRES_CONNECTION_H

#include "base/buffer.h"
#include "base/error.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct connection; /* opaque */

/* What to say when a session turns out not to be ours alone. */
#define CONNECTION_SHARED                                                                                          \
    "a connection pooler in between shares server sessions among its clients, so no lock can be held through it; " \
    "connect to PostgreSQL directly, or use the pooler's session mode"

struct connection_settings {
    const char *
        conninfo; /* libpq connection string or URI; PG* variables, services and pass files work as everywhere */
    const char *passfile; /* from the service's credentials; "" = libpq's own rules */
    int64_t connect_timeout_us;
    int64_t statement_timeout_us; /* SET on the server; the own deadline is a little longer */
    int64_t lock_timeout_us;
    bool read_only; /* SET default_transaction_read_only */
};

/* What became of a statement. */
enum connection_result {
    CONNECTION_DONE,   /* the server did it */
    CONNECTION_FAILED, /* the server refused it; the session is usable. `sqlstate` says why */
    CONNECTION_LOST,   /* no answer: connection gone or deadline passed; whether it was done is not known */
};

struct connection_reply {
    enum connection_result result;
    const PGresult *rows; /* with DONE: the last result; owned by the connection, valid during the callback */
    const char *tag;      /* with DONE: the last command's tag, "COMMIT" or "INSERT 0 1"; valid as `rows` */
    long long affected;   /* with DONE: rows that the last statement wrote, copied or returned */
    char sqlstate[6];     /* with FAILED by the server */
    bool
        retryable; /* with FAILED: classes 40 and 53, lock_timeout, statement_timeout and cancellation, 57P0x */
    struct error error; /* with FAILED and LOST */
};

typedef void (*connection_reply_cb)(void *context, const struct connection_reply *reply);

struct connection *connection_new(uv_loop_t *loop, const struct connection_settings *settings);

/* Resolves, connects, checks server_encoding UTF8 and that the server is writable unless read_only, sets the session
 * (search_path=pg_catalog,pg_temp; TimeZone=UTC; timeouts; keepalives; application_name=rollcall). One reply. A wrong
 * password or a role that is missing or may not log in is ERROR_CREDENTIALS; a server that is away or starting and a
 * database that is missing or closed, which may pass by itself, ERROR_UNAVAILABLE; what is not usable, ERROR_CONFIG. */
void connection_open(struct connection *connection, connection_reply_cb reply_cb, void *context);

/* Called once if the connection breaks while nothing runs; may be NULL. */
void connection_watch(struct connection *connection,
                      void (*lost_cb)(void *context, const struct error *error), void *context);

/* Asks for `cancel` on the server without blocking; the running statement's reply still comes. */
void connection_cancel(struct connection *connection);

/* Ends it whatever state it is in. A statement under way gets LOST first. Memory is free when closed_cb is called. */
void connection_close(struct connection *connection, void (*closed_cb)(void *context), void *context);

const char *connection_describe(
    const struct connection *connection); /* "database rollcall on /run/postgresql as rollcall", no secret */

/* The server process as the other side introduced it while connecting; a pooler makes one up. */
int connection_process(const struct connection *connection);

/* Parameters in binary or text; NULL value is SQL NULL. They are copied before the call returns. */
struct connection_parameter {
    const void *value;
    int length;
    bool binary;
};

/* A query of sql/queries and its parameters. */
struct connection_call {
    const char *query; /* its name, a string that lives as long as the program */
    const struct connection_parameter *parameters;
    int count;
    bool binary;       /* format of the rows that come back */
    int expected_rows; /* in a pipeline: how many rows it must touch, -1: any */
    const char *unmet; /* what another number means, a whole sentence; NULL: a defect */
};

/* Runs one query, prepared at first use. One statement at a time: calling this while one runs is a defect and aborts.
 * reply_cb is called exactly once, never before the call returned. */
void connection_run(struct connection *connection, const struct connection_call *call,
                    connection_reply_cb reply_cb, void *context);

/* As connection_run, but hands the rows over one by one as they arrive; a negative class from row_cb ends it and comes
 * back as FAILED once the statement is drained (the session stays usable). */
typedef int (*connection_row_cb)(void *context, const PGresult *row, struct error *error);
void connection_stream(struct connection *connection, const struct connection_call *call,
                       connection_row_cb row_cb, connection_reply_cb reply_cb, void *context);

/* Runs text that is not a prepared query: BEGIN, COMMIT, SET, a migration. */
void connection_execute(struct connection *connection, const char *sql, connection_reply_cb reply_cb,
                        void *context);

/* COPY ... FROM STDIN of the named query (COPY takes no parameters). fill_cb appends the next piece of the stream to
 * `buffer` (some tens of KiB); returns 1 when there is more, 0 at the end, a negative class to give up (the COPY is then
 * failed). Never blocks: waits for the socket to drain between pieces. */
typedef int (*connection_fill_cb)(void *context, struct buffer *buffer, struct error *error);
void connection_copy_in(struct connection *connection, const char *query, connection_fill_cb fill_cb,
                        connection_reply_cb reply_cb, void *context);

/* COPY ... TO STDOUT of the named query: each piece as libpq hands it out (one row in text or binary format). */
typedef int (*connection_piece_cb)(void *context, const char *piece, size_t length, struct error *error);
void connection_copy_out(struct connection *connection, const char *query, connection_piece_cb piece_cb,
                         connection_reply_cb reply_cb, void *context);

/* Sends several queries in one round trip inside the open transaction; FAILED when one touched another number of rows than
 * expected: with class BUSY and the call's sentence, or with class INTERNAL. next_cb returns 1 with a query, 0 at the end, a negative class to give up; it is called
 * before connection_pipeline returns, and the parameters are copied. */
typedef int (*connection_call_cb)(void *context, struct connection_call *ret_call, struct error *error);
void connection_pipeline(struct connection *connection, connection_call_cb next_cb,
                         connection_reply_cb reply_cb, void *context);

#endif

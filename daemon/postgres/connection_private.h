/*
 * What the files of the connection share: connection.c (life and death), connection_target.c and connection_open.c (how
 * it comes to stand), connection_statement.c and connection_copy.c (what runs on it), connection_error.c (what the server
 * meant). Nobody else includes this.
 */
#ifndef POSTGRES_CONNECTION_PRIVATE_H
#define POSTGRES_CONNECTION_PRIVATE_H

#include "base/arena.h"
#include "postgres/connection.h"

/*
 *   NEW --open--> RESOLVING --> CONNECTING --> PREPARING --> OPEN      any of them --> LOST --> CLOSING
 */
enum connection_state {
    CONNECTION_STATE_NEW,
    CONNECTION_STATE_RESOLVING,  /* host names are being looked up on the thread pool */
    CONNECTION_STATE_CONNECTING, /* PQconnectPoll */
    CONNECTION_STATE_PREPARING,  /* the session's settings are on their way */
    CONNECTION_STATE_OPEN,
    CONNECTION_STATE_LOST, /* `loss` says why; there is no PGconn any more */
    CONNECTION_STATE_CLOSING,
};

/* Where the connection string leads, with PG* variables, services and defaults filled in. Texts are the arena's. */
struct connection_target {
    const char *hosts;     /* comma-separated, "" = the default socket directory */
    const char *addresses; /* hostaddr, likewise */
    const char *ports;
    const char *database;
    const char *user;
    bool any_session; /* target_session_attrs was left at "any" */
    bool any_network; /* nothing was said about keepalives and timeouts of TCP */
};

/* Comma-separated lists for libpq, an entry for each address. Texts are the arena's. */
struct connection_endpoints {
    const char *hosts;
    const char *addresses; /* "" where libpq needs none */
    const char *ports;
};

enum statement_phase {
    STATEMENT_NONE,
    STATEMENT_PREPARING, /* the server parses its text; it is sent for execution afterwards */
    STATEMENT_RUNNING,
    STATEMENT_COPY_IN,
    STATEMENT_COPY_OUT,
    STATEMENT_PIPELINE,
};

#define STATEMENT_PARAMETERS_MAX 32

/* One thing sent in a pipeline, in the order in which results come back. */
struct pipeline_entry {
    const char *query;
    bool prepares;     /* the Parse of `query`; otherwise its execution */
    int expected_rows; /* -1: any */
    const char *unmet;
};

struct statement {
    enum statement_phase phase;
    const char *query; /* name in sql/queries; NULL for plain text */
    const char *values[STATEMENT_PARAMETERS_MAX];
    int lengths[STATEMENT_PARAMETERS_MAX];
    int formats[STATEMENT_PARAMETERS_MAX];
    int count;
    bool binary;
    bool single_rows;
    bool refused; /* reply.error is set: what follows is only drained */
    PGresult *last;
    struct connection_reply reply;
    connection_row_cb row_cb;
    connection_piece_cb piece_cb;
    connection_fill_cb fill_cb;
    connection_reply_cb reply_cb;
    void *context;
};

struct connection {
    uv_loop_t *loop;
    struct connection_settings settings; /* texts are our own copies */
    struct arena texts;                  /* live as long as the connection */
    struct connection_target target;
    struct connection_endpoints endpoints; /* while CONNECTING: those that are left */
    char *description;

    enum connection_state state;
    PGconn *pg;
    uv_poll_t
        *socket; /* stopped whenever libpq works, because libpq may close the descriptor; NULL without one */
    uv_timer_t deadline;
    uv_idle_t wake;   /* tells of a loss or ends the connection from the loop, never from inside a call */
    int open_handles; /* `deadline` and `wake`, until the loop let go of them */
    struct resolution *resolution; /* while RESOLVING */
    int liftings;                  /* attempts to lift the role's own statement_timeout */
    char last_words[256];          /* the server's FATAL notice to an idle session */
    struct error loss;

    connection_reply_cb open_cb; /* until it was called */
    void *open_context;
    void (*lost_cb)(void *context, const struct error *error);
    void *lost_context;
    void (*closed_cb)(void *context);
    void *closed_context;

    struct statement statement;
    struct arena parameters; /* of the statement that runs */
    struct buffer copy;      /* the piece on its way to the server */
    const char **prepared;   /* names of the queries this session knows */
    size_t prepared_count;
    struct pipeline_entry *entries;
    size_t entry_count, entry_at;
};

/* --- connection.c: the socket, and the end of it ------------------------------------------------------------------ */

/* Waits for the socket again after libpq was called. `writable` too when there is something left to send. */
void connection_listen(struct connection *connection, bool writable);
/* Lets go of the socket before libpq may close it. */
void connection_release_socket(struct connection *connection);
void connection_attach_socket(struct connection *connection);

/* Sends what is left to be sent and waits for the socket again. */
void connection_flush(struct connection *connection);

/* The connection is gone or of no use. Whoever waits is told from the loop, after the caller has returned. */
void connection_lose(struct connection *connection, enum error_class class, const char *text);
void connection_lose_broken(struct connection *connection); /* in libpq's words */
void connection_wake(struct connection *connection);        /* tells of a loss that happened before */

void connection_start_deadline(struct connection *connection, int64_t after_us);

/* --- connection_target.c ------------------------------------------------------------------------------------------ */

/* Understands the connection string without connecting. ERROR_CONFIG; the string itself is never quoted. */
MUST_CHECK int connection_target_read(const char *conninfo, struct arena *arena,
                                      struct connection_target *ret_target, struct error *error);

/* Looks up the host names of the target that have no address yet; then connection_resolved with `endpoints` set, or
 * connection_lose. May call it before it returns. */
void connection_resolve(struct connection *connection);
/* Nobody waits for the resolution any more; a look-up that still runs ends by itself. */
void connection_forget_resolution(struct connection *connection);

/* Takes the endpoint that libpq is trying, and those before it, out of `endpoints`. False when none would be left. */
bool connection_skip_endpoint(struct connection *connection);

/* --- connection_open.c -------------------------------------------------------------------------------------------- */

void connection_resolved(struct connection *connection);
/* The endpoint that is being tried is silent: goes on with those behind it. False when there are none. */
bool connection_try_next(struct connection *connection);
void connection_continue(struct connection *connection); /* the socket is ready for PQconnectPoll */
void connection_opened(struct connection *connection, const struct connection_reply *reply);

/* --- connection_statement.c, connection_copy.c -------------------------------------------------------------------- */

void statement_advance(struct connection *connection); /* input was consumed: reads what is there */
void statement_fail(struct connection *connection, const struct error *error);
void statement_end(struct connection *connection); /* gives the reply and forgets the statement */
bool statement_begin(struct connection *connection, connection_reply_cb reply_cb, void *context);
void statement_sent(struct connection *connection, int accepted, enum statement_phase phase);

/* False: wait for the socket. */
bool copy_in_advance(struct connection *connection);
bool copy_out_advance(struct connection *connection);

/* --- connection_error.c ------------------------------------------------------------------------------------------- */

/* What a refused statement means. False when the connection is of no use after it: no SQLSTATE, FATAL, or the server
 * turned read-only under a session that must write. */
bool connection_read_refusal(const PGresult *result, bool read_only, struct connection_reply *ret_reply);

/* Why PQconnectPoll failed. */
void connection_read_open_failure(const PGconn *pg, const char *description, struct error *ret_error);

#endif

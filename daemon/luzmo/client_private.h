/*
 * What the client is made of, for its three files only: client.c (settings, life, the pull), client_call.c (one request
 * and its answer, whatever is asked) and client_ask.c (the small questions).
 */
#ifndef LUZMO_CLIENT_PRIVATE_H
#define LUZMO_CLIENT_PRIVATE_H

#include "base/buffer.h"
#include "luzmo/address.h"
#include "luzmo/client.h"
#include "luzmo/driver.h"
#include "luzmo/transfer.h"

/* What distinguishes one thing that can be asked from another. */
struct subject {
    const char *resource; /* of the API: <base>/<resource> */
    const char *deed;     /* begins every sentence; the host follows: "reading the organization from" */
    bool question;        /* not about the organization */
    /* Writes the body. */
    void (*request)(const struct client *client, struct secret *ret_body);
    /* The answer's bytes; and, when it is whole, whether it can be believed (NULL: it can). */
    int (*body)(struct client *client, const char *bytes, size_t length, struct error *error);
    int (*judge)(struct client *client, struct error *error);
    /* The API answered 400: true if it shall be asked once more, with another request. NULL: never. */
    bool (*retry)(struct client *client);
    /* The end, with the client idle again: calls back. The last that is done with the client, which may be closing. */
    void (*deliver)(struct client *client, const struct client_outcome *outcome);
};

enum call_state { CALL_IDLE, CALL_ASKING, CALL_DECIDED };

struct call {
    enum call_state state;
    const struct subject *subject;
    struct transfer *transfer; /* NULL when IDLE */
    char *endpoint;
    struct secret key, token, request;
    uint64_t alive_ms;    /* of the loop's clock: when something arrived last */
    uint64_t deadline_ms; /* of the loop's clock */
    struct client_outcome outcome;
};

struct pull {
    client_body_cb body_cb;
    client_done_cb done_cb;
    void *context;
};

struct question {
    struct buffer answer;
    struct uuid ids[CLIENT_IDS_MAX];
    struct client_users users;
    client_users_cb users_cb;
    struct client_token token;
    client_token_cb token_cb;
    void *context;
};

struct client {
    uv_loop_t *loop;
    struct driver *driver;
    uv_timer_t timer;
    struct address address;
    char *ca_file;
    char *proxy;
    int64_t stall_timeout_us;
    int64_t total_timeout_us;
    uint64_t max_body;
    struct call call;
    struct pull pull;         /* of the call under way, */
    struct question question; /* whichever of the two it is */
    void (*closed_cb)(void *context);
    void *closed_context;
};

/* The header's promise of whoever calls: nothing is under way. */
void client_must_be_idle(const struct client *client);

/* Asks. subject->deliver follows exactly once, later. The secrets are copied. */
void client_call_start(struct client *client, const struct subject *subject, const struct secret *key,
                       const struct secret *token);

void client_call_cancel(struct client *client);

/* A driver_done_cb; its context is the client. */
void client_call_finished_cb(void *context, CURL *easy, CURLcode code);

#endif

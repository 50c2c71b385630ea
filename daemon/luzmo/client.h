/*
 * The HTTP client: libcurl's multi interface on the libuv loop, one request at a time on one connection that is kept.
 * Pulls the organization, whose body it streams up, and asks two small questions beside it. Bounds time and size,
 * follows nothing, verifies everything. Knows nothing of members.
 */
#ifndef LUZMO_CLIENT_H
#define LUZMO_CLIENT_H

#include "base/error.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "core/reply.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct client_settings {
    const char *url;     /* base, for example https://api.luzmo.com/0.1.0; https only */
    const char *ca_file; /* PEM with additional trust anchors used instead of the system's; "" = system */
    const char *proxy;   /* "" = none; the environment's proxy variables are ignored */
    int64_t stall_timeout_us; /* connecting, waiting for the first byte, or between two bytes */
    int64_t total_timeout_us;
    uint64_t max_body; /* bytes */
};

/* The answer turned out acceptable (200, JSON) and bytes of its body arrive, in order. A negative class stops the pull;
 * it then ends with this error. */
typedef int (*client_body_cb)(void *context, const char *bytes, size_t length, struct error *error);

struct client_outcome {
    struct error error;     /* class ERROR_NONE: the body is whole */
    int64_t retry_after_us; /* the API asked to wait; 0 = nothing */
    int64_t asked_us;       /* wall clock when the request was handed over */
    int64_t answered_us;    /* wall clock when the body was complete */
    uint64_t body_bytes;
    long status; /* of HTTP; 0 = none came */
    /* The API refused the attribute lists (400) and was asked once more without them: worth a warning. */
    bool without_attributes;
};

typedef void (*client_done_cb)(void *context, const struct client_outcome *outcome);

struct client; /* opaque */

/* Copies the settings. NULL with ERROR_CONFIG (a URL that is not https, an unreadable CA file) or INTERNAL. Makes the
 * process fit for libcurl: SIGPIPE is ignored, SSLKEYLOGFILE leaves the environment. */
struct client *client_new(uv_loop_t *loop, const struct client_settings *settings, struct error *error);

/* Asks for the organization. The secrets are only used during the call. done_cb is called exactly once, never before
 * client_pull returned, also after client_cancel. One request at a time. */
void client_pull(struct client *client, const struct secret *key, const struct secret *token,
                 client_body_cb body_cb, client_done_cb done_cb, void *context);

/* --- two small questions. An API may refuse them; then their answer is not known, and nothing else follows from it. */

enum client_verdict {
    CLIENT_ANSWERED, /* and the answer can be believed */
    CLIENT_REFUSED,  /* the API does not take the question: a status that says so; so it will next time */
    CLIENT_FAILED, /* no answer this time: network, TLS, timeouts, 5xx, 429, 401, 403, cancelled, or HTTP 200 with an
                    * answer that cannot be believed (ERROR_MALFORMED), which is no refusal: it may even name them */
};

#define CLIENT_IDS_MAX REPLY_USERS_MAX

struct client_ids {
    const struct uuid *ids; /* each once; borrowed during the call */
    size_t count;           /* 1 to CLIENT_IDS_MAX */
};

struct client_users {
    enum client_verdict verdict;
    struct error error;         /* class ERROR_NONE when answered */
    size_t count;               /* of the ids that were asked for */
    bool found[CLIENT_IDS_MAX]; /* the user with the id at the same place exists; all false unless answered */
};

struct client_token {
    enum client_verdict verdict;
    struct error error;       /* class ERROR_NONE when answered */
    struct reply_token token; /* zero unless answered */
};

/* What they are handed is theirs during the call only. */
typedef void (*client_users_cb)(void *context, const struct client_users *users);
typedef void (*client_token_cb)(void *context, const struct client_token *token);

/* Which of these users does the API still find, whatever it says of the organization? As client_pull otherwise: called
 * back exactly once and later, and not while something else is under way. */
void client_ask_users(struct client *client, const struct secret *key, const struct secret *token,
                      struct client_ids ids, client_users_cb users_cb, void *context);

/* Whose token is this, and when does it expire? Likewise. */
void client_ask_token(struct client *client, const struct secret *key, const struct secret *token,
                      client_token_cb token_cb, void *context);

/* Ends the pull or question soon: its callback follows with ERROR_UNAVAILABLE "cancelled". Nothing when none is under
 * way. */
void client_cancel(struct client *client);

/* Of the pull under way: how many bytes its body will have, as the API announced them. 0 when it did not, or has not
 * answered yet, or nothing is under way. */
uint64_t client_announced_bytes(const struct client *client);

/* The next request uses these settings; only between requests. */
MUST_CHECK int client_configure(struct client *client, const struct client_settings *settings,
                                struct error *error);

/* Ends everything; memory is free when closed_cb is called. Nothing may be under way. */
void client_close(struct client *client, void (*closed_cb)(void *context), void *context);

#endif

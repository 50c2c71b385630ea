/*
 * The HTTP client: libcurl's multi interface on the libuv loop, one request at a time. Streams the body up, bounds time
 * and size, follows nothing, verifies everything. Knows nothing of members.
 */
#ifndef LUZMO_CLIENT_H
#define LUZMO_CLIENT_H

#include "base/error.h"
#include "base/secret.h"

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
    /* The API refused the attribute lists (400) and was asked once more without them: worth a warning. */
    bool without_attributes;
};

typedef void (*client_done_cb)(void *context, const struct client_outcome *outcome);

struct client; /* opaque */

/* Copies the settings. NULL with ERROR_CONFIG (a URL that is not https, an unreadable CA file) or INTERNAL. Makes the
 * process fit for libcurl: SIGPIPE is ignored, SSLKEYLOGFILE leaves the environment. */
struct client *client_new(uv_loop_t *loop, const struct client_settings *settings, struct error *error);

/* Asks for the organization. The secrets are only used during the call. done_cb is called exactly once, never before
 * client_pull returned, also after client_cancel. One pull at a time. */
void client_pull(struct client *client, const struct secret *key, const struct secret *token,
                 client_body_cb body_cb, client_done_cb done_cb, void *context);

/* Ends the pull soon: done_cb follows with ERROR_UNAVAILABLE "cancelled". Nothing when none is under way. */
void client_cancel(struct client *client);

/* The next pull uses these settings; only between pulls. */
MUST_CHECK int client_configure(struct client *client, const struct client_settings *settings,
                                struct error *error);

/* Ends everything; memory is free when closed_cb is called. No pull may be under way. */
void client_close(struct client *client, void (*closed_cb)(void *context), void *context);

#endif

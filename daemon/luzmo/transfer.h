/*
 * One request and its answer as a libcurl easy handle: what is allowed on the wire stands here, and so does the
 * judgement on what came back. Knows neither the loop nor time; somebody else drives the handle.
 */
#ifndef LUZMO_TRANSFER_H
#define LUZMO_TRANSFER_H

#include "base/error.h"
#include "base/secret.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

/* Everything is borrowed until transfer_free. */
struct transfer_order {
    const char *endpoint; /* https */
    const char *ca_file;  /* "" = the system's */
    const char *proxy;    /* "" = none */
    int64_t stall_timeout_us;
    uint64_t max_body;                /* bytes */
    const struct secret *request;     /* the body */
    const struct secret *key, *token; /* so that no sentence repeats them */
    bool question;                    /* not about the organization: a refusal has other words */
    /* Bytes of a believable answer; a negative result stops the transfer, which then ends with this error. */
    int (*body_cb)(void *context, const char *bytes, size_t length, struct error *error);
    void *body_context;
    void (*alive_cb)(void *context); /* something arrived, or the next phase began */
    bool (*yield_cb)(
        void *context);   /* asked before body_cb. True: the bytes come again when the handle is resumed */
    void *driver_context; /* of alive_cb and yield_cb */
};

struct transfer; /* opaque */

/* NULL with ERROR_INTERNAL when libcurl refuses an option. */
struct transfer *transfer_new(const struct transfer_order *order, struct error *error);
void transfer_free(struct transfer *transfer);

CURL *transfer_easy(const struct transfer *transfer);

/* No further byte is handed on, and the handle ends by itself if it still runs. */
void transfer_stop(struct transfer *transfer);

/* The judgement once the handle is finished. 0: a believable answer is whole. Else class and sentence, free of key,
 * token and host. */
MUST_CHECK int transfer_verdict(struct transfer *transfer, CURLcode code, struct error *error);

/* Instead of that, when the stall timeout ran out before the handle was finished. */
int transfer_stalled(struct transfer *transfer, struct error *error);

/* 0 until the answer's head is there. */
long transfer_status(const struct transfer *transfer);
const char *transfer_retry_after(const struct transfer *transfer); /* the header's value, "" when missing */
uint64_t transfer_body_bytes(const struct transfer *transfer);     /* of a believable answer */
/* How long that will be by its head; 0: the head does not say, or is not there yet. */
uint64_t transfer_announced_bytes(const struct transfer *transfer);

#endif

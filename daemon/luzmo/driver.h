/*
 * libcurl's multi interface on a libuv loop: sockets become poll handles, its one timer a timer handle. Knows nothing
 * of what is asked or answered.
 */
#ifndef LUZMO_DRIVER_H
#define LUZMO_DRIVER_H

#include "base/error.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <uv.h>

struct driver; /* opaque: also keeps the connections that can be used again */

/* An easy handle came to its end. It may be removed and others added here, but the driver not closed. Never called from
 * within driver_add. */
typedef void (*driver_done_cb)(void *context, CURL *easy, CURLcode code);

/* NULL when libcurl has no memory. */
struct driver *driver_new(uv_loop_t *loop, driver_done_cb done_cb, void *context);

/* Starts an easy handle, which is borrowed until driver_remove. ERROR_INTERNAL. */
MUST_CHECK int driver_add(struct driver *driver, CURL *easy, struct error *error);

/* Ends it, finished or not; done_cb is not called any more. Not from within a callback of the handle itself. */
void driver_remove(struct driver *driver, CURL *easy);

/* For a write callback: has this turn of the loop lasted long enough? If true the callback answers with
 * CURL_WRITEFUNC_PAUSE, and its handle goes on in the next turn. */
bool driver_yield(struct driver *driver, CURL *easy);

/* Closes all connections; no easy handle may be left. The driver's memory is free when closed_cb is called, later. */
void driver_close(struct driver *driver, void (*closed_cb)(void *context), void *context);

#endif

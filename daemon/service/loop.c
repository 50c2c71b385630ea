/*
 * Opening a libuv loop with care.
 */
#include "service/loop.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libuv's own (6), a database session and the look behind a pooler, the API's connection with its certificates, the
 * spools, and some to spare. */
#define DESCRIPTORS 24

/* 0, or the reason why so many cannot be had. */
static int take_and_return(void)
{
    int taken[DESCRIPTORS];
    int count = 0;
    int reason = 0;

    while (count < DESCRIPTORS && reason == 0) {
        taken[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        if (taken[count] < 0)
            reason = errno;
        else
            count++;
    }
    while (count > 0)
        close(taken[--count]);
    return reason;
}

int loop_open(uv_loop_t *loop, struct error *error)
{
    int reason = take_and_return();

    uv_replace_allocator(memory_alloc, memory_resize, memory_array, free);
    if (reason != 0)
        return error_set(
            error, ERROR_INTERNAL,
            "the program may not open %d files (%s); raise the limit: ulimit -n, or LimitNOFILE= "
            "of the service",
            DESCRIPTORS, strerror(reason));
    int status = uv_loop_init(loop);
    if (status != 0)
        return error_set(error, ERROR_INTERNAL, "an event loop cannot be set up: %s", uv_strerror(status));
    return 0;
}

static void close_cb(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_clear(uv_loop_t *loop)
{
    uv_walk(loop, close_cb, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
}

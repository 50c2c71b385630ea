/*
 * A loop that could be opened. libuv aborts, or fails later and elsewhere, where it is not given the few descriptors that
 * a loop takes; here somebody is told so.
 */
#ifndef SERVICE_LOOP_H
#define SERVICE_LOOP_H

#include "base/error.h"

#include <uv.h>

/* uv_loop_init, when there are enough descriptors for it and for what runs on it. ERROR_INTERNAL says what is missing;
 * then there is no loop. */
MUST_CHECK int loop_open(uv_loop_t *loop, struct error *error);

/* Closes all handles that are open on it and waits for that; for those who give up half way. */
void loop_clear(uv_loop_t *loop);

#endif

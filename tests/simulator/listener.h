/*
 * A port on loopback with its accepting thread and one thread per connection; it can be closed and opened again on the
 * same port, which nobody else is given meanwhile, as a service that goes away and comes back. Knows nothing of what is
 * served.
 */
#ifndef SIMULATOR_LISTENER_H
#define SIMULATOR_LISTENER_H

#include "problem.h"

#include <microhttpd.h>
#include <stdint.h>

struct listener {
    uint16_t port; /* 0 = any free one; known once it has been open */
    int place;     /* a socket that keeps the port from then on; 0 before */
    MHD_AccessHandlerCallback handler;
    void *context;
    char *certificate_pem, *key_pem; /* NULL = plain HTTP */
    struct MHD_Daemon *daemon;       /* NULL while closed */
};

/* Nothing when it is open already. -1 with a sentence when the port cannot be had. */
int listener_open(struct listener *listener, struct problem *problem);

/* Breaks off every connection; what a handler is waiting for must have been ended before. */
void listener_close(struct listener *listener);

#endif

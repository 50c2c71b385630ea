/*
 * Sends one answer over one connection, well or as badly as its fault says. Knows nothing of members.
 */
#ifndef SIMULATOR_DELIVERY_H
#define SIMULATOR_DELIVERY_H

#include "answer.h"
#include "fault.h"

#include <microhttpd.h>

struct reply {
    unsigned status;
    const char *content_type;
    struct answer *answer;
};

/* Takes the reply's answer and the fault over. The connection must be a TLS one with a thread of its own. */
enum MHD_Result delivery_send(struct MHD_Connection *connection, struct faults *faults, struct reply *reply,
                              struct fault *fault);

#endif

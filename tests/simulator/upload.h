/*
 * Collects the body of one HTTP request, up to a limit, whatever its method. Knows nothing of what it means.
 */
#ifndef SIMULATOR_UPLOAD_H
#define SIMULATOR_UPLOAD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

struct upload {
    char *bytes;
    size_t length;
    bool too_large;
};

/* The first part of an access handler: true while the body is still arriving (answer MHD_YES), false when it is whole
 * in *request_context, to be freed by upload_completed. */
bool upload_take(void **request_context, const char *bytes, size_t *size, size_t limit);

/* A MHD_RequestCompletedCallback. */
void upload_completed(void *context, struct MHD_Connection *connection, void **request_context,
                      enum MHD_RequestTerminationCode code);

#endif

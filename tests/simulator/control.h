/*
 * How tests steer the simulator: plain HTTP on a port of its own, JSON in and out. One table of routes, one function
 * each; `GET /` prints the table. Knows nothing of the API's own protocol.
 */
#ifndef SIMULATOR_CONTROL_H
#define SIMULATOR_CONTROL_H

#include "api.h"
#include "listener.h"

#include <microhttpd.h>
#include <pthread.h>

struct control {
    struct api *api;
    struct listener *api_listener;
    pthread_mutex_t listening; /* opening and closing do not overlap */
};

/* A MHD_AccessHandlerCallback; its context is a struct control. */
enum MHD_Result control_handle(void *context, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload_data,
                               size_t *upload_data_size, void **request_context);

#endif

/*
 * The Luzmo Core API as far as a mirror of members can see it: one URL per resource, POST and SEARCH alike, the action,
 * key and token in the body, answers and refusals in the documented shapes. Reads only: every other action is refused
 * and recorded as a violation.
 */
#ifndef SIMULATOR_API_H
#define SIMULATOR_API_H

#include "fault.h"
#include "journal.h"
#include "limit.h"
#include "organization.h"
#include "token.h"

#include <microhttpd.h>

struct api {
    struct organization *organization;
    struct faults *faults;
    struct token *own;   /* as the resource authorization shows it */
    struct limit *limit; /* of calls with the accepted credentials */
    struct journal *journal;
    const char *key, *token; /* the only ones that are accepted */
};

/* A MHD_AccessHandlerCallback; its context is a struct api. */
enum MHD_Result api_handle(void *context, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *upload_data,
                           size_t *upload_data_size, void **request_context);

#endif

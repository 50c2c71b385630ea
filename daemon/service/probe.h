/*
 * One pull without a database: what the API answers, whether it could be mirrored, and whose token it is. For `check`.
 */
#ifndef SERVICE_PROBE_H
#define SERVICE_PROBE_H

#include "core/model.h"
#include "service/credentials.h"

/* Whether the token's own user is an owner in the answer: who is none may not be shown everybody. */
enum probe_sight {
    PROBE_SIGHT_UNKNOWN, /* the API does not say whose token it is */
    PROBE_SIGHT_OWNER,
    PROBE_SIGHT_LESSER,
};

struct probe_result {
    char organization_id[ORGANIZATION_ID_MAX + 1];
    char *display_name; /* malloc */
    uint32_t members;
    uint32_t owners;
    uint32_t rejected;       /* records that cannot be read */
    bool without_attributes; /* the API refused the attribute lists */
    int64_t took_us;         /* from request to the end of the body */
    enum probe_sight sight;
    int64_t expiry_us; /* the token's, wall clock; 0: not told */
};

/* Blocks until the pull is over. The errors are those of a poll. */
MUST_CHECK int probe_api(const struct config *config, const struct credentials *credentials,
                         struct probe_result *ret_result, struct error *error);
void probe_result_done(struct probe_result *result);

#endif

/*
 * The body of an answer, as a row of shared records that is read once from front to back: an answer of half a gigabyte
 * costs eight bytes a member beside the records themselves. Knows nothing of HTTP.
 */
#ifndef SIMULATOR_ANSWER_H
#define SIMULATOR_ANSWER_H

#include "organization.h"
#include "query.h"

#include <stdint.h>

struct answer; /* opaque */

/* The organization with what the query includes. The view is taken over. */
struct answer *answer_organization(struct view *view, const struct query *query);

/* The users that the query finds. The view is taken over. */
struct answer *answer_users(struct view *view, const struct query *query);

/* The token's row (taken over), when the query finds it. */
struct answer *answer_token(json_t *row, const struct query *query);

/* Any bytes; copied. */
struct answer *answer_bytes(const char *bytes, size_t length);

/* The API's error envelope. */
struct answer *answer_error(unsigned status, const char *message);

void answer_free(struct answer *answer);

uint64_t answer_length(const struct answer *answer);

/* The next bytes, at most `size`; 0 at the end. */
size_t answer_read(struct answer *answer, char *buffer, size_t size);

#endif

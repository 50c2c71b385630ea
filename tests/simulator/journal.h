/*
 * What arrived at the API: every request with its action, and every violation. Never key or token.
 */
#ifndef SIMULATOR_JOURNAL_H
#define SIMULATOR_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>

struct journal; /* opaque; every function may be called from any thread */

struct journal *journal_new(void);
void journal_free(struct journal *journal);

/* Adds one entry (taken over) and numbers it. violation: the request asked for something other than `get`. */
void journal_add(struct journal *journal, json_t *entry, bool violation);

/* {"count": all, "violations": all, "requests": [the last 10,000]}. */
json_t *journal_report(struct journal *journal);

/* Forgets requests, but never a violation. */
void journal_clear(struct journal *journal);

#endif

/*
 * What the service remembers outside the database, so that it notices when the database is not the one it wrote to any
 * more: the last cycle of its source that it knows to be committed. A database without that cycle was put back from a
 * backup, has lost its last transactions, or is another one.
 *
 * Kept in memory, and in a small file where there is a directory for it. What goes wrong with the file is a warning in the
 * log and never a failed cycle. It does not know PostgreSQL: whether a database has the cycle is for others to find out.
 */
#ifndef SERVICE_STATE_H
#define SERVICE_STATE_H

#include "base/uuid.h"

#include <uv.h>

struct state; /* opaque */

/* Reads what an earlier process left; a file that is torn, altered or another source's is ignored with a warning.
 * directory: systemd's $STATE_DIRECTORY, of which the first counts; NULL or empty: memory only. The loop is borrowed. */
struct state *state_new(uv_loop_t *loop, const char *directory, const char *source);

/* The cycle that a database of this organization must have; NULL when none is known. organization_id NULL: the database
 * has no organization yet. What is known of another organization is forgotten, with a warning. The result stays good until
 * the next call. */
const struct uuid *state_committed_cycle(struct state *state, const char *organization_id);

/* This cycle is committed. Returns at once; the file is written on the thread pool, whole or not at all. */
void state_remember(struct state *state, const char *organization_id, const struct uuid *cycle_uuid);

/* Waits until the file is written, for which it may run the loop. NULL is allowed. */
void state_free(struct state *state);

#endif

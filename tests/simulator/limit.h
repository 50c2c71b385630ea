/*
 * How many calls a token may make, as Luzmo documents it: 10 a second, with a burst of 200; a call beyond that is refused
 * and counts for nothing. The calls that are left grow back one by one.
 */
#ifndef SIMULATOR_LIMIT_H
#define SIMULATOR_LIMIT_H

#include <stdbool.h>

struct limit; /* opaque, of one token; every function may be called from any thread */

struct limit *limit_new(void); /* the documented one */
void limit_free(struct limit *limit);

/* Another limit, or the documented one again; the whole burst is there. */
void limit_set(struct limit *limit, double per_second, double burst);
void limit_reset(struct limit *limit);
void limit_remove(struct limit *limit); /* none at all */

/* A call is made. False when it is one too many. */
bool limit_take(struct limit *limit);

#endif

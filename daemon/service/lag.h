/*
 * Loop lag: how long one turn of the event loop was busy, waiting not counted. The longest turn says whether anything
 * held the loop up.
 */
#ifndef SERVICE_LAG_H
#define SERVICE_LAG_H

#include <stdint.h>
#include <uv.h>

/* Who is told, each in its own time. */
enum lag_reader { LAG_LOG, LAG_COVERAGE, LAG_READER_COUNT };

struct lag {
    uv_prepare_t prepare;  /* once a turn, before the loop waits */
    uint64_t turn_from_ns; /* when the former turn was measured */
    uint64_t idle_ns;      /* what the loop had waited by then, in all */
    uint64_t longest_ns[LAG_READER_COUNT];
};

/* The loop must not have run yet: it is told to count the time it waits. Does not keep the loop alive. */
void lag_start(struct lag *lag, uv_loop_t *loop);
void lag_stop(struct lag *lag); /* closes the handle */

/* To be called when a signal arrives: libuv does not count a wait that a signal cut short, and it would pass for work. The
 * present turn counts from here. */
void lag_interrupted(struct lag *lag);

/* The longest busy turn since this reader's last call, in milliseconds. */
int32_t lag_take_ms(struct lag *lag, enum lag_reader reader);

#endif

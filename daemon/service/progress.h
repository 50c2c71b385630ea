/*
 * How far a cycle is, for whoever waits for it: a person at a terminal, or the reader of a service's log.
 */
#ifndef SERVICE_PROGRESS_H
#define SERVICE_PROGRESS_H

#include <stdint.h>

enum progress_step {
    PROGRESS_NOTHING, /* that would be worth waiting for */
    PROGRESS_READING, /* the answer */
    PROGRESS_COMPARING,
    PROGRESS_WRITING,
    PROGRESS_STEP_COUNT,
};

struct progress {
    enum progress_step step;
    int64_t elapsed_us;    /* since the step began */
    uint64_t bytes;        /* of the answer so far */
    uint64_t bytes_in_all; /* as announced; 0: it was not */
    uint32_t members;      /* in the answer so far */
    uint64_t rows;         /* given to the database so far, those of the change log too */
    uint64_t rows_in_all;
};

typedef void (*progress_cb)(void *context, const struct progress *progress);

/* "reading" and so on; "" for NOTHING. */
const char *progress_step_name(enum progress_step step);

/* Until the step is done if it goes on like this, in microseconds; -1 when that cannot be told, or not yet. */
int64_t progress_left_us(const struct progress *progress);

#endif

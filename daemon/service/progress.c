/*
 * Words and arithmetic.
 */
#include "service/progress.h"

/* A pace that was kept for less than this says nothing. */
#define PACE_KNOWN_AFTER_US 1000000

const char *progress_step_name(enum progress_step step)
{
    static const char *const names[PROGRESS_STEP_COUNT] = {
        [PROGRESS_NOTHING] = "",
        [PROGRESS_READING] = "reading",
        [PROGRESS_COMPARING] = "comparing",
        [PROGRESS_WRITING] = "writing",
    };

    return names[step];
}

static int64_t left_us(const struct progress *progress, uint64_t done, uint64_t in_all)
{
    if (progress->elapsed_us < PACE_KNOWN_AFTER_US || done == 0 || in_all < done)
        return -1;
    return (int64_t)((double)progress->elapsed_us * (double)(in_all - done) / (double)done);
}

int64_t progress_left_us(const struct progress *progress)
{
    switch (progress->step) {
    case PROGRESS_READING:
        return left_us(progress, progress->bytes, progress->bytes_in_all);
    case PROGRESS_WRITING:
        return left_us(progress, progress->rows, progress->rows_in_all);
    default:
        return -1;
    }
}

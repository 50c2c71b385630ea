/*
 * Durations until the next attempt. Knows neither the time nor where chance comes from.
 */
#include "core/schedule.h"

#define SECOND INT64_C(1000000)

#define API_FIRST         (1 * SECOND)
#define API_LONGEST_LEAST (60 * SECOND) /* the longest backoff is this or the interval */
#define API_CREDENTIALS   (15 * 60 * SECOND)
#define API_NAMED_LONGEST (60 * 60 * SECOND)
#define DATABASE_FIRST    (SECOND / 5)
#define DATABASE_LONGEST  (5 * SECOND)
#define STALL_INTERVALS   3
#define STALL_GRACE       (2 * DATABASE_LONGEST) /* a transaction that waits to be tried again, and then some */

static int64_t least(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static int64_t most(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

int64_t schedule_next_poll_us(const struct schedule_settings *settings, int64_t since_last_asked_us)
{
    return most(settings->interval_us - most(since_last_asked_us, 0), 0);
}

/* `first`, doubled with every further failure up to `longest`. */
static int64_t doubled(int64_t first, int64_t longest, uint32_t failures)
{
    int64_t delay = first;

    for (uint32_t n = 1; n < failures && delay < longest; n++)
        delay *= 2;
    return least(delay, longest);
}

/* Somewhere between half of the delay and the whole, so that many clients do not come back in step. */
static int64_t jittered(int64_t delay, uint64_t random)
{
    int64_t half = delay / 2;

    return half + (int64_t)(random % (uint64_t)(delay - half + 1));
}

int64_t schedule_api_backoff_us(const struct schedule_settings *settings, enum error_class class,
                                uint32_t failures, int64_t retry_after_us, uint64_t random)
{
    int64_t longest = most(settings->interval_us, API_LONGEST_LEAST);
    int64_t delay = jittered(doubled(API_FIRST, longest, failures), random);

    if (class == ERROR_CREDENTIALS)
        delay = most(delay, API_CREDENTIALS);
    return most(delay, least(retry_after_us, API_NAMED_LONGEST));
}

int64_t schedule_database_backoff_us(uint32_t failures, uint64_t random)
{
    return jittered(doubled(DATABASE_FIRST, DATABASE_LONGEST, failures), random);
}

bool schedule_is_stalled(const struct schedule_settings *settings, bool failing, int64_t silent_us)
{
    int64_t confirming = least(settings->confirm_after_us, SCHEDULE_CONFIRM_LONGEST_US);
    int64_t pause = most(settings->interval_us, confirming);
    int64_t longest_pause = failing ? most(pause, API_NAMED_LONGEST) : pause;
    int64_t busiest = longest_pause + settings->total_timeout_us + STALL_GRACE;

    return silent_us >= most(STALL_INTERVALS * settings->interval_us, busiest);
}

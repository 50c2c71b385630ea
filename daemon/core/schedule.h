/*
 * When to try again: pure arithmetic on durations. Random numbers and clocks come from outside.
 */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* `once` waits this long in all for polls that confirm an absence, and leaves what takes longer to the next run. */
#define SCHEDULE_CONFIRM_LONGEST_US INT64_C(300000000)

struct schedule_settings {
    int64_t interval_us;      /* between the starts of two polls */
    int64_t confirm_after_us; /* at least, between two polls that count an absence */
    int64_t total_timeout_us; /* the longest pull */
};

/* Until the next regular poll, given how long ago the last one was asked: never negative, one catch-up and no burst. */
int64_t schedule_next_poll_us(const struct schedule_settings *settings, int64_t since_last_asked_us);

/* Backoff after the n-th consecutive failure (n >= 1), with jitter drawn from `random` (any 64 bits): 1 s doubling to
 * max(interval, 60 s) for the API. A rejected credential (ERROR_CREDENTIALS) waits 15 minutes at least, an API that named
 * a delay (retry_after_us > 0) at least that, clamped to one hour. */
int64_t schedule_api_backoff_us(const struct schedule_settings *settings, enum error_class class,
                                uint32_t failures, int64_t retry_after_us, uint64_t random);

/* The same for the database: 0.2 s doubling to 5 s. */
int64_t schedule_database_backoff_us(uint32_t failures, uint64_t random);

/* Is the instance that writes stalled, as a standby sees it: no sign of life for silent_us? The limit is three intervals,
 * but at least what a healthy instance may need from one sign to the next: its longest pause (an interval; in `once`
 * confirm_after, but no longer than it waits for that), the longest pull, and ten seconds for what it does before and after. `failing`: its last sign was a
 * failed poll, so the pause may be an hour that the API named, which a standby must not cut short. A first load of a
 * million members is no silence: the server that works for it is a sign of life by itself (core/standby.h). */
bool schedule_is_stalled(const struct schedule_settings *settings, bool failing, int64_t silent_us);

#endif

/*
 * When to try again: pure arithmetic on durations. Random numbers and clocks come from outside.
 */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include "base/error.h"

#include <stdint.h>

struct schedule_settings {
    int64_t interval_us;      /* between the starts of two polls */
    int64_t confirm_after_us; /* between two polls that count an absence */
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

#endif

/*
 * Delays as tables: what is failing, how often, what it said, and how long the next attempt waits at least and at most.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/schedule.h"

#define MS   INT64_C(1000)
#define S    (1000 * MS)
#define MIN  (60 * S)
#define HOUR (60 * MIN)

static const struct schedule_settings five_minutes = {.interval_us = 5 * MIN, .confirm_after_us = 30 * S};
static const struct schedule_settings one_second = {.interval_us = S, .confirm_after_us = 30 * S};

static void test_next_poll(void **state)
{
    static const struct {
        int64_t since_last_asked, until_next;
    } table[] = {
        {0, 5 * MIN},         {2 * S, 5 * MIN - 2 * S}, {5 * MIN - 1, 1}, {5 * MIN, 0},
        {5 * MIN + 1, 0},     {72 * HOUR, 0}, /* slept for days: one poll now, no burst */
        {INT64_MAX, 0},                       /* never asked */
        {-HOUR, 5 * MIN},                     /* cannot be; never more than one interval */
        {INT64_MIN, 5 * MIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(schedule_next_poll_us(&five_minutes, table[i].since_last_asked),
                         table[i].until_next);
}

/* The bounds of a delay over the whole range of chance. */
struct range {
    int64_t shortest, longest;
};

static const uint64_t chances[] = {0, 1, 2, 999999, 1000000, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};

static void test_api_backoff(void **state)
{
    static const struct {
        const struct schedule_settings *settings;
        enum error_class class;
        uint32_t failures;
        int64_t retry_after;
        struct range expected;
    } table[] = {
        /* 1 s, doubling, to the longer of the interval and a minute; half of it is left to chance */
        {&five_minutes, ERROR_UNAVAILABLE, 1, 0, {500 * MS, S}},
        {&five_minutes, ERROR_UNAVAILABLE, 2, 0, {S, 2 * S}},
        {&five_minutes, ERROR_MALFORMED, 5, 0, {8 * S, 16 * S}},
        {&five_minutes, ERROR_UNAVAILABLE, 9, 0, {128 * S, 256 * S}},
        {&five_minutes, ERROR_UNAVAILABLE, 10, 0, {150 * S, 5 * MIN}},
        {&five_minutes, ERROR_UNAVAILABLE, UINT32_MAX, 0, {150 * S, 5 * MIN}},
        {&one_second, ERROR_UNAVAILABLE, 6, 0, {16 * S, 32 * S}},
        {&one_second, ERROR_UNAVAILABLE, 7, 0, {30 * S, MIN}},
        {&one_second, ERROR_UNAVAILABLE, 1000, 0, {30 * S, MIN}},
        /* rejected credentials: somebody has to do something first */
        {&five_minutes, ERROR_CREDENTIALS, 1, 0, {15 * MIN, 15 * MIN}},
        {&five_minutes, ERROR_CREDENTIALS, 50, 0, {15 * MIN, 15 * MIN}},
        /* the API named a delay: at least that, at most an hour; a shorter one does not shorten ours */
        {&five_minutes, ERROR_UNAVAILABLE, 1, 40 * S, {40 * S, 40 * S}},
        {&five_minutes, ERROR_UNAVAILABLE, 5, 9 * S, {9 * S, 16 * S}},
        {&five_minutes, ERROR_UNAVAILABLE, 5, 1, {8 * S, 16 * S}},
        {&five_minutes, ERROR_UNAVAILABLE, 1, 30 * 24 * HOUR, {HOUR, HOUR}},
        {&five_minutes, ERROR_UNAVAILABLE, 1, INT64_MAX, {HOUR, HOUR}},
        {&five_minutes, ERROR_CREDENTIALS, 1, 20 * MIN, {20 * MIN, 20 * MIN}},
        {&five_minutes, ERROR_UNAVAILABLE, 1, -S, {500 * MS, S}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (size_t chance = 0; chance < sizeof(chances) / sizeof(chances[0]); chance++) {
            int64_t delay = schedule_api_backoff_us(table[i].settings, table[i].class, table[i].failures,
                                                    table[i].retry_after, chances[chance]);

            assert_in_range(delay, table[i].expected.shortest, table[i].expected.longest);
        }
    }
}

static void test_database_backoff(void **state)
{
    static const struct {
        uint32_t failures;
        struct range expected;
    } table[] = {
        {1, {100 * MS, 200 * MS}}, {2, {200 * MS, 400 * MS}},        {5, {1600 * MS, 3200 * MS}},
        {6, {2500 * MS, 5 * S}},   {UINT32_MAX, {2500 * MS, 5 * S}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (size_t chance = 0; chance < sizeof(chances) / sizeof(chances[0]); chance++) {
            assert_in_range(schedule_database_backoff_us(table[i].failures, chances[chance]),
                            table[i].expected.shortest, table[i].expected.longest);
        }
    }
}

/* Jitter reaches both ends of its range, so that it is neither missing nor lopsided. */
static void test_chance_reaches_both_ends(void **state)
{
    (void)state;
    assert_int_equal(schedule_database_backoff_us(1, 0), 100 * MS);
    assert_int_equal(schedule_database_backoff_us(1, 100 * MS), 200 * MS);
    assert_int_equal(schedule_database_backoff_us(1, 100 * MS + 1), 100 * MS);
    assert_int_equal(schedule_api_backoff_us(&five_minutes, ERROR_UNAVAILABLE, 1, 0, 0), 500 * MS);
    assert_int_equal(schedule_api_backoff_us(&five_minutes, ERROR_UNAVAILABLE, 1, 0, 500 * MS), S);
}

/* Seconds of silence after which a standby ends the writer; one microsecond less it does not. */
static void test_a_silent_writer_is_stalled(void **state)
{
    static const struct {
        int64_t interval, confirm_after, total_timeout;
        int64_t after, after_failure;
    } table[] = {
        /* three intervals, when a pull is short beside them */
        {5 * MIN, 30 * S, MIN, 15 * MIN, HOUR + MIN + 10 * S},
        {HOUR, 30 * S, 10 * MIN, 3 * HOUR, 3 * HOUR},
        {7 * 24 * HOUR, S, S, 21 * 24 * HOUR, 21 * 24 * HOUR},
        /* a pull may last longer than three intervals, and it begins an interval after the last one */
        {S, S, 2 * S, 13 * S, HOUR + 12 * S},
        {S, S, HOUR, HOUR + 11 * S, 2 * HOUR + 10 * S},
        {5 * MIN, 30 * S, 10 * MIN, 15 * MIN + 10 * S, HOUR + 10 * MIN + 10 * S},
        /* `once` waits for the confirming poll with the lock in its hand */
        {S, 2 * MIN, S, 2 * MIN + 11 * S, HOUR + 11 * S},
        {S, 24 * HOUR, S, 5 * MIN + 11 * S, HOUR + 11 * S}, /* but not for a day */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct schedule_settings settings = {.interval_us = table[i].interval,
                                                   .confirm_after_us = table[i].confirm_after,
                                                   .total_timeout_us = table[i].total_timeout};

        assert_false(schedule_is_stalled(&settings, false, 0));
        assert_false(schedule_is_stalled(&settings, false, table[i].after - 1));
        assert_true(schedule_is_stalled(&settings, false, table[i].after));
        assert_false(schedule_is_stalled(&settings, true, table[i].after_failure - 1));
        assert_true(schedule_is_stalled(&settings, true, table[i].after_failure));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_poll),
        cmocka_unit_test(test_api_backoff),
        cmocka_unit_test(test_database_backoff),
        cmocka_unit_test(test_chance_reaches_both_ends),
        cmocka_unit_test(test_a_silent_writer_is_stalled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

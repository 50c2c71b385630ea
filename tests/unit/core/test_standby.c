/*
 * A standby looks again and again: a transcript of what it saw, and for how long the writer has been silent then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/standby.h"

#define MS INT64_C(1000)
#define S  (1000 * MS)

/* Session, poll and cycle are told apart by a number each. */
struct look {
    int64_t at;
    int32_t pid;
    int64_t session_began;
    uint8_t poll, cycle;
    bool at_work;
    int64_t silent;
};

static void assert_transcript(const struct look *looks, size_t count)
{
    struct standby standby = {0};

    for (size_t i = 0; i < count; i++) {
        const struct standby_view view = {.pid = looks[i].pid,
                                          .session_began = looks[i].session_began,
                                          .at_work = looks[i].at_work,
                                          .last_poll.bytes[15] = looks[i].poll,
                                          .last_cycle.bytes[15] = looks[i].cycle};

        assert_int_equal(standby_look(&standby, &view, looks[i].at), looks[i].silent);
    }
}

#define assert_looks(...)                                                                                    \
    do {                                                                                                     \
        const struct look looks_[] = {__VA_ARGS__};                                                          \
        assert_transcript(looks_, sizeof(looks_) / sizeof(looks_[0]));                                       \
    } while (0)

static void test_silence_adds_up(void **state)
{
    (void)state;
    assert_looks({.at = 900 * S, .pid = 7, .silent = 0}, /* the first look: what was before is not known */
                 {.at = 901 * S, .pid = 7, .silent = S}, {.at = 902 * S, .pid = 7, .silent = 2 * S},
                 {.at = 904 * S + 1, .pid = 7, .silent = 4 * S + 1});
}

static void test_every_poll_is_a_sign_of_life(void **state)
{
    (void)state;
    assert_looks({.at = 1 * S, .pid = 7, .poll = 1, .cycle = 1, .silent = 0},
                 {.at = 2 * S, .pid = 7, .poll = 1, .cycle = 1, .silent = S},
                 {.at = 3 * S, .pid = 7, .poll = 2, .cycle = 1, .silent = 0}, /* unchanged */
                 {.at = 4 * S, .pid = 7, .poll = 2, .cycle = 1, .silent = S},
                 {.at = 5 * S, .pid = 7, .poll = 2, .cycle = 2, .silent = 0}, /* failed */
                 {.at = 6 * S, .pid = 7, .poll = 3, .cycle = 3, .silent = 0}, /* changed */
                 {.at = 7 * S, .pid = 7, .poll = 3, .cycle = 3, .silent = S});
}

static void test_another_session_begins_anew(void **state)
{
    (void)state;
    assert_looks({.at = 1 * S, .pid = 7, .session_began = 100, .silent = 0},
                 {.at = 2 * S, .pid = 7, .session_began = 100, .silent = S},
                 {.at = 3 * S, .pid = 8, .session_began = 100, .silent = 0},
                 {.at = 4 * S, .pid = 8, .session_began = 100, .silent = S},
                 {.at = 5 * S, .pid = 8, .session_began = 101, .silent = 0}, /* the same number again */
                 {.at = 6 * S, .pid = 0, .session_began = 0, .silent = 0},
                 {.at = 7 * S, .pid = 8, .session_began = 101, .silent = 0});
}

/* A first load writes for minutes without any poll being finished. */
static void test_a_server_at_work_is_a_sign_of_life(void **state)
{
    (void)state;
    assert_looks({.at = 1 * S, .pid = 7, .silent = 0}, {.at = 2 * S, .pid = 7, .silent = S},
                 {.at = 3 * S, .pid = 7, .at_work = true, .silent = 0},
                 {.at = 4 * S, .pid = 7, .at_work = true, .silent = 0}, {.at = 5 * S, .pid = 7, .silent = S});
}

/* The standby was stopped, or the whole machine was: its clock went on, but nobody looked. */
static void test_time_without_looking_hardly_counts(void **state)
{
    (void)state;
    assert_looks({.at = 1 * S, .pid = 7, .silent = 0}, {.at = 3601 * S, .pid = 7, .silent = 5 * S},
                 {.at = 3602 * S, .pid = 7, .silent = 6 * S});
}

static void test_what_is_forgotten_does_not_count(void **state)
{
    const struct standby_view view = {.pid = 7};
    struct standby standby = {0};

    (void)state;
    assert_int_equal(standby_look(&standby, &view, 1 * S), 0);
    assert_int_equal(standby_look(&standby, &view, 2 * S), S);
    standby_forget(&standby);
    assert_int_equal(standby_look(&standby, &view, 3 * S), 0);
    assert_int_equal(standby_look(&standby, &view, 4 * S), S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_adds_up),
        cmocka_unit_test(test_every_poll_is_a_sign_of_life),
        cmocka_unit_test(test_another_session_begins_anew),
        cmocka_unit_test(test_a_server_at_work_is_a_sign_of_life),
        cmocka_unit_test(test_time_without_looking_hardly_counts),
        cmocka_unit_test(test_what_is_forgotten_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

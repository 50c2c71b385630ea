/*
 * Loop lag, with turns whose beginning lies in a past that no machine is slow enough to reach.
 */
#include "service/lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define AGO_NS  (UINT64_C(1000) * 1000000000)
#define HALF_MS 500000

struct turns {
    uv_loop_t loop;
    uv_idle_t idle; /* keeps the loop turning */
    struct lag lag;
};

static void idle_cb(uv_idle_t *idle)
{
    (void)idle;
}

static void begin(struct turns *turns)
{
    uv_loop_init(&turns->loop);
    lag_start(&turns->lag, &turns->loop);
    uv_idle_init(&turns->loop, &turns->idle);
    uv_idle_start(&turns->idle, idle_cb);
    turns->lag.turn_from_ns = uv_hrtime() - AGO_NS;
}

static void end(struct turns *turns)
{
    lag_stop(&turns->lag);
    uv_close((uv_handle_t *)&turns->idle, NULL);
    uv_run(&turns->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&turns->loop), 0);
}

static void test_the_longest_turn_is_told_each_reader_once(void **state)
{
    struct turns turns;

    (void)state;
    begin(&turns);
    uv_run(&turns.loop, UV_RUN_NOWAIT);
    uv_run(&turns.loop, UV_RUN_NOWAIT);
    assert_true(lag_take_ms(&turns.lag, LAG_LOG) > HALF_MS);
    uv_run(&turns.loop, UV_RUN_NOWAIT);
    assert_true(lag_take_ms(&turns.lag, LAG_LOG) < HALF_MS);
    assert_true(lag_take_ms(&turns.lag, LAG_COVERAGE) > HALF_MS);
    end(&turns);
}

static void test_a_wait_that_a_signal_cut_short_is_no_work(void **state)
{
    struct turns turns;

    (void)state;
    begin(&turns);
    lag_interrupted(&turns.lag);
    uv_run(&turns.loop, UV_RUN_NOWAIT);
    assert_true(lag_take_ms(&turns.lag, LAG_LOG) < HALF_MS);
    end(&turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_longest_turn_is_told_each_reader_once),
        cmocka_unit_test(test_a_wait_that_a_signal_cut_short_is_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

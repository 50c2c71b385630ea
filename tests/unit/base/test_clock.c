/* The clocks, as far as a test may speak of them. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void wall_time_is_of_this_century(void **state)
{
    (void)state;
    assert_true(clock_wall_us() > INT64_C(1600000000000000));
    assert_true(clock_wall_us() < INT64_C(4102444800000000));
}

static void monotonic_time_never_goes_back(void **state)
{
    int64_t former = clock_monotonic_us();
    (void)state;

    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_monotonic_us();
        assert_true(now >= former);
        former = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_time_is_of_this_century),
        cmocka_unit_test(monotonic_time_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

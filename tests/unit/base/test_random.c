/* Random bytes: all of them are filled and no byte beside them. */
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void all_is_filled_and_nothing_else(void **state)
{
    unsigned char bytes[1000] = {0};
    size_t zeros = 0;
    (void)state;

    random_fill(bytes + 8, sizeof(bytes) - 16);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(bytes[i], 0);
        assert_int_equal(bytes[sizeof(bytes) - 1 - i], 0);
    }
    for (size_t i = 8; i < sizeof(bytes) - 8; i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 100); /* about four are expected; a hundred never happen */
}

static void nothing_may_be_asked_for(void **state)
{
    (void)state;
    random_fill(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_filled_and_nothing_else),
        cmocka_unit_test(nothing_may_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

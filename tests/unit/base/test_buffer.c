/* A buffer grows to its maximum and not one byte further. */
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void additions_follow_each_other(void **state)
{
    struct buffer buffer;
    (void)state;

    buffer_init(&buffer, 1000);
    assert_null(buffer.data);
    assert_int_equal(buffer_add(&buffer, "one", 3), 0);
    assert_int_equal(buffer_add_char(&buffer, ','), 0);
    assert_int_equal(buffer_add_text(&buffer, "two"), 0);
    assert_int_equal(buffer_add_format(&buffer, ",%d", 3), 0);
    memcpy(buffer_extend(&buffer, 2), "!!", 2);
    assert_string_equal(buffer.data, "one,two,3!!");
    assert_int_equal(buffer.length, 11);
    buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_string_equal(buffer.data, "");
    buffer_done(&buffer);
}

/* Fills buffers of every small maximum to the brim by each of the ways to add. */
static void the_maximum_is_exact(void **state)
{
    (void)state;
    for (size_t maximum = 0; maximum < 300; maximum++) {
        struct buffer buffer;
        buffer_init(&buffer, maximum);
        for (size_t i = 0; i < maximum; i++)
            assert_int_equal(i % 2 ? buffer_add_char(&buffer, 'x') : buffer_add_format(&buffer, "y"), 0);
        assert_false(buffer.overflowed);
        assert_int_equal(buffer_add_char(&buffer, 'z'), -1);
        assert_true(buffer.overflowed);
        assert_int_equal(buffer.length, maximum);
        assert_true(buffer.capacity <= maximum + 1);
        buffer_done(&buffer);
    }
}

static void an_addition_is_whole_or_not_at_all(void **state)
{
    struct buffer buffer;
    (void)state;

    buffer_init(&buffer, 5);
    buffer_add_text(&buffer, "abc");
    assert_int_equal(buffer_add_text(&buffer, "def"), -1);
    assert_int_equal(buffer_add_format(&buffer, "%d", 123), -1);
    assert_null(buffer_extend(&buffer, SIZE_MAX));
    assert_string_equal(buffer.data, "abc");
    assert_int_equal(buffer_add_text(&buffer, "de"), 0);
    assert_true(buffer.overflowed); /* it sticks */
    assert_string_equal(buffer.data, "abcde");
    buffer_clear(&buffer);
    assert_false(buffer.overflowed);
    buffer_done(&buffer);
}

static void bytes_may_be_anything(void **state)
{
    struct buffer buffer;
    (void)state;

    buffer_init(&buffer, 10);
    buffer_add(&buffer, "a\0b", 3);
    buffer_add(&buffer, NULL, 0);
    assert_int_equal(buffer.length, 3);
    assert_memory_equal(buffer.data, "a\0b", 4);
    buffer_done(&buffer);
}

static void done_forgives(void **state)
{
    struct buffer buffer = {0};
    (void)state;

    buffer_done(NULL);
    buffer_done(&buffer);
    buffer_done(&buffer);
    assert_null(buffer.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(additions_follow_each_other),
        cmocka_unit_test(the_maximum_is_exact),
        cmocka_unit_test(an_addition_is_whole_or_not_at_all),
        cmocka_unit_test(bytes_may_be_anything),
        cmocka_unit_test(done_forgives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

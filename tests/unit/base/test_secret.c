/* A secret is copied, replaced and wiped. */
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void a_secret_is_copied(void **state)
{
    char source[] = "hush";
    struct secret secret;
    (void)state;

    secret_init(&secret);
    assert_false(secret_is_set(&secret));
    secret_set(&secret, source, 4);
    secret_wipe(source, sizeof(source));
    assert_true(secret_is_set(&secret));
    assert_int_equal(secret.length, 4);
    assert_string_equal(secret.bytes, "hush");
    secret_done(&secret);
    assert_false(secret_is_set(&secret));
    assert_null(secret.bytes);
}

static void it_may_be_replaced_by_a_part_of_itself(void **state)
{
    struct secret secret;
    (void)state;

    secret_init(&secret);
    secret_set(&secret, "  padded\n", 9);
    secret_set(&secret, secret.bytes + 2, 6);
    assert_string_equal(secret.bytes, "padded");
    secret_set(&secret, "", 0);
    assert_false(secret_is_set(&secret));
    secret_done(&secret);
    secret_done(&secret);
    secret_done(NULL);
}

static void wiping_leaves_nothing(void **state)
{
    char bytes[] = "secret and beyond";
    (void)state;

    secret_wipe(bytes, 6);
    assert_memory_equal(bytes, "\0\0\0\0\0\0 and beyond", sizeof(bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_copied),
        cmocka_unit_test(it_may_be_replaced_by_a_part_of_itself),
        cmocka_unit_test(wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Allocations that cannot fail, and the one place where they do. */
#include "base/memory.h"
#include "captured.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>

static void memory_comes_zeroed(void **state)
{
    char *block = memory_alloc(1000);
    (void)state;

    memset(block, 'x', 1000);
    free(block);
    block = memory_alloc(1000); /* most likely the same bytes again */
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(block[i], 0);
    free(block);
}

static void nothing_is_an_allocation_too(void **state)
{
    void *block = memory_alloc(0);
    (void)state;

    assert_non_null(block);
    block = memory_grow(block, 0, 8);
    assert_non_null(block);
    free(block);
}

static void growing_keeps_the_content(void **state)
{
    int *numbers = NULL;
    (void)state;

    for (int i = 0; i < 1000; i++) {
        numbers = memory_grow(numbers, (size_t)i + 1, sizeof(*numbers));
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    free(numbers);
}

static void texts_are_copied(void **state)
{
    char *whole = memory_string("roster");
    char *part = memory_string_n("roster", 3);
    char *made = memory_format("%d %s", 3, "members");
    (void)state;

    assert_string_equal(whole, "roster");
    assert_string_equal(part, "ros");
    assert_string_equal(made, "3 members");
    assert_null(memory_string(NULL));
    free(whole);
    free(part);
    free(made);
}

static volatile size_t too_much = SIZE_MAX / 4;

static void grow_too_much(void)
{
    free(memory_grow(NULL, SIZE_MAX, too_much));
}

static void take_too_much(void)
{
    free(memory_array(too_much, 1));
}

static void resize_too_much(void)
{
    free(memory_resize(NULL, too_much));
}

static void let_openssl_take_too_much(void)
{
    memory_serve_openssl();
    OPENSSL_free(OPENSSL_malloc(too_much));
}

static void assert_aborts(void (*act)(void), const char *words)
{
    char text[200];

    assert_int_equal(captured_death(act, text, sizeof(text)), SIGABRT);
    assert_non_null(strstr(text, words));
}

static void a_heap_that_is_gone_aborts(void **state)
{
    (void)state;

#ifdef __SANITIZE_ADDRESS__
    skip(); /* AddressSanitizer ends the process before the C library can answer NULL */
#endif
    assert_aborts(grow_too_much, "out of memory");
    assert_aborts(take_too_much, "out of memory");
    assert_aborts(resize_too_much, "out of memory");
    assert_aborts(let_openssl_take_too_much, "out of memory");
}

static void resizing_and_arrays_are_as_the_c_library_has_them(void **state)
{
    char *block = memory_array(10, 10);
    (void)state;

    for (size_t i = 0; i < 100; i++)
        assert_int_equal(block[i], 0);
    memset(block, 'x', 100);
    block = memory_resize(block, 10000);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(block[i], 'x');
    block = memory_resize(block, 0);
    assert_non_null(block);
    free(block);
    block = memory_array(0, 8);
    assert_non_null(block);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_zeroed),
        cmocka_unit_test(nothing_is_an_allocation_too),
        cmocka_unit_test(growing_keeps_the_content),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(a_heap_that_is_gone_aborts),
        cmocka_unit_test(resizing_and_arrays_are_as_the_c_library_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

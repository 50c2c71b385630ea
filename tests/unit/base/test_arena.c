/* Memory given back all at once. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void pieces_are_apart_aligned_and_zeroed(void **state)
{
    struct arena arena;
    unsigned char *pieces[500];
    (void)state;

    arena_init(&arena);
    for (int round = 0; round < 3; round++) { /* the later rounds find used memory */
        for (size_t i = 0; i < 500; i++) {
            pieces[i] = arena_alloc(&arena, i);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            for (size_t at = 0; at < i; at++)
                assert_int_equal(pieces[i][at], 0);
            memset(pieces[i], (int)(i % 251) + 1, i);
        }
        for (size_t i = 0; i < 500; i++)
            for (size_t at = 0; at < i; at++)
                assert_int_equal(pieces[i][at], i % 251 + 1);
        arena_clear(&arena);
    }
    arena_done(&arena);
}

static void a_piece_may_be_larger_than_any_block(void **state)
{
    struct arena arena;
    (void)state;

    arena_init(&arena);
    char *before = arena_copy(&arena, "before", 6);
    memset(arena_alloc(&arena, 1000000), 'x', 1000000);
    char *after = arena_copy(&arena, "afterwards", 5);
    assert_string_equal(before, "before");
    assert_string_equal(after, "after");
    arena_done(&arena);
}

static void copies_end_with_a_nul_and_may_hold_some(void **state)
{
    struct arena arena;
    (void)state;

    arena_init(&arena);
    assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 4);
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
    arena_done(&arena);
}

static void clearing_reuses_the_memory(void **state)
{
    struct arena arena;
    (void)state;

    arena_init(&arena);
    arena_clear(&arena); /* of an empty one: nothing happens */
    void *first = arena_alloc(&arena, 100);
    memset(first, 'x', 100);
    arena_clear(&arena);
    char *copy = arena_copy(&arena, "anew", 4);
    assert_ptr_equal(copy, first);
    assert_string_equal(copy, "anew");
    arena_done(&arena);
    arena_done(&arena);
    arena_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_apart_aligned_and_zeroed),
        cmocka_unit_test(a_piece_may_be_larger_than_any_block),
        cmocka_unit_test(copies_end_with_a_nul_and_may_hold_some),
        cmocka_unit_test(clearing_reuses_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

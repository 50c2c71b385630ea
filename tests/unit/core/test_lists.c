/*
 * Lists of ids and digests: they grow, are emptied and used again.
 */
#include "core/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MANY 1000 /* several times the first capacity */

static struct uuid an_id(uint32_t number)
{
    struct uuid id = {.bytes = {0}};

    memcpy(id.bytes, &number, sizeof(number));
    return id;
}

static struct digest a_digest(uint32_t number)
{
    struct digest digest = {.bytes = {0}};

    memcpy(digest.bytes, &number, sizeof(number));
    return digest;
}

static void add_ids(struct id_list *list, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        struct uuid id = an_id(i);
        id_list_add(list, &id);
    }
}

static void assert_ids(const struct id_list *list, uint32_t from, uint32_t to)
{
    assert_int_equal(list->count, to - from);
    for (uint32_t i = 0; i < to - from; i++) {
        struct uuid id = an_id(from + i);
        assert_memory_equal(&list->ids[i], &id, sizeof(id));
    }
}

static void test_ids_keep_their_order(void **state)
{
    struct id_list list = {0};

    (void)state;
    add_ids(&list, 0, MANY);
    assert_ids(&list, 0, MANY);
    id_list_done(&list);
    assert_null(list.ids);
}

static void test_an_emptied_list_starts_again(void **state)
{
    struct id_list list = {0};

    (void)state;
    add_ids(&list, 0, 20);
    id_list_clear(&list);
    assert_ids(&list, 0, 0);
    add_ids(&list, 7, 50);
    assert_ids(&list, 7, 50);
    id_list_done(&list);
    id_list_done(&list); /* an empty one, again */
}

static void test_another_list_is_appended(void **state)
{
    struct id_list list = {0}, others = {0}, none = {0};

    (void)state;
    add_ids(&list, 0, 5);
    add_ids(&others, 5, 40);
    id_list_append(&list, &others);
    id_list_append(&list, &none);
    assert_ids(&list, 0, 40);
    assert_ids(&others, 5, 40);
    id_list_append(&list, &others); /* it has them all */
    assert_ids(&list, 0, 40);
    id_list_done(&list);
    id_list_done(&others);
}

static void test_an_id_is_found(void **state)
{
    struct id_list list = {0};
    struct uuid first = an_id(0), last = an_id(19), missing = an_id(20);

    (void)state;
    assert_false(id_list_has(&list, &last));
    add_ids(&list, 10, 20);
    assert_true(id_list_has(&list, &last));
    assert_false(id_list_has(&list, &first));
    add_ids(&list, 0, 10); /* after a look, and out of order */
    assert_true(id_list_has(&list, &first));
    assert_false(id_list_has(&list, &missing));
    id_list_done(&list);
}

static void test_a_digest_is_found(void **state)
{
    struct digest_list list = {0};
    struct digest digest = a_digest(0), missing = a_digest(MANY);

    (void)state;
    assert_false(digest_list_has(&list, &digest));
    for (uint32_t i = 0; i < MANY; i++) {
        digest = a_digest(i);
        digest_list_add(&list, &digest);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        digest = a_digest(i);
        assert_true(digest_list_has(&list, &digest));
    }
    assert_false(digest_list_has(&list, &missing));
    digest_list_clear(&list);
    assert_false(digest_list_has(&list, &digest));
    digest_list_done(&list);
    assert_null(list.digests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_keep_their_order),     cmocka_unit_test(test_an_emptied_list_starts_again),
        cmocka_unit_test(test_another_list_is_appended), cmocka_unit_test(test_an_id_is_found),
        cmocka_unit_test(test_a_digest_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

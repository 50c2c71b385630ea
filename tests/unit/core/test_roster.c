/* Members are recognised in any order, newcomers wait until they are kept, removal disturbs nobody else. */
#include "core/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Member n, and the digest of revision r of its slice (0: not known). */
static struct uuid id(uint32_t n)
{
    struct uuid user_id = {{0}};
    memcpy(user_id.bytes + 8, &n, sizeof(n));
    return user_id;
}

static struct digest digest(uint32_t n, uint32_t revision)
{
    struct digest value = {{0}};
    if (revision > 0) {
        memcpy(value.bytes, &n, sizeof(n));
        memcpy(value.bytes + 8, &revision, sizeof(revision));
    }
    return value;
}

static void add(struct roster *roster, uint32_t n, uint32_t revision)
{
    struct uuid user_id = id(n);
    struct digest value = digest(n, revision);
    assert_true(roster_add(roster, &user_id, &value));
}

static uint32_t find(const struct roster *roster, uint32_t n)
{
    struct uuid user_id = id(n);
    return roster_find(roster, &user_id);
}

static void remove_member(struct roster *roster, uint32_t n)
{
    struct uuid user_id = id(n);
    roster_remove(roster, &user_id);
}

static uint32_t add_pending(struct roster *roster, uint32_t n, uint32_t revision)
{
    struct uuid user_id = id(n);
    struct digest value = digest(n, revision);
    return roster_add_pending(roster, &user_id, &value);
}

/* Recognition of a slice that has the member's id in it. */
static uint32_t recognise(struct roster *roster, uint32_t n, uint32_t revision)
{
    struct uuid user_id = id(n);
    struct digest value = digest(n, revision);
    char slice[64], text[UUID_TEXT_LENGTH + 1];

    uuid_format(&user_id, text);
    int length = snprintf(slice, sizeof(slice), "{\"id\":\"%s\"}", text);
    return roster_recognise(roster, &value, slice, (size_t)length);
}

/* Recognition of a slice without an id: only the order can tell who it is. */
static uint32_t recognise_by_order(struct roster *roster, uint32_t n, uint32_t revision)
{
    struct digest value = digest(n, revision);
    return roster_recognise(roster, &value, "?", 1);
}

/* Members 0 to count - 1, each in its first revision, and a poll begun. */
static struct roster *roster_of(uint32_t count)
{
    struct roster *roster = roster_new();

    for (uint32_t n = 0; n < count; n++)
        add(roster, n, 1);
    roster_begin(roster);
    return roster;
}

static void assert_order(const struct roster *roster, const uint32_t *members, uint32_t count)
{
    uint32_t entry = roster_next_unseen(roster, 0);

    assert_int_equal(roster_count(roster), count);
    for (uint32_t i = 0; i < count; i++) {
        struct uuid user_id = id(members[i]);
        assert_int_not_equal(entry, ROSTER_NONE);
        assert_true(uuid_equal(roster_id(roster, entry), &user_id));
        entry = roster_next_unseen(roster, entry + 1);
    }
    assert_int_equal(entry, ROSTER_NONE);
}

static void members_are_found(void **state)
{
    struct roster *roster = roster_new();
    struct uuid user_id = id(7);
    struct digest value = digest(7, 2);
    (void)state;

    assert_int_equal(roster_count(roster), 0);
    assert_int_equal(find(roster, 7), ROSTER_NONE);
    add(roster, 7, 1);
    add(roster, 8, 0);
    assert_false(roster_add(roster, &user_id, &value));
    assert_int_equal(roster_count(roster), 2);
    value = digest(7, 1);
    assert_true(digest_equal(roster_digest(roster, find(roster, 7)), &value));
    assert_true(digest_is_zero(roster_digest(roster, find(roster, 8))));
    assert_true(uuid_equal(roster_id(roster, find(roster, 7)), &user_id));
    roster_free(roster);
    roster_free(NULL);
}

/* As long as the order holds, not even the id is read. */
static void the_expected_order_needs_no_ids(void **state)
{
    struct roster *roster = roster_of(1000);
    (void)state;

    for (uint32_t n = 0; n < 1000; n++) {
        uint32_t entry = recognise_by_order(roster, n, 1);
        assert_int_equal(entry, find(roster, n));
        roster_mark_seen(roster, entry);
    }
    assert_int_equal(recognise_by_order(roster, 0, 1), ROSTER_NONE);
    assert_int_equal(roster_unseen(roster), 0);
    roster_free(roster);
}

static void a_broken_order_is_found_again_by_id(void **state)
{
    static const uint32_t order[] = {3, 4, 0, 5, 2, 1};
    struct roster *roster = roster_of(6);
    (void)state;

    for (size_t i = 0; i < 6; i++) {
        uint32_t entry = recognise(roster, order[i], 1);
        assert_int_equal(entry, find(roster, order[i]));
        roster_mark_seen(roster, entry);
    }
    roster_free(roster);
}

/* The order of one poll is expected in the next one, wherever the entries stand. */
static void a_new_order_is_learned(void **state)
{
    static const uint32_t order[] = {3, 4, 0, 5, 2, 1};
    struct roster *roster = roster_of(6);
    (void)state;

    for (int poll = 0; poll < 3; poll++) {
        roster_begin(roster);
        for (size_t i = 0; i < 6; i++) {
            uint32_t entry = poll == 0 ? recognise(roster, order[i], 1)
                                       : recognise_by_order(roster, order[i], 1);
            assert_int_not_equal(entry, ROSTER_NONE);
            roster_mark_seen(roster, entry);
        }
    }
    roster_free(roster);
}

static void another_digest_is_not_recognised(void **state)
{
    struct roster *roster = roster_of(3);
    (void)state;

    add(roster, 3, 0);
    roster_begin(roster);
    assert_int_equal(recognise(roster, 0, 2), ROSTER_NONE); /* changed */
    assert_int_equal(recognise(roster, 1, 2), ROSTER_NONE);
    assert_int_equal(recognise(roster, 3, 1), ROSTER_NONE); /* not known */
    assert_int_equal(recognise(roster, 9, 1), ROSTER_NONE); /* a newcomer */
    roster_mark_seen(roster, find(roster, 0));
    assert_int_equal(recognise_by_order(roster, 1, 1), find(roster, 1)); /* in step again */
    roster_free(roster);
}

static void the_unseen_are_listed_in_order(void **state)
{
    struct roster *roster = roster_of(200);
    static const uint32_t missing[] = {0, 63, 64, 65, 127, 128, 199};
    uint32_t next = 0;
    (void)state;

    for (uint32_t n = 0; n < 200; n++) {
        if (next < 7 && missing[next] == n)
            next++;
        else
            roster_mark_seen(roster, find(roster, n));
    }
    assert_int_equal(roster_unseen(roster), 7);
    roster_mark_seen(roster, find(roster, 1)); /* a second mark counts nothing */
    assert_int_equal(roster_unseen(roster), 7);
    for (uint32_t i = 0, entry = 0; i < 7; i++, entry++) {
        entry = roster_next_unseen(roster, entry);
        assert_int_equal(entry, find(roster, missing[i]));
        assert_false(roster_is_seen(roster, entry));
    }
    assert_int_equal(roster_next_unseen(roster, 200), ROSTER_NONE);
    roster_free(roster);
}

static void marks_last_for_one_poll(void **state)
{
    struct roster *roster = roster_of(2);
    uint32_t entry = find(roster, 1);
    (void)state;

    roster_mark_differing(roster, entry);
    assert_true(roster_is_seen(roster, entry));
    assert_true(roster_is_differing(roster, entry));
    assert_false(roster_is_differing(roster, find(roster, 0)));
    assert_int_equal(roster_unseen(roster), 1);
    roster_begin(roster);
    assert_false(roster_is_seen(roster, entry));
    assert_false(roster_is_differing(roster, entry));
    assert_int_equal(roster_unseen(roster), 2);
    roster_free(roster);
}

static void newcomers_wait_to_be_kept(void **state)
{
    static const uint32_t all[] = {0, 1, 2, 10, 12};
    struct roster *roster = roster_of(3);
    (void)state;

    uint32_t entry = add_pending(roster, 10, 1);
    assert_int_equal(find(roster, 10), entry);
    assert_true(roster_is_seen(roster, entry));
    assert_int_equal(recognise(roster, 10, 1), entry);
    assert_int_equal(roster_count(roster), 4);
    assert_int_equal(roster_unseen(roster), 3);
    roster_begin(roster); /* that poll failed */
    assert_int_equal(find(roster, 10), ROSTER_NONE);
    assert_int_equal(roster_count(roster), 3);

    add_pending(roster, 10, 1);
    add_pending(roster, 11, 1);
    add_pending(roster, 12, 1);
    remove_member(roster, 11);
    roster_keep(roster);
    roster_begin(roster);
    assert_order(roster, all, 5);
    roster_free(roster);
}

static void dropped_newcomers_leave_no_trace(void **state)
{
    static const uint32_t all[] = {0, 1, 2, 3};
    struct roster *roster = roster_of(3);
    (void)state;

    add_pending(roster, 10, 1);
    add_pending(roster, 11, 1);
    remove_member(roster, 10);
    roster_begin(roster);
    assert_int_equal(roster_unseen(roster), 3);
    add(roster, 3, 1); /* takes the place of the one that was removed */
    assert_int_equal(roster_unseen(roster), 4);
    assert_order(roster, all, 4);
    roster_free(roster);
}

static void digests_are_replaced(void **state)
{
    struct roster *roster = roster_of(2);
    struct uuid known = id(1), unknown = id(5);
    struct digest value = digest(1, 9);
    (void)state;

    roster_set(roster, &known, &value);
    assert_int_equal(recognise(roster, 1, 1), ROSTER_NONE);
    assert_int_equal(recognise(roster, 1, 9), find(roster, 1));
    roster_set(roster, &unknown, &value);
    assert_int_equal(roster_count(roster), 3);
    value = digest(0, 9);
    roster_replace_digest(roster, find(roster, 0), &value);
    assert_int_equal(recognise(roster, 0, 9), find(roster, 0));
    roster_free(roster);
}

static void removal_disturbs_nobody(void **state)
{
    static const uint32_t left[] = {0, 2, 3, 4, 5, 6, 7, 8, 9};
    struct roster *roster = roster_of(10);
    uint32_t entry = find(roster, 9);
    (void)state;

    roster_mark_seen(roster, find(roster, 0));
    remove_member(roster, 1);
    remove_member(roster, 1);
    remove_member(roster, 77);
    assert_int_equal(roster_count(roster), 9);
    assert_int_equal(roster_unseen(roster), 8);
    assert_int_equal(find(roster, 1), ROSTER_NONE);
    assert_int_equal(find(roster, 9), entry);
    assert_int_equal(recognise_by_order(roster, 1, 1), ROSTER_NONE);
    roster_begin(roster);
    assert_order(roster, left, 9);
    remove_member(roster, 0);
    add(roster, 1, 1); /* comes back, behind the others */
    assert_int_equal(find(roster, 1), 10);
    roster_free(roster);
}

/* Many holes are closed when the next poll begins. */
static void holes_are_closed(void **state)
{
    struct roster *roster = roster_of(1000);
    (void)state;

    for (uint32_t n = 0; n < 1000; n += 2)
        remove_member(roster, n);
    roster_begin(roster);
    assert_int_equal(roster_count(roster), 500);
    assert_int_equal(roster_unseen(roster), 500);
    for (uint32_t n = 1; n < 1000; n += 2) {
        assert_int_equal(find(roster, n), n / 2);
        assert_int_equal(find(roster, n - 1), ROSTER_NONE);
        uint32_t entry = recognise_by_order(roster, n, 1);
        assert_int_equal(entry, n / 2);
        roster_mark_seen(roster, entry);
    }
    for (uint32_t n = 1; n < 1000; n += 2)
        remove_member(roster, n);
    roster_begin(roster);
    assert_int_equal(roster_count(roster), 0);
    assert_int_equal(roster_next_unseen(roster, 0), ROSTER_NONE);
    roster_free(roster);
}

/* --- against a model ---------------------------------------------------------------------------------------------- */

#define PEOPLE 300

/* What the roster should hold: revision 0 means not there. */
struct model {
    uint32_t revision[PEOPLE];
    bool pending[PEOPLE], seen[PEOPLE];
    uint64_t seed;
};

static uint32_t chance(struct model *model, uint32_t limit)
{
    model->seed = model->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(model->seed >> 33) % limit;
}

static void model_begin(struct model *model, struct roster *roster)
{
    roster_begin(roster);
    for (uint32_t n = 0; n < PEOPLE; n++) {
        if (model->pending[n])
            model->revision[n] = 0;
        model->pending[n] = model->seen[n] = false;
    }
}

static void model_keep(struct model *model, struct roster *roster)
{
    roster_keep(roster);
    memset(model->pending, 0, sizeof(model->pending));
}

/* A slice arrives. */
static void model_meet(struct model *model, struct roster *roster, uint32_t n)
{
    if (model->revision[n] == 0) {
        model->revision[n] = 1 + chance(model, 3);
        model->pending[n] = true;
        add_pending(roster, n, model->revision[n]);
    } else {
        uint32_t entry = recognise(roster, n, model->revision[n]);
        assert_int_not_equal(entry, ROSTER_NONE);
        roster_mark_seen(roster, entry);
    }
    model->seen[n] = true;
}

static void model_store(struct model *model, struct roster *roster, uint32_t n)
{
    struct uuid user_id = id(n);

    model->revision[n] = chance(model, 2) ? 1 + chance(model, 3) : 0;
    struct digest value = digest(n, model->revision[n]);
    if (model->revision[n] == 0) {
        model->pending[n] = model->seen[n] = false;
        roster_remove(roster, &user_id);
    } else {
        roster_set(roster, &user_id, &value);
    }
}

static void model_check(const struct model *model, struct roster *roster)
{
    uint32_t count = 0, unseen = 0, listed = 0;

    for (uint32_t n = 0; n < PEOPLE; n++) {
        uint32_t entry = find(roster, n);
        assert_int_equal(entry != ROSTER_NONE, model->revision[n] != 0);
        if (model->revision[n] == 0)
            continue;
        struct digest value = digest(n, model->revision[n]);
        assert_true(digest_equal(roster_digest(roster, entry), &value));
        assert_int_equal(roster_is_seen(roster, entry), model->seen[n]);
        count++;
        unseen += !model->seen[n];
    }
    assert_int_equal(roster_count(roster), count);
    assert_int_equal(roster_unseen(roster), unseen);
    for (uint32_t entry = 0; (entry = roster_next_unseen(roster, entry)) != ROSTER_NONE; entry++)
        listed++;
    assert_int_equal(listed, unseen);
}

static void a_random_history_agrees_with_a_model(void **state)
{
    static struct model model;
    struct roster *roster = roster_new();
    (void)state;

    model.seed = 4711;
    for (int poll = 0; poll < 300; poll++) {
        model_begin(&model, roster);
        for (uint32_t slices = chance(&model, PEOPLE); slices > 0; slices--)
            model_meet(&model, roster, chance(&model, PEOPLE));
        model_check(&model, roster);
        if (chance(&model, 3) == 0)
            continue; /* failed */
        model_keep(&model, roster);
        for (uint32_t stores = chance(&model, 40); stores > 0; stores--)
            model_store(&model, roster, chance(&model, PEOPLE));
        model_check(&model, roster);
    }
    roster_free(roster);
}

/* --- size --------------------------------------------------------------------------------------------------------- */

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* As glibc's allocator counts it; another one (a sanitizer's) counts nothing here. */
static void a_million_members_take_less_than_60_mib(void **state)
{
    size_t before = allocated(), most = 0;
    struct roster *roster = roster_new();
    (void)state;

    for (uint32_t n = 0; n < 1060000; n++) {
        add(roster, n, 1);
        if (n % 1000 == 0 && allocated() > most)
            most = allocated();
    }
    assert_in_range(most, 0, before + ((size_t)60 << 20));
    roster_free(roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_found),
        cmocka_unit_test(the_expected_order_needs_no_ids),
        cmocka_unit_test(a_broken_order_is_found_again_by_id),
        cmocka_unit_test(a_new_order_is_learned),
        cmocka_unit_test(another_digest_is_not_recognised),
        cmocka_unit_test(the_unseen_are_listed_in_order),
        cmocka_unit_test(marks_last_for_one_poll),
        cmocka_unit_test(newcomers_wait_to_be_kept),
        cmocka_unit_test(dropped_newcomers_leave_no_trace),
        cmocka_unit_test(digests_are_replaced),
        cmocka_unit_test(removal_disturbs_nobody),
        cmocka_unit_test(holes_are_closed),
        cmocka_unit_test(a_random_history_agrees_with_a_model),
        cmocka_unit_test(a_million_members_take_less_than_60_mib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What the guards are told of the past.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/hold_desk.h"

static struct hold_past read_past(struct desk *desk, int64_t since, const struct uuid *own_user)
{
    struct hold_past past = {0};

    store_read_guard(desk->store, since, own_user, &past, desk_on_reply, desk);
    assert_result(STORE_DONE, desk_result(desk));
    return past;
}

static void test_there_is_no_past(void **state)
{
    const struct hold_past nothing = {0};
    struct desk desk;

    (void)state;
    desk_open(&desk);
    const struct uuid own = user_id(0);
    const struct hold_past past = read_past(&desk, FIRST_ASKED, &own);
    assert_memory_equal(&past, &nothing, sizeof(past));
    desk_close(&desk);
}

static void test_sets_and_their_members(void **state)
{
    const struct uuid first = user_id(0), second = user_id(1), flagless = user_id(3);
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    int64_t answered = desk.poll.answered;
    hold_removals(&desk, 'A', 2);
    stand(&desk, GUARD_VANISHED_FLAGS, 'F', "flags are missing");
    hold_vanished_flag(&desk, 3, "{\"flag_member\":null}");
    stand(&desk, GUARD_CONTESTED_REMOVALS, 'C', "they are still found");
    desk_cycle(&desk, 4);
    decide("rejected", "vanished_flags", 'F');
    int64_t approval = decide("approved", "removals", 'A');
    assert_result(STORE_DONE, desk_load(&desk, false));
    assert_true(desk.organization.holds_stand);

    struct hold_past past = read_past(&desk, FIRST_ASKED, NULL);
    const struct hold_set *removals = &past.sets[GUARD_REMOVALS], *flags = &past.sets[GUARD_VANISHED_FLAGS];
    assert_true(removals->stands && removals->decision == HOLD_APPROVED && removals->approval_id == approval);
    assert_true(removals->digest[0] == 'A' && removals->digest[SHA256_SIZE - 1] == 'A');
    assert_true(flags->stands && flags->decision == HOLD_REJECTED);
    assert_false(past.sets[GUARD_CONTESTED_REMOVALS].stands);
    assert_int_equal(past.count, 3);
    const struct hold *hold = hold_past_find(&past, GUARD_REMOVALS, &second);
    assert_int_equal(hold->observed_at, answered);
    assert_int_equal(hold->observed_after, answered - SECOND_US - MINUTE_US);
    assert_non_null(hold_past_find(&past, GUARD_REMOVALS, &first));
    assert_non_null(hold_past_find(&past, GUARD_VANISHED_FLAGS, &flagless));
    hold_past_done(&past);
    desk_close(&desk);
}

static void test_only_open_decisions_count(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 1);
    desk_cycle(&desk, 4);
    decide("approved", "removals", 'A');
    decide("approved", "removals", 'B');
    server_run(
        &server,
        "UPDATE rollcall.approval SET settled_at = now(), outcome = 'superseded' WHERE approval_id = 1");
    struct hold_past past = read_past(&desk, FIRST_ASKED, NULL);
    assert_true(past.sets[GUARD_REMOVALS].stands);
    assert_int_equal(past.sets[GUARD_REMOVALS].decision, HOLD_UNDECIDED);
    hold_past_done(&past);

    server_run(&server, "UPDATE rollcall.held_change SET resolved_at = now(), resolution = 'withdrawn'");
    past = read_past(&desk, FIRST_ASKED, NULL);
    assert_false(past.sets[GUARD_REMOVALS].stands);
    assert_int_equal(past.count, 0);
    assert_result(STORE_DONE, desk_load(&desk, false));
    assert_false(desk.organization.holds_stand);
    desk_close(&desk);
}

static uint32_t removed_since(struct desk *desk, int64_t since)
{
    return read_past(desk, since, NULL).removed_lately; /* nothing is held: there is nothing to free */
}

static void test_removals_of_the_last_day(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 9);
    int64_t answered = desk.poll.answered;
    remove_member(&desk, 0);
    desk_cycle(&desk, 8);
    for (int number = 1; number < 6; number++)
        remove_member(&desk, number);
    desk.set.counts.removed_by_approval = 3;
    desk_cycle(&desk, 3);
    server_run(
        &server,
        "INSERT INTO rollcall.cycle (cycle_uuid, organization_id, source, asked_at, answered_at, outcome, "
        "removed) SELECT gen_random_uuid(), 'other', 'default', asked_at, answered_at, 'changed', 100 "
        "FROM rollcall.cycle");

    assert_int_equal(removed_since(&desk, answered - 1), 3);
    assert_int_equal(removed_since(&desk, answered), 2);
    assert_int_equal(removed_since(&desk, answered + MINUTE_US), 0);
    assert_int_equal(removed_since(&desk, answered - 25 * 60 * MINUTE_US), 3);
    desk_close(&desk);
}

enum ownership { NEVER, WAS, IS };

static enum ownership ownership_of(struct desk *desk, int number)
{
    const struct uuid own = user_id(number);
    const struct hold_past past = read_past(desk, FIRST_ASKED, &own); /* nothing is held, as above */

    assert_false(past.own_is_owner && !past.own_was_owner);
    return past.own_is_owner ? IS : past.own_was_owner ? WAS : NEVER;
}

static void test_whether_the_tokens_user_owns(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    assert_result(STORE_DONE, desk_load(&desk, false));
    for (int number = 0; number < 4; number++) {
        struct member_row row = some_member(&desk, number);

        row.member.fields[FIELD_FLAG_OWN] = flag_value(number < 3);
        add_insert(&desk, &row);
        add_change(&desk, CHANGE_BASELINE, &row);
    }
    desk_cycle(&desk, 4);
    assert_int_equal(ownership_of(&desk, 1), IS);

    struct member_row demoted = some_member(&desk, 1), left = some_member(&desk, 2);
    add_update(&desk, &demoted);
    demoted.member.fields[FIELD_FLAG_OWN] = flag_value(true);
    add_change(&desk, CHANGE_ROLE_CHANGED, &demoted); /* its image stands for the old values */
    left.member.fields[FIELD_FLAG_OWN] = flag_value(true);
    left.removed_at = desk.poll.answered;
    add_update(&desk, &left);
    add_change(&desk, CHANGE_LEFT, &left);
    desk_cycle(&desk, 3);
    static const enum ownership expected[] = {IS, WAS, WAS, NEVER, NEVER};
    for (int number = 0; number < 5; number++)
        assert_int_equal(ownership_of(&desk, number), expected[number]);
    desk_close(&desk);
}

static void test_a_hold_that_nobody_knows(void **state)
{
    struct hold_past past = {0};
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 1);
    desk_cycle(&desk, 4);
    server_run(&server, "ALTER TABLE rollcall.held_change DROP CONSTRAINT held_change_class; "
                        "UPDATE rollcall.held_change SET class = 'whims'");
    store_read_guard(desk.store, FIRST_ASKED, NULL, &past, desk_on_reply, &desk);
    assert_result(STORE_FAILED, desk_result(&desk));
    assert_int_equal(desk.reply.error.class, ERROR_CONFIG);
    hold_past_done(&past);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_is_no_past),
        TEST(test_sets_and_their_members),
        TEST(test_only_open_decisions_count),
        TEST(test_removals_of_the_last_day),
        TEST(test_whether_the_tokens_user_owns),
        TEST(test_a_hold_that_nobody_knows), /* the last one: it spoils the table's constraint */
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

/*
 * Holds in the tables: sets that are found, stand, change and go, and the decisions about them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/hold_desk.h"

#include <time.h>

/* --- what the tables hold ----------------------------------------------------------------------------------------- */

#define HELD                                                                                                 \
    "SELECT string_agg(concat_ws(' ', email, left(convert_from(set_digest, 'UTF8'), 1), first_cycle_id, "    \
    "to_char(held_change.observed_at, 'HH24:MI'), to_char(resolved_at, 'HH24:MI'), resolution), ', ' "       \
    "ORDER BY email, held_id) FROM rollcall.held_change JOIN rollcall.member USING (user_id)"

#define APPROVALS                                                                                                \
    "SELECT string_agg(concat_ws(' ', left(convert_from(set_digest, 'UTF8'), 1), decision, outcome, cycle_id), " \
    "', ' ORDER BY approval_id) FROM rollcall.approval"

/* Where the rows are, and which transactions wrote them. */
#define VERSIONS "SELECT string_agg(concat(ctid, xmin, xmax), ' ') FROM rollcall.held_change"

static void test_a_set_that_is_new(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    desk_cycle(&desk, 4);

    assert_value("user0@example.com A 2 03:05, user1@example.com A 2 03:05", HELD);
    assert_value(
        "(removals,\"half of all are missing\",\"{\"\"email\"\": \"\"user@example.com\"\", \"\"flag_own\"\": "
        "false}\",,\"2026-01-02 03:04:05+00\")",
        "SELECT DISTINCT (class, reason, old_values, new_values, observed_after) FROM rollcall.held_change");
    assert_value("(2,0)", "SELECT (held, removed_by_approval) FROM rollcall.cycle WHERE cycle_id = 2");
    assert_true(desk.organization.holds_stand);
    assert_number(4, "SELECT count(*) FROM rollcall.current_member");
    desk_close(&desk);
}

static void test_a_set_that_stands_is_not_written(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    desk_cycle(&desk, 4);
    const char *before = server_value(&server, VERSIONS);

    stand(&desk, GUARD_REMOVALS, 'A', "half of all are missing");
    desk.set.holds[GUARD_REMOVALS].known = true;
    desk.set.holds_changed = false;
    desk.set.counts.held = 2;
    remove_member(&desk, 3); /* what is in doubt does not keep the rest from going on */
    desk_cycle(&desk, 3);
    assert_value(before, VERSIONS);
    assert_true(desk.organization.holds_stand);
    assert_int_equal(store_written_owners(desk.store), -1);
    desk_close(&desk);
}

static void test_a_set_that_changes(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    desk_cycle(&desk, 4);

    stand(&desk, GUARD_REMOVALS, 'B', "others are missing");
    hold_removal(&desk, 1);
    hold_removal(&desk, 2);
    desk_cycle(&desk, 4);
    assert_value("user0@example.com A 2 03:05 03:06 withdrawn, user1@example.com B 2 03:05, "
                 "user2@example.com B 3 03:06",
                 HELD);
    assert_value("others are missing",
                 "SELECT DISTINCT reason FROM rollcall.held_change WHERE resolved_at IS NULL");
    desk_close(&desk);
}

static void test_another_change_of_a_held_member_was_shown_later(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    stand(&desk, GUARD_VANISHED_FLAGS, 'A', "flags are missing");
    hold_vanished_flag(&desk, 0, "{\"flag_member\":null}");
    hold_vanished_flag(&desk, 1, "{\"flag_member\":null}");
    desk_cycle(&desk, 4);

    stand(&desk, GUARD_VANISHED_FLAGS, 'B', "flags are missing");
    hold_vanished_flag(&desk, 0, "{\"flag_member\":null}");
    hold_vanished_flag(&desk, 1, "{\"flag_member\":null,\"flag_own\":null}");
    desk_cycle(&desk, 4);
    assert_value("user0@example.com B 2 03:05, user1@example.com B 2 03:06", HELD);
    assert_value("2026-01-02 03:04:05+00", "SELECT DISTINCT observed_after FROM rollcall.held_change");
    desk_close(&desk);
}

static void test_a_set_that_is_withdrawn(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    stand(&desk, GUARD_VANISHED_FLAGS, 'F', "flags are missing");
    hold_vanished_flag(&desk, 3, "{\"flag_member\":null}");
    desk_cycle(&desk, 4);

    stand(&desk, GUARD_VANISHED_FLAGS, 'F', "flags are missing");
    desk.set.counts.held = 1;
    desk_cycle(&desk, 4);
    assert_value("user0@example.com A 2 03:05 03:06 withdrawn, user1@example.com A 2 03:05 03:06 withdrawn, "
                 "user3@example.com F 2 03:05",
                 HELD);
    assert_true(desk.organization.holds_stand);

    desk.set.holds_changed = true;
    desk_cycle(&desk, 4);
    assert_number(0, "SELECT count(*) FROM rollcall.held");
    assert_false(desk.organization.holds_stand);
    desk_close(&desk);
}

static void test_the_same_member_is_held_again(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 1);
    desk_cycle(&desk, 4);
    apply_approved(&desk, GUARD_REMOVALS, decide("approved", "removals", 'A'));
    remove_member(&desk, 0);
    desk_cycle(&desk, 3);
    hold_removals(&desk, 'A', 1);
    desk_cycle(&desk, 4);
    desk.set.holds_changed = true;
    desk_cycle(&desk, 4);
    assert_value("user0@example.com A 2 03:05 03:06 applied, user0@example.com A 4 03:07 03:08 withdrawn",
                 HELD);
    assert_value("A approved applied 3", APPROVALS);
    desk_close(&desk);
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void test_applied_by_approval(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    desk_cycle(&desk, 4);
    int64_t approval = decide("approved", "removals", 'A');

    apply_approved(&desk, GUARD_REMOVALS, approval);
    remove_member(&desk, 0);
    remove_member(&desk, 1);
    desk.set.counts.removed_by_approval = 2;
    desk_cycle(&desk, 2);
    assert_value("user0@example.com A 2 03:05 03:06 applied, user1@example.com A 2 03:05 03:06 applied",
                 HELD);
    assert_value("A approved applied 3", APPROVALS);
    assert_value("(0,2)", "SELECT (held, removed_by_approval) FROM rollcall.cycle WHERE cycle_id = 3");
    assert_false(desk.organization.holds_stand);
    desk_close(&desk);
}

/* What passes without approval, because fewer are left of it: applied is what this cycle did, and only that. */
static void test_a_part_of_a_set_passes(void **state)
{
    const char *const vanished = "{\"flag_member\":null}";
    struct desk desk;
    struct error error;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 6);
    hold_removals(&desk, 'A', 2);
    stand(&desk, GUARD_VANISHED_FLAGS, 'F', "flags are missing");
    for (int number = 2; number < 5; number++)
        hold_vanished_flag(&desk, number, vanished);
    desk_cycle(&desk, 6);

    const struct change passes = vanished_flag(&desk, 2, vanished);
    const struct change another = vanished_flag(&desk, 3, "{\"flag_member\":false}");
    desk.set.holds[GUARD_REMOVALS].verdict = desk.set.holds[GUARD_VANISHED_FLAGS].verdict = HOLD_PASSES;
    desk.set.holds_changed = true;
    remove_member(&desk, 0);
    assert_int_equal(changeset_change(&desk.set, &passes, &error), 0);
    assert_int_equal(changeset_change(&desk.set, &another, &error), 0);
    desk_cycle(&desk, 5);
    assert_value("user0@example.com A 2 03:05 03:06 applied, user1@example.com A 2 03:05 03:06 withdrawn, "
                 "user2@example.com F 2 03:05 03:06 applied, user3@example.com F 2 03:05 03:06 withdrawn, "
                 "user4@example.com F 2 03:05 03:06 withdrawn",
                 HELD);
    desk_close(&desk);
}

/* Between the reading of an approval and the use of it, somebody thought better of it. */
static void test_an_approval_that_does_not_count_any_more(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    desk_cycle(&desk, 4);
    int64_t approval = decide("approved", "removals", 'A');
    server_run(&server, "UPDATE rollcall.approval SET settled_at = now(), outcome = 'superseded'");
    decide("rejected", "removals", 'A');

    apply_approved(&desk, GUARD_REMOVALS, approval);
    remove_member(&desk, 0);
    remove_member(&desk, 1);
    assert_result(STORE_DONE, desk_begin(&desk, 2));
    assert_result(STORE_FAILED, desk_write(&desk));
    assert_int_equal(desk.reply.error.class, ERROR_BUSY);
    assert_false(desk.reply.retryable);
    assert_result(STORE_DONE, desk_rollback(&desk));
    assert_value("user0@example.com A 2 03:05, user1@example.com A 2 03:05", HELD);
    assert_value("A approved superseded, A rejected", APPROVALS);
    assert_number(4, "SELECT count(*) FROM rollcall.current_member");
    assert_number(2, "SELECT count(*) FROM rollcall.cycle");
    desk_close(&desk);
}

static void test_decisions_lapse_with_their_sets(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    stand(&desk, GUARD_VANISHED_FLAGS, 'F', "flags are missing");
    hold_vanished_flag(&desk, 3, "{\"flag_member\":null}");
    desk_cycle(&desk, 4);
    decide("approved", "removals", 'A');
    decide("rejected", "vanished_flags", 'F');
    decide("rejected", "removals", 'X'); /* of a set that has gone long since */

    hold_removals(&desk, 'B', 3);
    stand(&desk, GUARD_VANISHED_FLAGS, 'F', "flags are missing");
    desk_cycle(&desk, 4);
    assert_value("A approved lapsed 3, F rejected, X rejected lapsed 3", APPROVALS);
    desk_close(&desk);
}

static void test_another_organization_is_left_alone(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 1);
    desk_cycle(&desk, 4);
    decide("rejected", "removals", 'A');
    server_run(&server, "UPDATE rollcall.held_change SET organization_id = 'other'; "
                        "UPDATE rollcall.approval SET organization_id = 'other'");
    desk.set.holds_changed = true;
    desk_cycle(&desk, 4);
    assert_value("user0@example.com A 2 03:05", HELD);
    assert_value("A rejected", APPROVALS);
    desk_close(&desk);
}

/* --- many --------------------------------------------------------------------------------------------------------- */

/* How the program's work spreads over the turns of the loop, in CPU time, so that neighbours do not count. */
struct work {
    uv_check_t check;
    int64_t began, turn_began, longest_turn;
};

static int64_t cpu_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static void end_turn_cb(uv_check_t *check)
{
    struct work *work = check->data;
    int64_t now = cpu_time();

    if (now - work->turn_began > work->longest_turn)
        work->longest_turn = now - work->turn_began;
    work->turn_began = now;
}

static void work_begin(struct work *work, uv_loop_t *loop)
{
    uv_check_init(loop, &work->check);
    work->check.data = work;
    uv_check_start(&work->check, end_turn_cb);
    work->began = work->turn_began = cpu_time();
    work->longest_turn = 0;
}

/* A hundred thousand are written in pieces, between which the loop does whatever else there is to do. */
static void test_a_hundred_thousand(void **state)
{
    struct desk desk;
    struct work work;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 1);
    hold_removals(&desk, 'A', 100 * 1000);
    assert_result(STORE_DONE, desk_begin(&desk, 1));
    work_begin(&work, &desk.loop);
    assert_result(STORE_DONE, desk_write(&desk));
    assert_true(work.longest_turn < (cpu_time() - work.began) / 10);
    assert_result(STORE_DONE, desk_commit(&desk));
    assert_number(100000, "SELECT count(*) FROM rollcall.held");
    assert_number(2, "SELECT polls FROM rollcall.coverage");
    uv_close((uv_handle_t *)&work.check, NULL);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_set_that_is_new),
        TEST(test_a_set_that_stands_is_not_written),
        TEST(test_a_set_that_changes),
        TEST(test_another_change_of_a_held_member_was_shown_later),
        TEST(test_a_set_that_is_withdrawn),
        TEST(test_the_same_member_is_held_again),
        TEST(test_applied_by_approval),
        TEST(test_a_part_of_a_set_passes),
        TEST(test_an_approval_that_does_not_count_any_more),
        TEST(test_decisions_lapse_with_their_sets),
        TEST(test_another_organization_is_left_alone),
        TEST(test_a_hundred_thousand),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

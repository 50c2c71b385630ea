/*
 * What becomes of a poll's members: transcripts of joins, leaves, flips, quarantined records, and of rows that somebody
 * has edited, deleted or put there. What guards hold is test_comparison_guard.c's, the course through thousands of members
 * test_comparison_course.c's.
 */
#include "core/transcript.h"

/* Nobody is held for a number. */
static void unguarded(struct stage *stage)
{
    stage->desk.guard.removals = stage->desk.guard.vanished_flags = -1;
}

static void at_once(struct stage *stage)
{
    unguarded(stage);
    stage->desk.removal.polls = 1;
}

/* --- a life ------------------------------------------------------------------------------------------------------- */

static void members_come_change_and_go(void **state)
{
    (void)state;
    PLAY(unguarded, {"abc joins", "baseline a; baseline b; baseline c"}, {"", "unwritten"},
         {"d joins, a renamed", "profile_changed a; joined d"}, {"b edits", "role_changed b"},
         {"b touched", "role_touched b"},
         {"b edits not, b renamed", "role_changed b; profile_changed b; alert demotions b"},
         {"c leaves", "absent c; confirm"}, {"a renamed", "profile_changed a; left c"}, {"", "unwritten"},
         {"c joins", "rejoined c"}, {"organization renamed", "organization_changed"},
         {"c leaves, organization renamed, e joins", "joined e; absent c; confirm"},
         {"c joins", "1 returned"}, {"", "unwritten"});
}

static void one_poll_is_enough_where_it_is_said_so(void **state)
{
    (void)state;
    PLAY(at_once, {"abc joins", "baseline a; baseline b; baseline c"}, {"b leaves", "left b"},
         {"a leaves, b joins", "rejoined b; left a"}, {"", "unwritten"});
}

static void times_enclose_the_change(struct stage *stage)
{
    unguarded(stage);
    stage->times = true;
}

static void when_it_was(void **state)
{
    (void)state;
    PLAY(times_enclose_the_change,
         {"abc joins", "baseline a (0, 110]; baseline b (0, 110]; baseline c (0, 110]"}, {"", "unwritten"},
         {"a renamed", "profile_changed a (200, 310]"}, {"b leaves", "absent b; confirm"},
         {"", "left b (300, 410]"},
         {"a edits, organization renamed", "role_changed a (500, 610]; organization_changed (500, 610]"});
}

/* --- spelling ----------------------------------------------------------------------------------------------------- */

static void other_bytes_are_no_change(void **state)
{
    (void)state;
    PLAY_WAYS(KEPT, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"abc respelled", "unwritten"},
              {"a renamed", "profile_changed a; 2 refreshed"}, /* two digests went stale and go along */
              {"", "unwritten"}, {"bc respelled, a renamed", "profile_changed a; 2 refreshed"},
              {"b respelled, b leaves", "absent b; confirm"});
    PLAY_WAYS(RESTARTED, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"abc respelled", "unwritten"}, {"a renamed", "profile_changed a; 2 refreshed"},
              {"", "unwritten"});
    PLAY_WAYS(FULLY, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"abc respelled", "unwritten"}, {"a renamed", "profile_changed a"});
}

/* --- quarantine --------------------------------------------------------------------------------------------------- */

static void a_record_that_cannot_be_read(void **state)
{
    (void)state;
    PLAY(unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
         {"b spoiled, b renamed", "1 rejected"}, {"", "unwritten"}, {"b mended", "profile_changed b"},
         {"b spoiled", "1 rejected"}, {"b leaves", "absent b; confirm"}, {"", "left b"},
         {"b joins, d joins, d spoiled", "2 rejected"}, /* b's was resolved when she left */
         {"bd mended", "rejoined b; joined d"});
}

/* Whoever is shown in whatever shape is not absent: what counts is absence in consecutive polls. */
static void a_record_that_cannot_be_read_ends_an_absence(void **state)
{
    (void)state;
    PLAY(unguarded, {"abc joins", "baseline a; baseline b; baseline c"}, {"b leaves", "absent b; confirm"},
         {"b joins, b spoiled, b renamed", "1 returned; 1 rejected"}, {"", "unwritten"},
         {"b leaves", "absent b; confirm"}, {"b joins", "1 returned; 1 rejected"},
         {"b mended", "profile_changed b"});
    PLAY_WAYS(RESTARTED | FULLY, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"b leaves", "absent b; confirm"},
              {"b joins, b spoiled, b edited by hand", "repaired b; 1 returned; 1 rejected"},
              {"", "unwritten"});
}

static void its_change_may_be_older(void **state)
{
    (void)state;
    PLAY_WAYS(KEPT | RESTARTED, times_enclose_the_change,
              {"ab joins", "baseline a (0, 110]; baseline b (0, 110]"}, {"", "unwritten"},
              {"b spoiled, b renamed, a edits", "role_changed a (200, 310]; 1 rejected"}, {"", "unwritten"},
              {"b mended, a edits not",
               "role_changed a (400, 510]; profile_changed b (100, 510]; alert demotions a"});
}

/* Whose record it is nobody knows: it may be anybody's who is not to be seen. */
static void nobody_is_absent_while_an_id_cannot_be_read(void **state)
{
    (void)state;
    PLAY(times_enclose_the_change,
         {"abc joins", "baseline a (0, 110]; baseline b (0, 110]; baseline c (0, 110]"},
         {"b leaves, one unreadable", "1 rejected"}, {"c leaves", "unwritten"},
         {"a renamed", "profile_changed a (300, 410]"}, {"all readable", "absent bc; confirm"},
         {"", "left b (100, 510]; left c (100, 510]"});
}

/* --- absence and confirmation ------------------------------------------------------------------------------------- */

static void slowly(struct stage *stage)
{
    unguarded(stage);
    stage->desk.removal = (struct removal_policy){.polls = 3, .confirm_after_us = 160 * SECOND};
}

static void absence_is_confirmed_in_its_time(void **state)
{
    (void)state;
    PLAY(slowly, {"abc joins", "baseline a; baseline b; baseline c"}, {"b leaves", "absent b; confirm"},
         {"", "absent b; confirm; unwritten"}, /* 100 s later: too early to count */
         {"c leaves", "absent bc; confirm"}, {"", "absent bc; confirm; unwritten"},
         {"", "left b; absent c; confirm"}, {"c joins", "1 returned"}, {"c leaves", "absent c; confirm"});
}

static void the_earliest_decides_when_to_look_again(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage);
    slowly(&stage);
    play_line(&stage, &(struct line){"abcd joins", "baseline a; baseline b; baseline c; baseline d"}, KEPT);
    play_line(&stage, &(struct line){"b leaves", "absent b; confirm"}, KEPT);
    leaves(&stage, &stage.list[0]);
    leaves(&stage, &stage.list[2]);
    take_answer(&stage);
    struct error error;
    assert_int_equal(desk_compare(&stage.desk, &error), COMPARISON_DONE);
    /* b was absent at 210 and counts again from 370 on; a before her and c behind, absent at 310, from 470 on. */
    assert_int_equal(comparison_result(stage.desk.comparison)->confirm_in_us, 60 * SECOND);
    desk_discard(&stage.desk);
    stage_done(&stage);
}

/* A clock that was set back: the steady one says that enough time has passed. */
static void waiting_long_enough_confirms(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage);
    slowly(&stage);
    stage.desk.removal.confirm_after_us = 86400 * SECOND;
    play_line(&stage, &(struct line){"abc joins", "baseline a; baseline b; baseline c"}, KEPT);
    play_line(&stage, &(struct line){"b leaves", "absent b; confirm"}, KEPT);
    play_line(&stage, &(struct line){"", "absent b; confirm; unwritten"}, KEPT);
    stage.desk.removal.waited = true;
    play_line(&stage, &(struct line){"", "absent b; confirm"}, KEPT);
    play_line(&stage, &(struct line){"", "left b"}, KEPT);
    stage_done(&stage);
}

/* --- rows that somebody else has edited --------------------------------------------------------------------------- */

static void edited_rows_are_set_right(void **state)
{
    (void)state;
    PLAY_WAYS(
        FULLY, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
        {"b edited by hand", "repaired b"}, {"", "unwritten"},
        {"b edited by hand, b renamed", "profile_changed b"}, /* from what she was, not from what it said */
        {"b leaves", "absent b; confirm"}, {"b edited by hand", "left b"},
        {"b edited by hand", "unwritten"}, /* a tombstone is looked at when there is a reason to */
        {"b joins", "rejoined b"}, {"c leaves, c edited by hand", "absent c; confirm"},
        {"c joins, c edited by hand", "repaired c; 1 returned"});
}

/* Who is recognised is not looked at, but who is looked at is set right. */
static void an_edited_row_does_not_become_history(void **state)
{
    (void)state;
    PLAY_WAYS(KEPT | RESTARTED, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"b edited by hand, b respelled", "repaired b"},
              {"c edited by hand, c renamed", "profile_changed c"},
              {"a edited by hand, a leaves", "absent a; confirm"}, {"a edited by hand", "left a"});
}

static void a_tombstone_brought_back_to_life_by_hand(void **state)
{
    (void)state;
    PLAY_WAYS(RESTARTED | FULLY, at_once, {"abc joins", "baseline a; baseline b; baseline c"},
              {"b leaves", "left b"}, {"b resurrected by hand", "repaired b"}, {"", "unwritten"},
              {"b resurrected by hand, b joins", "rejoined b"}, {"", "unwritten"});
    PLAY_WAYS(KEPT, at_once, {"abc joins", "baseline a; baseline b; baseline c"}, {"b leaves", "left b"},
              {"b resurrected by hand, b joins", "rejoined b"}, {"", "unwritten"});
}

static void a_member_buried_by_hand(void **state)
{
    (void)state;
    PLAY_WAYS(RESTARTED, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"b buried by hand", "repaired b"}, {"", "unwritten"},
              {"b buried by hand, b renamed", "profile_changed b"});
    PLAY_WAYS(KEPT, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"b buried by hand, b renamed", "profile_changed b"},
              {"b buried by hand, b leaves", "absent b; confirm"}, {"", "left b"});
}

static void a_row_put_there_by_hand(void **state)
{
    (void)state;
    PLAY_WAYS(RESTARTED | FULLY, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"x planted by hand", "repaired x"}, {"", "unwritten"},
              {"y planted by hand, y joins", "baseline y"}, {"", "unwritten"});
    PLAY_WAYS(KEPT, unguarded, {"abc joins", "baseline a; baseline b; baseline c"},
              {"y planted by hand, y joins", "joined y"}, {"", "unwritten"});
}

static void rows_deleted_by_hand(void **state)
{
    (void)state;
    PLAY(unguarded,
         {"abcdef joins", "baseline a; baseline b; baseline c; baseline d; baseline e; baseline f"},
         {"b deleted by hand", "baseline b"}, /* Luzmo still has her */
         {"", "unwritten"},
         {"cd deleted by hand, d leaves, a renamed", "profile_changed a; baseline c; absent d; confirm"},
         {"", "left d"}, {"", "unwritten"},
         {"abcef deleted by hand", "baseline a; baseline b; baseline c; baseline e; baseline f"},
         {"", "unwritten"});
}

/* Nobody is absent of whom it cannot be told, with or without a row. */
static void rows_deleted_of_those_who_cannot_be_read(void **state)
{
    (void)state;
    PLAY_WAYS(RESTARTED, unguarded, {"abcd joins", "baseline a; baseline b; baseline c; baseline d"},
              {"b deleted by hand, b spoiled", "repaired b; 1 rejected"}, {"", "unwritten"}, {"b mended", ""},
              {"c deleted by hand, c leaves, one unreadable", "repaired c; 1 refreshed; 1 rejected"},
              {"", "unwritten"}, {"all readable", "absent c; confirm"}, {"", "left c"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_come_change_and_go),
        cmocka_unit_test(one_poll_is_enough_where_it_is_said_so),
        cmocka_unit_test(when_it_was),
        cmocka_unit_test(other_bytes_are_no_change),
        cmocka_unit_test(a_record_that_cannot_be_read),
        cmocka_unit_test(a_record_that_cannot_be_read_ends_an_absence),
        cmocka_unit_test(its_change_may_be_older),
        cmocka_unit_test(nobody_is_absent_while_an_id_cannot_be_read),
        cmocka_unit_test(absence_is_confirmed_in_its_time),
        cmocka_unit_test(the_earliest_decides_when_to_look_again),
        cmocka_unit_test(waiting_long_enough_confirms),
        cmocka_unit_test(edited_rows_are_set_right),
        cmocka_unit_test(an_edited_row_does_not_become_history),
        cmocka_unit_test(a_tombstone_brought_back_to_life_by_hand),
        cmocka_unit_test(a_member_buried_by_hand),
        cmocka_unit_test(a_row_put_there_by_hand),
        cmocka_unit_test(rows_deleted_by_hand),
        cmocka_unit_test(rows_deleted_of_those_who_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

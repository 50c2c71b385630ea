/*
 * What the guards do to a comparison: what is held and what goes on beside it, what approvals and rejections do, when a
 * hold writes nothing, and with which times a released change is recorded.
 */
#include "core/transcript.h"

static void times_told(struct stage *stage)
{
    stage->times = true;
}

/* The token is a's. */
static void with_own_user(struct stage *stage)
{
    stage->own_user = stage->list[0].user_id;
    stage->desk.own_user = &stage->own_user;
    owns(stage, &stage->list[0]);
}

#define SIX_JOIN                                                                                             \
    {                                                                                                        \
        "abcdef joins", "baseline a; baseline b; baseline c; baseline d; baseline e; baseline f"             \
    }

/* --- removals ----------------------------------------------------------------------------------------------------- */

static void removals_within_the_limit_go_through(void **state)
{
    (void)state;
    PLAY(NULL, {"abc joins", "baseline a; baseline b; baseline c"}, {"b leaves", "absent b; confirm"},
         {"", "left b"}, {"", "unwritten"});
}

/* Half of the answer is missing: nobody goes, everything else goes on. */
static void removals_beyond_the_limit_are_held(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"abc leaves", "absent abc; confirm"},
         {"d renamed", "profile_changed d; removals abc held"}, {"", "removals abc still held; unwritten"},
         {"d renamed, e edits, g joins",
          "profile_changed d; role_changed e; joined g; removals abc still held"},
         {"f leaves", "absent f; removals abc+ held; confirm"}, /* another set */
         {"", "removals abcf still held; unwritten"}, {"abcf joins", "4 returned"}, {"", "unwritten"});
}

static void some_of_the_held_return(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"abcd leaves", "absent abcd; confirm"}, {"", "removals abcd held"},
         {"a joins", "1 returned; removals bcd held"},
         {"b joins, b renamed", "profile_changed b; left c; left d; 1 returned"}); /* two may leave */
}

static void trickles_stop_at_the_limit(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"a leaves", "absent a; confirm"}, {"b leaves", "left a; absent b; confirm"},
         {"c leaves", "left b; absent c; confirm"}, {"", "removals c held"},
         {"", "removals c still held; unwritten"}, {"a day passes", "left c"});
}

static void a_single_poll_that_removes_is_guarded_too(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage);
    stage.desk.removal.polls = 1;
    stage.times = true;
    static const struct line lines[] = {
        {"abcd joins", "baseline a (0, 110]; baseline b (0, 110]; baseline c (0, 110]; baseline d (0, 110]"},
        {"abc leaves", "removals abc held"},
        {"", "removals abc still held; unwritten"},
        {"a joins", "left b (100, 210]; left c (100, 210]"},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        play_line(&stage, &lines[i], RESTARTED);
    /* She was seen last by the poll before the first that did not show her, however long it was held. */
    struct member_row row = mirror_read(mirror_row_of(&stage.mirror, &stage.list[1].user_id));
    assert_int_equal(row.last_seen_at, 100 * SECOND);
    assert_int_equal(row.removed_at, 210 * SECOND);
    stage_done(&stage);
}

/* --- decisions ---------------------------------------------------------------------------------------------------- */

static void exactly_what_was_approved_goes_through(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"abc leaves", "absent abc; confirm"}, {"", "removals abc held"},
         {"approve removals, d renamed", "profile_changed d; left a; left b; left c; removals approved"},
         {"", "unwritten"},
         {"d leaves", "absent d; confirm"}, /* what was approved does not count against the day */
         {"", "left d"});
}

static void an_approved_set_that_changed_stays(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"abcd leaves", "absent abcd; confirm"}, {"", "removals abcd held"},
         {"approve removals, e leaves", "absent e; removals abcd+ held; confirm"},
         {"", "removals abcde still held; unwritten"},
         {"e joins",
          "1 returned; removals abcd held"}, /* the approval lapsed, though this set was approved once */
         {"", "removals abcd still held; unwritten"});
}

static void confirmed_slowly(struct stage *stage)
{
    stage->desk.removal.confirm_after_us = 160 * SECOND;
}

/* Whoever is missing beside them is part of what was approved, and all of them wait until that absence is confirmed. */
static void an_approved_set_waits_for_its_last_confirmation(void **state)
{
    (void)state;
    PLAY(confirmed_slowly, SIX_JOIN, {"abc leaves", "absent abc; confirm"},
         {"", "absent abc; confirm; unwritten"}, {"d leaves", "absent d; removals abc+ held; confirm"},
         {"approve removals", "absent d; removals abc+ still held; confirm; unwritten"},
         {"", "left a; left b; left c; left d; removals approved"}, {"", "unwritten"});
}

static void a_rejected_set_is_held_in_silence(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"abc leaves", "absent abc; confirm"}, {"", "removals abc held"},
         {"reject removals", "removals abc still held in silence; unwritten"},
         {"d renamed", "profile_changed d; removals abc still held in silence"},
         {"d leaves", "absent d; removals abc+ held; confirm"}, /* another set is told again */
         {"reject removals", "removals abcd still held in silence; unwritten"},
         {"approve removals", "left a; left b; left c; left d; removals approved"});
}

static void a_decision_is_about_its_own_class(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"abc leaves", "absent abc; confirm"},
         {"d editor vanishes", "removals abc held; vanished_flags d held"},
         {"approve vanished_flags", "role_changed d; removals abc still held; vanished_flags approved"},
         {"approve removals", "left a; left b; left c; removals approved"});
}

/* --- the second source -------------------------------------------------------------------------------------------- */

static void who_is_still_found_is_contested(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"b missing, c leaves", "absent bc; confirm"},
         {"", "left c; contested_removals b held"}, {"", "contested_removals b still held; unwritten"},
         {"b back", "1 returned"}, {"b missing", "absent b; confirm"}, {"", "contested_removals b held"},
         {"approve contested_removals", "left b; contested_removals approved"}, {"", "unwritten"});
}

/* Gone for good meanwhile: an ordinary removal. */
static void who_is_not_found_any_more_goes(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"b missing", "absent b; confirm"}, {"", "contested_removals b held"},
         {"b leaves", "left b"});
}

static void contested_ones_do_not_count_against_the_limit(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN,
         {"abcd missing, ef leaves, ghi joins", "joined g; joined h; joined i; absent abcdef; confirm"},
         {"", "left e; left f; contested_removals abcd held"});
}

static void without_an_answer_nobody_goes(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"b leaves, source silent", "absent b; confirm"}, {"", "removals b held"},
         {"", "removals b still held; unwritten"}, {"source answers", "left b"},
         {"c leaves, source silent", "absent c; confirm"}, {"", "removals c held"},
         {"approve removals", "left c; removals approved"});
}

/* A question that fails takes nothing back: neither what the API said before nor what somebody decided about it. */
static void who_was_found_stays_contested_while_nobody_answers(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"b missing, c leaves, source silent", "absent bc; confirm"},
         {"source answers", "left c; contested_removals b held"},
         {"source silent", "contested_removals b still held; unwritten"},
         {"d leaves", "absent d; contested_removals b still held; confirm"},
         {"", "removals d held; contested_removals b still held"},
         {"approve contested_removals", "left b; removals d still held; contested_removals approved"},
         {"source answers", "left d"});
}

/* A row of the set was deleted by hand: nobody is to approve what is not shown. */
static void a_set_that_is_not_shown_whole_is_written_anew(void **state)
{
    (void)state;
    PLAY(NULL, SIX_JOIN, {"abc leaves", "absent abc; confirm"}, {"", "removals abc held"},
         {"a held row deleted by hand", "removals abc held"}, {"", "removals abc still held; unwritten"});
}

/* --- a token that lost sight -------------------------------------------------------------------------------------- */

static void an_owner_who_is_no_owner_any_more(void **state)
{
    (void)state;
    PLAY(with_own_user, SIX_JOIN, {"b leaves", "absent b; confirm"}, {"", "left b"}, /* all is well */
         {"a owns not, c leaves", "role_changed a; absent c; alert demotions a; owner lost; confirm"},
         {"", "removals c held"}, {"", "removals c still held; unwritten"},
         {"a renamed", "profile_changed a; removals c still held"},
         {"a owns", "role_changed a; left c; alert owner_grants a"});
}

static void an_owner_who_is_not_to_be_seen(void **state)
{
    (void)state;
    PLAY(with_own_user, SIX_JOIN, {"a missing, c leaves", "absent ac; confirm"},
         {"", "removals c held; contested_removals a held"}, {"a back", "left c; 1 returned"});
}

/* It stays as it was judged when that was known, and what is found now waits. */
static void while_nobody_says_whose_token_it_is(void **state)
{
    (void)state;
    PLAY(with_own_user, SIX_JOIN,
         {"a owns not, c leaves", "role_changed a; absent c; alert demotions a; owner lost; confirm"},
         {"", "removals c held"}, {"token silent", "removals c still held; unwritten"},
         {"token answers, a owns", "role_changed a; left c; alert owner_grants a"},
         {"token silent, d leaves", "absent d; confirm"}, {"", "removals d held"},
         {"token answers", "left d"});
}

/* She is among those who are recognised, or in a record that cannot be read: as her row says. */
static void an_owner_whose_record_is_as_before(void **state)
{
    (void)state;
    PLAY(with_own_user, SIX_JOIN, {"a spoiled, c leaves", "absent c; 1 rejected; confirm"}, {"", "left c"},
         {"a respelled, d leaves", "absent d; 1 rejected; confirm"}, {"", "left d"});
}

static void somebody_who_never_was_an_owner(void **state)
{
    struct stage stage;

    (void)state;
    for (unsigned way = KEPT; way <= FULLY; way *= 2) {
        stage_init(&stage);
        stage.own_user = stage.list[0].user_id;
        stage.desk.own_user = &stage.own_user;
        play_line(&stage, &(struct line)SIX_JOIN, way);
        play_line(&stage, &(struct line){"b leaves", "absent b; confirm"}, way);
        play_line(&stage, &(struct line){"", "left b"}, way);
        play_line(&stage, &(struct line){"a leaves", "absent a; confirm"}, way);
        play_line(&stage, &(struct line){"", "left a"}, way);
        stage_done(&stage);
    }
}

/* By the log alone: her row says nothing of it any more. */
static void once_an_owner_always_expected_to_be_one(void **state)
{
    (void)state;
    PLAY(with_own_user, SIX_JOIN, {"a owns not", "role_changed a; alert demotions a; owner lost"},
         {"", "unwritten"}, {"b leaves", "absent b; confirm"}, {"", "removals b held"},
         {"approve removals", "left b; removals approved"});
}

/* --- flags -------------------------------------------------------------------------------------------------------- */

/* One of three is more than 15 %; her name goes on. */
static void vanished_flags_are_held_and_the_profile_goes_on(void **state)
{
    (void)state;
    PLAY(NULL, {"abc joins", "baseline a; baseline b; baseline c"},
         {"b editor vanishes", "vanished_flags b held"}, {"", "vanished_flags b still held; unwritten"},
         {"b renamed", "profile_changed b; vanished_flags b still held"},
         {"", "vanished_flags b still held; unwritten"},
         {"b touched", "vanished_flags b held"}, /* the role's time belongs to the flags: another set */
         {"b edits not", "role_touched b"}, {"", "unwritten"});
}

static void a_row_with_held_flags_is_not_taken_for_the_slice(void **state)
{
    struct stage stage;

    (void)state;
    stage_init(&stage);
    play_line(&stage, &(struct line){"abc joins", "baseline a; baseline b; baseline c"}, KEPT);
    play_line(&stage, &(struct line){"b editor vanishes", "vanished_flags b held"}, KEPT);
    struct member_row row = mirror_read(mirror_row_of(&stage.mirror, &stage.list[1].user_id));
    assert_false(digest_is_zero(&row.slice_digest)); /* she may go back to the very slice */
    play_line(&stage, &(struct line){"b renamed", "profile_changed b; vanished_flags b still held"}, KEPT);
    row = mirror_read(mirror_row_of(&stage.mirror, &stage.list[1].user_id));
    assert_true(digest_is_zero(&row.slice_digest)); /* no slice is like it */
    assert_string_equal(row.member.fields[FIELD_NAME].text, "b'");
    assert_true(row.member.fields[FIELD_FLAG_EDITOR].known);
    stage_done(&stage);
}

static void vanished_flags_of_few_go_through(void **state)
{
    (void)state;
    PLAY(NULL,
         {"abcdefg joins",
          "baseline a; baseline b; baseline c; baseline d; baseline e; baseline f; baseline g"},
         {"b editor vanishes", "role_changed b"}, /* 1 of 7 */
         {"c editor vanishes, d editor vanishes", "vanished_flags cd held"},
         {"d edits not", "role_changed c"}, {"b renamed", "profile_changed b"});
}

static void who_is_back_with_fewer_flags(void **state)
{
    (void)state;
    PLAY(NULL, {"abc joins", "baseline a; baseline b; baseline c"}, {"b leaves", "absent b; confirm"},
         {"b joins, b editor vanishes", "1 returned; vanished_flags b held"},
         {"", "vanished_flags b still held; unwritten"}, {"b leaves", "absent b; confirm"}, {"", "left b"},
         {"b joins", "rejoined b"}, /* nobody's flags are known before */
         {"", "unwritten"});
}

static void hold_everything(struct stage *stage)
{
    stage->desk.guard = (struct guard_policy){0, 0, 0, 0, 0, 0};
}

static void demotions_and_grants_where_they_are_held(void **state)
{
    (void)state;
    PLAY(hold_everything,
         {"a owns, abc joins", "baseline a; baseline b; baseline c"}, /* a baseline is what it is */
         {"a owns not", "demotions a held"},
         {"b owns, b renamed", "profile_changed b; demotions a still held; owner_grants b held"},
         {"c own vanishes", "vanished_flags c held; demotions a still held; owner_grants b still held"},
         {"approve owner_grants",
          "role_changed b; vanished_flags c still held; demotions a still held; owner_grants approved; "
          "alert owner_grants b"},
         {"approve demotions",
          "role_changed a; vanished_flags c still held; demotions approved; alert demotions a; owner lost"},
         {"approve vanished_flags", "role_changed c; vanished_flags approved"}, {"", "unwritten"});
}

/* In two classes at once: held as long as one of them is. */
static void a_step_in_two_classes(void **state)
{
    (void)state;
    PLAY(
        hold_everything, {"a owns, abc joins", "baseline a; baseline b; baseline c"},
        {"a own vanishes", "vanished_flags a held; demotions a held"},
        {"approve demotions", "vanished_flags a still held; demotions a still held; unwritten"},
        {"b own vanishes", "vanished_flags ab held; demotions a still held"}, /* the approval waits */
        {"approve vanished_flags",
         "role_changed a; role_changed b; vanished_flags approved; demotions approved; alert demotions a; owner lost"},
        {"", "unwritten"});
}

static void a_newcomer_who_would_be_an_owner_waits_outside(void **state)
{
    (void)state;
    PLAY(hold_everything, {"abc joins", "baseline a; baseline b; baseline c"},
         {"d joins, d owns, e joins", "joined e; owner_grants d held"},
         {"", "owner_grants d still held; unwritten"},
         {"d renamed", "owner_grants d held"}, /* a join is held with all that it says */
         {"approve owner_grants", "joined d; owner_grants approved; alert owner_grants d"}, {"", "unwritten"},
         {"f joins, f owns", "owner_grants f held"}, {"f leaves", ""}, /* withdrawn: that is written */
         {"", "unwritten"});
}

static void who_left_and_returns_as_an_owner(void **state)
{
    struct stage stage;

    (void)state;
    for (unsigned way = KEPT; way <= FULLY; way *= 2) {
        stage_init(&stage);
        stage.desk.guard.owner_grants = 0;
        play_line(&stage, &(struct line)SIX_JOIN, way);
        play_line(&stage, &(struct line){"b leaves", "absent b; confirm"}, way);
        play_line(&stage, &(struct line){"", "left b"}, way);
        play_line(&stage, &(struct line){"b joins, b owns", "owner_grants b held"}, way);
        play_line(&stage, &(struct line){"", "owner_grants b still held; unwritten"}, way);
        play_line(
            &stage,
            &(struct line){"approve owner_grants", "rejoined b; owner_grants approved; alert owner_grants b"},
            way);
        stage_done(&stage);
    }
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

static void what_is_not_held_is_told(void **state)
{
    (void)state;
    PLAY(NULL,
         {"a owns, abcdefg joins",
          "baseline a; baseline b; baseline c; baseline d; baseline e; baseline f; baseline g"},
         {"b owns", "role_changed b; alert owner_grants b"},
         {"h joins, h owns", "joined h; alert owner_grants h"},
         {"b owns not", "role_changed b; alert demotions b; owner lost"}, {"b edits", "role_changed b"},
         {"b edits not", "role_changed b; alert demotions b"}, {"h leaves", "absent h; confirm"},
         {"", "left h; owner lost"},
         {"a own vanishes", "role_changed a; alert demotions a; owner lost"}); /* 1 of 7 is not held */
}

/* --- times -------------------------------------------------------------------------------------------------------- */

static void a_released_change_is_as_old_as_it_is(void **state)
{
    (void)state;
    PLAY(times_told, {"abc joins", "baseline a (0, 110]; baseline b (0, 110]; baseline c (0, 110]"},
         {"", "unwritten"}, {"b editor vanishes", "vanished_flags b held"},
         {"b renamed", "profile_changed b (300, 410]; vanished_flags b still held"},
         {"approve vanished_flags, b renamed",
          "role_changed b (200, 310]; profile_changed b (400, 510]; vanished_flags approved"});
}

static void a_released_removal_is_as_old_as_the_absence(void **state)
{
    (void)state;
    PLAY(times_told,
         {"abcd joins", "baseline a (0, 110]; baseline b (0, 110]; baseline c (0, 110]; baseline d (0, 110]"},
         {"", "unwritten"}, {"abc leaves", "absent abc; confirm"}, {"", "removals abc held"},
         {"", "removals abc still held; unwritten"},
         {"approve removals", "left a (200, 310]; left b (200, 310]; left c (200, 310]; removals approved"});
}

/* It began then, but what it has become is of now. */
static void a_change_that_is_below_the_limit_by_now(void **state)
{
    (void)state;
    PLAY(
        times_told,
        {"abcdefg joins",
         "baseline a (0, 110]; baseline b (0, 110]; baseline c (0, 110]; baseline d (0, 110]; baseline e (0, "
         "110]; baseline f (0, 110]; baseline g (0, 110]"},
        {"bc editor vanishes", "vanished_flags bc held"}, {"", "vanished_flags bc still held; unwritten"},
        {"c edits not", "role_changed b (100, 410]"});
}

/* --- hands in the tables while something is held ------------------------------------------------------------------ */

static void edited_rows_of_the_held_are_set_right(void **state)
{
    (void)state;
    PLAY_WAYS(RESTARTED | FULLY, NULL, SIX_JOIN,
              {"abc leaves, d editor vanishes", "absent abc; vanished_flags d held; confirm"},
              {"", "removals abc held; vanished_flags d still held"},
              {"a edited by hand", "repaired a; removals abc still held; vanished_flags d still held"},
              {"", "removals abc still held; vanished_flags d still held; unwritten"},
              {"d edited by hand", "repaired d; removals abc still held; vanished_flags d still held"},
              {"", "removals abc still held; vanished_flags d still held; unwritten"},
              {"approve removals, a edited by hand",
               "left b; left c; left a; removals approved; vanished_flags d still held"});
}

/* Somebody has put her into the table by hand; Luzmo shows her as an owner, and that is held. */
static void a_planted_row_of_somebody_who_waits_outside(void **state)
{
    (void)state;
    PLAY_WAYS(KEPT, hold_everything, {"abc joins", "baseline a; baseline b; baseline c"},
              {"d joins, d owns", "owner_grants d held"},
              {"d planted by hand", "repaired d; owner_grants d still held"},
              {"", "owner_grants d still held; unwritten"},
              {"approve owner_grants", "joined d; owner_grants approved; alert owner_grants d"},
              {"d leaves", "absent d; confirm"}, {"", "left d; owner lost"},
              {"d joins", "owner_grants d held"},
              {"d resurrected by hand", "repaired d; owner_grants d still held"},
              {"", "owner_grants d still held; unwritten"},
              {"approve owner_grants", "rejoined d; owner_grants approved; alert owner_grants d"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removals_within_the_limit_go_through),
        cmocka_unit_test(removals_beyond_the_limit_are_held),
        cmocka_unit_test(some_of_the_held_return),
        cmocka_unit_test(trickles_stop_at_the_limit),
        cmocka_unit_test(a_single_poll_that_removes_is_guarded_too),
        cmocka_unit_test(exactly_what_was_approved_goes_through),
        cmocka_unit_test(an_approved_set_that_changed_stays),
        cmocka_unit_test(an_approved_set_waits_for_its_last_confirmation),
        cmocka_unit_test(a_rejected_set_is_held_in_silence),
        cmocka_unit_test(a_decision_is_about_its_own_class),
        cmocka_unit_test(who_is_still_found_is_contested),
        cmocka_unit_test(who_is_not_found_any_more_goes),
        cmocka_unit_test(contested_ones_do_not_count_against_the_limit),
        cmocka_unit_test(without_an_answer_nobody_goes),
        cmocka_unit_test(who_was_found_stays_contested_while_nobody_answers),
        cmocka_unit_test(a_set_that_is_not_shown_whole_is_written_anew),
        cmocka_unit_test(while_nobody_says_whose_token_it_is),
        cmocka_unit_test(an_owner_who_is_no_owner_any_more),
        cmocka_unit_test(an_owner_who_is_not_to_be_seen),
        cmocka_unit_test(an_owner_whose_record_is_as_before),
        cmocka_unit_test(somebody_who_never_was_an_owner),
        cmocka_unit_test(once_an_owner_always_expected_to_be_one),
        cmocka_unit_test(vanished_flags_are_held_and_the_profile_goes_on),
        cmocka_unit_test(a_row_with_held_flags_is_not_taken_for_the_slice),
        cmocka_unit_test(vanished_flags_of_few_go_through),
        cmocka_unit_test(who_is_back_with_fewer_flags),
        cmocka_unit_test(demotions_and_grants_where_they_are_held),
        cmocka_unit_test(a_step_in_two_classes),
        cmocka_unit_test(a_newcomer_who_would_be_an_owner_waits_outside),
        cmocka_unit_test(who_left_and_returns_as_an_owner),
        cmocka_unit_test(what_is_not_held_is_told),
        cmocka_unit_test(a_released_change_is_as_old_as_it_is),
        cmocka_unit_test(a_released_removal_is_as_old_as_the_absence),
        cmocka_unit_test(a_change_that_is_below_the_limit_by_now),
        cmocka_unit_test(edited_rows_of_the_held_are_set_right),
        cmocka_unit_test(a_planted_row_of_somebody_who_waits_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

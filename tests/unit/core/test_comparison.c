/*
 * What becomes of a poll's members: transcripts of joins, leaves, flips, quarantined records, of rows that somebody has
 * edited, deleted or put there, and of polls with more members than one batch takes. What guards hold is
 * test_comparison_guard.c's.
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
    play_line(&stage, &(struct line){"abc joins", "baseline a; baseline b; baseline c"}, KEPT);
    play_line(&stage, &(struct line){"b leaves", "absent b; confirm"}, KEPT);
    people_answer(&stage.people, NULL, &stage.body);
    stage.list[2].member = false;
    take_answer(&stage);
    struct error error;
    assert_int_equal(desk_compare(&stage.desk, &error), COMPARISON_DONE);
    /* b was absent at 210 and counts again from 370 on; c, absent at 310, from 470 on. */
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

/* --- more than a batch -------------------------------------------------------------------------------------------- */

#define MANY 2500

struct crowd {
    struct people people;
    struct mirror mirror;
    struct desk desk;
    int64_t poll;
    uint32_t needs[COMPARISON_DONE + 1];
    struct buffer body;
};

static struct crowd *crowd_new(void)
{
    struct crowd *crowd = memory_alloc(sizeof(*crowd));

    people_init(&crowd->people, memory_alloc(MANY * sizeof(struct person)), MANY);
    for (size_t i = 0; i < MANY; i++)
        crowd->people.list[i].member = true;
    mirror_init(&crowd->mirror);
    desk_init(&crowd->desk, &crowd->mirror);
    crowd->desk.guard.removals = -1;
    crowd->desk.spool_memory = 4096; /* to a file soon */
    buffer_init(&crowd->body, 64 * MEBIBYTE);
    return crowd;
}

static void crowd_free(struct crowd *crowd)
{
    desk_forget(&crowd->desk);
    mirror_done(&crowd->mirror);
    buffer_done(&crowd->body);
    free(crowd->people.list);
    free(crowd);
}

/* One poll; what was needed for it is counted. Everybody who is missing is found by the second source. */
static void crowd_polls(struct crowd *crowd)
{
    enum comparison_need need = COMPARISON_TURN;
    struct desk *desk = &crowd->desk;
    struct error error;

    memset(crowd->needs, 0, sizeof(crowd->needs));
    people_answer(&crowd->people, NULL, &crowd->body);
    if (!desk->roster || desk->reload || desk->version != crowd->mirror.version)
        desk_load(desk, false);
    desk_poll(desk);
    assert_int_equal(poll_feed(desk->poll, crowd->body.data, crowd->body.length, &error), 0);
    assert_int_equal(poll_end(desk->poll, &error), 0);
    crowd->poll++;
    desk_set_times(desk, crowd->poll * 100 * SECOND, crowd->poll * 100 * SECOND + 1);
    begin_comparison(desk);
    while (need != COMPARISON_DONE) {
        assert_int_equal(comparison_next(desk->comparison, &need, &error), 0);
        crowd->needs[need]++;
        assert_int_equal(fulfil(desk, need, &error), 0);
        const struct id_list *doubtful = comparison_doubtful(desk->comparison);
        for (size_t i = 0; need == COMPARISON_SECOND_SOURCE && i < doubtful->count; i++) {
            if (crowd->people.list[person_index(&doubtful->ids[i])].missing)
                comparison_found(desk->comparison, &doubtful->ids[i]);
        }
    }
}

static void crowd_writes(struct crowd *crowd)
{
    desk_commit(&crowd->desk);
    desk_remember(&crowd->desk, true);
    desk_discard(&crowd->desk);
    mirror_assert_replayed(&crowd->mirror);
}

/* A restart reads the rows in the order in which they were written, and expects the answer's. */
static void newcomers_are_written_in_the_order_of_the_answer(void **state)
{
    struct crowd *crowd = crowd_new();
    struct spool_reader reader;
    const void *record = NULL;
    size_t length = 0, next = 0;
    struct error error;

    (void)state;
    crowd_polls(crowd);
    spool_reader_init(&reader, &crowd->desk.changeset.inserts);
    while (spool_next(&reader, &record, &length, &error) > 0) {
        struct member_row row;
        record_read_row(record, length, &row);
        assert_int_equal(person_index(&row.member.user_id), next++);
    }
    assert_int_equal(next, MANY);
    spool_reader_done(&reader);
    crowd_writes(crowd);
    crowd_free(crowd);
}

static void every_phase_takes_more_than_a_batch(void **state)
{
    struct crowd *crowd = crowd_new();
    const struct changeset_counts *counts = &crowd->desk.changeset.counts;

    (void)state;
    crowd_polls(crowd); /* nothing is stored: no rows to read, but turns to take */
    assert_int_equal(counts->added, MANY);
    assert_int_equal(crowd->needs[COMPARISON_ROWS], 0);
    assert_int_equal(crowd->needs[COMPARISON_TURN], 3);
    crowd_writes(crowd);

    for (size_t i = 0; i < MANY; i++) { /* all sorts of things at once */
        struct person *person = &crowd->people.list[i];
        if (i % 2 == 0)
            person->flags[FLAG_EDITOR] = NOT_SENT; /* 1250 are held */
        else
            person->member = false; /* as many are gone */
    }
    crowd_polls(crowd);
    assert_int_equal(crowd->needs[COMPARISON_ROWS], 4);
    assert_int_equal(crowd->needs[COMPARISON_PAST], 1);
    assert_int_equal(crowd->needs[COMPARISON_SECOND_SOURCE], 0);
    assert_true(crowd->needs[COMPARISON_TURN] >= 1);
    assert_int_equal(counts->absent, MANY / 2);
    assert_int_equal(counts->held, MANY / 2);
    assert_int_equal(crowd->desk.changeset.held.records, MANY / 2);
    crowd_writes(crowd);

    for (size_t i = 1; i < MANY; i += 4)
        crowd->people.list[i].member = crowd->people.list[i].missing = true; /* 625 are still found */
    crowd_polls(crowd);
    assert_int_equal(crowd->needs[COMPARISON_SECOND_SOURCE], 1);
    assert_int_equal(counts->removed, 625);
    assert_int_equal(counts->held, MANY / 2 + 625);
    assert_int_equal(crowd->desk.changeset.held.records, 625); /* the flags are known */
    crowd_writes(crowd);

    crowd_polls(crowd);
    assert_false(desk_writes(&crowd->desk)); /* all that stands is known */
    crowd_writes(crowd);
    crowd_free(crowd);
}

/* Nothing but bytes: written when it was more than one in a hundred, and then in turns, too. */
static void many_refreshes_are_written_by_themselves(void **state)
{
    static const struct {
        size_t respelled;
        uint32_t refreshed;
    } rows[] = {{99, 0}, {100, 100}, {2499, 2499}};

    (void)state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct crowd *crowd = crowd_new();
        for (size_t i = 2500 - 2500; row < 2 && i < MANY;
             i++) /* a hundred of 2500 is more than one in a hundred */
            crowd->people.list[i].member = true;
        crowd_polls(crowd);
        crowd_writes(crowd);
        for (size_t i = 0; i < rows[row].respelled; i++)
            crowd->people.list[i].spelling = SPELLED_WIDE;
        crowd_polls(crowd);
        assert_int_equal(crowd->desk.changeset.counts.refreshed, rows[row].refreshed);
        assert_int_equal(desk_writes(&crowd->desk), rows[row].refreshed > 0);
        desk_remember(&crowd->desk, false);
        assert_int_equal(crowd->desk.stale.count, rows[row].respelled - rows[row].refreshed);
        desk_discard(&crowd->desk);
        crowd_free(crowd);
    }
}

static void edits_of_thousands_are_set_right(void **state)
{
    struct crowd *crowd = crowd_new();

    (void)state;
    crowd_polls(crowd);
    crowd_writes(crowd);
    for (size_t i = 0; i < MANY; i++) {
        struct person *person = &crowd->people.list[i];
        struct member_row row = mirror_read(mirror_row_of(&crowd->mirror, &person->user_id));
        row.member.fields[FIELD_NAME] = a_text("Mallory");
        mirror_edit(&crowd->mirror, &person->user_id, &row);
        person->spelling = SPELLED_WIDE;
        person->member = i >= 10;
    }
    crowd_polls(crowd);
    assert_int_equal(crowd->needs[COMPARISON_ROWS], 4);
    assert_int_equal(crowd->needs[COMPARISON_RECORDED], 4);
    assert_int_equal(crowd->desk.changeset.counts.repaired, MANY);
    assert_int_equal(comparison_result(crowd->desk.comparison)->repaired.count, 1000); /* are named */
    crowd_writes(crowd);
    crowd_free(crowd);
}

static void rows_deleted_by_the_thousand(void **state)
{
    struct crowd *crowd = crowd_new();

    (void)state;
    crowd_polls(crowd);
    crowd_writes(crowd);
    for (size_t i = 0; i < MANY; i++) {
        mirror_edit(&crowd->mirror, &crowd->people.list[i].user_id, NULL);
        crowd->people.list[i].member = i % 2 == 0;
    }
    crowd_polls(crowd);
    assert_int_equal(crowd->needs[COMPARISON_LOG_ONLY], 1);
    assert_int_equal(crowd->desk.changeset.counts.added, MANY / 2);
    assert_true(comparison_result(crowd->desk.comparison)->reload);
    crowd_writes(crowd);
    assert_int_equal(mirror_present(&crowd->mirror), MANY); /* as absent, until that is confirmed */
    crowd_polls(crowd);
    crowd_writes(crowd);
    assert_int_equal(mirror_present(&crowd->mirror), MANY / 2);
    crowd_free(crowd);
}

/* --- what is needed, and in which order --------------------------------------------------------------------------- */

/* Letters: r rows, R recorded, l log only, p past, s second source, . turn. */
static void needs_of(struct stage *stage, char *ret_needs)
{
    static const char letters[] = "rRlps.";
    enum comparison_need need = COMPARISON_TURN;
    struct error error;
    size_t count = 0;

    clear_text(stage);
    desk_load(&stage->desk, true);
    take_answer(stage);
    begin_comparison(&stage->desk);
    while (need != COMPARISON_DONE && count < 30) {
        must(comparison_next(stage->desk.comparison, &need, &error), &error);
        must(fulfil(&stage->desk, need, &error), &error);
        ret_needs[count] = letters[need];
        count += need != COMPARISON_DONE;
    }
    ret_needs[count] = '\0';
    assert_int_equal(comparison_next(stage->desk.comparison, &need, &error), 0);
    assert_int_equal(need, COMPARISON_DONE); /* and stays so */
    desk_commit(&stage->desk);
    desk_discard(&stage->desk);
}

static void what_is_needed_in_which_order(void **state)
{
    static const struct {
        char happens[64];
        const char *needs;
    } rows[] = {
        {"abcdef joins", "."},
        {"", ""},
        {"a renamed", "r"},
        {"a renamed, b leaves", "rr"},
        {"", "rps"},
        {"a own vanishes", "rp"},
        {"a edited by hand", "rR"},
        {"c leaves, a edited by hand", "rRr"},
        {"d deleted by hand", "rrlps"},
    };
    struct stage stage;
    char needs[32];

    (void)state;
    stage_init(&stage);
    stage.desk.guard.vanished_flags = 0.2;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char words[64];
        char *comma;
        memcpy(words, rows[i].happens, sizeof(words));
        comma = strchr(words, ',');
        if (comma) {
            *comma = '\0';
            happens(&stage, comma + 2);
        }
        happens(&stage, words);
        needs_of(&stage, needs);
        if (strcmp(needs, rows[i].needs) != 0)
            fail_msg("after \"%s\" was needed \"%s\", expected \"%s\"", rows[i].happens, needs,
                     rows[i].needs);
    }
    stage_done(&stage);
}

static void rows_that_nobody_asked_for_are_refused(void **state)
{
    enum comparison_need need;
    struct stage stage;
    struct error error;

    (void)state;
    stage_init(&stage);
    play_line(&stage, &(struct line){"ab joins", "baseline a; baseline b"}, KEPT);
    renamed(&stage, &stage.list[0]);
    take_answer(&stage);
    begin_comparison(&stage.desk);
    must(comparison_next(stage.desk.comparison, &need, &error), &error);
    assert_int_equal(need, COMPARISON_ROWS);
    struct member_row a = mirror_read(mirror_row_of(&stage.mirror, &stage.list[0].user_id));
    struct member_row b = mirror_read(mirror_row_of(&stage.mirror, &stage.list[1].user_id));
    assert_int_equal(comparison_row(stage.desk.comparison, &b, &error), -(int)ERROR_INTERNAL);
    assert_int_equal(comparison_row(stage.desk.comparison, &a, &error), 0);
    assert_int_equal(comparison_row(stage.desk.comparison, &a, &error), -(int)ERROR_INTERNAL);
    desk_discard(&stage.desk);
    stage_done(&stage);
}

/* No answer can make such a row, but a hand can. */
static void a_row_of_megabytes_is_refused(void **state)
{
    static char name[1200 * 1024];
    struct stage stage;
    struct error error;

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    for (int leaves_too = 0; leaves_too < 2; leaves_too++) {
        stage_init(&stage);
        play_line(&stage, &(struct line){"ab joins", "baseline a; baseline b"}, KEPT);
        struct mirror_row *stored = mirror_row_of(&stage.mirror, &stage.list[0].user_id);
        struct member_row row = mirror_read(stored);
        row.member.fields[FIELD_NAME] = a_text(name);
        stored->value_digest = member_row_digest(&row, &stage.mirror.secret); /* it was no fool */
        mirror_edit(&stage.mirror, &row.member.user_id, &row);
        renamed(&stage, &stage.list[0]);
        stage.list[0].member = leaves_too == 0;
        stage.desk.removal.polls = 1;
        take_answer(&stage);
        assert_int_equal(desk_compare(&stage.desk, &error), -(int)ERROR_INTERNAL);
        assert_non_null(strstr(error.text, "larger than any member can be"));
        desk_discard(&stage.desk);
        stage_done(&stage);
    }
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
        cmocka_unit_test(newcomers_are_written_in_the_order_of_the_answer),
        cmocka_unit_test(every_phase_takes_more_than_a_batch),
        cmocka_unit_test(many_refreshes_are_written_by_themselves),
        cmocka_unit_test(edits_of_thousands_are_set_right),
        cmocka_unit_test(rows_deleted_by_the_thousand),
        cmocka_unit_test(what_is_needed_in_which_order),
        cmocka_unit_test(rows_that_nobody_asked_for_are_refused),
        cmocka_unit_test(a_row_of_megabytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

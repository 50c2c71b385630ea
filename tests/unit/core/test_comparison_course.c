/*
 * The course of a comparison: what it needs, in which order and how often, with more members than one batch takes in each
 * phase; and what it refuses.
 */
#include "core/transcript.h"

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
        char happens[2][32];
        const char *needs;
    } rows[] = {
        {{"abcdef joins"}, "."},
        {{""}, ""},
        {{"a renamed"}, "r"},
        {{"a renamed", "b leaves"}, "rr"},
        {{""}, "rps"},
        {{"a own vanishes"}, "rp"},
        {{"a edited by hand"}, "rR"},
        {{"a edited by hand", "c leaves"}, "rRr"},
        {{"d deleted by hand"}, "rrlps"},
        {{"e spoiled"}, "r"}, /* was she absent? */
        {{""}, ""},
    };
    struct stage stage;
    char needs[32];

    (void)state;
    stage_init(&stage);
    stage.desk.guard.vanished_flags = 0.2;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char words[2][32];
        memcpy(words, rows[i].happens, sizeof(words));
        happens(&stage, words[0]);
        happens(&stage, words[1]);
        needs_of(&stage, needs);
        if (strcmp(needs, rows[i].needs) != 0)
            fail_msg("after \"%s\" was needed \"%s\", expected \"%s\"", rows[i].happens[0], needs,
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

/*
 * Transcripts: a member's life as a mirror sees it. On the left what the next poll meets, on the right what the diff makes
 * of it, in the words of diff_stage.h.
 */
#include "core/diff_stage.h"

/* --- present members ---------------------------------------------------------------------------------------------- */

static void a_quiet_life(void **state)
{
    static const struct line lines[] = {
        {"baseline", "added: baseline nothing -> all (0, 110] | first 110 changed 110 seen 100"},
        {"same", "same | first 110 changed 110 seen 100"},
        {"other bytes", "refreshed | first 110 changed 110 seen 100"},
        {"same", "same | first 110 changed 110 seen 100"},
        {"digest unknown", "refreshed | first 110 changed 110 seen 100"},
    };

    (void)state;
    PLAY(lines);
}

static void she_joins_later(void **state)
{
    static const struct line lines[] = {
        {"polls pass", "added: joined nothing -> all (400, 510] | first 510 changed 510 seen 500"},
        {"same", "same | first 510 changed 510 seen 500"},
    };
    static const struct line first_poll[] = {
        {"same", "added: joined nothing -> all (0, 110] | first 110 changed 110 seen 100"},
    };

    (void)state;
    PLAY(lines);
    PLAY(first_poll);
}

#define JOINED                                                                                               \
    {                                                                                                        \
        "baseline", "added: baseline nothing -> all (0, 110] | first 110 changed 110 seen 100"               \
    }
#define ROW(n) " | first 110 changed " #n "10 seen " #n "00"

static void her_role_changes(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"owner flipped",
         "changed: role_changed {\"flag_own\":false} -> {\"flag_own\":true} (100, 210]" ROW(2)},
        {"owner flipped, role touched",
         "changed: role_changed {\"flag_own\":true,\"role_updated_at\":\"2020-09-19T15:44:32.513Z\"} -> "
         "{\"flag_own\":false,\"role_updated_at\":\"2020-09-19T15:44:33.513Z\"} (200, 310]" ROW(3)},
        {"role touched", "changed: role_touched {\"role_updated_at\":\"2020-09-19T15:44:33.513Z\"} -> "
                         "{\"role_updated_at\":\"2020-09-19T15:44:34.513Z\"} (300, 410]" ROW(4)},
        {"owner unknown",
         "changed: role_changed {\"flag_own\":false} -> {\"flag_own\":null} (400, 510]" ROW(5)},
        {"flag X set",
         "changed: role_changed {\"other_flags\":null} -> {\"other_flags\":{\"flagX\":1}} (500, 610]" ROW(6)},
    };

    (void)state;
    PLAY(lines);
}

static void her_profile_changes(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"renamed",
         "changed: profile_changed {\"name\":\"Amy Evans\"} -> {\"name\":\"Amy \xf0\x9f\x8e\x89\"} (100, 210]" ROW(
             2)},
        {"city emptied", "changed: profile_changed {\"city\":null} -> {\"city\":\"\"} (200, 310]" ROW(3)},
        {"city emptied", "changed: profile_changed {\"city\":\"\"} -> {\"city\":null} (300, 410]" ROW(4)},
    };

    (void)state;
    PLAY(lines);
}

static void both_change_at_once_role_first(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"owner flipped, renamed",
         "changed: role_changed {\"flag_own\":false} -> {\"flag_own\":true} (100, 210]: profile_changed "
         "{\"name\":\"Amy Evans\"} -> {\"name\":\"Amy \xf0\x9f\x8e\x89\"} (100, 210]" ROW(2)},
        {"role touched, city emptied",
         "changed: role_touched {\"role_updated_at\":\"2020-09-19T15:44:32.513Z\"} -> "
         "{\"role_updated_at\":\"2020-09-19T15:44:33.513Z\"} (200, 310]: profile_changed {\"city\":null} -> "
         "{\"city\":\"\"} (200, 310]" ROW(3)},
    };

    (void)state;
    PLAY(lines);
}

/* The row says something else although the API sends what it sent: not a change of hers. */
static void an_edited_row_is_repaired(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"row edited", "repaired | first 110 changed 110 seen 200"},
        {"same", "same | first 110 changed 110 seen 200"},
        {"row edited, digest unknown",
         "changed: role_changed {\"flag_own\":true} -> {\"flag_own\":false} (300, 410]: profile_changed "
         "{\"name\":\"Mallory\"} -> {\"name\":\"Amy Evans\"} (300, 410]" ROW(4)},
    };

    (void)state;
    PLAY(lines);
}

/* Flags, their unknown ones and their times stay as they are together; what is applied of the slice costs the digest. */
static void held_flags_stay_and_the_profile_goes_on(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"owner flipped, role touched, flag X set, flags held", "same | first 110 changed 110 seen 200"},
        {"same, flags held", "same | first 110 changed 110 seen 300"},
        {"renamed, owner flipped, flags held",
         "changed: profile_changed {\"name\":\"Amy Evans\"} -> {\"name\":\"Amy \xf0\x9f\x8e\x89\"} (300, 410]" ROW(
             4) " no digest"},
        {"owner flipped",
         "changed: role_changed "
         "{\"flag_own\":false,\"other_flags\":null,\"role_updated_at\":\"2020-09-19T15:44:32.513Z\"} -> "
         "{\"flag_own\":true,\"other_flags\":{\"flagX\":1},\"role_updated_at\":\"2020-09-19T15:44:33.513Z\"} "
         "(400, 510]" ROW(5)},
    };

    (void)state;
    PLAY(lines);
}

/* --- absent members ----------------------------------------------------------------------------------------------- */

#define ABSENT(since, polls) " | first 110 changed 110 seen 200 absent " #since " x" #polls
#define LEFT                 "removed: left all -> nothing (200, 310]"

static void she_leaves_and_returns(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", "counted, due 460" ABSENT(310, 1)},
        {"gone", "stands, due 460" ABSENT(310, 1)},
        {"gone", LEFT ABSENT(310, 2) " removed 310 no digest"},
        {"gone", ""},
        {"back", "added: rejoined nothing -> all (600, 710] | first 110 changed 710 seen 700"},
        {"same", "same | first 110 changed 710 seen 700"},
    };

    (void)state;
    PLAY(lines);
}

static void who_was_never_a_member_is_new(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", LEFT ABSENT(310, 1) " removed 310 no digest"},
        {"back, never was", "added: baseline nothing -> all (300, 410] | first 410 changed 410 seen 400"},
    };

    (void)state;
    PLAY_WITH(lines, 1, 150);
}

/* After a discontinuity newcomers are baseline rows, but she is known to have left. */
static void a_tombstone_is_rejoined_even_in_a_baseline(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", LEFT ABSENT(310, 1) " removed 310 no digest"},
        {"back, renamed", "added: rejoined nothing -> all (300, 410] | first 110 changed 410 seen 400"},
    };

    (void)state;
    PLAY_WITH(lines, 1, 150);
}

static void an_absence_ends_by_itself(void **state)
{
    static const struct line lines[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", "counted, due 460" ABSENT(310, 1)},
        {"back", "returned | first 110 changed 110 seen 400"},
        {"gone", "counted, due 660 | first 110 changed 110 seen 400 absent 510 x1"},
        {"back, other bytes", "returned | first 110 changed 110 seen 600"},
        {"gone", "counted, due 860 | first 110 changed 110 seen 600 absent 710 x1"},
        {"back, owner flipped",
         "changed: role_changed {\"flag_own\":false} -> {\"flag_own\":true} (700, 810]" ROW(8)},
        {"gone", "counted, due 1060 | first 110 changed 810 seen 800 absent 910 x1"},
        {"back, row edited", "repaired | first 110 changed 810 seen 1000"},
        {"gone", "counted, due 1260 | first 110 changed 810 seen 1000 absent 1110 x1"},
        {"back, owner flipped, flags held", "returned | first 110 changed 810 seen 1200"},
    };

    (void)state;
    PLAY(lines);
}

/* Polls that somebody has written into a present member's row are none that missed her. */
static void an_absence_begins_with_its_first_poll(void **state)
{
    static const int32_t polls[] = {1, 2, INT32_MAX};
    struct removal_policy policy = {.polls = 2, .confirm_after_us = 150};
    const struct diff_poll poll = {.asked = 300, .answered = 310, .previous_asked = 200};
    struct absence absence;
    struct buffer images;

    (void)state;
    buffer_init(&images, 4096);
    for (size_t i = 0; i < sizeof(polls) / sizeof(polls[0]); i++) {
        struct member_row row = {.member = amy(), .absent_polls = polls[i], .slice_digest = {{1}}};
        diff_absent(&row, &poll, &policy, &images, &absence);
        assert_int_equal(absence.verdict, ABSENCE_COUNTED);
        assert_int_equal(absence.after.absent_polls, 1);
    }
    buffer_done(&images);
}

/* Nor does the count go round when somebody has written the largest one. */
static void the_most_polls_are_enough(void **state)
{
    struct member_row row = {.member = amy(), .absent_since = 310, .absent_polls = INT32_MAX};
    struct removal_policy policy = {.polls = 2, .confirm_after_us = 150, .waited = true};
    const struct diff_poll poll = {.asked = 500, .answered = 510, .previous_asked = 300};
    struct absence absence;
    struct buffer images;

    (void)state;
    buffer_init(&images, 4096);
    diff_absent(&row, &poll, &policy, &images, &absence);
    assert_int_equal(absence.verdict, ABSENCE_REMOVED);
    assert_int_equal(absence.after.absent_polls, INT32_MAX);
    buffer_done(&images);
}

/* The clock was set back: `answered` only creeps on, and what has passed is known from elsewhere. */
static void a_clock_set_back_delays_no_removal(void **state)
{
    struct member_row row = {.member = amy(), .absent_since = 310, .absent_polls = 1, .slice_digest = {{1}}};
    struct removal_policy policy = {.polls = 2, .confirm_after_us = 150};
    const struct diff_poll poll = {.asked = 310, .answered = 311, .previous_asked = 309};
    struct absence absence;
    struct buffer images;

    (void)state;
    buffer_init(&images, 4096);
    diff_absent(&row, &poll, &policy, &images, &absence);
    assert_int_equal(absence.verdict, ABSENCE_STANDS);
    policy.waited = true;
    diff_absent(&row, &poll, &policy, &images, &absence);
    assert_int_equal(absence.verdict, ABSENCE_REMOVED);
    assert_int_equal(absence.change.observed_at, 310);
    buffer_done(&images);
}

/* A row that was written in between was seen later than any complete poll before says. */
static int64_t left_after(const struct diff_poll *poll)
{
    struct member_row row = {.member = amy(), .last_seen_at = 250, .slice_digest = {{1}}};
    struct removal_policy policy = {.polls = 1, .confirm_after_us = 150};
    struct absence absence;
    struct buffer images;

    buffer_init(&images, 4096);
    diff_absent(&row, poll, &policy, &images, &absence);
    buffer_done(&images);
    return absence.change.observed_after;
}

static void her_own_last_sight_counts_when_it_is_later(void **state)
{
    (void)state;
    assert_int_equal(left_after(&(struct diff_poll){.asked = 300, .answered = 310, .previous_asked = 200}),
                     250);
}

/* She may have been gone by then: a record nobody could read is not her. */
static void a_partial_poll_is_no_sight_of_her(void **state)
{
    struct diff_poll poll = {.asked = 300, .answered = 310, .previous_asked = 280};

    (void)state;
    assert_int_equal(left_after(&poll), 280);
    poll.previous_partial = true;
    assert_int_equal(left_after(&poll), 250);
}

static void patience_is_a_setting(void **state)
{
    static const struct line three[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", "counted, due 360" ABSENT(310, 1)},
        {"gone", "counted, due 410" ABSENT(310, 2)},
        {"gone", LEFT ABSENT(310, 3) " removed 310 no digest"},
    };
    static const struct line at_once[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", LEFT ABSENT(310, 1) " removed 310 no digest"},
    };
    static const struct line on_the_dot[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", "counted, due 410" ABSENT(310, 1)},
        {"gone", LEFT ABSENT(310, 2) " removed 310 no digest"},
    };
    static const struct line no_pause[] = {
        JOINED,
        {"same", "same | first 110 changed 110 seen 100"},
        {"gone", "counted, due 310" ABSENT(310, 1)},
        {"gone", LEFT ABSENT(310, 2) " removed 310 no digest"},
    };

    (void)state;
    PLAY_WITH(three, 3, 50);
    PLAY_WITH(at_once, 1, 150);
    PLAY_WITH(on_the_dot, 2, 100);
    PLAY_WITH(no_pause, 2, 0);
}

/* --- everything at once ------------------------------------------------------------------------------------------- */

/* In how many images of the diff a field stands. */
static size_t times_told(const struct diff *diff, size_t field)
{
    char key[64];
    size_t told = 0;

    snprintf(key, sizeof(key), "\"%s\":", member_fields[field].column);
    for (size_t i = 0; i < diff->change_count; i++) {
        const struct change *change = &diff->changes[i];
        told += memmem(change->old_values, change->old_length, key, strlen(key)) != NULL;
        told += memmem(change->new_values, change->new_length, key, strlen(key)) != NULL;
    }
    return told;
}

static struct member edited(const struct member *member, uint64_t *seed, struct arena *arena)
{
    struct member now = *member;

    for (uint64_t edits = next_random(seed) % 4; edits > 0; edits--) {
        size_t field = next_random(seed) % FIELD_COUNT;
        now.fields[field] = random_value(member_fields[field].type, seed, arena);
    }
    return now;
}

/* Whatever differs: every differing field stands in one change, before and after, and no other field does. */
static void each_differing_field_is_told_once(void **state)
{
    const struct diff_poll poll = {.asked = 300, .answered = 310, .previous_asked = 200};
    const struct digest digest = {{2}};
    struct arena arena;
    struct buffer images;
    uint64_t seed = 4;

    (void)state;
    arena_init(&arena);
    buffer_init(&images, 1 << 20);
    for (int round = 0; round < 5000; round++) {
        struct member_row before = {.member = random_member(&seed, &arena), .slice_digest = {{1}}};
        struct member now = edited(&before.member, &seed, &arena);
        struct diff diff;

        buffer_clear(&images);
        diff_member(&before, &now, &digest, &poll, &images, &diff);
        for (size_t field = 0; field < FIELD_COUNT; field++) {
            bool equal = field_value_equal(member_fields[field].type, &before.member.fields[field],
                                           &now.fields[field]);
            assert_int_equal(times_told(&diff, field), equal ? 0 : 2);
        }
    }
    buffer_done(&images);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_life),
        cmocka_unit_test(she_joins_later),
        cmocka_unit_test(her_role_changes),
        cmocka_unit_test(her_profile_changes),
        cmocka_unit_test(both_change_at_once_role_first),
        cmocka_unit_test(an_edited_row_is_repaired),
        cmocka_unit_test(held_flags_stay_and_the_profile_goes_on),
        cmocka_unit_test(she_leaves_and_returns),
        cmocka_unit_test(who_was_never_a_member_is_new),
        cmocka_unit_test(a_tombstone_is_rejoined_even_in_a_baseline),
        cmocka_unit_test(an_absence_ends_by_itself),
        cmocka_unit_test(an_absence_begins_with_its_first_poll),
        cmocka_unit_test(the_most_polls_are_enough),
        cmocka_unit_test(a_clock_set_back_delays_no_removal),
        cmocka_unit_test(a_partial_poll_is_no_sight_of_her),
        cmocka_unit_test(her_own_last_sight_counts_when_it_is_later),
        cmocka_unit_test(patience_is_a_setting),
        cmocka_unit_test(each_differing_field_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

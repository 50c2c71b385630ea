/*
 * The stage of test_diff.c: one member of the organization, her row in the table, and what a poll makes of both, told in
 * one line. Poll n is asked at n * 100 and answered at n * 100 + 10; "(200, 310]" is observed_after and observed_at.
 */
#ifndef TESTS_UNIT_CORE_DIFF_STAGE_H
#define TESTS_UNIT_CORE_DIFF_STAGE_H

#include "core/diff.h"
#include "core/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* One member of the organization, her row in the table, and the polls between. */
struct stage {
    struct member source; /* what the API would send */
    uint8_t bytes;        /* stands for the slice's bytes: other bytes, another digest */
    bool gone;            /* from the API */
    bool baseline;
    bool flags_held; /* in the next poll */
    bool row_exists;
    struct member_row row;
    int64_t poll; /* number of the last one */
    struct removal_policy policy;
};

struct line {
    const char *meets;    /* words, see `directions`; a poll follows */
    const char *expected; /* what the poll made of it */
};

static void owns(struct stage *stage)
{
    struct field_value *own = &stage->source.fields[FIELD_FLAG_OWN];

    *own = a_flag(!own->flag);
}

static void own_unknown(struct stage *stage)
{
    stage->source.fields[FIELD_FLAG_OWN].known = false;
}

static void role_time(struct stage *stage)
{
    stage->source.fields[FIELD_ROLE_UPDATED_AT].us += 1000000;
}

static void other_flag(struct stage *stage)
{
    stage->source.fields[FIELD_OTHER_FLAGS] = a_text("{\"flagX\":1}");
}

static void renamed(struct stage *stage)
{
    stage->source.fields[FIELD_NAME] = a_text("Amy \xf0\x9f\x8e\x89");
}

static void city_unknown(struct stage *stage)
{
    struct field_value *city = &stage->source.fields[FIELD_CITY];

    *city = city->known ? (struct field_value){.known = false} : a_text("");
}

static void same(struct stage *stage)
{
    stage->bytes--; /* taken back below */
}

static void other_bytes(struct stage *stage)
{
    (void)stage;
}

static void gone(struct stage *stage)
{
    stage->gone = true;
    same(stage);
}

static void back(struct stage *stage)
{
    stage->gone = false;
    same(stage);
}

static void row_edited(struct stage *stage)
{
    stage->row.member.fields[FIELD_NAME] = a_text("Mallory");
    stage->row.member.fields[FIELD_FLAG_OWN] = a_flag(true);
    same(stage);
}

static void digest_unknown(struct stage *stage)
{
    stage->row.slice_digest = (struct digest){.bytes = {0}};
    same(stage);
}

/* Her row was put there by hand and set right to a tombstone: she was never a member. */
static void never_was(struct stage *stage)
{
    stage->row.first_seen_at = stage->row.removed_at;
    same(stage);
}

static void flags_held(struct stage *stage)
{
    stage->flags_held = true;
    same(stage);
}

static void nothing_before(struct stage *stage)
{
    stage->baseline = true;
    same(stage);
}

static void polls_pass(struct stage *stage)
{
    stage->poll += 4;
    same(stage);
}

/* Each gives the slice other bytes, unless it says `same`. */
static const struct direction {
    const char *words;
    void (*act)(struct stage *stage);
} directions[] = {
    {"owner flipped", owns},
    {"owner unknown", own_unknown},
    {"role touched", role_time},
    {"flag X set", other_flag},
    {"renamed", renamed},
    {"city emptied", city_unknown},
    {"other bytes", other_bytes},
    {"same", same},
    {"gone", gone},
    {"back", back},
    {"row edited", row_edited},
    {"digest unknown", digest_unknown},
    {"never was", never_was},
    {"flags held", flags_held},
    {"baseline", nothing_before},
    {"polls pass", polls_pass},
};

static void direct(struct stage *stage, const char *meets)
{
    size_t understood = 0;

    for (size_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++) {
        if (!strstr(meets, directions[i].words))
            continue;
        stage->bytes++;
        directions[i].act(stage);
        understood += strlen(directions[i].words);
    }
    for (const char *comma = meets; (comma = strstr(comma, ", ")); comma += 2)
        understood += 2;
    assert_int_equal(understood, strlen(meets)); /* else a direction is misspelt */
}

/* --- what is said of a poll --------------------------------------------------------------------------------------- */

static void say_image(struct buffer *said, const char *image, size_t length, bool all)
{
    const char *shown = all ? "all" : image;

    if (!image)
        buffer_add_text(said, "nothing");
    else
        buffer_add(said, shown, all ? strlen(shown) : length);
}

static void say_change(struct buffer *said, const struct change *change, const struct stage *stage)
{
    bool all = !change->old_values || !change->new_values;

    assert_true(uuid_equal(&change->user_id, &stage->source.user_id));
    buffer_add_format(said, ": %s ", change_kind_name(change->kind));
    say_image(said, change->old_values, change->old_length, all);
    buffer_add_text(said, " -> ");
    say_image(said, change->new_values, change->new_length, all);
    buffer_add_format(said, " (%d, %d]", (int)change->observed_after, (int)change->observed_at);
}

static void say_row(struct buffer *said, const struct member_row *row)
{
    buffer_add_format(said, " | first %d changed %d seen %d", (int)row->first_seen_at,
                      (int)row->last_changed_at, (int)row->last_seen_at);
    if (row->absent_since)
        buffer_add_format(said, " absent %d x%d", (int)row->absent_since, row->absent_polls);
    if (row->removed_at)
        buffer_add_format(said, " removed %d", (int)row->removed_at);
    if (digest_is_zero(&row->slice_digest))
        buffer_add_text(said, " no digest");
}

/* An image with every field must be that of the value it stands for. */
static void assert_whole_image(const struct change *change, const struct member *old_member,
                               const struct member *new_member)
{
    struct buffer image;

    if (change->old_values && change->new_values)
        return;
    buffer_init(&image, 4096);
    image_add(&image, change->old_values ? old_member : new_member, FIELD_MASK_ALL);
    size_t length = change->old_values ? change->old_length : change->new_length;
    assert_int_equal(length, image.length);
    assert_memory_equal(change->old_values ? change->old_values : change->new_values, image.data, length);
    buffer_done(&image);
}

/* --- the polls ---------------------------------------------------------------------------------------------------- */

static struct diff_poll next_poll(struct stage *stage)
{
    int64_t number = ++stage->poll;

    return (struct diff_poll){
        .asked = number * 100,
        .answered = number * 100 + 10,
        .previous_asked = (number - 1) * 100,
        .baseline = stage->baseline,
    };
}

static void compare(struct stage *stage, struct buffer *images, struct diff *ret_diff)
{
    struct diff_poll poll = next_poll(stage);
    struct digest digest = {.bytes = {stage->bytes}};

    if (stage->flags_held) {
        diff_held_flags(&stage->row, &stage->source, &poll, images, ret_diff);
        stage->flags_held = false;
        return;
    }
    diff_member(stage->row_exists ? &stage->row : NULL, &stage->source, &digest, &poll, images, ret_diff);
    assert_true(member_equal(&ret_diff->after.member, &stage->source));
    assert_true(digest_equal(&ret_diff->after.slice_digest, &digest));
}

static void poll_sees(struct stage *stage, struct buffer *images, struct buffer *said)
{
    static const char *const verdicts[] = {
        [DIFF_SAME] = "same",   [DIFF_REFRESHED] = "refreshed", [DIFF_RETURNED] = "returned",
        [DIFF_ADDED] = "added", [DIFF_CHANGED] = "changed",     [DIFF_REPAIRED] = "repaired",
    };
    struct diff diff;

    compare(stage, images, &diff);
    buffer_add_text(said, verdicts[diff.verdict]);
    for (size_t i = 0; i < diff.change_count; i++) {
        say_change(said, &diff.changes[i], stage);
        assert_whole_image(&diff.changes[i], NULL, &stage->source);
    }
    say_row(said, &diff.after);
    assert_int_equal(diff.fields == 0, diff.verdict <= DIFF_RETURNED);
    stage->row = diff.after;
    stage->row_exists = true;
}

static void poll_misses(struct stage *stage, struct buffer *images, struct buffer *said)
{
    static const char *const verdicts[] = {
        [ABSENCE_STANDS] = "stands", [ABSENCE_COUNTED] = "counted", [ABSENCE_REMOVED] = "removed"};
    struct diff_poll poll = next_poll(stage);
    struct absence absence;

    diff_absent(&stage->row, &poll, &stage->policy, images, &absence);
    buffer_add_text(said, verdicts[absence.verdict]);
    if (absence.verdict == ABSENCE_REMOVED) {
        say_change(said, &absence.change, stage);
        assert_whole_image(&absence.change, &stage->row.member, NULL);
        assert_int_equal(absence.due_us, 0);
    } else {
        buffer_add_format(said, ", due %d", (int)absence.due_us);
    }
    say_row(said, &absence.after);
    stage->row = absence.after;
}

/* Removal after `polls` polls without her, 150 apart, unless said otherwise. */
static void play(const struct line *lines, size_t count, struct removal_policy policy)
{
    struct stage stage = {.source = amy(), .bytes = 1, .policy = policy};
    struct buffer images;
    struct buffer said;

    buffer_init(&images, 1 << 20); /* never cleared: images must be found behind older ones */
    buffer_init(&said, 1 << 16);
    for (size_t i = 0; i < count; i++) {
        direct(&stage, lines[i].meets);
        buffer_clear(&said);
        if (!stage.gone)
            poll_sees(&stage, &images, &said);
        else if (stage.row.removed_at)
            stage.poll++; /* nobody asks about a tombstone */
        else
            poll_misses(&stage, &images, &said);
        assert_string_equal(said.length > 0 ? said.data : "", lines[i].expected);
    }
    buffer_done(&images);
    buffer_done(&said);
}

#define PLAY(lines) PLAY_WITH(lines, 2, 150)
#define PLAY_WITH(lines, polls, apart)                                                                       \
    play(lines, sizeof(lines) / sizeof((lines)[0]), (struct removal_policy){polls, apart, false})

#endif

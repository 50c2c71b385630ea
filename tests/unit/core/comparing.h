/*
 * A desk at which polls are compared: what a daemon keeps between two polls, and what it does with a comparison, by the
 * rules of service/runner but without loop, network and server. The tables are a mirror.
 */
#ifndef TESTS_UNIT_CORE_COMPARING_H
#define TESTS_UNIT_CORE_COMPARING_H

#include "core/comparison.h"
#include "core/mirror.h"
#include "core/people.h"
#include "core/poll.h"

#define SECOND INT64_C(1000000)

struct desk {
    struct mirror *mirror;
    struct removal_policy removal;
    struct guard_policy guard;
    const struct uuid *own_user; /* NULL: not known */
    bool own_unanswered;         /* because nobody answered */
    finding_cb finding_cb;
    void *context;
    size_t spool_memory;

    /* what is kept between two polls; a roster of NULL: nothing */
    struct roster *roster;
    bool full; /* the roster's digests are of values */
    bool stored;
    bool holds_stand;
    bool discontinuity;
    bool reload; /* the roster is to be loaded anew */
    char *name_json;
    int64_t version;         /* of the fence */
    int64_t asked, answered; /* of the last complete poll */
    uint32_t members;
    struct digest_list rejected;
    struct id_list quarantined;
    struct id_list stale;
    bool was_unreadable;

    /* one poll */
    struct poll *poll;
    struct comparison *comparison;
    struct changeset changeset;
    struct diff_poll times;
    uint32_t members_after;
};

static void desk_init(struct desk *desk, struct mirror *mirror)
{
    *desk = (struct desk){
        .mirror = mirror,
        .removal = {.polls = 2, .confirm_after_us = 30 * SECOND},
        .guard = {.removals = 0.15,
                  .removals_floor = 2,
                  .removals_max = 1000,
                  .vanished_flags = 0.15,
                  .demotions = -1,
                  .owner_grants = -1},
        .spool_memory = MEBIBYTE,
    };
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

static void desk_forget(struct desk *desk)
{
    roster_free(desk->roster);
    desk->roster = NULL;
    free(desk->name_json);
    desk->name_json = NULL;
    digest_list_done(&desk->rejected);
    id_list_done(&desk->quarantined);
    id_list_done(&desk->stale);
    desk->was_unreadable = false;
}

static void take_rejection(struct desk *desk, const struct rejection *rejection)
{
    digest_list_add(&desk->rejected, &rejection->slice_digest);
    if (rejection->has_user_id)
        id_list_add(&desk->quarantined, &rejection->user_id);
    else
        desk->was_unreadable = true;
}

/* Digests of absent members are left unknown, of edited rows as well where they are of values. */
static struct digest roster_digest_of(const struct desk *desk, const struct member_row *row)
{
    const struct digest none = {{0}};

    if (row->absent_since != 0)
        return none;
    if (!desk->full)
        return row->slice_digest;
    return member_row_is_edited(row, &desk->mirror->secret)
               ? none
               : member_digest(&row->member, &desk->mirror->secret);
}

static void desk_load(struct desk *desk, bool full)
{
    const struct mirror *mirror = desk->mirror;

    desk_forget(desk);
    desk->roster = roster_new();
    desk->full = full;
    desk->reload = false;
    for (size_t i = 0; i < mirror->row_count; i++) {
        if (!mirror->rows[i].exists)
            continue;
        struct member_row row = mirror_read(&mirror->rows[i]);
        struct digest digest = roster_digest_of(desk, &row);
        if (row.removed_at == 0)
            assert_true(roster_add(desk->roster, &row.member.user_id, &digest));
    }
    desk->stored = mirror->exists;
    desk->holds_stand = mirror->hold_count > 0;
    desk->members = roster_count(desk->roster);
    desk->discontinuity = mirror->exists && desk->members != mirror->present_members;
    desk->name_json = memory_string(mirror->name_json);
    desk->version = mirror->version;
    desk->asked = mirror->asked;
    desk->answered = mirror->answered;
    for (size_t i = 0; i < mirror->rejected_count; i++)
        take_rejection(desk, &mirror->rejected[i]);
}

/* --- the poll ----------------------------------------------------------------------------------------------------- */

static void desk_poll(struct desk *desk)
{
    const struct poll_settings settings = {
        .max_body = 1024 * MEBIBYTE,
        .max_members = 1000000,
        .spool_memory = desk->spool_memory,
        .spool_directory = "/tmp",
        .secret = &desk->mirror->secret,
        .organization_id = desk->stored ? ORGANIZATION_ID : NULL,
        .full = desk->full,
    };

    desk->poll = poll_new(&settings, desk->roster);
    changeset_init(&desk->changeset, desk->spool_memory, "/tmp");
}

/* Within an organization both times grow, whatever the clock says. Returns whether it is behind. */
static bool desk_set_times(struct desk *desk, int64_t asked, int64_t answered)
{
    bool behind = answered <= desk->answered;

    answered = behind ? desk->answered + 1 : answered;
    asked = asked <= desk->asked ? desk->asked + 1 : asked;
    desk->times = (struct diff_poll){.asked = asked < answered ? asked : answered,
                                     .answered = answered,
                                     .previous_asked = desk->asked,
                                     .previous_partial = desk->was_unreadable,
                                     .baseline = !desk->stored || desk->discontinuity};
    return behind;
}

/* --- the comparison ----------------------------------------------------------------------------------------------- */

static void begin_comparison(struct desk *desk)
{
    const struct comparison_input input = {
        .stored = desk->stored,
        .organization_id = ORGANIZATION_ID,
        .name_json = desk->name_json,
        .members = desk->members,
        .holds_stand = desk->holds_stand,
        .secret = &desk->mirror->secret,
        .poll = desk->poll,
        .roster = desk->roster,
        .rejected = &desk->rejected,
        .quarantined = &desk->quarantined,
        .stale = &desk->stale,
        .own_user = desk->own_unanswered ? NULL : desk->own_user,
        .own_unanswered = desk->own_unanswered,
        .times = desk->times,
        .discontinuity = desk->stored && desk->discontinuity,
        .removal = desk->removal,
        .guard = desk->guard,
        .changeset = &desk->changeset,
        .finding_cb = desk->finding_cb,
        .finding_context = desk->context,
    };

    desk->comparison = comparison_new(&input, desk->spool_memory, "/tmp");
}

static int give_rows(struct desk *desk, struct error *error)
{
    size_t count = 0;
    const struct uuid *ids = comparison_ids(desk->comparison, &count);
    int status = 0;

    assert_true(desk->stored && count > 0 && count <= COMPARISON_BATCH);
    for (size_t i = 0; status == 0 && i < count; i++) {
        const struct mirror_row *stored = mirror_find(desk->mirror, &ids[i]);
        assert_true(i == 0 || uuid_compare(&ids[i - 1], &ids[i]) < 0);
        if (!stored || !stored->exists)
            continue;
        struct member_row row = mirror_read(stored);
        status = comparison_row(desk->comparison, &row, error);
    }
    return status;
}

/* sql/queries/read_recorded_members.sql: what the table has of a row goes before what the log can tell. */
static struct member_row recorded_row(const struct desk *desk, const struct replayed *replayed)
{
    const struct mirror_row *stored = mirror_find(desk->mirror, &replayed->user_id);
    struct member_row recorded = replay_row(replayed);

    if (!stored || !stored->exists)
        return recorded;
    struct member_row row = mirror_read(stored);
    recorded.first_seen_at = row.first_seen_at;
    recorded.last_changed_at = row.last_changed_at;
    recorded.last_seen_at = row.last_seen_at;
    recorded.absent_polls = row.absent_polls;
    if (row.absent_since != 0)
        recorded.absent_since = row.absent_since;
    return recorded;
}

static int give_recorded(struct desk *desk, struct error *error)
{
    size_t count = 0;
    const struct uuid *ids = comparison_ids(desk->comparison, &count);
    int status = 0;

    for (size_t i = 0; status == 0 && i < count; i++) {
        const struct replayed *replayed = replay_find(&desk->mirror->replay, &ids[i]);
        if (!replayed)
            continue;
        struct member_row row = recorded_row(desk, replayed);
        status = comparison_row(desk->comparison, &row, error);
    }
    return status;
}

static int give_log_only(struct desk *desk, struct error *error)
{
    const struct replay *replay = &desk->mirror->replay;
    int status = 0;

    for (size_t i = 0; status == 0 && i < replay->count; i++) {
        const struct mirror_row *stored = mirror_find(desk->mirror, &replay->list[i].user_id);
        if (!replay->list[i].present || (stored && stored->exists))
            continue;
        struct member_row row = replay_row(&replay->list[i]);
        status = comparison_row(desk->comparison, &row, error);
    }
    return status;
}

static int fulfil(struct desk *desk, enum comparison_need need, struct error *error)
{
    switch (need) {
    case COMPARISON_ROWS:
        return give_rows(desk, error);
    case COMPARISON_RECORDED:
        return give_recorded(desk, error);
    case COMPARISON_LOG_ONLY:
        return give_log_only(desk, error);
    case COMPARISON_PAST:
        mirror_read_past(desk->mirror, desk->times.answered - REMOVED_LATELY_US, desk->own_user,
                         comparison_past(desk->comparison));
        return 0;
    default:
        return 0;
    }
}

/* Begins or goes on. COMPARISON_DONE, or COMPARISON_SECOND_SOURCE, which the caller fulfils; or a negative class. */
static int desk_compare(struct desk *desk, struct error *error)
{
    enum comparison_need need = COMPARISON_TURN;
    int status = 0;

    if (!desk->comparison)
        begin_comparison(desk);
    while (status == 0 && need != COMPARISON_DONE && need != COMPARISON_SECOND_SOURCE) {
        status = comparison_next(desk->comparison, &need, error);
        if (status == 0)
            status = fulfil(desk, need, error);
    }
    return status < 0 ? status : (int)need;
}

/* More than coverage. */
static bool desk_writes(const struct desk *desk)
{
    return comparison_result(desk->comparison)->writes || desk->discontinuity;
}

static void desk_commit(struct desk *desk)
{
    const struct changeset_counts *counts = &desk->changeset.counts;
    const struct mirror_write write = {
        .asked = desk->times.asked,
        .answered = desk->times.answered,
        .members = (uint32_t)((int64_t)desk->members + comparison_result(desk->comparison)->unrecorded +
                              counts->added - counts->removed),
        .name_json = poll_result(desk->poll)->envelope.name_json,
        .poll = desk->poll,
    };

    assert_int_equal(desk->version, desk->mirror->version);
    desk->members_after = write.members;
    mirror_commit(desk->mirror, &desk->changeset, &write);
}

/* --- what is kept ------------------------------------------------------------------------------------------------- */

static void remember_members(struct desk *desk)
{
    const struct comparison_result *result = comparison_result(desk->comparison);
    const struct id_list *unknown[] = {&result->absent, &result->held};
    const struct id_list *gone[] = {&result->removed, &result->held_newcomers};
    const struct digest none = {{0}};
    struct error error;

    assert_int_equal(poll_remember(desk->poll, &error), 0);
    for (size_t list = 0; list < 2; list++) {
        for (size_t i = 0; i < unknown[list]->count; i++)
            roster_set(desk->roster, &unknown[list]->ids[i], &none);
        for (size_t i = 0; i < gone[list]->count; i++)
            roster_remove(desk->roster, &gone[list]->ids[i]);
    }
    if (result->stale_written)
        id_list_clear(&desk->stale);
    id_list_append(&desk->stale, &result->refreshed);
    desk->reload |= result->reload;
}

static void remember_written(struct desk *desk)
{
    desk->members = desk->members_after;
    desk->version++;
    desk->stored = true;
    desk->holds_stand = desk->changeset.counts.held > 0;
    desk->discontinuity = false;
    free(desk->name_json);
    desk->name_json = memory_string(poll_result(desk->poll)->envelope.name_json);
    digest_list_clear(&desk->rejected);
    id_list_clear(&desk->quarantined);
    desk->was_unreadable = false;
    for (size_t i = 0; i < poll_rejection_count(desk->poll); i++)
        take_rejection(desk, poll_rejection(desk->poll, i));
}

/* The poll is committed, or covered when nothing was to be written. */
static void desk_remember(struct desk *desk, bool written)
{
    remember_members(desk);
    desk->asked = desk->times.asked;
    desk->answered = desk->times.answered;
    if (written)
        remember_written(desk);
    desk->full = false;
}

static void desk_discard(struct desk *desk)
{
    comparison_free(desk->comparison);
    changeset_done(&desk->changeset);
    poll_free(desk->poll);
    desk->comparison = NULL;
    desk->poll = NULL;
}

#endif

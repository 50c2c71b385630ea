/*
 * One member of a comparison: what becomes of the row, and what is counted and told of it. What a guard may hold is
 * handed on to comparison_guard.c.
 */
#include "core/comparison_private.h"

/* So many repaired rows are named in the cycle; all of them are counted. */
#define REPAIRED_NAMED 1000

void comparison_tell(struct comparison *comparison, const struct finding *finding)
{
    if (comparison->input.finding_cb)
        comparison->input.finding_cb(comparison->input.finding_context, finding);
}

/* No answer can do this, but whoever edits a row by hand can. */
int comparison_refuse_images(const struct uuid *user_id, struct error *error)
{
    char user[UUID_TEXT_LENGTH + 1];

    uuid_format(user_id, user);
    return error_set(error, ERROR_INTERNAL,
                     "the row of user %s in rollcall.member is larger than any member can be; correct it",
                     user);
}

/* The last poll did not show what a quarantined member was like: its change may be older than that. */
struct diff_poll comparison_times(const struct comparison *comparison, const struct member_row *before)
{
    struct diff_poll times = comparison->input.times;

    if (before && id_list_has(comparison->input.quarantined, &before->member.user_id))
        times.previous_asked = before->last_seen_at;
    return times;
}

void comparison_count_repaired(struct comparison *comparison, const struct uuid *user_id)
{
    comparison->input.changeset->counts.repaired++;
    if (comparison->result.repaired.count < REPAIRED_NAMED)
        id_list_add(&comparison->result.repaired, user_id);
}

/* --- seen --------------------------------------------------------------------------------------------------------- */

/* Only the bytes differed. Whether that is worth a write is decided when the whole poll was compared. */
static int add_refresh(struct comparison *comparison, const struct member_row *row, struct error *error)
{
    id_list_add(&comparison->result.refreshed, &row->member.user_id);
    buffer_clear(&comparison->scratch);
    record_add_row(&comparison->scratch, row);
    return spool_append(&comparison->refreshes, comparison->scratch.data, comparison->scratch.length, error);
}

static void count_verdict(struct changeset_counts *counts, const struct diff *diff,
                          const struct member_row *before)
{
    counts->added += diff->verdict == DIFF_ADDED;
    counts->returned += before && before->removed_at == 0 && before->absent_since != 0;
    for (size_t i = 0; i < diff->change_count; i++) {
        counts->role_changed += diff->changes[i].kind == CHANGE_ROLE_CHANGED;
        counts->role_touched += diff->changes[i].kind == CHANGE_ROLE_TOUCHED;
        counts->profile_changed += diff->changes[i].kind == CHANGE_PROFILE_CHANGED;
    }
}

static int add_changes(struct comparison *comparison, const struct diff *diff, struct error *error)
{
    for (size_t i = 0; i < diff->change_count; i++) {
        int status = changeset_change(comparison->input.changeset, &diff->changes[i], error);
        if (status < 0)
            return status;
    }
    return 0;
}

/* Of a row that is only set right is shown what somebody made of it. */
static void tell_applied(struct comparison *comparison, const struct member_verdict *verdict,
                         const struct diff *diff)
{
    struct finding finding = {.before = verdict->before,
                              .after = &diff->after,
                              .changes = diff->changes,
                              .change_count = diff->change_count,
                              .fields = diff->fields};

    finding.repaired = diff->change_count == 0 && (verdict->edited || diff->verdict == DIFF_REPAIRED);
    if (finding.repaired && verdict->table) {
        finding.before = verdict->table;
        finding.fields = diff_fields(&verdict->table->member, &diff->after.member);
    }
    comparison_tell(comparison, &finding);
}

int comparison_apply(struct comparison *comparison, const struct member_verdict *verdict, struct diff *diff,
                     struct error *error)
{
    struct changeset *set = comparison->input.changeset;
    bool repaired = verdict->edited || diff->verdict == DIFF_REPAIRED;

    count_verdict(&set->counts, diff, verdict->before);
    if (repaired)
        comparison_count_repaired(comparison, &diff->after.member.user_id);
    tell_applied(comparison, verdict, diff);
    int status = verdict->stored ? changeset_update(set, &diff->after, error)
                                 : changeset_insert(set, &diff->after, error);
    return status < 0 ? status : add_changes(comparison, diff, error);
}

/* What the log knows equals what Luzmo says: only the row is wrong. */
static void mark_repaired(const struct comparison *comparison, struct diff *diff)
{
    if (diff->verdict != DIFF_SAME && diff->verdict != DIFF_REFRESHED)
        return;
    diff->verdict = DIFF_REPAIRED;
    diff->after.last_seen_at = comparison->input.times.asked;
}

static void note_own_user(struct comparison *comparison, const struct member *now)
{
    const struct uuid *own = comparison->input.own_user;

    if (!own || !uuid_equal(own, &now->user_id))
        return;
    comparison->own_decoded = true;
    comparison->own_owner = member_is_owner(now);
}

int comparison_seen(struct comparison *comparison, const struct member_row *before, const struct entry *entry,
                    struct error *error)
{
    struct decoded now;
    struct diff diff;
    struct diff_poll times = comparison_times(comparison, before);
    struct member_verdict verdict = {before, &now, .stored = entry->matched, .edited = entry->edited};
    struct member_row table;

    record_read_decoded(comparison->records.data + entry->offset, entry->length, &now);
    if (entry->edited_length > 0) {
        record_read_row(comparison->edited_rows.data + entry->edited_offset, entry->edited_length, &table);
        verdict.table = &table;
    }
    note_own_user(comparison, &now.member);
    buffer_clear(&comparison->images);
    diff_member(before, &now.member, &now.slice_digest, &times, &comparison->images, &diff);
    if (comparison->images.overflowed)
        return comparison_refuse_images(&now.member.user_id, error);
    if (entry->edited)
        mark_repaired(comparison, &diff);
    if (diff.verdict == DIFF_SAME)
        return 0;
    if (diff.verdict == DIFF_REFRESHED)
        return add_refresh(comparison, &diff.after, error);
    guard_mask classes = comparison_guarded(comparison, &verdict, &diff);
    if (classes != 0)
        return comparison_put_aside_flags(comparison, &verdict, &diff, classes, error);
    return comparison_apply(comparison, &verdict, &diff, error);
}

/* --- not seen ----------------------------------------------------------------------------------------------------- */

/* The earliest moment at which an absence may be counted again decides when the confirming poll is asked for. */
static void await_confirmation(struct comparison *comparison, int64_t due_us)
{
    struct comparison_result *result = &comparison->result;
    int64_t in_us = due_us - comparison->input.times.answered;

    if (in_us < 0)
        in_us = 0;
    if (!result->confirm || in_us < result->confirm_in_us)
        result->confirm_in_us = in_us;
    result->confirm = true;
}

static int count_absence(struct comparison *comparison, const struct absence *absence,
                         const struct member_row *before, bool edited, struct error *error)
{
    struct changeset *set = comparison->input.changeset;

    comparison_tell(comparison,
                    &(struct finding){.before = before, .after = &absence->after, .absent = true});
    id_list_add(&comparison->result.absent, &before->member.user_id);
    await_confirmation(comparison, absence->due_us);
    int status = comparison_put_aside_pending(comparison, before, error);
    if (edited)
        comparison_count_repaired(comparison, &before->member.user_id);
    else if (absence->verdict == ABSENCE_STANDS)
        return status;
    set->counts.absent += absence->verdict == ABSENCE_COUNTED;
    return status < 0 ? status : changeset_update(set, &absence->after, error);
}

int comparison_remove(struct comparison *comparison, const struct absence *absence,
                      const struct member_row *before, struct error *error)
{
    struct changeset *set = comparison->input.changeset;

    comparison_tell(comparison, &(struct finding){.before = before,
                                                  .after = &absence->after,
                                                  .changes = &absence->change,
                                                  .change_count = 1,
                                                  .absent = true});
    id_list_add(&comparison->result.removed, &before->member.user_id);
    set->counts.removed++;
    int status = changeset_update(set, &absence->after, error);
    return status < 0 ? status : changeset_change(set, &absence->change, error);
}

int comparison_set_right(struct comparison *comparison, const struct member_row *recorded,
                         struct error *error)
{
    comparison_count_repaired(comparison, &recorded->member.user_id);
    comparison_tell(comparison, &(struct finding){.before = recorded, .after = recorded, .repaired = true});
    return changeset_update(comparison->input.changeset, recorded, error);
}

/* The log has a member as gone whom somebody has put back into the table: gone it is. */
static int repair_tombstone(struct comparison *comparison, const struct member_row *recorded,
                            struct error *error)
{
    id_list_add(&comparison->result.removed, &recorded->member.user_id);
    return comparison_set_right(comparison, recorded, error);
}

int comparison_unseen(struct comparison *comparison, const struct member_row *before, bool edited,
                      struct error *error)
{
    struct absence absence;

    if (before->removed_at != 0)
        return edited ? repair_tombstone(comparison, before, error) : 0;
    buffer_clear(&comparison->images);
    diff_absent(before, &comparison->input.times, &comparison->input.removal, &comparison->images, &absence);
    if (comparison->images.overflowed)
        return comparison_refuse_images(&before->member.user_id, error);
    if (absence.verdict != ABSENCE_REMOVED)
        return count_absence(comparison, &absence, before, edited, error);
    if (edited)
        id_list_add(&comparison->edited_removals, &before->member.user_id);
    return comparison_put_aside_removal(comparison, before, &absence.change, error);
}

/* Whoever's record cannot be read is seen all the same. What she is like stays open; that she was absent is over. */
int comparison_quarantined(struct comparison *comparison, const struct member_row *before, bool edited,
                           struct error *error)
{
    struct member_row after = *before;

    if (before->removed_at != 0)
        return edited ? repair_tombstone(comparison, before, error) : 0;
    if (before->absent_since == 0 && !edited)
        return 0;
    if (edited)
        comparison_count_repaired(comparison, &before->member.user_id);
    comparison->input.changeset->counts.returned += before->absent_since != 0;
    after.absent_since = 0;
    after.absent_polls = 0;
    comparison_tell(comparison, &(struct finding){.before = before, .after = &after, .repaired = edited});
    return changeset_update(comparison->input.changeset, &after, error);
}

int comparison_foreign(struct comparison *comparison, const struct uuid *user_id, struct error *error)
{
    int64_t answered = comparison->input.times.answered;
    struct member_row tombstone = {.member.user_id = *user_id,
                                   .first_seen_at = answered,
                                   .last_changed_at = answered,
                                   .last_seen_at = answered,
                                   .removed_at = answered};

    return repair_tombstone(comparison, &tombstone, error);
}

/* --- rows that are gone ------------------------------------------------------------------------------------------- */

/* Whoever is not shown gets the row back, as absent: then absence is confirmed and guarded as everybody's is, and the log
 * learns of it. */
static int restore_absent(struct comparison *comparison, const struct member_row *recorded,
                          struct error *error)
{
    struct removal_policy policy = comparison->input.removal;
    struct absence absence;

    policy.polls = INT32_MAX; /* not before there is a row */
    buffer_clear(&comparison->images);
    diff_absent(recorded, &comparison->input.times, &policy, &comparison->images, &absence);
    await_confirmation(comparison, absence.due_us);
    comparison_tell(comparison,
                    &(struct finding){.before = recorded, .after = &absence.after, .absent = true});
    int status = changeset_insert(comparison->input.changeset, &absence.after, error);
    return status < 0 ? status : comparison_put_aside_pending(comparison, recorded, error);
}

/* It cannot be told that they are absent. */
static bool may_be_shown(struct comparison *comparison, const struct uuid *user_id)
{
    return poll_result(comparison->input.poll)->unreadable > 0 ||
           id_list_has(&comparison->unreadable, user_id);
}

/* Luzmo shows those who are still members, and they get their rows as newcomers do. */
int comparison_log_only(struct comparison *comparison, const struct member_row *recorded, struct error *error)
{
    uint32_t entry = roster_find(comparison->input.roster, &recorded->member.user_id);

    if (entry != ROSTER_NONE && roster_is_seen(comparison->input.roster, entry))
        return 0;
    comparison_count_repaired(comparison, &recorded->member.user_id);
    comparison->result.unrecorded++;
    comparison->result.reload = true;
    if (!may_be_shown(comparison, &recorded->member.user_id))
        return restore_absent(comparison, recorded, error);
    comparison_tell(comparison, &(struct finding){.before = recorded, .after = recorded, .repaired = true});
    return changeset_insert(comparison->input.changeset, recorded, error);
}

/* --- digests out of date ------------------------------------------------------------------------------------------ */

/* A row whose digest was refreshed by an earlier poll; the roster knows the digest it has now. */
int comparison_stale(struct comparison *comparison, const struct member_row *before, struct error *error)
{
    struct roster *roster = comparison->input.roster;
    uint32_t entry = roster_find(roster, &before->member.user_id);
    struct member_row after = *before;

    /* only what this very poll recognised: other slots may hold a value's digest after a full comparison */
    if (entry == ROSTER_NONE || !roster_is_seen(roster, entry) || roster_is_differing(roster, entry))
        return 0;
    if (before->removed_at != 0 || before->absent_since != 0)
        return 0;
    after.slice_digest = *roster_digest(roster, entry);
    if (digest_equal(&after.slice_digest, &before->slice_digest))
        return 0;
    comparison->input.changeset->counts.refreshed++;
    return changeset_update(comparison->input.changeset, &after, error);
}

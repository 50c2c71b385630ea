/*
 * The comparison. Three phases, each in batches of members:
 *
 *   decoded members  ->  their rows  ->  diff_member  ->  change set
 *   unseen members   ->  their rows  ->  diff_absent  ->  change set
 *   stale digests    ->  their rows  ->  change set, only when something is written anyway
 *
 * A batch is small enough that the loop is never held up for more than some milliseconds.
 */
#include "service/comparison.h"

#include "base/memory.h"
#include "core/record.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MEMBERS 1000
#define IMAGES_MAX    (1024 * 1024)
#define BATCH_BYTES   ((size_t)1024 * 1024) /* of records: only unusually long members make a batch end here */
#define RECORDS_MAX   (4 * BATCH_BYTES)

/* So many repaired rows are named in the cycle; all of them are counted. */
#define REPAIRED_NAMED 1000

/* Digests decoded for nothing are written at once when they are more than one in this many members. */
#define REFRESH_SHARE 100

enum phase { PHASE_DECODED, PHASE_UNSEEN, PHASE_STALE, PHASE_OVER };

/* A member of the present batch. Decoded ones have their record copied, because the spool's reader moves on. */
struct entry {
    struct uuid user_id;
    size_t offset; /* into `records` */
    size_t length;
    bool matched; /* its row came */
};

struct comparison {
    struct comparison_input input;
    struct comparison_result result;
    comparison_cb reply_cb;
    void *context;

    enum phase phase;
    struct spool_reader reader;
    uint32_t unseen_from;
    size_t stale_from;

    struct entry batch[BATCH_MEMBERS]; /* sorted by id */
    struct uuid ids[BATCH_MEMBERS];
    size_t count;
    struct buffer records;
    struct buffer images;
    struct buffer scratch;
    struct spool
        refreshes; /* rows that differ by their digest alone, until it is known whether they are written */

    uv_idle_t turn; /* gives the loop its turn between batches */
    struct comparison_reply reply;
};

static void next_batch(uv_idle_t *turn);

/* --- gathering ---------------------------------------------------------------------------------------------------- */

static void tell(struct comparison *comparison, const struct finding *finding)
{
    if (comparison->input.finding_cb)
        comparison->input.finding_cb(comparison->input.finding_context, finding);
}

static int add_changes(struct comparison *comparison, const struct change *changes, size_t count,
                       struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        int status = changeset_change(comparison->input.changeset, &changes[i], error);
        if (status < 0)
            return status;
    }
    return 0;
}

/* Only the bytes differed. Whether that is worth a write is decided when the whole poll was compared. */
static int add_refresh(struct comparison *comparison, const struct member_row *row, struct error *error)
{
    id_list_add(&comparison->result.refreshed, &row->member.user_id);
    buffer_clear(&comparison->scratch);
    record_add_row(&comparison->scratch, row);
    return spool_append(&comparison->refreshes, comparison->scratch.data, comparison->scratch.length, error);
}

static void count_verdict(struct changeset_counts *counts, enum diff_verdict verdict,
                          const struct member_row *before)
{
    counts->added += verdict == DIFF_ADDED;
    counts->repaired += verdict == DIFF_REPAIRED;
    counts->returned += before && before->removed_at == 0 && before->absent_since != 0;
}

static void count_changes(struct changeset_counts *counts, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        counts->role_changed += changes[i].kind == CHANGE_ROLE_CHANGED;
        counts->role_touched += changes[i].kind == CHANGE_ROLE_TOUCHED;
        counts->profile_changed += changes[i].kind == CHANGE_PROFILE_CHANGED;
    }
}

/* No answer can do this, but whoever edits a row by hand can. */
static int refuse_images(const struct uuid *user_id, struct error *error)
{
    char user[UUID_TEXT_LENGTH + 1];

    uuid_format(user_id, user);
    return error_set(error, ERROR_INTERNAL,
                     "the row of user %s in rollcall.member is larger than any member can be; correct it",
                     user);
}

/* The last poll did not show what a quarantined member was like: its change may be older than that. */
static struct diff_poll times_of(const struct comparison *comparison, const struct member_row *before)
{
    struct diff_poll times = comparison->input.times;

    if (before && id_list_has(comparison->input.quarantined, &before->member.user_id))
        times.previous_asked = before->last_seen_at;
    return times;
}

static int compare_member(struct comparison *comparison, const struct member_row *before,
                          const struct entry *entry, struct error *error)
{
    struct changeset *set = comparison->input.changeset;
    struct decoded decoded;
    struct diff diff;
    struct diff_poll times = times_of(comparison, before);

    record_read_decoded(comparison->records.data + entry->offset, entry->length, &decoded);
    buffer_clear(&comparison->images);
    diff_member(before, &decoded.member, &decoded.slice_digest, &times, &comparison->images, &diff);
    if (comparison->images.overflowed)
        return refuse_images(&decoded.member.user_id, error);
    if (diff.verdict == DIFF_SAME)
        return 0;
    if (diff.verdict == DIFF_REFRESHED)
        return add_refresh(comparison, &diff.after, error);

    count_verdict(&set->counts, diff.verdict, before);
    count_changes(&set->counts, diff.changes, diff.change_count);
    if (diff.verdict == DIFF_REPAIRED && comparison->result.repaired.count < REPAIRED_NAMED)
        id_list_add(&comparison->result.repaired, &decoded.member.user_id);
    tell(comparison, &(struct finding){.before = before,
                                       .after = &diff.after,
                                       .changes = diff.changes,
                                       .change_count = diff.change_count,
                                       .fields = diff.fields,
                                       .repaired = diff.verdict == DIFF_REPAIRED});
    int status = before ? changeset_update(set, &diff.after, error)
                        : changeset_insert(set, &diff.after, error);
    return status < 0 ? status : add_changes(comparison, diff.changes, diff.change_count, error);
}

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

static int compare_absent(struct comparison *comparison, const struct member_row *before, struct error *error)
{
    struct changeset *set = comparison->input.changeset;
    struct absence absence;

    if (before->removed_at != 0)
        return 0;
    buffer_clear(&comparison->images);
    diff_absent(before, &comparison->input.times, &comparison->input.removal, &comparison->images, &absence);
    if (comparison->images.overflowed)
        return refuse_images(&before->member.user_id, error);
    bool removed = absence.verdict == ABSENCE_REMOVED;
    tell(comparison, &(struct finding){.before = before,
                                       .after = &absence.after,
                                       .changes = removed ? &absence.change : NULL,
                                       .change_count = removed,
                                       .absent = true});
    id_list_add(removed ? &comparison->result.removed : &comparison->result.absent, &before->member.user_id);
    if (!removed)
        await_confirmation(comparison, absence.due_us);
    if (absence.verdict == ABSENCE_STANDS)
        return 0;
    set->counts.removed += removed;
    set->counts.absent += !removed;
    int status = changeset_update(set, &absence.after, error);
    return status < 0 || !removed ? status : changeset_change(set, &absence.change, error);
}

/* A row whose digest was refreshed by an earlier poll; the roster knows the digest it has now. */
static int refresh_stale(struct comparison *comparison, const struct member_row *before, struct error *error)
{
    uint32_t entry = roster_find(comparison->input.roster, &before->member.user_id);
    struct member_row after = *before;

    /* only what this very poll recognised: other slots may hold a value's digest after a full comparison */
    if (entry == ROSTER_NONE || !roster_is_seen(comparison->input.roster, entry) ||
        roster_is_differing(comparison->input.roster, entry))
        return 0;
    if (before->removed_at != 0 || before->absent_since != 0)
        return 0;
    after.slice_digest = *roster_digest(comparison->input.roster, entry);
    if (digest_equal(&after.slice_digest, &before->slice_digest))
        return 0;
    comparison->input.changeset->counts.refreshed++;
    return changeset_update(comparison->input.changeset, &after, error);
}

/* --- one batch ---------------------------------------------------------------------------------------------------- */

static int entry_order(const void *left, const void *right)
{
    return uuid_compare(&((const struct entry *)left)->user_id, &((const struct entry *)right)->user_id);
}

static struct entry *batch_find(struct comparison *comparison, const struct uuid *user_id)
{
    struct entry key = {.user_id = *user_id};
    return bsearch(&key, comparison->batch, comparison->count, sizeof(key), entry_order);
}

static void batch_add(struct comparison *comparison, const struct uuid *user_id)
{
    comparison->batch[comparison->count++] = (struct entry){.user_id = *user_id};
}

static int batch_decoded(struct comparison *comparison, struct error *error)
{
    const void *record = NULL;
    size_t length = 0;
    int status = 1;

    buffer_clear(&comparison->records);
    while (comparison->count < BATCH_MEMBERS && comparison->records.length < BATCH_BYTES &&
           (status = spool_next(&comparison->reader, &record, &length, error)) > 0) {
        struct decoded decoded;
        struct entry *entry = &comparison->batch[comparison->count];

        record_read_decoded(record, length, &decoded);
        batch_add(comparison, &decoded.member.user_id);
        entry->offset = comparison->records.length;
        entry->length = length;
        if (buffer_add(&comparison->records, record, length) < 0)
            return error_set(error, ERROR_INTERNAL, "a batch of records is larger than any could be");
    }
    return status < 0 ? status : 0;
}

static int batch_unseen(struct comparison *comparison)
{
    struct roster *roster = comparison->input.roster;

    if (poll_result(comparison->input.poll)->absent == 0)
        return 0;
    while (comparison->count < BATCH_MEMBERS) {
        uint32_t entry = roster_next_unseen(roster, comparison->unseen_from);
        if (entry == ROSTER_NONE)
            break;
        batch_add(comparison, roster_id(roster, entry));
        comparison->unseen_from = entry + 1;
    }
    return 0;
}

static int batch_stale(struct comparison *comparison)
{
    const struct id_list *stale = comparison->input.stale;

    if (changeset_is_empty(comparison->input.changeset))
        return 0;
    comparison->result.stale_written = true;
    while (comparison->count < BATCH_MEMBERS && comparison->stale_from < stale->count)
        batch_add(comparison, &stale->ids[comparison->stale_from++]);
    return 0;
}

static int gather_batch(struct comparison *comparison, struct error *error)
{
    comparison->count = 0;
    switch (comparison->phase) {
    case PHASE_DECODED:
        return batch_decoded(comparison, error);
    case PHASE_UNSEEN:
        return batch_unseen(comparison);
    case PHASE_STALE:
        return batch_stale(comparison);
    case PHASE_OVER:
        break;
    }
    return 0;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void give_reply(struct comparison *comparison)
{
    comparison->phase = PHASE_OVER;
    comparison->reply_cb(comparison->context, &comparison->reply);
}

static void refuse(struct comparison *comparison)
{
    comparison->reply.end = COMPARISON_REFUSED;
    give_reply(comparison);
}

/* Digest refreshes go along with a writing cycle, or cause one when very many were decoded for nothing. */
static int settle_refreshes(struct comparison *comparison, struct error *error)
{
    struct changeset *set = comparison->input.changeset;
    size_t count = comparison->result.refreshed.count;
    bool many = count * REFRESH_SHARE > roster_count(comparison->input.roster) && count >= REFRESH_SHARE;
    const void *record = NULL;
    size_t length = 0;
    struct spool_reader reader;
    int status = 0;

    if (changeset_is_empty(set) && !many)
        return 0;
    spool_reader_init(&reader, &comparison->refreshes);
    while (status >= 0 && (status = spool_next(&reader, &record, &length, error)) > 0) {
        struct member_row row;
        record_read_row(record, length, &row);
        set->counts.refreshed++;
        status = changeset_update(set, &row, error);
    }
    spool_reader_done(&reader);
    id_list_clear(&comparison->result.refreshed);
    return status;
}

static int compare_organization(struct comparison *comparison, struct error *error)
{
    const char *before = comparison->input.organization->name_json;
    const char *after = poll_result(comparison->input.poll)->envelope.name_json;
    struct buffer *images = &comparison->images;

    if (!comparison->input.organization->exists || (!before && !after) ||
        (before && after && strcmp(before, after) == 0))
        return 0;
    comparison->input.changeset->organization_changed = true;
    buffer_clear(images);
    buffer_add_format(images, "{\"name\":%s}", before ? before : "null");
    size_t old_length = images->length;
    buffer_add_format(images, "{\"name\":%s}", after ? after : "null");
    if (images->overflowed)
        return error_set(error, ERROR_INTERNAL,
                         "the name in rollcall.organization is larger than any name can be; correct it");
    struct change change = {.kind = CHANGE_ORGANIZATION_CHANGED,
                            .old_values = images->data,
                            .old_length = old_length,
                            .new_values = images->data + old_length,
                            .new_length = images->length - old_length,
                            .observed_after = comparison->input.times.previous_asked,
                            .observed_at = comparison->input.times.answered};
    return changeset_change(comparison->input.changeset, &change, error);
}

/* Counts rejected records that were not known yet; true when the set differs in either direction. */
static bool compare_rejections(struct comparison *comparison)
{
    struct poll *poll = comparison->input.poll;
    struct digest_list *known = comparison->input.rejected;
    size_t count = poll_rejection_count(poll);
    size_t standing = 0;

    for (size_t i = 0; i < count; i++)
        standing += digest_list_has(known, &poll_rejection(poll, i)->slice_digest);
    comparison->input.changeset->counts.rejected = (uint32_t)(count - standing);
    return standing != count || standing != known->count;
}

/* Decoded and unseen members are through: what else there is to write, before stale digests may go along. */
static int settle(struct comparison *comparison, struct error *error)
{
    int status = compare_organization(comparison, error);
    if (status == 0)
        status = settle_refreshes(comparison, error);
    comparison->result.writes = compare_rejections(comparison) ||
                                !changeset_is_empty(comparison->input.changeset);
    return status;
}

/* --- the turn of the loop ----------------------------------------------------------------------------------------- */

static int compare_row(struct comparison *comparison, const struct member_row *row, struct error *error)
{
    struct entry *entry = batch_find(comparison, &row->member.user_id);

    if (!entry || entry->matched)
        return error_set(error, ERROR_INTERNAL, "the database returned a member that was not asked for");
    entry->matched = true;
    switch (comparison->phase) {
    case PHASE_DECODED:
        return compare_member(comparison, row, entry, error);
    case PHASE_UNSEEN:
        return compare_absent(comparison, row, error);
    case PHASE_STALE:
        return refresh_stale(comparison, row, error);
    case PHASE_OVER:
        break;
    }
    return 0;
}

static int row_cb(void *context, const struct member_row *row, struct error *error)
{
    struct comparison *comparison = context;
    int status = compare_row(comparison, row, &comparison->reply.error);

    if (status < 0)
        *error = comparison->reply.error;
    return status;
}

/* All rows of the batch came; whoever has none is a newcomer. */
static int finish_batch(struct comparison *comparison, struct error *error)
{
    for (size_t i = 0; comparison->phase == PHASE_DECODED && i < comparison->count; i++) {
        int status = 0;
        if (!comparison->batch[i].matched)
            status = compare_member(comparison, NULL, &comparison->batch[i], error);
        if (status < 0)
            return status;
    }
    return 0;
}

static void go_on(struct comparison *comparison)
{
    if (finish_batch(comparison, &comparison->reply.error) < 0)
        refuse(comparison);
    else
        uv_idle_start(&comparison->turn, next_batch);
}

static void rows_cb(void *context, const struct store_reply *reply)
{
    struct comparison *comparison = context;

    if (comparison->reply.error.class != ERROR_NONE) { /* row_cb gave up */
        refuse(comparison);
    } else if (reply->result == STORE_DONE) {
        go_on(comparison);
    } else {
        comparison->reply.end = reply->result == STORE_LOST ? COMPARISON_LOST : COMPARISON_FAILED;
        comparison->reply.retryable = reply->retryable;
        comparison->reply.error = reply->error;
        give_reply(comparison);
    }
}

static void read_rows(struct comparison *comparison)
{
    const struct comparison_input *input = &comparison->input;

    qsort(comparison->batch, comparison->count, sizeof(comparison->batch[0]), entry_order);
    for (size_t i = 0; i < comparison->count; i++)
        comparison->ids[i] = comparison->batch[i].user_id;
    if (!input->store || !input->organization->exists)
        go_on(comparison);
    else
        store_read_members(input->store, comparison->ids, comparison->count, row_cb, rows_cb, comparison);
}

static void next_batch(uv_idle_t *turn)
{
    struct comparison *comparison = turn->data;
    struct error *error = &comparison->reply.error;

    uv_idle_stop(turn);
    int status = gather_batch(comparison, error);

    if (status < 0) {
        refuse(comparison);
    } else if (comparison->count > 0) {
        read_rows(comparison);
    } else if (comparison->phase == PHASE_STALE) {
        give_reply(comparison);
    } else if (++comparison->phase == PHASE_STALE && settle(comparison, error) < 0) {
        refuse(comparison);
    } else {
        uv_idle_start(turn, next_batch);
    }
}

/* --- life --------------------------------------------------------------------------------------------------------- */

struct comparison *comparison_start(const struct comparison_input *input, comparison_cb reply_cb,
                                    void *context)
{
    struct comparison *comparison = memory_alloc(sizeof(*comparison));
    struct spool *decoded = poll_decoded(input->poll);

    comparison->input = *input;
    comparison->reply_cb = reply_cb;
    comparison->context = context;
    buffer_init(&comparison->records, RECORDS_MAX);
    buffer_init(&comparison->images, IMAGES_MAX);
    buffer_init(&comparison->scratch, IMAGES_MAX);
    spool_init(&comparison->refreshes, decoded->memory_limit, decoded->directory);
    spool_reader_init(&comparison->reader, decoded);
    uv_idle_init(input->loop, &comparison->turn);
    comparison->turn.data = comparison;
    uv_idle_start(&comparison->turn, next_batch);
    return comparison;
}

const struct comparison_result *comparison_result(const struct comparison *comparison)
{
    return &comparison->result;
}

static void closed_cb(uv_handle_t *turn)
{
    free(turn->data);
}

void comparison_free(struct comparison *comparison)
{
    if (!comparison)
        return;
    id_list_done(&comparison->result.absent);
    id_list_done(&comparison->result.removed);
    id_list_done(&comparison->result.repaired);
    id_list_done(&comparison->result.refreshed);
    spool_reader_done(&comparison->reader);
    spool_done(&comparison->refreshes);
    buffer_done(&comparison->records);
    buffer_done(&comparison->images);
    buffer_done(&comparison->scratch);
    uv_close((uv_handle_t *)&comparison->turn, closed_cb);
}

/*
 * The comparison's course:
 *
 *   DECODED -> UNSEEN -> QUARANTINED -> LOG_ONLY -> PAST -> DOUBTFUL    batches of rows, then what guards need
 *   -> REMOVALS -> PENDING -> FLAGS -> REFRESHES                         what was put aside
 *   -> STALE -> OVER                                                     what goes along
 *
 * A batch is small enough that nobody who waits for a turn waits for more than some milliseconds. A row that somebody
 * else has edited does not say what the member was: the log is asked for those of a batch before it ends.
 */
#include "core/comparison.h"

#include "base/memory.h"
#include "core/comparison_private.h"

#include <stdlib.h>
#include <string.h>

#define IMAGES_MAX  (1024 * 1024)
#define BATCH_BYTES ((size_t)1024 * 1024) /* of records: only unusually long members make a batch end here */
#define RECORDS_MAX (4 * BATCH_BYTES)

/* Digests decoded for nothing are written at once when they are more than one in this many members. */
#define REFRESH_SHARE 100

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

/* The next record of the phase's spool. 1, 0 at the end, or a negative class. */
static int next_record(struct comparison *comparison, struct spool *spool, const void **ret_record,
                       size_t *ret_length, struct error *error)
{
    if (!comparison->reading)
        spool_reader_init(&comparison->reader, spool);
    comparison->reading = true;
    return spool_next(&comparison->reader, ret_record, ret_length, error);
}

static int batch_decoded(struct comparison *comparison, struct error *error)
{
    struct spool *decoded = poll_decoded(comparison->input.poll);
    const void *record = NULL;
    size_t length = 0;
    int status = 1;

    buffer_clear(&comparison->records);
    while (comparison->count < COMPARISON_BATCH && comparison->records.length < BATCH_BYTES &&
           (status = next_record(comparison, decoded, &record, &length, error)) > 0) {
        struct entry *entry = &comparison->batch[comparison->count];
        struct decoded now;

        record_read_decoded(record, length, &now);
        batch_add(comparison, &now.member.user_id);
        entry->offset = comparison->records.length;
        entry->length = length;
        if (buffer_add(&comparison->records, record, length) < 0)
            return error_set(error, ERROR_INTERNAL, "a batch of records is larger than any could be");
    }
    return status < 0 ? status : 0;
}

static void batch_unseen(struct comparison *comparison)
{
    struct roster *roster = comparison->input.roster;

    if (poll_result(comparison->input.poll)->absent == 0)
        return;
    while (comparison->count < COMPARISON_BATCH) {
        uint32_t entry = roster_next_unseen(roster, comparison->unseen_from);
        if (entry == ROSTER_NONE)
            break;
        batch_add(comparison, roster_id(roster, entry));
        comparison->unseen_from = entry + 1;
    }
}

/* Members whose record cannot be read since this poll. */
static void batch_quarantined(struct comparison *comparison)
{
    const struct poll *poll = comparison->input.poll;

    while (comparison->count < COMPARISON_BATCH && comparison->rejection_from < poll_rejection_count(poll)) {
        const struct rejection *rejection = poll_rejection(poll, comparison->rejection_from++);
        if (!rejection->has_user_id)
            continue;
        id_list_add(&comparison->unreadable, &rejection->user_id);
        if (!id_list_has(comparison->input.quarantined, &rejection->user_id) &&
            roster_find(comparison->input.roster, &rejection->user_id) != ROSTER_NONE)
            batch_add(comparison, &rejection->user_id);
    }
}

static void batch_stale(struct comparison *comparison)
{
    const struct id_list *stale = comparison->input.stale;

    if (changeset_is_empty(comparison->input.changeset))
        return;
    comparison->result.stale_written = true;
    while (comparison->count < COMPARISON_BATCH && comparison->stale_from < stale->count)
        batch_add(comparison, &stale->ids[comparison->stale_from++]);
}

static int gather_batch(struct comparison *comparison, struct error *error)
{
    int status = 0;

    comparison->count = 0;
    buffer_clear(&comparison->edited_rows);
    if (comparison->phase == PHASE_DECODED)
        status = batch_decoded(comparison, error);
    else if (comparison->phase == PHASE_UNSEEN)
        batch_unseen(comparison);
    else if (comparison->phase == PHASE_QUARANTINED)
        batch_quarantined(comparison);
    else
        batch_stale(comparison);
    qsort(comparison->batch, comparison->count, sizeof(comparison->batch[0]), entry_order);
    return status;
}

/* --- its rows ----------------------------------------------------------------------------------------------------- */

static int compare_row(struct comparison *comparison, struct entry *entry, const struct member_row *row,
                       struct error *error)
{
    if (comparison->phase == PHASE_DECODED)
        return comparison_seen(comparison, row, entry, error);
    if (comparison->phase == PHASE_UNSEEN)
        return comparison_unseen(comparison, row, entry->edited, error);
    if (comparison->phase == PHASE_QUARANTINED)
        return comparison_quarantined(comparison, row, entry->edited, error);
    return comparison_stale(comparison, row, error);
}

/* The row as the log has it, of a member whose row in the table is another. */
static int take_recorded(struct comparison *comparison, struct entry *entry, const struct member_row *row,
                         struct error *error)
{
    entry->known = true;
    comparison->result.unrecorded += row->removed_at == 0;
    return compare_row(comparison, entry, row, error);
}

/* Only to be shown: when very many were edited, some are not. */
static void keep_edited(struct comparison *comparison, struct entry *entry, const struct member_row *row)
{
    buffer_clear(&comparison->scratch);
    record_add_row(&comparison->scratch, row);
    entry->edited_offset = comparison->edited_rows.length;
    if (buffer_add(&comparison->edited_rows, comparison->scratch.data, comparison->scratch.length) == 0)
        entry->edited_length = comparison->scratch.length;
}

/* Whether the number of members that the roster was loaded with has this one. Newcomers to it are not marked. */
static bool is_counted(const struct comparison *comparison, const struct entry *entry)
{
    const struct roster *roster = comparison->input.roster;
    uint32_t known = roster_find(roster, &entry->user_id);

    return known != ROSTER_NONE && (!roster_is_seen(roster, known) || roster_is_differing(roster, known));
}

static int take_row(struct comparison *comparison, struct entry *entry, const struct member_row *row,
                    struct error *error)
{
    entry->matched = true;
    entry->edited = member_row_is_edited(row, comparison->input.secret);
    if (!entry->edited)
        return compare_row(comparison, entry, row, error);
    keep_edited(comparison, entry, row);
    if (comparison->phase != PHASE_STALE) /* a digest is not worth asking the log */
        comparison->result.unrecorded -= is_counted(comparison, entry);
    return 0;
}

int comparison_row(struct comparison *comparison, const struct member_row *row, struct error *error)
{
    if (comparison->phase == PHASE_LOG_ONLY)
        return comparison_log_only(comparison, row, error);
    struct entry *entry = batch_find(comparison, &row->member.user_id);
    if (!entry || (comparison->recorded ? !entry->edited || entry->known : entry->matched))
        return error_set(error, ERROR_INTERNAL, "the database returned a member that was not asked for");
    return comparison->recorded ? take_recorded(comparison, entry, row, error)
                                : take_row(comparison, entry, row, error);
}

/* Whom neither table nor log know: newcomers, and rows that somebody else has put there. */
static int compare_unknown(struct comparison *comparison, struct entry *entry, struct error *error)
{
    if (comparison->phase == PHASE_DECODED)
        return !entry->known && (entry->edited || !entry->matched)
                   ? comparison_seen(comparison, NULL, entry, error)
                   : 0;
    if (comparison->phase != PHASE_STALE && entry->edited && !entry->known)
        return comparison_foreign(comparison, &entry->user_id, error);
    return 0;
}

static int arrival_order(const void *left, const void *right)
{
    const struct entry *one = left, *other = right;
    return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* Newcomers get their rows in the order in which they came: read back in that order after a restart, the roster expects
 * the members of the next answer one after the other and needs not search for a single one. */
static int finish_batch(struct comparison *comparison, struct error *error)
{
    int status = 0;

    if (comparison->phase == PHASE_DECODED)
        qsort(comparison->batch, comparison->count, sizeof(comparison->batch[0]), arrival_order);
    for (size_t i = 0; status == 0 && i < comparison->count; i++)
        status = compare_unknown(comparison, &comparison->batch[i], error);
    comparison->count = 0;
    return status;
}

static bool has_edited(struct comparison *comparison)
{
    comparison->asked = 0;
    for (size_t i = 0; i < comparison->count && comparison->phase != PHASE_STALE; i++) {
        if (comparison->batch[i].edited)
            comparison->ids[comparison->asked++] = comparison->batch[i].user_id;
    }
    return comparison->asked > 0;
}

const struct uuid *comparison_ids(const struct comparison *comparison, size_t *ret_count)
{
    *ret_count = comparison->asked;
    return comparison->ids;
}

/* --- what was put aside ------------------------------------------------------------------------------------------- */

static int settle_refresh(struct comparison *comparison, const struct member_row *row, struct error *error)
{
    comparison->input.changeset->counts.refreshed++;
    return changeset_update(comparison->input.changeset, row, error);
}

static int settle_record(struct comparison *comparison, const void *record, size_t length,
                         struct error *error)
{
    struct candidate candidate;
    struct member_row row;

    if (comparison->phase == PHASE_FLAGS) {
        record_read_candidate(record, length, &candidate);
        return comparison_settle_flags(comparison, &candidate, error);
    }
    record_read_row(record, length, &row);
    if (comparison->phase == PHASE_REMOVALS)
        return comparison_settle_removal(comparison, &row, error);
    if (comparison->phase == PHASE_PENDING)
        return comparison_settle_pending(comparison, &row, error);
    return settle_refresh(comparison, &row, error);
}

/* Some of the records in one turn. 1 while there are more, 0 at the end, or a negative class. */
static int settle_some(struct comparison *comparison, struct spool *spool, struct error *error)
{
    const void *record = NULL;
    size_t length = 0;
    int status = 1;

    for (size_t i = 0; i < COMPARISON_BATCH && status > 0; i++) {
        int settled = 0;
        status = next_record(comparison, spool, &record, &length, error);
        if (status > 0)
            settled = settle_record(comparison, record, length, error);
        if (settled < 0)
            return settled;
    }
    return status;
}

/* Digest refreshes go along with a writing cycle, or cause one when very many were decoded for nothing. */
static bool writes_refreshes(const struct comparison *comparison)
{
    size_t count = comparison->result.refreshed.count;
    bool many = count * REFRESH_SHARE > roster_count(comparison->input.roster) && count >= REFRESH_SHARE;

    return many || !changeset_is_empty(comparison->input.changeset);
}

static int compare_organization(struct comparison *comparison, struct error *error)
{
    const char *before = comparison->input.name_json;
    const char *after = poll_result(comparison->input.poll)->envelope.name_json;
    struct buffer *images = &comparison->images;

    if (!comparison->input.stored || (!before && !after) || (before && after && strcmp(before, after) == 0))
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

/* --- the course --------------------------------------------------------------------------------------------------- */

static int enter(struct comparison *comparison, enum comparison_phase phase, struct error *error)
{
    if (comparison->reading)
        spool_reader_done(&comparison->reader);
    comparison->reading = false;
    comparison->phase = phase;
    if (phase == PHASE_REMOVALS)
        comparison_judge(comparison);
    if (phase == PHASE_REFRESHES)
        return compare_organization(comparison, error);
    if (phase == PHASE_STALE)
        comparison->result.writes = compare_rejections(comparison) ||
                                    !changeset_is_empty(comparison->input.changeset);
    return 0;
}

/* Each phase: the need that it has now, or COMPARISON_DONE when it is through. */
static int step_rows(struct comparison *comparison, enum comparison_need *ret_need, struct error *error)
{
    int status = 0;

    if (comparison->awaiting && !comparison->recorded && has_edited(comparison)) {
        comparison->recorded = true;
        *ret_need = COMPARISON_RECORDED;
        return 0;
    }
    if (comparison->awaiting)
        status = finish_batch(comparison, error);
    comparison->awaiting = false;
    comparison->recorded = false;
    if (status == 0)
        status = gather_batch(comparison, error);
    if (status < 0 || comparison->count == 0)
        return status;
    comparison->awaiting = true;
    comparison->asked = comparison->count;
    for (size_t i = 0; i < comparison->count; i++)
        comparison->ids[i] = comparison->batch[i].user_id;
    *ret_need = comparison->input.stored ? COMPARISON_ROWS : COMPARISON_TURN;
    return 0;
}

static enum comparison_need once(struct comparison *comparison, bool wanted, enum comparison_need need)
{
    bool asks = wanted && !comparison->awaiting;

    comparison->awaiting = asks;
    return asks ? need : COMPARISON_DONE;
}

static bool has_candidates(const struct comparison *comparison)
{
    return comparison->removals.records > 0 || comparison->flags.records > 0;
}

static int step_spool(struct comparison *comparison, struct spool *spool, enum comparison_need *ret_need,
                      struct error *error)
{
    int more = settle_some(comparison, spool, error);

    if (more > 0)
        *ret_need = COMPARISON_TURN;
    return more < 0 ? more : 0;
}

static int step_refreshes(struct comparison *comparison, enum comparison_need *ret_need, struct error *error)
{
    if (!comparison->reading && !writes_refreshes(comparison))
        return 0;
    int status = step_spool(comparison, &comparison->refreshes, ret_need, error);
    if (status == 0 && *ret_need == COMPARISON_DONE)
        id_list_clear(&comparison->result.refreshed);
    return status;
}

static int step(struct comparison *comparison, enum comparison_need *ret_need, struct error *error)
{
    *ret_need = COMPARISON_DONE;
    switch (comparison->phase) {
    case PHASE_DECODED:
    case PHASE_UNSEEN:
    case PHASE_QUARANTINED:
    case PHASE_STALE:
        return step_rows(comparison, ret_need, error);
    case PHASE_LOG_ONLY:
        *ret_need = once(comparison, comparison->input.discontinuity, COMPARISON_LOG_ONLY);
        return 0;
    case PHASE_PAST:
        *ret_need = once(comparison, has_candidates(comparison) || comparison->input.holds_stand,
                         COMPARISON_PAST);
        return 0;
    case PHASE_DOUBTFUL:
        *ret_need = once(comparison, comparison_asks(comparison), COMPARISON_SECOND_SOURCE);
        return 0;
    case PHASE_REMOVALS:
        return step_spool(comparison, &comparison->removals, ret_need, error);
    case PHASE_PENDING:
        return step_spool(comparison, &comparison->pending, ret_need, error);
    case PHASE_FLAGS:
        return step_spool(comparison, &comparison->flags, ret_need, error);
    case PHASE_REFRESHES:
        return step_refreshes(comparison, ret_need, error);
    case PHASE_OVER:
        break;
    }
    return 0;
}

int comparison_next(struct comparison *comparison, enum comparison_need *ret_need, struct error *error)
{
    int status = step(comparison, ret_need, error);

    while (status == 0 && *ret_need == COMPARISON_DONE && comparison->phase != PHASE_OVER) {
        status = enter(comparison, comparison->phase + 1, error);
        if (status == 0)
            status = step(comparison, ret_need, error);
    }
    return status;
}

/* --- what it is given --------------------------------------------------------------------------------------------- */

struct hold_past *comparison_past(struct comparison *comparison)
{
    return &comparison->past;
}

const struct id_list *comparison_doubtful(const struct comparison *comparison)
{
    return &comparison->doubtful;
}

void comparison_found(struct comparison *comparison, const struct uuid *user_id)
{
    id_list_add(&comparison->found, user_id);
}

void comparison_unanswered(struct comparison *comparison)
{
    comparison->unanswered = true;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

struct comparison *comparison_new(const struct comparison_input *input, size_t spool_memory,
                                  const char *spool_directory)
{
    struct comparison *comparison = memory_alloc(sizeof(*comparison));

    comparison->input = *input;
    buffer_init(&comparison->records, RECORDS_MAX);
    buffer_init(&comparison->edited_rows, RECORDS_MAX);
    buffer_init(&comparison->images, IMAGES_MAX);
    buffer_init(&comparison->scratch, IMAGES_MAX);
    spool_init(&comparison->refreshes, spool_memory, spool_directory);
    spool_init(&comparison->removals, spool_memory, spool_directory);
    spool_init(&comparison->pending, spool_memory, spool_directory);
    spool_init(&comparison->flags, spool_memory, spool_directory);
    return comparison;
}

const struct comparison_result *comparison_result(const struct comparison *comparison)
{
    return &comparison->result;
}

static void lists_done(struct comparison *comparison)
{
    struct comparison_result *result = &comparison->result;
    struct id_list *lists[] = {&result->absent,         &result->removed,   &result->held,
                               &result->held_newcomers, &result->repaired,  &result->refreshed,
                               &comparison->doubtful,   &comparison->found, &comparison->edited_removals,
                               &comparison->unreadable};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        id_list_done(lists[i]);
}

void comparison_free(struct comparison *comparison)
{
    if (!comparison)
        return;
    if (comparison->reading)
        spool_reader_done(&comparison->reader);
    lists_done(comparison);
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++)
        hold_digest_done(&comparison->digests[i]);
    hold_digest_done(&comparison->pending_digest);
    hold_past_done(&comparison->past);
    spool_done(&comparison->refreshes);
    spool_done(&comparison->removals);
    spool_done(&comparison->pending);
    spool_done(&comparison->flags);
    buffer_done(&comparison->records);
    buffer_done(&comparison->edited_rows);
    buffer_done(&comparison->images);
    buffer_done(&comparison->scratch);
    free(comparison);
}

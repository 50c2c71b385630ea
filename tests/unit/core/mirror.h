/*
 * The tables in memory: members, change log, held changes, decisions, cycles, and what a committed write does to them.
 * It stands for PostgreSQL, follows sql/queries rather than core/, and fails the test whenever PostgreSQL or an auditor
 * would: a row inserted twice, a change whose old values are not what the log says so far. What the log gives is kept
 * beside the table, applied row by row as it grows, so that the two can be compared at any moment.
 */
#ifndef TESTS_UNIT_CORE_MIRROR_H
#define TESTS_UNIT_CORE_MIRROR_H

#include "base/memory.h"
#include "core/changeset.h"
#include "core/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MEBIBYTE          ((size_t)1024 * 1024)
#define REMOVED_LATELY_US INT64_C(86400000000)

struct mirror_row {
    struct uuid user_id;
    struct buffer record; /* record.h's row */
    struct digest value_digest;
    bool exists; /* false: deleted by hand */
};

struct mirror_hold {
    struct hold hold;
    uint8_t digest[SHA256_SIZE];
    char *new_values; /* or NULL */
};

struct mirror_decision {
    int64_t id;
    enum hold_decision decision;
    uint8_t digest[SHA256_SIZE];
    enum { DECISION_OPEN, DECISION_APPLIED, DECISION_LAPSED, DECISION_SUPERSEDED } outcome;
};

struct mirror_cycle {
    int64_t answered;
    uint32_t removed, by_approval;
};

struct mirror {
    struct digest_secret secret;
    bool exists; /* the organization's row */
    char *name_json;
    uint32_t present_members; /* as recorded */
    int64_t version;          /* of the fence */
    int64_t asked, answered;  /* of the last poll that was covered */

    struct mirror_row *rows;
    size_t row_count;
    struct spool log;
    struct replay replay;
    struct mirror_hold *holds; /* the open ones */
    size_t hold_count;
    struct mirror_decision *decisions;
    size_t decision_count;
    struct mirror_cycle *cycles;
    size_t cycle_count;
    struct rejection *rejected;
    size_t rejected_count;
};

static void mirror_init(struct mirror *mirror)
{
    *mirror = (struct mirror){.secret = {{1, 2, 3}}};
    spool_init(&mirror->log, 64 * MEBIBYTE, "/tmp");
}

static void mirror_done(struct mirror *mirror)
{
    for (size_t i = 0; i < mirror->row_count; i++)
        buffer_done(&mirror->rows[i].record);
    for (size_t i = 0; i < mirror->hold_count; i++)
        free(mirror->holds[i].new_values);
    free(mirror->rows);
    free(mirror->holds);
    free(mirror->decisions);
    free(mirror->cycles);
    free(mirror->rejected);
    free(mirror->name_json);
    spool_done(&mirror->log);
    replay_done(&mirror->replay);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static struct mirror_row *mirror_find(const struct mirror *mirror, const struct uuid *user_id)
{
    for (size_t i = 0; i < mirror->row_count; i++) {
        if (uuid_equal(&mirror->rows[i].user_id, user_id))
            return &mirror->rows[i];
    }
    return NULL;
}

/* A row that must be there. */
static struct mirror_row *mirror_row_of(const struct mirror *mirror, const struct uuid *user_id)
{
    struct mirror_row *stored = mirror_find(mirror, user_id);

    if (!stored || !stored->exists)
        fail_msg("there is no such row");
    return stored;
}

/* The row as PostgreSQL would give it. */
static struct member_row mirror_read(const struct mirror_row *stored)
{
    struct member_row row;

    record_read_row(stored->record.data, stored->record.length, &row);
    row.value_digest = stored->value_digest;
    return row;
}

static void set_record(struct mirror_row *stored, const struct member_row *row)
{
    struct buffer record;

    buffer_init(&record, 16 * MEBIBYTE); /* a new one: the row's text may lie in the old one */
    record_add_row(&record, row);
    buffer_done(&stored->record);
    stored->record = record;
    stored->exists = true;
}

static struct mirror_row *add_row(struct mirror *mirror, const struct uuid *user_id)
{
    struct mirror_row *stored = mirror_find(mirror, user_id);

    if (!stored) {
        mirror->rows = memory_grow(mirror->rows, mirror->row_count + 1, sizeof(*mirror->rows));
        stored = &mirror->rows[mirror->row_count++];
        *stored = (struct mirror_row){.user_id = *user_id};
    }
    assert_false(stored->exists);
    return stored;
}

static uint32_t mirror_present(const struct mirror *mirror)
{
    uint32_t present = 0;

    for (size_t i = 0; i < mirror->row_count; i++) {
        if (mirror->rows[i].exists)
            present += mirror_read(&mirror->rows[i]).removed_at == 0;
    }
    return present;
}

/* --- by hand ------------------------------------------------------------------------------------------------------ */

/* Somebody else writes into the table: the value digest stays what it was. NULL deletes the row. */
static void mirror_edit(struct mirror *mirror, const struct uuid *user_id, const struct member_row *row)
{
    struct mirror_row *stored = mirror_find(mirror, user_id);

    if (row)
        set_record(stored ? stored : add_row(mirror, user_id), row);
    else if (stored)
        stored->exists = false;
    mirror->version += row == NULL; /* the trigger */
}

/* What stands held in this class is approved or rejected; nothing happens when nothing stands. */
static bool mirror_decide(struct mirror *mirror, enum guard_class class, enum hold_decision decision)
{
    const struct mirror_hold *held = NULL;

    for (size_t i = 0; i < mirror->hold_count && !held; i++)
        held = mirror->holds[i].hold.class == class ? &mirror->holds[i] : NULL;
    if (!held)
        return false;
    for (size_t i = 0; i < mirror->decision_count; i++) {
        struct mirror_decision *former = &mirror->decisions[i];
        if (former->outcome == DECISION_OPEN && memcmp(former->digest, held->digest, SHA256_SIZE) == 0)
            former->outcome = DECISION_SUPERSEDED;
    }
    mirror->decisions = memory_grow(mirror->decisions, mirror->decision_count + 1,
                                    sizeof(*mirror->decisions));
    struct mirror_decision *made = &mirror->decisions[mirror->decision_count++];
    *made = (struct mirror_decision){.id = (int64_t)mirror->decision_count, .decision = decision};
    memcpy(made->digest, held->digest, SHA256_SIZE);
    return true;
}

/* --- what the guards ask for -------------------------------------------------------------------------------------- */

static inline void mirror_lose_hold(struct mirror *mirror)
{
    assert_true(mirror->hold_count > 0);
    free(mirror->holds[--mirror->hold_count].new_values);
}

static void read_set(const struct mirror *mirror, const struct mirror_hold *held, struct hold_past *past)
{
    struct hold_set *set = &past->sets[held->hold.class];

    if (set->stands)
        assert_memory_equal(set->digest, held->digest, SHA256_SIZE); /* one open set in a class */
    set->stands = true;
    memcpy(set->digest, held->digest, SHA256_SIZE);
    for (size_t i = 0; i < mirror->decision_count; i++) {
        const struct mirror_decision *made = &mirror->decisions[i];
        if (made->outcome != DECISION_OPEN || memcmp(made->digest, held->digest, SHA256_SIZE) != 0)
            continue;
        set->decision = made->decision;
        set->approval_id = made->id;
    }
}

static void mirror_read_past(const struct mirror *mirror, int64_t since, const struct uuid *own_user,
                             struct hold_past *past)
{
    const struct mirror_row *own = own_user ? mirror_find(mirror, own_user) : NULL;

    for (size_t i = 0; i < mirror->cycle_count; i++) {
        const struct mirror_cycle *cycle = &mirror->cycles[i];
        if (cycle->answered > since)
            past->removed_lately += cycle->removed - cycle->by_approval;
    }
    if (own && own->exists) {
        struct member_row row = mirror_read(own);
        past->own_was_owner = member_is_owner(&row.member);
        past->own_is_owner = past->own_was_owner && row.removed_at == 0;
    }
    past->own_was_owner |= own_user && replay_was_owner(&mirror->replay, own_user);
    for (size_t i = 0; i < mirror->hold_count; i++) {
        hold_past_add(past, &mirror->holds[i].hold);
        read_set(mirror, &mirror->holds[i], past);
    }
}

/* --- a committed write -------------------------------------------------------------------------------------------- */

/* The poll behind it. */
struct mirror_write {
    int64_t asked, answered;
    uint32_t members;
    const char *name_json;
    const struct poll *poll;
};

/* Calls back for each record. */
static void each_record_of(struct spool *spool,
                           void (*take)(void *context, const void *record, size_t length), void *context)
{
    struct spool_reader reader;
    const void *record;
    size_t length;
    struct error error;

    spool_reader_init(&reader, spool);
    while (spool_next(&reader, &record, &length, &error) > 0)
        take(context, record, length);
    spool_reader_done(&reader);
}

static void store_row(struct mirror *mirror, struct mirror_row *stored, const struct member_row *row)
{
    set_record(stored, row);
    stored->value_digest = member_row_digest(row, &mirror->secret);
    if (row->removed_at != 0)
        assert_true(digest_is_zero(&row->slice_digest));
}

static void insert_cb(void *context, const void *record, size_t length)
{
    struct member_row row;

    record_read_row(record, length, &row);
    store_row(context, add_row(context, &row.member.user_id), &row);
}

static void update_cb(void *context, const void *record, size_t length)
{
    struct member_row row;

    record_read_row(record, length, &row);
    store_row(context, mirror_row_of(context, &row.member.user_id), &row);
}

struct logging {
    struct mirror *mirror;
    int64_t asked;
};

static void log_cb(void *context, const void *record, size_t length)
{
    struct logging *logging = context;
    struct change change;
    struct error error;

    record_read_change(record, length, &change);
    assert_true(change.observed_after < change.observed_at);
    assert_int_equal(spool_append(&logging->mirror->log, record, length, &error), 0);
    replay_change(&logging->mirror->replay, &change, logging->asked);
}

static struct mirror_hold *find_hold(struct mirror *mirror, enum guard_class class,
                                     const struct uuid *user_id)
{
    for (size_t i = 0; i < mirror->hold_count; i++) {
        struct hold *hold = &mirror->holds[i].hold;
        if (hold->class == class && uuid_equal(&hold->user_id, user_id))
            return &mirror->holds[i];
    }
    return NULL;
}

static bool same_text(const char *left, const char *right)
{
    return left == right || (left && right && strcmp(left, right) == 0);
}

struct holding {
    struct mirror *mirror;
    const struct changeset *set;
};

/* sql/queries/hold_change.sql: whoever is held already keeps the times, unless it is another change. */
static void hold_cb(void *context, const void *record, size_t length)
{
    struct holding *holding = context;
    struct mirror *mirror = holding->mirror;
    struct held held;

    record_read_held(record, length, &held);
    assert_int_equal(holding->set->holds[held.class].verdict, HOLD_STANDS);
    char *new_values = held.change.new_values
                           ? memory_string_n(held.change.new_values, held.change.new_length)
                           : NULL;
    struct mirror_hold *stored = find_hold(mirror, held.class, &held.change.user_id);
    if (!stored) {
        mirror->holds = memory_grow(mirror->holds, mirror->hold_count + 1, sizeof(*mirror->holds));
        stored = &mirror->holds[mirror->hold_count++];
        *stored = (struct mirror_hold){.new_values = NULL};
    }
    if (stored->hold.observed_at == 0 || !same_text(stored->new_values, new_values))
        stored->hold = (struct hold){held.class, held.change.user_id, held.change.observed_after,
                                     held.change.observed_at};
    free(stored->new_values);
    stored->new_values = new_values;
    memcpy(stored->digest, holding->set->holds[held.class].digest, SHA256_SIZE);
}

static bool stands(const struct changeset *set, const uint8_t *digest)
{
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++) {
        const struct hold_result *result = &set->holds[each];
        if (result->verdict == HOLD_STANDS && memcmp(result->digest, digest, SHA256_SIZE) == 0)
            return true;
    }
    return false;
}

/* sql/queries/settle_holds.sql. */
static void settle(struct mirror *mirror, const struct changeset *set)
{
    size_t kept = 0;

    for (size_t i = 0; i < mirror->hold_count; i++) {
        if (stands(set, mirror->holds[i].digest))
            mirror->holds[kept++] = mirror->holds[i];
        else
            free(mirror->holds[i].new_values);
    }
    mirror->hold_count = kept;
    for (size_t i = 0; i < mirror->decision_count; i++) {
        struct mirror_decision *made = &mirror->decisions[i];
        if (made->outcome != DECISION_OPEN || stands(set, made->digest))
            continue;
        made->outcome = DECISION_LAPSED;
        for (size_t each = 0; each < GUARD_CLASS_COUNT; each++) {
            if (set->holds[each].verdict == HOLD_PASSES_APPROVED && set->holds[each].approval_id == made->id)
                made->outcome = DECISION_APPLIED;
        }
    }
}

/* Whether every approval that the set makes use of still counts. */
static bool mirror_approves(const struct mirror *mirror, const struct changeset *set)
{
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++) {
        const struct hold_result *result = &set->holds[each];
        if (result->verdict != HOLD_PASSES_APPROVED)
            continue;
        const struct mirror_decision *made = &mirror->decisions[result->approval_id - 1];
        if (made->outcome != DECISION_OPEN || made->decision != HOLD_APPROVED)
            return false;
    }
    return true;
}

static void store_rejections(struct mirror *mirror, const struct poll *poll)
{
    mirror->rejected_count = poll_rejection_count(poll);
    mirror->rejected = memory_grow(mirror->rejected, mirror->rejected_count + 1, sizeof(*mirror->rejected));
    for (size_t i = 0; i < mirror->rejected_count; i++)
        mirror->rejected[i] = *poll_rejection(poll, i);
}

static void mirror_cover(struct mirror *mirror, int64_t asked, int64_t answered)
{
    assert_true(answered > mirror->answered && asked > mirror->asked && asked <= answered);
    mirror->asked = asked;
    mirror->answered = answered;
}

static void mirror_commit(struct mirror *mirror, struct changeset *set, const struct mirror_write *write)
{
    assert_true(mirror_approves(mirror, set));
    each_record_of(&set->inserts, insert_cb, mirror);
    each_record_of(&set->updates, update_cb, mirror);
    each_record_of(&set->changes, log_cb, &(struct logging){mirror, write->asked});
    each_record_of(&set->held, hold_cb, &(struct holding){mirror, set});
    if (set->holds_changed)
        settle(mirror, set);
    store_rejections(mirror, write->poll);
    mirror->cycles = memory_grow(mirror->cycles, mirror->cycle_count + 1, sizeof(*mirror->cycles));
    mirror->cycles[mirror->cycle_count++] = (struct mirror_cycle){write->answered, set->counts.removed,
                                                                  set->counts.removed_by_approval};
    free(mirror->name_json);
    mirror->name_json = memory_string(write->name_json);
    mirror->present_members = write->members;
    mirror->exists = true;
    mirror->version++;
    mirror_cover(mirror, write->asked, write->answered);
}

/* --- what must be so at any time ---------------------------------------------------------------------------------- */

/* I1: the log replayed from zero gives the table. Not while somebody has edited it. */
static void mirror_assert_replayed(const struct mirror *mirror)
{
    uint32_t present = mirror_present(mirror);

    for (size_t i = 0; i < mirror->row_count; i++) {
        const struct mirror_row *stored = &mirror->rows[i];
        if (!stored->exists)
            continue;
        struct member_row row = mirror_read(stored);
        replay_assert_row(&mirror->replay, &row);
    }
    assert_int_equal(present, replay_present(&mirror->replay));
    assert_int_equal(present, mirror->present_members);
}

#endif

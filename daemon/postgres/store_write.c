/*
 * The three exchanges of a write. Few rows go as one pipeline of prepared statements, many by binary COPY: straight into
 * the tables when they are new, through a temporary table of the session when they replace others. COPY never stands in a
 * pipeline, where libpq would hang. What has no COPY goes in several pipelines, one after the other.
 */
#include "postgres/store_private.h"

#include "base/memory.h"
#include "core/record.h"

#include <stdlib.h>
#include <string.h>

/* More rows than this go by COPY; measured, the two ways cost the same somewhere between 64 and 1,000. */
#define PIPELINE_ROWS_MAX 64

/* Rows that one pipeline takes: so many are encoded between two turns of the loop, and wait in libpq's memory. */
#define PIPELINE_BATCH 512

/* Bytes of a COPY that are made at once, between two turns of the loop. */
#define COPY_PIECE_SIZE ((size_t)32 * 1024)

/* --- exchange 1 --------------------------------------------------------------------------------------------------- */

static void add_counts(struct copy_row *row, const struct changeset_counts *counts)
{
    const uint32_t in_order[] = {
        counts->added,           counts->removed,  counts->role_changed, counts->role_touched,
        counts->profile_changed, counts->repaired, counts->absent,       counts->returned,
        counts->refreshed,       counts->rejected, counts->held,         counts->removed_by_approval,
    };

    for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++)
        copy_row_integer(row, (int32_t)in_order[i]);
}

static bool is_same_name(const char *name, const char *other)
{
    return name == other || (name && other && strcmp(name, other) == 0);
}

static bool changes_something(const struct store_organization *organization, const struct store_cycle *cycle)
{
    const struct changeset_counts *counts = cycle->counts;

    return counts->added || counts->removed || counts->role_changed || counts->role_touched ||
           counts->profile_changed || !is_same_name(organization->name_json, cycle->name_json);
}

static void add_cycle(struct store *store, const struct store_poll *poll, const struct store_cycle *cycle)
{
    struct copy_row *row = &store->row;

    copy_row_text(row, poll->organization_id);
    copy_row_text(row, store->source);
    copy_row_uuid(row, &poll->poll_uuid);
    copy_row_time(row, poll->asked);
    copy_row_time(row, poll->answered);
    copy_row_text(row, cycle->outcome);
    copy_row_integer(row, (int32_t)cycle->members);
    add_counts(row, cycle->counts);
    copy_row_flag(row, cycle->full_compare);
    copy_row_bigint(row, (int64_t)cycle->body_bytes);
    copy_row_bytes(row, cycle->fingerprint, cycle->fingerprint ? SHA256_SIZE : 0);
    copy_row_json(row, cycle->name_json, cycle->name_json ? strlen(cycle->name_json) : 0);
}

static void add_repaired(struct store *store, const struct store_cycle *cycle)
{
    size_t count = cycle->repaired_count;
    struct connection_parameter *users = arena_alloc(&store->row.arena, (count + 1) * sizeof(*users));

    if (count == 0) {
        copy_row_null(&store->row);
        return;
    }
    for (size_t i = 0; i < count; i++)
        users[i] = (struct connection_parameter){.value = cycle->repaired[i].bytes,
                                                 .length = sizeof(cycle->repaired[i].bytes)};
    copy_row_array(&store->row, COPY_ARRAY_UUID, users, count);
}

static void keep_write(struct store *store, const struct store_organization *organization,
                       const struct store_poll *poll, const struct store_cycle *cycle)
{
    struct store_write *write = &store->write;
    size_t length = strlen(poll->organization_id);

    if (length > ORGANIZATION_ID_MAX)
        error_fatal("an organization's id is longer than it can be");
    if (write->reading)
        spool_reader_done(&write->reader); /* a write that failed half-way */
    memset(write, 0, sizeof(*write));
    memcpy(write->organization_id, poll->organization_id, length + 1);
    write->poll = *poll;
    write->poll.organization_id = write->organization_id;
    write->secret = organization->secret;
    write->roster_version = organization->roster_version + 1;
    write->owners = -1;
    write->rejections = cycle->rejections;
    write->rejection_count = cycle->rejection_count;
}

/* A first cycle met a row of its organization. It is somebody else's write, unless it belongs to another section of the
 * configuration: then trying again would never help. */
static void owner_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct copy_value owner = {0};
    struct error error;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
        return;
    }
    if (PQntuples(reply->rows) > 0)
        copy_result_row(reply->rows, &owner, 1);
    if (!owner.bytes || strcmp(owner.bytes, store->source) == 0) {
        store_roll_back(store, STORE_FENCED);
        return;
    }
    error_set(
        &error, ERROR_CONFIG,
        "the organization that answered is already mirrored by the section \"%s\" of the configuration, not by "
        "\"%s\"; check organization_id and whose key and token these are",
        owner.bytes, store->source);
    store_answer_error(store, &error);
}

static void find_owner(struct store *store)
{
    copy_row_clear(&store->row);
    copy_row_text(&store->row, store->write.organization_id);
    store_run(store, "find_organization", owner_cb);
}

static void cycle_begun_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct copy_value values[2];

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
    } else if (PQntuples(reply->rows) == 1) {
        copy_result_row(reply->rows, values, 2);
        copy_get_bigint(&values[0], &store->write.cycle_id);
        copy_get_integer(&values[1], &store->write.may_stage);
        store_answer(store, STORE_DONE);
    } else if (store->write.first) {
        find_owner(store);
    } else {
        store_roll_back(store, STORE_FENCED);
    }
}

static void begun_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_run(store, store->write.first ? "begin_first_cycle" : "begin_cycle", cycle_begun_cb);
}

void store_begin(struct store *store, const struct store_organization *organization,
                 const struct store_poll *poll, const struct store_cycle *cycle, store_cb reply_cb,
                 void *context)
{
    store_call(store, reply_cb, context);
    keep_write(store, organization, poll, cycle);
    store->write.first = !organization->exists;
    add_cycle(store, poll, cycle);
    if (store->write.first) {
        copy_row_bytes(&store->row, organization->secret.bytes, sizeof(organization->secret.bytes));
    } else {
        copy_row_flag(&store->row, changes_something(organization, cycle));
        copy_row_bigint(&store->row, organization->roster_version);
        copy_row_uuid(&store->row, &organization->last_cycle_uuid);
        add_repaired(store, cycle);
    }
    store_execute(store, "begin_transaction", begun_cb);
}

/* --- exchange 2: one row after the other -------------------------------------------------------------------------- */

static struct spool *spool_of(const struct store_write *write)
{
    switch (write->part) {
    case WRITE_INSERTS:
        return &write->set->inserts;
    case WRITE_UPDATES:
        return &write->set->updates;
    case WRITE_CHANGES:
        return &write->set->changes;
    default:
        return &write->set->held;
    }
}

static void next_part(struct store_write *write)
{
    if (write->reading)
        spool_reader_done(&write->reader);
    write->reading = false;
    write->header_sent = false;
    write->part++;
}

static void encode(struct store *store, const void *record, size_t length)
{
    const struct store_write *write = &store->write;
    struct member_row member;
    struct change change;
    struct held held;

    copy_row_clear(&store->row);
    if (write->part == WRITE_HELD) {
        record_read_held(record, length, &held);
        store_row_held(store, &held);
    } else if (write->part == WRITE_CHANGES) {
        record_read_change(record, length, &change);
        copy_row_change(&store->row, write->organization_id, write->cycle_id, &change);
    } else {
        record_read_row(record, length, &member);
        member.value_digest = member_row_digest(&member, &write->secret);
        copy_row_member(&store->row, write->organization_id, &member);
    }
}

/* The next row of the part's spool, as store->row. 1, 0 at the end, or a negative class. */
static int next_row(struct store *store, struct error *error)
{
    struct store_write *write = &store->write;
    const void *record;
    size_t length;

    if (!write->reading)
        spool_reader_init(&write->reader, spool_of(write));
    write->reading = true;
    int more = spool_next(&write->reader, &record, &length, error);
    if (more == 1) {
        encode(store, record, length);
        write->rows++;
    }
    return more;
}

/* --- exchange 2: pipelines ---------------------------------------------------------------------------------------- */

static void add_rejections(struct store *store)
{
    const struct store_write *write = &store->write;
    size_t count = write->rejection_count;
    struct copy_row *row = &store->row;
    struct connection_parameter *digests = arena_alloc(&row->arena, (3 * count + 1) * sizeof(*digests));
    struct connection_parameter *users = digests + count, *reasons = users + count;

    for (size_t i = 0; i < count; i++) {
        const struct rejection *rejection = &write->rejections[i];

        digests[i].value = rejection->slice_digest.bytes;
        digests[i].length = sizeof(rejection->slice_digest.bytes);
        users[i].value = rejection->has_user_id ? rejection->user_id.bytes : NULL;
        users[i].length = sizeof(rejection->user_id.bytes);
        reasons[i].value = rejection->reason;
        reasons[i].length = (int)strlen(rejection->reason);
    }
    copy_row_text(row, write->organization_id);
    copy_row_bigint(row, write->cycle_id);
    copy_row_time(row, write->poll.answered);
    copy_row_array(row, COPY_ARRAY_BYTEA, digests, count);
    copy_row_array(row, COPY_ARRAY_UUID, users, count);
    copy_row_array(row, COPY_ARRAY_TEXT, reasons, count);
}

struct part_query {
    const char *query;
    int expected_rows; /* -1: any */
    const char *unmet;
};

static const struct part_query part_queries[] = {
    [WRITE_INSERTS] = {"insert_member", 1},
    [WRITE_UPDATES] = {"update_member", 1},
    [WRITE_CHANGES] = {"insert_change", 1},
    [WRITE_HELD] = {"hold_change", 1},
    [WRITE_SETTLEMENT] =
        {"settle_holds", 1,
         "somebody decided anew about held changes while their approval was being carried out; "
         "nothing of it was written, and the next poll asks again"},
    [WRITE_REJECTIONS] = {"record_rejections", -1},
    [WRITE_COVERAGE] = {"extend_coverage", 1},
    [WRITE_ALERT] = {"raise_alerts", 1},
};

static void give_call(const struct store *store, enum write_part part, struct connection_call *ret_call)
{
    const struct part_query *query = &part_queries[part];

    *ret_call = store_query(store, query->query);
    ret_call->expected_rows = query->expected_rows;
    ret_call->unmet = query->unmet;
}

/* The parts that are one statement: its parameters, as store->row. False when this write does without it. */
static bool fill_single(struct store *store)
{
    const struct store_write *write = &store->write;

    copy_row_clear(&store->row);
    switch (write->part) {
    case WRITE_SETTLEMENT:
        if (!store_settles(write->set))
            return false;
        store_row_settlement(store);
        return true;
    case WRITE_REJECTIONS:
        add_rejections(store);
        return true;
    case WRITE_COVERAGE:
        store_row_coverage(&store->row, write->roster_version, &write->poll.poll_uuid, &write->poll, false);
        return true;
    default:
        if (!store_alerts(write->set))
            return false;
        store_row_alert(store);
        return true;
    }
}

/* The next row of the spools. 1, 0 behind the last of them, or a negative class. */
static int next_spooled(struct store *store, struct connection_call *ret_call, struct error *error)
{
    struct store_write *write = &store->write;

    for (; write->part < WRITE_SETTLEMENT; next_part(write)) {
        int more = next_row(store, error);

        if (more == 1)
            give_call(store, write->part, ret_call);
        if (more != 0)
            return more;
    }
    return 0;
}

static int next_call_cb(void *context, struct connection_call *ret_call, struct error *error)
{
    struct store *store = context;
    struct store_write *write = &store->write;

    if (write->queued++ == PIPELINE_BATCH)
        return 0;
    int more = next_spooled(store, ret_call, error);
    if (more != 0)
        return more;
    while (write->part < WRITE_END && !fill_single(store))
        next_part(write);
    if (write->part == WRITE_END)
        return 0;
    give_call(store, write->part, ret_call);
    next_part(write);
    return 1;
}

static void write_pipeline(struct store *store);

static void written_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct copy_value owners;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
    } else if (store->write.part < WRITE_END) {
        write_pipeline(store);
    } else {
        if (store_alerts(store->write.set)) {
            copy_result_row(reply->rows, &owners, 1);
            copy_get_bigint(&owners, &store->write.owners);
        }
        store_answer(store, STORE_DONE);
    }
}

static void write_pipeline(struct store *store)
{
    store->write.queued = 0;
    connection_pipeline(store->connection, next_call_cb, written_cb, store);
}

/* --- exchange 2: many rows ---------------------------------------------------------------------------------------- */

static int fill_cb(void *context, struct buffer *piece, struct error *error)
{
    struct store *store = context;
    int more = 1;

    if (!store->write.header_sent)
        copy_add_header(piece);
    store->write.header_sent = true;
    while (piece->length < COPY_PIECE_SIZE && (more = next_row(store, error)) == 1)
        copy_add_row(piece, &store->row);
    if (more == 0)
        copy_add_trailer(piece);
    return more;
}

static void copy_part(struct store *store);

/* Whether as many rows were written as the change set holds; otherwise answers. */
static bool is_complete(struct store *store, const struct connection_reply *reply)
{
    uint64_t expected = spool_of(&store->write)->records;
    struct error error;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
        return false;
    }
    if ((uint64_t)reply->affected == expected)
        return true;
    error_set(&error, ERROR_INTERNAL,
              "%lld rows were written instead of %llu: the tables are not as they were read", reply->affected,
              (unsigned long long)expected);
    store_answer_error(store, &error);
    return false;
}

static void part_written_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (!is_complete(store, reply))
        return;
    next_part(&store->write);
    copy_part(store);
}

static void stage_filled_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (!is_complete(store, reply))
        return;
    copy_row_clear(&store->row);
    store_run(store, "update_members_from_stage", part_written_cb);
}

static void stage_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        connection_copy_in(store->connection, "copy_in_member_stage", fill_cb, stage_filled_cb, store);
}

/* Without a stage the updates, and all that follows them, go one row after the other: slower, but as right. */
static void copy_part(struct store *store)
{
    struct store_write *write = &store->write;

    while (write->part < WRITE_SETTLEMENT && spool_of(write)->records == 0)
        next_part(write);
    if (write->part == WRITE_INSERTS)
        connection_copy_in(store->connection, "copy_in_members", fill_cb, part_written_cb, store);
    else if (write->part == WRITE_UPDATES && write->may_stage)
        store_execute(store, "create_member_stage", stage_cb);
    else if (write->part == WRITE_CHANGES)
        connection_copy_in(store->connection, "copy_in_changes", fill_cb, part_written_cb, store);
    else
        write_pipeline(store);
}

void store_write(struct store *store, struct changeset *set, store_cb reply_cb, void *context)
{
    uint64_t rows = set->inserts.records + set->updates.records + set->changes.records;

    store_call(store, reply_cb, context);
    store->write.set = set;
    store->write.part = WRITE_INSERTS;
    if (rows <= PIPELINE_ROWS_MAX)
        write_pipeline(store);
    else
        copy_part(store);
}

uint64_t store_rows_written(const struct store *store)
{
    return store->write.rows;
}

/* --- exchange 3 --------------------------------------------------------------------------------------------------- */

/* COMMIT of a transaction that failed is answered without an error, but the tag names what was done: ROLLBACK. */
static void committed_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct error error;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
    } else if (reply->tag[0] == 'R') {
        error_set(&error, ERROR_INTERNAL,
                  "PostgreSQL rolled the transaction back because a statement in it had failed");
        store_answer_error(store, &error);
    } else {
        store_answer(store, STORE_DONE);
    }
}

void store_commit(struct store *store, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    store_execute(store, "commit_transaction", committed_cb);
}

void store_rollback(struct store *store, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    store_roll_back(store, STORE_DONE);
}

void store_committed(const struct store_poll *poll, const struct store_cycle *cycle,
                     struct store_organization *organization)
{
    size_t length = strlen(poll->organization_id);

    memcpy(organization->id, poll->organization_id, length + 1);
    organization->exists = true;
    organization->discontinuity = false;
    if (!is_same_name(organization->name_json, cycle->name_json)) {
        free(organization->name_json);
        organization->name_json = memory_string(cycle->name_json);
    }
    organization->present_members = cycle->members;
    organization->roster_version++;
    organization->last_cycle_uuid = poll->poll_uuid;
    organization->last_asked_at = poll->asked;
    organization->last_answered_at = poll->answered;
    organization->holds_stand = cycle->counts->held > 0;
    if (cycle->full_compare)
        organization->last_full_compare_at = poll->answered;
}

/*
 * The life of a store, its lock, and what takes a single statement.
 */
#include "postgres/store_private.h"

#include "base/memory.h"
#include "postgres/sql.h"

#include <stdlib.h>
#include <string.h>

struct store *store_new(struct connection *connection, const char *source)
{
    struct store *store = memory_alloc(sizeof(*store));

    store->connection = connection;
    store->source = memory_string(source);
    copy_row_init(&store->row);
    arena_init(&store->texts);
    return store;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    if (store->write.reading)
        spool_reader_done(&store->write.reader);
    copy_row_done(&store->row);
    arena_done(&store->texts);
    free(store->source);
    free(store);
}

void store_organization_done(struct store_organization *organization)
{
    if (!organization)
        return;
    free(organization->name_json);
    organization->name_json = NULL;
}

/* --- calls and answers -------------------------------------------------------------------------------------------- */

void store_call(struct store *store, store_cb reply_cb, void *context)
{
    if (store->reply_cb)
        error_fatal("the store was called while it still works on something else");
    store->reply_cb = reply_cb;
    store->context = context;
    store->reply = (struct store_reply){.result = STORE_DONE};
    copy_row_clear(&store->row);
}

static void answer(struct store *store)
{
    const struct store_reply reply = store->reply;
    store_cb reply_cb = store->reply_cb;

    store->reply_cb = NULL;
    reply_cb(store->context, &reply);
}

void store_answer(struct store *store, enum store_result result)
{
    store->reply.result = result;
    answer(store);
}

static void keep_refusal(struct store *store, const struct connection_reply *reply)
{
    store->reply.result = reply->result == CONNECTION_LOST ? STORE_LOST : STORE_FAILED;
    store->reply.retryable = reply->retryable;
    store->reply.error = reply->error;
}

void store_answer_refused(struct store *store, const struct connection_reply *reply)
{
    keep_refusal(store, reply);
    answer(store);
}

static void keep_error(struct store *store, const struct error *error)
{
    store->reply.result = STORE_FAILED;
    store->reply.error = *error;
}

void store_answer_error(struct store *store, const struct error *error)
{
    keep_error(store, error);
    answer(store);
}

static void rolled_back_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        keep_refusal(store, reply);
    answer(store);
}

void store_roll_back(struct store *store, enum store_result result)
{
    store->reply.result = result;
    store_execute(store, "rollback_transaction", rolled_back_cb);
}

void store_roll_back_error(struct store *store, const struct error *error)
{
    keep_error(store, error);
    store_roll_back(store, STORE_FAILED);
}

void store_roll_back_refused(struct store *store, const struct connection_reply *reply)
{
    keep_refusal(store, reply);
    if (reply->result == CONNECTION_LOST)
        answer(store);
    else
        store_roll_back(store, STORE_FAILED);
}

struct connection_call store_query(const struct store *store, const char *query)
{
    return (struct connection_call){
        .query = query, .parameters = store->row.values, .count = store->row.count, .binary = true};
}

void store_run(struct store *store, const char *query, connection_reply_cb reply_cb)
{
    const struct connection_call call = store_query(store, query);

    connection_run(store->connection, &call, reply_cb, store);
}

void store_execute(struct store *store, const char *query, connection_reply_cb reply_cb)
{
    connection_execute(store->connection, sql_query(query), reply_cb, store);
}

/* --- the lock ----------------------------------------------------------------------------------------------------- */

static void lock_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, PQgetvalue(reply->rows, 0, 0)[0] ? STORE_DONE : STORE_BUSY);
}

void store_lock(struct store *store, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    copy_row_text(&store->row, store->source);
    store_run(store, "lock_source", lock_cb);
}

/* --- coverage ----------------------------------------------------------------------------------------------------- */

void store_row_coverage(struct copy_row *row, int64_t roster_version, const struct uuid *last_cycle_uuid,
                        const struct store_poll *poll, bool full_compare)
{
    copy_row_text(row, poll->organization_id);
    copy_row_bigint(row, roster_version);
    copy_row_uuid(row, last_cycle_uuid);
    copy_row_uuid(row, &poll->poll_uuid);
    copy_row_time(row, poll->asked);
    copy_row_time(row, poll->answered);
    copy_row_bigint(row, poll->max_gap_us);
    copy_row_flag(row, full_compare);
    copy_row_integer(row, poll->longest_turn_ms);
}

static void covered_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, reply->affected == 1 ? STORE_DONE : STORE_FENCED);
}

void store_cover(struct store *store, const struct store_organization *organization,
                 const struct store_poll *poll, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    store_row_coverage(&store->row, organization->roster_version, &organization->last_cycle_uuid, poll,
                       poll->full_compare);
    store_run(store, "extend_coverage", covered_cb);
}

/* --- failed cycles ------------------------------------------------------------------------------------------------ */

static void recorded_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, STORE_DONE);
}

void store_record_failure(struct store *store, const struct store_organization *organization,
                          const struct store_poll *poll, const struct store_cycle *cycle, store_cb reply_cb,
                          void *context)
{
    struct copy_row *row = &store->row;

    store_call(store, reply_cb, context);
    copy_row_text(row, organization->exists ? organization->id : NULL);
    copy_row_text(row, store->source);
    copy_row_uuid(row, &poll->poll_uuid);
    copy_row_time(row, poll->asked);
    copy_row_time(row, poll->answered);
    if (cycle->body_bytes > 0)
        copy_row_bigint(row, (int64_t)cycle->body_bytes);
    else
        copy_row_null(row);
    copy_row_text(row, error_class_name(cycle->failure->class));
    copy_row_text(row, cycle->failure->text);
    store_run(store, "record_failure", recorded_cb);
}

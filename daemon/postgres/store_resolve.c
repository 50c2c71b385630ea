/*
 * Is a cycle committed? And was a COMMIT applied whose reply was lost? The latter is asked only behind the lock that the writing transaction holds until it is
 * over, so that "not there" means "never".
 *
 *   BEGIN --> the organization's row lock --> look the cycle up --> ROLLBACK --> DONE or ABSENT
 *             (first load: the source's advisory lock)
 *             timeout, or held by another session  --> ROLLBACK --> UNKNOWN
 */
#include "postgres/store_private.h"

static void cycle_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_roll_back_refused(store, reply);
    else
        store_roll_back(store, PQntuples(reply->rows) > 0 ? STORE_DONE : STORE_ABSENT);
}

static void find_cycle(struct store *store)
{
    copy_row_clear(&store->row);
    copy_row_uuid(&store->row, &store->cycle_uuid);
    store_run(store, "find_cycle", cycle_cb);
}

static void organization_locked_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result == CONNECTION_FAILED && reply->retryable)
        store_roll_back(store, STORE_UNKNOWN);
    else if (reply->result != CONNECTION_DONE)
        store_roll_back_refused(store, reply);
    else
        find_cycle(store);
}

static void source_locked_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_roll_back_refused(store, reply);
    else if (!PQgetvalue(reply->rows, 0, 0)[0])
        store_roll_back(store, STORE_UNKNOWN);
    else
        find_cycle(store);
}

static void begun_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    bool exists = store->resolving->exists;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
        return;
    }
    copy_row_text(&store->row, exists ? store->resolving->id : store->source);
    if (exists)
        store_run(store, "lock_organization", organization_locked_cb);
    else
        store_run(store, "lock_source_briefly", source_locked_cb);
}

void store_resolve(struct store *store, const struct store_organization *organization,
                   const struct uuid *cycle_uuid, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    store->resolving = organization;
    store->cycle_uuid = *cycle_uuid;
    store_execute(store, "begin_transaction", begun_cb);
}

/* --- one that is over --------------------------------------------------------------------------------------------- */

static void found_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, PQntuples(reply->rows) > 0 ? STORE_DONE : STORE_ABSENT);
}

void store_find_cycle(struct store *store, const struct uuid *cycle_uuid, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    copy_row_uuid(&store->row, cycle_uuid);
    store_run(store, "find_cycle", found_cb);
}

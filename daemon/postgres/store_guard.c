/*
 * What the guards are told of the past, and the parameters of what is written about holds, decisions and alerts.
 */
#include "postgres/store_private.h"

#include <string.h>

/* --- store_read_guard: past, then sets, then members -------------------------------------------------------------- */

static bool is_true(const struct copy_value *value)
{
    return value->bytes && value->bytes[0];
}

static int damaged(struct error *error)
{
    return error_set(error, ERROR_CONFIG,
                     "rollcall.held_change has a class or a digest that this program does not know; was it "
                     "written by a later version, or by hand");
}

static void members_read_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, STORE_DONE);
}

static int member_held_cb(void *context, const PGresult *row, struct error *error)
{
    struct store *store = context;
    struct copy_value values[4];
    struct hold hold;

    copy_result_row(row, values, 4);
    if (!guard_class_parse(values[0].bytes, &hold.class) || !copy_get_uuid(&values[1], &hold.user_id) ||
        !copy_get_time(&values[2], &hold.observed_after) || !copy_get_time(&values[3], &hold.observed_at))
        return damaged(error);
    hold_past_add(store->past, &hold);
    return 0;
}

static void sets_read_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
        return;
    }
    copy_row_clear(&store->row);
    copy_row_text(&store->row, store->source);
    const struct connection_call call = store_query(store, "read_guard_members");
    connection_stream(store->connection, &call, member_held_cb, members_read_cb, store);
}

static int set_held_cb(void *context, const PGresult *row, struct error *error)
{
    struct store *store = context;
    struct copy_value values[4];
    enum guard_class class;

    copy_result_row(row, values, 4);
    if (!guard_class_parse(values[0].bytes, &class) || values[1].length != SHA256_SIZE)
        return damaged(error);
    struct hold_set *set = &store->past->sets[class];
    set->stands = true;
    memcpy(set->digest, values[1].bytes, SHA256_SIZE);
    if (values[2].bytes)
        set->decision = is_true(&values[2]) ? HOLD_APPROVED : HOLD_REJECTED;
    copy_get_bigint(&values[3], &set->approval_id);
    return 0;
}

static void past_read_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct copy_value values[3];
    int32_t removed;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
        return;
    }
    copy_result_row(reply->rows, values, 3);
    copy_get_integer(&values[0], &removed);
    store->past->removed_lately = (uint32_t)removed;
    store->past->own_is_owner = is_true(&values[1]);
    store->past->own_was_owner = is_true(&values[2]);
    copy_row_clear(&store->row);
    copy_row_text(&store->row, store->source);
    const struct connection_call call = store_query(store, "read_guard_sets");
    connection_stream(store->connection, &call, set_held_cb, sets_read_cb, store);
}

void store_read_guard(struct store *store, int64_t since_us, const struct uuid *own_user,
                      struct hold_past *ret_past, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    store->past = ret_past;
    copy_row_text(&store->row, store->source);
    copy_row_time(&store->row, since_us);
    if (own_user)
        copy_row_uuid(&store->row, own_user);
    else
        copy_row_null(&store->row);
    store_run(store, "read_guard_past", past_read_cb);
}

/* --- what a write says of holds ----------------------------------------------------------------------------------- */

void store_row_held(struct store *store, const struct held *held)
{
    const struct store_write *write = &store->write;
    const struct hold_result *set = &write->set->holds[held->class];
    const struct change *change = &held->change;
    struct copy_row *row = &store->row;

    if (set->verdict != HOLD_STANDS)
        error_fatal("a change is to be held in a set that does not stand");
    copy_row_text(row, write->organization_id);
    copy_row_text(row, guard_class_name(held->class));
    copy_row_bytes(row, set->digest, sizeof(set->digest));
    copy_row_uuid(row, &change->user_id);
    copy_row_json(row, change->old_values, change->old_length);
    copy_row_json(row, change->new_values, change->new_length);
    copy_row_text(row, set->reason);
    copy_row_time(row, change->observed_after);
    copy_row_time(row, change->observed_at);
    copy_row_bigint(row, write->cycle_id);
}

static bool has_verdict(const struct changeset *set, enum hold_verdict verdict)
{
    for (int each = 0; each < GUARD_CLASS_COUNT; each++)
        if (set->holds[each].verdict == verdict)
            return true;
    return false;
}

bool store_settles(const struct changeset *set)
{
    return set->holds_changed || has_verdict(set, HOLD_PASSES_APPROVED);
}

void store_row_settlement(struct store *store)
{
    const struct hold_result *holds = store->write.set->holds;
    struct connection_parameter classes[GUARD_CLASS_COUNT], digests[GUARD_CLASS_COUNT];
    int64_t approvals[GUARD_CLASS_COUNT];
    size_t standing = 0, approved = 0;

    for (int each = 0; each < GUARD_CLASS_COUNT; each++) {
        const char *name = guard_class_name((enum guard_class)each);

        if (holds[each].verdict == HOLD_PASSES_APPROVED)
            approvals[approved++] = holds[each].approval_id;
        if (holds[each].verdict != HOLD_STANDS)
            continue;
        classes[standing] = (struct connection_parameter){.value = name, .length = (int)strlen(name)};
        digests[standing++] = (struct connection_parameter){.value = holds[each].digest,
                                                            .length = SHA256_SIZE};
    }
    copy_row_text(&store->row, store->write.organization_id);
    copy_row_bigint(&store->row, store->write.cycle_id);
    copy_row_time(&store->row, store->write.poll.answered);
    copy_row_array(&store->row, COPY_ARRAY_TEXT, classes, standing);
    copy_row_array(&store->row, COPY_ARRAY_BYTEA, digests, standing);
    copy_row_bigints(&store->row, approvals, approved);
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

bool store_alerts(const struct changeset *set)
{
    if (set->alerts.owner_lost)
        return true;
    for (int each = 0; each < GUARD_CLASS_COUNT; each++) {
        const struct hold_result *hold = &set->holds[each];

        if (set->alerts.count[each] > 0 || (hold->verdict == HOLD_STANDS && !hold->known))
            return true;
    }
    return false;
}

void store_row_alert(struct store *store)
{
    const struct alerts *alerts = &store->write.set->alerts;
    struct connection_parameter users[ALERTS_NAMED];

    for (size_t i = 0; i < alerts->named_count; i++)
        users[i] = (struct connection_parameter){.value = alerts->named[i].user_id.bytes,
                                                 .length = sizeof(alerts->named[i].user_id.bytes)};
    copy_row_text(&store->row, store->write.organization_id);
    copy_row_bigint(&store->row, store->write.cycle_id);
    copy_row_integer(&store->row, (int32_t)alerts->count[GUARD_OWNER_GRANTS]);
    copy_row_integer(&store->row, (int32_t)alerts->count[GUARD_DEMOTIONS]);
    copy_row_array(&store->row, COPY_ARRAY_UUID, users, alerts->named_count);
}

int64_t store_written_owners(const struct store *store)
{
    return store->write.owners;
}

/*
 * What the cycle reads: the roster with its fence in one snapshot, full rows, rejected records. Row by row, in memory
 * that does not grow with their number.
 */
#include "postgres/store_private.h"

#include "base/memory.h"

#include <string.h>

/* --- the fence ---------------------------------------------------------------------------------------------------- */

enum organization_column {
    ORGANIZATION_ID,
    ORGANIZATION_NAME,
    ORGANIZATION_PRESENT_MEMBERS,
    ORGANIZATION_ROSTER_VERSION,
    ORGANIZATION_LAST_CYCLE_UUID,
    ORGANIZATION_LAST_FULL_COMPARE_AT,
    ORGANIZATION_LAST_ASKED_AT,
    ORGANIZATION_LAST_ANSWERED_AT,
    ORGANIZATION_SECRET,
    ORGANIZATION_HOLDS_STAND,
    ORGANIZATION_COLUMNS
};

static bool read_secret(const struct copy_value *value, struct digest_secret *ret_secret)
{
    if (!value->bytes || value->length != (int)sizeof(ret_secret->bytes))
        return false;
    memcpy(ret_secret->bytes, value->bytes, sizeof(ret_secret->bytes));
    return true;
}

static bool read_id(const struct copy_value *value, char ret_id[ORGANIZATION_ID_MAX + 1])
{
    if (!value->bytes || value->length > ORGANIZATION_ID_MAX)
        return false;
    memcpy(ret_id, value->bytes, (size_t)value->length);
    ret_id[value->length] = '\0';
    return true;
}

static void read_name(struct store *store, const struct copy_value *value,
                      struct store_organization *organization)
{
    size_t length;
    const char *name = copy_get_json(value, &store->texts, &length);

    organization->name_json = name ? memory_string_n(name, length) : NULL;
    arena_clear(&store->texts);
}

static bool read_organization(struct store *store, const struct copy_value *values,
                              struct store_organization *organization)
{
    int32_t present;

    read_name(store, &values[ORGANIZATION_NAME], organization);
    if (!copy_get_integer(&values[ORGANIZATION_PRESENT_MEMBERS], &present))
        return false;
    organization->present_members = (uint32_t)present;
    organization->holds_stand = values[ORGANIZATION_HOLDS_STAND].bytes[0];
    return read_id(&values[ORGANIZATION_ID], organization->id) &&
           copy_get_bigint(&values[ORGANIZATION_ROSTER_VERSION], &organization->roster_version) &&
           copy_get_uuid(&values[ORGANIZATION_LAST_CYCLE_UUID], &organization->last_cycle_uuid) &&
           copy_get_time(&values[ORGANIZATION_LAST_FULL_COMPARE_AT], &organization->last_full_compare_at) &&
           copy_get_time(&values[ORGANIZATION_LAST_ASKED_AT], &organization->last_asked_at) &&
           copy_get_time(&values[ORGANIZATION_LAST_ANSWERED_AT], &organization->last_answered_at) &&
           read_secret(&values[ORGANIZATION_SECRET], &organization->secret);
}

/* --- the roster --------------------------------------------------------------------------------------------------- */

static int add_entry(struct store *store, const struct uuid *user_id, const struct digest *digest,
                     struct error *error)
{
    if (roster_add(store->roster, user_id, digest))
        return 0;
    return error_set(error, ERROR_INTERNAL,
                     "rollcall.member has two rows for one user: its primary key is broken, "
                     "REINDEX it");
}

static int roster_piece_cb(void *context, const char *piece, size_t length, struct error *error)
{
    struct store *store = context;
    struct copy_reader reader;
    struct copy_value values[2];
    int more;

    copy_reader_init(&reader, piece, length);
    while ((more = copy_read_row(&reader, values, 2, error)) == 1) {
        struct uuid user_id;
        struct digest digest;

        if (!copy_get_digest(&values[1], &digest))
            memset(&digest, 0, sizeof(digest)); /* not ours: not known */
        if (!copy_get_uuid(&values[0], &user_id))
            return error_set(error, ERROR_CONFIG, "column user_id of rollcall.member is no uuid");
        if (add_entry(store, &user_id, &digest, error) < 0)
            return -ERROR_INTERNAL;
    }
    return more;
}

/* The digest of an absent member, and of a row that somebody edited, is left unknown: they are looked at. */
static int member_piece_cb(void *context, const char *piece, size_t length, struct error *error)
{
    struct store *store = context;
    struct copy_value values[COPY_MEMBER_COLUMNS];
    struct copy_reader reader;
    int more;

    copy_reader_init(&reader, piece, length);
    while ((more = copy_read_row(&reader, values, COPY_MEMBER_COLUMNS, error)) == 1) {
        struct digest digest = {{0}};
        struct member_row row;
        int status = copy_get_member(values, &store->texts, &row, error);

        if (status == 0 && row.absent_since == 0 && !member_row_is_edited(&row, &store->organization->secret))
            digest = row.value_digest; /* a present row's is its member_digest */
        if (status == 0)
            status = add_entry(store, &row.member.user_id, &digest, error);
        arena_clear(&store->texts);
        if (status < 0)
            return status;
    }
    return more;
}

/* --- store_load --------------------------------------------------------------------------------------------------- */

static void snapshot_over_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, STORE_DONE);
}

static void members_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct store_organization *organization = store->organization;

    if (reply->result != CONNECTION_DONE) {
        store_roll_back_refused(store, reply);
        return;
    }
    organization->discontinuity = roster_count(store->roster) != organization->present_members;
    store_execute(store, "commit_transaction", snapshot_over_cb);
}

static void organization_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct copy_value values[ORGANIZATION_COLUMNS];
    struct error error;

    if (reply->result != CONNECTION_DONE) {
        store_roll_back_refused(store, reply);
    } else if (PQntuples(reply->rows) == 0) {
        digest_secret_random(&store->organization->secret); /* the first write stores it */
        store_execute(store, "commit_transaction", snapshot_over_cb);
    } else {
        copy_result_row(reply->rows, values, ORGANIZATION_COLUMNS);
        store->organization->exists = true;
        if (!read_organization(store, values, store->organization)) {
            error_set(&error, ERROR_CONFIG,
                      "the row of this organization in rollcall.organization or "
                      "rollcall.roster_secret is damaged or gone; restore it from a backup");
            store_roll_back_error(store, &error);
        } else if (store->full) {
            connection_copy_out(store->connection, "copy_members", member_piece_cb, members_cb, store);
        } else {
            connection_copy_out(store->connection, "copy_roster", roster_piece_cb, members_cb, store);
        }
    }
}

static void snapshot_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_run(store, "load_organization", organization_cb);
}

void store_load(struct store *store, bool full, struct store_organization *organization,
                struct roster *roster, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    store_organization_done(organization);
    memset(organization, 0, sizeof(*organization));
    store->full = full;
    store->organization = organization;
    store->roster = roster;
    copy_row_text(&store->row, store->source);
    store_execute(store, "begin_snapshot", snapshot_cb);
}

/* --- full rows ---------------------------------------------------------------------------------------------------- */

static int member_row_cb(void *context, const PGresult *result, struct error *error)
{
    struct store *store = context;
    struct copy_value values[COPY_MEMBER_COLUMNS];
    struct member_row row;

    copy_result_row(result, values, COPY_MEMBER_COLUMNS);
    int status = copy_get_member(values, &store->texts, &row, error);
    if (status == 0)
        status = store->row_cb(store->row_context, &row, error);
    arena_clear(&store->texts);
    return status;
}

static void rows_read_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, STORE_DONE);
}

/* Hands over the rows of a query whose parameters are in store->row. */
static void stream_rows(struct store *store, const char *query, store_row_cb row_cb)
{
    const struct connection_call call = store_query(store, query);

    store->row_cb = row_cb;
    store->row_context = store->context; /* the same for both callbacks */
    connection_stream(store->connection, &call, member_row_cb, rows_read_cb, store);
}

static void add_users(struct copy_row *row, const struct uuid *user_ids, size_t count)
{
    struct connection_parameter *ids = arena_alloc(&row->arena, (count + 1) * sizeof(*ids));

    for (size_t i = 0; i < count; i++)
        ids[i] = (struct connection_parameter){.value = user_ids[i].bytes,
                                               .length = sizeof(user_ids[i].bytes)};
    copy_row_array(row, COPY_ARRAY_UUID, ids, count);
}

void store_read_members(struct store *store, const struct uuid *user_ids, size_t count, store_row_cb row_cb,
                        store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    copy_row_text(&store->row, store->source);
    add_users(&store->row, user_ids, count);
    stream_rows(store, "read_members", row_cb);
}

void store_read_recorded(struct store *store, const struct uuid *user_ids, size_t count, store_row_cb row_cb,
                         store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    copy_row_text(&store->row, store->source);
    add_users(&store->row, user_ids, count);
    stream_rows(store, "read_recorded_members", row_cb);
}

void store_read_log_only(struct store *store, store_row_cb row_cb, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    copy_row_text(&store->row, store->source);
    stream_rows(store, "read_log_only_members", row_cb);
}

/* --- rejected records --------------------------------------------------------------------------------------------- */

static int rejected_row_cb(void *context, const PGresult *result, struct error *error)
{
    struct store *store = context;
    struct copy_value values[2];
    struct digest digest;
    struct uuid user_id;

    (void)error;
    copy_result_row(result, values, 2);
    bool readable = values[1].bytes && copy_get_uuid(&values[1], &user_id);
    if (copy_get_digest(&values[0], &digest))
        store->rejected_cb(store->row_context, &digest, readable ? &user_id : NULL);
    return 0;
}

void store_read_rejected(struct store *store, store_rejected_cb rejected_cb, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    store->rejected_cb = rejected_cb;
    store->row_context = context;
    copy_row_text(&store->row, store->source);
    const struct connection_call call = store_query(store, "read_rejected");
    connection_stream(store->connection, &call, rejected_row_cb, rows_read_cb, store);
}

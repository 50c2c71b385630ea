/*
 * What a standby may ask of the server: who writes, does it live, end its session. Judges nothing.
 */
#include "postgres/store_private.h"

/* Columns of observe_writer. */
enum writer_column {
    WRITER_PID,
    WRITER_BACKEND_START,
    WRITER_OWN_ROLE,
    WRITER_AT_WORK,
    WRITER_FAILING,
    WRITER_LAST_POLL,
    WRITER_LAST_CYCLE,
    WRITER_COLUMNS,
};

static bool is_true(const struct copy_value *value)
{
    return value->bytes && value->bytes[0];
}

static bool read_view(const PGresult *rows, struct standby_view *view)
{
    struct copy_value values[WRITER_COLUMNS];

    *view = (struct standby_view){0};
    if (PQntuples(rows) == 0)
        return true;
    copy_result_row(rows, values, WRITER_COLUMNS);
    view->own_role = is_true(&values[WRITER_OWN_ROLE]);
    view->at_work = is_true(&values[WRITER_AT_WORK]);
    view->failing = is_true(&values[WRITER_FAILING]);
    return copy_get_integer(&values[WRITER_PID], &view->pid) &&
           copy_get_time(&values[WRITER_BACKEND_START], &view->session_began) &&
           copy_get_uuid(&values[WRITER_LAST_POLL], &view->last_poll) &&
           copy_get_uuid(&values[WRITER_LAST_CYCLE], &view->last_cycle);
}

static void writer_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;
    struct error error;

    if (reply->result != CONNECTION_DONE) {
        store_answer_refused(store, reply);
    } else if (!read_view(reply->rows, store->view)) {
        error_set(&error, ERROR_INTERNAL, "the columns of observe_writer are not of their types");
        store_answer_error(store, &error);
    } else {
        store_answer(store, STORE_DONE);
    }
}

void store_observe_writer(struct store *store, struct standby_view *ret_view, store_cb reply_cb,
                          void *context)
{
    store_call(store, reply_cb, context);
    store->view = ret_view;
    copy_row_text(&store->row, store->source);
    store_run(store, "observe_writer", writer_cb);
}

static void ended_cb(void *context, const struct connection_reply *reply)
{
    struct store *store = context;

    if (reply->result != CONNECTION_DONE)
        store_answer_refused(store, reply);
    else
        store_answer(store, STORE_DONE);
}

void store_end_writer(struct store *store, const struct standby_view *view, store_cb reply_cb, void *context)
{
    store_call(store, reply_cb, context);
    copy_row_integer(&store->row, view->pid);
    copy_row_time(&store->row, view->session_began);
    store_run(store, "end_session", ended_cb);
}

/*
 * Detecting a pooler that shares sessions, by which server process answers.
 *
 *   ask FIRST --- the process that was introduced ---> no pooler
 *       | another one: a pooler introduced itself
 *       v
 *   ask AGAIN --> open the OTHER connection, begin a transaction there, ask --> ask LAST --> the session is ours
 *       |                                                                |         |
 *       '--- not as FIRST                            the same as FIRST --+---------+--- not as FIRST
 *                                                                        v
 *                                                            the session is shared
 *
 * Whoever shares sessions gives the one that fell free last to the other connection, or, when it takes them in turn, a
 * different one to AGAIN; the open transaction keeps it from coming back for LAST. A session of our own never differs, so
 * there are no false alarms.
 */
#include "postgres/pooler.h"

#include "base/memory.h"
#include "postgres/sql.h"

#include <stdlib.h>

struct pooler {
    uv_loop_t *loop;
    struct connection *connection; /* of whoever asks */
    struct connection *other;      /* NULL until it is needed */
    const struct connection_settings *settings;
    connection_reply_cb reply_cb; /* NULL once cancelled */
    void *context;
    long first;       /* the server process that answered first */
    bool asked_other; /* the step under way is the other connection's */
};

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void other_closed_cb(void *context)
{
    free(context); /* a step that was cut short has answered by now */
}

static void end(struct pooler *pooler)
{
    if (pooler->other)
        connection_close(pooler->other, other_closed_cb, pooler);
    else
        free(pooler);
}

void pooler_cancel(struct pooler *pooler)
{
    if (!pooler)
        return;
    pooler->reply_cb = NULL;
    if (pooler->asked_other) /* else the step under way answers when the connection is closed */
        end(pooler);
}

/* Looked at first when a step answers. */
static bool is_cancelled(struct pooler *pooler)
{
    if (pooler->reply_cb)
        return false;
    if (!pooler->asked_other)
        end(pooler);
    return true;
}

static void conclude(struct pooler *pooler, const struct connection_reply *reply)
{
    connection_reply_cb reply_cb = pooler->reply_cb;
    void *context = pooler->context;

    end(pooler);
    reply_cb(context, reply);
}

static void conclude_ours(struct pooler *pooler)
{
    conclude(pooler, &(struct connection_reply){.result = CONNECTION_DONE});
}

static void conclude_shared(struct pooler *pooler)
{
    struct connection_reply reply = {.result = CONNECTION_FAILED};

    error_set(&reply.error, ERROR_CONFIG, "%s", CONNECTION_SHARED);
    conclude(pooler, &reply);
}

/* --- the steps ---------------------------------------------------------------------------------------------------- */

static void ask(struct pooler *pooler, struct connection *connection, connection_reply_cb reply_cb)
{
    pooler->asked_other = connection == pooler->other;
    connection_execute(connection, sql_query("read_backend"), reply_cb, pooler);
}

static long process(const struct connection_reply *reply)
{
    return strtol(PQgetvalue(reply->rows, 0, 0), NULL, 10);
}

static void last_cb(void *context, const struct connection_reply *reply)
{
    struct pooler *pooler = context;

    if (is_cancelled(pooler))
        return;
    if (reply->result != CONNECTION_DONE)
        conclude(pooler, reply);
    else if (process(reply) != pooler->first)
        conclude_shared(pooler);
    else
        conclude_ours(pooler);
}

static void other_cb(void *context, const struct connection_reply *reply)
{
    struct pooler *pooler = context;

    if (is_cancelled(pooler))
        return;
    if (reply->result != CONNECTION_DONE)
        conclude_ours(pooler);
    else if (process(reply) == pooler->first)
        conclude_shared(pooler);
    else
        ask(pooler, pooler->connection, last_cb);
}

static void other_begun_cb(void *context, const struct connection_reply *reply)
{
    struct pooler *pooler = context;

    if (is_cancelled(pooler))
        return;
    if (reply->result == CONNECTION_DONE)
        ask(pooler, pooler->other, other_cb);
    else
        conclude_ours(pooler);
}

/* The first connection came up with the same settings: what refuses the second for good is the pooler. */
static void other_opened_cb(void *context, const struct connection_reply *reply)
{
    struct pooler *pooler = context;

    if (is_cancelled(pooler))
        return;
    if (reply->result == CONNECTION_DONE)
        connection_execute(pooler->other, sql_query("begin_snapshot"), other_begun_cb, pooler);
    else if (reply->error.class == ERROR_CONFIG)
        conclude_shared(pooler);
    else
        conclude_ours(pooler);
}

static void again_cb(void *context, const struct connection_reply *reply)
{
    struct pooler *pooler = context;

    if (is_cancelled(pooler))
        return;
    if (reply->result != CONNECTION_DONE) {
        conclude(pooler, reply);
    } else if (process(reply) != pooler->first) {
        conclude_shared(pooler);
    } else {
        pooler->other = connection_new(pooler->loop, pooler->settings);
        pooler->asked_other = true;
        connection_open(pooler->other, other_opened_cb, pooler);
    }
}

static void first_cb(void *context, const struct connection_reply *reply)
{
    struct pooler *pooler = context;

    if (is_cancelled(pooler))
        return;
    if (reply->result != CONNECTION_DONE) {
        conclude(pooler, reply);
        return;
    }
    pooler->first = process(reply);
    if (pooler->first == connection_process(pooler->connection))
        conclude_ours(pooler);
    else
        ask(pooler, pooler->connection, again_cb);
}

struct pooler *pooler_detect(uv_loop_t *loop, struct connection *connection,
                             const struct connection_settings *settings, connection_reply_cb reply_cb,
                             void *context)
{
    struct pooler *pooler = memory_alloc(sizeof(*pooler));

    *pooler = (struct pooler){.loop = loop,
                              .connection = connection,
                              .settings = settings,
                              .reply_cb = reply_cb,
                              .context = context};
    ask(pooler, connection, first_cb);
    return pooler;
}

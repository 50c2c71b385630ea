/*
 * What the files of the store share: store.c (life, lock and the single statements), store_load.c (reading), store_guard.c
 * (holds), store_write.c (the three exchanges of a write), store_resolve.c (was it applied?), store_standby.c (who else
 * writes?). Nobody else includes this.
 */
#ifndef POSTGRES_STORE_PRIVATE_H
#define POSTGRES_STORE_PRIVATE_H

#include "base/arena.h"
#include "postgres/copy.h"
#include "postgres/store.h"

/* The parts of exchange 2 in their order. The first four come from the change set's spools. */
enum write_part {
    WRITE_INSERTS,
    WRITE_UPDATES,
    WRITE_CHANGES,
    WRITE_HELD,
    WRITE_SETTLEMENT,
    WRITE_REJECTIONS,
    WRITE_COVERAGE,
    WRITE_ALERT, /* the last one: its answer is read */
    WRITE_END,
};

/* The transaction that store_begin opened. */
struct store_write {
    char organization_id[ORGANIZATION_ID_MAX + 1];
    struct store_poll poll; /* its organization_id is the copy above */
    bool first;             /* the organization has no row yet */
    struct digest_secret secret;
    int64_t roster_version; /* as exchange 1 left it */
    int64_t cycle_id;
    int32_t may_stage; /* this role may make a temporary table */
    const struct rejection *rejections;
    size_t rejection_count;

    struct changeset *set;
    enum write_part part;
    struct spool_reader reader; /* of the part's spool, while `reading` */
    bool reading;
    bool header_sent;
    unsigned queued; /* statements in the pipeline being filled */
    uint64_t rows;   /* of the spools, given to the server so far */
    int64_t owners;  /* as the alert counted them; -1: none was raised */
};

struct store {
    struct connection *connection;
    char *source;

    /* the call that is out */
    store_cb reply_cb;
    void *context;
    struct store_reply reply; /* while the transaction of a failed call is rolled back */
    struct copy_row row;      /* parameters, or the row on its way */
    struct arena texts;       /* of a row that was read */

    /* store_load */
    bool full;
    struct store_organization *organization;
    struct roster *roster;

    /* store_read_members, store_read_rejected */
    store_row_cb row_cb;
    store_rejected_cb rejected_cb;
    void *row_context;

    /* store_read_guard */
    struct hold_past *past;

    /* store_observe_writer */
    struct standby_view *view;

    /* store_resolve */
    const struct store_organization *resolving;
    struct uuid cycle_uuid;

    struct store_write write;
};

/* One call is out at a time; another one before its reply is a defect and aborts. Empties `row`. */
void store_call(struct store *store, store_cb reply_cb, void *context);
void store_answer(struct store *store, enum store_result result);
/* FAILED or LOST, in the connection's words. */
void store_answer_refused(struct store *store, const struct connection_reply *reply);
void store_answer_error(struct store *store, const struct error *error); /* FAILED, for a reason of our own */

/* Ends the open transaction, which wrote nothing or shall not have, and then answers. */
void store_roll_back(struct store *store, enum store_result result);
/* The same after a statement that was not DONE: FAILED in its words; LOST at once. */
void store_roll_back_refused(struct store *store, const struct connection_reply *reply);
void store_roll_back_error(struct store *store, const struct error *error);

/* A query with the values of store->row as parameters. */
struct connection_call store_query(const struct store *store, const char *query);
void store_run(struct store *store, const char *query, connection_reply_cb reply_cb);
/* BEGIN and the like. */
void store_execute(struct store *store, const char *query, connection_reply_cb reply_cb);

/* Fills `row` with the parameters of extend_coverage. full_compare: the organization's row is to say so; exchange 1 of a
 * writing cycle has done that already. */
void store_row_coverage(struct copy_row *row, int64_t roster_version, const struct uuid *last_cycle_uuid,
                        const struct store_poll *poll, bool full_compare);

/* The held changes of a write, each of them with its parameters: one record of the set's spool; what becomes of older ones
 * and of decisions; the alert. The last two say first whether they are needed at all. */
void store_row_held(struct store *store, const struct held *held);
bool store_settles(const struct changeset *set);
void store_row_settlement(struct store *store);
bool store_alerts(const struct changeset *set);
void store_row_alert(struct store *store);

#endif

/*
 * The store: what the cycle reads from and writes to the tables of schema rollcall, one function per exchange. Each is
 * asynchronous, calls back exactly once and never before it returned. It decides nothing.
 */
#ifndef POSTGRES_STORE_H
#define POSTGRES_STORE_H

#include "base/error.h"
#include "core/changeset.h"
#include "core/diff.h"
#include "core/roster.h"
#include "core/standby.h"
#include "postgres/connection.h"

struct store; /* opaque: a connection and the organization it works for */

enum store_result {
    STORE_DONE,
    STORE_FENCED,  /* somebody else wrote since the roster was loaded */
    STORE_BUSY,    /* store_lock: another session holds it */
    STORE_ABSENT,  /* store_resolve: the cycle was not applied and cannot be any more */
    STORE_UNKNOWN, /* store_resolve: a COMMIT may still be in flight */
    STORE_FAILED, /* the server refused; the session is usable (after store_rollback when a transaction was open) */
    STORE_LOST, /* the connection is gone */
};

struct store_reply {
    enum store_result result;
    bool retryable;     /* with FAILED */
    struct error error; /* with FAILED, LOST */
};

typedef void (*store_cb)(void *context, const struct store_reply *reply);

/* source: the configuration section's name, the key of an organization that is not pinned yet ("default"). The
 * connection is borrowed and must be open. */
struct store *store_new(struct connection *connection, const char *source);
void store_free(struct store *store);

/* Session advisory lock of this source: one writer. */
void store_lock(struct store *store, store_cb reply_cb, void *context);

/* Who holds that lock, and what can be seen of its work; pid 0 when nobody does. Valid when the reply is DONE. */
void store_observe_writer(struct store *store, struct standby_view *ret_view, store_cb reply_cb,
                          void *context);

/* Ends the session that was seen there: whatever transaction it has open is rolled back, its lock is free a moment later.
 * DONE also when it is gone already, or belongs to another role and goes on. */
void store_end_writer(struct store *store, const struct standby_view *view, store_cb reply_cb, void *context);

/* What is known of the organization, read together with the roster in one REPEATABLE READ READ ONLY snapshot. */
struct store_organization {
    bool exists; /* false: nothing was ever written for this source */
    char id[ORGANIZATION_ID_MAX + 1];
    char *name_json;          /* canonical text (sorted keys, no white space); malloc; may be NULL */
    uint32_t present_members; /* as recorded */
    int64_t roster_version;
    struct uuid last_cycle_uuid;
    int64_t last_full_compare_at;
    bool holds_stand;            /* a change is held */
    int64_t last_asked_at;       /* asked of the last complete poll, 0 = none */
    int64_t last_answered_at;    /* answered of the last complete poll or change; the next must be later */
    struct digest_secret secret; /* new and random when `exists` is false: the first write stores it */
    bool discontinuity;          /* present_members is not the number of rows loaded */
};

void store_organization_done(struct store_organization *organization);

/* Fills `organization` (an initialised or zeroed one) and `roster` (an empty one). full: the roster's digests are
 * member_digest of the row's values instead of slice digests. Digests of absent members are left unknown, so that their
 * return is looked at; in full, those of rows that somebody edited as well. Valid when the reply is DONE. */
void store_load(struct store *store, bool full, struct store_organization *organization,
                struct roster *roster, store_cb reply_cb, void *context);

/* The full rows of these users, tombstones too, in any order; users without a row are left out. row_cb's row is valid
 * during the call only. At most some thousands of ids a call. */
typedef int (*store_row_cb)(void *context, const struct member_row *row, struct error *error);
void store_read_members(struct store *store, const struct uuid *user_ids, size_t count, store_row_cb row_cb,
                        store_cb reply_cb, void *context);

/* The rows of these users as the change log knows them, whatever the table says: fields and membership replayed, times and
 * absence from the table's row where there is one, no digests. Also for users whose row is gone; users of whom the log
 * says nothing are left out. Reads the whole log once: for rows that somebody edited, not for every poll. */
void store_read_recorded(struct store *store, const struct uuid *user_ids, size_t count, store_row_cb row_cb,
                         store_cb reply_cb, void *context);

/* The same rows, of all who are members by the change log but have no row, because somebody deleted it. */
void store_read_log_only(struct store *store, store_row_cb row_cb, store_cb reply_cb, void *context);

/* What the guards need to know of the past, into an empty `ret_past`: how many members were removed by cycles answered
 * after since_us (microseconds since 1970), the sets that are held with the open decision about each, every member in
 * them. own_user: the token's, NULL when it is not known; read before the call returns. Nothing of an organization that
 * was never written. Valid when the reply is DONE; to be ended with hold_past_done whatever it is. */
void store_read_guard(struct store *store, int64_t since_us, const struct uuid *own_user,
                      struct hold_past *ret_past, store_cb reply_cb, void *context);

/* The rejected records that are recorded and unresolved; user_id is NULL when the record's id could not be read. */
typedef void (*store_rejected_cb)(void *context, const struct digest *slice_digest,
                                  const struct uuid *user_id);
void store_read_rejected(struct store *store, store_rejected_cb rejected_cb, store_cb reply_cb,
                         void *context);

/* The poll behind a write. */
struct store_poll {
    struct uuid poll_uuid; /* also the cycle's uuid when one is written */
    const char *organization_id;
    int64_t asked, answered; /* microseconds since 1970 */
    int64_t max_gap_us;      /* sync.max_gap: polls further apart open a new span of coverage */
    int32_t longest_turn_ms; /* of the event loop, since coverage was written last */
    bool full_compare; /* everything was compared: store_cover moves organization.last_full_compare_at too */
};

/* The coverage statement: extends or opens a span, joined to the fence, and may be repeated with the same poll. */
void store_cover(struct store *store, const struct store_organization *organization,
                 const struct store_poll *poll, store_cb reply_cb, void *context);

/* A cycle row (and for the first load the organization row and its secret). */
struct store_cycle {
    const char *outcome; /* changed, held, repaired, failed, discontinuity */
    uint32_t members;    /* present after the cycle */
    uint64_t body_bytes;
    const uint8_t *fingerprint; /* SHA256_SIZE bytes, or NULL */
    const char *name_json;      /* the organization's name as the answer has it; NULL = null */
    bool full_compare;          /* this cycle compared everything: last_full_compare_at moves */
    const struct changeset_counts *counts;
    const struct rejection *rejections; /* all of this poll's rejected records */
    size_t rejection_count;
    const struct uuid *repaired; /* whose rows somebody else had edited, the first thousand */
    size_t repaired_count;
    const struct error *failure; /* with outcome failed */
};

/* Exchange 1: BEGIN, the fence, the cycle row. FENCED leaves no transaction open, FAILED does. The rejections must stay
 * until store_write's reply. */
void store_begin(struct store *store, const struct store_organization *organization,
                 const struct store_poll *poll, const struct store_cycle *cycle, store_cb reply_cb,
                 void *context);

/* Exchange 2: members, change log, held changes and what became of older ones, rejected records, coverage, the alert, in
 * this order; every row count checked. FAILED when one is not what it must be; with class BUSY when an approval that this
 * set makes use of does not count any more: nothing may stay of the set, and the next poll decides anew. The set is only
 * read and may be written again after a rollback. */
void store_write(struct store *store, struct changeset *set, store_cb reply_cb, void *context);

/* How many rows of the set were given to the server so far, in the write under way or in the last one. */
uint64_t store_rows_written(const struct store *store);

/* After a write that was DONE: the owners there are then, counted when an alert was raised; otherwise -1. */
int64_t store_written_owners(const struct store *store);

/* Exchange 3. FAILED: the server said that it rolled back. LOST: not known. */
void store_commit(struct store *store, store_cb reply_cb, void *context);
void store_rollback(struct store *store, store_cb reply_cb, void *context);

/* Was this cycle applied? Takes the organization's row lock first (first load: the advisory lock), so that a COMMIT in
 * flight is waited for. DONE, ABSENT, UNKNOWN, FAILED or LOST. */
void store_resolve(struct store *store, const struct store_organization *organization,
                   const struct uuid *cycle_uuid, store_cb reply_cb, void *context);

/* Is this cycle committed? For one that cannot be in flight any more. DONE, ABSENT, FAILED or LOST. */
void store_find_cycle(struct store *store, const struct uuid *cycle_uuid, store_cb reply_cb, void *context);

/* The row of a failed cycle, in a transaction of its own; it moves neither fence nor coverage. When the organization is
 * not known yet the row has organization_id NULL and the source alone. */
void store_record_failure(struct store *store, const struct store_organization *organization,
                          const struct store_poll *poll, const struct store_cycle *cycle, store_cb reply_cb,
                          void *context);

/* After a committed write: the fence as the tables now have it (roster_version + 1 and the cycle's uuid), and whether
 * something is held (counts.held). */
void store_committed(const struct store_poll *poll, const struct store_cycle *cycle,
                     struct store_organization *organization);

#endif

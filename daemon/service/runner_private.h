/*
 * What the runner's parts share: runner.c (machine, loop, timer, signals), runner_pull.c (the API's side),
 * runner_database.c (PostgreSQL's side), runner_compare.c (the comparison, which needs both), runner_standby.c (while
 * another instance writes), runner_progress.c (how far it is), runner_log.c (the lines a cycle leaves). Included by these
 * alone.
 */
#ifndef SERVICE_RUNNER_PRIVATE_H
#define SERVICE_RUNNER_PRIVATE_H

#include "core/comparison.h"
#include "core/standby.h"
#include "luzmo/client.h"
#include "postgres/connection.h"
#include "postgres/pooler.h"
#include "postgres/store.h"
#include "service/credentials.h"
#include "service/lag.h"
#include "service/runner.h"
#include "service/state.h"

#define SIGNAL_COUNT  3
#define RUNNER_SOURCE "default" /* the one organization of this service */

/* One poll and what becomes of it, from PULL until DISCARD or REMEMBER. */
struct runner_poll {
    struct poll *poll;             /* NULL while there is none */
    struct comparison *comparison; /* from COMPARE on */
    struct error refusal;          /* why the comparison cannot go on */
    size_t asked;                  /* of the comparison's doubtful members */
    struct changeset changeset;
    struct store_poll store;  /* uuid and times */
    struct store_cycle cycle; /* its row, once one is to be written */
    struct error failure;     /* why, when it is a failed cycle's */
    uint64_t body_bytes;
    bool full;
    bool first_load;
    bool clock_behind;  /* answered was moved past the last one */
    bool discontinuity; /* the tables had lost rows or cycles when the roster was loaded */
    bool cycle_missing; /* cycles */
    bool without_attributes;
};

/* What `authorization` says of the token. */
struct runner_token {
    bool known;
    struct uuid user_id;
    int64_t expiry_us; /* wall clock; 0: not known */
    int64_t asked_us;  /* monotonic; 0: not yet */
    bool unanswered;   /* it is not known because the API failed just now: asked again with the next poll */
    bool refused;      /* and that was told */
};

struct runner {
    uv_loop_t loop;
    struct runner_options options;
    struct config config;
    struct credentials credentials;
    struct cycle cycle;
    struct runner_summary *summary; /* may be NULL */
    struct error result;

    uv_timer_t wait_timer; /* CYCLE_EFFECT_WAIT */
    uv_timer_t lock_timer; /* `once` asks for the lock again */
    uv_idle_t turn;        /* the comparison goes on at the loop's next turn */
    uv_signal_t signals[SIGNAL_COUNT];
    struct lag lag;

    uv_timer_t progress_timer; /* while `step` is something */
    enum progress_step step;   /* what somebody may be waiting for */
    int64_t step_from_us;      /* monotonic; when it began */

    bool stopping;
    bool reported; /* a cycle has ended, and STATUS says how; before that it says what is being done */
    bool reload_wanted;

    struct client *client;
    int64_t last_pull_us; /* monotonic; when the last pull began */
    struct runner_token token;
    bool source_refused; /* the API takes no question about users, and that was told */
    bool holds_told;     /* what stands held was told since the start */

    struct connection_settings database; /* of `connection` */
    struct connection *connection;       /* NULL when there is none */
    struct pooler *pooler;               /* while it is looked whether one stands in between */
    struct store *store;
    bool closing;          /* CLOSE is under way: replies of the dying connection are not told */
    bool schema_missing;   /* plan only: nothing was ever installed */
    int64_t lock_until_us; /* monotonic; `once` gives up then */

    struct error away;     /* why there is no database, as it was told last */
    int64_t away_told_us;  /* monotonic */
    int64_t away_since_us; /* monotonic; 0: it is there */

    bool standing_by;           /* and it was told */
    struct standby standby;     /* what it made of the instance that writes */
    struct standby_view writer; /* the latest look */

    struct state *state; /* what is known without the tables */
    bool cycle_missing;  /* they lack the last cycle that it knows to be committed */

    struct store_organization organization;
    struct roster *roster;
    bool roster_full;            /* its digests are value digests: the next poll compares everything */
    bool reload_roster;          /* it could not be brought up to date: load it again before the next poll */
    uint32_t members;            /* present, as loaded or last written */
    int64_t full_compared_us;    /* monotonic; when this process last compared everything, 0: not yet */
    int64_t absence_us;          /* monotonic; when one was last counted, or of the first poll; 0: none yet */
    bool loaded_before;          /* the service compares fully only after its first cycle */
    struct digest_list rejected; /* unresolved rejected records in the tables */
    struct id_list quarantined;  /* whose records they are, where that is known */
    bool was_unreadable;         /* the last complete poll had records without a readable id */
    struct id_list stale;        /* members whose stored digest is out of date */

    struct runner_poll current;
};

/* --- runner.c ----------------------------------------------------------------------------------------------------- */
void runner_event(struct runner *runner, const struct cycle_event *event);
void runner_event_plain(struct runner *runner, enum cycle_event_type type);
bool runner_full_compare_due(const struct runner *runner);

/* --- runner_pull.c ------------------------------------------------------------------------------------------------ */
void runner_pull_start(struct runner *runner);
void runner_pull_discard(struct runner *runner);
/* Whose token it is; NULL when that is not known. */
const struct uuid *runner_own_user(const struct runner *runner);

/* --- runner_compare.c --------------------------------------------------------------------------------------------- */
void runner_compare(struct runner *runner);
void runner_corroborate(struct runner *runner);

/* --- runner_database.c -------------------------------------------------------------------------------------------- */
void runner_open(struct runner *runner);
void runner_lock(struct runner *runner);
void runner_load(struct runner *runner);
void runner_cover(struct runner *runner);
void runner_begin(struct runner *runner);
void runner_write(struct runner *runner);
void runner_commit(struct runner *runner);
void runner_rollback(struct runner *runner);
void runner_resolve(struct runner *runner);
void runner_record(struct runner *runner, const struct error *failure);
void runner_cancel_query(struct runner *runner);
void runner_close(struct runner *runner);
void runner_remember(struct runner *runner);
void runner_forget(struct runner *runner);

/* Turns a store's reply into the machine's event; not once the connection is being closed. */
void runner_reply(struct runner *runner, const struct store_reply *reply, enum cycle_event_type when_done);

/* --- runner_standby.c --------------------------------------------------------------------------------------------- */
/* Instead of telling LOCK_BUSY at once: looks at the instance that holds the lock, ends its session if it has stalled, and
 * then tells it. */
void runner_stand_by(struct runner *runner);
/* The lock is ours: the standing by, if there was any, is over. */
void runner_take_over(struct runner *runner);

/* --- runner_progress.c -------------------------------------------------------------------------------------------- */
void runner_progress_start(struct runner *runner);
void runner_progress_follow(struct runner *runner); /* after every step of the machine */
void runner_progress_stop(struct runner *runner);   /* closes the timer */

/* --- runner_log.c ------------------------------------------------------------------------------------------------- */
void runner_log_findings(
    struct runner *runner);                   /* before REMEMBER: one notice for each change, new rejection */
void runner_log_token(struct runner *runner); /* that it expires, if that is soon */
void runner_log_wait(struct runner *runner, const struct cycle_effect *effect, int64_t pause_us);
void runner_log_database_back(
    struct runner *runner); /* the session does what it is asked; told if it was away */
void runner_log_cycle(struct runner *runner, enum cycle_outcome outcome, const struct error *error);

#endif

/*
 * The cycle machine: the only place that knows the order of things. Pure: an event goes in, effects come out. Adapters
 * (service/runner) perform effects in the order given and report events; they hold no policy.
 *
 * What may arrive when:
 * - An effect marked (reply) is answered later by exactly one of the events named beside it. One is out at a time, with
 *   two exceptions: CANCEL_PULL and CANCEL_QUERY hurry the reply that is awaited, and CLOSE may be asked for while an
 *   effect is out, whose reply (DATABASE_LOST, or OPEN_FAILED for OPEN) then comes before CLOSED or never.
 * - TIMER arrives in the states that wait (OFFLINE, STANDBY, RESOLVE_WAITING, WAITING, RETRYING). Whatever event arrives
 *   there ends the wait: the adapter stops the timer before it hands the event over.
 * - DATABASE_LOST may arrive unasked whenever there is a connection (from OPEN to CLOSED).
 * - STOP and POLL_NOW may arrive at any time after STARTED. A second STOP changes nothing: the adapter leaves at once.
 *
 * What an adapter may rely on:
 * - Each OPEN is followed by exactly one CLOSE, after OPEN_FAILED and DATABASE_LOST too.
 * - Each PULL is followed by exactly one REPORT and then one DISCARD; REMEMBER, if the poll became true, comes before.
 * - A poll that is not remembered takes the roster with it (FORGET): a full poll rewrites it while it reads.
 * - A lost connection is a lost lock: somebody else may have written, so what was read from the tables is forgotten.
 * - RESOLVE needs no writer's lock: a standby asks it too. Everything else is read and written with the lock only.
 * - LOAD is always followed by PULL at once, unless something fails or STOP arrives.
 *
 * (the state diagrams stand at the top of cycle.c)
 */
#ifndef CORE_CYCLE_H
#define CORE_CYCLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cycle_state {
    CYCLE_START,
    CYCLE_OFFLINE,         /* no connection, a timer runs until the next attempt */
    CYCLE_CONNECTING,      /* connection, session settings, schema check */
    CYCLE_LOCKING,         /* asks for the one writer's lock */
    CYCLE_STANDBY,         /* another instance holds it, a timer runs */
    CYCLE_RESOLVING,       /* was the uncertain COMMIT applied? nothing else is done before that is known */
    CYCLE_RESOLVE_WAITING, /* still uncertain, a timer runs */
    CYCLE_LOADING,         /* reads fence and roster in one snapshot, because a poll is due */
    CYCLE_WAITING,         /* connected, idle, a timer runs until the next poll */
    CYCLE_PULLING,
    CYCLE_CANCELLING,    /* the pull was told to end: STOP, or the connection is lost */
    CYCLE_COMPARING,     /* reads full rows and builds the change set */
    CYCLE_CORROBORATING, /* asks the API for the members that are to be removed */
    CYCLE_COVERING,      /* the coverage statement of an unchanged poll */
    CYCLE_BEGINNING,     /* exchange 1: BEGIN, fence, cycle row */
    CYCLE_WRITING,       /* exchange 2: members, change log, coverage */
    CYCLE_COMMITTING,    /* exchange 3: COMMIT alone */
    CYCLE_ROLLING_BACK,
    CYCLE_RETRYING,  /* the transaction failed for a passing reason, a timer runs until BEGIN again */
    CYCLE_RECORDING, /* writes the row of a failed cycle */
    CYCLE_CLOSING,
    CYCLE_STOPPED,
    CYCLE_STATE_COUNT
};

enum cycle_event_type {
    CYCLE_EVENT_STARTED,
    CYCLE_EVENT_OPENED, /* reply to OPEN */
    /* reply to OPEN: ends `once` and `plan`; CONFIG and VERIFY end `run` too, other classes are tried again */
    CYCLE_EVENT_OPEN_FAILED,
    CYCLE_EVENT_LOCKED,            /* reply to LOCK */
    CYCLE_EVENT_LOCK_BUSY,         /* reply to LOCK */
    CYCLE_EVENT_LOADED,            /* reply to LOAD */
    CYCLE_EVENT_PULLED,            /* reply to PULL: complete */
    CYCLE_EVENT_PULL_FAILED,       /* reply to PULL, also after CANCEL_PULL */
    CYCLE_EVENT_COMPARED_SAME,     /* reply to COMPARE: only coverage to write */
    CYCLE_EVENT_COMPARED_CHANGES,  /* reply to COMPARE: the change set is not empty */
    CYCLE_EVENT_COMPARED_DOUBTFUL, /* reply to COMPARE: it goes on once the API was asked for absent members */
    CYCLE_EVENT_COMPARE_REFUSED, /* reply to COMPARE: the answer cannot be believed after all, a failed poll */
    CYCLE_EVENT_CORROBORATED, /* reply to CORROBORATE, also after CANCEL_PULL: answered or not, nobody fails by it */
    CYCLE_EVENT_COVERED,          /* reply to COVER */
    CYCLE_EVENT_BEGUN,            /* reply to BEGIN */
    CYCLE_EVENT_WRITTEN,          /* reply to WRITE */
    CYCLE_EVENT_COMMITTED,        /* reply to COMMIT: known to have happened */
    CYCLE_EVENT_ROLLED_BACK,      /* reply to ROLLBACK */
    CYCLE_EVENT_RESOLVED_APPLIED, /* reply to RESOLVE */
    CYCLE_EVENT_RESOLVED_ABSENT,  /* reply to RESOLVE: it did not happen and cannot any more */
    CYCLE_EVENT_RESOLVED_UNKNOWN, /* reply to RESOLVE: lock_timeout, a COMMIT may be in flight */
    CYCLE_EVENT_RECORDED,         /* reply to RECORD */
    /* reply to COVER, BEGIN or RECORD: somebody else wrote since the roster was loaded; no transaction is open */
    CYCLE_EVENT_FENCED,
    /* reply to LOCK, LOAD, COMPARE, COVER, BEGIN, WRITE, COMMIT, RESOLVE, RECORD: the server refused, the session is
     * usable. After BEGIN and WRITE a transaction is open and ROLLBACK follows; the others have ended theirs. After LOCK, LOAD and
     * RESOLVE it is as OPEN_FAILED. */
    CYCLE_EVENT_STATEMENT_FAILED,
    CYCLE_EVENT_DATABASE_LOST, /* reply to any database effect, or unasked: the connection is of no more use */
    CYCLE_EVENT_CLOSED,        /* reply to CLOSE */
    CYCLE_EVENT_TIMER,         /* the timer set by WAIT ran out */
    CYCLE_EVENT_POLL_NOW,      /* the settings changed or somebody asked: do not wait any longer; poll soon */
    CYCLE_EVENT_STOP,          /* end as soon as possible, nothing is written after it */
    CYCLE_EVENT_TYPE_COUNT
};

struct cycle_event {
    enum cycle_event_type type;
    struct error error; /* with the *_FAILED, *_REFUSED and LOST events, never ERROR_NONE there */
    bool retryable; /* with STATEMENT_FAILED: serialization, deadlock, lock or statement timeout, disk full */
    bool reload; /* with any event: before the next poll the roster is to be loaded anew (full comparison) */
    int64_t retry_after_us; /* with PULL_FAILED: what the API asked for, 0 = nothing */
    bool confirm;           /* with COMPARED_*: absences await a confirming poll */
    int64_t confirm_in_us;  /* with `confirm`: from now until it may count */
};

enum cycle_effect_type {
    CYCLE_EFFECT_OPEN,         /* (reply) connect to the database, prepare the session */
    CYCLE_EFFECT_LOCK,         /* (reply) */
    CYCLE_EFFECT_LOAD,         /* (reply) fence and roster; PULL follows */
    CYCLE_EFFECT_PULL,         /* (reply) a new poll */
    CYCLE_EFFECT_CANCEL_PULL,  /* the reply to PULL or CORROBORATE follows soon */
    CYCLE_EFFECT_COMPARE,      /* (reply) begins, or goes on after CORROBORATE */
    CYCLE_EFFECT_CORROBORATE,  /* (reply) */
    CYCLE_EFFECT_COVER,        /* (reply) */
    CYCLE_EFFECT_BEGIN,        /* (reply) */
    CYCLE_EFFECT_WRITE,        /* (reply) */
    CYCLE_EFFECT_COMMIT,       /* (reply) DATABASE_LOST here means that nobody knows: RESOLVE follows */
    CYCLE_EFFECT_ROLLBACK,     /* (reply) */
    CYCLE_EFFECT_RESOLVE,      /* (reply) look the poll's uuid up under the organization's row lock */
    CYCLE_EFFECT_RECORD,       /* (reply) write a failed cycle's row; error says why */
    CYCLE_EFFECT_CANCEL_QUERY, /* ask the server to cancel the statement that runs; its reply still comes */
    CYCLE_EFFECT_CLOSE,        /* (reply) end the connection, whatever runs on it */
    CYCLE_EFFECT_REMEMBER,     /* at once: the poll becomes the roster's truth */
    CYCLE_EFFECT_FORGET,       /* at once: throw the roster away, it must be loaded again */
    CYCLE_EFFECT_DISCARD,      /* at once: the poll and its change set are not needed any more */
    CYCLE_EFFECT_REPORT, /* at once: the cycle is over, write its summary line; `outcome` and error say how */
    CYCLE_EFFECT_WAIT,   /* start the timer, see `wait`; error says why when something failed */
    CYCLE_EFFECT_FINISH, /* the last effect of all: leave the loop; error is the result, ERROR_NONE after STOP */
    CYCLE_EFFECT_TYPE_COUNT
};

enum cycle_wait {
    CYCLE_WAIT_NEXT_POLL,   /* schedule_next_poll_us */
    CYCLE_WAIT_CONFIRM,     /* confirm_in_us, but no later than the next poll */
    CYCLE_WAIT_API_BACKOFF, /* schedule_api_backoff_us(error.class, failures, retry_after_us) */
    CYCLE_WAIT_DATABASE,    /* schedule_database_backoff_us(failures) */
    CYCLE_WAIT_STANDBY,     /* a standby looks again */
    CYCLE_WAIT_COUNT
};

enum cycle_outcome {
    CYCLE_OUTCOME_UNCHANGED,
    CYCLE_OUTCOME_WRITTEN,
    CYCLE_OUTCOME_FAILED,
    CYCLE_OUTCOME_PLANNED, /* compared, and that was all that was asked for */
    CYCLE_OUTCOME_STOPPED, /* STOP came before anything was written */
    CYCLE_OUTCOME_UNCERTAIN, /* ended before an uncertain COMMIT could be looked up; the next start reads what is true */
    CYCLE_OUTCOME_COUNT
};

struct cycle_effect {
    enum cycle_effect_type type;
    enum cycle_wait wait;
    enum cycle_outcome outcome;
    uint32_t failures;      /* consecutive ones, this one included; with the backoffs */
    int64_t delay_us;       /* with CYCLE_WAIT_CONFIRM */
    int64_t retry_after_us; /* with CYCLE_WAIT_API_BACKOFF */
    struct error error;     /* with RECORD, REPORT (failed, uncertain), WAIT and FINISH; else ERROR_NONE */
};

#define CYCLE_EFFECTS_MAX 6

#define CYCLE_WRITE_ATTEMPTS   3 /* transactions for one change set, each failing for a passing reason */
#define CYCLE_FENCE_ATTEMPTS   3 /* failed cycles in a row from which on one that was fenced off waits too */
#define CYCLE_RESOLVE_ATTEMPTS 8 /* `once`: failures of the database in a row while a COMMIT is uncertain */

enum cycle_mode {
    CYCLE_MODE_SERVICE, /* runs until STOP */
    CYCLE_MODE_PLAN,    /* one comparison, without lock and without writing anything */
    /* one cycle, and the confirming polls if absences await them and that takes no longer than
     * SCHEDULE_CONFIRM_LONGEST_US; tries once */
    CYCLE_MODE_ONCE,
};

struct cycle {
    enum cycle_mode mode;
    enum cycle_state state;
    bool stopping;  /* on the way out: STOP, `once` is done, or an error that trying again does not mend */
    bool connected; /* OPEN was asked for and CLOSED has not come yet */
    bool locked;    /* the one writer is this one */
    bool loaded;    /* the roster is valid */
    bool reload;    /* but the next poll needs it loaded anew */
    bool due;       /* a poll shall begin as soon as there is a lock */
    bool polled;    /* a poll was begun and is not reported yet */
    bool uncertain; /* its COMMIT was sent and the answer lost */
    bool retryable; /* the failed transaction may be tried again */
    bool confirm;   /* absences await a confirming poll */
    int64_t confirm_in_us;
    int64_t confirming_us; /* `once`: how long it has waited in all for confirming polls */
    int64_t retry_after_us;
    uint32_t poll_failures; /* consecutive */
    uint32_t database_failures;
    uint32_t write_attempts;       /* of the present change set */
    struct error poll_failure;     /* the latest; none once a poll has succeeded */
    struct error database_failure; /* why there is no session, no lock, or no certainty */
    struct error result;           /* what FINISH will say */
};

void cycle_init(struct cycle *cycle, enum cycle_mode mode);

/* One event. Fills ret_effects in the order in which they are to be performed and returns how many (0: the event changes
 * nothing now). An event that the contract above does not allow in this state is a defect and aborts. */
size_t cycle_step(struct cycle *cycle, const struct cycle_event *event,
                  struct cycle_effect ret_effects[CYCLE_EFFECTS_MAX]);

const char *cycle_state_name(enum cycle_state state);
const char *cycle_event_name(enum cycle_event_type type);
const char *cycle_effect_name(enum cycle_effect_type type);
const char *cycle_wait_name(enum cycle_wait wait);
const char *cycle_outcome_name(enum cycle_outcome outcome); /* "written", for the summary line */

/* What the program is doing in this state, for people: "waiting for the next poll". */
const char *cycle_state_sentence(enum cycle_state state);

#endif

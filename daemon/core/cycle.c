/*
 * The order of things, as two tables: entering a state asks for what the state waits for; state and event give the next
 * state. Knows no clock, no socket, no table, no member; only what may follow what.
 *
 * Three mechanisms stand beside the tables because they mean the same everywhere: STOP bends every later move towards
 * the exit, DATABASE_LOST closes the connection, POLL_NOW ends whatever wait there is.
 */
#include "core/cycle.h"
#include "core/cycle_private.h"

#include <stdio.h>

/*
 * The way of a poll of the service. (*) is the end of its cycle: REPORT, DISCARD, then WAITING, or the next poll if one is due.
 *
 *     START                       STANDBY
 *       | STARTED        LOCK_BUSY ^   | TIMER
 *       v                          |   v
 *   CONNECTING ------ OPENED ----> LOCKING --- LOCKED, no poll due ---> WAITING <--- (*)
 *                                     |                                    | TIMER
 *                                     | LOCKED, a poll is due              |
 *                                     v                                    |
 *                                  LOADING <---------- no roster ----------+
 *                                     | LOADED                             |
 *                                     v                                    |
 *                                  PULLING <----------- roster ------------'
 *                                     | PULLED
 *                            SAME     v         DOUBTFUL
 *     (*) <---- COVERING <------- COMPARING <-------------> CORROBORATING
 *      remember                       | CHANGES
 *                                     v               TIMER
 *                                 BEGINNING <------------------ RETRYING
 *                                     | BEGUN                      ^
 *                                     v                            | a passing reason, up to three attempts
 *                                  WRITING ---> ROLLING_BACK ----->+
 *                                     | WRITTEN                    |
 *                                     v                            |
 *                                 COMMITTING ------ refused ------>+
 *                                     | COMMITTED                  v
 *                                     v                        RECORDING ---> (*)
 *                                    (*) remember
 *
 *   What fails or is refused leads from PULLING, COMPARING and COVERING to RECORDING, from BEGINNING and WRITING to
 *   ROLLING_BACK. FENCED leads from COVERING and BEGINNING over (*) to LOADING at once, or, when the cycles before
 *   failed too, to RECORDING.
 *
 *   `plan` goes from CONNECTING to LOADING without the lock and ends after COMPARING. It records nothing.
 *
 * The connection is lost, cannot be made, or its session fails:
 *
 *   PULLING ---> CANCELLING ----.     (so does CORROBORATING, here and below)
 *   any other state ------------+---> CLOSING ---> OFFLINE ---> CONNECTING ---> LOCKING
 *   COMMITTING -----------------'                                                  |
 *     (the poll stays, uncertain)                                                  v
 *                                               RESOLVE_WAITING <--- unknown --- RESOLVING
 *                                                     '------------ TIMER -------> |
 *                                           (*) <--- applied ----------------------+
 *                                           (*) <--- RECORDING <--- absent --------'
 *
 *   A standby (LOCK_BUSY) looks the COMMIT up as well, without the lock: applied and absent lead over (*) to LOCKING
 *   again, unknown to STANDBY.
 *
 * STOP, or `once` is done:
 *
 *   PULLING ---> CANCELLING ------------------------------.
 *   BEGINNING, WRITING ---> ROLLING_BACK -----------------+
 *   COMPARING, COVERING, COMMITTING, RECORDING, replied --+
 *   any other state --------------------------------------+---> CLOSING ---> STOPPED
 */

/* What STOP does to a state. A COMMIT that is cancelled happens or is refused as ever, but waits for no standby. */
enum on_stop {
    STOP_LEAVES,        /* nothing is lost by closing at once */
    STOP_CANCELS_PULL,  /* the pull is told to end */
    STOP_CANCELS_QUERY, /* the statement is told to end, its reply is awaited */
    STOP_AWAITS_REPLY,  /* it cannot be taken back, or ends soon by itself */
};

/* Entering a state asks for its effect; the state then waits for the effect's reply, or for the timer. */
struct state_info {
    const char *name;
    enum cycle_effect_type effect;
    enum on_stop on_stop;
    const char *sentence;
};

/* clang-format off */
static const struct state_info states[CYCLE_STATE_COUNT] = {
    [CYCLE_START]           = {"start",           CYCLE_EFFECT_TYPE_COUNT,  STOP_LEAVES,
        "starting"},
    [CYCLE_OFFLINE]         = {"offline",         CYCLE_EFFECT_WAIT,        STOP_LEAVES,
        "without the database, trying again soon"},
    [CYCLE_CONNECTING]      = {"connecting",      CYCLE_EFFECT_OPEN,        STOP_LEAVES,
        "connecting to the database"},
    [CYCLE_LOCKING]         = {"locking",         CYCLE_EFFECT_LOCK,        STOP_LEAVES,
        "asking for the writer's lock"},
    [CYCLE_STANDBY]         = {"standby",         CYCLE_EFFECT_WAIT,        STOP_LEAVES,
        "standing by while another instance writes"},
    [CYCLE_RESOLVING]       = {"resolving",       CYCLE_EFFECT_RESOLVE,     STOP_LEAVES,
        "looking up whether the last commit took effect"},
    [CYCLE_RESOLVE_WAITING] = {"resolve_waiting", CYCLE_EFFECT_WAIT,        STOP_LEAVES,
        "soon looking up again whether the last commit took effect"},
    [CYCLE_LOADING]         = {"loading",         CYCLE_EFFECT_LOAD,        STOP_LEAVES,
        "reading the members from the database"},
    [CYCLE_WAITING]         = {"waiting",         CYCLE_EFFECT_WAIT,        STOP_LEAVES,
        "waiting for the next poll"},
    [CYCLE_PULLING]         = {"pulling",         CYCLE_EFFECT_PULL,        STOP_CANCELS_PULL,
        "reading the organization from Luzmo"},
    [CYCLE_CANCELLING]      = {"cancelling",      CYCLE_EFFECT_CANCEL_PULL, STOP_AWAITS_REPLY,
        "giving up the poll"},
    [CYCLE_COMPARING]       = {"comparing",       CYCLE_EFFECT_COMPARE,     STOP_CANCELS_QUERY,
        "comparing with the database"},
    [CYCLE_CORROBORATING]   = {"corroborating",   CYCLE_EFFECT_CORROBORATE, STOP_CANCELS_PULL,
        "asking Luzmo for members who seem to have left"},
    [CYCLE_COVERING]        = {"covering",        CYCLE_EFFECT_COVER,       STOP_CANCELS_QUERY,
        "noting that nothing changed"},
    [CYCLE_BEGINNING]       = {"beginning",       CYCLE_EFFECT_BEGIN,       STOP_CANCELS_QUERY,
        "beginning to write the changes"},
    [CYCLE_WRITING]         = {"writing",         CYCLE_EFFECT_WRITE,       STOP_CANCELS_QUERY,
        "writing the changes"},
    [CYCLE_COMMITTING]      = {"committing",      CYCLE_EFFECT_COMMIT,      STOP_CANCELS_QUERY,
        "committing the changes"},
    [CYCLE_ROLLING_BACK]    = {"rolling_back",    CYCLE_EFFECT_ROLLBACK,    STOP_AWAITS_REPLY,
        "taking unfinished changes back"},
    [CYCLE_RETRYING]        = {"retrying",        CYCLE_EFFECT_WAIT,        STOP_LEAVES,
        "soon writing the changes again"},
    [CYCLE_RECORDING]       = {"recording",       CYCLE_EFFECT_RECORD,      STOP_CANCELS_QUERY,
        "recording the failed poll"},
    [CYCLE_CLOSING]         = {"closing",         CYCLE_EFFECT_CLOSE,       STOP_AWAITS_REPLY,
        "closing the database connection"},
    [CYCLE_STOPPED]         = {"stopped",         CYCLE_EFFECT_FINISH,      STOP_AWAITS_REPLY,
        "stopped"},
};
/* clang-format on */

/* One row for each event that a state awaits: it leads to `next`, or to what `decide` returns. */
struct transition {
    enum cycle_state state;
    enum cycle_event_type event;
    enum cycle_state next;
    enum cycle_state (*decide)(struct step *step);
};

/* clang-format off */
static const struct transition transitions[] = {
    {CYCLE_START,           CYCLE_EVENT_STARTED,          .next   = CYCLE_CONNECTING},
    {CYCLE_OFFLINE,         CYCLE_EVENT_TIMER,            .next   = CYCLE_CONNECTING},
    {CYCLE_CONNECTING,      CYCLE_EVENT_OPENED,           .decide = move_opened},
    {CYCLE_CONNECTING,      CYCLE_EVENT_OPEN_FAILED,      .decide = move_session_failed},
    {CYCLE_LOCKING,         CYCLE_EVENT_LOCKED,           .decide = move_locked},
    {CYCLE_LOCKING,         CYCLE_EVENT_LOCK_BUSY,        .decide = move_lock_busy},
    {CYCLE_LOCKING,         CYCLE_EVENT_STATEMENT_FAILED, .decide = move_session_failed},
    {CYCLE_STANDBY,         CYCLE_EVENT_TIMER,            .next   = CYCLE_LOCKING},

    {CYCLE_RESOLVING,       CYCLE_EVENT_RESOLVED_APPLIED, .decide = move_resolved_applied},
    {CYCLE_RESOLVING,       CYCLE_EVENT_RESOLVED_ABSENT,  .decide = move_resolved_absent},
    {CYCLE_RESOLVING,       CYCLE_EVENT_RESOLVED_UNKNOWN, .decide = move_resolved_unknown},
    {CYCLE_RESOLVING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = move_session_failed},
    {CYCLE_RESOLVE_WAITING, CYCLE_EVENT_TIMER,            .next   = CYCLE_RESOLVING},

    {CYCLE_WAITING,         CYCLE_EVENT_TIMER,            .decide = move_poll_due},
    {CYCLE_LOADING,         CYCLE_EVENT_LOADED,           .decide = move_loaded},
    {CYCLE_LOADING,         CYCLE_EVENT_STATEMENT_FAILED, .decide = move_session_failed},
    {CYCLE_PULLING,         CYCLE_EVENT_PULLED,           .next   = CYCLE_COMPARING},
    {CYCLE_PULLING,         CYCLE_EVENT_PULL_FAILED,      .decide = move_poll_failed},
    {CYCLE_CANCELLING,      CYCLE_EVENT_PULL_FAILED,      .decide = move_cancelled},
    {CYCLE_CANCELLING,      CYCLE_EVENT_CORROBORATED,     .decide = move_cancelled},
    {CYCLE_COMPARING,       CYCLE_EVENT_COMPARED_SAME,    .decide = move_compared_same},
    {CYCLE_COMPARING,       CYCLE_EVENT_COMPARED_CHANGES, .decide = move_compared_changes},
    {CYCLE_COMPARING,       CYCLE_EVENT_COMPARED_DOUBTFUL, .next  = CYCLE_CORROBORATING},
    {CYCLE_COMPARING,       CYCLE_EVENT_COMPARE_REFUSED,  .decide = move_poll_failed},
    {CYCLE_COMPARING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = move_poll_failed},
    {CYCLE_CORROBORATING,   CYCLE_EVENT_CORROBORATED,     .next   = CYCLE_COMPARING},
    {CYCLE_COVERING,        CYCLE_EVENT_COVERED,          .decide = move_covered},
    {CYCLE_COVERING,        CYCLE_EVENT_FENCED,           .decide = move_fenced},
    {CYCLE_COVERING,        CYCLE_EVENT_STATEMENT_FAILED, .decide = move_poll_failed},

    {CYCLE_BEGINNING,       CYCLE_EVENT_BEGUN,            .next   = CYCLE_WRITING},
    {CYCLE_BEGINNING,       CYCLE_EVENT_FENCED,           .decide = move_fenced},
    {CYCLE_BEGINNING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = move_write_failed},
    {CYCLE_WRITING,         CYCLE_EVENT_WRITTEN,          .next   = CYCLE_COMMITTING},
    {CYCLE_WRITING,         CYCLE_EVENT_STATEMENT_FAILED, .decide = move_write_failed},
    {CYCLE_COMMITTING,      CYCLE_EVENT_COMMITTED,        .decide = move_committed},
    {CYCLE_COMMITTING,      CYCLE_EVENT_STATEMENT_FAILED, .decide = move_commit_failed},
    {CYCLE_ROLLING_BACK,    CYCLE_EVENT_ROLLED_BACK,      .decide = move_rolled_back},
    {CYCLE_RETRYING,        CYCLE_EVENT_TIMER,            .next   = CYCLE_BEGINNING},

    {CYCLE_RECORDING,       CYCLE_EVENT_RECORDED,         .decide = move_recorded},
    {CYCLE_RECORDING,       CYCLE_EVENT_FENCED,           .decide = move_recorded},
    {CYCLE_RECORDING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = move_recorded},
    {CYCLE_CLOSING,         CYCLE_EVENT_OPEN_FAILED,      .decide = move_stay},
    {CYCLE_CLOSING,         CYCLE_EVENT_CLOSED,           .decide = move_closed},
};
/* clang-format on */

static _Noreturn void not_possible(enum cycle_state state, enum cycle_event_type event)
{
    char sentence[128];

    snprintf(sentence, sizeof(sentence), "cycle: the event %s is not possible in the state %s",
             cycle_event_name(event), cycle_state_name(state));
    error_fatal(sentence);
}

static enum cycle_state transit(struct step *step, enum cycle_event_type event)
{
    enum cycle_state state = step->cycle->state;

    for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
        const struct transition *row = &transitions[i];

        if (row->state == state && row->event == event)
            return row->decide ? row->decide(step) : row->next;
    }
    not_possible(state, event);
}

/* --- what means the same in every state --------------------------------------------------------------------------- */

static enum cycle_state stop(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (cycle->stopping)
        return cycle->state;
    cycle->stopping = true;
    switch (states[cycle->state].on_stop) {
    case STOP_LEAVES:
        return CYCLE_STOPPED;
    case STOP_CANCELS_PULL:
        return CYCLE_CANCELLING;
    case STOP_CANCELS_QUERY:
        move_ask(step, CYCLE_EFFECT_CANCEL_QUERY);
        break;
    case STOP_AWAITS_REPLY:
        break;
    }
    return cycle->state;
}

static enum cycle_state database_lost(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (!cycle->connected)
        not_possible(cycle->state, step->event->type);
    if (cycle->state == CYCLE_CANCELLING || cycle->state == CYCLE_CLOSING)
        return cycle->state; /* on the way to CLOSED already */
    cycle->database_failure = step->event->error;
    if (cycle->state == CYCLE_PULLING || cycle->state == CYCLE_CORROBORATING)
        return CYCLE_CANCELLING;
    if (cycle->state == CYCLE_COMMITTING)
        cycle->uncertain = true;
    return move_disconnect(step);
}

static enum cycle_state poll_now(struct step *step)
{
    step->cycle->due = true;
    if (states[step->cycle->state].effect != CYCLE_EFFECT_WAIT)
        return step->cycle->state;
    return transit(step, CYCLE_EVENT_TIMER);
}

static bool in_transaction(enum cycle_state next)
{
    return next == CYCLE_WRITING || next == CYCLE_COMMITTING || next == CYCLE_ROLLING_BACK;
}

/* Once it is stopping, the machine only undoes what it still holds: pull, transaction, connection, and last the poll,
 * because a statement that CLOSE interrupts may be about it. */
static enum cycle_state way_out(struct step *step, enum cycle_state next)
{
    struct cycle *cycle = step->cycle;

    if (next == CYCLE_CANCELLING)
        return CYCLE_CANCELLING;
    if (in_transaction(next))
        return CYCLE_ROLLING_BACK;
    if (cycle->connected)
        return CYCLE_CLOSING;
    if (cycle->polled)
        move_abandon_poll(step);
    return CYCLE_STOPPED;
}

/* --- entering a state --------------------------------------------------------------------------------------------- */

/* Until the next poll: later after a failed one, earlier when absences await it. */
static void describe_pause(const struct cycle *cycle, struct cycle_effect *effect)
{
    if (cycle->poll_failures > 0) {
        effect->wait = CYCLE_WAIT_API_BACKOFF;
        effect->failures = cycle->poll_failures;
        effect->retry_after_us = cycle->retry_after_us;
        effect->error = cycle->poll_failure;
    } else if (cycle->confirm) {
        effect->wait = CYCLE_WAIT_CONFIRM;
        effect->delay_us = cycle->confirm_in_us;
    } else {
        effect->wait = CYCLE_WAIT_NEXT_POLL;
    }
}

static void describe_wait(const struct cycle *cycle, struct cycle_effect *effect)
{
    switch (cycle->state) {
    case CYCLE_WAITING:
        describe_pause(cycle, effect);
        return;
    case CYCLE_RETRYING:
        effect->wait = CYCLE_WAIT_DATABASE;
        effect->failures = cycle->write_attempts;
        effect->error = cycle->poll_failure;
        return;
    default:
        effect->wait = cycle->state == CYCLE_STANDBY ? CYCLE_WAIT_STANDBY : CYCLE_WAIT_DATABASE;
        effect->failures = cycle->database_failures;
        effect->error = cycle->database_failure;
        return;
    }
}

static void enter(struct step *step, enum cycle_state state)
{
    struct cycle *cycle = step->cycle;
    struct cycle_effect *effect = move_ask(step, states[state].effect);

    cycle->state = state;
    switch (effect->type) {
    case CYCLE_EFFECT_OPEN:
        cycle->connected = true;
        break;
    case CYCLE_EFFECT_LOAD:
        cycle->reload = false;
        break;
    case CYCLE_EFFECT_PULL:
        cycle->due = false;
        cycle->polled = true;
        cycle->write_attempts = 0;
        break;
    case CYCLE_EFFECT_BEGIN:
        cycle->write_attempts++;
        break;
    case CYCLE_EFFECT_WAIT:
        describe_wait(cycle, effect);
        break;
    case CYCLE_EFFECT_RECORD:
        effect->error = cycle->poll_failure;
        break;
    case CYCLE_EFFECT_FINISH:
        effect->error = cycle->result;
        break;
    default:
        break;
    }
}

/* --- the machine -------------------------------------------------------------------------------------------------- */

void cycle_init(struct cycle *cycle, enum cycle_mode mode)
{
    *cycle = (struct cycle){.mode = mode, .state = CYCLE_START, .due = true};
}

static enum cycle_state decide(struct step *step)
{
    switch (step->event->type) {
    case CYCLE_EVENT_STOP:
        return stop(step);
    case CYCLE_EVENT_DATABASE_LOST:
        return database_lost(step);
    case CYCLE_EVENT_POLL_NOW:
        return poll_now(step);
    default:
        return transit(step, step->event->type);
    }
}

size_t cycle_step(struct cycle *cycle, const struct cycle_event *event,
                  struct cycle_effect ret_effects[CYCLE_EFFECTS_MAX])
{
    struct step step = {.cycle = cycle, .event = event, .effects = ret_effects};
    enum cycle_state next;

    cycle->reload |= event->reload;
    next = decide(&step);
    if (next == cycle->state)
        return step.count;
    enter(&step, cycle->stopping ? way_out(&step, next) : next);
    return step.count;
}

const char *cycle_state_name(enum cycle_state state)
{
    return states[state].name;
}

const char *cycle_state_sentence(enum cycle_state state)
{
    return states[state].sentence;
}

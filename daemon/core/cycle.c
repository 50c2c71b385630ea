/*
 * The order of things, as a table: state and event give the next state, entering a state asks for what it waits for.
 * Knows no clock, no socket, no table, no member; it only knows what may follow what.
 *
 * Three mechanisms stand beside the table because they mean the same everywhere: STOP bends every later move towards
 * the exit, DATABASE_LOST closes the connection, POLL_NOW ends whatever wait there is.
 */
#include "core/cycle.h"

#include <stdio.h>

/* What STOP does to a state. */
enum on_stop {
    STOP_LEAVES,        /* nothing is lost by closing at once */
    STOP_CANCELS_PULL,  /* the pull is told to end */
    STOP_CANCELS_QUERY, /* the statement is told to end, its reply is awaited */
    STOP_AWAITS_REPLY,  /* it cannot be taken back, or ends soon by itself */
};

struct state_info {
    const char *name;
    enum cycle_effect_type
        effect; /* asked for on entering; the state waits for its reply, or for the timer */
    enum on_stop on_stop;
    const char *sentence;
};

static const struct state_info states[CYCLE_STATE_COUNT] = {
    [CYCLE_START] = {"start", CYCLE_EFFECT_TYPE_COUNT, STOP_LEAVES, "starting"},
    [CYCLE_OFFLINE] = {"offline", CYCLE_EFFECT_WAIT, STOP_LEAVES, "without the database, trying again soon"},
    [CYCLE_CONNECTING] = {"connecting", CYCLE_EFFECT_OPEN, STOP_LEAVES, "connecting to the database"},
    [CYCLE_LOCKING] = {"locking", CYCLE_EFFECT_LOCK, STOP_LEAVES, "asking for the writer's lock"},
    [CYCLE_STANDBY] = {"standby", CYCLE_EFFECT_WAIT, STOP_LEAVES,
                       "standing by while another instance writes"},
    [CYCLE_RESOLVING] = {"resolving", CYCLE_EFFECT_RESOLVE, STOP_LEAVES,
                         "looking up whether the last commit took effect"},
    [CYCLE_RESOLVE_WAITING] = {"resolve_waiting", CYCLE_EFFECT_WAIT, STOP_LEAVES,
                               "soon looking up again whether the last commit took effect"},
    [CYCLE_LOADING] = {"loading", CYCLE_EFFECT_LOAD, STOP_LEAVES, "reading the members from the database"},
    [CYCLE_WAITING] = {"waiting", CYCLE_EFFECT_WAIT, STOP_LEAVES, "waiting for the next poll"},
    [CYCLE_PULLING] = {"pulling", CYCLE_EFFECT_PULL, STOP_CANCELS_PULL,
                       "reading the organization from Luzmo"},
    [CYCLE_CANCELLING] = {"cancelling", CYCLE_EFFECT_CANCEL_PULL, STOP_AWAITS_REPLY, "giving up the poll"},
    [CYCLE_COMPARING] = {"comparing", CYCLE_EFFECT_COMPARE, STOP_CANCELS_QUERY,
                         "comparing with the database"},
    [CYCLE_COVERING] = {"covering", CYCLE_EFFECT_COVER, STOP_CANCELS_QUERY, "noting that nothing changed"},
    [CYCLE_BEGINNING] = {"beginning", CYCLE_EFFECT_BEGIN, STOP_CANCELS_QUERY,
                         "beginning to write the changes"},
    [CYCLE_WRITING] = {"writing", CYCLE_EFFECT_WRITE, STOP_CANCELS_QUERY, "writing the changes"},
    [CYCLE_COMMITTING] = {"committing", CYCLE_EFFECT_COMMIT, STOP_AWAITS_REPLY, "committing the changes"},
    [CYCLE_ROLLING_BACK] = {"rolling_back", CYCLE_EFFECT_ROLLBACK, STOP_AWAITS_REPLY,
                            "taking unfinished changes back"},
    [CYCLE_RETRYING] = {"retrying", CYCLE_EFFECT_WAIT, STOP_LEAVES, "soon writing the changes again"},
    [CYCLE_RECORDING] = {"recording", CYCLE_EFFECT_RECORD, STOP_CANCELS_QUERY, "recording the failed poll"},
    [CYCLE_CLOSING] = {"closing", CYCLE_EFFECT_CLOSE, STOP_AWAITS_REPLY, "closing the database connection"},
    [CYCLE_STOPPED] = {"stopped", CYCLE_EFFECT_FINISH, STOP_AWAITS_REPLY, "stopped"},
};

/* One call of cycle_step while it is under way. */
struct step {
    struct cycle *cycle;
    const struct cycle_event *event;
    struct cycle_effect *effects;
    size_t count;
};

static struct cycle_effect *ask(struct step *step, enum cycle_effect_type type)
{
    struct cycle_effect *effect;

    if (step->count == CYCLE_EFFECTS_MAX)
        error_fatal("cycle: more effects at once than CYCLE_EFFECTS_MAX");
    effect = &step->effects[step->count++];
    *effect = (struct cycle_effect){.type = type};
    return effect;
}

/* ---- polls and their ends ---- */

static void forget(struct step *step)
{
    if (step->cycle->loaded)
        ask(step, CYCLE_EFFECT_FORGET);
    step->cycle->loaded = false;
}

static void end_poll(struct step *step, enum cycle_outcome outcome)
{
    struct cycle *cycle = step->cycle;
    struct cycle_effect *report = ask(step, CYCLE_EFFECT_REPORT);

    if (outcome == CYCLE_OUTCOME_FAILED)
        cycle->poll_failures++;
    report->outcome = outcome;
    report->failures = cycle->poll_failures;
    if (outcome == CYCLE_OUTCOME_FAILED || outcome == CYCLE_OUTCOME_UNCERTAIN)
        report->error = cycle->poll_failure;
    ask(step, CYCLE_EFFECT_DISCARD);
    cycle->polled = false;
}

/* A poll that is not remembered has spoilt the roster it marked and, in a full comparison, rewrote. */
static void drop_poll(struct step *step, enum cycle_outcome outcome)
{
    end_poll(step, outcome);
    forget(step);
}

/* The machine stops before the poll came to an end of its own. */
static void abandon_poll(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (!cycle->uncertain) {
        drop_poll(step, CYCLE_OUTCOME_STOPPED);
        return;
    }
    error_set(
        &cycle->poll_failure, ERROR_UNAVAILABLE,
        "the database connection was lost during COMMIT and it is not known whether the changes took effect; "
        "the next run reads what is true");
    cycle->result = cycle->poll_failure;
    drop_poll(step, CYCLE_OUTCOME_UNCERTAIN);
}

/* ---- where to go ---- */

/* From here on every move is bent towards the exit. Whoever is first decides what FINISH says. */
static void leave(struct cycle *cycle, const struct error *result)
{
    if (cycle->stopping)
        return;
    cycle->stopping = true;
    cycle->result = *result;
}

static enum cycle_state poll_if_due(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (!cycle->due)
        return CYCLE_WAITING;
    if (cycle->reload)
        forget(step);
    return cycle->loaded ? CYCLE_PULLING : CYCLE_LOADING;
}

/* A cycle is over. `once` has done its part unless absences want to be confirmed, `plan` in any case. */
static enum cycle_state next_cycle(struct step *step)
{
    struct cycle *cycle = step->cycle;
    bool failed = cycle->poll_failure.class != ERROR_NONE;
    bool done = cycle->mode == CYCLE_MODE_PLAN || failed || !cycle->confirm;

    if (cycle->mode != CYCLE_MODE_SERVICE && done)
        leave(cycle, &cycle->poll_failure);
    return poll_if_due(step);
}

static void succeed(struct step *step, enum cycle_outcome outcome)
{
    step->cycle->poll_failures = 0;
    error_clear(&step->cycle->poll_failure);
    end_poll(step, outcome);
}

/* Keeps why the poll fails, for RECORD, REPORT and the backoff. */
static void note_poll_failure(struct step *step)
{
    step->cycle->poll_failure = step->event->error;
    step->cycle->retryable = step->event->retryable;
    step->cycle->retry_after_us = step->event->retry_after_us;
}

/* `plan` writes nothing, not even that. */
static enum cycle_state fail_poll(struct step *step)
{
    note_poll_failure(step);
    if (step->cycle->mode != CYCLE_MODE_PLAN)
        return CYCLE_RECORDING;
    drop_poll(step, CYCLE_OUTCOME_FAILED);
    return next_cycle(step);
}

/* `once` tries once, except that it must learn what became of a COMMIT. */
static void count_database_failure(struct cycle *cycle)
{
    cycle->database_failures++;
    if (cycle->mode == CYCLE_MODE_SERVICE)
        return;
    if (!cycle->uncertain || cycle->database_failures >= CYCLE_RESOLVE_ATTEMPTS)
        leave(cycle, &cycle->database_failure);
}

/* The connection is of no more use. With it the lock is gone: whoever has it now may write, so whatever was read from
 * the tables counts no longer. Only a poll whose COMMIT is uncertain stays, because its fate must be told. */
static enum cycle_state disconnect(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (cycle->polled && !cycle->uncertain) {
        cycle->poll_failure = cycle->database_failure;
        cycle->retry_after_us = 0;
        end_poll(step, CYCLE_OUTCOME_FAILED);
    }
    if (!cycle->uncertain)
        forget(step);
    count_database_failure(cycle);
    return CYCLE_CLOSING;
}

/* ---- the decisions of the table ---- */

static enum cycle_state opened(struct step *step)
{
    return step->cycle->mode == CYCLE_MODE_PLAN ? poll_if_due(step) : CYCLE_LOCKING;
}

static enum cycle_state open_failed(struct step *step)
{
    const struct error *error = &step->event->error;

    step->cycle->database_failure = *error;
    if (error->class == ERROR_CONFIG || error->class == ERROR_VERIFY)
        leave(step->cycle, error);
    return disconnect(step);
}

/* A session that cannot lock, load or resolve is of no use: a new one checks everything from the start. */
static enum cycle_state session_failed(struct step *step)
{
    step->cycle->database_failure = step->event->error;
    return disconnect(step);
}

static enum cycle_state locked(struct step *step)
{
    return step->cycle->uncertain ? CYCLE_RESOLVING : poll_if_due(step);
}

static enum cycle_state lock_busy(struct step *step)
{
    struct cycle *cycle = step->cycle;

    error_set(
        &cycle->database_failure, ERROR_BUSY,
        "another instance holds the lock for this organization and only one may write; try again later");
    if (cycle->mode == CYCLE_MODE_ONCE)
        leave(cycle, &cycle->database_failure);
    return CYCLE_STANDBY;
}

static enum cycle_state resolved_applied(struct step *step)
{
    step->cycle->uncertain = false;
    succeed(step, CYCLE_OUTCOME_WRITTEN);
    forget(step);
    return next_cycle(step);
}

static enum cycle_state resolved_absent(struct step *step)
{
    step->cycle->uncertain = false;
    step->cycle->retry_after_us = 0;
    error_set(&step->cycle->poll_failure, ERROR_UNAVAILABLE,
              "the database connection was lost during COMMIT and the changes did not take effect");
    return CYCLE_RECORDING;
}

static enum cycle_state resolved_unknown(struct step *step)
{
    error_set(&step->cycle->database_failure, ERROR_UNAVAILABLE,
              "the database connection was lost during COMMIT, which may still be under way");
    count_database_failure(step->cycle);
    return CYCLE_RESOLVE_WAITING;
}

static enum cycle_state loaded(struct step *step)
{
    step->cycle->loaded = true;
    step->cycle->database_failures = 0;
    return CYCLE_PULLING;
}

static enum cycle_state time_to_poll(struct step *step)
{
    step->cycle->due = true;
    return poll_if_due(step);
}

static enum cycle_state cancelled(struct step *step)
{
    return step->cycle->stopping ? CYCLE_CLOSING : disconnect(step);
}

static void note_absences(struct step *step)
{
    step->cycle->confirm = step->event->confirm;
    step->cycle->confirm_in_us = step->event->confirm_in_us;
}

/* `plan` has seen what it wanted to see. */
static enum cycle_state planned(struct step *step)
{
    drop_poll(step, CYCLE_OUTCOME_PLANNED);
    return next_cycle(step);
}

static enum cycle_state compared_same(struct step *step)
{
    note_absences(step);
    return step->cycle->mode == CYCLE_MODE_PLAN ? planned(step) : CYCLE_COVERING;
}

static enum cycle_state compared_changes(struct step *step)
{
    note_absences(step);
    return step->cycle->mode == CYCLE_MODE_PLAN ? planned(step) : CYCLE_BEGINNING;
}

static enum cycle_state covered(struct step *step)
{
    ask(step, CYCLE_EFFECT_REMEMBER);
    succeed(step, CYCLE_OUTCOME_UNCHANGED);
    return next_cycle(step);
}

static enum cycle_state committed(struct step *step)
{
    ask(step, CYCLE_EFFECT_REMEMBER);
    succeed(step, CYCLE_OUTCOME_WRITTEN);
    return next_cycle(step);
}

/* The poll was compared with what is no longer there. A new one on a new roster mends that at once, unless it keeps
 * happening. */
static enum cycle_state fenced(struct step *step)
{
    struct cycle *cycle = step->cycle;

    error_set(&cycle->poll_failure, ERROR_BUSY,
              "somebody else wrote to the tables while the poll was under way");
    cycle->retry_after_us = 0;
    if (cycle->poll_failures + 1 >= CYCLE_FENCE_ATTEMPTS)
        return CYCLE_RECORDING;
    drop_poll(step, CYCLE_OUTCOME_FAILED);
    cycle->due = true;
    return poll_if_due(step);
}

static enum cycle_state write_failed(struct step *step)
{
    note_poll_failure(step);
    return CYCLE_ROLLING_BACK;
}

static enum cycle_state rolled_back(struct step *step)
{
    const struct cycle *cycle = step->cycle;
    bool again = cycle->retryable && cycle->write_attempts < CYCLE_WRITE_ATTEMPTS;

    return again ? CYCLE_RETRYING : CYCLE_RECORDING;
}

/* Refused, not lost: the server has rolled back by itself. */
static enum cycle_state commit_failed(struct step *step)
{
    note_poll_failure(step);
    return rolled_back(step);
}

/* Whether the row could be written or not: the log has the failure in any case. */
static enum cycle_state recorded(struct step *step)
{
    drop_poll(step, CYCLE_OUTCOME_FAILED);
    return next_cycle(step);
}

static enum cycle_state closed(struct step *step)
{
    step->cycle->connected = false;
    return CYCLE_OFFLINE;
}

static enum cycle_state stay(struct step *step)
{
    return step->cycle->state;
}

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
    {CYCLE_CONNECTING,      CYCLE_EVENT_OPENED,           .decide = opened},
    {CYCLE_CONNECTING,      CYCLE_EVENT_OPEN_FAILED,      .decide = open_failed},
    {CYCLE_LOCKING,         CYCLE_EVENT_LOCKED,           .decide = locked},
    {CYCLE_LOCKING,         CYCLE_EVENT_LOCK_BUSY,        .decide = lock_busy},
    {CYCLE_LOCKING,         CYCLE_EVENT_STATEMENT_FAILED, .decide = session_failed},
    {CYCLE_STANDBY,         CYCLE_EVENT_TIMER,            .next   = CYCLE_LOCKING},

    {CYCLE_RESOLVING,       CYCLE_EVENT_RESOLVED_APPLIED, .decide = resolved_applied},
    {CYCLE_RESOLVING,       CYCLE_EVENT_RESOLVED_ABSENT,  .decide = resolved_absent},
    {CYCLE_RESOLVING,       CYCLE_EVENT_RESOLVED_UNKNOWN, .decide = resolved_unknown},
    {CYCLE_RESOLVING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = session_failed},
    {CYCLE_RESOLVE_WAITING, CYCLE_EVENT_TIMER,            .next   = CYCLE_RESOLVING},

    {CYCLE_WAITING,         CYCLE_EVENT_TIMER,            .decide = time_to_poll},
    {CYCLE_LOADING,         CYCLE_EVENT_LOADED,           .decide = loaded},
    {CYCLE_LOADING,         CYCLE_EVENT_STATEMENT_FAILED, .decide = session_failed},
    {CYCLE_PULLING,         CYCLE_EVENT_PULLED,           .next   = CYCLE_COMPARING},
    {CYCLE_PULLING,         CYCLE_EVENT_PULL_FAILED,      .decide = fail_poll},
    {CYCLE_CANCELLING,      CYCLE_EVENT_PULL_FAILED,      .decide = cancelled},
    {CYCLE_COMPARING,       CYCLE_EVENT_COMPARED_SAME,    .decide = compared_same},
    {CYCLE_COMPARING,       CYCLE_EVENT_COMPARED_CHANGES, .decide = compared_changes},
    {CYCLE_COMPARING,       CYCLE_EVENT_COMPARE_REFUSED,  .decide = fail_poll},
    {CYCLE_COMPARING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = fail_poll},
    {CYCLE_COVERING,        CYCLE_EVENT_COVERED,          .decide = covered},
    {CYCLE_COVERING,        CYCLE_EVENT_FENCED,           .decide = fenced},
    {CYCLE_COVERING,        CYCLE_EVENT_STATEMENT_FAILED, .decide = fail_poll},

    {CYCLE_BEGINNING,       CYCLE_EVENT_BEGUN,            .next   = CYCLE_WRITING},
    {CYCLE_BEGINNING,       CYCLE_EVENT_FENCED,           .decide = fenced},
    {CYCLE_BEGINNING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = write_failed},
    {CYCLE_WRITING,         CYCLE_EVENT_WRITTEN,          .next   = CYCLE_COMMITTING},
    {CYCLE_WRITING,         CYCLE_EVENT_STATEMENT_FAILED, .decide = write_failed},
    {CYCLE_COMMITTING,      CYCLE_EVENT_COMMITTED,        .decide = committed},
    {CYCLE_COMMITTING,      CYCLE_EVENT_STATEMENT_FAILED, .decide = commit_failed},
    {CYCLE_ROLLING_BACK,    CYCLE_EVENT_ROLLED_BACK,      .decide = rolled_back},
    {CYCLE_RETRYING,        CYCLE_EVENT_TIMER,            .next   = CYCLE_BEGINNING},

    {CYCLE_RECORDING,       CYCLE_EVENT_RECORDED,         .decide = recorded},
    {CYCLE_RECORDING,       CYCLE_EVENT_FENCED,           .decide = recorded},
    {CYCLE_RECORDING,       CYCLE_EVENT_STATEMENT_FAILED, .decide = recorded},
    {CYCLE_CLOSING,         CYCLE_EVENT_OPEN_FAILED,      .decide = stay},
    {CYCLE_CLOSING,         CYCLE_EVENT_CLOSED,           .decide = closed},
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

/* ---- what means the same in every state ---- */

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
        ask(step, CYCLE_EFFECT_CANCEL_QUERY);
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
    if (cycle->state == CYCLE_PULLING)
        return CYCLE_CANCELLING;
    if (cycle->state == CYCLE_COMMITTING)
        cycle->uncertain = true;
    return disconnect(step);
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
        abandon_poll(step);
    return CYCLE_STOPPED;
}

/* ---- entering a state ---- */

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
    struct cycle_effect *effect = ask(step, states[state].effect);

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

/*
 * The way of a poll. (*) is the end of its cycle: REPORT, DISCARD, then WAITING, or the next poll if one is due.
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
 *                            SAME     v
 *     (*) <---- COVERING <------- COMPARING
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
 * The connection is lost, cannot be made, or its session fails:
 *
 *   PULLING ---> CANCELLING ---.
 *   any other state -----------+---> CLOSING ---> OFFLINE ---> CONNECTING ---> LOCKING
 *                              |                                                  |
 *   COMMITTING ---------------'   the poll stays, uncertain                       v
 *                                              RESOLVE_WAITING <--- unknown --- RESOLVING
 *                                                     '---------- TIMER --------> |
 *                                          (*) <--- applied ----------------------+
 *                                          (*) <--- RECORDING <--- absent --------'
 *
 * STOP, or `once` is done:
 *
 *   PULLING ---> CANCELLING ------------------------------.
 *   BEGINNING, WRITING ---> ROLLING_BACK -----------------+
 *   COMPARING, COVERING, COMMITTING, RECORDING, replied --+
 *   any other state --------------------------------------+---> CLOSING ---> STOPPED
 */
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

void cycle_init(struct cycle *cycle, enum cycle_mode mode)
{
    *cycle = (struct cycle){.mode = mode, .state = CYCLE_START, .due = true};
}

const char *cycle_state_name(enum cycle_state state)
{
    return states[state].name;
}

const char *cycle_state_sentence(enum cycle_state state)
{
    return states[state].sentence;
}

/*
 * What a move of the cycle machine does on its way: which effects come at once, what is kept, and where it leads when
 * that depends on more than state and event. Which move belongs to which state and event is not known here.
 */
#include "core/cycle_private.h"
#include "core/schedule.h"

struct cycle_effect *move_ask(struct step *step, enum cycle_effect_type type)
{
    struct cycle_effect *effect;

    if (step->count == CYCLE_EFFECTS_MAX)
        error_fatal("cycle: more effects at once than CYCLE_EFFECTS_MAX");
    effect = &step->effects[step->count++];
    *effect = (struct cycle_effect){.type = type};
    return effect;
}

static void forget(struct step *step)
{
    if (step->cycle->loaded)
        move_ask(step, CYCLE_EFFECT_FORGET);
    step->cycle->loaded = false;
}

/* --- how a poll ends ---------------------------------------------------------------------------------------------- */

static void fail(struct cycle *cycle, enum error_class class, const char *sentence)
{
    error_set(&cycle->poll_failure, class, "%s", sentence);
    cycle->retry_after_us = 0;
}

/* Keeps why the poll fails, for RECORD, REPORT and the backoff. */
static void fail_by_event(struct step *step)
{
    step->cycle->poll_failure = step->event->error;
    step->cycle->retryable = step->event->retryable;
    step->cycle->retry_after_us = step->event->retry_after_us;
}

static void end_poll(struct step *step, enum cycle_outcome outcome)
{
    struct cycle *cycle = step->cycle;
    struct cycle_effect *report = move_ask(step, CYCLE_EFFECT_REPORT);

    if (outcome == CYCLE_OUTCOME_FAILED)
        cycle->poll_failures++;
    report->outcome = outcome;
    report->failures = cycle->poll_failures;
    if (outcome == CYCLE_OUTCOME_FAILED || outcome == CYCLE_OUTCOME_UNCERTAIN)
        report->error = cycle->poll_failure;
    move_ask(step, CYCLE_EFFECT_DISCARD);
    cycle->polled = false;
}

static void succeed(struct step *step, enum cycle_outcome outcome)
{
    step->cycle->poll_failures = 0;
    error_clear(&step->cycle->poll_failure);
    end_poll(step, outcome);
}

/* A poll that is not remembered has spoilt the roster: it has marked it and, in a full comparison, rewritten it. */
static void drop_poll(struct step *step, enum cycle_outcome outcome)
{
    end_poll(step, outcome);
    forget(step);
}

void move_abandon_poll(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (!cycle->uncertain) {
        drop_poll(step, CYCLE_OUTCOME_STOPPED);
        return;
    }
    fail(
        cycle, ERROR_UNAVAILABLE,
        "the database connection was lost during COMMIT and whether the changes took effect is not known; the "
        "next run reads what is true");
    if (cycle->mode != CYCLE_MODE_SERVICE) /* the service was told to stop, and that it did */
        cycle->result = cycle->poll_failure;
    drop_poll(step, CYCLE_OUTCOME_UNCERTAIN);
}

/* --- where to go then --------------------------------------------------------------------------------------------- */

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

/* Absences want to be confirmed, and `once` may still wait for it. */
static bool once_confirms(struct cycle *cycle)
{
    if (cycle->mode != CYCLE_MODE_ONCE || !cycle->confirm || cycle->poll_failure.class != ERROR_NONE)
        return false;
    cycle->confirming_us += cycle->confirm_in_us;
    return cycle->confirming_us <= SCHEDULE_CONFIRM_LONGEST_US;
}

/* A cycle is over. `plan` has done its part, and so has `once` unless it has something to confirm. */
static enum cycle_state next_cycle(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (cycle->mode != CYCLE_MODE_SERVICE && !once_confirms(cycle))
        leave(cycle, &cycle->poll_failure);
    return poll_if_due(step);
}

/* --- the database ------------------------------------------------------------------------------------------------- */

/* `once` and `plan` try once, except that it must be learnt what became of a COMMIT. */
static void count_database_failure(struct cycle *cycle)
{
    cycle->database_failures++;
    if (cycle->mode == CYCLE_MODE_SERVICE)
        return;
    if (!cycle->uncertain || cycle->database_failures >= CYCLE_RESOLVE_ATTEMPTS)
        leave(cycle, &cycle->database_failure);
}

enum cycle_state move_disconnect(struct step *step)
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

enum cycle_state move_opened(struct step *step)
{
    return step->cycle->mode == CYCLE_MODE_PLAN ? poll_if_due(step) : CYCLE_LOCKING;
}

/* CONFIG and VERIFY wait for somebody to mend them; with everything else a new session may do. */
enum cycle_state move_session_failed(struct step *step)
{
    const struct error *error = &step->event->error;

    step->cycle->database_failure = *error;
    if (error->class == ERROR_CONFIG || error->class == ERROR_VERIFY)
        leave(step->cycle, error);
    return move_disconnect(step);
}

enum cycle_state move_closed(struct step *step)
{
    step->cycle->connected = false;
    step->cycle->locked = false;
    return CYCLE_OFFLINE;
}

enum cycle_state move_stay(struct step *step)
{
    return step->cycle->state;
}

enum cycle_state move_locked(struct step *step)
{
    step->cycle->locked = true;
    return step->cycle->uncertain ? CYCLE_RESOLVING : poll_if_due(step);
}

/* A standby may wait for weeks; what became of its COMMIT it can learn at once. */
enum cycle_state move_lock_busy(struct step *step)
{
    struct cycle *cycle = step->cycle;

    if (cycle->uncertain)
        return CYCLE_RESOLVING;
    error_set(
        &cycle->database_failure, ERROR_BUSY,
        "another instance holds this organization's lock and only one may write; where it is the service, "
        "systemctl reload rollcall makes it poll now, else try again later");
    if (cycle->mode == CYCLE_MODE_ONCE)
        leave(cycle, &cycle->database_failure);
    return CYCLE_STANDBY;
}

/* A cycle is over whose COMMIT was uncertain. A standby asks for the lock again. */
static enum cycle_state resolved(struct step *step)
{
    enum cycle_state next = next_cycle(step);

    return step->cycle->locked ? next : CYCLE_LOCKING;
}

enum cycle_state move_resolved_applied(struct step *step)
{
    step->cycle->uncertain = false;
    succeed(step, CYCLE_OUTCOME_WRITTEN);
    forget(step); /* somebody else may have written since */
    return resolved(step);
}

/* Only the one who writes records it; for a standby the log has to do. */
enum cycle_state move_resolved_absent(struct step *step)
{
    struct cycle *cycle = step->cycle;

    cycle->uncertain = false;
    fail(cycle, ERROR_UNAVAILABLE,
         "the database connection was lost during COMMIT and the changes did not take effect");
    if (cycle->locked)
        return CYCLE_RECORDING;
    drop_poll(step, CYCLE_OUTCOME_FAILED);
    return resolved(step);
}

enum cycle_state move_resolved_unknown(struct step *step)
{
    error_set(&step->cycle->database_failure, ERROR_UNAVAILABLE,
              "the database connection was lost during COMMIT, which may still be under way");
    count_database_failure(step->cycle);
    return step->cycle->locked ? CYCLE_RESOLVE_WAITING : CYCLE_STANDBY;
}

enum cycle_state move_loaded(struct step *step)
{
    step->cycle->loaded = true;
    step->cycle->database_failures = 0;
    return CYCLE_PULLING;
}

/* --- the poll ----------------------------------------------------------------------------------------------------- */

enum cycle_state move_poll_due(struct step *step)
{
    step->cycle->due = true;
    return poll_if_due(step);
}

enum cycle_state move_recorded(struct step *step)
{
    drop_poll(step, CYCLE_OUTCOME_FAILED);
    return next_cycle(step);
}

enum cycle_state move_poll_failed(struct step *step)
{
    fail_by_event(step);
    return step->cycle->mode == CYCLE_MODE_PLAN ? move_recorded(step) : CYCLE_RECORDING;
}

enum cycle_state move_cancelled(struct step *step)
{
    return step->cycle->stopping ? CYCLE_CLOSING : move_disconnect(step);
}

/* `plan` has seen what it wanted to see, the others go on to `writing`. */
static enum cycle_state compared(struct step *step, enum cycle_state writing)
{
    struct cycle *cycle = step->cycle;

    cycle->confirm = step->event->confirm;
    cycle->confirm_in_us = step->event->confirm_in_us;
    if (cycle->mode != CYCLE_MODE_PLAN)
        return writing;
    drop_poll(step, CYCLE_OUTCOME_PLANNED);
    return next_cycle(step);
}

enum cycle_state move_compared_same(struct step *step)
{
    return compared(step, CYCLE_COVERING);
}

enum cycle_state move_compared_changes(struct step *step)
{
    return compared(step, CYCLE_BEGINNING);
}

enum cycle_state move_covered(struct step *step)
{
    move_ask(step, CYCLE_EFFECT_REMEMBER);
    succeed(step, CYCLE_OUTCOME_UNCHANGED);
    return next_cycle(step);
}

/* The poll was compared with what is no longer there. A new one on a new roster mends that at once, unless it keeps
 * happening. */
enum cycle_state move_fenced(struct step *step)
{
    struct cycle *cycle = step->cycle;

    fail(cycle, ERROR_BUSY, "somebody else wrote to the tables while the poll was under way");
    if (cycle->poll_failures + 1 >= CYCLE_FENCE_ATTEMPTS)
        return CYCLE_RECORDING;
    drop_poll(step, CYCLE_OUTCOME_FAILED);
    cycle->due = true;
    return poll_if_due(step);
}

/* --- the transaction ---------------------------------------------------------------------------------------------- */

enum cycle_state move_write_failed(struct step *step)
{
    fail_by_event(step);
    return CYCLE_ROLLING_BACK;
}

enum cycle_state move_rolled_back(struct step *step)
{
    const struct cycle *cycle = step->cycle;
    bool again = cycle->retryable && cycle->write_attempts < CYCLE_WRITE_ATTEMPTS;

    return again ? CYCLE_RETRYING : CYCLE_RECORDING;
}

enum cycle_state move_commit_failed(struct step *step)
{
    fail_by_event(step);
    return move_rolled_back(step);
}

enum cycle_state move_committed(struct step *step)
{
    move_ask(step, CYCLE_EFFECT_REMEMBER);
    succeed(step, CYCLE_OUTCOME_WRITTEN);
    return next_cycle(step);
}

/*
 * What cycle.c (the tables and the step) and cycle_move.c (the moves) share: what a row of the table of transitions does
 * on its way to the next state. Nobody else includes this.
 */
#ifndef CORE_CYCLE_PRIVATE_H
#define CORE_CYCLE_PRIVATE_H

#include "core/cycle.h"

/* One call of cycle_step while it is under way. */
struct step {
    struct cycle *cycle;
    const struct cycle_event *event;
    struct cycle_effect *effects;
    size_t count;
};

/* Adds an effect. The result may be filled in until the next one is asked for. */
struct cycle_effect *move_ask(struct step *step, enum cycle_effect_type type);

/* The connection is of no more use; database_failure says why. With it the lock is gone: whoever has it now may write,
 * so whatever was read from the tables counts no longer. Only a poll whose COMMIT is uncertain stays, because its fate
 * must be told. */
enum cycle_state move_disconnect(struct step *step);

/* The machine stops before the poll came to an end of its own. */
void move_abandon_poll(struct step *step);

/* Each of these answers one event (its name, or what the row says) and returns the next state. */
enum cycle_state move_opened(struct step *step);
enum cycle_state move_session_failed(struct step *step); /* OPEN, LOCK, LOAD or RESOLVE refused: of no use */
enum cycle_state move_locked(struct step *step);
enum cycle_state move_lock_busy(struct step *step);
enum cycle_state move_resolved_applied(struct step *step);
enum cycle_state move_resolved_absent(struct step *step);
enum cycle_state move_resolved_unknown(struct step *step);
enum cycle_state move_poll_due(struct step *step); /* the wait for the next poll is over */
enum cycle_state move_loaded(struct step *step);
enum cycle_state move_poll_failed(struct step *step); /* nothing was written, no transaction is open */
enum cycle_state move_cancelled(struct step *step);   /* the pull has ended as it was told to */
enum cycle_state move_compared_same(struct step *step);
enum cycle_state move_compared_changes(struct step *step);
enum cycle_state move_covered(struct step *step);
enum cycle_state move_fenced(struct step *step);
enum cycle_state move_write_failed(struct step *step); /* BEGIN or WRITE refused: a transaction is open */
enum cycle_state move_committed(struct step *step);
enum cycle_state
move_commit_failed(struct step *step); /* refused, not lost: the server has rolled back by itself */
enum cycle_state move_rolled_back(struct step *step);
enum cycle_state move_recorded(struct step *step); /* or not: the log has the failure in any case */
enum cycle_state move_stay(struct step *step);
enum cycle_state move_closed(struct step *step);

#endif

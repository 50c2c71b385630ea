/*
 * A life of a mirror: the cycle machine drives an adapter that has a desk, tables in memory and clocks of its own; polls
 * fail, connections break, processes are killed. The oracle is told of each poll that took effect, and the tables are
 * compared with it at once.
 */
#ifndef TESTS_UNIT_CORE_SIMULATION_H
#define TESTS_UNIT_CORE_SIMULATION_H

#include "core/simulated_world.h"

/* --- a poll ------------------------------------------------------------------------------------------------------- */

static int64_t wall(const struct simulation *simulation)
{
    return FIRST_DAY + simulation->steady - simulation->behind;
}

static void live_on(struct simulation *simulation)
{
    for (size_t i = any_below(simulation, 4); i > 0; i--)
        happen_once(simulation);
    if (simulation->mirror.exists && one_in(simulation, 100))
        meddle(simulation);
    memcpy(simulation->answered, simulation->list, sizeof(simulation->list));
    simulation->answer = simulation->people;
    simulation->answer.list = simulation->answered;
}

static void write_answer(struct simulation *simulation)
{
    size_t order[SIMULATED_PEOPLE];

    for (size_t i = 0; i < simulation->people.count; i++)
        order[i] = i;
    for (size_t i = simulation->people.count - 1; i > 0 && one_in(simulation, 3); i--) {
        size_t other = any_below(simulation, i + 1);
        size_t moved = order[i];
        order[i] = order[other];
        order[other] = moved;
    }
    people_answer(&simulation->answer, order, &simulation->body);
}

/* In pieces of random sizes; sometimes not to the end. */
static int feed_answer(struct simulation *simulation, struct error *error)
{
    size_t length = simulation->body.length;
    size_t piece = 1 + any_below(simulation, 2000);
    int status = 0;

    if (one_in(simulation, 40))
        length = any_below(simulation, length);
    for (size_t from = 0; status == 0 && from < length; from += piece) {
        size_t left = length - from;
        status = poll_feed(simulation->desk.poll, simulation->body.data + from, left < piece ? left : piece,
                           error);
    }
    return status < 0 ? status : poll_end(simulation->desk.poll, error);
}

static struct cycle_event failed(enum cycle_event_type type, bool retryable)
{
    struct cycle_event event = {.type = type, .retryable = retryable};

    error_set(&event.error, ERROR_UNAVAILABLE, "simulated");
    return event;
}

static struct cycle_event pull(struct simulation *simulation)
{
    struct cycle_event event = {.type = CYCLE_EVENT_PULLED};
    struct desk *desk = &simulation->desk;

    live_on(simulation);
    write_answer(simulation);
    int64_t asked = wall(simulation);
    simulation->steady += 1 + (int64_t)any_below(simulation, 5 * SECOND);
    simulation->answered_us = simulation->steady;
    bool behind = desk_set_times(desk, asked, wall(simulation));
    desk->removal.waited = behind && simulation->absence_us != 0 &&
                           simulation->steady - simulation->absence_us >= desk->removal.confirm_after_us;
    if (one_in(simulation, 40))
        return failed(CYCLE_EVENT_PULL_FAILED, false);
    if (feed_answer(simulation, &event.error) < 0)
        event.type = CYCLE_EVENT_PULL_FAILED;
    return event;
}

static struct cycle_event compare(struct simulation *simulation)
{
    struct error error;

    if (one_in(simulation, 200))
        return failed(CYCLE_EVENT_STATEMENT_FAILED, false);
    for (size_t each = 0; each < GUARD_CLASS_COUNT && !simulation->desk.comparison; each++)
        simulation->decisions[each] = simulation->oracle.sets[each].decision;
    int need = desk_compare(&simulation->desk, &error);
    if (need < 0)
        fail_msg("%s", error.text);
    if (need == COMPARISON_SECOND_SOURCE)
        return (struct cycle_event){.type = CYCLE_EVENT_COMPARED_DOUBTFUL};
    const struct comparison_result *result = comparison_result(simulation->desk.comparison);
    return (struct cycle_event){.type = desk_writes(&simulation->desk) ? CYCLE_EVENT_COMPARED_CHANGES
                                                                       : CYCLE_EVENT_COMPARED_SAME,
                                .reload = result->reload,
                                .confirm = result->confirm,
                                .confirm_in_us = result->confirm_in_us};
}

static struct cycle_event corroborate(struct simulation *simulation)
{
    struct comparison *comparison = simulation->desk.comparison;
    const struct id_list *doubtful = comparison_doubtful(comparison);

    if (simulation->silent)
        comparison_unanswered(comparison);
    for (size_t i = 0; !simulation->silent && i < doubtful->count; i++) {
        if (simulation->answered[person_index(&doubtful->ids[i])].member)
            comparison_found(comparison, &doubtful->ids[i]);
    }
    return (struct cycle_event){.type = CYCLE_EVENT_CORROBORATED};
}

/* --- it takes effect ---------------------------------------------------------------------------------------------- */

/* Whether the daemon has come across what somebody did to the row. */
static void look_at_edits(struct simulation *simulation)
{
    bool readable = !simulation->answer.unreadable && poll_rejection_count(simulation->desk.poll) == 0;

    if (!simulation->edited)
        return;
    struct member_row row = mirror_read(mirror_row_of(&simulation->mirror, &simulation->edited_id));
    simulation->edited = member_row_is_edited(&row, &simulation->mirror.secret);
    if (simulation->desk.full && simulation->edited_before_load && readable)
        assert_false(simulation->edited); /* a full comparison overlooks nothing */
}

static void take_effect(struct simulation *simulation)
{
    struct desk *desk = &simulation->desk;
    struct oracle_poll poll = {.people = &simulation->answer,
                               .guard = &desk->guard,
                               .removal = &desk->removal,
                               .own_user = desk->own_user,
                               .members = desk->members,
                               .asked = desk->times.asked,
                               .answered = desk->times.answered,
                               .steady = simulation->answered_us,
                               .baseline = desk->times.baseline,
                               .silent = simulation->silent,
                               .token_silent = desk->own_unanswered};

    memcpy(poll.decisions, simulation->decisions, sizeof(poll.decisions));
    oracle_take(&simulation->oracle, &poll, desk->changeset.holds);
    look_at_edits(simulation);
    oracle_assert(&simulation->oracle, &simulation->mirror,
                  simulation->edited ? &simulation->edited_id : NULL);
    simulation->tally.polls++;
}

static void apply(struct simulation *simulation)
{
    desk_commit(&simulation->desk);
    simulation->applied = true;
    take_effect(simulation);
}

static struct cycle_event cover(struct simulation *simulation)
{
    struct desk *desk = &simulation->desk;

    if (one_in(simulation, 200))
        return failed(CYCLE_EVENT_STATEMENT_FAILED, true);
    if (desk->version != simulation->mirror.version)
        return (struct cycle_event){.type = CYCLE_EVENT_FENCED};
    mirror_cover(&simulation->mirror, desk->times.asked, desk->times.answered);
    take_effect(simulation);
    return (struct cycle_event){.type = CYCLE_EVENT_COVERED};
}

static struct cycle_event begin(struct simulation *simulation)
{
    decide_some(simulation, 300); /* between comparison and transaction */
    if (one_in(simulation, 200))
        return failed(CYCLE_EVENT_STATEMENT_FAILED, one_in(simulation, 2));
    bool fenced = simulation->desk.version != simulation->mirror.version;
    return (struct cycle_event){.type = fenced ? CYCLE_EVENT_FENCED : CYCLE_EVENT_BEGUN};
}

static struct cycle_event write_rows(struct simulation *simulation)
{
    if (!mirror_approves(&simulation->mirror, &simulation->desk.changeset))
        return failed(CYCLE_EVENT_STATEMENT_FAILED, false);
    if (one_in(simulation, 100))
        return failed(CYCLE_EVENT_STATEMENT_FAILED, one_in(simulation, 2));
    return (struct cycle_event){.type = CYCLE_EVENT_WRITTEN};
}

static struct cycle_event commit(struct simulation *simulation)
{
    if (one_in(simulation, 100))
        return failed(CYCLE_EVENT_STATEMENT_FAILED, one_in(simulation, 2));
    apply(simulation);
    return (struct cycle_event){.type = CYCLE_EVENT_COMMITTED};
}

static struct cycle_event resolve(struct simulation *simulation)
{
    if (one_in(simulation, 5))
        return (struct cycle_event){.type = CYCLE_EVENT_RESOLVED_UNKNOWN};
    return (struct cycle_event){.type = simulation->applied ? CYCLE_EVENT_RESOLVED_APPLIED
                                                            : CYCLE_EVENT_RESOLVED_ABSENT};
}

/* --- what the machine asks for ------------------------------------------------------------------------------------ */

static bool is_full_compare_due(const struct simulation *simulation)
{
    return simulation->steady - simulation->compared_us >= HOUR;
}

static struct cycle_event load(struct simulation *simulation)
{
    if (one_in(simulation, 200))
        return failed(CYCLE_EVENT_STATEMENT_FAILED, false);
    desk_load(&simulation->desk, simulation->mirror.exists && is_full_compare_due(simulation));
    simulation->edited_before_load = simulation->edited;
    return (struct cycle_event){.type = CYCLE_EVENT_LOADED};
}

static struct cycle_event reply(struct simulation *simulation)
{
    static struct cycle_event (*const work[CYCLE_EFFECT_TYPE_COUNT])(struct simulation * simulation) = {
        [CYCLE_EFFECT_LOAD] = load,        [CYCLE_EFFECT_PULL] = pull,
        [CYCLE_EFFECT_COMPARE] = compare,  [CYCLE_EFFECT_CORROBORATE] = corroborate,
        [CYCLE_EFFECT_COVER] = cover,      [CYCLE_EFFECT_BEGIN] = begin,
        [CYCLE_EFFECT_WRITE] = write_rows, [CYCLE_EFFECT_COMMIT] = commit,
        [CYCLE_EFFECT_RESOLVE] = resolve,
    };
    enum cycle_effect_type out = simulation->out;

    simulation->out = NOTHING;
    switch (out) {
    case CYCLE_EFFECT_OPEN:
        return one_in(simulation, 20) ? failed(CYCLE_EVENT_OPEN_FAILED, false)
                                      : (struct cycle_event){.type = CYCLE_EVENT_OPENED};
    case CYCLE_EFFECT_LOCK:
        return (struct cycle_event){.type = one_in(simulation, 20) ? CYCLE_EVENT_LOCK_BUSY
                                                                   : CYCLE_EVENT_LOCKED};
    case CYCLE_EFFECT_CANCEL_PULL:
        return simulation->asking ? (struct cycle_event){.type = CYCLE_EVENT_CORROBORATED}
                                  : failed(CYCLE_EVENT_PULL_FAILED, false);
    case CYCLE_EFFECT_ROLLBACK:
        return (struct cycle_event){.type = CYCLE_EVENT_ROLLED_BACK};
    case CYCLE_EFFECT_RECORD:
        return (struct cycle_event){.type = CYCLE_EVENT_RECORDED};
    case CYCLE_EFFECT_CLOSE:
        simulation->connected = false;
        return (struct cycle_event){.type = CYCLE_EVENT_CLOSED};
    default:
        return work[out](simulation);
    }
}

/* The lost COMMIT: it happened, or it did not. */
static struct cycle_event lose_connection(struct simulation *simulation)
{
    bool pulling = simulation->out == CYCLE_EFFECT_PULL || simulation->out == CYCLE_EFFECT_CORROBORATE ||
                   simulation->out == CYCLE_EFFECT_CANCEL_PULL;

    if (simulation->out == CYCLE_EFFECT_COMMIT) {
        simulation->tally.uncertain++;
        if (one_in(simulation, 2))
            apply(simulation);
    }
    simulation->out = pulling ? simulation->out : NOTHING;
    simulation->broken = true;
    simulation->waiting = false;
    return failed(CYCLE_EVENT_DATABASE_LOST, false);
}

static int64_t pause_of(struct simulation *simulation)
{
    const struct cycle_effect *wait = &simulation->wait;
    int64_t next = schedule_next_poll_us(&simulation->schedule, simulation->steady - simulation->last_pull);

    switch (wait->wait) {
    case CYCLE_WAIT_NEXT_POLL:
        return next;
    case CYCLE_WAIT_CONFIRM:
        return wait->delay_us < next ? wait->delay_us : next;
    case CYCLE_WAIT_API_BACKOFF:
        return schedule_api_backoff_us(&simulation->schedule, wait->error.class, wait->failures,
                                       wait->retry_after_us, next_random(&simulation->random));
    case CYCLE_WAIT_DATABASE:
        return schedule_database_backoff_us(wait->failures, next_random(&simulation->random));
    default:
        return SECOND;
    }
}

static struct cycle_event end_wait(struct simulation *simulation, enum cycle_event_type type)
{
    simulation->waiting = false;
    return (struct cycle_event){.type = type,
                                .reload = simulation->desk.reload || is_full_compare_due(simulation)};
}

static struct cycle_event next_event(struct simulation *simulation)
{
    bool losable = simulation->connected && !simulation->broken && simulation->out != CYCLE_EFFECT_CLOSE;

    if (one_in(simulation, 2000)) {
        simulation->tally.stopped++;
        simulation->waiting = false;
        return (struct cycle_event){.type = CYCLE_EVENT_STOP};
    }
    if (losable && one_in(simulation, simulation->out == CYCLE_EFFECT_COMMIT ? 40 : 400))
        return lose_connection(simulation);
    if (one_in(simulation, 300))
        return end_wait(simulation, CYCLE_EVENT_POLL_NOW);
    if (!simulation->waiting)
        return reply(simulation);
    simulation->steady += pause_of(simulation);
    return end_wait(simulation, CYCLE_EVENT_TIMER);
}

/* --- effects ------------------------------------------------------------------------------------------------------ */

static void forget(struct simulation *simulation)
{
    desk_forget(&simulation->desk);
    simulation->desk.full = false;
    simulation->absence_us = 0;
}

static void remember(struct simulation *simulation)
{
    bool written = simulation->applied;

    if (simulation->desk.full || !simulation->desk.stored)
        simulation->compared_us = simulation->steady;
    if (simulation->desk.changeset.counts.absent > 0 || simulation->absence_us == 0)
        simulation->absence_us = simulation->steady;
    desk_remember(&simulation->desk, written);
}

static void report(struct simulation *simulation, const struct cycle_effect *effect)
{
    simulation->tally.failed += effect->outcome == CYCLE_OUTCOME_FAILED;
    assert_int_equal(simulation->applied,
                     effect->outcome == CYCLE_OUTCOME_WRITTEN ||
                         (simulation->applied && effect->outcome == CYCLE_OUTCOME_UNCERTAIN));
    decide_some(simulation, 6);
}

static void perform(struct simulation *simulation, const struct cycle_effect *effect)
{
    switch (effect->type) {
    case CYCLE_EFFECT_WAIT:
        simulation->waiting = true;
        simulation->wait = *effect;
        return;
    case CYCLE_EFFECT_REPORT:
        report(simulation, effect);
        return;
    case CYCLE_EFFECT_REMEMBER:
        remember(simulation);
        return;
    case CYCLE_EFFECT_FORGET:
        forget(simulation);
        return;
    case CYCLE_EFFECT_DISCARD:
        desk_discard(&simulation->desk);
        simulation->applied = false;
        return;
    case CYCLE_EFFECT_CANCEL_QUERY:
        return;
    case CYCLE_EFFECT_FINISH:
        simulation->finished = true;
        return;
    case CYCLE_EFFECT_CANCEL_PULL:
        simulation->asking = simulation->out == CYCLE_EFFECT_CORROBORATE;
        break;
    case CYCLE_EFFECT_OPEN:
        simulation->connected = true;
        simulation->broken = false;
        break;
    case CYCLE_EFFECT_PULL:
        simulation->last_pull = simulation->steady;
        desk_poll(&simulation->desk);
        break;
    default:
        break;
    }
    simulation->out = effect->type;
}

/* --- a process ---------------------------------------------------------------------------------------------------- */

static void start_process(struct simulation *simulation)
{
    if (simulation->desk.poll)
        desk_discard(&simulation->desk);
    forget(simulation);
    simulation->desk.reload = false;
    simulation->applied = simulation->finished = false;
    simulation->connected = simulation->waiting = false;
    simulation->out = NOTHING;
    cycle_init(&simulation->cycle, CYCLE_MODE_SERVICE);
}

/* kill -9, which may be in the middle of a COMMIT. */
static void kill_process(struct simulation *simulation)
{
    simulation->tally.killed++;
    if (simulation->out == CYCLE_EFFECT_COMMIT && one_in(simulation, 2))
        apply(simulation);
    start_process(simulation);
}

static void step_once(struct simulation *simulation)
{
    struct cycle_effect effects[CYCLE_EFFECTS_MAX];
    struct cycle_event event = {.type = CYCLE_EVENT_STARTED};

    if (simulation->finished || one_in(simulation, simulation->out == CYCLE_EFFECT_COMMIT ? 100 : 1000))
        kill_process(simulation);
    if (simulation->cycle.state != CYCLE_START)
        event = next_event(simulation);
    size_t count = cycle_step(&simulation->cycle, &event, effects);
    for (size_t i = 0; i < count; i++)
        perform(simulation, &effects[i]);
}

#endif

/*
 * The world around a cycle machine, for its tests: what may happen in it, what an effect does to it, and which effects
 * would do harm in it. It judges by what is really so (connection, lock, transaction, roster, poll, what the tables
 * hold), never by the machine's own flags.
 */
#ifndef UNIT_CORE_CYCLE_WORLD_H
#define UNIT_CORE_CYCLE_WORLD_H

#include "core/cycle.h"

#define NOTHING CYCLE_EFFECT_TYPE_COUNT /* no effect is out */

struct world {
    struct cycle cycle;
    enum cycle_effect_type out;         /* its reply is awaited */
    enum cycle_effect_type interrupted; /* it was out when CLOSE was asked for */
    bool timer;
    bool connection; /* somebody must close it */
    bool broken;     /* but nothing can be asked of it */
    bool lock;
    bool transaction;
    bool roster;
    bool stale;      /* the roster may differ from the tables, or a dropped poll has spoilt it */
    bool reload;     /* the adapter wants it loaded anew for the next poll */
    bool poll;       /* begun and not discarded */
    bool doubtful;   /* its comparison wants the API asked; once at most */
    bool reported;   /* that poll */
    bool remembered; /* that poll */
    bool applied;    /* that poll's changes really are in the tables */
    bool covered;    /* its coverage is, and the server said so */
    bool unresolved; /* nobody told us whether its COMMIT happened */
    uint8_t begun;   /* transactions for that poll */
    bool opened;     /* at least once */
    bool hopeless;   /* the database will not do until an administrator has mended it */
    bool stopped;    /* STOP was given */
    bool finished;
    bool at_rest;         /* the latest poll succeeded */
    const char *violated; /* the first rule that an effect broke */
};

/* What happens next. `applied`: with DATABASE_LOST during COMMIT, whether the server did it. */
struct move {
    struct cycle_event event;
    bool applied;
};

#define MUST(world, rule)                                                                                    \
    do {                                                                                                     \
        if (!(rule) && !(world)->violated)                                                                   \
            (world)->violated = #rule;                                                                       \
    } while (0)

/* --- what the world may do ---------------------------------------------------------------------------------------- */

/* For each effect the replies that may come; the first one is the good one. */
static const struct {
    enum cycle_effect_type effect;
    struct cycle_event event;
} world_replies[] = {
    {CYCLE_EFFECT_OPEN, {.type = CYCLE_EVENT_OPENED}},
    {CYCLE_EFFECT_OPEN, {.type = CYCLE_EVENT_OPEN_FAILED, .error.class = ERROR_UNAVAILABLE}},
    {CYCLE_EFFECT_OPEN, {.type = CYCLE_EVENT_OPEN_FAILED, .error.class = ERROR_CREDENTIALS}},
    {CYCLE_EFFECT_OPEN, {.type = CYCLE_EVENT_OPEN_FAILED, .error.class = ERROR_CONFIG}},
    {CYCLE_EFFECT_OPEN, {.type = CYCLE_EVENT_OPEN_FAILED, .error.class = ERROR_VERIFY}},
    {CYCLE_EFFECT_LOCK, {.type = CYCLE_EVENT_LOCKED}},
    {CYCLE_EFFECT_LOCK, {.type = CYCLE_EVENT_LOCK_BUSY}},
    {CYCLE_EFFECT_LOCK, {.type = CYCLE_EVENT_STATEMENT_FAILED, .retryable = true}},
    {CYCLE_EFFECT_LOAD, {.type = CYCLE_EVENT_LOADED}},
    {CYCLE_EFFECT_LOAD, {.type = CYCLE_EVENT_STATEMENT_FAILED}},
    {CYCLE_EFFECT_LOAD, {.type = CYCLE_EVENT_STATEMENT_FAILED, .error.class = ERROR_CONFIG}},
    {CYCLE_EFFECT_PULL, {.type = CYCLE_EVENT_PULLED}},
    {CYCLE_EFFECT_PULL, {.type = CYCLE_EVENT_PULL_FAILED, .retry_after_us = 1}},
    {CYCLE_EFFECT_CANCEL_PULL, {.type = CYCLE_EVENT_PULL_FAILED}},
    {CYCLE_EFFECT_CANCEL_PULL, {.type = CYCLE_EVENT_CORROBORATED}},
    {CYCLE_EFFECT_COMPARE, {.type = CYCLE_EVENT_COMPARED_CHANGES}},
    {CYCLE_EFFECT_COMPARE, {.type = CYCLE_EVENT_COMPARED_CHANGES, .confirm = true}},
    {CYCLE_EFFECT_COMPARE, {.type = CYCLE_EVENT_COMPARED_SAME}},
    {CYCLE_EFFECT_COMPARE, {.type = CYCLE_EVENT_COMPARED_SAME, .confirm = true}},
    {CYCLE_EFFECT_COMPARE, {.type = CYCLE_EVENT_COMPARED_DOUBTFUL}},
    {CYCLE_EFFECT_COMPARE, {.type = CYCLE_EVENT_COMPARE_REFUSED}},
    {CYCLE_EFFECT_COMPARE, {.type = CYCLE_EVENT_STATEMENT_FAILED}},
    {CYCLE_EFFECT_CORROBORATE, {.type = CYCLE_EVENT_CORROBORATED}},
    {CYCLE_EFFECT_COVER, {.type = CYCLE_EVENT_COVERED}},
    {CYCLE_EFFECT_COVER, {.type = CYCLE_EVENT_FENCED}},
    {CYCLE_EFFECT_COVER, {.type = CYCLE_EVENT_STATEMENT_FAILED, .retryable = true}},
    {CYCLE_EFFECT_BEGIN, {.type = CYCLE_EVENT_BEGUN}},
    {CYCLE_EFFECT_BEGIN, {.type = CYCLE_EVENT_FENCED}},
    {CYCLE_EFFECT_BEGIN, {.type = CYCLE_EVENT_STATEMENT_FAILED}},
    {CYCLE_EFFECT_BEGIN, {.type = CYCLE_EVENT_STATEMENT_FAILED, .retryable = true}},
    {CYCLE_EFFECT_WRITE, {.type = CYCLE_EVENT_WRITTEN}},
    {CYCLE_EFFECT_WRITE, {.type = CYCLE_EVENT_STATEMENT_FAILED}},
    {CYCLE_EFFECT_WRITE, {.type = CYCLE_EVENT_STATEMENT_FAILED, .retryable = true}},
    {CYCLE_EFFECT_COMMIT, {.type = CYCLE_EVENT_COMMITTED}},
    {CYCLE_EFFECT_COMMIT, {.type = CYCLE_EVENT_STATEMENT_FAILED}},
    {CYCLE_EFFECT_COMMIT, {.type = CYCLE_EVENT_STATEMENT_FAILED, .retryable = true}},
    {CYCLE_EFFECT_ROLLBACK, {.type = CYCLE_EVENT_ROLLED_BACK}},
    {CYCLE_EFFECT_RESOLVE, {.type = CYCLE_EVENT_RESOLVED_APPLIED}},
    {CYCLE_EFFECT_RESOLVE, {.type = CYCLE_EVENT_RESOLVED_ABSENT}},
    {CYCLE_EFFECT_RESOLVE, {.type = CYCLE_EVENT_RESOLVED_UNKNOWN}},
    {CYCLE_EFFECT_RESOLVE, {.type = CYCLE_EVENT_STATEMENT_FAILED}},
    {CYCLE_EFFECT_RECORD, {.type = CYCLE_EVENT_RECORDED}},
    {CYCLE_EFFECT_RECORD, {.type = CYCLE_EVENT_FENCED}},
    {CYCLE_EFFECT_RECORD, {.type = CYCLE_EVENT_STATEMENT_FAILED}},
    {CYCLE_EFFECT_CLOSE, {.type = CYCLE_EVENT_CLOSED}},
};

#define MOVES_MAX 16

struct moves {
    struct move list[MOVES_MAX];
    size_t count;
};

static bool is_failure(enum cycle_event_type type)
{
    return type == CYCLE_EVENT_OPEN_FAILED || type == CYCLE_EVENT_PULL_FAILED ||
           type == CYCLE_EVENT_COMPARE_REFUSED || type == CYCLE_EVENT_STATEMENT_FAILED ||
           type == CYCLE_EVENT_DATABASE_LOST;
}

static struct move *add_move(struct moves *moves, struct cycle_event event)
{
    struct move *move = &moves->list[moves->count++]; /* the sanitizers watch the bound */

    *move = (struct move){.event = event};
    if (is_failure(event.type) && event.error.class == ERROR_NONE)
        move->event.error.class = ERROR_UNAVAILABLE;
    return move;
}

static bool is_true_answer(const struct world *world, enum cycle_event_type type)
{
    if (type == CYCLE_EVENT_RESOLVED_APPLIED)
        return world->applied;
    if (type == CYCLE_EVENT_RESOLVED_ABSENT)
        return !world->applied;
    if (type == CYCLE_EVENT_COMPARED_DOUBTFUL)
        return !world->doubtful;
    if (world->out == CYCLE_EFFECT_CANCEL_PULL)
        return (type == CYCLE_EVENT_CORROBORATED) == world->doubtful;
    return true;
}

static void add_replies(const struct world *world, struct moves *moves)
{
    for (size_t i = 0; i < sizeof(world_replies) / sizeof(world_replies[0]); i++) {
        if (world_replies[i].effect == world->out && is_true_answer(world, world_replies[i].event.type))
            add_move(moves, world_replies[i].event);
    }
}

static void add_losses(const struct world *world, struct moves *moves)
{
    bool last_word = world->interrupted != NOTHING;

    if (world->connection && (!world->broken || last_word) && (world->out != CYCLE_EFFECT_CLOSE || last_word))
        add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_DATABASE_LOST});
    if (world->out == CYCLE_EFFECT_COMMIT)
        add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_DATABASE_LOST})->applied = true;
    if (world->interrupted == CYCLE_EFFECT_OPEN)
        add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_OPEN_FAILED});
}

/* Everything that may happen now. Good moves come first. */
static void world_moves(const struct world *world, struct moves *moves)
{
    moves->count = 0;
    if (world->finished)
        return;
    if (world->cycle.state == CYCLE_START) {
        add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_STARTED});
        return;
    }
    add_replies(world, moves);
    if (world->timer) {
        add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_TIMER});
        add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_TIMER, .reload = true});
    }
    add_losses(world, moves);
    add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_STOP});
    add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_POLL_NOW});
    add_move(moves, (struct cycle_event){.type = CYCLE_EVENT_POLL_NOW, .reload = true});
}

/* --- what an event means in the world ----------------------------------------------------------------------------- */

static bool asks_the_api(enum cycle_effect_type out)
{
    return out == CYCLE_EFFECT_PULL || out == CYCLE_EFFECT_CORROBORATE || out == CYCLE_EFFECT_CANCEL_PULL;
}

static void lose_connection(struct world *world, bool applied)
{
    if (world->out == CYCLE_EFFECT_COMMIT) {
        world->unresolved = true;
        world->applied = applied;
    }
    if (world->out == CYCLE_EFFECT_CLOSE)
        world->interrupted = NOTHING;
    else if (!asks_the_api(world->out))
        world->out = NOTHING;
    world->broken = world->stale = true;
    world->lock = world->transaction = false;
}

static void world_happen(struct world *world, const struct move *move)
{
    world->timer = false; /* whatever comes ends the wait */
    world->reload |= move->event.reload && world->out != CYCLE_EFFECT_LOAD;
    switch (move->event.type) {
    case CYCLE_EVENT_STOP:
        world->stopped = true;
        return;
    case CYCLE_EVENT_POLL_NOW:
        return;
    case CYCLE_EVENT_DATABASE_LOST:
        lose_connection(world, move->applied);
        return;
    case CYCLE_EVENT_LOCKED:
        world->lock = true;
        break;
    case CYCLE_EVENT_LOADED:
        world->roster = true;
        world->stale = world->reload = false;
        break;
    case CYCLE_EVENT_COMPARED_DOUBTFUL:
        world->doubtful = true;
        break;
    case CYCLE_EVENT_COVERED:
        world->covered = true;
        break;
    case CYCLE_EVENT_COMMITTED:
        world->applied = true;
        world->transaction = false;
        break;
    case CYCLE_EVENT_ROLLED_BACK:
        world->transaction = false;
        break;
    case CYCLE_EVENT_RESOLVED_APPLIED:
    case CYCLE_EVENT_RESOLVED_ABSENT:
        world->unresolved = false;
        break;
    case CYCLE_EVENT_BEGUN:
        world->transaction = true;
        break;
    case CYCLE_EVENT_STATEMENT_FAILED: /* a BEGIN that fails half way leaves a transaction, a COMMIT ends it */
        world->transaction = world->out == CYCLE_EFFECT_BEGIN || world->out == CYCLE_EFFECT_WRITE;
        world->hopeless |= move->event.error.class == ERROR_CONFIG;
        break;
    case CYCLE_EVENT_OPEN_FAILED:
        world->broken = true;
        world->hopeless = move->event.error.class == ERROR_CONFIG || move->event.error.class == ERROR_VERIFY;
        if (world->interrupted != NOTHING) {
            world->interrupted = NOTHING;
            return;
        }
        break;
    case CYCLE_EVENT_CLOSED:
        world->connection = world->broken = world->lock = false;
        world->interrupted = NOTHING;
        break;
    default:
        break;
    }
    world->out = NOTHING;
}

/* --- what an effect does to the world, and whether it may --------------------------------------------------------- */

static void judge_report(struct world *world, enum cycle_outcome outcome)
{
    MUST(world, world->poll && !world->reported);
    switch (outcome) {
    case CYCLE_OUTCOME_UNCHANGED:
        MUST(world, world->covered && !world->applied);
        break;
    case CYCLE_OUTCOME_WRITTEN:
        MUST(world, world->applied && !world->unresolved);
        break;
    case CYCLE_OUTCOME_PLANNED:
        MUST(world, world->cycle.mode == CYCLE_MODE_PLAN && !world->applied && !world->covered);
        break;
    case CYCLE_OUTCOME_UNCERTAIN:
        MUST(world, world->unresolved);
        break;
    case CYCLE_OUTCOME_STOPPED:
        MUST(world, world->stopped && !world->unresolved && !world->applied && !world->covered);
        break;
    default:
        MUST(world, outcome == CYCLE_OUTCOME_FAILED);
        MUST(world, !world->unresolved && !world->applied && !world->covered);
        break;
    }
}

/* Questions to the database or the API. */
static void judge_question(struct world *world, enum cycle_effect_type type)
{
    bool plan = world->cycle.mode == CYCLE_MODE_PLAN;
    bool usable = world->connection && !world->broken;
    bool may_read = usable && (world->lock || plan) && !world->transaction && !world->stopped;
    bool may_write = usable && world->lock && !plan && !world->stopped;

    switch (type) {
    case CYCLE_EFFECT_OPEN:
        MUST(world, !world->connection && !world->stopped && !world->hopeless);
        MUST(world, !world->opened || world->unresolved || world->cycle.mode == CYCLE_MODE_SERVICE);
        break;
    case CYCLE_EFFECT_LOCK:
        MUST(world, usable && !world->lock && !plan && !world->stopped);
        break;
    case CYCLE_EFFECT_RESOLVE:
        MUST(world, usable && !plan && !world->stopped && !world->transaction);
        MUST(world, world->unresolved && world->poll);
        break;
    case CYCLE_EFFECT_LOAD:
        MUST(world, may_read && !world->unresolved && !world->roster && !world->poll);
        break;
    case CYCLE_EFFECT_PULL:
        MUST(world, may_read && !world->unresolved && !world->poll);
        MUST(world, world->roster && !world->stale && !world->reload);
        break;
    case CYCLE_EFFECT_COMPARE:
        MUST(world, may_read && !world->unresolved && world->poll && !world->reported);
        MUST(world, world->roster && !world->stale);
        break;
    case CYCLE_EFFECT_CORROBORATE:
        MUST(world, may_read && world->poll && !world->reported && world->doubtful);
        break;
    case CYCLE_EFFECT_COVER:
    case CYCLE_EFFECT_BEGIN:
        MUST(world, may_write && !world->transaction && !world->unresolved);
        MUST(world, world->poll && !world->reported && world->roster && !world->stale);
        MUST(world, world->begun < CYCLE_WRITE_ATTEMPTS);
        break;
    case CYCLE_EFFECT_WRITE:
    case CYCLE_EFFECT_COMMIT:
        MUST(world, may_write && world->transaction);
        break;
    case CYCLE_EFFECT_ROLLBACK:
        MUST(world, usable && world->transaction);
        break;
    case CYCLE_EFFECT_RECORD:
        MUST(world, may_write && !world->transaction && !world->unresolved);
        MUST(world, world->poll && !world->reported);
        break;
    default:
        MUST(world, !"a question");
    }
    MUST(world, world->out == NOTHING && !world->timer);
}

static bool may_be_interrupted(enum cycle_effect_type out)
{
    return out == CYCLE_EFFECT_OPEN || out == CYCLE_EFFECT_LOCK || out == CYCLE_EFFECT_LOAD ||
           out == CYCLE_EFFECT_RESOLVE;
}

static void judge_close(struct world *world)
{
    MUST(world, world->connection && !world->transaction && !world->timer);
    MUST(world, world->out == NOTHING || may_be_interrupted(world->out));
    world->interrupted = world->out;
    world->out = CYCLE_EFFECT_CLOSE;
}

static bool may_be_cancelled(enum cycle_effect_type out)
{
    return out == CYCLE_EFFECT_COMPARE || out == CYCLE_EFFECT_COVER || out == CYCLE_EFFECT_BEGIN ||
           out == CYCLE_EFFECT_WRITE || out == CYCLE_EFFECT_COMMIT || out == CYCLE_EFFECT_RECORD;
}

static void judge_finish(struct world *world)
{
    MUST(world, world->out == NOTHING && !world->timer);
    MUST(world, !world->connection && !world->transaction && !world->poll && !world->finished);
    MUST(world, world->stopped || world->cycle.result.class != ERROR_NONE ||
                    world->cycle.mode != CYCLE_MODE_SERVICE);
    MUST(world, !world->stopped || world->hopeless || world->cycle.result.class == ERROR_NONE ||
                    world->cycle.mode != CYCLE_MODE_SERVICE);
}

static void world_perform(struct world *world, const struct cycle_effect *effect)
{
    MUST(world, !world->finished);
    switch (effect->type) {
    case CYCLE_EFFECT_WAIT:
        MUST(world, !world->timer && world->out == NOTHING && !world->transaction && !world->stopped);
        world->timer = true;
        return;
    case CYCLE_EFFECT_REPORT:
        judge_report(world, effect->outcome);
        world->reported = true;
        world->at_rest = effect->outcome <= CYCLE_OUTCOME_WRITTEN;
        return;
    case CYCLE_EFFECT_REMEMBER:
        MUST(world, world->lock && world->roster && world->poll && !world->reported);
        MUST(world, (world->applied || world->covered) && !world->unresolved);
        world->remembered = true;
        return;
    case CYCLE_EFFECT_FORGET:
        MUST(world, world->roster && !world->poll && world->out == NOTHING);
        world->roster = false;
        return;
    case CYCLE_EFFECT_DISCARD:
        MUST(world, world->poll && world->reported && world->out == NOTHING);
        world->stale |= !world->remembered;
        world->begun = 0;
        world->poll = world->reported = world->remembered = world->doubtful = false;
        world->applied = world->covered = world->unresolved = false;
        return;
    case CYCLE_EFFECT_CANCEL_PULL:
        MUST(world, world->out == CYCLE_EFFECT_PULL || world->out == CYCLE_EFFECT_CORROBORATE);
        MUST(world, world->stopped || world->broken);
        world->out = CYCLE_EFFECT_CANCEL_PULL;
        return;
    case CYCLE_EFFECT_CANCEL_QUERY:
        MUST(world, world->stopped && may_be_cancelled(world->out));
        return;
    case CYCLE_EFFECT_CLOSE:
        judge_close(world);
        return;
    case CYCLE_EFFECT_FINISH:
        judge_finish(world);
        world->finished = true;
        return;
    default:
        judge_question(world, effect->type);
        break;
    }
    world->out = effect->type;
    world->connection |= effect->type == CYCLE_EFFECT_OPEN;
    world->opened |= effect->type == CYCLE_EFFECT_OPEN;
    world->poll |= effect->type == CYCLE_EFFECT_PULL;
    if (effect->type == CYCLE_EFFECT_BEGIN)
        world->begun++;
}

/* One move: something happens, the machine answers, its effects change the world. */
static void world_advance(struct world *world, const struct move *move)
{
    struct cycle_effect effects[CYCLE_EFFECTS_MAX];
    size_t count;

    world_happen(world, move);
    count = cycle_step(&world->cycle, &move->event, effects);
    for (size_t i = 0; i < count; i++)
        world_perform(world, &effects[i]);
    MUST(world, world->out != NOTHING || world->timer || world->finished); /* never stuck */
}

#endif

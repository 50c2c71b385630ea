/*
 * Walks every state that the cycle machine can reach, under everything that a world can do to it: each reply, a timer,
 * a lost connection with and without a question under way, a poll asked for, a stop. In each the rules of cycle_world.h
 * hold, STOP ends soon whatever is replied, and a world without further faults gets its poll.
 *
 * Counters are told apart only as far as the machine does it, so that the walk ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "core/cycle_world.h"

#define REPLIES_TO_STOP_MAX 3  /* between STOP and FINISH */
#define MOVES_TO_POLL_MAX   15 /* replies and timers, once the faults have ended */

#define KEY_SIZE 40

/* A reached state of the world, and how it was reached. */
struct node {
    uint8_t key[KEY_SIZE]; /* first: nodes are compared by it */
    struct world world;
    const struct node *parent;
    struct move move;
    struct node *next;  /* in the order of discovery */
    unsigned to_finish; /* once stopped: replies until the end; 0 = not known yet */
    bool visiting;
};

struct walk {
    void *tree; /* of nodes, for tsearch */
    struct node *first, **last;
    size_t count, moves;
    bool seen[CYCLE_STATE_COUNT];
};

static void print_way(const struct node *node)
{
    if (node->parent) {
        print_way(node->parent);
        print_error("  %-20s -> %s\n", cycle_event_name(node->move.event.type),
                    cycle_state_name(node->world.cycle.state));
    }
}

static _Noreturn void violated(const struct node *node, const char *rule)
{
    print_way(node);
    fail_msg("violated: %s", rule);
    abort();
}

static uint8_t at_most(uint32_t count, uint32_t limit)
{
    return (uint8_t)(count < limit ? count : limit);
}

static void make_key(struct node *node)
{
    const struct world *world = &node->world;
    const struct cycle *cycle = &world->cycle;
    bool resolves_once = cycle->mode == CYCLE_MODE_ONCE && cycle->uncertain;
    /* clang-format off */
    const uint8_t key[KEY_SIZE] = {
        (uint8_t)cycle->state, cycle->stopping, cycle->connected, cycle->locked, cycle->loaded, cycle->reload,
        cycle->due, cycle->polled, cycle->uncertain, cycle->confirm,
        cycle->retryable && cycle->state == CYCLE_ROLLING_BACK,
        cycle->poll_failure.class != ERROR_NONE, cycle->result.class != ERROR_NONE,
        at_most(cycle->poll_failures, CYCLE_FENCE_ATTEMPTS),
        at_most(cycle->database_failures, resolves_once ? CYCLE_RESOLVE_ATTEMPTS : 0),
        at_most(cycle->write_attempts, cycle->polled ? CYCLE_WRITE_ATTEMPTS : 0),
        (uint8_t)world->out, (uint8_t)world->interrupted, world->timer, world->connection, world->broken,
        world->lock, world->transaction, world->roster, world->stale, world->reload, world->poll,
        world->reported, world->remembered, world->applied, world->covered, world->unresolved,
        world->begun, world->opened, world->hopeless, world->stopped, world->finished,
    };
    /* clang-format on */

    memcpy(node->key, key, sizeof(key));
}

static int compare_nodes(const void *left, const void *right)
{
    return memcmp(((const struct node *)left)->key, ((const struct node *)right)->key, KEY_SIZE);
}

static void append(struct walk *walk, struct node *node)
{
    *walk->last = node;
    walk->last = &node->next;
    walk->count++;
    walk->seen[node->world.cycle.state] = true;
}

/* Makes the move and returns where it leads: a new node or one that is known. */
static struct node *follow(struct walk *walk, const struct node *from, const struct move *move)
{
    struct node *node = test_calloc(1, sizeof(*node));
    struct node *known;

    node->world = from->world;
    node->parent = from;
    node->move = *move;
    world_advance(&node->world, move);
    if (node->world.violated)
        violated(node, node->world.violated);
    make_key(node);
    known = *(struct node *const *)tsearch(node, &walk->tree, compare_nodes);
    if (known == node)
        append(walk, node);
    else
        test_free(node);
    return known;
}

static void walk_everywhere(struct walk *walk, enum cycle_mode mode)
{
    struct node *start = test_calloc(1, sizeof(*start));
    struct moves moves;

    *walk = (struct walk){.last = &walk->first};
    start->world = (struct world){.out = NOTHING, .interrupted = NOTHING};
    cycle_init(&start->world.cycle, mode);
    make_key(start);
    tsearch(start, &walk->tree, compare_nodes);
    append(walk, start);
    for (struct node *node = start; node; node = node->next) {
        world_moves(&node->world, &moves);
        for (size_t m = 0; m < moves.count; m++)
            follow(walk, node, &moves.list[m]);
        walk->moves += moves.count;
    }
}

static void walk_done(struct walk *walk)
{
    for (struct node *node = walk->first, *next; node; node = next) {
        next = node->next;
        tdelete(node, &walk->tree, compare_nodes);
        test_free(node);
    }
}

/* The longest way from a stopped node to FINISH, whatever is replied. Asking for a poll or stopping again is no reply. */
static unsigned replies_to_finish(struct walk *walk, struct node *node)
{
    struct moves moves;

    if (node->world.finished || node->to_finish > 0)
        return node->to_finish;
    if (node->visiting)
        violated(node, "after STOP nothing goes round in circles");
    node->visiting = true;
    world_moves(&node->world, &moves);
    for (size_t m = 0; m < moves.count; m++) {
        enum cycle_event_type type = moves.list[m].event.type;
        unsigned replies;

        if (type == CYCLE_EVENT_STOP || type == CYCLE_EVENT_POLL_NOW)
            continue;
        replies = 1 + replies_to_finish(walk, follow(walk, node, &moves.list[m]));
        node->to_finish = replies > node->to_finish ? replies : node->to_finish;
    }
    node->visiting = false;
    if (node->to_finish > REPLIES_TO_STOP_MAX)
        violated(node, "STOP leads to FINISH within few replies");
    return node->to_finish;
}

/* From here on everything goes well: the service has a good poll and waits for the next, the others finish. */
static unsigned moves_to_good_poll(const struct node *node)
{
    struct world world = node->world;
    unsigned count = 0;

    world.at_rest = false;
    while (!world.finished && (world.cycle.mode != CYCLE_MODE_SERVICE || !world.timer || !world.at_rest)) {
        struct moves moves;

        if (count++ == MOVES_TO_POLL_MAX)
            violated(node, "without further faults there is a good poll soon");
        world_moves(&world, &moves);
        world_advance(&world, &moves.list[0]);
    }
    return count;
}

static void check_every_state(enum cycle_mode mode)
{
    static const char *const names[] = {
        [CYCLE_MODE_SERVICE] = "service", [CYCLE_MODE_PLAN] = "plan", [CYCLE_MODE_ONCE] = "once"};
    struct walk walk;
    unsigned replies = 0, moves = 0;

    walk_everywhere(&walk, mode);
    for (struct node *node = walk.first; node; node = node->next) {
        unsigned to_finish = node->world.stopped ? replies_to_finish(&walk, node) : 0;
        unsigned to_poll = moves_to_good_poll(node);

        replies = to_finish > replies ? to_finish : replies;
        moves = to_poll > moves ? to_poll : moves;
    }
    for (int state = CYCLE_START; state < CYCLE_STATE_COUNT; state++) {
        if (mode == CYCLE_MODE_SERVICE && !walk.seen[state])
            fail_msg("the state %s is never reached", cycle_state_name((enum cycle_state)state));
    }
    print_message("%s: %zu states, %zu moves; at most %u replies from STOP to the end and %u moves from any "
                  "fault to a good poll\n",
                  names[mode], walk.count, walk.moves, replies, moves);
    walk_done(&walk);
}

static void test_service(void **state)
{
    (void)state;
    check_every_state(CYCLE_MODE_SERVICE);
}

static void test_once(void **state)
{
    (void)state;
    check_every_state(CYCLE_MODE_ONCE);
}

static void test_plan(void **state)
{
    (void)state;
    check_every_state(CYCLE_MODE_PLAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Ten thousand polls of a model organization on the pure core: after each the tables, the log replayed from zero and the
 * model's own bookkeeping agree, and nobody is removed without corroboration. (tests/integration/test_simulation.py
 * lives through some hundred with the real program and PostgreSQL.)
 *
 * SIMULATION_POLLS (10000) and SIMULATION_SEED (a fixed few and one at random) come from the environment. The seed of a
 * life that went wrong is printed.
 */
#include "base/random.h"
#include "core/simulation.h"

#include <inttypes.h>

static const uint64_t fixed_seeds[] = {1, 2, 3, 4};

static struct {
    uint64_t seed;
    uint64_t polls;
    bool over;
} life;

/* How large the organization is, and what its administrator wants, follows from the seed as well. */
static void choose_policy(struct simulation *simulation)
{
    static const size_t sizes[] = {3, 6, 12, 12, 25, 64};
    static const double shares[] = {-1, -1, 0, 0.1, 0.25};
    struct guard_policy *guard = &simulation->desk.guard;

    people_init(&simulation->people, simulation->list, sizes[any_below(simulation, 6)]);
    for (size_t i = 0; i < simulation->people.count; i++)
        simulation->list[i].member = one_in(simulation, 2);
    simulation->list[0].member = true;
    simulation->list[0].flags[FLAG_OWN] = 1;
    guard->demotions = shares[any_below(simulation, 5)];
    guard->owner_grants = shares[any_below(simulation, 5)];
    simulation->desk.removal.polls = 1 + (int32_t)any_below(simulation, 3);
    if (one_in(simulation, 4))
        return;
    simulation->desk.own_user = &simulation->list[0].user_id;
}

static struct simulation *simulation_new(uint64_t seed)
{
    struct simulation *simulation = memory_alloc(sizeof(*simulation));

    simulation->random = seed;
    mirror_init(&simulation->mirror);
    desk_init(&simulation->desk, &simulation->mirror);
    choose_policy(simulation);
    oracle_init(&simulation->oracle, simulation->people.count);
    buffer_init(&simulation->body, MEBIBYTE);
    simulation->schedule = (struct schedule_settings){
        .interval_us = 5 * MINUTE, .confirm_after_us = 30 * SECOND, .total_timeout_us = 10 * MINUTE};
    start_process(simulation);
    return simulation;
}

static void simulation_free(struct simulation *simulation)
{
    if (simulation->desk.poll)
        desk_discard(&simulation->desk);
    desk_forget(&simulation->desk);
    oracle_done(&simulation->oracle);
    mirror_done(&simulation->mirror);
    buffer_done(&simulation->body);
    free(simulation);
}

static void tell(const struct simulation *simulation)
{
    const struct tally *tally = &simulation->tally;
    const struct oracle *oracle = &simulation->oracle;

    print_message("seed %" PRIu64 ": %zu people, %" PRIu64 " polls took effect, %" PRIu64 " failed; %" PRIu64
                  " removals, %" PRIu64 " of them approved; %" PRIu64 " decisions, %" PRIu64
                  " hand edits, %" PRIu64 " lost COMMITs, %" PRIu64 " stops, %" PRIu64 " kills; held in",
                  life.seed, simulation->people.count, tally->polls, tally->failed, oracle->removals,
                  oracle->approved_removals, tally->decisions, tally->edits, tally->uncertain, tally->stopped,
                  tally->killed);
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++)
        print_message(" %" PRIu64 " %s", oracle->stood[each], guard_class_name(each));
    print_message(" polls\n");
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && text[0] ? strtoull(text, NULL, 10) : otherwise;
}

static void live(uint64_t seed)
{
    uint64_t polls = from_environment("SIMULATION_POLLS", 10000);
    struct simulation *simulation = simulation_new(seed);

    life.seed = seed;
    life.over = false;
    while (simulation->tally.polls < polls) {
        step_once(simulation);
        life.polls = simulation->tally.polls;
    }
    life.over = true;
    tell(simulation);
    simulation_free(simulation);
}

static void the_same_lives_every_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fixed_seeds) / sizeof(fixed_seeds[0]); i++)
        live(fixed_seeds[i]);
}

static void a_life_nobody_has_lived_before(void **state)
{
    uint32_t chance;

    (void)state;
    random_fill(&chance, sizeof(chance));
    live(chance);
}

static void the_life_that_was_asked_for(void **state)
{
    (void)state;
    live(from_environment("SIMULATION_SEED", 0));
}

static int tell_seed(void **state)
{
    (void)state;
    if (!life.over)
        print_error("it went wrong after %" PRIu64 " polls; again: SIMULATION_SEED=%" PRIu64 "\n", life.polls,
                    life.seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest asked_for[] = {cmocka_unit_test_teardown(the_life_that_was_asked_for, tell_seed)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_same_lives_every_time, tell_seed),
        cmocka_unit_test_teardown(a_life_nobody_has_lived_before, tell_seed),
    };

    if (getenv("SIMULATION_SEED"))
        return cmocka_run_group_tests(asked_for, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

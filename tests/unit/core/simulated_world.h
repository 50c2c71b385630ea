/*
 * What may happen to a simulated organization and its mirror: people join, leave, change; answers are clipped and spoiled;
 * clocks are set back; somebody edits the tables, approves, rejects. Chance decides, and everything follows from its seed.
 */
#ifndef TESTS_UNIT_CORE_SIMULATED_WORLD_H
#define TESTS_UNIT_CORE_SIMULATED_WORLD_H

#include "core/comparing.h"
#include "core/cycle.h"
#include "core/oracle.h"
#include "core/schedule.h"

#define MINUTE           (60 * SECOND)
#define HOUR             (60 * MINUTE)
#define FIRST_DAY        (INT64_C(1700000000) * SECOND)
#define NOTHING          CYCLE_EFFECT_TYPE_COUNT /* no reply is awaited */
#define SIMULATED_PEOPLE 64

struct tally {
    uint64_t polls; /* complete ones that took effect */
    uint64_t failed, stopped, killed, uncertain, edits, decisions;
};

struct simulation {
    uint64_t random;
    struct person list[SIMULATED_PEOPLE], answered[SIMULATED_PEOPLE];
    struct people people, answer; /* as it is, and as the present poll has been told */
    struct mirror mirror;
    struct desk desk;
    struct oracle oracle;
    struct buffer body;

    int64_t steady;      /* clock */
    int64_t answered_us; /* by it: when the present answer was complete */
    int64_t behind;      /* how much the wall clock is behind it */
    int64_t absence_us;  /* when one was last counted; 0: not known */
    int64_t compared_us; /* when all was compared last */
    struct schedule_settings schedule;
    int64_t last_pull;

    struct cycle cycle;
    enum cycle_effect_type out; /* its reply is awaited */
    struct cycle_effect wait;
    bool waiting, connected, broken, asking, finished;
    bool applied; /* the present poll's write is in the tables */

    bool silent;                                     /* the second source */
    enum hold_decision decisions[GUARD_CLASS_COUNT]; /* as the present comparison was told */
    bool edited;                                     /* somebody has been at this row */
    bool edited_before_load;
    struct uuid edited_id;
    uint64_t names; /* given so far */
    struct tally tally;
};

/* --- chance ------------------------------------------------------------------------------------------------------- */

static size_t any_below(struct simulation *simulation, size_t limit)
{
    return (size_t)(next_random(&simulation->random) % limit);
}

static bool one_in(struct simulation *simulation, size_t many)
{
    return any_below(simulation, many) == 0;
}

static struct person *anybody(struct simulation *simulation)
{
    return &simulation->list[any_below(simulation, simulation->people.count)];
}

/* --- what happens in Luzmo ---------------------------------------------------------------------------------------- */

static void come_or_go(struct simulation *simulation)
{
    struct person *person = anybody(simulation);

    person->member = !person->member || one_in(simulation, 4);
    if (one_in(simulation, 4))
        person->flags[FLAG_OWN] = 1;
}

static void take_name(struct simulation *simulation)
{
    struct person *person = anybody(simulation);

    snprintf(person->name, sizeof(person->name), "a%llu", (unsigned long long)simulation->names++);
}

static void flip(struct simulation *simulation)
{
    struct person *person = anybody(simulation);

    person->flags[any_below(simulation, PERSON_FLAGS)] = (int)any_below(simulation, 2);
    person->role_updated_s++;
}

static void lose_flag(struct simulation *simulation)
{
    anybody(simulation)->flags[any_below(simulation, PERSON_FLAGS)] = NOT_SENT;
}

static void bill(struct simulation *simulation)
{
    struct person *person = anybody(simulation);

    person->billing = !person->billing;
}

static void touch(struct simulation *simulation)
{
    anybody(simulation)->role_updated_s++;
}

static void respell(struct simulation *simulation)
{
    for (size_t i = 0; i < simulation->people.count; i++) {
        if (one_in(simulation, 2))
            simulation->list[i].spelling = (unsigned)any_below(simulation, SPELLINGS);
    }
}

static void spoil_or_mend(struct simulation *simulation)
{
    struct person *person = anybody(simulation);

    person->spoiled = !person->spoiled && one_in(simulation, 2);
}

/* Half of the answer is missing, or all is there again. */
static void clip(struct simulation *simulation)
{
    bool clips = one_in(simulation, 3);

    for (size_t i = 0; i < simulation->people.count; i++)
        simulation->list[i].missing = clips && one_in(simulation, 2);
}

static void miss_one(struct simulation *simulation)
{
    struct person *person = anybody(simulation);

    person->missing = !person->missing;
}

static void hide_ids(struct simulation *simulation)
{
    simulation->people.unreadable = !simulation->people.unreadable && one_in(simulation, 3);
}

static void be_silent(struct simulation *simulation)
{
    simulation->silent = !simulation->silent && one_in(simulation, 3);
}

static void be_silent_about_the_token(struct simulation *simulation)
{
    bool *silent = &simulation->desk.own_unanswered;

    *silent = !*silent && one_in(simulation, 3);
}

/* The token's user. */
static void gain_or_lose_sight(struct simulation *simulation)
{
    simulation->list[0].flags[FLAG_OWN] = one_in(simulation, 4) ? 0 : 1;
    simulation->list[0].member |= one_in(simulation, 2);
}

static void rename_organization(struct simulation *simulation)
{
    simulation->people.organization = one_in(simulation, 2) ? "Acme" : "{\\\"users\\\":[{";
}

static void set_clock_back(struct simulation *simulation)
{
    simulation->behind += (int64_t)any_below(simulation, 2 * HOUR);
}

static void sleep_long(struct simulation *simulation)
{
    simulation->steady += (int64_t)any_below(simulation, 30 * HOUR);
}

static const struct {
    void (*act)(struct simulation *simulation);
    size_t weight;
} happenings[] = {
    {come_or_go, 30},
    {take_name, 20},
    {flip, 20},
    {lose_flag, 8},
    {bill, 4},
    {touch, 4},
    {respell, 6},
    {spoil_or_mend, 6},
    {clip, 3},
    {miss_one, 6},
    {hide_ids, 2},
    {be_silent, 3},
    {be_silent_about_the_token, 3},
    {gain_or_lose_sight, 3},
    {rename_organization, 1},
    {set_clock_back, 1},
    {sleep_long, 2},
};

static void happen_once(struct simulation *simulation)
{
    size_t total = 0, from = 0;

    for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++)
        total += happenings[i].weight;
    size_t choice = any_below(simulation, total);
    for (size_t i = 0; i < sizeof(happenings) / sizeof(happenings[0]); i++) {
        from += happenings[i].weight;
        if (choice < from) {
            happenings[i].act(simulation);
            return;
        }
    }
}

/* --- what people do at the database ------------------------------------------------------------------------------- */

static void edit_row(struct simulation *simulation, const struct mirror_row *stored)
{
    struct member_row row = mirror_read(stored);

    if (row.removed_at == 0) {
        row.member.fields[FIELD_NAME] = a_text("Mallory");
        row.member.fields[FIELD_FLAG_OWN] = a_flag(true);
    }
    row.removed_at = 0;
    simulation->edited = true;
    simulation->edited_before_load = false;
    simulation->edited_id = stored->user_id;
    mirror_edit(&simulation->mirror, &stored->user_id, &row);
}

static bool has_deleted(const struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->known[i].deleted)
            return true;
    }
    return false;
}

/* One row at a time, and never the one of the token's user: what her row says is believed. */
static void meddle(struct simulation *simulation)
{
    size_t i = 1 + any_below(simulation, simulation->people.count - 1);
    const struct uuid user_id = person_id(i);
    const struct mirror_row *stored = mirror_find(&simulation->mirror, &user_id);

    if (simulation->edited || has_deleted(&simulation->oracle) || !stored || !stored->exists)
        return;
    simulation->tally.edits++;
    if (!simulation->oracle.known[i].mirrored || one_in(simulation, 2)) {
        edit_row(simulation, stored);
        return;
    }
    mirror_edit(&simulation->mirror, &user_id, NULL);
    simulation->oracle.known[i].deleted = true;
}

static void decide_some(struct simulation *simulation, size_t seldom)
{
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        struct standing *set = &simulation->oracle.sets[each];
        if (!set->stands || !one_in(simulation, seldom))
            continue;
        set->decision = one_in(simulation, 4) ? HOLD_REJECTED : HOLD_APPROVED;
        assert_true(mirror_decide(&simulation->mirror, each, set->decision));
        simulation->tally.decisions++;
    }
}

#endif

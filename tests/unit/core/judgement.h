/*
 * What a poll must be judged to be: worked out a second time from what the answer said and from the promises, without
 * looking at core/. Who is missing and confirmed, which sets are found, which of them stand, pass, or pass by approval.
 */
#ifndef TESTS_UNIT_CORE_JUDGEMENT_H
#define TESTS_UNIT_CORE_JUDGEMENT_H

#include "core/mirror.h"
#include "core/people.h"

#define KEY_MAX (256 * 1024)

/* One person, as the mirror must have her. */
struct known {
    bool mirrored;
    bool deleted;         /* mirrored, but somebody has deleted the row */
    struct person value;  /* name and flags as they must be stored */
    int counted;          /* polls that the row has counted */
    int64_t missed_at;    /* answered of the first of them, by the wall clock; 0: present */
    int missed_polls;     /* complete polls without her, one after the other */
    int64_t missed_since; /* the first of them, by the steady clock */
    int64_t missed_from;  /* and by the wall clock */
    int64_t shown_asked;  /* the last poll that showed her */
    bool shown_before;    /* that was the one before the first without her */
    bool vague;           /* those times are lost: somebody had deleted the row, or a hold was withdrawn */
    guard_mask held;      /* the sets in which she stands */
};

/* What stands held in a class, in words. */
struct standing {
    bool stands;
    struct buffer key;
    uint32_t members;
    enum hold_decision decision;
};

struct departure {
    int64_t answered;
    uint32_t members; /* without approval */
};

struct oracle {
    size_t count;
    struct known *known;
    bool owner_once; /* the mirror has had the token's user as an owner */
    struct standing sets[GUARD_CLASS_COUNT];
    struct departure *departures;
    size_t departure_count;
    bool told_all; /* the last poll had no record without an id */
    uint64_t removals, approved_removals, stood[GUARD_CLASS_COUNT]; /* to be told at the end */
};

/* One complete poll that took effect. */
struct oracle_poll {
    const struct people *people;
    const struct guard_policy *guard;
    const struct removal_policy *removal;
    const struct uuid *own_user;
    uint32_t members;        /* that the guards reckon with */
    int64_t asked, answered; /* wall clock */
    int64_t steady;
    bool baseline;
    bool silent;                                     /* the second source did not answer */
    bool token_silent;                               /* nor anybody, whose token it is */
    enum hold_decision decisions[GUARD_CLASS_COUNT]; /* when it was compared */
};

/* --- one poll, while it is judged --------------------------------------------------------------------------------- */

struct judged {
    struct oracle *oracle;
    const struct oracle_poll *poll;
    guard_mask *classes; /* of each person: those in which the step could be held */
    bool *pending;       /* missing, and not confirmed */
    struct standing found[GUARD_CLASS_COUNT];
    bool same[GUARD_CLASS_COUNT]; /* as stood before */
    bool approved[GUARD_CLASS_COUNT];
    bool passes[GUARD_CLASS_COUNT];
};

static const struct person *shown(const struct judged *judged, size_t i)
{
    const struct person *person = &judged->poll->people->list[i];

    return person_is_shown(person) && !person->spoiled ? person : NULL;
}

static bool is_missing_now(const struct judged *judged, size_t i)
{
    return judged->oracle->known[i].mirrored && !person_is_shown(&judged->poll->people->list[i]) &&
           !judged->poll->people->unreadable;
}

/* The poll counts: the first without her, or one that comes when enough time has passed. */
static bool counts_now(const struct judged *judged, const struct known *known)
{
    const struct removal_policy *removal = judged->poll->removal;

    return known->missed_at == 0 || removal->waited ||
           judged->poll->answered >= known->missed_at + known->counted * removal->confirm_after_us;
}

static bool is_confirmed(const struct judged *judged, size_t i)
{
    const struct known *known = &judged->oracle->known[i];

    return is_missing_now(judged, i) && !known->deleted && counts_now(judged, known) &&
           known->counted + 1 >= judged->poll->removal->polls;
}

/* --- steps of flags ----------------------------------------------------------------------------------------------- */

static int rank_of(const struct person *person)
{
    const int *flags = person->flags;

    if (flags[FLAG_OWN] == 1)
        return 4;
    if (flags[FLAG_ADMIN] == 1)
        return 3;
    if (flags[FLAG_EDITOR] == 1)
        return 2;
    if (flags[FLAG_MEMBER] == 1)
        return 1;
    return flags[FLAG_OWN] == NOT_SENT && flags[FLAG_EDITOR] == NOT_SENT && flags[FLAG_MEMBER] == NOT_SENT
               ? -1
               : 0;
}

static guard_mask step_classes(const struct person *before, const struct person *now)
{
    bool vanished = before->billing && !now->billing;
    guard_mask classes = 0;

    for (size_t flag = 0; flag < PERSON_FLAGS; flag++)
        vanished |= before->flags[flag] != NOT_SENT && now->flags[flag] == NOT_SENT;
    if (vanished)
        classes |= GUARD_BIT(GUARD_VANISHED_FLAGS);
    if (rank_of(now) >= 0 && rank_of(now) < rank_of(before))
        classes |= GUARD_BIT(GUARD_DEMOTIONS);
    if (now->flags[FLAG_OWN] == 1 && before->flags[FLAG_OWN] != 1)
        classes |= GUARD_BIT(GUARD_OWNER_GRANTS);
    return classes;
}

static double share_allowed(const struct guard_policy *guard, enum guard_class class)
{
    if (class == GUARD_VANISHED_FLAGS)
        return guard->vanished_flags;
    return class == GUARD_DEMOTIONS ? guard->demotions : guard->owner_grants;
}

static guard_mask flag_classes(const struct judged *judged, size_t i)
{
    const struct known *known = &judged->oracle->known[i];
    const struct person *now = shown(judged, i);
    bool newcomer = !known->mirrored || known->deleted;
    guard_mask classes = 0, may = 0;

    if (!now || (newcomer && judged->poll->baseline))
        return 0;
    if (!newcomer)
        classes = step_classes(&known->value, now);
    else if (now->flags[FLAG_OWN] == 1)
        classes = GUARD_BIT(GUARD_OWNER_GRANTS);
    for (enum guard_class each = GUARD_VANISHED_FLAGS; each < GUARD_CLASS_COUNT; each++)
        may |= share_allowed(judged->poll->guard, each) >= 0 ? GUARD_BIT(each) : 0;
    return classes & may;
}

static void add_flags(struct buffer *key, const struct person *person, bool with_name)
{
    for (size_t flag = 0; flag < PERSON_FLAGS; flag++)
        buffer_add_format(key, "%d,", person->flags[flag]);
    buffer_add_format(key, "%d,%d,%s;", person->billing, person->role_updated_s,
                      with_name ? person->name : "");
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

static void find_classes(struct judged *judged)
{
    for (size_t i = 0; i < judged->oracle->count; i++) {
        const struct known *known = &judged->oracle->known[i];
        bool confirmed = is_confirmed(judged, i);
        bool still_found = judged->poll->silent ? known->held & GUARD_BIT(GUARD_CONTESTED_REMOVALS)
                                                : judged->poll->people->list[i].member;
        judged->classes[i] = flag_classes(judged, i);
        if (confirmed)
            judged->classes[i] = GUARD_BIT(still_found ? GUARD_CONTESTED_REMOVALS : GUARD_REMOVALS);
        judged->pending[i] = is_missing_now(judged, i) && !confirmed &&
                             (!known->deleted || judged->poll->baseline);
        for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
            judged->found[each].members += (judged->classes[i] & GUARD_BIT(each)) != 0;
    }
}

static bool sees_everybody(const struct judged *judged)
{
    const struct uuid *own = judged->poll->own_user;

    if (!own || !judged->oracle->owner_once)
        return true;
    size_t i = person_index(own);
    const struct known *known = &judged->oracle->known[i];
    if (!person_is_shown(&judged->poll->people->list[i]))
        return false;
    const struct person *now = shown(judged, i);
    return now ? now->flags[FLAG_OWN] == 1 : known->mirrored && known->value.flags[FLAG_OWN] == 1;
}

static uint32_t removed_lately(const struct judged *judged)
{
    uint32_t members = 0;

    for (size_t i = judged->oracle->departure_count; i-- > 0;) {
        const struct departure *departure = &judged->oracle->departures[i];
        if (departure->answered <= judged->poll->answered - REMOVED_LATELY_US)
            break;
        members += departure->members;
    }
    return members;
}

/* In whole numbers: the share is one of hundredths. */
static uint32_t may_leave(const struct guard_policy *guard, uint32_t members)
{
    uint32_t percent = (uint32_t)(guard->removals * 100 + 0.5);
    uint32_t share = (percent * members + 99) / 100;
    uint32_t limit = share > guard->removals_floor ? share : guard->removals_floor;

    limit = limit < members / 2 ? limit : members / 2;
    limit = limit < guard->removals_max ? limit : guard->removals_max;
    return limit > 1 ? limit : 1;
}

static bool is_too_much(const struct judged *judged, enum guard_class class)
{
    const struct guard_policy *guard = judged->poll->guard;
    uint32_t count = judged->found[class].members;
    uint32_t lately = removed_lately(judged);

    if (class == GUARD_CONTESTED_REMOVALS)
        return true;
    if (class != GUARD_REMOVALS)
        return count * 100 > (uint32_t)(share_allowed(guard, class) * 100 + 0.5) * judged->poll->members;
    return judged->poll->token_silent || !sees_everybody(judged) || judged->poll->silent ||
           count + lately > may_leave(guard, judged->poll->members + lately);
}

static void add_to_key(struct judged *judged, enum guard_class class, size_t i)
{
    const struct known *known = &judged->oracle->known[i];
    struct buffer *key = &judged->found[class].key;
    const struct person *now = shown(judged, i);

    buffer_add_format(key, "%zu:", i);
    if (known->mirrored)
        add_flags(key, &known->value, !now);
    buffer_add_text(key, ">");
    if (now)
        add_flags(key, now, !known->mirrored);
}

static void name_set(struct judged *judged, enum guard_class class)
{
    struct standing *found = &judged->found[class];

    for (size_t i = 0; i < judged->oracle->count; i++) {
        bool pending = class == GUARD_REMOVALS && judged->pending[i];
        found->members += pending;
        if (pending || (judged->classes[i] & GUARD_BIT(class)))
            add_to_key(judged, class, i);
    }
}

static bool has_pending(const struct judged *judged)
{
    for (size_t i = 0; i < judged->oracle->count; i++) {
        if (judged->pending[i])
            return true;
    }
    return false;
}

static void judge_class_of(struct judged *judged, enum guard_class class)
{
    const struct standing *stood = &judged->oracle->sets[class];
    struct standing *found = &judged->found[class];
    bool pending = class == GUARD_REMOVALS && has_pending(judged);

    if (found->members == 0)
        return;
    judged->passes[class] = !is_too_much(judged, class);
    if (judged->passes[class])
        return;
    name_set(judged, class);
    bool same = stood->stands && same_text(stood->key.data, found->key.data);
    judged->approved[class] = same && !pending && judged->poll->decisions[class] == HOLD_APPROVED;
    found->stands = !judged->approved[class];
    judged->same[class] = same;
    if (same)
        found->decision = stood->decision;
}

static bool shows_some_of(const struct judged *judged, enum guard_class class)
{
    for (size_t i = 0; i < judged->oracle->count; i++) {
        const struct known *known = &judged->oracle->known[i];
        bool here = person_is_shown(&judged->poll->people->list[i]) && !known->deleted;
        if ((known->held & GUARD_BIT(class)) && (here || shown(judged, i)))
            return true;
    }
    return false;
}

/* An answer that cannot tell who is missing leaves it at what was held, unless it shows that this was another set. */
static void keep_removals(struct judged *judged, enum guard_class class)
{
    const struct standing *stood = &judged->oracle->sets[class];

    if (!stood->stands)
        return;
    if (shows_some_of(judged, class)) {
        for (size_t i = 0; i < judged->oracle->count; i++)
            judged->oracle->known[i].vague |= (judged->oracle->known[i].held & GUARD_BIT(class)) != 0;
        return;
    }
    judged->found[class].stands = judged->same[class] = true;
    judged->found[class].members = stood->members;
    judged->found[class].decision = stood->decision;
    buffer_add_text(&judged->found[class].key, stood->key.data);
}

static bool waits_for_another(const struct judged *judged, enum guard_class class)
{
    for (size_t i = 0; i < judged->oracle->count; i++) {
        if (!(judged->classes[i] & GUARD_BIT(class)))
            continue;
        for (size_t other = 0; other < GUARD_CLASS_COUNT; other++) {
            if ((judged->classes[i] & GUARD_BIT(other)) && judged->found[other].stands)
                return true;
        }
    }
    return false;
}

static void judge_classes(struct judged *judged)
{
    find_classes(judged);
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        if (each <= GUARD_CONTESTED_REMOVALS && judged->poll->people->unreadable)
            keep_removals(judged, each);
        else
            judge_class_of(judged, each);
    }
    for (size_t round = 0; round < GUARD_CLASS_COUNT; round++) {
        for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
            if (judged->approved[each] && waits_for_another(judged, each)) {
                judged->approved[each] = false;
                judged->found[each].stands = true;
            }
        }
    }
}

#endif

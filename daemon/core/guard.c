/*
 * What is held, and why. A percentage alone would let a small organization lose everybody and a large one lose
 * thousands, so the limit for removals has a floor and two ceilings.
 */
#include "core/guard.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[GUARD_CLASS_COUNT] = {
    [GUARD_REMOVALS] = "removals",
    [GUARD_CONTESTED_REMOVALS] = "contested_removals",
    [GUARD_VANISHED_FLAGS] = "vanished_flags",
    [GUARD_DEMOTIONS] = "demotions",
    [GUARD_OWNER_GRANTS] = "owner_grants",
};

const char *guard_class_name(enum guard_class class)
{
    return class_names[class];
}

bool guard_class_parse(const char *word, enum guard_class *ret_class)
{
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++) {
        if (strcmp(word, class_names[i]) == 0) {
            *ret_class = (enum guard_class)i;
            return true;
        }
    }
    return false;
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

/* A share of 15 % is not exactly 0.15; what is whole on paper must not be rounded up past it. */
#define ROUNDING 1e-9

static uint32_t lesser(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

static uint32_t greater(uint32_t left, uint32_t right)
{
    return left > right ? left : right;
}

uint32_t guard_removal_limit(const struct guard_policy *policy, uint32_t members)
{
    if (policy->removals < 0)
        return UINT32_MAX;
    uint32_t share = (uint32_t)ceil(policy->removals * members - ROUNDING);
    uint32_t wanted = greater(policy->removals_floor, share);

    return greater(1, lesser(lesser(wanted, members / 2), policy->removals_max));
}

static bool is_beyond(double share, uint32_t members, uint32_t count)
{
    return share >= 0 && count > share * members + ROUNDING;
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

static bool is_flag(enum member_field field)
{
    return member_fields[field].group == FIELD_GROUP_ROLE;
}

static bool loses_flag(const struct member *before, const struct member *now)
{
    for (enum member_field field = 0; field < FIELD_COUNT; field++) {
        if (is_flag(field) && before->fields[field].known && !now->fields[field].known)
            return true;
    }
    return member_lacks_other_flag(before, now);
}

guard_mask guard_classes_of(const struct member *before, const struct member *now)
{
    bool was_owner = before && member_is_owner(before);
    guard_mask classes = 0;

    if (member_is_owner(now) && !was_owner)
        classes |= GUARD_BIT(GUARD_OWNER_GRANTS);
    if (before && loses_flag(before, now))
        classes |= GUARD_BIT(GUARD_VANISHED_FLAGS);
    if (before && member_rank(now) >= 0 && member_rank(now) < member_rank(before))
        classes |= GUARD_BIT(GUARD_DEMOTIONS);
    return classes;
}

static double share_of(const struct guard_policy *policy, enum guard_class class)
{
    const double shares[GUARD_CLASS_COUNT] = {
        [GUARD_VANISHED_FLAGS] = policy->vanished_flags,
        [GUARD_DEMOTIONS] = policy->demotions,
        [GUARD_OWNER_GRANTS] = policy->owner_grants,
    };

    return shares[class];
}

guard_mask guard_holdable(const struct guard_policy *policy)
{
    guard_mask classes = 0;

    for (enum guard_class each = GUARD_VANISHED_FLAGS; each < GUARD_CLASS_COUNT; each++) {
        if (share_of(policy, each) >= 0)
            classes |= GUARD_BIT(each);
    }
    return classes;
}

/* --- verdicts ----------------------------------------------------------------------------------------------------- */

static bool doubts(enum guard_doubt doubt, char ret_reason[GUARD_REASON_MAX])
{
    static const char *const reasons[] = {
        [GUARD_DOUBT_SIGHT] =
            "the token's user was an owner and is no owner in this answer, so the answer may lack "
            "members whom only an owner sees; make that user an owner again, or approve",
        [GUARD_DOUBT_TOKEN] =
            "Luzmo could not be asked whose token this is, so it is not known whether its user still sees "
            "everybody; that is tried again with the next poll",
        [GUARD_DOUBT_SOURCE] =
            "Luzmo could not be asked for the absent members themselves to confirm that they are "
            "gone; that is tried again with the next poll",
    };

    if (doubt == GUARD_DOUBT_NONE)
        return false;
    snprintf(ret_reason, GUARD_REASON_MAX, "%s", reasons[doubt]);
    return true;
}

static const char *be(uint32_t members)
{
    return members == 1 ? "is" : "are";
}

static bool holds_removals(const struct guard_policy *policy, const struct guard_figures *figures,
                           char ret_reason[GUARD_REASON_MAX])
{
    uint32_t count = figures->count[GUARD_REMOVALS];
    uint32_t members = figures->members + figures->removed_lately;
    uint32_t limit = guard_removal_limit(policy, members);

    if (count == 0)
        return false;
    if (figures->doubt == GUARD_DOUBT_SIGHT)
        return doubts(figures->doubt, ret_reason);
    if ((uint64_t)count + figures->removed_lately <= limit)
        return doubts(figures->doubt,
                      ret_reason); /* it may pass; what is beyond the limit has a reason that stays */
    if (figures->removed_lately > 0)
        snprintf(
            ret_reason, GUARD_REASON_MAX,
            "%u more of %u members %s gone after %u in the last 24 hours; %u may leave in that time without "
            "approval (guard.removals)",
            count, members, be(count), figures->removed_lately, limit);
    else
        snprintf(ret_reason, GUARD_REASON_MAX,
                 "%u of %u members %s gone; %u may leave in 24 hours without approval (guard.removals)",
                 count, members, be(count), limit);
    return true;
}

static bool holds_share(const struct guard_policy *policy, const struct guard_figures *figures,
                        enum guard_class class, char ret_reason[GUARD_REASON_MAX])
{
    static const char *const deeds[GUARD_CLASS_COUNT] = {
        [GUARD_VANISHED_FLAGS] = "would lose flags that Luzmo does not send any more",
        [GUARD_DEMOTIONS] = "would have a lesser role",
        [GUARD_OWNER_GRANTS] = "would become owners",
    };
    double share = share_of(policy, class);
    uint32_t count = figures->count[class];

    if (!is_beyond(share, figures->members, count))
        return false;
    snprintf(ret_reason, GUARD_REASON_MAX, "%u of %u members %s; up to %g%% may without approval (guard.%s)",
             count, figures->members, deeds[class], share * 100, guard_class_name(class));
    return true;
}

bool guard_holds(const struct guard_policy *policy, const struct guard_figures *figures,
                 enum guard_class class, char ret_reason[GUARD_REASON_MAX])
{
    uint32_t count = figures->count[class];

    if (class == GUARD_REMOVALS)
        return holds_removals(policy, figures, ret_reason);
    if (class != GUARD_CONTESTED_REMOVALS)
        return holds_share(policy, figures, class, ret_reason);
    if (count > 0)
        snprintf(
            ret_reason, GUARD_REASON_MAX,
            "%u of %u members %s not in the organization's answer, but Luzmo still finds them when asked for "
            "them: the answer may be incomplete",
            count, figures->members, be(count));
    return count > 0;
}

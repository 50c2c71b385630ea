/*
 * The guards: is what an answer says plausible? Held is only what an incomplete answer could fake, and what the
 * administrator wants held; everything else goes on. Pure: figures in, a verdict and a sentence out.
 */
#ifndef CORE_GUARD_H
#define CORE_GUARD_H

#include "core/model.h"

#include <stdbool.h>
#include <stdint.h>

enum guard_class {
    GUARD_REMOVALS,           /* confirmed absences, nobody of whom the API's second answer knows */
    GUARD_CONTESTED_REMOVALS, /* confirmed absences of users whom the API still finds when asked for them */
    GUARD_VANISHED_FLAGS,     /* a flag was true or false and is not sent any more */
    GUARD_DEMOTIONS,          /* the role became a lesser one */
    GUARD_OWNER_GRANTS,       /* flag_own became true, or somebody joined with it */
    GUARD_CLASS_COUNT
};

/* A set of classes. */
typedef uint32_t guard_mask;
#define GUARD_BIT(class) ((guard_mask)1u << (class))

const char *guard_class_name(enum guard_class class); /* "contested_removals" */
bool guard_class_parse(const char *word, enum guard_class *ret_class);

/* Shares of the members, 0 to 1; negative: that class is never held for its number. */
struct guard_policy {
    double removals;
    uint32_t removals_floor;
    uint32_t removals_max;
    double vanished_flags;
    double demotions;
    double owner_grants;
};

/* How many of `members` may leave within 24 hours without approval:
 * max(1, min(max(removals_floor, ceil(removals * members)), floor(members / 2), removals_max)). */
uint32_t guard_removal_limit(const struct guard_policy *policy, uint32_t members);

/* The classes, beside the removals, to which the step from `before` (NULL: a newcomer) to `now` belongs. */
guard_mask guard_classes_of(const struct member *before, const struct member *now);

/* Those of them that this policy may hold at all. */
guard_mask guard_holdable(const struct guard_policy *policy);

/* Why nothing that the answer lacks may be believed to be gone, whatever the numbers. */
enum guard_doubt {
    GUARD_DOUBT_NONE,
    GUARD_DOUBT_SIGHT, /* the token's user was an owner and is none in the answer: it may not see everybody */
    GUARD_DOUBT_TOKEN, /* the API could not be asked whose token it is, so that its sight is not known */
    GUARD_DOUBT_SOURCE, /* the API could not be asked for the absent ones */
};

struct guard_figures {
    uint32_t members;        /* present before the poll */
    uint32_t removed_lately; /* in the 24 hours before, without approval */
    uint32_t count[GUARD_CLASS_COUNT];
    enum guard_doubt doubt;
};

#define GUARD_REASON_MAX 240

/* Whether this class is held. ret_reason is set when it is: one sentence with numbers. */
bool guard_holds(const struct guard_policy *policy, const struct guard_figures *figures,
                 enum guard_class class, char ret_reason[GUARD_REASON_MAX]);

#endif

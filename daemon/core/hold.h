/*
 * Holds: changes that were found and not applied, one set for each guard class, and what people decided about them. A
 * set is named by one SHA-256 over exactly what it would do, so that nothing else can be approved under its name.
 */
#ifndef CORE_HOLD_H
#define CORE_HOLD_H

#include "base/digest.h"
#include "core/change.h"
#include "core/guard.h"
#include "core/lists.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- what stands in the tables ------------------------------------------------------------------------------------ */

enum hold_decision { HOLD_UNDECIDED, HOLD_APPROVED, HOLD_REJECTED };

struct hold_set {
    bool stands;
    uint8_t digest[SHA256_SIZE];
    enum hold_decision decision; /* the latest one about this very digest that is still open */
    int64_t approval_id;         /* of that decision's row */
};

/* One member in a standing set, and when its change was observed first (microseconds since 1970). */
struct hold {
    enum guard_class class;
    struct uuid user_id;
    int64_t observed_after;
    int64_t observed_at;
};

/* What the guards need to know of the past. A zeroed one is empty. */
struct hold_past {
    uint32_t removed_lately; /* members removed in the 24 hours before, without approval */
    bool own_is_owner;       /* the token's user, as its row has it */
    bool own_was_owner;      /* now or at any time before, as rows and log have it */
    struct hold_set sets[GUARD_CLASS_COUNT];
    struct hold *holds; /* malloc */
    size_t count;
    size_t capacity;
    bool sorted;
};

void hold_past_add(struct hold_past *past, const struct hold *hold);
void hold_past_done(struct hold_past *past); /* leaves an empty one */

/* The member's place in that class's standing set, or NULL. Sorts when needed: add all before. */
const struct hold *hold_past_find(struct hold_past *past, enum guard_class class, const struct uuid *user_id);

/* --- one held change ---------------------------------------------------------------------------------------------- */

/* The change that would have been recorded, had it not been held; its images belong to whoever made it. */
struct held {
    enum guard_class class;
    struct change change;
};

/* --- a set in the making ------------------------------------------------------------------------------------------ */

/* Members and digests of their values, 48 bytes each. A zeroed one is empty. */
struct hold_digest {
    struct hold_digest_entry *entries; /* malloc */
    size_t count;
    size_t capacity;
};

/* Takes the change's member and images; not its times. */
void hold_digest_add(struct hold_digest *set, const struct change *change);

/* Moves those of these members to another set. */
void hold_digest_split(struct hold_digest *set, struct id_list *members, struct hold_digest *others);

void hold_digest_join(struct hold_digest *set, const struct hold_digest *others);

/* SHA-256 over organization, class and the members in the order of their ids, each with old and new values. */
void hold_digest_finish(struct hold_digest *set, const char *organization_id, enum guard_class class,
                        uint8_t ret_digest[SHA256_SIZE]);

/* Whether some member is in both; both are finished. */
bool hold_digest_meets(const struct hold_digest *set, const struct hold_digest *other);

void hold_digest_done(struct hold_digest *set);

/* --- what a cycle makes of a class -------------------------------------------------------------------------------- */

enum hold_verdict {
    HOLD_NONE,   /* nothing of this class was found */
    HOLD_PASSES, /* below what is held */
    HOLD_PASSES_APPROVED,
    HOLD_STANDS, /* held */
};

struct hold_result {
    enum hold_verdict verdict;
    uint32_t members;
    uint8_t digest[SHA256_SIZE];   /* with HOLD_PASSES_APPROVED and HOLD_STANDS */
    char reason[GUARD_REASON_MAX]; /* with HOLD_STANDS */
    bool known;                    /* with HOLD_STANDS: the tables have this very set */
    bool silenced;                 /* with HOLD_STANDS: known, and rejected by somebody */
    bool lapsed;                   /* with HOLD_STANDS: the decision about the set before is of no more use */
    int64_t approval_id;           /* with HOLD_PASSES_APPROVED */
};

#endif

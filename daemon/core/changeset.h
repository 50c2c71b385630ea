/*
 * The change set: everything one cycle wants to write, gathered before its transaction begins.
 */
#ifndef CORE_CHANGESET_H
#define CORE_CHANGESET_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/spool.h"
#include "core/change.h"
#include "core/hold.h"
#include "core/record.h"

struct changeset_counts {
    uint32_t added; /* baseline, joined and rejoined */
    uint32_t removed;
    uint32_t role_changed;
    uint32_t role_touched;
    uint32_t profile_changed;
    uint32_t repaired;
    uint32_t absent;              /* newly marked absent or one more poll counted */
    uint32_t returned;            /* absence mark taken off */
    uint32_t refreshed;           /* only the digest is written */
    uint32_t rejected;            /* quarantined now and not before */
    uint32_t held;                /* changes that are held after the cycle */
    uint32_t removed_by_approval; /* of `removed`: those that would be held if nobody had approved them */
};

/* What is applied at once, but should be looked at: who became an owner, whose role became a lesser one. */
struct alert {
    enum guard_class class; /* GUARD_OWNER_GRANTS or GUARD_DEMOTIONS */
    struct uuid user_id;
};

#define ALERTS_NAMED 20

struct alerts {
    uint32_t count[GUARD_CLASS_COUNT];
    bool owner_lost;                  /* an owner was demoted or removed: perhaps too few are left */
    struct alert named[ALERTS_NAMED]; /* the first ones */
    size_t named_count;
};

/* A record that could not be decoded. */
struct rejection {
    bool has_user_id;
    struct uuid user_id;
    struct digest slice_digest;
    char reason[256];
};

struct changeset {
    struct spool inserts; /* record.h rows that have no row in the table yet */
    struct spool updates; /* record.h rows that replace an existing one, whole */
    struct spool changes; /* record.h changes, in the order in which they get their change_id */
    struct spool held;    /* record.h's held changes, of sets that the tables do not have yet */
    struct hold_result holds[GUARD_CLASS_COUNT];
    bool holds_changed; /* another set is held than before, of whatever class */
    struct alerts alerts;
    struct changeset_counts counts;
    bool organization_changed; /* its name differs: the organization's row is written */
    struct buffer record;      /* the record being added, empty in between */
};

void changeset_init(struct changeset *set, size_t memory_limit, const char *spool_directory);
void changeset_done(struct changeset *set);

/* Each copies what it is given. Errors are spool_append's, and ERROR_INTERNAL for a row that no answer can have made. */
MUST_CHECK int changeset_insert(struct changeset *set, const struct member_row *row, struct error *error);
MUST_CHECK int changeset_update(struct changeset *set, const struct member_row *row, struct error *error);
MUST_CHECK int changeset_change(struct changeset *set, const struct change *change, struct error *error);
MUST_CHECK int changeset_hold(struct changeset *set, const struct held *held, struct error *error);

void changeset_alert(struct changeset *set, enum guard_class class, const struct uuid *user_id);

/* Nothing but coverage would be written. */
bool changeset_is_empty(const struct changeset *set);

#endif

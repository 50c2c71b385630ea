/*
 * What the tests about holds share: what a poll finds in doubt, and what people decide about it. Sets are named by one
 * letter; it is every byte of the set's digest.
 */
#ifndef UNIT_POSTGRES_HOLD_DESK_H
#define UNIT_POSTGRES_HOLD_DESK_H

#include "postgres/store_desk.h"

/* The class's set as it stands after this poll: its digest is 32 times `name`. Its members follow. */
static inline void stand(struct desk *desk, enum guard_class class, char name, const char *reason)
{
    struct hold_result *hold = &desk->set.holds[class];

    hold->verdict = HOLD_STANDS;
    memset(hold->digest, name, sizeof(hold->digest));
    (void)snprintf(hold->reason, sizeof(hold->reason), "%s", reason);
    desk->set.holds_changed = true;
}

static inline void add_held(struct desk *desk, const struct held *held)
{
    struct error error;

    assert_int_equal(changeset_hold(&desk->set, held, &error), 0);
    desk->set.holds[held->class].members++;
    desk->set.counts.held++;
}

static inline void hold_removal(struct desk *desk, int number)
{
    static const char values[] = "{\"email\":\"user@example.com\",\"flag_own\":false}";

    add_held(desk, &(struct held){.class = GUARD_REMOVALS,
                                  .change = {.kind = CHANGE_LEFT,
                                             .user_id = user_id(number),
                                             .old_values = values,
                                             .old_length = strlen(values),
                                             .observed_after = desk->poll.asked - MINUTE_US,
                                             .observed_at = desk->poll.answered}});
}

/* flag_member, which was true, has become `now`. */
static inline struct change vanished_flag(const struct desk *desk, int number, const char *now)
{
    static const char before[] = "{\"flag_member\":true}";

    return (struct change){.kind = CHANGE_ROLE_CHANGED,
                           .user_id = user_id(number),
                           .old_values = before,
                           .old_length = strlen(before),
                           .new_values = now,
                           .new_length = strlen(now),
                           .observed_after = desk->poll.asked - MINUTE_US,
                           .observed_at = desk->poll.answered};
}

static inline void hold_vanished_flag(struct desk *desk, int number, const char *now)
{
    add_held(desk, &(struct held){.class = GUARD_VANISHED_FLAGS, .change = vanished_flag(desk, number, now)});
}

/* Users 0 to count - 1 are missing, too many to be believed. */
static inline void hold_removals(struct desk *desk, char name, int count)
{
    stand(desk, GUARD_REMOVALS, name, "half of all are missing");
    for (int number = 0; number < count; number++)
        hold_removal(desk, number);
}

/* The member leaves after all. */
static inline void remove_member(struct desk *desk, int number)
{
    struct member_row row = some_member(desk, number);

    row.removed_at = desk->poll.answered;
    add_update(desk, &row);
    add_change(desk, CHANGE_LEFT, &row);
    desk->set.counts.removed++;
}

/* A decision about the set of that name; gives its approval_id. */
static inline int64_t decide(const char *decision, const char *class, char name)
{
    return server_number(&server,
                         "INSERT INTO rollcall.approval (organization_id, class, set_digest, decision) "
                         "VALUES ('" ORGANIZATION
                         "', '%s', repeat('%c', 32)::bytea, '%s') RETURNING approval_id",
                         class, name, decision);
}

static inline void apply_approved(struct desk *desk, enum guard_class class, int64_t approval_id)
{
    desk->set.holds[class].verdict = HOLD_PASSES_APPROVED;
    desk->set.holds[class].approval_id = approval_id;
    desk->set.holds_changed = true;
}

#endif

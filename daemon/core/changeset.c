/*
 * Four spools and some counts. It trusts whoever fills it; what belongs together is decided by the comparison.
 */
#include "core/changeset.h"

#include "core/record.h"

#define MIB        ((size_t)1024 * 1024)
#define RECORD_MAX (16 * MIB)

void changeset_init(struct changeset *set, size_t memory_limit, const char *spool_directory)
{
    *set = (struct changeset){.organization_changed = false};
    spool_init(&set->inserts, memory_limit, spool_directory);
    spool_init(&set->updates, memory_limit, spool_directory);
    spool_init(&set->changes, memory_limit, spool_directory);
    spool_init(&set->held, memory_limit, spool_directory);
    buffer_init(&set->record, RECORD_MAX);
}

void changeset_done(struct changeset *set)
{
    if (!set)
        return;
    spool_done(&set->inserts);
    spool_done(&set->updates);
    spool_done(&set->changes);
    spool_done(&set->held);
    buffer_done(&set->record);
}

static int append_record(struct changeset *set, struct spool *spool, struct error *error)
{
    int status = 0;

    if (set->record.overflowed)
        status = error_set(error, ERROR_INTERNAL,
                           "a member's texts take more than %zu MiB in the table member", RECORD_MAX / MIB);
    else
        status = spool_append(spool, set->record.data, set->record.length, error);
    buffer_clear(&set->record);
    return status;
}

int changeset_insert(struct changeset *set, const struct member_row *row, struct error *error)
{
    record_add_row(&set->record, row);
    return append_record(set, &set->inserts, error);
}

int changeset_update(struct changeset *set, const struct member_row *row, struct error *error)
{
    record_add_row(&set->record, row);
    return append_record(set, &set->updates, error);
}

int changeset_change(struct changeset *set, const struct change *change, struct error *error)
{
    record_add_change(&set->record, change);
    return append_record(set, &set->changes, error);
}

int changeset_hold(struct changeset *set, const struct held *held, struct error *error)
{
    record_add_held(&set->record, held);
    return append_record(set, &set->held, error);
}

void changeset_alert(struct changeset *set, enum guard_class class, const struct uuid *user_id)
{
    struct alerts *alerts = &set->alerts;

    alerts->count[class]++;
    if (alerts->named_count < ALERTS_NAMED)
        alerts->named[alerts->named_count++] = (struct alert){.class = class, .user_id = *user_id};
}

bool changeset_is_empty(const struct changeset *set)
{
    return set->inserts.records == 0 && set->updates.records == 0 && set->changes.records == 0 &&
           set->counts.rejected == 0 && !set->organization_changed && !set->holds_changed;
}

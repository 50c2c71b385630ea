/*
 * Sets of held changes: finding a member in a standing one, and naming a new one.
 */
#include "core/hold.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* --- what stands in the tables ------------------------------------------------------------------------------------ */

static int compare_holds(const void *left, const void *right)
{
    const struct hold *one = left, *other = right;

    if (one->class != other->class)
        return one->class < other->class ? -1 : 1;
    return uuid_compare(&one->user_id, &other->user_id);
}

void hold_past_add(struct hold_past *past, const struct hold *hold)
{
    if (past->count == past->capacity) {
        past->capacity = past->capacity ? 2 * past->capacity : 16;
        past->holds = memory_grow(past->holds, past->capacity, sizeof(*past->holds));
    }
    past->holds[past->count++] = *hold;
    past->sorted = false;
}

void hold_past_done(struct hold_past *past)
{
    free(past->holds);
    memset(past, 0, sizeof(*past));
}

const struct hold *hold_past_find(struct hold_past *past, enum guard_class class, const struct uuid *user_id)
{
    struct hold key = {.class = class, .user_id = *user_id};

    if (past->count == 0)
        return NULL;
    if (!past->sorted)
        qsort(past->holds, past->count, sizeof(*past->holds), compare_holds);
    past->sorted = true;
    return bsearch(&key, past->holds, past->count, sizeof(key), compare_holds);
}

/* --- a set in the making ------------------------------------------------------------------------------------------ */

struct hold_digest_entry {
    struct uuid user_id;
    uint8_t values[SHA256_SIZE];
};

static int compare_entries(const void *left, const void *right)
{
    return uuid_compare(&((const struct hold_digest_entry *)left)->user_id,
                        &((const struct hold_digest_entry *)right)->user_id);
}

/* With its length before it, no text can pass for the end of one and the beginning of another. */
static void add_text(struct sha256 *sha, const char *text, size_t length)
{
    uint8_t size[8];

    for (size_t i = 0; i < sizeof(size); i++)
        size[i] = (uint8_t)((uint64_t)length >> (8 * i));
    sha256_add(sha, size, sizeof(size));
    sha256_add(sha, text, length);
}

static void add_entry(struct hold_digest *set, const struct hold_digest_entry *entry)
{
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? 2 * set->capacity : 16;
        set->entries = memory_grow(set->entries, set->capacity, sizeof(*set->entries));
    }
    set->entries[set->count++] = *entry;
}

void hold_digest_add(struct hold_digest *set, const struct change *change)
{
    struct hold_digest_entry entry = {.user_id = change->user_id};
    struct sha256 *sha = sha256_new();

    add_text(sha, change->old_values ? change->old_values : "", change->old_length);
    add_text(sha, change->new_values ? change->new_values : "", change->new_length);
    sha256_finish(sha, entry.values);
    sha256_free(sha);
    add_entry(set, &entry);
}

void hold_digest_split(struct hold_digest *set, struct id_list *members, struct hold_digest *others)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++) {
        if (id_list_has(members, &set->entries[i].user_id))
            add_entry(others, &set->entries[i]);
        else
            set->entries[kept++] = set->entries[i];
    }
    set->count = kept;
}

void hold_digest_join(struct hold_digest *set, const struct hold_digest *others)
{
    for (size_t i = 0; i < others->count; i++)
        add_entry(set, &others->entries[i]);
}

void hold_digest_finish(struct hold_digest *set, const char *organization_id, enum guard_class class,
                        uint8_t ret_digest[SHA256_SIZE])
{
    const char *name = guard_class_name(class);
    struct sha256 *sha = sha256_new();

    if (set->count > 0)
        qsort(set->entries, set->count, sizeof(*set->entries), compare_entries);
    add_text(sha, organization_id, strlen(organization_id));
    add_text(sha, name, strlen(name));
    for (size_t i = 0; i < set->count; i++) {
        sha256_add(sha, set->entries[i].user_id.bytes, sizeof(set->entries[i].user_id.bytes));
        sha256_add(sha, set->entries[i].values, sizeof(set->entries[i].values));
    }
    sha256_finish(sha, ret_digest);
    sha256_free(sha);
}

bool hold_digest_meets(const struct hold_digest *set, const struct hold_digest *other)
{
    size_t here = 0, there = 0;

    while (here < set->count && there < other->count) {
        int order = compare_entries(&set->entries[here], &other->entries[there]);
        if (order == 0)
            return true;
        here += order < 0;
        there += order > 0;
    }
    return false;
}

void hold_digest_done(struct hold_digest *set)
{
    free(set->entries);
    memset(set, 0, sizeof(*set));
}

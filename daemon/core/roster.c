/*
 * Entries stand in the order in which they were added. Removed ones leave holes, so that removing many costs no more
 * than removing one and the numbers of the others stay; roster_begin closes the holes when they are too many.
 *
 * Each entry remembers which one came after it the last time: the order of the answer is learned in one poll, whatever
 * order the table gave the entries in.
 */
#include "core/roster.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/slice.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 128u
#define WORD_BITS 64u

struct entry {
    struct uuid user_id;
    struct digest digest; /* zero: not known, or a hole */
};

struct roster {
    struct entry *entries;
    uint32_t *successors; /* per entry, which one to expect after it: a guess that may be wrong */
    uint64_t *seen;       /* bit per entry; holes count as seen */
    uint64_t *differing;  /* bit per entry, only where seen */
    uint64_t *holes;      /* bit per entry: removed */
    uint32_t used;        /* entries with pending ones and holes */
    uint32_t kept;        /* entries before the pending ones */
    uint32_t capacity;
    uint32_t members; /* entries that are no holes */
    uint32_t unseen;

    uint32_t *slots; /* open addressing with linear probing: entry numbers, ROSTER_NONE = free */
    uint32_t slot_mask;
    uint64_t hash_keys[2]; /* random: whoever chooses ids cannot make them collide */

    uint32_t first; /* which entry came first the last time */
    uint32_t last;  /* which was seen last in this poll, ROSTER_NONE before the first */
};

static bool bit_get(const uint64_t *bits, uint32_t n)
{
    return (bits[n / WORD_BITS] >> (n % WORD_BITS)) & 1;
}

static void bit_set(uint64_t *bits, uint32_t n)
{
    bits[n / WORD_BITS] |= UINT64_C(1) << (n % WORD_BITS);
}

static void bit_clear(uint64_t *bits, uint32_t n)
{
    bits[n / WORD_BITS] &= ~(UINT64_C(1) << (n % WORD_BITS));
}

static size_t bit_bytes(uint32_t bits)
{
    return ((size_t)bits + WORD_BITS - 1) / WORD_BITS * sizeof(uint64_t);
}

/* --- the index ---------------------------------------------------------------------------------------------------- */

static uint32_t home_slot(const struct roster *roster, const struct uuid *user_id)
{
    uint64_t halves[2];

    memcpy(halves, user_id->bytes, sizeof(halves));
    unsigned __int128 product = (unsigned __int128)(halves[0] ^ roster->hash_keys[0]) *
                                (halves[1] ^ roster->hash_keys[1]);
    return (uint32_t)(product ^ (product >> 64)) & roster->slot_mask;
}

/* The slot of this user, or the free one where it belongs. */
static uint32_t find_slot(const struct roster *roster, const struct uuid *user_id)
{
    uint32_t slot = home_slot(roster, user_id);

    while (roster->slots[slot] != ROSTER_NONE &&
           !uuid_equal(&roster->entries[roster->slots[slot]].user_id, user_id))
        slot = (slot + 1) & roster->slot_mask;
    return slot;
}

/* Closes the gap that a removal leaves: every entry stays reachable from its home slot without a free one between. */
static void free_slot(struct roster *roster, uint32_t slot)
{
    uint32_t mask = roster->slot_mask;

    for (uint32_t next = (slot + 1) & mask; roster->slots[next] != ROSTER_NONE; next = (next + 1) & mask) {
        uint32_t home = home_slot(roster, &roster->entries[roster->slots[next]].user_id);
        if (((next - home) & mask) < ((next - slot) & mask))
            continue;
        roster->slots[slot] = roster->slots[next];
        slot = next;
    }
    roster->slots[slot] = ROSTER_NONE;
}

/* The entries hold all that the index is made of, so the old one goes before the new one comes: no double peak. */
static void build_index(struct roster *roster, uint32_t slot_count)
{
    free(roster->slots);
    roster->slots = memory_alloc(slot_count * sizeof(roster->slots[0]));
    memset(roster->slots, 0xff, slot_count * sizeof(roster->slots[0]));
    roster->slot_mask = slot_count - 1;
    for (uint32_t entry = 0; entry < roster->used; entry++) {
        if (!bit_get(roster->holes, entry))
            roster->slots[find_slot(roster, &roster->entries[entry].user_id)] = entry;
    }
}

uint32_t roster_find(const struct roster *roster, const struct uuid *user_id)
{
    return roster->slots[find_slot(roster, user_id)];
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

static uint64_t *grow_bits(uint64_t *bits, uint32_t old_capacity, uint32_t capacity)
{
    bits = memory_grow(bits, bit_bytes(capacity), 1);
    memset((char *)bits + bit_bytes(old_capacity), 0, bit_bytes(capacity) - bit_bytes(old_capacity));
    return bits;
}

/* By a quarter, not by doubling: what a million members may take is counted in bytes per member. Blocks of this size
 * are moved by the kernel's page tables, not copied. */
static void grow_entries(struct roster *roster)
{
    uint32_t capacity = roster->capacity + roster->capacity / 4 + WORD_BITS;

    roster->entries = memory_grow(roster->entries, capacity, sizeof(roster->entries[0]));
    roster->successors = memory_grow(roster->successors, capacity, sizeof(roster->successors[0]));
    roster->seen = grow_bits(roster->seen, roster->capacity, capacity);
    roster->differing = grow_bits(roster->differing, roster->capacity, capacity);
    roster->holes = grow_bits(roster->holes, roster->capacity, capacity);
    roster->capacity = capacity;
}

/* user_id must not be there yet. */
static uint32_t add_entry(struct roster *roster, const struct uuid *user_id, const struct digest *digest)
{
    uint32_t entry = roster->used;

    if (entry == roster->capacity)
        grow_entries(roster);
    roster->entries[entry] = (struct entry){*user_id, *digest};
    roster->successors[entry] = entry + 1;
    bit_clear(roster->seen, entry);
    bit_clear(roster->differing, entry);
    if ((uint64_t)(entry + 1) * 4 > (uint64_t)roster->slot_mask * 3)
        build_index(roster, (roster->slot_mask + 1) * 2);
    roster->slots[find_slot(roster, user_id)] = entry;
    roster->used++;
    roster->members++;
    return entry;
}

/* Moves the entries together; their order stays, their numbers change, what followed what must be learned again. */
static void close_holes(struct roster *roster)
{
    uint32_t to = 0;

    for (uint32_t from = 0; from < roster->used; from++) {
        if (bit_get(roster->holes, from))
            continue;
        roster->entries[to] = roster->entries[from];
        roster->successors[to] = to + 1;
        to++;
    }
    memset(roster->holes, 0, bit_bytes(roster->used));
    roster->used = roster->kept = to;
    roster->first = 0;
    build_index(roster, roster->slot_mask + 1);
}

struct roster *roster_new(void)
{
    struct roster *roster = memory_alloc(sizeof(*roster));

    random_fill(roster->hash_keys, sizeof(roster->hash_keys));
    roster->last = ROSTER_NONE;
    grow_entries(roster);
    build_index(roster, SLOTS_MIN);
    return roster;
}

void roster_free(struct roster *roster)
{
    if (!roster)
        return;
    free(roster->entries);
    free(roster->successors);
    free(roster->seen);
    free(roster->differing);
    free(roster->holes);
    free(roster->slots);
    free(roster);
}

bool roster_add(struct roster *roster, const struct uuid *user_id, const struct digest *digest)
{
    if (roster_find(roster, user_id) != ROSTER_NONE)
        return false;
    add_entry(roster, user_id, digest);
    roster->unseen++;
    roster_keep(roster);
    return true;
}

uint32_t roster_count(const struct roster *roster)
{
    return roster->members;
}

const struct uuid *roster_id(const struct roster *roster, uint32_t entry)
{
    return &roster->entries[entry].user_id;
}

const struct digest *roster_digest(const struct roster *roster, uint32_t entry)
{
    return &roster->entries[entry].digest;
}

void roster_replace_digest(struct roster *roster, uint32_t entry, const struct digest *digest)
{
    roster->entries[entry].digest = *digest;
}

void roster_set(struct roster *roster, const struct uuid *user_id, const struct digest *digest)
{
    uint32_t entry = roster_find(roster, user_id);

    if (entry == ROSTER_NONE)
        roster_add(roster, user_id, digest);
    else
        roster_replace_digest(roster, entry, digest);
}

void roster_remove(struct roster *roster, const struct uuid *user_id)
{
    uint32_t slot = find_slot(roster, user_id);
    uint32_t entry = roster->slots[slot];

    if (entry == ROSTER_NONE)
        return;
    free_slot(roster, slot);
    if (!bit_get(roster->seen, entry))
        roster->unseen--;
    roster->entries[entry].digest = (struct digest){{0}};
    bit_set(roster->holes, entry);
    bit_set(roster->seen, entry);
    roster->members--;
}

/* --- a poll ------------------------------------------------------------------------------------------------------- */

static void drop_pending(struct roster *roster)
{
    for (uint32_t entry = roster->kept; entry < roster->used; entry++) {
        if (!bit_get(roster->holes, entry))
            roster_remove(roster, &roster->entries[entry].user_id);
        bit_clear(roster->holes, entry);
    }
    roster->used = roster->kept;
}

void roster_begin(struct roster *roster)
{
    drop_pending(roster);
    if (roster->used - roster->members > roster->used / 8)
        close_holes(roster);
    memcpy(roster->seen, roster->holes, bit_bytes(roster->used));
    memset(roster->differing, 0, bit_bytes(roster->used));
    roster->unseen = roster->members;
    roster->last = ROSTER_NONE;
}

static uint32_t expected(const struct roster *roster)
{
    return roster->last == ROSTER_NONE ? roster->first : roster->successors[roster->last];
}

/* Where the answer's order is not that of the entries, the next one is far away in memory: asking for it now hides the
 * wait behind the cutting and digesting of its slice. */
static void prefetch_expected(const struct roster *roster)
{
    uint32_t entry = expected(roster);

    if (entry >= roster->used)
        return;
    __builtin_prefetch(&roster->entries[entry]);
    __builtin_prefetch(&roster->successors[entry]);
}

static bool has_digest(const struct roster *roster, uint32_t entry, const struct digest *digest)
{
    return entry < roster->used && digest_equal(&roster->entries[entry].digest, digest);
}

uint32_t roster_recognise(struct roster *roster, const struct digest *digest, const char *slice,
                          size_t length)
{
    uint32_t entry = expected(roster);
    struct uuid user_id;

    if (has_digest(roster, entry, digest))
        return entry;
    if (!slice_read_id(slice, length, &user_id))
        return ROSTER_NONE;
    entry = roster_find(roster, &user_id);
    return has_digest(roster, entry, digest) ? entry : ROSTER_NONE;
}

bool roster_is_seen(const struct roster *roster, uint32_t entry)
{
    return bit_get(roster->seen, entry);
}

bool roster_is_differing(const struct roster *roster, uint32_t entry)
{
    return bit_get(roster->differing, entry);
}

void roster_mark_seen(struct roster *roster, uint32_t entry)
{
    if (!bit_get(roster->seen, entry))
        roster->unseen--;
    bit_set(roster->seen, entry);
    if (roster->last == ROSTER_NONE)
        roster->first = entry;
    else
        roster->successors[roster->last] = entry;
    roster->last = entry;
    prefetch_expected(roster);
}

void roster_mark_differing(struct roster *roster, uint32_t entry)
{
    roster_mark_seen(roster, entry);
    bit_set(roster->differing, entry);
}

uint32_t roster_unseen(const struct roster *roster)
{
    return roster->unseen;
}

uint32_t roster_next_unseen(const struct roster *roster, uint32_t from)
{
    uint32_t entry = from;

    while (entry < roster->used) {
        uint64_t unseen = ~roster->seen[entry / WORD_BITS] >> (entry % WORD_BITS);
        if (unseen != 0) {
            entry += (uint32_t)__builtin_ctzll(unseen);
            return entry < roster->used ? entry : ROSTER_NONE;
        }
        entry += WORD_BITS - entry % WORD_BITS;
    }
    return ROSTER_NONE;
}

uint32_t roster_add_pending(struct roster *roster, const struct uuid *user_id, const struct digest *digest)
{
    uint32_t entry = add_entry(roster, user_id, digest);

    roster->unseen++; /* until the next line */
    roster_mark_seen(roster, entry);
    return entry;
}

void roster_keep(struct roster *roster)
{
    roster->kept = roster->used;
}

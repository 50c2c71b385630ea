/*
 * Memory of one short piece of work, given back all at once: the strings of one decoded member, of one row.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks; /* newest first */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena);
void arena_clear(struct arena *arena); /* everything given out becomes invalid; one block is kept for reuse */

void *arena_alloc(struct arena *arena, size_t size)
    __attribute__((returns_nonnull));                                   /* zeroed, aligned for any type */
char *arena_copy(struct arena *arena, const char *text, size_t length); /* NUL-terminated copy */

#endif

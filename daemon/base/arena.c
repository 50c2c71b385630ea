/*
 * A chain of blocks, handed out from front to back. What is larger than a block gets one of its own size.
 */
#include "base/arena.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)8192)

struct arena_block {
    struct arena_block *older;
    size_t used;
    size_t capacity;
    _Alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena)
{
    arena->blocks = NULL;
}

static void free_chain(struct arena_block *block)
{
    while (block) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
}

void arena_done(struct arena *arena)
{
    if (!arena)
        return;
    free_chain(arena->blocks);
    arena->blocks = NULL;
}

void arena_clear(struct arena *arena)
{
    struct arena_block *kept = arena->blocks;

    if (!kept)
        return;
    free_chain(kept->older);
    kept->older = NULL;
    kept->used = 0;
}

static void add_block(struct arena *arena, size_t least)
{
    size_t capacity = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    struct arena_block *block = memory_alloc(sizeof(*block) + capacity);

    block->capacity = capacity;
    block->older = arena->blocks;
    arena->blocks = block;
}

/* The next `size` bytes, with whatever an earlier piece of work left in them. */
static void *take(struct arena *arena, size_t size)
{
    size_t rounded = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);

    if (!arena->blocks || arena->blocks->capacity - arena->blocks->used < rounded)
        add_block(arena, rounded);
    struct arena_block *block = arena->blocks;
    void *piece = block->bytes + block->used;
    block->used += rounded;
    return piece;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(take(arena, size), 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = take(arena, length + 1);

    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

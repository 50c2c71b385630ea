/*
 * Growing lists of member ids and slice digests. Ten thousand records may be rejected in each poll, and the loop must not
 * stand still while each is looked for among as many others: hence sorted.
 */
#include "core/lists.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element; the new capacity through `capacity`. */
static void *room_for_one(void *elements, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return elements;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    return memory_grow(elements, *capacity, size);
}

static int id_order(const void *left, const void *right)
{
    return uuid_compare(left, right);
}

static int digest_order(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(struct digest));
}

void id_list_add(struct id_list *list, const struct uuid *id)
{
    list->ids = room_for_one(list->ids, list->count, &list->capacity, sizeof(*list->ids));
    list->ids[list->count++] = *id;
    list->sorted = false;
}

static void sort_ids(struct id_list *list)
{
    if (!list->sorted && list->count > 0)
        qsort(list->ids, list->count, sizeof(list->ids[0]), id_order);
    list->sorted = true;
}

/* Whether it is among the first `count`, which are sorted. */
static bool find_id(const struct id_list *list, size_t count, const struct uuid *id)
{
    return count > 0 && bsearch(id, list->ids, count, sizeof(list->ids[0]), id_order);
}

bool id_list_has(struct id_list *list, const struct uuid *id)
{
    sort_ids(list);
    return find_id(list, list->count, id);
}

void id_list_append(struct id_list *list, const struct id_list *others)
{
    size_t count = list->count;

    sort_ids(list);
    for (size_t i = 0; i < others->count; i++)
        if (!find_id(list, count, &others->ids[i]))
            id_list_add(list, &others->ids[i]);
}

void id_list_clear(struct id_list *list)
{
    list->count = 0;
}

void id_list_done(struct id_list *list)
{
    free(list->ids);
    memset(list, 0, sizeof(*list));
}

void digest_list_add(struct digest_list *list, const struct digest *digest)
{
    list->digests = room_for_one(list->digests, list->count, &list->capacity, sizeof(*list->digests));
    list->digests[list->count++] = *digest;
    list->sorted = false;
}

bool digest_list_has(struct digest_list *list, const struct digest *digest)
{
    if (list->count == 0)
        return false;
    if (!list->sorted)
        qsort(list->digests, list->count, sizeof(list->digests[0]), digest_order);
    list->sorted = true;
    return bsearch(digest, list->digests, list->count, sizeof(list->digests[0]), digest_order);
}

void digest_list_clear(struct digest_list *list)
{
    list->count = 0;
}

void digest_list_done(struct digest_list *list)
{
    free(list->digests);
    memset(list, 0, sizeof(*list));
}

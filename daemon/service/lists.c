/*
 * Small growing lists of member ids and slice digests.
 */
#include "service/lists.h"

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

void id_list_add(struct id_list *list, const struct uuid *id)
{
    list->ids = room_for_one(list->ids, list->count, &list->capacity, sizeof(*list->ids));
    list->ids[list->count++] = *id;
}

bool id_list_has(const struct id_list *list, const struct uuid *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (uuid_equal(&list->ids[i], id))
            return true;
    return false;
}

void id_list_append(struct id_list *list, const struct id_list *others)
{
    for (size_t i = 0; i < others->count; i++)
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
}

bool digest_list_has(const struct digest_list *list, const struct digest *digest)
{
    for (size_t i = 0; i < list->count; i++)
        if (digest_equal(&list->digests[i], digest))
            return true;
    return false;
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

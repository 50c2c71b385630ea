/*
 * Growing lists of member ids and slice digests, kept between polls. A zeroed list is empty. Looking for an element sorts
 * the list first, so fill it before you look.
 */
#ifndef CORE_LISTS_H
#define CORE_LISTS_H

#include "base/digest.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>

struct id_list {
    struct uuid *ids;
    size_t count;
    size_t capacity;
    bool sorted;
};

void id_list_add(struct id_list *list, const struct uuid *id);
bool id_list_has(struct id_list *list, const struct uuid *id);
void id_list_append(struct id_list *list, const struct id_list *others); /* those that it does not have */
void id_list_clear(struct id_list *list);                                /* empty, memory kept */
void id_list_done(struct id_list *list);

struct digest_list {
    struct digest *digests;
    size_t count;
    size_t capacity;
    bool sorted;
};

void digest_list_add(struct digest_list *list, const struct digest *digest);
bool digest_list_has(struct digest_list *list, const struct digest *digest);
void digest_list_clear(struct digest_list *list);
void digest_list_done(struct digest_list *list);

#endif

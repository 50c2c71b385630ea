#include "ids.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void add(struct ids *ids, json_t *value)
{
    if (json_is_string(value))
        ids->sorted[ids->count++] = json_string_value(value);
}

void ids_init(struct ids *ids, json_t *value)
{
    size_t size = json_array_size(value);
    *ids = (struct ids){.all = !value, .sorted = calloc(size + 1, sizeof(*ids->sorted))};
    if (!ids->sorted)
        abort();
    add(ids, value);
    for (size_t index = 0; index < size; index++)
        add(ids, json_array_get(value, index));
    qsort(ids->sorted, ids->count, sizeof(*ids->sorted), compare);
}

void ids_done(struct ids *ids)
{
    free(ids->sorted);
    *ids = (struct ids){0};
}

bool ids_have(const struct ids *ids, const char *id)
{
    return ids->all || bsearch(&id, ids->sorted, ids->count, sizeof(*ids->sorted), compare);
}

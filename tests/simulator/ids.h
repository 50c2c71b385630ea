/*
 * A set of ids out of a request: quick to ask, because it is asked about every seat of a large organization.
 */
#ifndef SIMULATOR_IDS_H
#define SIMULATOR_IDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct ids {
    bool all; /* everything is in it */
    const char **sorted;
    size_t count;
};

/* One string or an array of them; NULL is the set of all ids, and what is no string is no id. The strings are borrowed
 * from `value`. */
void ids_init(struct ids *ids, json_t *value);
void ids_done(struct ids *ids);

bool ids_have(const struct ids *ids, const char *id);

#endif

/*
 * What a request asks for: the body's `find` object, understood strictly. What the simulator cannot answer as the API
 * would is refused, so that no client passes here by luck.
 */
#ifndef SIMULATOR_QUERY_H
#define SIMULATOR_QUERY_H

#include "problem.h"

#include <jansson.h>
#include <stdbool.h>

enum query_resource { QUERY_ORGANIZATION, QUERY_USER, QUERY_AUTHORIZATION };

/* As they are named in a URL, in this order; NULL-terminated. */
extern const char *const query_resources[];

struct query {
    enum query_resource resource;
    json_t *where;      /* field -> value or array of values; NULL = everything */
    json_t *attributes; /* array of names; NULL = all */
    bool with_users;
    json_t *user_attributes;
    json_t *user_where;
};

/* Everything in ret_query belongs to `find`. -1 and a 400 when it is not understood. */
int query_read(enum query_resource resource, json_t *find, struct query *ret_query, struct problem *problem);

/* Does the object have these values? An array in `where` means one of them. */
bool query_matches(json_t *object, json_t *where);

#endif

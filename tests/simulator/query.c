#include "query.h"

#include "record.h"
#include "token.h"

#include <string.h>

const char *const query_resources[] = {"organization", "user", "authorization", NULL};

static const char *const organization_attributes[] = {"id", "name", NULL};

/* What each resource has, by its number. */
static const char *const *const attributes_of[] = {organization_attributes, record_attributes,
                                                   token_attributes};

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(word, *words) == 0)
            return true;
    }
    return false;
}

static int check_keys(json_t *object, const char *const *keys, const char *place, struct problem *problem)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!is_one_of(key, keys))
            return problem_set(problem, 400, "The simulator does not know '%s' in %s.", key, place);
    }
    return 0;
}

static int read_attributes(json_t *object, const char *const *known, json_t **ret_attributes,
                           struct problem *problem)
{
    json_t *attributes = json_object_get(object, "attributes");
    if (attributes && !json_is_array(attributes))
        return problem_set(problem, 400, "'attributes' must be an array.");
    for (size_t index = 0; index < json_array_size(attributes); index++) {
        const char *name = json_string_value(json_array_get(attributes, index));
        if (!name || !is_one_of(name, known))
            return problem_set(problem, 400, "There is no attribute '%s'.", name ? name : "(not a string)");
    }
    *ret_attributes = attributes;
    return 0;
}

static int read_where(json_t *object, const char *const *known, json_t **ret_where, struct problem *problem)
{
    json_t *where = json_object_get(object, "where");
    if (where && !json_is_object(where))
        return problem_set(problem, 400, "'where' must be an object.");
    *ret_where = where;
    return check_keys(where, known, "where", problem);
}

static int read_included_user(json_t *included, struct query *query, struct problem *problem)
{
    static const char *const keys[] = {"model", "attributes", "where", NULL};
    const char *model = json_string_value(json_object_get(included, "model"));
    if (!model || strcmp(model, "User") != 0)
        return problem_set(problem, 400, "The simulator includes the model 'User' only.");
    query->with_users = true;
    if (check_keys(included, keys, "include", problem) < 0 ||
        read_attributes(included, record_attributes, &query->user_attributes, problem) < 0)
        return -1;
    return read_where(included, record_attributes, &query->user_where, problem);
}

static int read_include(json_t *find, struct query *query, struct problem *problem)
{
    json_t *include = json_object_get(find, "include");
    if (!include)
        return 0;
    if (query->resource != QUERY_ORGANIZATION)
        return problem_set(problem, 400, "The simulator includes nothing in '%s'.",
                           query_resources[query->resource]);
    if (!json_is_array(include))
        return problem_set(problem, 400, "'include' must be an array.");
    if (json_array_size(include) > 1)
        return problem_set(problem, 400, "The simulator includes one model at most.");
    return json_array_size(include) ? read_included_user(json_array_get(include, 0), query, problem) : 0;
}

int query_read(enum query_resource resource, json_t *find, struct query *ret_query, struct problem *problem)
{
    static const char *const keys[] = {"where", "include", "attributes", NULL};
    const char *const *known = attributes_of[resource];
    struct query query = {.resource = resource};
    if (!json_is_object(find))
        return problem_set(problem, 400, "'find' is required and must be an object.");
    if (check_keys(find, keys, "find", problem) < 0 ||
        read_attributes(find, known, &query.attributes, problem) < 0 ||
        read_where(find, known, &query.where, problem) < 0 || read_include(find, &query, problem) < 0)
        return -1;
    if (resource == QUERY_USER && !query.where)
        return problem_set(problem, 400, "'where' is required.");
    *ret_query = query;
    return 0;
}

static bool value_matches(json_t *value, json_t *expected)
{
    if (!json_is_array(expected))
        return json_equal(value, expected);
    for (size_t index = 0; index < json_array_size(expected); index++) {
        if (json_equal(value, json_array_get(expected, index)))
            return true;
    }
    return false;
}

bool query_matches(json_t *object, json_t *where)
{
    const char *key;
    json_t *expected;
    json_object_foreach(where, key, expected)
    {
        if (!value_matches(json_object_get(object, key), expected))
            return false;
    }
    return true;
}

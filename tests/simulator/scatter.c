#include "scatter.h"

#include "random.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct scatter {
    FILE *out;
    uint64_t *random;
};

static void put_space(struct scatter *scatter)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t", "\r\n", "   "};
    fputs(spaces[random_below(scatter->random, sizeof(spaces) / sizeof(*spaces))], scatter->out);
}

static void put_mark(struct scatter *scatter, char mark)
{
    put_space(scatter);
    fputc(mark, scatter->out);
    put_space(scatter);
}

static void put_scalar(struct scatter *scatter, json_t *value)
{
    size_t escapes = random_below(scatter->random, 4);
    size_t flags = JSON_ENCODE_ANY | (escapes & 1 ? JSON_ENSURE_ASCII : 0) |
                   (escapes & 2 ? JSON_ESCAPE_SLASH : 0);
    json_dumpf(value, scatter->out, flags);
}

static void put_value(struct scatter *scatter, json_t *value);

static void put_array(struct scatter *scatter, json_t *array)
{
    fputc('[', scatter->out);
    for (size_t index = 0; index < json_array_size(array); index++) {
        if (index)
            put_mark(scatter, ',');
        put_value(scatter, json_array_get(array, index));
    }
    put_space(scatter);
    fputc(']', scatter->out);
}

static void put_member(struct scatter *scatter, const char *key, json_t *value)
{
    json_t *name = json_string(key);
    put_scalar(scatter, name);
    json_decref(name);
    put_mark(scatter, ':');
    put_value(scatter, value);
}

static void put_object(struct scatter *scatter, json_t *object)
{
    size_t count = 0;
    void **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
    if (!keys)
        abort();
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
        keys[count++] = at;
    random_shuffle(scatter->random, keys, count);
    fputc('{', scatter->out);
    for (size_t index = 0; index < count; index++) {
        if (index)
            put_mark(scatter, ',');
        put_member(scatter, json_object_iter_key(keys[index]), json_object_iter_value(keys[index]));
    }
    put_space(scatter);
    fputc('}', scatter->out);
    free(keys);
}

/* Recursion is bounded by jansson's own limit of nesting. */
static void put_value(struct scatter *scatter, json_t *value) // NOLINT(misc-no-recursion)
{
    put_space(scatter);
    if (json_is_object(value))
        put_object(scatter, value);
    else if (json_is_array(value))
        put_array(scatter, value);
    else
        put_scalar(scatter, value);
}

char *scatter_dump(json_t *value, uint64_t *random)
{
    char *text = NULL;
    size_t length = 0;
    struct scatter scatter = {.out = open_memstream(&text, &length), .random = random};
    if (!scatter.out)
        abort();
    put_value(&scatter, value);
    if (fclose(scatter.out) != 0)
        abort();
    return text;
}

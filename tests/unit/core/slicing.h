/*
 * A body run through the slicer, written down as a text that tests can compare; and the same body as jansson sees it.
 */
#ifndef TESTS_CORE_SLICING_H
#define TESTS_CORE_SLICING_H

#include "base/buffer.h"
#include "core/slice.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a body arrives. */
struct chunking {
    size_t first;  /* bytes of the first chunk, 0: as the others */
    size_t size;   /* bytes of each chunk, at most */
    uint64_t seed; /* not 0: each chunk is of a random size */
};

static const struct chunking in_one_piece = {.size = SIZE_MAX};
static const struct chunking in_single_bytes = {.size = 1};

/* xorshift64*: the same numbers everywhere from a seed that is not 0. */
static inline uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (*seed * UINT64_C(2685821657736338717)) >> 16;
}

static inline size_t random_below(uint64_t *seed, size_t limit)
{
    return random_next(seed) % limit;
}

/* The documented answer, byte for byte. */
static inline const char *slicing_documented_answer(size_t *ret_length)
{
    static char answer[4096];
    FILE *file = fopen(TEST_DATA "/documented-answer.json", "r");

    *ret_length = file ? fread(answer, 1, sizeof(answer), file) : 0;
    if (file)
        fclose(file);
    return answer;
}

/* Each chunk is a heap block of its own that is overwritten and given back at once: what the slicer reads beyond it or
 * keeps of it does not go unnoticed. */
static inline int feed(struct slicer *slicer, const char *body, size_t length, struct chunking chunking,
                       struct error *error)
{
    size_t next = chunking.first > 0 ? chunking.first : chunking.size;

    for (size_t from = 0, size; from < length; from += size) {
        size = chunking.seed != 0 ? 1 + random_below(&chunking.seed, chunking.size) : next;
        size = size < length - from ? size : length - from;
        next = chunking.size;
        char *chunk = malloc(size);
        memcpy(chunk, body + from, size);
        int status = slicer_feed(slicer, chunk, size, error);
        memset(chunk, '#', size);
        free(chunk);
        if (status != 0)
            return status;
    }
    return 0;
}

#define SLICING_MAX 4096

struct slicing {
    struct buffer slices; /* each with a newline behind it */
    size_t count;
    size_t starts[SLICING_MAX], lengths[SLICING_MAX]; /* in `slices` */
    struct buffer envelope;
    struct error error; /* of a failed slicing */
    int status;
};

static inline int gather_slice_cb(void *context, const char *slice, size_t length, struct error *error)
{
    struct slicing *slicing = context;

    (void)error;
    if (slicing->count < SLICING_MAX) {
        slicing->starts[slicing->count] = slicing->slices.length;
        slicing->lengths[slicing->count] = length;
    }
    slicing->count++;
    buffer_add(&slicing->slices, slice, length);
    buffer_add_char(&slicing->slices, '\n');
    return 0;
}

static inline void slicing_run(struct slicing *slicing, const char *body, size_t length,
                               struct chunking chunking)
{
    struct slicer *slicer = slicer_new(gather_slice_cb, slicing);
    const char *envelope = NULL;
    size_t envelope_length = 0;

    slicing->count = 0;
    slicing->error = (struct error){.class = ERROR_NONE};
    buffer_init(&slicing->slices, 64 << 20);
    buffer_init(&slicing->envelope, ENVELOPE_MAX);
    slicing->status = feed(slicer, body, length, chunking, &slicing->error);
    if (slicing->status == 0)
        slicing->status = slicer_end(slicer, &envelope, &envelope_length, &slicing->error);
    buffer_add(&slicing->envelope, envelope, envelope_length);
    slicer_free(slicer);
}

static inline void slicing_done(struct slicing *slicing)
{
    buffer_done(&slicing->slices);
    buffer_done(&slicing->envelope);
}

static inline const char *slicing_slice(const struct slicing *slicing, size_t index)
{
    return slicing->slices.data + slicing->starts[index];
}

#define SLICING_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

static inline json_t *slicing_parse(const struct slicing *slicing, size_t index)
{
    return json_loadb(slicing_slice(slicing, index), slicing->lengths[index], SLICING_FLAGS | JSON_DECODE_ANY,
                      NULL);
}

/* Whether the envelope's arrays, emptied by the slicer, and the slices make up the whole, each in its place. */
static inline bool slicing_is_whole(const struct slicing *slicing, json_t *envelope, const json_t *whole)
{
    const json_t *rows = json_object_get(envelope, "rows");
    const json_t *whole_rows = json_object_get(whole, "rows");
    size_t next = 0;

    for (size_t row = 0; row < json_array_size(rows); row++) {
        json_t *users = json_object_get(json_array_get(rows, row), "users");
        const json_t *whole_users = json_object_get(json_array_get(whole_rows, row), "users");
        if (json_array_size(users) > 0)
            return false;
        for (size_t i = 0; i < json_array_size(whole_users); i++) {
            if (next == slicing->count)
                return false;
            json_array_append_new(users, slicing_parse(slicing, next++));
        }
    }
    return next == slicing->count && json_equal(envelope, whole);
}

static inline bool slicing_is_limited(const struct slicing *slicing)
{
    return slicing->count > SLICING_MAX ||
           (slicing->status != 0 && strstr(slicing->error.text, "the limit is"));
}

static inline bool slicing_parts_parse(const struct slicing *slicing, const json_t *envelope)
{
    bool parsed = envelope != NULL;

    for (size_t i = 0; parsed && i < slicing->count; i++) {
        json_t *slice = slicing_parse(slicing, i);
        parsed = slice != NULL;
        json_decref(slice);
    }
    return parsed;
}

static inline const char *slicing_compare(const struct slicing *slicing, json_t *envelope,
                                          const json_t *whole)
{
    bool parsed = slicing_parts_parse(slicing, envelope);

    if (json_is_object(whole) && slicing->status != 0)
        return "the slicer refuses a sound document";
    if (json_is_object(whole) && !parsed)
        return "the parts of a sound document cannot be parsed";
    if (!json_is_object(whole) && parsed)
        return "the parts of a malformed document can be parsed";
    if (parsed && !slicing_is_whole(slicing, envelope, whole))
        return "the parts do not make up the whole";
    return NULL;
}

/* A key spelled with escapes, such as "\u0075sers": the slicer does not know it and leaves the list in the envelope, which
 * decode_envelope then refuses. */
static inline bool slicing_may_hide_keys(const char *body, size_t length)
{
    return memmem(body, length, "\\u006", 5) || memmem(body, length, "\\u007", 5);
}

/* NULL when slicer and jansson agree about this body, else what is wrong:
 *  - what jansson takes for a document comes out slice by slice, complete, equal and in order;
 *  - what the slicer and, for the envelope and each slice, jansson accept is a document for jansson too.
 * The slicer's own limits, and keys spelled with escapes, are no disagreement. */
static inline const char *slicing_disagreement(const char *body, size_t length, struct chunking chunking)
{
    static struct slicing slicing;
    const char *complaint = NULL;
    json_t *envelope = NULL;

    slicing_run(&slicing, body, length, chunking);
    json_t *whole = json_loadb(body, length, SLICING_FLAGS, NULL);
    if (slicing.status == 0)
        envelope = json_loadb(slicing.envelope.data, slicing.envelope.length, SLICING_FLAGS, NULL);
    if (!slicing_is_limited(&slicing) && !slicing_may_hide_keys(body, length))
        complaint = slicing_compare(&slicing, envelope, whole);
    json_decref(envelope);
    json_decref(whole);
    slicing_done(&slicing);
    return complaint;
}

#endif

/*
 * The slicer: a streaming scanner over arbitrary chunk boundaries that cuts each element of rows[].users[] out of the
 * body. It knows just enough JSON (strings, escapes, nesting) to follow the nesting; it judges no value. What is left of
 * the body is the envelope, with the elements taken out of their array, for decode_envelope to judge.
 */
#ifndef CORE_SLICE_H
#define CORE_SLICE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLICE_MAX         (64 * 1024) /* bytes of one element */
#define ENVELOPE_MAX      (64 * 1024)
#define SLICE_NESTING_MAX 32 /* brackets open at once anywhere in the body */

/* Called for each element in order; `slice` points into the chunk or the carry buffer and is valid only during the
 * call. A negative class with *error set stops the slicer; slicer_feed returns it. */
typedef int (*slice_cb)(void *context, const char *slice, size_t length, struct error *error);

struct slicer; /* opaque: state of the scan, the carried-over part of a torn element, the envelope */

struct slicer *slicer_new(slice_cb found_cb, void *context);
void slicer_free(struct slicer *slicer);

/* The next bytes of the body, in chunks of any size. ERROR_MALFORMED with a sentence on unbalanced brackets, a passed
 * limit, bytes after the document, a missing or doubled comma in the array; then only slicer_free. */
MUST_CHECK int slicer_feed(struct slicer *slicer, const char *bytes, size_t length, struct error *error);

/* The body is complete. On success the envelope (owned by the slicer) is one balanced document. */
MUST_CHECK int slicer_end(struct slicer *slicer, const char **ret_envelope, size_t *ret_length,
                          struct error *error);

/* The top-level "id" of an element without parsing it: true only when the slice is an object with exactly one such key,
 * spelled without escapes, whose value is a plain UUID string. */
bool slice_read_id(const char *slice, size_t length, struct uuid *ret_user_id);

#endif

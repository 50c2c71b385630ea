/*
 * A growing byte buffer with a maximum: what a peer sends can never take more than was allowed for it.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* length bytes, followed by a NUL that is not counted; NULL while nothing was added */
    size_t length;
    size_t capacity;
    size_t maximum;  /* bytes */
    bool overflowed; /* an addition did not fit and was left out; sticks until buffer_clear */
};

void buffer_init(struct buffer *buffer, size_t maximum);
void buffer_done(struct buffer *buffer);  /* buffer must have been initialised or zeroed */
void buffer_clear(struct buffer *buffer); /* empty, memory kept */

/* Each addition is whole or not at all. 0, or -1 with `overflowed` set when it would pass the maximum; callers may
 * add much and look at `overflowed` once. */
int buffer_add(struct buffer *buffer, const void *data, size_t length);
int buffer_add_char(struct buffer *buffer, char character);
int buffer_add_text(struct buffer *buffer, const char *text);
int buffer_add_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Room for `length` more bytes at the end, already counted in buffer->length and to be filled by the caller; NULL, and
 * nothing counted, when it would pass the maximum. */
void *buffer_extend(struct buffer *buffer, size_t length);

#endif

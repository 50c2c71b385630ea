/*
 * Doubles its memory up to the maximum; one byte behind the content is always the terminating NUL.
 */
#include "base/buffer.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY ((size_t)64)

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_done(struct buffer *buffer)
{
    if (!buffer)
        return;
    free(buffer->data);
    *buffer = (struct buffer){.maximum = buffer->maximum};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->overflowed = false;
    if (buffer->data)
        buffer->data[0] = '\0';
}

/* Makes room for `length` bytes of content and the NUL behind them; `length` is within the maximum. */
static void reserve(struct buffer *buffer, size_t length)
{
    size_t needed = length + 1;

    if (needed <= buffer->capacity)
        return;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > buffer->maximum)
        capacity = buffer->maximum + 1;
    buffer->data = memory_grow(buffer->data, capacity, 1);
    buffer->capacity = capacity;
}

void *buffer_extend(struct buffer *buffer, size_t length)
{
    if (length > buffer->maximum - buffer->length) {
        buffer->overflowed = true;
        return NULL;
    }
    reserve(buffer, buffer->length + length);
    char *room = buffer->data + buffer->length;
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return room;
}

int buffer_add(struct buffer *buffer, const void *data, size_t length)
{
    char *room = buffer_extend(buffer, length);

    if (!room)
        return -1;
    if (length > 0)
        memcpy(room, data, length);
    return 0;
}

int buffer_add_char(struct buffer *buffer, char character)
{
    return buffer_add(buffer, &character, 1);
}

int buffer_add_text(struct buffer *buffer, const char *text)
{
    return buffer_add(buffer, text, strlen(text));
}

int buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *room = length < 0 ? NULL : buffer_extend(buffer, (size_t)length);
    if (!room) {
        buffer->overflowed = true;
        return -1;
    }
    va_start(arguments, format);
    vsnprintf(room, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return 0;
}

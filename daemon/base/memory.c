/*
 * The one place that gives up when the heap is gone.
 */
#include "base/memory.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must_have(void *block)
{
    if (!block)
        error_fatal("out of memory; the database is as the last committed cycle left it");
    return block;
}

void *memory_alloc(size_t size)
{
    return must_have(calloc(1, size > 0 ? size : 1));
}

void *memory_grow(void *block, size_t count, size_t size)
{
    /* Never zero bytes: reallocarray would free the block and could answer NULL. */
    if (count == 0 || size == 0)
        count = size = 1;
    return must_have(reallocarray(block, count, size));
}

char *memory_string(const char *text)
{
    return text ? must_have(strdup(text)) : NULL;
}

char *memory_string_n(const char *text, size_t length)
{
    char *copy = memory_alloc(length + 1);

    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *memory_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int written = vasprintf(&text, format, arguments);
    va_end(arguments);
    return must_have(written < 0 ? NULL : text);
}

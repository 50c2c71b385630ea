/*
 * The one place that gives up when the heap is gone.
 */
#include "base/memory.h"

#include "base/error.h"

#include <openssl/crypto.h>
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

void *memory_array(size_t count, size_t size)
{
    return must_have(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *memory_resize(void *block, size_t size)
{
    return memory_grow(block, size, 1);
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

static void *openssl_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_alloc(size);
}

static void *openssl_resize(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_resize(block, size);
}

static void openssl_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

void memory_serve_openssl(void)
{
    /* Refused where a library of the system used it before main: then it keeps the C library's. */
    (void)CRYPTO_set_mem_functions(openssl_alloc, openssl_resize, openssl_free);
}

/*
 * Small allocations that cannot fail: when the heap is gone the process aborts in this one place. PostgreSQL's
 * transaction protects the data. Memory that a peer can make grow uses base/buffer instead, which has a limit.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull)); /* zeroed */
void *memory_grow(void *block, size_t count, size_t size)
    __attribute__((returns_nonnull)); /* like reallocarray: what is added is not zeroed */
void *memory_array(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));                                   /* zeroed, as calloc */
void *memory_resize(void *block, size_t size) __attribute__((returns_nonnull)); /* as realloc */
char *memory_string(const char *text) __attribute__((malloc));                  /* strdup; NULL stays NULL */
char *memory_string_n(const char *text, size_t length) __attribute__((malloc));
char *memory_format(const char *format, ...) __attribute__((malloc, format(printf, 1, 2)));

/* From now on OpenSSL, too, gets its memory here; before its first use. An allocation that fails can leave it without
 * random numbers or a cipher until the process ends, which nobody can mend but a new process. */
void memory_serve_openssl(void);

#endif

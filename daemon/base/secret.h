/*
 * A secret text: a type that no format can print, wiped before its memory is given back.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char *bytes; /* NUL-terminated; NULL when there is none */
    size_t length;
};

void secret_init(struct secret *secret);
void secret_done(struct secret *secret); /* wipes; NULL and half-built allowed */
void secret_set(struct secret *secret, const char *bytes, size_t length); /* copies, wipes the former */
bool secret_is_set(const struct secret *secret);

/* Wipes memory in a way the compiler keeps. */
void secret_wipe(void *bytes, size_t length);

#endif

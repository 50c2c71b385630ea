/*
 * The same JSON value as other bytes: keys in another order, white space here and there, some characters as escapes.
 */
#ifndef SIMULATOR_SCATTER_H
#define SIMULATOR_SCATTER_H

#include <jansson.h>
#include <stdint.h>

/* `random` is advanced; the result is allocated with malloc and NUL-terminated. */
char *scatter_dump(json_t *value, uint64_t *random);

#endif

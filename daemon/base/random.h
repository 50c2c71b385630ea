/*
 * Random bytes of the kernel, for identifiers and secrets.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

void random_fill(void *bytes,
                 size_t length); /* from getrandom(2); without random numbers the process aborts */

#endif

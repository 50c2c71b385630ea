/*
 * Synthetic members in the documented shape: the same seed and index give the same member, about 499 bytes each.
 */
#ifndef SIMULATOR_GENERATE_H
#define SIMULATOR_GENERATE_H

#include "record.h"

#include <stdint.h>

#define GENERATE_ID_SIZE 37 /* a UUID with its NUL */

/* A UUID (version 4 form) that depends on both numbers only. */
void generate_id(uint64_t seed, uint64_t index, char ret_id[GENERATE_ID_SIZE]);

/* Member number `index` of the organization; index 0 owns it. ret_id receives the user id. */
struct record *generate_member(uint64_t seed, uint64_t index, const char *organization_id,
                               char ret_id[GENERATE_ID_SIZE]);

#endif

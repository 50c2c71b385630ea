/*
 * UUIDs of any version: 16 bytes in memory, canonical lower-case text with hyphens outside.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_LENGTH 36

struct uuid {
    uint8_t bytes[16];
};

/* Exactly 8-4-4-4-12 hexadecimal digits in either case, no braces, nothing before or after. */
bool uuid_parse(const char *text, size_t length, struct uuid *ret_uuid);
void uuid_format(const struct uuid *uuid, char ret_text[UUID_TEXT_LENGTH + 1]);
int uuid_compare(const struct uuid *left, const struct uuid *right); /* memcmp order, which is PostgreSQL's */
bool uuid_equal(const struct uuid *left, const struct uuid *right);
bool uuid_is_nil(const struct uuid *uuid);
void uuid_random(struct uuid *ret_uuid); /* version 4, from getrandom(2) */

#endif

/*
 * Text and bytes of UUIDs. Which version one is, nobody here asks.
 */
#include "base/uuid.h"

#include "base/random.h"

#include <string.h>

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Whether a hyphen stands before the pair of digits of this byte: 8-4-4-4-12. */
static bool hyphen_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool uuid_parse(const char *text, size_t length, struct uuid *ret_uuid)
{
    struct uuid uuid;

    if (length != UUID_TEXT_LENGTH)
        return false;
    for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
        if (hyphen_before(i) && *text++ != '-')
            return false;
        int high = hex_digit(*text++);
        int low = hex_digit(*text++);
        if (high < 0 || low < 0)
            return false;
        uuid.bytes[i] = (uint8_t)(high * 16 + low);
    }
    *ret_uuid = uuid;
    return true;
}

void uuid_format(const struct uuid *uuid, char ret_text[UUID_TEXT_LENGTH + 1])
{
    static const char digits[] = "0123456789abcdef";
    char *to = ret_text;

    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        if (hyphen_before(i))
            *to++ = '-';
        *to++ = digits[uuid->bytes[i] >> 4];
        *to++ = digits[uuid->bytes[i] & 15];
    }
    *to = '\0';
}

int uuid_compare(const struct uuid *left, const struct uuid *right)
{
    return memcmp(left->bytes, right->bytes, sizeof(left->bytes));
}

bool uuid_equal(const struct uuid *left, const struct uuid *right)
{
    return uuid_compare(left, right) == 0;
}

bool uuid_is_nil(const struct uuid *uuid)
{
    static const struct uuid nil;

    return uuid_equal(uuid, &nil);
}

void uuid_random(struct uuid *ret_uuid)
{
    random_fill(ret_uuid->bytes, sizeof(ret_uuid->bytes));
    ret_uuid->bytes[6] = (uint8_t)((ret_uuid->bytes[6] & 0x0f) | 0x40); /* version 4 */
    ret_uuid->bytes[8] = (uint8_t)((ret_uuid->bytes[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
}

/*
 * Quantities as people write them in a configuration.
 */
#include "service/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first. */
static const struct unit durations[] = {{"d", INT64_C(86400000000)},
                                        {"h", INT64_C(3600000000)},
                                        {"min", 60000000},
                                        {"s", 1000000},
                                        {"ms", 1000},
                                        {"us", 1}};
static const struct unit sizes[] = {{"TiB", INT64_C(1) << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20},
                                    {"KiB", 1 << 10},          {"B", 1},         {"", 1}};
static const struct unit none[] = {{"", 1}};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int parse(const char *text, const struct unit *units, size_t count, int64_t *ret_number)
{
    int64_t number = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *at - '0', &number))
            return -1;
    if (at == text)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (strcmp(at, units[i].name) == 0)
            return __builtin_mul_overflow(number, units[i].factor, ret_number) ? -1 : 0;
    return -1;
}

int quantity_duration(const char *text, int64_t *ret_us)
{
    return parse(text, durations, COUNT_OF(durations), ret_us);
}

int quantity_size(const char *text, int64_t *ret_bytes)
{
    return parse(text, sizes, COUNT_OF(sizes), ret_bytes);
}

int quantity_count(const char *text, int64_t *ret_number)
{
    return parse(text, none, COUNT_OF(none), ret_number);
}

int quantity_share(const char *text, double *ret_share)
{
    char *end = NULL;

    if (strcmp(text, "off") == 0) {
        *ret_share = -1;
        return 0;
    }
    if (text[0] < '0' || text[0] > '9' || strspn(text, "0123456789.") + 1 != strlen(text))
        return -1;
    double percent = strtod(text, &end);
    if (strcmp(end, "%") != 0 || percent > 100)
        return -1;
    *ret_share = percent / 100;
    return 0;
}

void quantity_format(int64_t number, enum quantity_kind kind, char *ret_text, size_t size)
{
    static const struct unit *const units[] = {
        [QUANTITY_DURATION] = durations, [QUANTITY_SIZE] = sizes, [QUANTITY_COUNT] = none};
    const struct unit *unit = units[kind];

    while (number % unit->factor != 0)
        unit++;
    snprintf(ret_text, size, "%" PRId64 "%s", number / unit->factor, unit->name);
}

/*
 * Quantities: how people write them, what is refused, and how messages write them back.
 */
#include "service/quantity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY          INT64_C(86400000000)
#define MIB          (INT64_C(1) << 20)
#define TIB          (INT64_C(1) << 40)

struct number_case {
    const char *text;
    int64_t number;
};

typedef int parser(const char *text, int64_t *ret_number);

static void accept_all(parser *parse, const struct number_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t number = -1;
        if (parse(cases[i].text, &number) != 0)
            fail_msg("refused: %s", cases[i].text);
        if (number != cases[i].number)
            fail_msg("%s became %lld", cases[i].text, (long long)number);
    }
}

static void refuse_all(parser *parse, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t number = 42;
        if (parse(texts[i], &number) != -1)
            fail_msg("accepted: '%s'", texts[i]);
    }
}

static const struct number_case durations[] = {
    {"0s", 0},         {"1us", 1},          {"250ms", 250000},
    {"30s", 30000000}, {"5min", 300000000}, {"1h", DAY / 24},
    {"7d", 7 * DAY},   {"007s", 7000000},   {"106751991d", 106751991 * DAY},
};
static const char *const no_durations[] = {
    "",
    "5",
    "s",
    "5 min",
    " 5s",
    "5s ",
    "5m",
    "5S",
    "-5s",
    "+5s",
    "1.5h",
    "1h30min",
    "5sec",
    "106751992d",
    "0x5s",
    "٥s",
    "9223372036854775808us",
};

static void test_durations(void **state)
{
    (void)state;
    accept_all(quantity_duration, durations, COUNT(durations));
    refuse_all(quantity_duration, no_durations, COUNT(no_durations));
}

static const struct number_case sizes[] = {
    {"0", 0},          {"512", 512},         {"512B", 512}, {"64KiB", 65536},
    {"3MiB", 3 * MIB}, {"2GiB", 2048 * MIB}, {"1TiB", TIB}, {"8388607TiB", 8388607 * TIB},
};
static const char *const no_sizes[] = {"", "KiB", "1kB", "1KB", "1K", "1 MiB", "1.5GiB", "-1", "8388608TiB"};

static void test_sizes(void **state)
{
    (void)state;
    accept_all(quantity_size, sizes, COUNT(sizes));
    refuse_all(quantity_size, no_sizes, COUNT(no_sizes));
}

static const struct number_case counts[] = {
    {"0", 0}, {"2", 2}, {"5000000", 5000000}, {"9223372036854775807", INT64_MAX}};
static const char *const no_counts[] = {
    "", "two", "2.0", "-2", "+2", "2 ", "2s", "1e6", "9223372036854775808", "99999999999999999999"};

static void test_counts(void **state)
{
    (void)state;
    accept_all(quantity_count, counts, COUNT(counts));
    refuse_all(quantity_count, no_counts, COUNT(no_counts));
}

static void test_shares(void **state)
{
    static const struct {
        const char *text;
        double share;
    } shares[] = {{"off", -1}, {"0%", 0}, {"15%", 0.15}, {"2.5%", 0.025}, {"100%", 1}, {"100.0%", 1}};
    static const char *const no_shares[] = {"",     "%",      "15",     "0.15", "15 %", "-1%",
                                            "101%", "100.1%", "1.2.3%", "1e1%", "inf%", "OFF",
                                            "off%", "0x1%",   ".5%",    "%15"};
    double share = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(shares); i++) {
        if (quantity_share(shares[i].text, &share) != 0)
            fail_msg("refused: %s", shares[i].text);
        assert_float_equal(share, shares[i].share, 1e-12);
    }
    for (size_t i = 0; i < COUNT(no_shares); i++)
        if (quantity_share(no_shares[i], &share) != -1)
            fail_msg("accepted: '%s'", no_shares[i]);
}

static void test_written_back_in_the_largest_unit_that_divides(void **state)
{
    static const struct {
        int64_t number;
        enum quantity_kind kind;
        const char *text;
    } cases[] = {
        {1, QUANTITY_DURATION, "1us"},
        {1500, QUANTITY_DURATION, "1500us"},
        {60000000, QUANTITY_DURATION, "1min"},
        {90000000, QUANTITY_DURATION, "90s"},
        {7 * DAY, QUANTITY_DURATION, "7d"},
        {1023, QUANTITY_SIZE, "1023B"},
        {1024, QUANTITY_SIZE, "1KiB"},
        {3072 * MIB, QUANTITY_SIZE, "3GiB"},
        {86400000000, QUANTITY_COUNT, "86400000000"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[32];
        quantity_format(cases[i].number, cases[i].kind, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_written_back_in_the_largest_unit_that_divides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

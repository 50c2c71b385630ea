/* Points in time: what RFC 3339 allows, what people type, and the calendar of the C library as a witness. */
#include "base/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

struct text_case {
    const char *text;
    int64_t us;
};

typedef bool parser(const char *text, size_t length, int64_t *ret_us);

static void expect_all(parser *parse, const struct text_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t us = 0;
        if (!parse(cases[i].text, strlen(cases[i].text), &us))
            fail_msg("refused: %s", cases[i].text);
        if (us != cases[i].us)
            fail_msg("%s became %lld", cases[i].text, (long long)us);
    }
}

static void refuse_all(parser *parse, const char *const *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t us = 42;
        if (parse(cases[i], strlen(cases[i]), &us))
            fail_msg("accepted: '%s'", cases[i]);
        assert_int_equal(us, 42);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct text_case strict_cases[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2020-01-01T11:11:27.370Z", 1577877087370000},
    {"2020-01-01t11:11:27.370z", 1577877087370000},
    {"2020-01-01T11:11:27.37Z", 1577877087370000},
    {"2020-01-01T11:11:27.370999999Z", 1577877087370999},
    {"2020-01-01T13:11:27.370+02:00", 1577877087370000},
    {"2020-01-01T05:41:27.370-05:30", 1577877087370000},
    {"2020-01-01T11:11:27.370-00:00", 1577877087370000},
    {"2000-02-29T23:59:59.999999Z", 951868799999999},
    {"1969-12-31T23:59:59.9999999Z", -1},
    {"0001-01-01T00:00:00Z", -62135596800000000},
    {"9999-12-31T23:59:59.999999Z", 253402300799999999},
    {"9999-12-31T23:59:59+23:59", 253402300799000000 - INT64_C(86340000000)},
};

static const char *const refused_by_both[] = {
    "",
    "now",
    "2020",
    "2020-01",
    "2020-01-01T",
    "2020-01-01T11",
    "2020-01-01T11:11:27.Z",
    "2020-01-01T11:11:27.1234567890Z",
    "2020-01-01T11:11:27,5Z",
    "2020-01-01T11:11:60Z",
    "2020-01-01T11:60:00Z",
    "2020-01-01T24:00:00Z",
    "2020-00-01T00:00:00Z",
    "2020-13-01T00:00:00Z",
    "2020-01-00T00:00:00Z",
    "2020-01-32T00:00:00Z",
    "2021-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2020-04-31T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "2020-1-01T00:00:00Z",
    "20200101T000000Z",
    "+2020-01-01T00:00:00Z",
    "-020-01-01T00:00:00Z",
    " 2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00Z ",
    "2020-01-01T00:00:00ZZ",
    "2020-01-01T00:00:00+1:00",
    "2020-01-01T00:00:00+24:00",
    "2020-01-01T00:00:00+01:60",
    "2020-01-01T00:00:00+0100",
    "2020-01-01T00:00:00 UTC",
    "2020-01-01Z",
};

static const char *const refused_by_strict[] = {
    "2020-01-01",          "2020-01-01 11:11:27Z",   "2020-01-01T11:11Z",
    "2020-01-01T11:11:27", "2020-01-01T11:11:27+02", "2020-01-01T11:11:27.5",
};

static const struct text_case lenient_cases[] = {
    {"2020-01-01", 1577836800000000},
    {"2020-01-01 11:11", 1577877060000000},
    {"2020-01-01 11:11:27", 1577877087000000},
    {"2020-01-01T11:11:27.5", 1577877087500000},
    {"2020-01-01 13:11:27+02", 1577877087000000},
    {"2020-01-01 13:11+02", 1577877060000000},
    {"2020-01-01 05:41:27.370-05:30", 1577877087370000},
    {"2020-01-01 11:11:27z", 1577877087000000},
};

static void rfc_3339_is_read(void **state)
{
    (void)state;
    expect_all(timestamp_parse, strict_cases, COUNT(strict_cases));
    expect_all(timestamp_parse_lenient, strict_cases, COUNT(strict_cases));
}

static void what_people_type_is_read(void **state)
{
    (void)state;
    expect_all(timestamp_parse_lenient, lenient_cases, COUNT(lenient_cases));
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    refuse_all(timestamp_parse, refused_by_both, COUNT(refused_by_both));
    refuse_all(timestamp_parse_lenient, refused_by_both, COUNT(refused_by_both));
    refuse_all(timestamp_parse, refused_by_strict, COUNT(refused_by_strict));
}

static void the_text_ends_where_it_is_said_to_end(void **state)
{
    static const char text[] = "2020-01-01T11:11:27.370Z";
    int64_t us = 0;
    (void)state;

    for (size_t length = 0; length < sizeof(text) - 1; length++)
        assert_false(timestamp_parse(text, length, &us));
    assert_false(timestamp_parse(text, sizeof(text), &us)); /* the NUL is not part of it */
}

static void as_many_fraction_digits_as_needed(void **state)
{
    static const struct text_case cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00.001Z", 1000},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2020-01-01T11:11:27.370Z", 1577877087370000},
        {"0001-01-01T00:00:00Z", INT64_MIN},
        {"9999-12-31T23:59:59.999999Z", INT64_MAX},
    };
    char text[TIMESTAMP_TEXT_MAX];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        timestamp_format(cases[i].us, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void expect_day(int64_t day)
{
    int64_t seconds = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;
    time_t when = (time_t)seconds;
    struct tm broken;
    char expected[64];
    char text[TIMESTAMP_TEXT_MAX];
    int64_t us = 0;

    gmtime_r(&when, &broken);
    snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ", broken.tm_year + 1900,
             broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min, broken.tm_sec);
    timestamp_format(seconds * 1000000, text);
    if (strcmp(text, expected) != 0)
        fail_msg("%s was written as %s", expected, text);
    assert_true(timestamp_parse(expected, strlen(expected), &us));
    assert_int_equal(us, seconds * 1000000);
}

/* The calendar repeats after 400 years; the first and last years are looked at besides. */
static void every_day_is_that_of_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = -135140; day < -135140 + 146097; day++)
        expect_day(day);
    for (int64_t day = 0; day < 3000; day++) {
        expect_day(-719162 + day);
        expect_day(2932896 - day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_3339_is_read),
        cmocka_unit_test(what_people_type_is_read),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(the_text_ends_where_it_is_said_to_end),
        cmocka_unit_test(as_many_fraction_digits_as_needed),
        cmocka_unit_test(every_day_is_that_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What counts as a comment. In the table _ stands for the space that a comment's byte becomes.
 */
#include "service/config_comments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *before, *after;
} cases[] = {
    {"", ""},
    {"# all\nof it # twice", "_____\nof it _______"},
    {"interval = 1h# x", "interval = 1h___"},
    {"interval =# x\n 1h", "interval =___\n 1h"},
    {"// a\n/* b\n * c */ d", "____\n____\n_______ d"},
    {"url = https://api.test // x", "url = https://api.test ____"},
    {"url = https://api.test/* x", "url = https://api.test/* x"},
    {"sync{/*x*/interval=/**/1h}", "sync{_____interval=____1h}"},
    {"'# no' \"// no\" '/* no */'", "'# no' \"// no\" '/* no */'"},
    {"\"a \\\" # no\" # yes", "\"a \\\" # no\" _____"},
    {"'it\\'s # no'# yes", "'it\\'s # no'_____"},
    {"a / b", "a / b"},
    {"/", "/"},
    {"/*/ x */", "________"},
    {"/* without end", "/* without end"},
    {"\"without end # x", "\"without end # x"},
    {"\"\\", "\"\\"},
};

static void expect(const char *before, const char *after)
{
    char text[64], expected[64];
    size_t length = strlen(before);

    memcpy(text, before, length + 1);
    memcpy(expected, after, strlen(after) + 1);
    for (char *mark = expected; (mark = strchr(mark, '_'));)
        *mark = ' ';
    config_comments_blank(text, length);
    assert_string_equal(text, expected);
}

static void test_comments_become_spaces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect(cases[i].before, cases[i].after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_comments_become_spaces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where one can listen, and what only looks like it. */
#include "service/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *const places[] = {
    "127.0.0.1:9464", "0.0.0.0:1", "localhost:65535", "a:80", "metrics-1.example.test:9464",
    "[::1]:9464",     "[::]:9464"};

static const char *const others[] = {
    "",
    "9464",
    ":9464",
    "localhost",
    "localhost:",
    "localhost:0",
    "localhost:65536",
    "a:123456",
    "a:-1",
    "a:+1",
    "a: 1",
    "a:1 ",
    "a:b",
    " a:1",
    "::1:9464",
    "[::1]",
    "[::1]9464",
    "[::1:9464",
    "::1]:9464",
    "[]:9464",
    "[:9464",
    "[a]:9464",
    "[1.2.3.4]:1",
    "256.0.0.1:9464",
    "1.2.3:9464",
    "http://a:9464",
    "a/b:9464",
    "a:b:1",
    ".:1.",
    "a\x1b[2J:1",
    "\u00e9:1",
};

static void every_place_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (!listen_valid(places[i]))
            fail_msg("refused: %s", places[i]);
}

static void nothing_else_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (listen_valid(others[i]))
            fail_msg("accepted: %s", others[i]);
}

static void names_have_an_end(void **state)
{
    char text[512];

    (void)state;
    memset(text, 'a', sizeof(text));
    strcpy(text + 253, ":80");
    assert_true(listen_valid(text));
    strcpy(text + 253, "a:80");
    assert_false(listen_valid(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_is_accepted),
        cmocka_unit_test(nothing_else_is),
        cmocka_unit_test(names_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The request's text, byte for byte: it is the whole of what this program ever says to Luzmo.
 */
#include "luzmo/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ATTRIBUTES                                                                                           \
    "[\"id\",\"name\",\"email\",\"city\",\"country_id\",\"locale_id\",\"created_at\",\"flag_plan\"]"

static void assert_body(const char *key_text, const char *token_text, bool without_attributes,
                        const char *expected)
{
    struct secret key, token, body;

    secret_init(&key);
    secret_init(&token);
    secret_init(&body);
    secret_set(&key, key_text, strlen(key_text));
    secret_set(&token, token_text, strlen(token_text));
    request_body(&key, &token, without_attributes, &body);
    assert_string_equal(body.bytes, expected);
    assert_int_equal(body.length, strlen(expected));
    secret_done(&key);
    secret_done(&token);
    secret_done(&body);
}

static void asks_for_the_documented_attributes(void **state)
{
    (void)state;
    assert_body("KEY", "TOKEN", false,
                "{\"action\":\"get\",\"version\":\"0.1.0\",\"key\":\"KEY\",\"token\":\"TOKEN\","
                "\"find\":{\"where\":{},\"attributes\":[\"id\",\"name\"],"
                "\"include\":[{\"model\":\"User\",\"attributes\":" ATTRIBUTES "}]}}");
}

static void asks_for_everything_after_a_400(void **state)
{
    (void)state;
    assert_body("KEY", "TOKEN", true,
                "{\"action\":\"get\",\"version\":\"0.1.0\",\"key\":\"KEY\",\"token\":\"TOKEN\","
                "\"find\":{\"where\":{},\"include\":[{\"model\":\"User\"}]}}");
}

/* A token cannot break out of its string and become another action. */
static void escapes_key_and_token(void **state)
{
    (void)state;
    assert_body("K\"\\", "\",\"action\":\"delete\x01", true,
                "{\"action\":\"get\",\"version\":\"0.1.0\",\"key\":\"K\\\"\\\\\","
                "\"token\":\"\\\",\\\"action\\\":\\\"delete\\u0001\","
                "\"find\":{\"where\":{},\"include\":[{\"model\":\"User\"}]}}");
}

static void takes_secrets_of_any_length(void **state)
{
    enum { LENGTH = 5000 };
    static char token[LENGTH + 1];
    static char expected[6 * LENGTH + 256] =
        "{\"action\":\"get\",\"version\":\"0.1.0\",\"key\":\"KEY\",\"token\":\"";

    (void)state;
    memset(token, '\x1f', LENGTH);
    for (int i = 0; i < LENGTH; i++)
        strcat(expected, "\\u001f");
    strcat(expected, "\",\"find\":{\"where\":{},\"include\":[{\"model\":\"User\"}]}}");
    assert_body("KEY", token, true, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_documented_attributes),
        cmocka_unit_test(asks_for_everything_after_a_400),
        cmocka_unit_test(escapes_key_and_token),
        cmocka_unit_test(takes_secrets_of_any_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The requests' text, byte for byte: it is the whole of what this program ever says to Luzmo.
 */
#include "luzmo/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ATTRIBUTES                                                                                           \
    "[\"id\",\"name\",\"email\",\"city\",\"country_id\",\"locale_id\",\"created_at\",\"flag_plan\"]"

struct asking {
    struct secret key, token, body;
};

static void begin(struct asking *asking, const char *key, const char *token)
{
    secret_init(&asking->key);
    secret_init(&asking->token);
    secret_init(&asking->body);
    secret_set(&asking->key, key, strlen(key));
    secret_set(&asking->token, token, strlen(token));
}

static void end(struct asking *asking, const char *expected)
{
    assert_string_equal(asking->body.bytes, expected);
    assert_int_equal(asking->body.length, strlen(expected));
    secret_done(&asking->key);
    secret_done(&asking->token);
    secret_done(&asking->body);
}

static void assert_body(const char *key, const char *token, bool without_attributes, const char *expected)
{
    struct asking asking;

    begin(&asking, key, token);
    request_organization(&asking.key, &asking.token, without_attributes, &asking.body);
    end(&asking, expected);
}

static void assert_users_body(const struct uuid *ids, size_t count, const char *expected)
{
    struct asking asking;

    begin(&asking, "KEY", "TOKEN");
    request_users(&asking.key, &asking.token, ids, count, &asking.body);
    end(&asking, expected);
}

static void assert_token_body(const char *key, const char *expected)
{
    struct asking asking;

    begin(&asking, key, "TOKEN");
    request_token(&asking.key, &asking.token, &asking.body);
    end(&asking, expected);
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

#define OPENING "{\"action\":\"get\",\"version\":\"0.1.0\",\"key\":\"KEY\",\"token\":\"TOKEN\",\"find\":{"

static void asks_for_users_by_their_ids(void **state)
{
    static const struct uuid ids[] = {{.bytes = {0xb9, 0xc8, 0xc0, 0x5a, 0x4a, 0x76, 0x11, 0xeb}},
                                      {.bytes = {[15] = 1}}};

    (void)state;
    assert_users_body(ids, 1,
                      OPENING "\"where\":{\"id\":[\"b9c8c05a-4a76-11eb-0000-000000000000\"]},"
                              "\"attributes\":[\"id\"]}}");
    assert_users_body(ids, 2,
                      OPENING "\"where\":{\"id\":[\"b9c8c05a-4a76-11eb-0000-000000000000\","
                              "\"00000000-0000-0000-0000-000000000001\"]},\"attributes\":[\"id\"]}}");
}

static void asks_for_a_hundred_users_at_once(void **state)
{
    static const struct uuid ids[100];
    static char expected[100 * 64] = OPENING "\"where\":{\"id\":[";

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(expected, i > 0 ? ",\"00000000-0000-0000-0000-000000000000\""
                               : "\"00000000-0000-0000-0000-000000000000\"");
    strcat(expected, "]},\"attributes\":[\"id\"]}}");
    assert_users_body(ids, 100, expected);
}

static void asks_about_the_token_by_its_key(void **state)
{
    (void)state;
    assert_token_body("KEY", OPENING "\"where\":{\"id\":\"KEY\"},"
                                     "\"attributes\":[\"id\",\"user_id\",\"expiry\"]}}");
    assert_token_body("\"}}\x01", "{\"action\":\"get\",\"version\":\"0.1.0\",\"key\":\"\\\"}}\\u0001\","
                                  "\"token\":\"TOKEN\",\"find\":{\"where\":{\"id\":\"\\\"}}\\u0001\"},"
                                  "\"attributes\":[\"id\",\"user_id\",\"expiry\"]}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_documented_attributes),
        cmocka_unit_test(asks_for_everything_after_a_400),
        cmocka_unit_test(escapes_key_and_token),
        cmocka_unit_test(takes_secrets_of_any_length),
        cmocka_unit_test(asks_for_users_by_their_ids),
        cmocka_unit_test(asks_for_a_hundred_users_at_once),
        cmocka_unit_test(asks_about_the_token_by_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What an HTTP answer's status, type and Retry-After are worth.
 */
#include "luzmo/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static int check(long status, const char *type, const char *location, const char *excerpt,
                 struct error *error)
{
    error_clear(error);
    return answer_check(status, type, location, excerpt, strlen(excerpt), error);
}

static void json_with_200_is_believed(void **state)
{
    static const char *const types[] = {"application/json", "application/json; charset=utf-8",
                                        "APPLICATION/JSON;x", "application/json ;x"};
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_int_equal(check(200, types[i], NULL, "", &error), 0);
}

static void nothing_else_with_200_is(void **state)
{
    static const char *const types[] = {
        NULL, "", "text/html", "application/jsonp", "application/problem+json", "application"};
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_int_equal(check(200, types[i], NULL, "", &error), -(int)ERROR_MALFORMED);
}

static void every_status_has_its_class(void **state)
{
    static const struct {
        long status;
        enum error_class class;
    } rows[] = {
        {0, ERROR_MALFORMED},     {100, ERROR_MALFORMED},   {201, ERROR_MALFORMED},
        {204, ERROR_MALFORMED},   {206, ERROR_MALFORMED},   {300, ERROR_MALFORMED},
        {399, ERROR_MALFORMED},   {400, ERROR_MALFORMED},   {401, ERROR_CREDENTIALS},
        {403, ERROR_CREDENTIALS}, {404, ERROR_CONFIG},      {405, ERROR_MALFORMED},
        {429, ERROR_UNAVAILABLE}, {500, ERROR_UNAVAILABLE}, {503, ERROR_UNAVAILABLE},
        {599, ERROR_UNAVAILABLE}, {600, ERROR_MALFORMED},   {999, ERROR_MALFORMED},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(check(rows[i].status, "application/json", NULL, "", &error), -(int)rows[i].class);
        assert_int_equal(error.class, rows[i].class);
        assert_int_equal(strncmp(error.text, "HTTP ", 5), 0);
    }
}

/* A question may be refused by an API that answers for the organization: the address is right then. */
static void a_question_is_refused_in_other_words(void **state)
{
    static const struct {
        long status;
        enum error_class class;
        const char *part;
    } rows[] = {
        {200, ERROR_MALFORMED, "HTTP 200: the answer is not JSON"},
        {301, ERROR_MALFORMED, "HTTP 301: the answer is a redirect"},
        {400, ERROR_MALFORMED, "HTTP 400: the API does not understand this question; it says \"no\""},
        {401, ERROR_CREDENTIALS, "HTTP 401: the API rejects key or token"},
        {403, ERROR_CREDENTIALS, "HTTP 403: key and token may not ask this question"},
        {404, ERROR_MALFORMED, "HTTP 404: the API does not know this question; it says \"no\""},
        {405, ERROR_MALFORMED, "HTTP 405: this is no answer"},
        {429, ERROR_UNAVAILABLE, "HTTP 429: the API asks for fewer requests"},
        {503, ERROR_UNAVAILABLE, "HTTP 503: the API has a problem of its own"},
    };
    struct error error;

    (void)state;
    assert_int_equal(answer_check_question(200, "application/json", NULL, "", 0, &error), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        error_clear(&error);
        assert_int_equal(answer_check_question(rows[i].status, "text/plain", NULL, "no", 2, &error),
                         -(int)rows[i].class);
        assert_int_equal(error.class, rows[i].class);
        assert_int_equal(strncmp(error.text, rows[i].part, strlen(rows[i].part)), 0);
    }
}

/* What stands behind the advice, where foreign text goes; "" = there is none. */
static void assert_quotes(const struct error *error, const char *expected)
{
    size_t length = strlen(error->text);

    if (expected[0] == '\0')
        assert_null(strchr(error->text, '"'));
    assert_true(length >= strlen(expected));
    assert_string_equal(error->text + length - strlen(expected), expected);
}

static void excerpts_are_short_and_printable(void **state)
{
    char long_text[1000];
    char expected[256] = "; it says \"";
    struct error error;

    (void)state;
    check(500, NULL, NULL, " \r\n\tno\nway\x1b[2J\xff \n", &error);
    assert_quotes(&error, "; it says \"no\\nway\\x1b[2J\\xff\"");
    check(500, NULL, NULL, "", &error);
    assert_quotes(&error, "");

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    memcpy(long_text + 199, "\xe2\x82\xac", 3); /* a euro sign across the cut */
    check(500, NULL, NULL, long_text, &error);
    memset(expected + strlen(expected), 'x', 199);
    strcat(expected, "...\"");
    assert_quotes(&error, expected);
}

static void even_the_worst_excerpt_leaves_the_advice(void **state)
{
    char worst[200];
    struct error error;

    (void)state;
    memset(worst, '\x01', sizeof(worst));
    assert_int_equal(answer_check(401, NULL, NULL, worst, sizeof(worst), &error), -(int)ERROR_CREDENTIALS);
    assert_non_null(strstr(error.text, "check both"));
}

static void redirects_name_their_target(void **state)
{
    struct error error;

    (void)state;
    check(302, NULL, "https://other.test/login?token=x#y", "", &error);
    assert_quotes(&error, "; it leads to \"https://other.test/login\"");
    check(302, NULL, NULL, "", &error);
    assert_quotes(&error, "");
    check(401, NULL, "https://other.test/", "", &error); /* not a redirect */
    assert_quotes(&error, "");
}

static void retry_after_is_read_and_clamped(void **state)
{
    static const int64_t now = INT64_C(1767225600) * SECOND; /* 2026-01-01T00:00:00Z */
    static const struct {
        const char *value;
        int64_t wait_us;
    } rows[] = {
        {NULL, 0},
        {"", 0},
        {"0", 0},
        {"1", SECOND},
        {"3600", HOUR},
        {"3601", HOUR},
        {"99999999999999999999999999", HOUR},
        {"-1", 0},
        {"1.5", 0},
        {"soon", 0},
        {"Thu, 01 Jan 2026 00:00:30 GMT", 30 * SECOND},
        {"Thursday, 01-Jan-26 00:00:30 GMT", 30 * SECOND},
        {"Wed, 31 Dec 2025 23:59:59 GMT", 0},
        {"Thu, 31 Dec 2099 23:59:59 GMT", HOUR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(answer_retry_after_us(rows[i].value, now), rows[i].wait_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_with_200_is_believed),
        cmocka_unit_test(nothing_else_with_200_is),
        cmocka_unit_test(every_status_has_its_class),
        cmocka_unit_test(a_question_is_refused_in_other_words),
        cmocka_unit_test(excerpts_are_short_and_printable),
        cmocka_unit_test(even_the_worst_excerpt_leaves_the_advice),
        cmocka_unit_test(redirects_name_their_target),
        cmocka_unit_test(retry_after_is_read_and_clamped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

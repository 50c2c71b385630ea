/* The API's own error envelope, and what only looks like it. */
#include "core/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define TYPE "\"type\":{\"code\":400,\"description\":\"Bad Request\"}"

static void the_message_is_found(void **state)
{
    static const struct {
        const char *text;
        const char *message; /* NULL: there is none */
    } cases[] = {
        {"{" TYPE ",\"message\":\"no such attribute\"}", "no such attribute"},
        {" {\"message\":\"two\\nlines \\u001b[2J\", " TYPE "}\n", "two\nlines \x1b[2J"},
        {"{" TYPE ",\"message\":\"\"}", NULL},
        {"{" TYPE ",\"message\":null}", NULL},
        {"{" TYPE ",\"message\":{\"en\":\"no\"}}", NULL},
        {"{" TYPE "}", NULL},
        {"{\"message\":\"Forbidden\"}", NULL},
        {"{\"type\":\"Error\",\"message\":\"Forbidden\"}", NULL},
        {"{" TYPE ",\"message\":\"cut o", NULL},
        {"{" TYPE ",\"message\":\"no\"} and more", NULL},
        {"[\"message\"]", NULL},
        {"\"message\"", NULL},
        {"<html>no</html>", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer message;

        buffer_init(&message, 100);
        assert_int_equal(refusal_message(cases[i].text, strlen(cases[i].text), &message),
                         cases[i].message != NULL);
        assert_int_equal(message.length, cases[i].message ? strlen(cases[i].message) : 0);
        if (cases[i].message)
            assert_string_equal(message.data, cases[i].message);
        buffer_done(&message);
    }
}

static void a_message_may_hold_anything(void **state)
{
    static const char text[] = "{" TYPE ",\"message\":\"a\\u0000b\"}";
    struct buffer message;

    (void)state;
    buffer_init(&message, 100);
    assert_true(refusal_message(text, sizeof(text) - 1, &message));
    assert_int_equal(message.length, 3);
    assert_memory_equal(message.data, "a\0b", 3);
    buffer_done(&message);
}

static void what_does_not_fit_is_not_taken(void **state)
{
    static const char text[] = "{" TYPE ",\"message\":\"longer\"}";
    struct buffer message;

    (void)state;
    buffer_init(&message, 3);
    assert_false(refusal_message(text, sizeof(text) - 1, &message));
    assert_int_equal(message.length, 0);
    buffer_done(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_message_is_found),
        cmocka_unit_test(a_message_may_hold_anything),
        cmocka_unit_test(what_does_not_fit_is_not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

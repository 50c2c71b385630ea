/* Errors by value: class, sentence, and what happens when the sentence is too long. */
#include "base/error.h"
#include "captured.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

static void setting_answers_the_negative_class(void **state)
{
    struct error error = {0};
    (void)state;

    assert_int_equal(error_set(&error, ERROR_BUSY, "%s holds the lock", "another instance"), -ERROR_BUSY);
    assert_int_equal(error.class, ERROR_BUSY);
    assert_string_equal(error.text, "another instance holds the lock");
    error_clear(&error);
    assert_int_equal(error.class, ERROR_NONE);
    assert_string_equal(error.text, "");
}

static void nobody_has_to_ask_for_the_text(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_CONFIG, "unread"), -ERROR_CONFIG);
    assert_int_equal(error_wrap(NULL, "unread"), -ERROR_INTERNAL);
}

static void wrapping_says_what_was_being_done(void **state)
{
    struct error error = {0};
    (void)state;

    error_set(&error, ERROR_UNAVAILABLE, "connection refused");
    assert_int_equal(error_wrap(&error, "connecting to %s", "api.luzmo.com"), -ERROR_UNAVAILABLE);
    assert_string_equal(error.text, "connecting to api.luzmo.com: connection refused");
}

static void the_old_text_may_be_part_of_the_new(void **state)
{
    struct error error = {0};
    (void)state;

    error_set(&error, ERROR_MALFORMED, "no row");
    error_set(&error, ERROR_MALFORMED, "the answer has %s", error.text);
    assert_string_equal(error.text, "the answer has no row");
    error_wrap(&error, "again: %s", error.text);
    assert_string_equal(error.text, "again: the answer has no row: the answer has no row");
}

/* Texts of every length around the limit, made of characters of one to four bytes, are cut between characters. */
static void a_long_text_is_cut_between_characters(void **state)
{
    static const char *const characters[] = {"a", "é", "€", "😀"};
    char text[ERROR_TEXT_MAX + 8];
    struct error error = {0};
    (void)state;

    for (size_t i = 0; i < 4; i++) {
        size_t width = strlen(characters[i]);
        for (size_t lead = 0; lead < width; lead++) {
            size_t length = lead;
            memset(text, '.', lead);
            for (; length + width < sizeof(text); length += width)
                memcpy(text + length, characters[i], width);
            text[length] = '\0';
            error_set(&error, ERROR_INTERNAL, "%s", text);
            size_t kept = strlen(error.text);
            assert_true(kept < ERROR_TEXT_MAX && kept + width >= ERROR_TEXT_MAX);
            assert_int_equal((kept - lead) % width, 0);
            assert_memory_equal(error.text, text, kept);
        }
    }
}

static void a_long_wrapping_keeps_the_limit(void **state)
{
    char text[2 * ERROR_TEXT_MAX + 100];
    struct error error = {0};
    (void)state;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&error, ERROR_VERIFY, "the end");
    assert_int_equal(error_wrap(&error, "%s", text), -ERROR_VERIFY);
    assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
}

static void every_class_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int left = ERROR_NONE; left <= ERROR_INTERNAL; left++)
        for (int right = ERROR_NONE; right < left; right++)
            assert_string_not_equal(error_class_name((enum error_class)left),
                                    error_class_name((enum error_class)right));
    assert_string_equal(error_class_name(ERROR_UNAVAILABLE), "unavailable");
}

static void give_up(void)
{
    error_fatal("nothing can go on");
}

static void a_fatal_want_is_said_and_aborts(void **state)
{
    char text[100];
    (void)state;

    assert_int_equal(captured_death(give_up, text, sizeof(text)), SIGABRT);
    assert_string_equal(text, "nothing can go on\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_answers_the_negative_class),
        cmocka_unit_test(nobody_has_to_ask_for_the_text),
        cmocka_unit_test(wrapping_says_what_was_being_done),
        cmocka_unit_test(the_old_text_may_be_part_of_the_new),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(a_long_wrapping_keeps_the_limit),
        cmocka_unit_test(every_class_has_a_word_of_its_own),
        cmocka_unit_test(a_fatal_want_is_said_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

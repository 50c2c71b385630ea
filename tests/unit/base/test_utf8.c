/* UTF-8: what is well-formed, and text made safe for the places where it is shown. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The well-formed byte sequences as the Unicode Standard lists them (table 3-7), for comparison. */
static const struct {
    size_t length;
    unsigned char range[4][2];
} well_formed[] = {
    {1, {{0x00, 0x7f}}},
    {2, {{0xc2, 0xdf}, {0x80, 0xbf}}},
    {3, {{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}}},
    {3, {{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}}},
    {3, {{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}}},
    {3, {{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}}},
    {4, {{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}},
    {4, {{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}},
    {4, {{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}}},
};

/* Length of the listed sequence at the start of the text, 0 when none is there. */
static size_t listed_length(const unsigned char *text, size_t length)
{
    for (size_t row = 0; row < COUNT(well_formed); row++) {
        size_t matched = 0;
        while (matched < well_formed[row].length && matched < length &&
               text[matched] >= well_formed[row].range[matched][0] &&
               text[matched] <= well_formed[row].range[matched][1])
            matched++;
        if (matched == well_formed[row].length)
            return matched;
    }
    return 0;
}

static bool listed_valid(const unsigned char *text, size_t length)
{
    while (length > 0) {
        size_t step = listed_length(text, length);
        if (step == 0)
            return false;
        text += step;
        length -= step;
    }
    return true;
}

/* All texts of up to four bytes made of those bytes at which a rule begins or ends. */
static void validity_is_that_of_the_standard(void **state)
{
    static const unsigned char edges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                          0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
                                          0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff};
    const size_t choices = COUNT(edges);
    (void)state;

    for (size_t n = 0; n < choices * choices * choices * choices; n++) {
        unsigned char text[4] = {edges[n % choices], edges[n / choices % choices],
                                 edges[n / choices / choices % choices],
                                 edges[n / choices / choices / choices]};
        for (size_t length = 1; length <= 4; length++)
            if (utf8_valid((const char *)text, length) != listed_valid(text, length))
                fail_msg("differs at %zu bytes of %02x %02x %02x %02x", length, text[0], text[1], text[2],
                         text[3]);
    }
}

static void a_bad_byte_is_found_wherever_it_stands(void **state)
{
    char text[64];
    (void)state;

    for (size_t length = 1; length <= sizeof(text); length++) {
        for (size_t place = 0; place < length; place++) {
            memset(text, 'a', sizeof(text));
            assert_true(utf8_valid(text, length));
            text[place] = (char)0x80;
            assert_false(utf8_valid(text, length));
        }
    }
    assert_true(utf8_valid("", 0));
    assert_true(utf8_valid("a\0b", 3));
}

struct text_case {
    const char *from;
    const char *to;
};

typedef void writer(struct buffer *buffer, const char *text, size_t length);

static void expect_all(writer *write, const struct text_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 1000);
        write(&buffer, cases[i].from, strlen(cases[i].from));
        assert_string_equal(buffer.data ? buffer.data : "", cases[i].to);
        buffer_done(&buffer);
    }
}

static const struct text_case printable_cases[] = {
    {"", ""},
    {"Ada \"the\" Countess\\", "Ada \"the\" Countess\\"},
    {"Zoë 漢字 👩‍👩‍👧 e\u0301 می‌خواهم",
     "Zoë 漢字 👩‍👩‍👧 e\u0301 می‌خواهم"},
    {"one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"},
    {"\x1b[31mred\x1b[0m\a\x7f", "\\x1b[31mred\\x1b[0m\\x07\\x7f"},
    {"\xc2\x85\xc2\x9b[31m", "\\u0085\\u009b[31m"},
    {"user\u202etxt.exe", "user\\u202etxt.exe"},
    {"\u2028\u2029\u200b\u200e", "\\u2028\\u2029\\u200b\\u200e"},
    {"\u2066\ufeff\u00ad\u061c", "\\u2066\\ufeff\\u00ad\\u061c"},
    {"\U000e0041hidden", "\\U000e0041hidden"},
    {"bad \xff\xc3(\xed\xa0\x80", "bad \\xff\\xc3(\\xed\\xa0\\x80"},
    {"cut \xf0\x9f\x98", "cut \\xf0\\x9f\\x98"},
};

static void printable_text_cannot_steer_a_terminal(void **state)
{
    struct buffer buffer;
    (void)state;

    expect_all(utf8_add_printable, printable_cases, COUNT(printable_cases));
    buffer_init(&buffer, 100);
    utf8_add_printable(&buffer, "a\0b", 3);
    assert_string_equal(buffer.data, "a\\x00b");
    buffer_done(&buffer);
}

static void width_is_counted_in_columns(void **state)
{
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},     {"Ada", 3},  {"Zoë", 3},  {"Zoe\u0308", 3}, {"漢字", 4},        {"😀", 2},
        {"한글", 4}, {"a\nb", 4}, {"\x1b", 4}, {"\xff", 4},      {"user\u202e", 10}, {"\ufe0f", 0},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(utf8_width(cases[i].text, strlen(cases[i].text)), cases[i].width);
}

static void a_csv_field_is_data_and_never_a_formula(void **state)
{
    static const struct text_case cases[] = {
        {"", ""},
        {"Ada Lovelace", "Ada Lovelace"},
        {"Lovelace, Ada", "\"Lovelace, Ada\""},
        {"the \"Countess\"", "\"the \"\"Countess\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"a;=1+1", "\"a;=1+1\""},
        {"=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""},
        {"+49 30 1234", "\"'+49 30 1234\""},
        {"-1", "\"'-1\""},
        {"@SUM(A1)", "\"'@SUM(A1)\""},
        {"\t=1", "\"'\t=1\""},
        {"\r=1", "\"'\r=1\""},
        {"a=b", "a=b"},
    };
    (void)state;

    expect_all(utf8_add_csv, cases, COUNT(cases));
}

static void json_escapes_what_it_must(void **state)
{
    static const struct text_case cases[] = {
        {"", "\"\""},
        {"Zoë 😀/", "\"Zoë 😀/\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\b\t\n\v\f\r", "\"\\b\\t\\n\\u000b\\f\\r\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
    };
    struct buffer buffer;
    (void)state;

    expect_all(utf8_add_json, cases, COUNT(cases));
    buffer_init(&buffer, 100);
    utf8_add_json(&buffer, "\0", 1);
    assert_string_equal(buffer.data, "\"\\u0000\"");
    buffer_done(&buffer);
}

static void visible_json_means_the_same(void **state)
{
    static const struct text_case cases[] = {
        {"", ""},
        {"[\n  \"Zoë 😀\\n\", 1\r\n]\t", "[\n  \"Zoë 😀\\n\", 1\r\n]\t"},
        {"\"\x7f\"", "\"\\u007f\""},
        {"\"a\xc2\x9b"
         "b\u202ec\u2028\"",
         "\"a\\u009bb\\u202ec\\u2028\""},
        {"{\"\ufeff\":\"\U000e0041\"}", "{\"\\ufeff\":\"\\udb40\\udc41\"}"},
        {"\"\xff\"", "\"\xff\""},
    };
    (void)state;

    expect_all(utf8_add_visible_json, cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validity_is_that_of_the_standard),
        cmocka_unit_test(a_bad_byte_is_found_wherever_it_stands),
        cmocka_unit_test(printable_text_cannot_steer_a_terminal),
        cmocka_unit_test(width_is_counted_in_columns),
        cmocka_unit_test(a_csv_field_is_data_and_never_a_formula),
        cmocka_unit_test(json_escapes_what_it_must),
        cmocka_unit_test(visible_json_means_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

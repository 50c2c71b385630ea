/*
 * Heads of answers line by line: which body they promise, and which heads are refused.
 */
#include "luzmo/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MAX_BODY 1000

/* Feeds a text line by line, as libcurl does. */
static struct head head_of(const char *text)
{
    struct head head;
    struct error error;

    head_init(&head);
    while (*text) {
        const char *end = strchr(text, '\n');
        size_t length = end ? (size_t)(end + 1 - text) : strlen(text);
        assert_int_equal(head_add_line(&head, text, length, &error), 0);
        text += length;
    }
    return head;
}

static void fields_are_kept(void **state)
{
    struct head head = head_of("HTTP/1.1 429 Too Many\r\nContent-Type:application/json\r\nLOCATION:  /x \r\n"
                               "content-length: 12\r\nRetry-After: 7\r\nServer: nginx\r\nno colon\r\n\r\n");

    (void)state;
    assert_true(head_is_final(&head));
    assert_int_equal(head.status, 429);
    assert_string_equal(head.content_type, "application/json");
    assert_string_equal(head.location, "/x");
    assert_string_equal(head.retry_after, "7");
    assert_int_equal(head.lengths, 1);
    assert_int_equal(head.length, 12);
}

static void an_interim_answer_is_forgotten(void **state)
{
    struct head head = head_of("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nRetry-After: 9\r\n\r\n");

    (void)state;
    assert_false(head_is_final(&head));
    head = head_of("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nRetry-After: 9\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_true(head_is_final(&head));
    assert_int_equal(head.lengths, 0);
    assert_string_equal(head.retry_after, "");
}

static void a_trailer_changes_nothing(void **state)
{
    struct head head = head_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "Content-Length: 5\r\nHTTP/1.1 500 No\r\n\r\n");

    (void)state;
    assert_int_equal(head.status, 200);
    assert_int_equal(head.lengths, 0);
}

static void another_protocol_is_final(void **state)
{
    struct head head = head_of("HTTP/1.1 101 Switching Protocols\r\n\r\n");

    (void)state;
    assert_true(head_is_final(&head));
}

static void odd_status_lines_have_no_status(void **state)
{
    static const char *const lines[] = {"HTTP/1.1\r\n", "HTTP/1.1 2\r\n", "HTTP/1.1 2x0 OK\r\n", "HTTP/\r\n",
                                        ""};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(head_of(lines[i]).status, 0);
}

static void long_values_are_cut(void **state)
{
    char text[2000] = "HTTP/1.1 302 Found\r\nLocation: ";

    (void)state;
    memset(text + strlen(text), 'x', 1000);
    strcat(text, "\r\n\r\n");
    struct head head = head_of(text);
    assert_int_equal(strlen(head.location), HEAD_VALUE_MAX - 1);
}

static void lines_do_not_go_on_for_ever(void **state)
{
    static const char line[] = "HTTP/1.1 102 Processing\r\n";
    struct error error = {.class = ERROR_NONE};
    struct head head;
    size_t bytes = 0;

    (void)state;
    head_init(&head);
    while (head_add_line(&head, line, sizeof(line) - 1, &error) == 0)
        bytes += sizeof(line) - 1;
    assert_int_equal(error.class, ERROR_MALFORMED);
    assert_in_range(bytes, HEAD_BYTES_MAX - sizeof(line), HEAD_BYTES_MAX);
}

static void the_end_of_the_body_must_be_known(void **state)
{
    static const struct {
        const char *fields;
        const char *word; /* of the refusal; NULL = fine */
    } rows[] = {
        {"Content-Length: 0\r\n", NULL},
        {"Content-Length: 1000\r\n", NULL},
        {"Content-Length: 000012\r\n", NULL},
        {"Transfer-Encoding: Chunked\r\n", NULL},
        {"Content-Encoding: identity\r\nContent-Length: 1\r\n", NULL},
        {"", "cannot be known to be whole"},
        {"Connection: close\r\n", "cannot be known to be whole"},
        {"Content-Length: 1001\r\n", "1001 bytes, more than sync.max_body (1000)"},
        {"Content-Length: 5\r\nContent-Length: 5\r\n", "more than once"},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "more than once"},
        {"Content-Length:\r\n", "not a number"},
        {"Content-Length: +5\r\n", "not a number"},
        {"Content-Length: 5, 5\r\n", "not a number"},
        {"Content-Length: 0x5\r\n", "not a number"},
        {"Content-Length: 18446744073709551617\r\n", "not a number"},
        {"Transfer-Encoding: identity\r\n", "other than chunked"},
        {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "other than chunked"},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "other than chunked"},
        {"Content-Length: 5\r\nContent-Encoding: br\r\n", "encoded (br)"},
        {"Content-Length: 5\r\nContent-Encoding: identity\r\nContent-Encoding: \x1b[2J\r\n",
         "encoded (\\x1b[2J)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256] = "HTTP/1.1 200 OK\r\n";
        struct error error = {.class = ERROR_NONE};
        strcat(text, rows[i].fields);
        strcat(text, "\r\n");
        struct head head = head_of(text);
        assert_int_equal(head_check_body(&head, MAX_BODY, &error), rows[i].word ? -(int)ERROR_MALFORMED : 0);
        if (rows[i].word && !strstr(error.text, rows[i].word))
            fail_msg("\"%s\" does not contain \"%s\"", error.text, rows[i].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_kept),
        cmocka_unit_test(an_interim_answer_is_forgotten),
        cmocka_unit_test(a_trailer_changes_nothing),
        cmocka_unit_test(another_protocol_is_final),
        cmocka_unit_test(odd_status_lines_have_no_status),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(lines_do_not_go_on_for_ever),
        cmocka_unit_test(the_end_of_the_body_must_be_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

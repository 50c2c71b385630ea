/* Log lines: one event, one write, and no text that can pretend to be more. */
#include "base/log.h"
#include "captured.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char line[64 * 1024];

/* Logs one event with one text and keeps what was written in `line`, from `level=` on when a time stands before. */
static size_t log_text(const char *text)
{
    struct captured captured;
    size_t writes = 0;
    static char next[sizeof(line)];

    captured_begin(&captured);
    log_event(LOG_LEVEL_INFO, "test", LOG_TEXT("text", text), LOG_INTEGER("after", 1));
    captured_end(&captured);
    line[0] = '\0';
    while (captured_next(&captured, next, sizeof(next))) {
        snprintf(line, sizeof(line), "%s", strncmp(next, "ts=", 3) == 0 ? strchr(next, ' ') + 1 : next);
        writes++;
    }
    captured_done(&captured);
    return writes;
}

static void every_type_of_field_is_shown(void **state)
{
    struct uuid uuid = {{0xab}};
    struct captured captured;
    (void)state;

    captured_begin(&captured);
    log_event(LOG_LEVEL_NOTICE, "role_changed", LOG_UUID("user", &uuid), LOG_INTEGER("members", -3),
              LOG_BOOLEAN("owner", true), LOG_TEXT("absent", NULL), LOG_UUID("none", NULL),
              LOG_COUNT("nothing", 0), LOG_COUNT("left", 2), LOG_INTEGER("zero", 0), LOG_TEXT("to", "admin"));
    log_event(LOG_LEVEL_ERROR, "bare");
    captured_end(&captured);
    assert_true(captured_next(&captured, line, sizeof(line)));
    assert_int_equal(strncmp(line, "ts=20", 5), 0);
    assert_string_equal(
        strchr(line, ' '),
        " level=notice event=role_changed "
        "user=ab000000-0000-0000-0000-000000000000 members=-3 owner=true left=2 zero=0 to=admin\n");
    assert_true(captured_next(&captured, line, sizeof(line)));
    assert_string_equal(strchr(line, ' '), " level=error event=bare\n");
    assert_false(captured_next(&captured, line, sizeof(line)));
    captured_done(&captured);
}

static void texts_are_quoted_where_needed(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"plain", "plain"},
        {"a/b:c,d", "a/b:c,d"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"Zoë", "\"Zoë\""},
        {"x\nlevel=error event=forged", "\"x\\nlevel=error event=forged\""},
        {"x\" level=error event=\"forged", "\"x\\\" level=error event=\\\"forged\""},
        {"\x1b]0;title\a", "\"\\x1b]0;title\\x07\""},
        {"bad \xff", "\"bad \\xff\""},
        {"\u2028", "\"\\u2028\""},
    };
    char expected[200];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(expected, sizeof(expected), "level=info event=test text=%s after=1\n", cases[i].shown);
        assert_int_equal(log_text(cases[i].text), 1);
        assert_string_equal(line, expected);
    }
}

/* Reads the line as a consumer of logfmt would; the number of fields, or -1 when it is not logfmt. */
static int count_fields(const char *at)
{
    int fields = 0;

    while (true) {
        at += strcspn(at, "= \"\n");
        if (*at++ != '=')
            return -1;
        if (*at == '"') {
            for (at++; *at != '"'; at++)
                if (*at == '\0' || *at == '\n' || (*at == '\\' && *++at == '\0'))
                    return -1;
            at++;
        } else {
            at += strcspn(at, " \"=\n");
        }
        fields++;
        if (*at == '\n')
            return at[1] == '\0' ? fields : -1;
        if (*at++ != ' ')
            return -1;
    }
}

static void no_text_can_forge_a_line_or_a_field(void **state)
{
    static const char bytes[] = "\n\r \"\\=a\x1b\x80\xc3\xe2\xa8";
    unsigned random = 1;
    (void)state;

    for (int round = 0; round < 3000; round++) {
        char text[16];
        size_t length = (size_t)round % sizeof(text);
        for (size_t i = 0; i < length; i++) {
            random = random * 1103515245U + 12345U;
            text[i] = bytes[(random >> 16) % (sizeof(bytes) - 1)];
        }
        text[length] = '\0';
        assert_int_equal(log_text(text), 1);
        assert_int_equal(count_fields(line), 4);
    }
}

static void a_huge_text_is_left_out_and_the_line_says_so(void **state)
{
    char text[20000];
    (void)state;

    memset(text, '\n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(log_text(text), 1);
    assert_string_equal(line, "level=info event=test after=1 incomplete=true\n");
    text[3000] = '\0'; /* as long as the longest error may become */
    assert_int_equal(log_text(text), 1);
    assert_int_equal(count_fields(line), 4);
}

static void the_level_decides(void **state)
{
    static const char *const words[] = {"error", "warning", "notice", "info", "debug"};
    enum log_level level = LOG_LEVEL_INFO;
    (void)state;

    log_set_level(LOG_LEVEL_WARNING);
    assert_int_equal(log_text("unseen"), 0);
    log_set_level(LOG_LEVEL_INFO);
    assert_int_equal(log_text("seen"), 1);
    assert_true(log_level_parse("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_level_parse("loud", &level));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_true(log_level_parse(words[i], &level));
        assert_int_equal(level, LOG_LEVEL_ERROR + (int)i);
    }
}

static void the_journal_gets_priorities_and_keeps_its_own_time(void **state)
{
    struct captured captured;
    struct stat status;
    char stream[64];
    (void)state;

    captured_begin(&captured);
    fstat(STDERR_FILENO, &status);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_event(LOG_LEVEL_WARNING, "test");
    setenv("JOURNAL_STREAM", "1:2", 1); /* as when stderr was redirected to a file */
    log_event(LOG_LEVEL_WARNING, "test");
    unsetenv("JOURNAL_STREAM");
    captured_end(&captured);
    captured_next(&captured, line, sizeof(line));
    assert_string_equal(line, "<4>level=warning event=test\n");
    captured_next(&captured, line, sizeof(line));
    assert_int_equal(strncmp(line, "ts=", 3), 0);
    captured_done(&captured);
}

static unsigned taken_away;

static void take_away(void)
{
    taken_away++;
}

static void a_line_on_the_same_terminal_is_taken_away_first(void **state)
{
    struct captured captured;
    (void)state;

    captured_begin(&captured);
    log_before_line(take_away);
    log_event(LOG_LEVEL_INFO, "test");
    log_event(LOG_LEVEL_DEBUG, "unwanted");
    log_before_line(NULL);
    log_event(LOG_LEVEL_INFO, "test");
    captured_end(&captured);
    captured_done(&captured);
    assert_int_equal(taken_away, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_of_field_is_shown),
        cmocka_unit_test(texts_are_quoted_where_needed),
        cmocka_unit_test(no_text_can_forge_a_line_or_a_field),
        cmocka_unit_test(a_huge_text_is_left_out_and_the_line_says_so),
        cmocka_unit_test(the_level_decides),
        cmocka_unit_test(the_journal_gets_priorities_and_keeps_its_own_time),
        cmocka_unit_test(a_line_on_the_same_terminal_is_taken_away_first),
    };
    unsetenv("JOURNAL_STREAM");
    return cmocka_run_group_tests(tests, NULL, NULL);
}

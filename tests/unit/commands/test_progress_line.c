/*
 * What a person reads of a cycle that takes long.
 */
#include "commands/progress_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S 1000000

static const struct {
    struct progress progress;
    const char *line;
} lines[] = {
    {{.step = PROGRESS_NOTHING, .members = 3}, ""},
    {{.step = PROGRESS_READING, .elapsed_us = 2 * S, .bytes = 2500000, .members = 5000},
     "Reading: 2.5 MB, 5000 members"},
    {{.step = PROGRESS_READING,
      .elapsed_us = S - 1,
      .bytes = 1000000,
      .bytes_in_all = 4000000,
      .members = 2004},
     "Reading: 1.0 of 4.0 MB, 2004 members"}, /* too early to tell */
    {{.step = PROGRESS_READING,
      .elapsed_us = 2 * S,
      .bytes = 1000000,
      .bytes_in_all = 4000000,
      .members = 2004},
     "Reading: 1.0 of 4.0 MB, 2004 members, 6 s left"},
    {{.step = PROGRESS_READING, .elapsed_us = 2 * S, .bytes_in_all = 4000000},
     "Reading: 0.0 of 4.0 MB, 0 members"},
    {{.step = PROGRESS_READING, .elapsed_us = 2 * S, .bytes = 5000000, .bytes_in_all = 4000000, .members = 9},
     "Reading: 5.0 of 4.0 MB, 9 members"}, /* more than was announced */
    {{.step = PROGRESS_COMPARING, .elapsed_us = 9 * S, .bytes = 10, .bytes_in_all = 20, .members = 7},
     "Comparing 7 members"},
    {{.step = PROGRESS_WRITING,
      .elapsed_us = 3 * S,
      .bytes = 10,
      .rows = 999,
      .rows_in_all = 1000,
      .members = 500},
     "Writing: 999 of 1000 rows, 1 s left"},
    {{.step = PROGRESS_WRITING, .elapsed_us = 3 * S, .rows = 1000, .rows_in_all = 1000},
     "Writing: 1000 of 1000 rows, 0 s left"},
};

static void test_lines(void **state)
{
    char line[PROGRESS_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        progress_line_format(&lines[i].progress, line);
        assert_string_equal(line, lines[i].line);
    }
}

/* It must fit a line of a terminal: what runs over into the next cannot be erased. */
static void test_the_longest_line(void **state)
{
    const struct progress progress = {.step = PROGRESS_READING,
                                      .elapsed_us = (int64_t)86400 * S,
                                      .bytes = UINT64_C(1) << 39,
                                      .bytes_in_all = UINT64_C(1) << 40,
                                      .members = 100000000};
    char line[PROGRESS_LINE_MAX];

    (void)state;
    progress_line_format(&progress, line);
    assert_string_equal(line, "Reading: 549755.8 of 1099511.6 MB, 100000000 members, 86400 s left");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_the_longest_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

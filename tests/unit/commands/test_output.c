/*
 * Rows as a table, as CSV, as JSON: what a person sees, what a spreadsheet opens, what a program reads.
 */
#include "commands/output.h"
#include "commands/shown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS 3
#define ROWS    3

static struct shown shown;

static const char *const both_columns[] = {"name", "role", NULL};
static const char *const other_columns[] = {"age", "missing", "name", NULL};

/* Rows with the columns name (text), role (text) and age (number). */
struct page {
    enum output_format format;
    const char *const *table_columns;
    const char *rows[ROWS][COLUMNS];
    int count;
    const char *text;
};

static void add_row(struct output *output, const char *const *values)
{
    const struct column columns[COLUMNS] = {{.name = "name", .type = COLUMN_TEXT, .value = values[0]},
                                            {.name = "role", .type = COLUMN_TEXT, .value = values[1]},
                                            {.name = "age", .type = COLUMN_NUMBER, .value = values[2]}};
    struct error error;

    assert_int_equal(output_row_cb(output, columns, COLUMNS, &error), 0);
}

static void add_nothing(struct output *output)
{
    const struct column columns[COLUMNS] = {{.name = "name"}, {.name = "role"}, {.name = "age"}};
    struct error error;

    assert_int_equal(output_nothing_cb(output, columns, COLUMNS, &error), 0);
}

static const char *print(const struct page *page)
{
    struct output *output = output_new(page->format, page->table_columns);

    shown_begin(&shown);
    for (int i = 0; i < page->count; i++)
        add_row(output, page->rows[i]);
    if (page->count == 0)
        add_nothing(output);
    output_end(output, "Nobody.");
    output_free(output);
    return shown_end(&shown);
}

static const struct page pages[] = {
    {OUTPUT_TABLE, both_columns, {{NULL}}, 0, "Nobody.\n"},
    {OUTPUT_TABLE,
     both_columns,
     {{"Amy", "owner", "41"}, {"Zo\xc3\xab Quill", "viewer", NULL}},
     2,
     "name       role\n"
     "Amy        owner\n"
     "Zo\xc3\xab Quill  viewer\n"},
    {OUTPUT_TABLE, /* nothing follows the last cell that has something in it */
     both_columns,
     {{"Amy", NULL, NULL}, {NULL, NULL, NULL}, {NULL, "owner", NULL}},
     3,
     "name  role\n"
     "Amy\n"
     "\n"
     "      owner\n"},
    {OUTPUT_TABLE, other_columns, {{"Amy", "owner", "41"}}, 1, "age  missing  name\n41            Amy\n"},
    {OUTPUT_TABLE, /* a name that would rather be a terminal's command */
     both_columns,
     {{"\x1b[2J\nX", "owner", NULL}},
     1,
     "name        role\n\\x1b[2J\\nX  owner\n"},
    {OUTPUT_CSV, both_columns, {{NULL}}, 0, "name,role,age\r\n"},
    {OUTPUT_CSV,
     both_columns,
     {{"Quill, \"Zo\xc3\xab\"", "", "41"}, {"=1+1", NULL, NULL}},
     2,
     "name,role,age\r\n"
     "\"Quill, \"\"Zo\xc3\xab\"\"\",,41\r\n"
     "\"'=1+1\",,\r\n"},
    {OUTPUT_JSON, both_columns, {{NULL}}, 0, "[]\n"},
    {OUTPUT_JSON,
     both_columns,
     {{"A\"\\\n\xf0\x9f\x8e\x89", NULL, "41"}, {"41", "", NULL}},
     2,
     "[\n"
     "{\"name\":\"A\\\"\\\\\\n\xf0\x9f\x8e\x89\",\"role\":null,\"age\":41},\n"
     "{\"name\":\"41\",\"role\":\"\",\"age\":null}\n"
     "]\n"},
};

static void test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        assert_string_equal(print(&pages[i]), pages[i].text);
}

static void test_json_has_the_types_of_the_columns(void **state)
{
    const struct column columns[] = {{.name = "yes", .type = COLUMN_BOOLEAN, .value = "true"},
                                     {.name = "at", .type = COLUMN_TIME, .value = "2020-01-01T00:00:00Z"},
                                     {.name = "flags", .type = COLUMN_JSON, .value = "{\"flagX\":1}"}};
    struct output *output = output_new(OUTPUT_JSON, both_columns);
    struct error error;

    (void)state;
    shown_begin(&shown);
    assert_int_equal(output_row_cb(output, columns, 3, &error), 0);
    output_end(output, "");
    output_free(output);
    assert_string_equal(shown_end(&shown),
                        "[\n{\"yes\":true,\"at\":\"2020-01-01T00:00:00Z\",\"flags\":{\"flagX\":1}}\n]\n");
}

/* Columns are aligned by the first 500 rows; a wider cell after them shifts its own line only. */
static void test_a_long_table_is_printed_as_it_comes(void **state)
{
    const char *const narrow[COLUMNS] = {"Amy", "owner", NULL};
    const char *const wide[COLUMNS] = {"Amy Evans", "owner", NULL};
    struct output *output = output_new(OUTPUT_TABLE, both_columns);
    size_t lines = 0;

    (void)state;
    shown_begin(&shown);
    for (int i = 0; i < 501; i++)
        add_row(output, narrow);
    add_row(output, wide);
    output_end(output, "Nobody.");
    output_free(output);
    const char *text = shown_end(&shown);
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 1 + 502);
    assert_memory_equal(text, "name  role\nAmy   owner\n", 23);
    assert_string_equal(strstr(text, "Amy Evans") - strlen("Amy   owner\n"),
                        "Amy   owner\nAmy Evans  owner\n");
}

static void test_formats_by_name(void **state)
{
    static const struct {
        const char *word;
        int status;
        enum output_format format;
    } cases[] = {{NULL, 0, OUTPUT_TABLE},
                 {"table", 0, OUTPUT_TABLE},
                 {"csv", 0, OUTPUT_CSV},
                 {"json", 0, OUTPUT_JSON},
                 {"xml", -ERROR_USAGE, OUTPUT_TABLE},
                 {"CSV", -ERROR_USAGE, OUTPUT_TABLE},
                 {"", -ERROR_USAGE, OUTPUT_TABLE}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum output_format format = OUTPUT_JSON;
        struct error error;
        assert_int_equal(output_format_parse(cases[i].word, &format, &error), cases[i].status);
        assert_int_equal(format, cases[i].format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_json_has_the_types_of_the_columns),
        cmocka_unit_test(test_a_long_table_is_printed_as_it_comes),
        cmocka_unit_test(test_formats_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Rows for people and programs. A table is aligned by its first rows, which are kept until there are enough of them.
 */
#include "commands/output.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "commands/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_COLUMNS_MAX 16
#define ALIGNED_ROWS      500
#define CELL_COLUMNS_MAX  48
#define CELL_MAX          ((size_t)16 * 1024 * 1024)

struct output {
    enum output_format format;
    const char *const *table_columns;
    size_t table_count;
    bool coloured;
    bool interactive;
    uint64_t rows;
    char *kept[ALIGNED_ROWS][TABLE_COLUMNS_MAX];
    size_t kept_count;
    bool aligned;
    size_t widths[TABLE_COLUMNS_MAX];
    struct buffer line;
};

int output_format_parse(const char *word, enum output_format *ret_format, struct error *error)
{
    static const char *const words[] = {"table", "csv", "json"};

    *ret_format = OUTPUT_TABLE;
    for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) != 0)
            continue;
        *ret_format = (enum output_format)i;
        return 0;
    }
    if (!word)
        return 0;
    return error_set(error, ERROR_USAGE, "--format is \"%s\", expected table, csv or json", word);
}

struct output *output_new(enum output_format format, const char *const *table_columns)
{
    struct output *output = memory_alloc(sizeof(*output));

    output->format = format;
    output->table_columns = table_columns;
    while (table_columns[output->table_count])
        output->table_count++;
    output->coloured = terminal_wants_colour();
    output->interactive = terminal_is_interactive();
    buffer_init(&output->line, CELL_MAX);
    return output;
}

void output_free(struct output *output)
{
    if (!output)
        return;
    for (size_t i = 0; i < output->kept_count; i++)
        for (size_t k = 0; k < output->table_count; k++)
            free(output->kept[i][k]);
    buffer_done(&output->line);
    free(output);
}

/* --- CSV, RFC 4180 ------------------------------------------------------------------------------------------------ */

/* For a program exactly as it is; a person who looks at it sees what could steer the terminal. */
static void csv_value(struct output *output, const char *value)
{
    struct buffer printable;

    if (!output->interactive) {
        utf8_add_csv(&output->line, value, strlen(value));
        return;
    }
    buffer_init(&printable, CELL_MAX);
    utf8_add_printable(&printable, value, strlen(value));
    utf8_add_csv(&output->line, printable.data, printable.length);
    buffer_done(&printable);
}

static void csv_end_line(struct output *output)
{
    buffer_add_text(&output->line, "\r\n");
    fwrite(output->line.data, 1, output->line.length, stdout);
    buffer_clear(&output->line);
}

static void csv_names(struct output *output, const struct column *columns, int count)
{
    for (int i = 0; i < count; i++)
        buffer_add_format(&output->line, "%s%s", i == 0 ? "" : ",", columns[i].name);
    csv_end_line(output);
}

static void csv_row(struct output *output, const struct column *columns, int count)
{
    if (output->rows == 0)
        csv_names(output, columns, count);
    for (int i = 0; i < count; i++) {
        buffer_add_text(&output->line, i == 0 ? "" : ",");
        if (columns[i].value)
            csv_value(output, columns[i].value);
    }
    csv_end_line(output);
}

/* --- JSON: an array of objects ------------------------------------------------------------------------------------ */

static void json_value(struct buffer *line, const struct column *column)
{
    if (!column->value)
        buffer_add_text(line, "null");
    else if (column->type == COLUMN_TEXT || column->type == COLUMN_TIME)
        utf8_add_json(line, column->value, strlen(column->value));
    else
        buffer_add_text(line, column->value);
}

static void json_row(struct output *output, const struct column *columns, int count)
{
    buffer_add_text(&output->line, output->rows == 0 ? "[\n" : ",\n");
    for (int i = 0; i < count; i++) {
        buffer_add_format(&output->line, "%s\"%s\":", i == 0 ? "{" : ",", columns[i].name);
        json_value(&output->line, &columns[i]);
    }
    buffer_add_char(&output->line, '}');
    terminal_print_json(stdout, output->line.data, output->line.length);
    buffer_clear(&output->line);
}

/* --- table -------------------------------------------------------------------------------------------------------- */

/* A line ends after its last cell that is not empty. */
static void print_cells(const struct output *output, const char *const *cells, enum colour colour)
{
    size_t count = output->table_count;

    while (count > 0 && cells[count - 1][0] == '\0')
        count--;
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : "  ", stdout);
        terminal_print_cell(stdout, cells[i], i + 1 == count ? 0 : output->widths[i], colour,
                            output->coloured);
    }
    putchar('\n');
}

/* A cell that is too wide pushes its own neighbours aside, not the whole table's. */
static void widen(struct output *output, size_t index, const char *text)
{
    size_t width = utf8_width(text, strlen(text));

    if (width > CELL_COLUMNS_MAX)
        width = CELL_COLUMNS_MAX;
    if (width > output->widths[index])
        output->widths[index] = width;
}

static void print_aligned(struct output *output)
{
    output->aligned = true;
    for (size_t i = 0; i < output->table_count; i++)
        widen(output, i, output->table_columns[i]);
    for (size_t i = 0; i < output->kept_count; i++)
        for (size_t k = 0; k < output->table_count; k++)
            widen(output, k, output->kept[i][k]);
    print_cells(output, output->table_columns, COLOUR_BOLD);
    for (size_t i = 0; i < output->kept_count; i++)
        print_cells(output, (const char *const *)output->kept[i], COLOUR_NONE);
}

static const char *cell_text(const struct column *columns, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(columns[i].name, name) == 0)
            return columns[i].value ? columns[i].value : "";
    return "";
}

static void table_row(struct output *output, const struct column *columns, int count)
{
    char *cells[TABLE_COLUMNS_MAX] = {NULL};

    for (size_t i = 0; i < output->table_count; i++)
        cells[i] = memory_string(cell_text(columns, count, output->table_columns[i]));
    if (!output->aligned && output->kept_count < ALIGNED_ROWS) {
        memcpy(output->kept[output->kept_count++], cells, sizeof(cells));
        return;
    }
    if (!output->aligned)
        print_aligned(output);
    print_cells(output, (const char *const *)cells, COLOUR_NONE);
    for (size_t i = 0; i < output->table_count; i++)
        free(cells[i]);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static int check_written(struct error *error)
{
    return ferror(stdout) ? error_set(error, ERROR_UNAVAILABLE, "the output could not be written") : 0;
}

int output_row_cb(void *context, const struct column *columns, int count, struct error *error)
{
    struct output *output = context;

    if (output->format == OUTPUT_CSV)
        csv_row(output, columns, count);
    else if (output->format == OUTPUT_JSON)
        json_row(output, columns, count);
    else
        table_row(output, columns, count);
    output->rows++;
    return check_written(error);
}

int output_nothing_cb(void *context, const struct column *columns, int count, struct error *error)
{
    struct output *output = context;

    if (output->format == OUTPUT_CSV)
        csv_names(output, columns, count);
    return check_written(error);
}

void output_end(struct output *output, const char *nothing)
{
    if (output->format == OUTPUT_JSON)
        puts(output->rows == 0 ? "[]" : "\n]");
    else if (output->format == OUTPUT_TABLE && output->rows == 0)
        puts(nothing);
    else if (output->format == OUTPUT_TABLE && !output->aligned)
        print_aligned(output);
}

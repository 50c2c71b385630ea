/*
 * Text for a person's terminal.
 */
#include "commands/terminal.h"

#include "base/utf8.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PRINTED_MAX ((size_t)16 * 1024 * 1024)

bool terminal_is_interactive(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

bool terminal_can_erase(void)
{
    const char *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && terminal && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

bool terminal_reader_has_gone(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};

    return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

bool terminal_wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_colour && no_colour[0] != '\0')
        return false;
    return terminal_is_interactive() && terminal && strcmp(terminal, "dumb") != 0;
}

static void write_all(FILE *out, struct buffer *buffer)
{
    if (buffer->length > 0)
        fwrite(buffer->data, 1, buffer->length, out);
    buffer_done(buffer);
}

void terminal_print(FILE *out, const char *text, size_t length)
{
    struct buffer printable;

    buffer_init(&printable, PRINTED_MAX);
    utf8_add_printable(&printable, text, length);
    write_all(out, &printable);
}

void terminal_print_json(FILE *out, const char *json, size_t length)
{
    struct buffer visible;

    buffer_init(&visible, PRINTED_MAX);
    utf8_add_visible_json(&visible, json, length);
    write_all(out, &visible);
}

static const char *const escapes[] = {
    [COLOUR_NONE] = "",        [COLOUR_BOLD] = "\x1b[1m",   [COLOUR_DIM] = "\x1b[2m",
    [COLOUR_RED] = "\x1b[31m", [COLOUR_GREEN] = "\x1b[32m", [COLOUR_YELLOW] = "\x1b[33m",
};

void terminal_print_cell(FILE *out, const char *text, size_t columns, enum colour colour, bool coloured)
{
    size_t length = strlen(text);
    size_t width = utf8_width(text, length);
    bool shown = coloured && colour != COLOUR_NONE;

    fputs(shown ? escapes[colour] : "", out);
    terminal_print(out, text, length);
    fputs(shown ? "\x1b[0m" : "", out);
    if (width < columns)
        fprintf(out, "%*s", (int)(columns - width), "");
}

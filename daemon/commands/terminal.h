/*
 * Text for a person's terminal: colour where it is wanted, and nothing that could steer the terminal.
 */
#ifndef COMMANDS_TERMINAL_H
#define COMMANDS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum colour {
    COLOUR_NONE,
    COLOUR_BOLD,
    COLOUR_DIM,
    COLOUR_RED,
    COLOUR_GREEN,
    COLOUR_YELLOW,
};

/* Standard output is a pipe that nobody reads any more. */
bool terminal_reader_has_gone(void);

/* Standard output is a terminal that understands colour, and NO_COLOR is not set. */
bool terminal_wants_colour(void);
bool terminal_is_interactive(void); /* standard output is a terminal */

/* Standard error is a terminal on which a line can be erased and written anew. */
bool terminal_can_erase(void);

/* Prints text that nobody has vouched for: what could steer a terminal becomes visible (base/utf8). */
void terminal_print(FILE *out, const char *text, size_t length);

/* JSON that means the same (base/utf8). */
void terminal_print_json(FILE *out, const char *json, size_t length);

/* Text in a colour, padded with spaces to `columns`. `coloured` false: no colour. */
void terminal_print_cell(FILE *out, const char *text, size_t columns, enum colour colour, bool coloured);

#endif

/*
 * UTF-8 as PostgreSQL accepts it, and text made safe for where it is shown.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). NUL bytes count as valid here. */
bool utf8_valid(const char *text, size_t length);

/* The text as one line that cannot steer a terminal: control characters (C0, C1, DEL), bidirectional and other
 * invisible format controls, line and paragraph separators and invalid bytes become visible escapes (\n, \x1b,
 * \u202e). Printable text, emoji and combining marks stay as they are. */
void utf8_add_printable(struct buffer *buffer, const char *text, size_t length);

/* Columns the printable form takes on a terminal (wide characters two, combining marks none). */
size_t utf8_width(const char *text, size_t length);

/* One CSV field after RFC 4180, quoted where needed; text that a spreadsheet would take for a formula (starting with
 * = + - @, tab or carriage return) gets an apostrophe in front. */
void utf8_add_csv(struct buffer *buffer, const char *text, size_t length);

/* A JSON string with its quotes; control characters escaped, everything else as UTF-8. Text must be valid UTF-8. */
void utf8_add_json(struct buffer *buffer, const char *text, size_t length);

/* JSON once more, safe to look at: what utf8_add_printable would not show becomes \u escapes of the strings in which
 * alone it can stand. It means the same. White space between the tokens stays. */
void utf8_add_visible_json(struct buffer *buffer, const char *json, size_t length);

#endif

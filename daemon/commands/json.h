/*
 * JSON for people and programs: what could steer a terminal is escaped in it.
 */
#ifndef COMMANDS_JSON_H
#define COMMANDS_JSON_H

#include "base/buffer.h"
#include "service/session.h"

#include <stdio.h>

/* Appends the value; a column that is NULL itself, or SQL NULL in it, is null. */
void json_add_column(struct buffer *buffer, const struct column *column);

/* Appends the text as a JSON string; NULL is null. Must be valid UTF-8. */
void json_add_text(struct buffer *buffer, const char *text);

/* Prints what was gathered and empties the buffer. */
void json_print(FILE *out, struct buffer *buffer);

#endif

/*
 * JSON for people and programs: what could steer a terminal is escaped in it.
 */
#include "commands/json.h"

#include "base/utf8.h"
#include "commands/terminal.h"

#include <string.h>

void json_add_text(struct buffer *buffer, const char *text)
{
    if (text)
        utf8_add_json(buffer, text, strlen(text));
    else
        buffer_add_text(buffer, "null");
}

void json_add_column(struct buffer *buffer, const struct column *column)
{
    if (!column || !column->value || column->type == COLUMN_TEXT || column->type == COLUMN_TIME)
        json_add_text(buffer, column ? column->value : NULL);
    else
        buffer_add_text(buffer, column->value);
}

void json_print(FILE *out, struct buffer *buffer)
{
    if (buffer->length > 0)
        terminal_print_json(out, buffer->data, buffer->length);
    buffer_clear(buffer);
}

/*
 * Comments begin with # anywhere, with // or slash and star where a word could begin: an address has slashes within.
 */
#include "service/config_comments.h"

#include <stdbool.h>
#include <string.h>

/* Bytes up to and with the closing quote, or all that is left; 0 when none opens here. */
static size_t quoted_length(const char *text, size_t length)
{
    char quote = text[0];
    size_t at = 1;

    if (quote != '"' && quote != '\'')
        return 0;
    while (at < length && text[at] != quote)
        at += text[at] == '\\' ? 2 : 1;
    return at < length ? at + 1 : length;
}

static size_t line_length(const char *text, size_t length)
{
    const char *end = memchr(text, '\n', length);
    return end ? (size_t)(end - text) : length;
}

static size_t comment_length(const char *text, size_t length, bool in_word)
{
    if (text[0] == '#')
        return line_length(text, length);
    if (in_word || text[0] != '/' || length < 2)
        return 0;
    if (text[1] == '/')
        return line_length(text, length);
    const char *end = text[1] == '*' ? memmem(text + 2, length - 2, "*/", 2) : NULL;
    return end ? (size_t)(end - text) + 2 : 0;
}

static void blank(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] != '\n')
            text[i] = ' ';
}

void config_comments_blank(char *text, size_t length)
{
    bool in_word = false;

    for (size_t at = 0; at < length;) {
        size_t quoted = quoted_length(text + at, length - at);
        size_t comment = comment_length(text + at, length - at, in_word);
        in_word = quoted + comment == 0 && !strchr(" \t\r\n{}()=,", text[at]);
        blank(text + at, comment);
        at += quoted + comment > 0 ? quoted + comment : 1;
    }
}

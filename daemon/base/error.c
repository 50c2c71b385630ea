/*
 * Error texts are composed in a draft that is longer than what is stored, so that an old text may be an argument of
 * the new one and the cut can look at the byte behind it.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DRAFT_MAX ((size_t)ERROR_TEXT_MAX * 2)

static int is_continuation_byte(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static void store_text(struct error *error, const char *draft)
{
    size_t length = strlen(draft);

    if (length >= ERROR_TEXT_MAX) {
        length = ERROR_TEXT_MAX - 1;
        while (length > 0 && is_continuation_byte(draft[length]))
            length--;
    }
    memcpy(error->text, draft, length);
    error->text[length] = '\0';
}

int error_set(struct error *error, enum error_class class, const char *format, ...)
{
    char draft[DRAFT_MAX];
    va_list arguments;

    if (!error)
        return -(int)class;
    va_start(arguments, format);
    vsnprintf(draft, sizeof(draft), format, arguments);
    va_end(arguments);
    error->class = class;
    store_text(error, draft);
    return -(int)class;
}

int error_wrap(struct error *error, const char *format, ...)
{
    char draft[DRAFT_MAX + ERROR_TEXT_MAX + 2];
    va_list arguments;

    if (!error)
        return -(int)ERROR_INTERNAL;
    va_start(arguments, format);
    vsnprintf(draft, DRAFT_MAX, format, arguments);
    va_end(arguments);
    size_t length = strlen(draft);
    snprintf(draft + length, sizeof(draft) - length, ": %s", error->text);
    store_text(error, draft);
    return -(int)error->class;
}

void error_clear(struct error *error)
{
    error->class = ERROR_NONE;
    error->text[0] = '\0';
}

const char *error_class_name(enum error_class class)
{
    switch (class) {
    case ERROR_NONE:
        return "none";
    case ERROR_USAGE:
        return "usage";
    case ERROR_CONFIG:
        return "config";
    case ERROR_CREDENTIALS:
        return "credentials";
    case ERROR_UNAVAILABLE:
        return "unavailable";
    case ERROR_MALFORMED:
        return "malformed";
    case ERROR_BUSY:
        return "busy";
    case ERROR_VERIFY:
        return "verify";
    case ERROR_INTERNAL:
        break;
    }
    return "internal";
}

void error_fatal(const char *sentence)
{
    char line[ERROR_TEXT_MAX + 2];

    /* No stream and no heap: the want of memory is the usual reason to be here. */
    snprintf(line, sizeof(line), "%s\n", sentence);
    while (write(STDERR_FILENO, line, strlen(line)) < 0 && errno == EINTR)
        continue;
    abort();
}

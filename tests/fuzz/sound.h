/*
 * A body made readable for jansson as a whole: what spoils only the record it stands in (a number too long, half of a
 * surrogate pair, bytes that are no UTF-8, characters that must be escaped) is replaced, and whatever follows the
 * structure stays. So jansson can say who is listed in an answer, whether or not each record can be decoded. It shares
 * no code with the daemon.
 */
#ifndef TESTS_FUZZ_SOUND_H
#define TESTS_FUZZ_SOUND_H

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the escape at `at` if jansson takes it whatever stands around it, else 0. */
static inline size_t sound_escape(const char *at, size_t left)
{
    unsigned code = 0;

    if (left >= 2 && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]))
        return 2;
    if (left < 6 || at[1] != 'u')
        return 0;
    for (size_t i = 2; i < 6; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return 0;
        code = code * 16 +
               (unsigned)(isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    }
    return code == 0 || (code >= 0xd800 && code <= 0xdfff) ? 0 : 6;
}

/* A step inside a string: bytes taken from `at`, at least one; bytes given to `to`. */
static inline size_t sound_string_step(const char *at, size_t left, char *to, size_t *ret_given)
{
    size_t taken = 1;

    if (*at == '\\') {
        taken = sound_escape(at, left);
        if (taken == 0) {
            *to = 'x';
            *ret_given = 1;
            return left < 2 ? 1 : 2; /* the byte behind a backslash never ends a string */
        }
    }
    memcpy(to, at, taken);
    if ((unsigned char)*to < ' ' || (unsigned char)*to > '~')
        *to = 'x';
    *ret_given = taken;
    return taken;
}

/* Between strings: each number or word becomes 0. */
static inline size_t sound_other_step(const char *at, size_t left, char *to, size_t *ret_given)
{
    size_t taken = 0;

    while (taken < left && (isalnum((unsigned char)at[taken]) || memchr("+-.", at[taken], 3)))
        taken++;
    *to = taken > 0 ? '0' : *at;
    *ret_given = 1;
    return taken > 0 ? taken : 1;
}

/* NULL when the structure itself is broken. Of a key that stands twice the last one counts. */
static inline json_t *sound_parse(const char *body, size_t length)
{
    char *text = malloc(length + 1);
    size_t written = 0, given = 0;
    bool in_string = false;

    for (size_t at = 0; at < length; written += given) {
        if (body[at] == '"')
            in_string = !in_string;
        if (in_string && body[at] != '"')
            at += sound_string_step(body + at, length - at, text + written, &given);
        else
            at += sound_other_step(body + at, length - at, text + written, &given);
    }
    json_t *whole = json_loadb(text, written, 0, NULL);
    free(text);
    return whole;
}

#endif

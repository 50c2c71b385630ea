/*
 * Every function here walks a text by the same step: one well-formed character, or one byte that belongs to none.
 */
#include "base/utf8.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

struct step {
    uint32_t code; /* the character, or the byte when it is not well-formed */
    size_t length; /* bytes it takes */
    bool well_formed;
};

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* What a lead byte announces: the length of its character and the smallest code point that needs so many bytes. */
static size_t announced_length(unsigned char lead, uint32_t *ret_smallest)
{
    if ((lead & 0xe0) == 0xc0) {
        *ret_smallest = 0x80;
        return 2;
    }
    if ((lead & 0xf0) == 0xe0) {
        *ret_smallest = 0x800;
        return 3;
    }
    if ((lead & 0xf8) == 0xf0) {
        *ret_smallest = 0x10000;
        return 4;
    }
    return 0;
}

/* The next step of a text that is not at its end. */
static struct step step_at(const char *text, size_t left)
{
    const unsigned char *bytes = (const unsigned char *)text;
    const struct step stray = {.code = bytes[0], .length = 1, .well_formed = false};
    uint32_t smallest = 0;

    if (bytes[0] < 0x80)
        return (struct step){.code = bytes[0], .length = 1, .well_formed = true};
    size_t length = announced_length(bytes[0], &smallest);
    if (length == 0 || length > left)
        return stray;
    uint32_t code = bytes[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(bytes[i]))
            return stray;
        code = code << 6 | (bytes[i] & 0x3fU);
    }
    if (code < smallest || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return stray;
    return (struct step){.code = code, .length = length, .well_formed = true};
}

/* Bytes at the start of the text that are surely ASCII; looks at eight at a time. */
static size_t ascii_run(const char *text, size_t length)
{
    size_t run = 0;
    uint64_t word;

    while (length - run >= sizeof(word)) {
        memcpy(&word, text + run, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
        run += sizeof(word);
    }
    while (run < length && !((unsigned char)text[run] & 0x80))
        run++;
    return run;
}

bool utf8_valid(const char *text, size_t length)
{
    size_t at = ascii_run(text, length);

    while (at < length) {
        struct step step = step_at(text + at, length - at);
        if (!step.well_formed)
            return false;
        at += step.length;
        at += ascii_run(text + at, length - at);
    }
    return true;
}

/* Characters that are not seen but move, hide or reorder what is. The joiners U+200C and U+200D are not among them:
 * Persian names and emoji are written with them. */
static bool is_invisible(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x1f},       /* C0 controls */
        {0x7f, 0x9f},       /* DEL and the C1 controls */
        {0xad, 0xad},       /* soft hyphen */
        {0x61c, 0x61c},     /* Arabic letter mark */
        {0x180e, 0x180e},   /* Mongolian vowel separator */
        {0x200b, 0x200b},   /* zero width space */
        {0x200e, 0x200f},   /* left-to-right and right-to-left marks */
        {0x2028, 0x202e},   /* line and paragraph separators, embeddings and overrides */
        {0x2060, 0x206f},   /* word joiner, invisible operators, isolates, deprecated controls */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xfff9, 0xfffb},   /* interlinear annotation */
        {0xe0000, 0xe007f}, /* tags, which spell hidden text */
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

#define ESCAPE_MAX 16

/* The visible stand-in of a step; its length, or 0 when the step is shown as it is. */
static int escape(const struct step *step, char ret_escape[ESCAPE_MAX])
{
    unsigned code = step->code;

    if (step->well_formed && !is_invisible(code))
        return 0;
    if (code == '\n')
        return snprintf(ret_escape, ESCAPE_MAX, "\\n");
    if (code == '\r')
        return snprintf(ret_escape, ESCAPE_MAX, "\\r");
    if (code == '\t')
        return snprintf(ret_escape, ESCAPE_MAX, "\\t");
    if (!step->well_formed || code < 0x80)
        return snprintf(ret_escape, ESCAPE_MAX, "\\x%02x", code);
    if (code < 0x10000)
        return snprintf(ret_escape, ESCAPE_MAX, "\\u%04x", code);
    return snprintf(ret_escape, ESCAPE_MAX, "\\U%08x", code);
}

void utf8_add_printable(struct buffer *buffer, const char *text, size_t length)
{
    char stand_in[ESCAPE_MAX];

    for (size_t at = 0; at < length;) {
        struct step step = step_at(text + at, length - at);
        int escaped = escape(&step, stand_in);
        if (escaped > 0)
            buffer_add(buffer, stand_in, (size_t)escaped);
        else
            buffer_add(buffer, text + at, step.length);
        at += step.length;
    }
}

/* The C library's tables of wide and combining characters, whatever language the user's terminal is set to. */
static locale_t unicode_locale(void)
{
    static locale_t unicode;

    if (!unicode)
        unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    return unicode;
}

static size_t columns(uint32_t code)
{
    int width = wcwidth((wchar_t)code);

    return width < 0 ? 1 : (size_t)width; /* a character newer than the C library */
}

size_t utf8_width(const char *text, size_t length)
{
    locale_t unicode = unicode_locale();
    locale_t former = unicode ? uselocale(unicode) : NULL;
    char stand_in[ESCAPE_MAX];
    size_t width = 0;

    for (size_t at = 0; at < length;) {
        struct step step = step_at(text + at, length - at);
        int escaped = escape(&step, stand_in);
        width += escaped > 0 ? (size_t)escaped : columns(step.code);
        at += step.length;
    }
    if (former)
        uselocale(former);
    return width;
}

static bool contains_any(const char *text, size_t length, const char *characters)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] != '\0' && strchr(characters, text[i]))
            return true;
    return false;
}

void utf8_add_csv(struct buffer *buffer, const char *text, size_t length)
{
    bool formula = length > 0 && contains_any(text, 1, "=+-@\t\r");
    /* Semicolons too: many spreadsheets split at them, and what follows one would start a cell of its own. */
    bool quoted = formula || contains_any(text, length, ",;\"\r\n\t");

    if (quoted)
        buffer_add_char(buffer, '"');
    if (formula)
        buffer_add_char(buffer, '\'');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            buffer_add_char(buffer, '"');
        buffer_add_char(buffer, text[i]);
    }
    if (quoted)
        buffer_add_char(buffer, '"');
}

static bool json_escapes(char character)
{
    return (unsigned char)character < 0x20 || character == '"' || character == '\\';
}

static void add_json_escape(struct buffer *buffer, char character)
{
    static const char letters[] = "btn\0fr"; /* the short escapes of U+0008 to U+000D; U+000B has none */

    if (character == '"' || character == '\\')
        buffer_add_format(buffer, "\\%c", character);
    else if (character >= '\b' && character <= '\r' && character != '\v')
        buffer_add_format(buffer, "\\%c", letters[character - '\b']);
    else
        buffer_add_format(buffer, "\\u%04x", (unsigned)character);
}

void utf8_add_json(struct buffer *buffer, const char *text, size_t length)
{
    size_t run = 0; /* where the characters begin that are not yet added */

    buffer_add_char(buffer, '"');
    for (size_t i = 0; i < length; i++) {
        if (!json_escapes(text[i]))
            continue;
        buffer_add(buffer, text + run, i - run);
        add_json_escape(buffer, text[i]);
        run = i + 1;
    }
    buffer_add(buffer, text + run, length - run);
    buffer_add_char(buffer, '"');
}

void utf8_add_visible_json(struct buffer *buffer, const char *json, size_t length)
{
    for (size_t at = 0; at < length;) {
        struct step step = step_at(json + at, length - at);
        uint32_t code = step.code;

        if (!step.well_formed || code < 0x7f || !is_invisible(code))
            buffer_add(buffer, json + at, step.length);
        else if (code < 0x10000)
            buffer_add_format(buffer, "\\u%04x", code);
        else
            buffer_add_format(buffer, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
                              0xdc00 + ((code - 0x10000) & 0x3ff));
        at += step.length;
    }
}

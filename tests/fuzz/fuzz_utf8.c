/*
 * Text on its way out: which text is UTF-8, against jansson's judgement; that what a terminal gets cannot steer it; that
 * JSON and CSV give back the same text, and that no cell of the latter begins a formula; and that JSON made visible means
 * the same.
 *
 * Input: the text.
 */
#include "fuzz.h"

#include <jansson.h>

struct range {
    uint32_t first, last;
};

/* C0, DEL and C1; marks, embeddings, overrides and isolates that reorder text; the separators of lines. */
static const struct range steering[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},  {0x200e, 0x200f},
                                        {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};

/* One character of valid text; bytes taken. */
static size_t read_character(const char *text, uint32_t *ret_code)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    uint32_t code = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);

    for (size_t i = 1; i < length; i++)
        code = code << 6 | (bytes[i] & 0x3fU);
    *ret_code = code;
    return length;
}

static bool steers(const char *text, size_t length)
{
    uint32_t code;

    for (size_t at = 0; at < length;) {
        at += read_character(text + at, &code);
        for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
            if (code >= steering[i].first && code <= steering[i].last)
                return true;
    }
    return false;
}

static void check_printable(const char *text, size_t length)
{
    struct buffer printable;

    buffer_init(&printable, SIZE_MAX);
    utf8_add_printable(&printable, text, length);
    claim(utf8_valid(printable.data, printable.length), "printable text is not UTF-8");
    claim(!steers(printable.data, printable.length), "printable text can steer a terminal");
    claim(is_printable(printable.data, printable.length), "printable text is not printable as it is");
    claim(utf8_width(text, length) == utf8_width(printable.data, printable.length),
          "printable text has another width");
    buffer_done(&printable);
}

static void check_json(const char *text, size_t length)
{
    struct buffer json;

    buffer_init(&json, SIZE_MAX);
    utf8_add_json(&json, text, length);
    json_t *read = json_loadb(json.data, json.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    claim(json_is_string(read) && json_string_length(read) == length &&
              memcmp(json_string_value(read), text, length) == 0,
          "JSON gives back another text");
    json_decref(read);
    buffer_done(&json);
}

/* White space stands as it is between tokens, so that only what is not a line's end is looked at. */
static void check_visible_json(const char *text, size_t length)
{
    json_t *given = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct buffer visible;

    if (!given)
        return;
    buffer_init(&visible, SIZE_MAX);
    utf8_add_visible_json(&visible, text, length);
    json_t *read = json_loadb(visible.data, visible.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    claim(json_equal(read, given), "visible JSON means something else");
    for (size_t i = 0; i < visible.length; i++)
        if (strchr("\t\r\n", visible.data[i]))
            visible.data[i] = ' ';
    claim(!steers(visible.data, visible.length), "visible JSON can steer a terminal");
    json_decref(read);
    json_decref(given);
    buffer_done(&visible);
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

/* What ends a cell somewhere: semicolons and tabs do in many a spreadsheet. */
static bool ends_cell(char character)
{
    return character != '\0' && strchr(",;\"\r\n\t", character);
}

static bool read_bare_csv(const struct buffer *field, struct buffer *text)
{
    for (size_t i = 0; i < field->length; i++)
        if (ends_cell(field->data[i]))
            return false;
    return buffer_add(text, field->data, field->length) == 0;
}

/* One field by RFC 4180; false when it is not exactly one. */
static bool read_csv(const struct buffer *field, struct buffer *text)
{
    const char *at = field->data, *end = at + field->length;

    if (at == end || *at != '"')
        return read_bare_csv(field, text);
    for (at++; at < end; at++) {
        bool quote = *at == '"';
        if (quote && ++at == end)
            return true;
        if (quote && *at != '"')
            return false;
        buffer_add_char(text, *at);
    }
    return false;
}

static bool is_formula(const char *text, size_t length)
{
    return length > 0 && text[0] != '\0' && strchr("=+-@\t\r", text[0]);
}

static void check_csv(const char *text, size_t length)
{
    struct buffer field, read;

    buffer_init(&field, SIZE_MAX);
    buffer_init(&read, SIZE_MAX);
    buffer_add_text(&field, "");
    buffer_add_text(&read, "");
    utf8_add_csv(&field, text, length);
    claim(read_csv(&field, &read), "CSV is not one field");
    claim(!is_formula(read.data, read.length), "a CSV field begins a formula");
    size_t added = is_formula(text, length) ? 1 : 0;
    claim(read.length == length + added && memcmp(read.data + added, text, length) == 0,
          "CSV gives back another text");
    buffer_done(&field);
    buffer_done(&read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    json_t *judged = json_stringn(text, size);

    claim(utf8_valid(text, size) == (judged != NULL), "jansson judges otherwise what is UTF-8");
    json_decref(judged);
    if (size == 0)
        return 0;
    check_printable(text, size);
    check_csv(text, size);
    check_visible_json(text, size);
    if (utf8_valid(text, size))
        check_json(text, size);
    return 0;
}

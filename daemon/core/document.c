/*
 * What jansson says of a text it refuses, and of a value of another type, in sentences of our own.
 */
#include "core/document.h"

#include "base/memory.h"
#include "base/timestamp.h"

#include <stdlib.h>
#include <string.h>

static const char *type_name(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "a boolean",
        [JSON_FALSE] = "a boolean",  [JSON_NULL] = "null",
    };

    return value ? names[json_typeof(value)] : "missing";
}

static const char *parse_failure(const json_error_t *failure)
{
    switch (json_error_code(failure)) {
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "something follows its end";
    case json_error_invalid_utf8:
        return "it is not valid UTF-8";
    case json_error_null_byte_in_key:
        return "a key contains the character U+0000";
    case json_error_duplicate_key:
        return "a key stands twice in one object";
    case json_error_numeric_overflow:
        return "a number has too many digits";
    default:
        return "it has a wrong token or escape, or half of a surrogate pair";
    }
}

json_t *document_parse(const char *what, const char *text, size_t length, struct error *error)
{
    json_error_t failure;

    /* jansson reports a failed allocation like a mistake in the text, which would blame the record. */
    json_set_alloc_funcs(memory_alloc, free);
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY,
                               &failure);
    if (!value)
        error_set(error, ERROR_MALFORMED, "%s cannot be read as JSON at byte %d: %s", what, failure.position,
                  parse_failure(&failure));
    return value;
}

int document_wrong_type(const char *field, const json_t *value, const char *expected, struct error *error)
{
    return error_set(error, ERROR_MALFORMED, "%s is %s, expected %s", field, type_name(value), expected);
}

bool document_has_nul(const json_t *string)
{
    return memchr(json_string_value(string), '\0', json_string_length(string)) != NULL;
}

bool document_is_absent(const json_t *value)
{
    return !value || json_is_null(value);
}

int document_uuid(const char *field, const json_t *value, struct uuid *ret_uuid, struct error *error)
{
    if (!json_is_string(value))
        return document_wrong_type(field, value, "a UUID", error);
    if (!uuid_parse(json_string_value(value), json_string_length(value), ret_uuid))
        return error_set(error, ERROR_MALFORMED, "%s is not a UUID", field);
    return 0;
}

int document_time(const char *field, const json_t *value, int64_t *ret_us, struct error *error)
{
    if (!json_is_string(value))
        return document_wrong_type(field, value, "a time or null", error);
    if (!timestamp_parse(json_string_value(value), json_string_length(value), ret_us))
        return error_set(error, ERROR_MALFORMED,
                         "%s is not a time by RFC 3339, such as 2020-01-01T11:11:27.370Z", field);
    return 0;
}

/*
 * A whole JSON text, parsed strictly by jansson, and the few judgements on a value that every answer needs. Every
 * sentence is our own: jansson's quote the input, and ours are stored and logged. Knows nothing of what a text means.
 */
#ifndef CORE_DOCUMENT_H
#define CORE_DOCUMENT_H

#include "base/error.h"
#include "base/uuid.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No key twice in an object, nothing behind the end, U+0000 allowed. `what` names the text in the sentence: "the
 * record". NULL with ERROR_MALFORMED; else for json_decref. */
json_t *document_parse(const char *what, const char *text, size_t length, struct error *error);

/* "<field> is a string, expected <expected>"; value NULL: missing. Returns -ERROR_MALFORMED. */
int document_wrong_type(const char *field, const json_t *value, const char *expected, struct error *error);

/* Of a string. */
bool document_has_nul(const json_t *string);

/* Missing (NULL) or null. */
bool document_is_absent(const json_t *value);

/* 0, or ERROR_MALFORMED when the value is none. */
MUST_CHECK int document_uuid(const char *field, const json_t *value, struct uuid *ret_uuid,
                             struct error *error);
MUST_CHECK int document_time(const char *field, const json_t *value, int64_t *ret_us, struct error *error);

#endif

/*
 * What every fuzz target shares: claims that must hold for whatever the input is, and the bytes that steer a target.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/error.h"
#include "base/utf8.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim that does not hold ends the process, which is what libFuzzer calls a crash. */
static inline void claim(bool holds, const char *otherwise)
{
    if (holds)
        return;
    fprintf(stderr, "what the code claims does not hold: %s\n", otherwise);
    abort();
}

/* Most inputs are a text to be read and a few bytes behind it that steer the target, so that a seed is a plain file with
 * some characters at its end. */
struct input {
    const char *text;
    size_t length;
    const uint8_t *options;
};

static inline bool input_take(const uint8_t *data, size_t size, size_t option_count, struct input *ret_input)
{
    if (size < option_count)
        return false;
    *ret_input = (struct input){(const char *)data, size - option_count, data + size - option_count};
    return true;
}

static inline bool is_printable(const char *text, size_t length)
{
    struct buffer printable;

    buffer_init(&printable, SIZE_MAX);
    buffer_add_text(&printable, "");
    utf8_add_printable(&printable, text, length);
    bool same = printable.length == length && memcmp(printable.data, text, length) == 0;
    buffer_done(&printable);
    return same;
}

/* Whoever refuses says so in one printable sentence and gives the class for what happens next. */
static inline void claim_refusal(const struct error *error, int status, enum error_class class)
{
    claim(status == -(int)class, "a refusal has another class than promised");
    claim(error->class == class, "a refusal returns another class than it sets");
    claim(error->text[0] != '\0', "a refusal has no sentence");
    claim(is_printable(error->text, strlen(error->text)), "a refusal's sentence is not printable");
}

/* Two objects that differ in the order of their keys have the same canonical text. */
static inline void claim_sorted(const char *canonical)
{
    json_t *object = json_loads(canonical, JSON_REJECT_DUPLICATES, NULL);
    const char *key, *previous = "";
    json_t *value;

    json_object_foreach(object, key, value)
    {
        claim(strcmp(previous, key) <= 0, "canonical text depends on the order of its keys");
        previous = key;
    }
    json_decref(object);
}

#endif

/*
 * One JSON text, immutable and shared: a member as it is served, or any other part of an answer. An answer that is
 * still being sent holds its records, so the organization may change meanwhile.
 */
#ifndef SIMULATOR_RECORD_H
#define SIMULATOR_RECORD_H

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>

enum record_form {
    RECORD_DOCUMENTED, /* an object with the documented attributes and no other */
    RECORD_OTHER,      /* an object with attributes missing or added */
    RECORD_RAW,        /* whatever a test wants to be served, byte for byte */
};

struct record {
    atomic_uint references;
    enum record_form form;
    size_t length;
    char text[];
};

/* The eight attributes of a user that the documentation shows, NULL-terminated, in its order. */
extern const char *const record_attributes[];

/* Copies `length` bytes. */
struct record *record_new(const char *text, size_t length, enum record_form form);

/* The compact text of a member object; its form is found out. */
struct record *record_of_member(const json_t *member);

/* The member as an object; NULL when the text is not one. */
json_t *record_parse(const struct record *record);

struct record *record_hold(struct record *record);
void record_release(struct record *record); /* NULL is fine */

#endif

/*
 * The lines in which `plan` and `holds` tell what happens to whom:
 *
 *     ~ role     Amy Evans <amy@acme.test>      editor -> owner
 *                  flag_own: false -> true
 *     - leaves   Bo Lind <bo@acme.test>         editor
 */
#ifndef COMMANDS_REVIEW_H
#define COMMANDS_REVIEW_H

#include "base/buffer.h"
#include "core/change.h"

#include <stdbool.h>
#include <stdio.h>

/* Where the lines go, and how. */
struct review {
    FILE *out;
    bool coloured;
};

/* What happens to somebody: a kind of change, or one of these. */
enum {
    REVIEW_ABSENT = CHANGE_KIND_COUNT, /* not in the answer, to be confirmed */
    REVIEW_REPAIRED,                   /* the row was edited by somebody else */
    REVIEW_KIND_COUNT
};

/* "Amy Evans <amy@test.com>", or what there is of it; name and email may be NULL, the id not. */
#define REVIEW_PERSON_MAX ((size_t)256 * 1024)
void review_person(struct buffer *buffer, const char *name, const char *email, const char *user_id);

/* The person's line. remark: what stands behind the person, may be "". */
void review_print_person(const struct review *review, int kind, const char *person, const char *remark);

/* A line below it: a field, from what to what. */
void review_print_field(const struct review *review, const struct field_info *field,
                        const struct field_value *before, const struct field_value *after);

#endif

/*
 * The held sets as text: each with its reason, its decision, the people it is about, and what to type.
 */
#ifndef COMMANDS_HOLDS_TEXT_H
#define COMMANDS_HOLDS_TEXT_H

#include "commands/command.h"
#include "commands/row.h"

#include <stdio.h>

struct holds_text; /* opaque */

/* invocation: borrowed. people_max: how many of a set are shown, the others are counted. */
struct holds_text *holds_text_new(FILE *out, const struct invocation *invocation, bool coloured,
                                  int64_t people_max);
void holds_text_free(struct holds_text *text);

/* A row of list_holds. Rows of one set, and of one member in it, follow each other. */
void holds_text_row(struct holds_text *text, const struct row *row);

/* After the last row: what is still to be said, or that nothing is held. */
void holds_text_end(struct holds_text *text);

#endif

/*
 * The plan as text: findings are gathered as they come and printed like a review once the comparison is over.
 */
#ifndef COMMANDS_PLAN_TEXT_H
#define COMMANDS_PLAN_TEXT_H

#include "service/runner.h"

#include <stdio.h>

struct plan_text; /* opaque */

struct plan_text *plan_text_new(FILE *out, bool coloured);
void plan_text_free(struct plan_text *text);

/* A finding_cb whose context is the plan_text. Keeps the first thousand findings of what goes through and of each class
 * of what is held, and counts the others. */
void plan_text_finding_cb(void *context, const struct finding *finding);

/* Everything: the organization, each finding, what is held and why, the sentence at the end. */
void plan_text_print(struct plan_text *text, const struct runner_summary *summary);

#endif

/*
 * What a cycle came to, in a sentence.
 */
#ifndef COMMANDS_SUMMARY_H
#define COMMANDS_SUMMARY_H

#include "service/runner.h"

#include <stdio.h>

/* True when the cycle wrote, or would write, more than coverage. */
bool summary_has_changes(const struct runner_summary *summary);

/* The organization's display name, or its id when it has none. */
void summary_print_name(FILE *out, const struct runner_summary *summary);

/* "Acme: 12 members; 1 joined, 2 roles changed.", and what is held. */
void summary_print(FILE *out, const struct runner_summary *summary);

/* "1 joined, 2 roles changed", or "nothing changed". */
void summary_print_counts(FILE *out, const struct runner_summary *summary);

#endif

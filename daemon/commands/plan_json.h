/*
 * The plan as one JSON object: {"changes": [...], "held": [...], "organization": {...}, "first_load": ..., "counts": {...}}.
 */
#ifndef COMMANDS_PLAN_JSON_H
#define COMMANDS_PLAN_JSON_H

#include "base/error.h"
#include "service/runner.h"

struct plan_json; /* opaque */

/* Writes to standard output. */
struct plan_json *plan_json_new(void);
void plan_json_free(struct plan_json *json);

/* A finding_cb whose context is the plan_json: what goes through is printed at once, what is held waits for the end. */
void plan_json_finding_cb(void *context, const struct finding *finding);

/* The rest. UNAVAILABLE when what waited could not be kept. */
MUST_CHECK int plan_json_end(struct plan_json *json, const struct runner_summary *summary,
                             struct error *error);

#endif

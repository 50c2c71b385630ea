/*
 * The API token as `authorization` shows it: whose it is, and until when. Telling is all: an expiry that has passed locks
 * nobody out.
 */
#ifndef SIMULATOR_TOKEN_H
#define SIMULATOR_TOKEN_H

#include "problem.h"

#include <jansson.h>

extern const char *const token_attributes[]; /* NULL-terminated */

struct token; /* opaque; every function may be called from any thread */

struct token *token_new(const char *key);
void token_free(struct token *token);

/* Replaces values of its row (user_id, expiry; anything that is JSON). */
int token_patch(struct token *token, json_t *patch, struct problem *problem);

void token_reset(struct token *token);

/* The row. user_id is this user's, unless it was patched. */
json_t *token_row(struct token *token, const char *user_id);

#endif

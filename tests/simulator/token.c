#include "token.h"

#include <pthread.h>
#include <stdlib.h>

#define NEVER "9999-12-31T00:00:00.000Z"

const char *const token_attributes[] = {"id", "type", "user_id", "expiry", NULL};

struct token {
    pthread_mutex_t lock;
    const char *key;
    json_t *patch;
};

struct token *token_new(const char *key)
{
    struct token *token = calloc(1, sizeof(*token));
    if (!token)
        abort();
    pthread_mutex_init(&token->lock, NULL);
    token->key = key;
    token->patch = json_object();
    return token;
}

void token_free(struct token *token)
{
    if (!token)
        return;
    json_decref(token->patch);
    pthread_mutex_destroy(&token->lock);
    free(token);
}

int token_patch(struct token *token, json_t *patch, struct problem *problem)
{
    if (!json_is_object(patch))
        return problem_set(problem, 400, "The body must be a JSON object.");
    json_t *copy = json_deep_copy(patch);
    pthread_mutex_lock(&token->lock);
    json_object_update(token->patch, copy);
    pthread_mutex_unlock(&token->lock);
    json_decref(copy);
    return 0;
}

void token_reset(struct token *token)
{
    pthread_mutex_lock(&token->lock);
    json_object_clear(token->patch);
    pthread_mutex_unlock(&token->lock);
}

json_t *token_row(struct token *token, const char *user_id)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "id", token->key, "type", "api", "user_id", user_id,
                            "expiry", NEVER);
    pthread_mutex_lock(&token->lock);
    json_t *patch = json_deep_copy(token->patch);
    pthread_mutex_unlock(&token->lock);
    json_object_update(row, patch);
    json_decref(patch);
    return row;
}

/*
 * The two small questions: their answers are gathered whole, within a bound of their own, and judged by core/reply.
 */
#include "luzmo/client_private.h"
#include "luzmo/request.h"

/* Bytes of an answer: 2.5 KiB for each of a hundred users of whom only the id was asked for. */
#define ANSWER_MAX ((size_t)(256 * 1024))

static int gather(struct client *client, const char *bytes, size_t length, struct error *error)
{
    if (buffer_add(&client->question.answer, bytes, length) == 0)
        return 0;
    return error_set(error, ERROR_MALFORMED, "the answer is longer than the %zu bytes that it may have",
                     ANSWER_MAX);
}

/* A refusal is about this question, and has a status that says so; everything else passes, or has to do with the
 * connection. Whoever answers with 200 takes the question: what was torn on the way may come whole the next time. */
static enum client_verdict verdict_of(const struct client_outcome *outcome)
{
    switch (outcome->error.class) {
    case ERROR_NONE:
        return CLIENT_ANSWERED;
    case ERROR_MALFORMED:
        return outcome->status != 0 && outcome->status != 200 ? CLIENT_REFUSED : CLIENT_FAILED;
    default:
        return CLIENT_FAILED;
    }
}

/* --- users -------------------------------------------------------------------------------------------------------- */

static void users_request(const struct client *client, struct secret *ret_body)
{
    const struct question *question = &client->question;

    request_users(&client->call.key, &client->call.token, question->ids, question->users.count, ret_body);
}

static int users_judge(struct client *client, struct error *error)
{
    struct question *question = &client->question;

    return reply_users(question->answer.data, question->answer.length, question->ids, question->users.count,
                       question->users.found, error);
}

static void users_deliver(struct client *client, const struct client_outcome *outcome)
{
    struct question *question = &client->question;
    struct client_users users = question->users;

    buffer_done(&question->answer);
    users.verdict = verdict_of(outcome);
    users.error = outcome->error;
    question->users_cb(question->context, &users);
}

static const struct subject users_subject = {
    .resource = "user",
    .deed = "looking for absent users at",
    .question = true,
    .request = users_request,
    .body = gather,
    .judge = users_judge,
    .deliver = users_deliver,
};

void client_ask_users(struct client *client, const struct secret *key, const struct secret *token,
                      struct client_ids ids, client_users_cb users_cb, void *context)
{
    struct question *question = &client->question;

    client_must_be_idle(client);
    if (ids.count == 0 || ids.count > CLIENT_IDS_MAX)
        error_fatal("the API's client was asked for no user or for too many at once");
    *question = (struct question){.users_cb = users_cb, .context = context, .users.count = ids.count};
    for (size_t i = 0; i < ids.count; i++)
        question->ids[i] = ids.ids[i];
    buffer_init(&question->answer, ANSWER_MAX);
    client_call_start(client, &users_subject, key, token);
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

static void token_request(const struct client *client, struct secret *ret_body)
{
    request_token(&client->call.key, &client->call.token, ret_body);
}

static int token_judge(struct client *client, struct error *error)
{
    struct question *question = &client->question;
    const struct secret *key = &client->call.key;

    return reply_token(question->answer.data, question->answer.length, key->bytes, key->length,
                       &question->token.token, error);
}

static void token_deliver(struct client *client, const struct client_outcome *outcome)
{
    struct question *question = &client->question;
    struct client_token token = question->token;

    buffer_done(&question->answer);
    token.verdict = verdict_of(outcome);
    token.error = outcome->error;
    question->token_cb(question->context, &token);
}

static const struct subject token_subject = {
    .resource = "authorization",
    .deed = "asking about the token at",
    .question = true,
    .request = token_request,
    .body = gather,
    .judge = token_judge,
    .deliver = token_deliver,
};

void client_ask_token(struct client *client, const struct secret *key, const struct secret *token,
                      client_token_cb token_cb, void *context)
{
    struct question *question = &client->question;

    client_must_be_idle(client);
    *question = (struct question){.token_cb = token_cb, .context = context};
    buffer_init(&question->answer, ANSWER_MAX);
    client_call_start(client, &token_subject, key, token);
}

/*
 * The runner's side of the API: one pull feeds one poll.
 */
#include "base/clock.h"
#include "base/log.h"
#include "service/runner_private.h"
#include "service/settings.h"

#include <string.h>

static void begin_poll(struct runner *runner)
{
    struct runner_poll *current = &runner->current;
    struct poll_settings settings;

    settings_of_poll(&runner->config, &settings);
    settings.secret = &runner->organization.secret;
    settings.full = runner->roster_full;
    if (!settings.organization_id && runner->organization.exists) /* pinned by the first complete poll */
        settings.organization_id = runner->organization.id;

    memset(current, 0, sizeof(*current));
    changeset_init(&current->changeset, settings.spool_memory, settings.spool_directory);
    uuid_random(&current->store.poll_uuid);
    current->full = runner->roster_full;
    current->first_load = !runner->organization.exists;
    current->cycle_missing = runner->cycle_missing;
    current->discontinuity = runner->organization.discontinuity || runner->cycle_missing;
    current->poll = poll_new(&settings, runner->roster);
}

/* Within an organization `answered` strictly increases, whatever the clock says; `asked` follows it. */
static void set_times(struct runner *runner, const struct client_outcome *outcome)
{
    const struct store_organization *organization = &runner->organization;
    struct store_poll *store = &runner->current.store;

    store->asked = outcome->asked_us;
    store->answered = outcome->answered_us != 0 ? outcome->answered_us : clock_wall_us();
    runner->current.clock_behind = store->answered <= organization->last_answered_at;
    if (runner->current.clock_behind)
        store->answered = organization->last_answered_at + 1;
    if (store->asked <= organization->last_asked_at)
        store->asked = organization->last_asked_at + 1;
    if (store->asked > store->answered)
        store->asked = store->answered;
    store->max_gap_us = runner->config.sync.max_gap;
}

static int body_cb(void *context, const char *bytes, size_t length, struct error *error)
{
    struct runner *runner = context;

    runner->current.body_bytes += length;
    return poll_feed(runner->current.poll, bytes, length, error);
}

static void done_cb(void *context, const struct client_outcome *outcome)
{
    struct runner *runner = context;
    struct runner_poll *current = &runner->current;
    struct cycle_event event = {
        .type = CYCLE_EVENT_PULLED, .error = outcome->error, .retry_after_us = outcome->retry_after_us};

    set_times(runner, outcome);
    current->body_bytes = outcome->body_bytes;
    current->without_attributes = outcome->without_attributes;
    if (event.error.class != ERROR_NONE || poll_end(current->poll, &event.error) < 0)
        event.type = CYCLE_EVENT_PULL_FAILED;
    else
        current->store.organization_id = poll_result(current->poll)->envelope.organization_id;
    runner_event(runner, &event);
}

static void pull(struct runner *runner)
{
    client_pull(runner->client, &runner->credentials.key, &runner->credentials.token, body_cb, done_cb,
                runner);
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

/* Whose the token is does not change, but when it expires may. */
#define TOKEN_ASKED_AGAIN_US INT64_C(3600000000)

const struct uuid *runner_own_user(const struct runner *runner)
{
    return runner->token.known ? &runner->token.user_id : NULL;
}

static bool token_is_stale(const struct runner *runner)
{
    return runner->token.asked_us == 0 ||
           clock_monotonic_us() - runner->token.asked_us >= TOKEN_ASKED_AGAIN_US;
}

static void take_token(struct runner *runner, const struct client_token *answer)
{
    struct runner_token *token = &runner->token;
    bool passing = answer->verdict == CLIENT_FAILED && answer->error.class == ERROR_UNAVAILABLE;

    token->unanswered = passing && !token->known;
    token->asked_us = token->unanswered ? 0 : clock_monotonic_us();
    if (answer->verdict == CLIENT_ANSWERED) {
        token->known = true;
        token->user_id = answer->token.user_id;
        token->expiry_us = answer->token.expiry_us;
        runner_log_token(runner);
    } else if (answer->error.class == ERROR_MALFORMED && !token->refused) {
        token->refused = true;
        log_event(LOG_LEVEL_INFO, "token_unknown", LOG_TEXT("error", answer->error.text),
                  LOG_TEXT("hint", "whether its user still sees everybody cannot be watched"));
    }
}

/* No answer is no reason not to pull: what is wrong with token or network, the pull will say. */
static void token_cb(void *context, const struct client_token *answer)
{
    struct runner *runner = context;
    struct client_outcome cancelled = {.error = answer->error, .asked_us = clock_wall_us()};

    take_token(runner, answer);
    if (runner->cycle.state == CYCLE_PULLING)
        pull(runner);
    else
        done_cb(runner, &cancelled);
}

void runner_pull_start(struct runner *runner)
{
    runner->last_pull_us = clock_monotonic_us();
    begin_poll(runner);
    if (token_is_stale(runner))
        client_ask_token(runner->client, &runner->credentials.key, &runner->credentials.token, token_cb,
                         runner);
    else
        pull(runner);
}

void runner_pull_discard(struct runner *runner)
{
    struct runner_poll *current = &runner->current;

    if (!current->poll)
        return;
    uv_idle_stop(&runner->turn);
    comparison_free(current->comparison);
    changeset_done(&current->changeset);
    poll_free(current->poll);
    memset(current, 0, sizeof(*current));
}

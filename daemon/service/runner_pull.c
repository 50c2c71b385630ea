/*
 * The runner's side of the API: one pull feeds one poll.
 */
#include "base/clock.h"
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

void runner_pull_start(struct runner *runner)
{
    runner->last_pull_us = clock_monotonic_us();
    begin_poll(runner);
    client_pull(runner->client, &runner->credentials.key, &runner->credentials.token, body_cb, done_cb,
                runner);
}

void runner_pull_discard(struct runner *runner)
{
    struct runner_poll *current = &runner->current;

    if (!current->poll)
        return;
    comparison_free(current->comparison);
    changeset_done(&current->changeset);
    poll_free(current->poll);
    memset(current, 0, sizeof(*current));
}

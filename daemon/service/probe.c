/*
 * One pull without a database, and a question about the token after it.
 */
#include "service/probe.h"

#include "core/poll.h"
#include "core/record.h"
#include "luzmo/client.h"
#include "service/loop.h"
#include "service/settings.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct probe {
    const struct credentials *credentials;
    struct poll *poll;
    struct client *client;
    struct client_outcome outcome;
    bool token_known;
    struct reply_token token;
};

static int body_cb(void *context, const char *bytes, size_t length, struct error *error)
{
    struct probe *probe = context;
    return poll_feed(probe->poll, bytes, length, error);
}

static void closed_cb(void *context)
{
    (void)context; /* the loop runs out by itself */
}

/* An API that does not take this question has given its answer all the same. */
static void token_cb(void *context, const struct client_token *answer)
{
    struct probe *probe = context;

    probe->token_known = answer->verdict == CLIENT_ANSWERED;
    probe->token = answer->token;
    client_close(probe->client, closed_cb, probe);
}

static void done_cb(void *context, const struct client_outcome *outcome)
{
    struct probe *probe = context;

    probe->outcome = *outcome;
    if (outcome->error.class == ERROR_NONE)
        client_ask_token(probe->client, &probe->credentials->key, &probe->credentials->token, token_cb,
                         probe);
    else
        client_close(probe->client, closed_cb, probe);
}

static int pull(struct probe *probe, const struct config *config, struct error *error)
{
    struct client_settings settings;
    uv_loop_t loop;

    if (loop_open(&loop, error) < 0)
        return -(int)error->class;
    settings_of_client(config, &settings);
    probe->client = client_new(&loop, &settings, error);
    if (probe->client) {
        client_pull(probe->client, &probe->credentials->key, &probe->credentials->token, body_cb, done_cb,
                    probe);
        uv_run(&loop, UV_RUN_DEFAULT);
        *error = probe->outcome.error;
    }
    uv_loop_close(&loop);
    return error->class == ERROR_NONE ? poll_end(probe->poll, error) : -(int)error->class;
}

/* How many owners there are, and whether the token's own user is one of them. */
static int find_owners(const struct probe *probe, struct probe_result *result, struct error *error)
{
    struct spool_reader reader;
    const void *record = NULL;
    size_t length = 0;
    int status = 0;

    result->sight = probe->token_known ? PROBE_SIGHT_LESSER : PROBE_SIGHT_UNKNOWN;
    spool_reader_init(&reader, poll_decoded(probe->poll));
    while ((status = spool_next(&reader, &record, &length, error)) > 0) {
        struct decoded decoded;
        record_read_decoded(record, length, &decoded);
        if (!member_is_owner(&decoded.member))
            continue;
        result->owners++;
        if (probe->token_known && uuid_equal(&decoded.member.user_id, &probe->token.user_id))
            result->sight = PROBE_SIGHT_OWNER;
    }
    spool_reader_done(&reader);
    return status;
}

static int summarise(const struct probe *probe, struct probe_result *result, struct error *error)
{
    const struct poll_result *poll = poll_result(probe->poll);

    memcpy(result->organization_id, poll->envelope.organization_id, sizeof(result->organization_id));
    result->display_name = organization_display_name(poll->envelope.name_json);
    result->members = poll->slices - poll->duplicates;
    result->rejected = (uint32_t)poll_rejection_count(probe->poll);
    result->without_attributes = probe->outcome.without_attributes;
    result->took_us = probe->outcome.answered_us - probe->outcome.asked_us;
    result->expiry_us = probe->token.expiry_us;
    return find_owners(probe, result, error);
}

int probe_api(const struct config *config, const struct credentials *credentials,
              struct probe_result *ret_result, struct error *error)
{
    struct roster *roster = roster_new();
    struct digest_secret secret;
    struct poll_settings settings;
    struct probe probe = {.credentials = credentials};

    digest_secret_random(&secret);
    settings_of_poll(config, &settings);
    settings.secret = &secret;
    memset(ret_result, 0, sizeof(*ret_result));
    error_clear(error);
    probe.poll = poll_new(&settings, roster);
    int status = pull(&probe, config, error);
    if (status == 0)
        status = summarise(&probe, ret_result, error);
    poll_free(probe.poll);
    roster_free(roster);
    return status;
}

void probe_result_done(struct probe_result *result)
{
    free(result->display_name);
    memset(result, 0, sizeof(*result));
}

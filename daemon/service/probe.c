/*
 * One pull without a database.
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
    struct poll *poll;
    struct client *client;
    struct client_outcome outcome;
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

static void done_cb(void *context, const struct client_outcome *outcome)
{
    struct probe *probe = context;

    probe->outcome = *outcome;
    client_close(probe->client, closed_cb, probe);
}

static int pull(struct probe *probe, const struct config *config, const struct credentials *credentials,
                struct error *error)
{
    struct client_settings settings;
    uv_loop_t loop;

    if (loop_open(&loop, error) < 0)
        return -(int)error->class;
    settings_of_client(config, &settings);
    probe->client = client_new(&loop, &settings, error);
    if (probe->client) {
        client_pull(probe->client, &credentials->key, &credentials->token, body_cb, done_cb, probe);
        uv_run(&loop, UV_RUN_DEFAULT);
        *error = probe->outcome.error;
    }
    uv_loop_close(&loop);
    return error->class == ERROR_NONE ? poll_end(probe->poll, error) : -(int)error->class;
}

static int count_owners(struct poll *poll, uint32_t *ret_owners, struct error *error)
{
    struct spool_reader reader;
    const void *record = NULL;
    size_t length = 0;
    int status = 0;

    spool_reader_init(&reader, poll_decoded(poll));
    while ((status = spool_next(&reader, &record, &length, error)) > 0) {
        struct decoded decoded;
        record_read_decoded(record, length, &decoded);
        const struct field_value *own = &decoded.member.fields[FIELD_FLAG_OWN];
        *ret_owners += own->known && own->flag;
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
    return count_owners(probe->poll, &result->owners, error);
}

int probe_api(const struct config *config, const struct credentials *credentials,
              struct probe_result *ret_result, struct error *error)
{
    struct roster *roster = roster_new();
    struct digest_secret secret;
    struct poll_settings settings;
    struct probe probe = {0};

    digest_secret_random(&secret);
    settings_of_poll(config, &settings);
    settings.secret = &secret;
    memset(ret_result, 0, sizeof(*ret_result));
    error_clear(error);
    probe.poll = poll_new(&settings, roster);
    int status = pull(&probe, config, credentials, error);
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

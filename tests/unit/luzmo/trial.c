#include "luzmo/trial.h"

#include "luzmo/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND   INT64_C(1000000)
#define BODY_MAX ((size_t)(1024 * 1024))

static struct certificates certificates;

int trials_setup(void **state)
{
    (void)state;
    certificates_make(&certificates);
    return 0;
}

int trials_teardown(void **state)
{
    (void)state;
    names_revive(); /* no thread of the resolver outlives the tests */
    certificates_done(&certificates);
    return 0;
}

void trial_point_at(struct trial *trial, const char *host, int port)
{
    snprintf(trial->url, sizeof(trial->url), "https://%s:%d/0.1.0", host, port);
}

void trial_begin(struct trial *trial, enum identity identity, const struct step *script)
{
    *trial = (struct trial){
        .token = TRIAL_TOKEN,
        .settings =
            {
                .url = trial->url,
                .ca_file = certificates.ca_file,
                .proxy = "",
                .stall_timeout_us = 60 * SECOND,
                .total_timeout_us = 90 * SECOND,
                .max_body = 64 * 1024,
            },
    };
    assert_int_equal(uv_loop_init(&trial->loop), 0);
    buffer_init(&trial->body, BODY_MAX);
    trial_point_at(trial, "api.test", 1);
    if (!script)
        return;
    trial->server = hostile_server_start(certificates.servers[identity], script);
    trial_point_at(trial, "api.test", hostile_server_port(trial->server));
}

static int body_cb(void *context, const char *bytes, size_t length, struct error *error)
{
    struct trial *trial = context;
    struct error refusal = {.class = ERROR_NONE};

    assert_int_equal(buffer_add(&trial->body, bytes, length), 0);
    if (trial->on_body)
        trial->on_body(trial, &refusal);
    if (refusal.class != ERROR_NONE)
        *error = refusal;
    return -(int)refusal.class;
}

static void done_cb(void *context, const struct client_outcome *outcome)
{
    struct trial *trial = context;

    trial->done++;
    trial->outcome = *outcome;
    if (trial->on_done)
        trial->on_done(trial);
}

static void users_cb(void *context, const struct client_users *users)
{
    struct trial *trial = context;

    trial->done++;
    trial->users = *users;
    if (trial->on_done)
        trial->on_done(trial);
}

static void token_cb(void *context, const struct client_token *told)
{
    struct trial *trial = context;

    trial->done++;
    trial->told = *told;
    if (trial->on_done)
        trial->on_done(trial);
}

/* Key and token as a caller has them: only while it asks. */
struct credentials {
    struct secret key, token;
    int done;
};

static void begin_asking(struct trial *trial, struct credentials *credentials)
{
    struct error error;

    credentials->done = trial->done;
    secret_init(&credentials->key);
    secret_init(&credentials->token);
    secret_set(&credentials->key, TRIAL_KEY, strlen(TRIAL_KEY));
    secret_set(&credentials->token, trial->token, strlen(trial->token));
    if (!trial->client)
        trial->client = client_new(&trial->loop, &trial->settings, &error);
    assert_non_null(trial->client);
}

static void end_asking(const struct trial *trial, struct credentials *credentials)
{
    assert_int_equal(trial->done, credentials->done); /* nobody is called back from within the call */
    secret_done(&credentials->key);                   /* the client must not need them any more */
    secret_done(&credentials->token);
}

void trial_pull(struct trial *trial)
{
    struct credentials credentials;

    begin_asking(trial, &credentials);
    client_pull(trial->client, &credentials.key, &credentials.token, body_cb, done_cb, trial);
    end_asking(trial, &credentials);
}

void trial_ask_users(struct trial *trial, const struct uuid *ids, size_t count)
{
    struct credentials credentials;
    struct uuid copy[CLIENT_IDS_MAX];

    begin_asking(trial, &credentials);
    memcpy(copy, ids, count * sizeof(*ids));
    client_ask_users(trial->client, &credentials.key, &credentials.token, (struct client_ids){copy, count},
                     users_cb, trial);
    memset(copy, 0, sizeof(copy));
    end_asking(trial, &credentials);
}

void trial_ask_token(struct trial *trial)
{
    struct credentials credentials;

    begin_asking(trial, &credentials);
    client_ask_token(trial->client, &credentials.key, &credentials.token, token_cb, trial);
    end_asking(trial, &credentials);
}

void trial_wait(struct trial *trial)
{
    int done = trial->done;

    while (trial->done == done)
        assert_true(uv_run(&trial->loop, UV_RUN_ONCE) || trial->done > done);
}

static void ignore_cb(uv_timer_t *timer)
{
    (void)timer;
}

void trial_run_for(struct trial *trial, int milliseconds)
{
    uv_timer_t timer;

    uv_timer_init(&trial->loop, &timer);
    uv_timer_start(&timer, ignore_cb, (uint64_t)milliseconds, 0);
    while (uv_is_active((uv_handle_t *)&timer))
        uv_run(&trial->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&trial->loop, UV_RUN_NOWAIT);
}

static void closed_cb(void *context)
{
    struct trial *trial = context;

    trial->closed = true;
}

void trial_end(struct trial *trial)
{
    int done = trial->done;

    if (trial->client) {
        client_close(trial->client, closed_cb, trial);
        assert_false(trial->closed);
        uv_run(&trial->loop, UV_RUN_DEFAULT);
        assert_true(trial->closed);
    }
    assert_int_equal(trial->done, done);
    assert_int_equal(uv_loop_close(&trial->loop), 0);
    if (trial->server)
        hostile_server_stop(trial->server);
}

void trial_free(struct trial *trial)
{
    hostile_server_free(trial->server);
    buffer_done(&trial->body);
}

/*
 * A pull is one transfer, or two when the API refuses the attribute lists:
 *
 *   IDLE --client_pull--> ASKING --finished, timed out, cancelled--> DECIDED --timer--> IDLE, done_cb
 *                          |  ^
 *                          +--+ 400 to the first transfer: a second one without the lists
 *
 * The outcome is always delivered by the timer, with nothing of libcurl below it on the stack: done_cb may pull again
 * or close the client. The same timer watches the two timeouts before that.
 */
#include "luzmo/client.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "luzmo/address.h"
#include "luzmo/answer.h"
#include "luzmo/driver.h"
#include "luzmo/failure.h"
#include "luzmo/transfer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum pull_state { PULL_IDLE, PULL_ASKING, PULL_DECIDED };

struct pull {
    enum pull_state state;
    struct transfer *transfer; /* NULL when IDLE */
    struct secret key, token;
    uint64_t alive_ms;    /* of the loop's clock: when something arrived last */
    uint64_t deadline_ms; /* of the loop's clock */
    client_body_cb body_cb;
    client_done_cb done_cb;
    void *context;
    struct client_outcome outcome;
};

struct client {
    uv_loop_t *loop;
    struct driver *driver;
    uv_timer_t timer;
    struct address address;
    char *ca_file;
    char *proxy;
    int64_t stall_timeout_us;
    int64_t total_timeout_us;
    uint64_t max_body;
    struct pull pull;
    void (*closed_cb)(void *context);
    void *closed_context;
};

static uint64_t to_ms(int64_t us)
{
    return us < 1000 ? 1 : (uint64_t)us / 1000;
}

/* The header's promise of whoever calls. */
static void must_be_idle(const struct client *client)
{
    if (client->pull.state != PULL_IDLE)
        error_fatal("the API's client was used while a pull is under way");
}

static void deliver_cb(uv_timer_t *timer);
static void watch_cb(uv_timer_t *timer);

/* The pull's fate; the first one counts. Delivered soon. */
static void decide(struct client *client, const struct error *error)
{
    struct pull *pull = &client->pull;

    if (pull->state != PULL_ASKING)
        return;
    pull->state = PULL_DECIDED;
    pull->outcome.error = *error;
    uv_timer_start(&client->timer, deliver_cb, 0, 0);
}

static void decide_about_host(struct client *client, struct error *error)
{
    error_wrap(error, "reading the organization from %s", client->address.host);
    decide(client, error);
}

static void end_transfer(struct client *client)
{
    struct pull *pull = &client->pull;

    if (!pull->transfer)
        return;
    driver_remove(client->driver, transfer_easy(pull->transfer));
    transfer_free(pull->transfer);
    pull->transfer = NULL;
}

static void deliver_cb(uv_timer_t *timer)
{
    struct client *client = timer->data;
    struct pull *pull = &client->pull;

    end_transfer(client);
    secret_done(&pull->key);
    secret_done(&pull->token);
    struct client_outcome outcome = pull->outcome;
    pull->state = PULL_IDLE;
    pull->done_cb(pull->context, &outcome); /* the last: the client may be closing afterwards */
}

static void start_watching(struct client *client)
{
    const struct pull *pull = &client->pull;
    uint64_t now = uv_now(client->loop);
    uint64_t due = pull->alive_ms + to_ms(client->stall_timeout_us);

    if (due > pull->deadline_ms)
        due = pull->deadline_ms;
    uv_timer_start(&client->timer, watch_cb, due > now ? due - now : 0, 0);
}

/* Some time ago this was the first moment at which a timeout could run out; meanwhile it may have moved on. */
static void watch_cb(uv_timer_t *timer)
{
    struct client *client = timer->data;
    struct pull *pull = &client->pull;
    uint64_t now = uv_now(client->loop);
    struct error error;

    if (now >= pull->deadline_ms)
        failure_of_total(client->total_timeout_us, &error);
    else if (now - pull->alive_ms >= to_ms(client->stall_timeout_us))
        transfer_stalled(pull->transfer, &error);
    else {
        start_watching(client);
        return;
    }
    transfer_stop(pull->transfer);
    decide_about_host(client, &error);
}

static void alive_cb(void *context)
{
    struct client *client = context;

    client->pull.alive_ms = uv_now(client->loop);
}

static bool yield_cb(void *context)
{
    struct client *client = context;

    return driver_yield(client->driver, transfer_easy(client->pull.transfer));
}

/* One transfer begins. */
static int ask(struct client *client, struct error *error)
{
    struct pull *pull = &client->pull;
    struct transfer_order order = {
        .endpoint = client->address.endpoint,
        .ca_file = client->ca_file,
        .proxy = client->proxy,
        .stall_timeout_us = client->stall_timeout_us,
        .max_body = client->max_body,
        .key = &pull->key,
        .token = &pull->token,
        .without_attributes = pull->outcome.without_attributes,
        .body_cb = pull->body_cb,
        .body_context = pull->context,
        .alive_cb = alive_cb,
        .yield_cb = yield_cb,
        .driver_context = client,
    };

    pull->transfer = transfer_new(&order, error);
    if (!pull->transfer)
        return -(int)ERROR_INTERNAL;
    pull->alive_ms = uv_now(client->loop);
    pull->outcome.asked_us = clock_wall_us();
    return driver_add(client->driver, transfer_easy(pull->transfer), error);
}

static void ask_without_attributes(struct client *client)
{
    struct error error;

    end_transfer(client);
    client->pull.outcome.without_attributes = true;
    if (ask(client, &error) != 0)
        decide_about_host(client, &error);
}

/* The driver's report: the transfer came to its end, well or not. */
static void finished_cb(void *context, CURL *easy, CURLcode code)
{
    struct client *client = context;
    struct pull *pull = &client->pull;
    struct client_outcome *outcome = &pull->outcome;
    struct error error = {.class = ERROR_NONE};

    (void)easy;
    if (pull->state != PULL_ASKING)
        return;
    outcome->answered_us = clock_wall_us();
    outcome->body_bytes = transfer_body_bytes(pull->transfer);
    outcome->retry_after_us = answer_retry_after_us(transfer_retry_after(pull->transfer),
                                                    outcome->answered_us);
    if (transfer_verdict(pull->transfer, code, &error) == 0)
        decide(client, &error);
    else if (transfer_status(pull->transfer) == 400 && !outcome->without_attributes)
        ask_without_attributes(client);
    else
        decide_about_host(client, &error);
}

/* libcurl would write TLS keys to a file that the environment names; OpenSSL writes to sockets that may be closed. */
static int prepare_process(struct error *error)
{
    unsetenv("SSLKEYLOGFILE");
    signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, ERROR_INTERNAL, "libcurl cannot be initialised");
    return 0;
}

static int check_ca_file(const char *ca_file, struct error *error)
{
    if (ca_file[0] == '\0')
        return 0;
    int fd = open(ca_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, ERROR_CONFIG,
                         "api.ca_file %s cannot be read (%m); name a file of PEM certificates", ca_file);
    close(fd);
    return 0;
}

static void forget_settings(struct client *client)
{
    address_done(&client->address);
    free(client->ca_file);
    free(client->proxy);
}

int client_configure(struct client *client, const struct client_settings *settings, struct error *error)
{
    struct address address;
    int result;

    must_be_idle(client);
    if ((result = check_ca_file(settings->ca_file, error)) != 0 ||
        (result = address_check_proxy(settings->proxy, error)) != 0 ||
        (result = address_parse(settings->url, &address, error)) != 0)
        return result;
    forget_settings(client);
    client->address = address;
    client->ca_file = memory_string(settings->ca_file);
    client->proxy = memory_string(settings->proxy);
    client->stall_timeout_us = settings->stall_timeout_us;
    client->total_timeout_us = settings->total_timeout_us;
    client->max_body = settings->max_body;
    return 0;
}

static struct client *give_up(struct client *client)
{
    forget_settings(client);
    free(client);
    return NULL;
}

struct client *client_new(uv_loop_t *loop, const struct client_settings *settings, struct error *error)
{
    struct client *client = memory_alloc(sizeof(*client));

    client->loop = loop;
    if (client_configure(client, settings, error) != 0 || prepare_process(error) != 0)
        return give_up(client);
    client->driver = driver_new(loop, finished_cb, client);
    if (!client->driver) {
        error_set(error, ERROR_INTERNAL, "libcurl cannot be set up");
        curl_global_cleanup();
        return give_up(client);
    }
    uv_timer_init(loop, &client->timer);
    client->timer.data = client;
    return client;
}

static int check_secrets(const struct secret *key, const struct secret *token, struct error *error)
{
    if (!secret_is_set(key) || !secret_is_set(token))
        return error_set(error, ERROR_CREDENTIALS, "key or token is missing; set both");
    if (!utf8_valid(key->bytes, key->length) || !utf8_valid(token->bytes, token->length))
        return error_set(error, ERROR_CREDENTIALS, "key or token is not UTF-8 text; check both");
    return 0;
}

void client_pull(struct client *client, const struct secret *key, const struct secret *token,
                 client_body_cb body_cb, client_done_cb done_cb, void *context)
{
    struct pull *pull = &client->pull;
    struct error error;

    must_be_idle(client);
    uv_update_time(client->loop);
    *pull = (struct pull){
        .state = PULL_ASKING,
        .deadline_ms = uv_now(client->loop) + to_ms(client->total_timeout_us),
        .body_cb = body_cb,
        .done_cb = done_cb,
        .context = context,
    };
    if (check_secrets(key, token, &error) != 0) {
        decide(client, &error);
        return;
    }
    secret_set(&pull->key, key->bytes, key->length);
    secret_set(&pull->token, token->bytes, token->length);
    if (ask(client, &error) != 0)
        decide_about_host(client, &error);
    else
        start_watching(client);
}

void client_cancel(struct client *client)
{
    struct error error;

    if (client->pull.state != PULL_ASKING)
        return;
    transfer_stop(client->pull.transfer);
    error_set(&error, ERROR_UNAVAILABLE, "cancelled");
    decide(client, &error);
}

static void driver_closed_cb(void *context)
{
    struct client *client = context;
    void (*closed_cb)(void *context) = client->closed_cb;
    void *closed_context = client->closed_context;

    forget_settings(client);
    free(client);
    curl_global_cleanup();
    closed_cb(closed_context);
}

static void timer_closed_cb(uv_handle_t *timer)
{
    struct client *client = timer->data;

    driver_close(client->driver, driver_closed_cb, client);
}

void client_close(struct client *client, void (*closed_cb)(void *context), void *context)
{
    must_be_idle(client);
    client->closed_cb = closed_cb;
    client->closed_context = context;
    uv_close((uv_handle_t *)&client->timer, timer_closed_cb);
}

/*
 * The client's settings and life, and the pull of the organization. How a request goes is client_call's business.
 */
#include "luzmo/client.h"

#include "base/memory.h"
#include "luzmo/client_private.h"
#include "luzmo/request.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* libcurl would write TLS keys to a file that the environment names; OpenSSL writes to sockets that may be closed. */
static int prepare_process(struct error *error)
{
    unsetenv("SSLKEYLOGFILE");
    signal(SIGPIPE, SIG_IGN);
    /* When libcurl is refused memory it may forget a transfer, or divide by zero. */
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_alloc, free, memory_resize, memory_string,
                             memory_array) != CURLE_OK)
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

    client_must_be_idle(client);
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
    client->driver = driver_new(loop, client_call_finished_cb, client);
    if (!client->driver) {
        error_set(error, ERROR_INTERNAL, "libcurl cannot be set up");
        curl_global_cleanup();
        return give_up(client);
    }
    uv_timer_init(loop, &client->timer);
    client->timer.data = client;
    return client;
}

/* --- the pull ----------------------------------------------------------------------------------------------------- */

static void pull_request(const struct client *client, struct secret *ret_body)
{
    const struct call *call = &client->call;

    request_organization(&call->key, &call->token, call->outcome.without_attributes, ret_body);
}

static int pull_body(struct client *client, const char *bytes, size_t length, struct error *error)
{
    return client->pull.body_cb(client->pull.context, bytes, length, error);
}

static bool pull_retry(struct client *client)
{
    bool first = !client->call.outcome.without_attributes;

    client->call.outcome.without_attributes = true;
    return first;
}

static void pull_deliver(struct client *client, const struct client_outcome *outcome)
{
    client->pull.done_cb(client->pull.context, outcome);
}

static const struct subject organization = {
    .resource = "organization",
    .deed = "reading the organization from",
    .request = pull_request,
    .body = pull_body,
    .retry = pull_retry,
    .deliver = pull_deliver,
};

void client_pull(struct client *client, const struct secret *key, const struct secret *token,
                 client_body_cb body_cb, client_done_cb done_cb, void *context)
{
    client_must_be_idle(client);
    client->pull = (struct pull){.body_cb = body_cb, .done_cb = done_cb, .context = context};
    client_call_start(client, &organization, key, token);
}

void client_cancel(struct client *client)
{
    client_call_cancel(client);
}

uint64_t client_announced_bytes(const struct client *client)
{
    const struct call *call = &client->call;

    return call->subject == &organization && call->transfer ? transfer_announced_bytes(call->transfer) : 0;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

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
    client_must_be_idle(client);
    client->closed_cb = closed_cb;
    client->closed_context = context;
    uv_close((uv_handle_t *)&client->timer, timer_closed_cb);
}

/*
 * A call is one transfer, or two when its subject wants to ask once more after a 400:
 *
 *   IDLE --client_call_start--> ASKING --finished, timed out, cancelled--> DECIDED --timer--> IDLE, deliver
 *                                |  ^
 *                                +--+ 400, and the subject has another request
 *
 * The outcome is always delivered by the timer, with nothing of libcurl below it on the stack: whoever is called back
 * may ask again or close the client. The same timer watches the two timeouts before that.
 */
#include "base/clock.h"
#include "base/utf8.h"
#include "luzmo/answer.h"
#include "luzmo/client_private.h"
#include "luzmo/failure.h"

#include <stdlib.h>

static uint64_t to_ms(int64_t us)
{
    return us < 1000 ? 1 : (uint64_t)us / 1000;
}

void client_must_be_idle(const struct client *client)
{
    if (client->call.state != CALL_IDLE)
        error_fatal("the API's client was used while a request is under way");
}

static void deliver_cb(uv_timer_t *timer);
static void watch_cb(uv_timer_t *timer);

/* The call's fate; the first one counts. Delivered soon. */
static void decide(struct client *client, const struct error *error)
{
    struct call *call = &client->call;

    if (call->state != CALL_ASKING)
        return;
    call->state = CALL_DECIDED;
    call->outcome.error = *error;
    uv_timer_start(&client->timer, deliver_cb, 0, 0);
}

static void decide_about_host(struct client *client, struct error *error)
{
    error_wrap(error, "%s %s", client->call.subject->deed, client->address.host);
    decide(client, error);
}

static void end_transfer(struct client *client)
{
    struct call *call = &client->call;

    if (call->transfer) {
        driver_remove(client->driver, transfer_easy(call->transfer));
        transfer_free(call->transfer);
        call->transfer = NULL;
    }
    secret_done(&call->request);
}

static void deliver_cb(uv_timer_t *timer)
{
    struct client *client = timer->data;
    struct call *call = &client->call;

    end_transfer(client);
    free(call->endpoint);
    secret_done(&call->key);
    secret_done(&call->token);
    struct client_outcome outcome = call->outcome;
    call->state = CALL_IDLE;
    call->subject->deliver(client, &outcome);
}

static void start_watching(struct client *client)
{
    const struct call *call = &client->call;
    uint64_t now = uv_now(client->loop);
    uint64_t due = call->alive_ms + to_ms(client->stall_timeout_us);

    if (due > call->deadline_ms)
        due = call->deadline_ms;
    uv_timer_start(&client->timer, watch_cb, due > now ? due - now : 0, 0);
}

/* Some time ago this was the first moment at which a timeout could run out; meanwhile it may have moved on. */
static void watch_cb(uv_timer_t *timer)
{
    struct client *client = timer->data;
    struct call *call = &client->call;
    uint64_t now = uv_now(client->loop);
    struct error error;

    if (now >= call->deadline_ms)
        failure_of_total(client->total_timeout_us, &error);
    else if (now - call->alive_ms >= to_ms(client->stall_timeout_us))
        transfer_stalled(call->transfer, &error);
    else {
        start_watching(client);
        return;
    }
    transfer_stop(call->transfer);
    decide_about_host(client, &error);
}

/* --- what a transfer calls ---------------------------------------------------------------------------------------- */

static void alive_cb(void *context)
{
    struct client *client = context;

    client->call.alive_ms = uv_now(client->loop);
}

static bool yield_cb(void *context)
{
    struct client *client = context;

    return driver_yield(client->driver, transfer_easy(client->call.transfer));
}

static int body_cb(void *context, const char *bytes, size_t length, struct error *error)
{
    struct client *client = context;

    return client->call.subject->body(client, bytes, length, error);
}

/* --- from the first transfer to the verdict ----------------------------------------------------------------------- */

/* One transfer begins. */
static int ask(struct client *client, struct error *error)
{
    struct call *call = &client->call;
    struct transfer_order order = {
        .endpoint = call->endpoint,
        .ca_file = client->ca_file,
        .proxy = client->proxy,
        .stall_timeout_us = client->stall_timeout_us,
        .max_body = client->max_body,
        .request = &call->request,
        .key = &call->key,
        .token = &call->token,
        .question = call->subject->question,
        .body_cb = body_cb,
        .body_context = client,
        .alive_cb = alive_cb,
        .yield_cb = yield_cb,
        .driver_context = client,
    };

    call->subject->request(client, &call->request);
    call->transfer = transfer_new(&order, error);
    if (!call->transfer)
        return -(int)ERROR_INTERNAL;
    call->alive_ms = uv_now(client->loop);
    call->outcome.asked_us = clock_wall_us();
    return driver_add(client->driver, transfer_easy(call->transfer), error);
}

static void ask_again(struct client *client)
{
    struct error error;

    end_transfer(client);
    if (ask(client, &error) != 0)
        decide_about_host(client, &error);
}

static bool wants_to_ask_again(struct client *client)
{
    const struct call *call = &client->call;

    return transfer_status(call->transfer) == 400 && call->subject->retry && call->subject->retry(client);
}

/* A whole answer with HTTP 200, and one that its subject believes. */
static int verdict(struct client *client, CURLcode code, struct error *error)
{
    const struct call *call = &client->call;
    int result = transfer_verdict(call->transfer, code, error);

    return result == 0 && call->subject->judge ? call->subject->judge(client, error) : result;
}

void client_call_finished_cb(void *context, CURL *easy, CURLcode code)
{
    struct client *client = context;
    struct call *call = &client->call;
    struct client_outcome *outcome = &call->outcome;
    struct error error = {.class = ERROR_NONE};

    (void)easy;
    if (call->state != CALL_ASKING)
        return;
    outcome->answered_us = clock_wall_us();
    outcome->body_bytes = transfer_body_bytes(call->transfer);
    outcome->status = transfer_status(call->transfer);
    outcome->retry_after_us = answer_retry_after_us(transfer_retry_after(call->transfer),
                                                    outcome->answered_us);
    if (verdict(client, code, &error) == 0)
        decide(client, &error);
    else if (wants_to_ask_again(client))
        ask_again(client);
    else
        decide_about_host(client, &error);
}

static int check_secrets(const struct secret *key, const struct secret *token, struct error *error)
{
    if (!secret_is_set(key) || !secret_is_set(token))
        return error_set(error, ERROR_CREDENTIALS, "key or token is missing; set both");
    if (!utf8_valid(key->bytes, key->length) || !utf8_valid(token->bytes, token->length))
        return error_set(error, ERROR_CREDENTIALS, "key or token is not UTF-8 text; check both");
    return 0;
}

void client_call_start(struct client *client, const struct subject *subject, const struct secret *key,
                       const struct secret *token)
{
    struct call *call = &client->call;
    struct error error;

    uv_update_time(client->loop);
    *call = (struct call){
        .state = CALL_ASKING,
        .subject = subject,
        .deadline_ms = uv_now(client->loop) + to_ms(client->total_timeout_us),
    };
    if (check_secrets(key, token, &error) != 0) {
        decide(client, &error);
        return;
    }
    call->endpoint = address_endpoint(&client->address, subject->resource);
    secret_set(&call->key, key->bytes, key->length);
    secret_set(&call->token, token->bytes, token->length);
    if (ask(client, &error) != 0)
        decide_about_host(client, &error);
    else
        start_watching(client);
}

void client_call_cancel(struct client *client)
{
    struct error error;

    if (client->call.state != CALL_ASKING)
        return;
    transfer_stop(client->call.transfer);
    error_set(&error, ERROR_UNAVAILABLE, "cancelled");
    decide(client, &error);
}

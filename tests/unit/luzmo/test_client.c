/*
 * What the client does besides judging answers (test_hostile_answers): what it sends, how often, over how many
 * connections, and that each pull ends exactly once, whenever and however it ends.
 */
#include "luzmo/names.h"
#include "luzmo/request.h"
#include "luzmo/trial.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SHORT_US 500000   /* for what never happens */
#define LONG_US  60000000 /* for what happens on any machine */

#define ANSWER       SEND("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
#define NOT_LIKE_SO  SEND("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}")
#define TOO_MANY(by) SEND("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n" by "\r\n")

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strcasestr(text, part))
        fail_msg("\"%s\" contains \"%s\"", text, part);
}

static void assert_outcome(const struct trial *trial, enum error_class class, const char *part)
{
    assert_contains(trial->outcome.error.text, part);
    assert_int_equal(trial->outcome.error.class, class);
}

/* One pull against a script, from beginning to end. */
static void pull_once(struct trial *trial, const struct step *script)
{
    trial_begin(trial, IDENTITY_GOOD, script);
    trial_pull(trial);
    trial_wait(trial);
    trial_end(trial);
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static void assert_sent_body(const char *request, bool without_attributes)
{
    struct secret key = {.bytes = (char *)(uintptr_t)TRIAL_KEY, .length = strlen(TRIAL_KEY)};
    struct secret token = {.bytes = (char *)(uintptr_t)TRIAL_TOKEN, .length = strlen(TRIAL_TOKEN)};
    struct secret expected;

    secret_init(&expected);
    request_organization(&key, &token, without_attributes, &expected);
    assert_string_equal(strstr(request, "\r\n\r\n") + 4, expected.bytes);
    secret_done(&expected);
}

static void the_request_is_a_plain_post(void **state)
{
    static const struct step script[] = {ANSWER, {0}};
    struct trial trial;

    (void)state;
    pull_once(&trial, script);
    const char *request = hostile_server_request(trial.server, 0);
    assert_contains(request, "POST /0.1.0/organization HTTP/1.1\r\n");
    assert_contains(request, "\r\nHost: api.test:");
    assert_contains(request, "\r\nUser-Agent: rollcall/");
    assert_contains(request, "\r\nContent-Type: application/json\r\n");
    assert_contains(request, "\r\nAccept: application/json\r\n");
    assert_lacks(request, "Expect");
    assert_lacks(request, "Accept-Encoding");
    assert_lacks(request, "Authorization");
    assert_sent_body(request, false);
    trial_free(&trial);
}

static void a_400_is_asked_once_more_without_attributes(void **state)
{
    static const struct step script[] = {NOT_LIKE_SO, NEXT, ANSWER, {0}};
    struct trial trial;

    (void)state;
    pull_once(&trial, script);
    assert_outcome(&trial, ERROR_NONE, "");
    assert_true(trial.outcome.without_attributes);
    assert_string_equal(trial.body.data, "{}");
    assert_sent_body(hostile_server_request(trial.server, 0), false);
    assert_sent_body(hostile_server_request(trial.server, 1), true);
    assert_int_equal(hostile_server_connections(trial.server), 1);
    trial_free(&trial);
}

static void a_second_400_is_the_end(void **state)
{
    static const struct step script[] = {NOT_LIKE_SO, NEXT, NOT_LIKE_SO, NEXT, ANSWER, {0}};
    struct trial trial;

    (void)state;
    pull_once(&trial, script);
    assert_outcome(&trial, ERROR_MALFORMED, "HTTP 400");
    assert_string_equal(hostile_server_request(trial.server, 2), "");
    trial_free(&trial);
}

static void the_fallback_is_for_one_pull_only(void **state)
{
    static const struct step script[] = {NOT_LIKE_SO, NEXT, ANSWER, NEXT, ANSWER, {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial_pull(&trial);
    trial_wait(&trial);
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_false(trial.outcome.without_attributes);
    assert_sent_body(hostile_server_request(trial.server, 2), false);
    trial_free(&trial);
}

static void redirects_see_no_request(void **state)
{
    char moved[160];
    const struct step script[] = {SEND(moved), {0}};
    static const struct step elsewhere[] = {ANSWER, {0}};
    struct trial other, trial;

    (void)state;
    trial_begin(&other, IDENTITY_GOOD, elsewhere);
    snprintf(moved, sizeof(moved), "HTTP/1.1 308 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
             other.url);
    pull_once(&trial, script);
    trial_end(&other);
    assert_outcome(&trial, ERROR_MALFORMED, "redirect");
    assert_int_equal(hostile_server_connections(other.server), 0);
    trial_free(&trial);
    trial_free(&other);
}

/* --- connections -------------------------------------------------------------------------------------------------- */

static void the_connection_is_kept(void **state)
{
    static const struct step script[] = {ANSWER, NEXT, TOO_MANY(""), NEXT, ANSWER, {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    for (int i = 0; i < 3; i++) {
        trial_pull(&trial);
        trial_wait(&trial);
    }
    trial_end(&trial);
    assert_outcome(&trial, ERROR_NONE, "");
    assert_int_equal(hostile_server_connections(trial.server), 1);
    trial_free(&trial);
}

static void a_kept_connection_that_ended_is_replaced(void **state)
{
    static const struct step script[] = {ANSWER, CLOSE, NEXT, ANSWER, {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial_pull(&trial);
    trial_wait(&trial);
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_NONE, "");
    assert_int_equal(hostile_server_connections(trial.server), 2);
    trial_free(&trial);
}

static void pull_again(struct trial *trial)
{
    if (trial->done < 3)
        trial_pull(trial);
}

static void done_may_pull_again(void **state)
{
    static const struct step script[] = {ANSWER, NEXT, ANSWER, NEXT, ANSWER, {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.on_done = pull_again;
    trial_pull(&trial);
    while (trial.done < 3)
        trial_wait(&trial);
    trial_end(&trial);
    assert_string_equal(trial.body.data, "{}{}{}");
    trial_free(&trial);
}

/* Nothing of the environment may lead key and token elsewhere or write down the keys of TLS; a connection that is gone
 * must not end the process. */
static void the_process_has_no_say(void **state)
{
    static const struct step script[] = {ANSWER, {0}};
    char keys[] = "/tmp/rollcall-test-keys-XXXXXX";
    struct trial trial;

    (void)state;
    close(mkstemp(keys));
    unlink(keys);
    signal(SIGPIPE, SIG_DFL);
    setenv("SSLKEYLOGFILE", keys, 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "socks5://127.0.0.1:1", 1);
    pull_once(&trial, script);
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
    assert_outcome(&trial, ERROR_NONE, "");
    assert_ptr_equal(signal(SIGPIPE, SIG_IGN), SIG_IGN);
    assert_null(getenv("SSLKEYLOGFILE"));
    assert_int_not_equal(access(keys, F_OK), 0);
    trial_free(&trial);
}

/* --- no answer at all --------------------------------------------------------------------------------------------- */

static void pull_from(struct trial *trial, const char *host, int port, int64_t patience_us)
{
    trial_begin(trial, IDENTITY_GOOD, NULL);
    trial_point_at(trial, host, port);
    trial->settings.stall_timeout_us = patience_us;
    trial_pull(trial);
    trial_wait(trial);
    trial_end(trial);
    trial_free(trial);
}

static void a_refused_connection_is_named(void **state)
{
    struct trial trial;

    (void)state;
    pull_from(&trial, "127.0.0.1", 1, LONG_US);
    assert_outcome(&trial, ERROR_UNAVAILABLE, "from 127.0.0.1:1: the connection was refused");
}

static void an_unknown_name_is_named(void **state)
{
    struct trial trial;

    (void)state;
    pull_from(&trial, "nowhere.test", 443, LONG_US);
    assert_outcome(&trial, ERROR_UNAVAILABLE, "from nowhere.test: the host's name cannot be found");
}

static void a_dead_resolver_is_given_up(void **state)
{
    struct trial trial;

    (void)state;
    pull_from(&trial, "dead.test", 443, SHORT_US);
    assert_outcome(&trial, ERROR_UNAVAILABLE, "the host's name was not resolved within 0.5 s");
}

/* A listener whose queue is full: the kernel answers no further SYN. */
static void a_black_hole_is_given_up(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int callers[4];
    struct trial trial;

    (void)state;
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    for (size_t i = 0; i < 4; i++) {
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(callers[i], (const struct sockaddr *)&address, size);
    }
    pull_from(&trial, "127.0.0.1", ntohs(address.sin_port), SHORT_US);
    assert_outcome(&trial, ERROR_UNAVAILABLE, "no connection came about within 0.5 s");
    for (size_t i = 0; i < 4; i++)
        close(callers[i]);
    close(listener);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static int deliveries; /* of pieces of the body; here in the present turn of the loop */
static int most_deliveries;

static void turn_cb(uv_prepare_t *prepare)
{
    (void)prepare;
    deliveries = 0;
}

static void take_time(struct trial *trial, struct error *error)
{
    (void)error;
    if (++deliveries > most_deliveries)
        most_deliveries = deliveries;
    usleep(20000); /* longer than a turn may last */
    buffer_clear(&trial->body);
}

/* The server is always faster; all the same the loop comes round after each piece. */
static void a_busy_reader_lets_the_loop_turn(void **state)
{
    static char piece[8193];
    const struct step script[] = {
        SEND("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 327680\r\n\r\n"),
        REPEAT(piece, 40),
        {0}};
    struct trial trial;
    uv_prepare_t prepare;

    (void)state;
    memset(piece, ' ', sizeof(piece) - 1);
    most_deliveries = 0;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.settings.max_body = 327680;
    trial.on_body = take_time;
    uv_prepare_init(&trial.loop, &prepare);
    uv_prepare_start(&prepare, turn_cb);
    trial_pull(&trial);
    trial_wait(&trial);
    uv_close((uv_handle_t *)&prepare, NULL);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_NONE, "");
    assert_int_equal(trial.outcome.body_bytes, 327680);
    assert_in_range(most_deliveries, 1, 2); /* one when libcurl is resumed, one when the socket is readable */
    trial_free(&trial);
}

/* --- what the API asks for ---------------------------------------------------------------------------------------- */

static void retry_after_is_handed_on(void **state)
{
    static const struct {
        struct step script[2];
        int64_t seconds;
    } rows[] = {
        {{TOO_MANY(""), {0}}, 0},
        {{TOO_MANY("Retry-After: 120\r\n"), {0}}, 120},
        {{TOO_MANY("Retry-After: Fri, 31 Dec 2099 23:59:59 GMT\r\n"), {0}}, 3600},
        {{TOO_MANY("Retry-After: when it suits you\r\n"), {0}}, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trial trial;
        pull_once(&trial, rows[i].script);
        assert_outcome(&trial, ERROR_UNAVAILABLE, "HTTP 429");
        assert_int_equal(trial.outcome.retry_after_us, rows[i].seconds * 1000000);
        trial_free(&trial);
    }
}

/* --- ending early ------------------------------------------------------------------------------------------------- */

static void refuse(struct trial *trial, struct error *error)
{
    (void)trial;
    error_set(error, ERROR_MALFORMED, "an unbalanced bracket");
}

static void a_refused_body_ends_the_pull(void **state)
{
    static const struct step script[] = {
        SEND("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"),
        FLOOD("]"),
        {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.on_body = refuse;
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_MALFORMED, ": an unbalanced bracket");
    trial_free(&trial);
}

static void refuse_after_a_while(struct trial *trial, struct error *error)
{
    if (++deliveries == 1)
        usleep(20000); /* longer than a turn may last */
    else
        refuse(trial, error);
}

/* What is refused was kept back until the next turn of the loop, and nothing more comes that would end the pull. */
static void a_body_refused_in_another_turn_ends_the_pull(void **state)
{
    static char piece[8193];
    const struct step script[] = {
        SEND("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n"),
        REPEAT(piece, 2),
        {0}};
    struct trial trial;

    (void)state;
    memset(piece, ' ', sizeof(piece) - 1);
    deliveries = 0;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.on_body = refuse_after_a_while;
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_MALFORMED, ": an unbalanced bracket");
    trial_free(&trial);
}

static void cancel_twice(struct trial *trial, struct error *error)
{
    (void)error;
    assert_int_equal(++deliveries, 1); /* nothing more of the body afterwards */
    client_cancel(trial->client);
    client_cancel(trial->client);
}

static void a_pull_can_be_cancelled_from_within_its_body(void **state)
{
    static const struct step script[] = {
        SEND("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{"),
        FLOOD("]"),
        {0}};
    struct trial trial;

    (void)state;
    deliveries = 0;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.on_body = cancel_twice;
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_UNAVAILABLE, "cancelled");
    trial_free(&trial);
}

/* In each phase: the loop runs for a while, then the pull is cancelled; a while of -1 is not even one turn. */
static void a_pull_can_be_cancelled_at_any_time(void **state)
{
    static const struct {
        const char *host; /* NULL: the server of the script */
        int milliseconds;
        struct step script[3];
    } rows[] = {
        {NULL, -1, {ANSWER, {0}}},
        {"dead.test", 50, {ANSWER, {0}}},
        {NULL, 50, {DEAF, {0}}},
        {NULL, 50, {{0}}},
        {NULL, 50, {SEND("HTTP/1.1 200 OK\r\nX-Slow: "), {0}}},
        {NULL,
         50,
         {SEND("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"), {0}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trial trial;
        trial_begin(&trial, IDENTITY_GOOD, rows[i].script);
        if (rows[i].host)
            trial_point_at(&trial, rows[i].host, 443);
        trial_pull(&trial);
        if (rows[i].milliseconds >= 0)
            trial_run_for(&trial, rows[i].milliseconds);
        assert_int_equal(trial.done, 0);
        client_cancel(trial.client);
        assert_int_equal(trial.done, 0);
        trial_wait(&trial);
        trial_end(&trial);
        assert_string_equal(trial.outcome.error.text, "cancelled");
        trial_free(&trial);
    }
}

static void cancelling_nothing_is_nothing(void **state)
{
    static const struct step script[] = {ANSWER, {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial_pull(&trial);
    trial_wait(&trial);
    client_cancel(trial.client);
    trial_run_for(&trial, 20);
    trial_end(&trial);
    assert_int_equal(trial.done, 1);
    assert_outcome(&trial, ERROR_NONE, "");
    trial_free(&trial);
}

/* --- settings ----------------------------------------------------------------------------------------------------- */

static void unusable_settings_are_refused(void **state)
{
    static const struct {
        struct client_settings settings;
        const char *part;
    } rows[] = {
        {{.url = "http://api.test/0.1.0", .ca_file = "", .proxy = ""}, "api.url"},
        {{.url = "https://api.test", .ca_file = "/nowhere/ca.pem", .proxy = ""},
         "/nowhere/ca.pem cannot be read"},
        {{.url = "https://api.test", .ca_file = "", .proxy = "gopher://x"}, "api.proxy"},
    };
    struct error error;
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_null(client_new(&loop, &rows[i].settings, &error));
        assert_int_equal(error.class, ERROR_CONFIG);
        assert_contains(error.text, rows[i].part);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_ca_file_without_certificates_is_named(void **state)
{
    static const struct step script[] = {ANSWER, {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.settings.ca_file = "/etc/passwd";
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_CONFIG, "api.ca_file");
    trial_free(&trial);
}

static void settings_change_between_pulls(void **state)
{
    static const struct step script[] = {ANSWER, NEXT, ANSWER, {0}};
    struct client_settings other;
    struct error error;
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial_pull(&trial);
    trial_wait(&trial);
    other = trial.settings;
    other.url = "ftp://api.test";
    assert_int_equal(client_configure(trial.client, &other, &error), -(int)ERROR_CONFIG);
    trial_pull(&trial); /* the former settings still hold */
    trial_wait(&trial);
    assert_outcome(&trial, ERROR_NONE, "");
    other.url = "https://nowhere.test";
    assert_int_equal(client_configure(trial.client, &other, &error), 0);
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_UNAVAILABLE, "from nowhere.test");
    trial_free(&trial);
}

static void nothing_is_sent_without_a_token(void **state)
{
    static const struct step script[] = {ANSWER, {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.token = "";
    trial_pull(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_outcome(&trial, ERROR_CREDENTIALS, "key or token is missing");
    assert_int_equal(hostile_server_connections(trial.server), 0);
    trial_free(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_a_plain_post),
        cmocka_unit_test(a_400_is_asked_once_more_without_attributes),
        cmocka_unit_test(a_second_400_is_the_end),
        cmocka_unit_test(the_fallback_is_for_one_pull_only),
        cmocka_unit_test(redirects_see_no_request),
        cmocka_unit_test(the_connection_is_kept),
        cmocka_unit_test(a_kept_connection_that_ended_is_replaced),
        cmocka_unit_test(done_may_pull_again),
        cmocka_unit_test(the_process_has_no_say),
        cmocka_unit_test(a_refused_connection_is_named),
        cmocka_unit_test(an_unknown_name_is_named),
        cmocka_unit_test(a_dead_resolver_is_given_up),
        cmocka_unit_test(a_black_hole_is_given_up),
        cmocka_unit_test(a_busy_reader_lets_the_loop_turn),
        cmocka_unit_test(retry_after_is_handed_on),
        cmocka_unit_test(a_refused_body_ends_the_pull),
        cmocka_unit_test(a_body_refused_in_another_turn_ends_the_pull),
        cmocka_unit_test(a_pull_can_be_cancelled_from_within_its_body),
        cmocka_unit_test(a_pull_can_be_cancelled_at_any_time),
        cmocka_unit_test(cancelling_nothing_is_nothing),
        cmocka_unit_test(unusable_settings_are_refused),
        cmocka_unit_test(a_ca_file_without_certificates_is_named),
        cmocka_unit_test(settings_change_between_pulls),
        cmocka_unit_test(nothing_is_sent_without_a_token),
    };

    return cmocka_run_group_tests(tests, trials_setup, trials_teardown);
}

/*
 * The connection against a real server: how it opens and refuses to, how statements end, how it is lost and closed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/connection.h"
#include "postgres/server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND_US ((int64_t)1000 * 1000)

static struct server server;

/* --- a loop, a connection, and what they answered ----------------------------------------------------------------- */

struct desk {
    uv_loop_t loop;
    struct connection *connection;
    bool answered;
    struct connection_reply reply; /* of the last statement; its rows are gone */
    char value[256];               /* first column of its first row */
    bool lost;
    struct error loss;
};

static void on_reply(void *context, const struct connection_reply *reply)
{
    struct desk *desk = context;

    desk->answered = true;
    desk->reply = *reply;
    desk->value[0] = '\0';
    if (reply->rows && PQntuples(reply->rows) > 0)
        (void)snprintf(desk->value, sizeof(desk->value), "%s", PQgetvalue(reply->rows, 0, 0));
}

static void on_lost(void *context, const struct error *error)
{
    struct desk *desk = context;

    desk->lost = true;
    desk->loss = *error;
}

static void await(struct desk *desk, const bool *flag)
{
    while (!*flag)
        if (uv_run(&desk->loop, UV_RUN_ONCE) == 0 && !*flag)
            fail_msg("the loop has nothing left to wait for");
}

static void await_reply(struct desk *desk)
{
    await(desk, &desk->answered);
    desk->answered = false;
}

static void desk_make(struct desk *desk, const struct connection_settings *settings)
{
    memset(desk, 0, sizeof(*desk));
    uv_loop_init(&desk->loop);
    desk->connection = connection_new(&desk->loop, settings);
    connection_watch(desk->connection, on_lost, desk);
    connection_open(desk->connection, on_reply, desk);
    assert_false(desk->answered);
    await_reply(desk);
}

static void on_closed(void *context)
{
    struct desk *desk = context;

    desk->connection = NULL;
}

static void desk_close(struct desk *desk)
{
    connection_close(desk->connection, on_closed, desk);
    while (uv_run(&desk->loop, UV_RUN_DEFAULT) != 0)
        ;
    assert_null(desk->connection);
    assert_int_equal(uv_loop_close(&desk->loop), 0); /* not one handle was left behind */
}

static struct connection_settings usual_settings(void)
{
    return (struct connection_settings){
        .conninfo = server.conninfo,
        .passfile = "",
        .connect_timeout_us = 20 * SECOND_US,
        .statement_timeout_us = 20 * SECOND_US,
        .lock_timeout_us = 5 * SECOND_US,
    };
}

static void desk_open(struct desk *desk)
{
    const struct connection_settings settings = usual_settings();

    desk_make(desk, &settings);
    assert_string_equal(desk->reply.error.text, "");
    assert_int_equal(desk->reply.result, CONNECTION_DONE);
}

static const char *ask(struct desk *desk, const char *sql)
{
    connection_execute(desk->connection, sql, on_reply, desk);
    assert_false(desk->answered);
    await_reply(desk);
    return desk->value;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void test_session_settings(void **state)
{
    static const struct {
        const char *name, *value;
    } settings[] = {
        {"search_path", "pg_catalog, pg_temp"},
        {"TimeZone", "UTC"},
        {"DateStyle", "ISO, YMD"},
        {"client_encoding", "UTF8"},
        {"bytea_output", "hex"},
        {"application_name", "rollcall"},
        {"statement_timeout", "20s"},
        {"lock_timeout", "5s"},
        {"idle_in_transaction_session_timeout", "1min"},
        {"default_transaction_read_only", "off"},
    };
    struct desk desk;
    char sql[100];

    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        (void)snprintf(sql, sizeof(sql), "SHOW %s", settings[i].name);
        assert_string_equal(ask(&desk, sql), settings[i].value);
    }
    assert_non_null(strstr(connection_describe(desk.connection), "database rollcall on /tmp/"));
    desk_close(&desk);
}

static void test_read_only_session(void **state)
{
    struct connection_settings settings = usual_settings();
    struct desk desk;

    (void)state;
    settings.read_only = true;
    desk_make(&desk, &settings);
    assert_int_equal(desk.reply.result, CONNECTION_DONE);
    ask(&desk, "CREATE TABLE public.note ()");
    assert_int_equal(desk.reply.result, CONNECTION_FAILED);
    assert_string_equal(desk.reply.sqlstate, "25006");
    desk_close(&desk);
}

struct refusal {
    const char *conninfo; /* @ stands for the socket's directory */
    enum error_class class;
    const char *says;
};

static const struct refusal refusals[] = {
    {"host=@ user=guarded dbname=rollcall password=wrong", ERROR_CREDENTIALS,
     "password authentication failed"},
    {"host=@ user=guarded dbname=rollcall", ERROR_CREDENTIALS, "asks for a password"},
    {"host=@ user=nobody_at_all dbname=rollcall", ERROR_CREDENTIALS, "role \"nobody_at_all\" does not exist"},
    {"host=@ user=rollcall dbname=elsewhere", ERROR_UNAVAILABLE, "create the database or correct dbname"},
    {"host=@ user=rollcall dbname=closed", ERROR_UNAVAILABLE, "not currently accepting connections"},
    {"host=@ user=rollcall dbname=private", ERROR_UNAVAILABLE, "grant this one what it lacks"},
    {"host=@ user=dormant dbname=rollcall", ERROR_CREDENTIALS, "is not permitted to log in"},
    {"host=@ user=rollcall dbname=latin", ERROR_CONFIG, "encoding LATIN1"},
    {"host=@ user=rollcall dbname=frozen", ERROR_UNAVAILABLE, "is read-only"},
    {"host=/nowhere user=rollcall dbname=rollcall", ERROR_UNAVAILABLE, "No such file or directory"},
    {"host=127.0.0.1 port=1 user=rollcall dbname=rollcall", ERROR_UNAVAILABLE, "Connection refused"},
    {"host=db.invalid user=rollcall dbname=rollcall", ERROR_UNAVAILABLE, "db.invalid cannot be resolved"},
    {"host=a,b,c port=1,2 user=rollcall", ERROR_UNAVAILABLE, "could not match 2 port numbers to 3 hosts"},
    {"host=@ pass word=hidden", ERROR_CONFIG, "is not a connection string"},
    {"service=nonesuch", ERROR_CONFIG, "names a service that is not defined"},
};

static void fill_in(char *conninfo, size_t size, const char *pattern)
{
    const char *mark = strchr(pattern, '@');

    if (mark)
        (void)snprintf(conninfo, size, "%.*s%s%s", (int)(mark - pattern), pattern, server.directory,
                       mark + 1);
    else
        (void)snprintf(conninfo, size, "%s", pattern);
}

static void test_refusals(void **state)
{
    struct connection_settings settings = usual_settings();
    char conninfo[256];
    struct desk desk;

    (void)state;
    settings.conninfo = conninfo;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        fill_in(conninfo, sizeof(conninfo), refusals[i].conninfo);
        desk_make(&desk, &settings);
        assert_int_equal(desk.reply.result, CONNECTION_LOST);
        if (!strstr(desk.reply.error.text, refusals[i].says))
            fail_msg("%s: %s", refusals[i].conninfo, desk.reply.error.text);
        assert_int_equal(desk.reply.error.class, refusals[i].class);
        assert_null(strstr(desk.reply.error.text, "wrong"));
        assert_null(strstr(desk.reply.error.text, "hidden"));
        assert_null(strchr(desk.reply.error.text, '\n'));
        desk_close(&desk);
    }
}

static void test_second_host(void **state)
{
    struct connection_settings settings = usual_settings();
    char conninfo[256];
    struct desk desk;

    (void)state;
    fill_in(conninfo, sizeof(conninfo),
            "host=db.invalid,localhost,@ port=1,1,5432 user=rollcall dbname=rollcall");
    settings.conninfo = conninfo;
    desk_make(&desk, &settings);
    assert_int_equal(desk.reply.result, CONNECTION_DONE);
    desk_close(&desk);
}

/* A socket that takes connections, or would, and never says a word. */
static int silent_listener(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 5) == 0 &&
                getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    *ret_port = ntohs(address.sin_port);
    return listener;
}

static void test_silent_hosts_are_passed_over(void **state)
{
    struct connection_settings settings = usual_settings();
    char conninfo[400];
    struct desk desk;
    int port, listener = silent_listener(&port);

    (void)state;
    settings.conninfo = conninfo;
    settings.connect_timeout_us = 2 * SECOND_US;
    (void)snprintf(conninfo, sizeof(conninfo),
                   "host=localhost,/nowhere,127.0.0.1,%s port=%d,5432,%d,5432 user=rollcall dbname=rollcall",
                   server.directory, port, port);
    desk_make(&desk, &settings);
    assert_string_equal(desk.reply.error.text, "");
    desk_close(&desk);
    close(listener);
}

/* A standby is refused by name when it stands alone, passed over when the primary is named too, good for reading. */
static void test_hot_standby(void **state)
{
    struct connection_settings settings = usual_settings();
    struct server standby;
    struct desk desk;
    char conninfo[256];

    (void)state;
    server_make_standby(&standby, &server);
    settings.conninfo = standby.conninfo;
    desk_make(&desk, &settings);
    assert_int_equal(desk.reply.error.class, ERROR_UNAVAILABLE);
    assert_non_null(strstr(desk.reply.error.text, standby.directory));
    assert_non_null(strstr(desk.reply.error.text, "is a hot standby"));
    desk_close(&desk);

    (void)snprintf(conninfo, sizeof(conninfo), "host=%s,%s user=rollcall dbname=rollcall", standby.directory,
                   server.directory);
    settings.conninfo = conninfo;
    desk_make(&desk, &settings);
    assert_int_equal(desk.reply.result, CONNECTION_DONE);
    assert_string_equal(ask(&desk, "SELECT pg_is_in_recovery()"), "f");
    desk_close(&desk);

    settings.read_only = true;
    desk_make(&desk, &settings);
    assert_int_equal(desk.reply.result, CONNECTION_DONE);
    assert_string_equal(ask(&desk, "SELECT pg_is_in_recovery()"), "t");
    desk_close(&desk);
    server_remove(&standby);
}

/* --- statements --------------------------------------------------------------------------------------------------- */

static void test_refused_statement_leaves_the_session_usable(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    ask(&desk, "SELECT * FROM public.nonesuch");
    assert_int_equal(desk.reply.result, CONNECTION_FAILED);
    assert_string_equal(desk.reply.sqlstate, "42P01");
    assert_int_equal(desk.reply.error.class, ERROR_CONFIG);
    assert_false(desk.reply.retryable);
    assert_string_equal(ask(&desk, "SELECT 'still here'"), "still here");
    desk_close(&desk);
}

/* A pooler that shares sessions shows in statements that are gone, or there already. */
static void test_a_session_that_is_not_ours(void **state)
{
    static const char *const signs[] = {"EXECUTE nonesuch",
                                        "PREPARE twice AS SELECT 1; PREPARE twice AS SELECT 1"};
    struct desk desk;

    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        ask(&desk, signs[i]);
        assert_int_equal(desk.reply.error.class, ERROR_CONFIG);
        assert_non_null(strstr(desk.reply.error.text, CONNECTION_SHARED));
    }
    desk_close(&desk);
}

static void test_row_values_stay_out_of_errors(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    ask(&desk, "CREATE TEMP TABLE person (email text PRIMARY KEY)");
    ask(&desk, "INSERT INTO person VALUES ('ada@example.com'), ('ada@example.com')");
    assert_string_equal(desk.reply.sqlstate, "23505");
    assert_null(strstr(desk.reply.error.text, "ada"));
    desk_close(&desk);
}

static void test_several_statements_in_one_text(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    ask(&desk, "CREATE TEMP TABLE number (n int); INSERT INTO number SELECT generate_series(1, 7)");
    assert_int_equal(desk.reply.result, CONNECTION_DONE);
    assert_int_equal(desk.reply.affected, 7);
    desk_close(&desk);
}

static void test_prepared_once(void **state)
{
    static const struct connection_parameter parameters[] = {
        {.value = "1000", .length = 4}, {.value = "2000", .length = 4}, {.value = "false", .length = 5}};
    struct desk desk;

    (void)state;
    desk_open(&desk);
    for (int i = 0; i < 2; i++) {
        connection_run(
            desk.connection,
            &(struct connection_call){.query = "open_session", .parameters = parameters, .count = 3},
            on_reply, &desk);
        await_reply(&desk);
        assert_int_equal(desk.reply.result, CONNECTION_DONE);
        assert_int_equal(desk.reply.affected, 1);
    }
    assert_string_equal(ask(&desk, "SHOW lock_timeout"), "2s");
    assert_string_equal(ask(&desk, "SELECT count(*) FROM pg_prepared_statements"), "1");
    desk_close(&desk);
}

static void test_statement_timeout(void **state)
{
    struct connection_settings settings = usual_settings();
    struct desk desk;

    (void)state;
    settings.statement_timeout_us = SECOND_US;
    desk_make(&desk, &settings);
    ask(&desk, "SELECT pg_sleep(60)");
    assert_int_equal(desk.reply.result, CONNECTION_FAILED);
    assert_string_equal(desk.reply.sqlstate, "57014");
    assert_int_equal(desk.reply.error.class, ERROR_UNAVAILABLE);
    assert_true(desk.reply.retryable);
    assert_string_equal(ask(&desk, "SELECT 1"), "1");
    desk_close(&desk);
}

static void wait_until_active(const char *pid)
{
    while (!server_number(&server,
                          "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = %s", pid))
        ;
}

static void test_cancel(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    connection_cancel(desk.connection); /* nothing runs: nothing happens */
    char *pid = strdup(ask(&desk, "SELECT pg_backend_pid()"));
    connection_execute(desk.connection, "SELECT pg_sleep(60)", on_reply, &desk);
    wait_until_active(pid);
    connection_cancel(desk.connection);
    await_reply(&desk);
    assert_int_equal(desk.reply.result, CONNECTION_FAILED);
    assert_string_equal(desk.reply.sqlstate, "57014");
    free(pid);
    desk_close(&desk);
}

/* --- losing it ---------------------------------------------------------------------------------------------------- */

static void test_lost_while_idle(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    server_run(&server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollcall'");
    await(&desk, &desk.lost);
    assert_int_equal(desk.loss.class, ERROR_UNAVAILABLE);
    assert_non_null(strstr(desk.loss.text, "terminating connection due to administrator command"));
    ask(&desk, "SELECT 1");
    assert_int_equal(desk.reply.result, CONNECTION_LOST);
    desk_close(&desk);
}

static void test_lost_while_a_statement_runs(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    ask(&desk, "SELECT pg_terminate_backend(pg_backend_pid())");
    assert_int_equal(desk.reply.result, CONNECTION_LOST);
    assert_int_equal(desk.reply.error.class, ERROR_UNAVAILABLE);
    assert_non_null(strstr(desk.reply.error.text, "administrator command"));
    assert_false(desk.lost); /* the statement was told */
    desk_close(&desk);
}

/* The primary became something else under the session: a new one may find the new primary. */
static void test_server_that_turned_read_only(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    ask(&desk, "SET default_transaction_read_only = on");
    ask(&desk, "CREATE TABLE public.note ()");
    assert_int_equal(desk.reply.result, CONNECTION_LOST);
    assert_int_equal(desk.reply.error.class, ERROR_UNAVAILABLE);
    ask(&desk, "SELECT 1");
    assert_int_equal(desk.reply.result, CONNECTION_LOST);
    desk_close(&desk);
}

static void test_server_that_does_not_answer(void **state)
{
    struct connection_settings settings = usual_settings();
    struct desk desk;

    (void)state;
    settings.statement_timeout_us = SECOND_US / 10;
    desk_make(&desk, &settings);
    pid_t backend = connection_process(desk.connection);
    kill(backend, SIGSTOP);
    ask(&desk, "SELECT 1");
    kill(backend, SIGCONT);
    assert_int_equal(desk.reply.result, CONNECTION_LOST);
    assert_non_null(strstr(desk.reply.error.text, "does not answer"));
    desk_close(&desk);
}

static void test_server_stops_and_starts(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    server_stop(&server);
    await(&desk, &desk.lost);
    desk_close(&desk);
    server_start(&server);
    desk_open(&desk);
    desk_close(&desk);
}

/* --- closing ------------------------------------------------------------------------------------------------------ */

static void test_close_while_a_statement_runs(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    connection_execute(desk.connection, "SELECT pg_sleep(60)", on_reply, &desk);
    connection_close(desk.connection, on_closed, &desk);
    assert_false(desk.answered);
    while (uv_run(&desk.loop, UV_RUN_DEFAULT) != 0)
        ;
    assert_true(desk.answered);
    assert_int_equal(desk.reply.result, CONNECTION_LOST);
    assert_null(desk.connection);
    assert_int_equal(uv_loop_close(&desk.loop), 0);
}

static void test_close_before_it_is_open(void **state)
{
    static const char *const hosts[] = {"localhost", "192.0.2.1", "/nowhere"};
    struct connection_settings settings = usual_settings();
    struct desk desk;
    char conninfo[100];

    (void)state;
    settings.conninfo = conninfo;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        memset(&desk, 0, sizeof(desk));
        (void)snprintf(conninfo, sizeof(conninfo), "host=%s dbname=rollcall", hosts[i]);
        uv_loop_init(&desk.loop);
        desk.connection = connection_new(&desk.loop, &settings);
        connection_open(desk.connection, on_reply, &desk);
        desk_close(&desk);
        assert_true(desk.answered);
        assert_int_equal(desk.reply.result, CONNECTION_LOST);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int make(void **state)
{
    (void)state;
    server_make(&server);
    server_run(&server, "CREATE ROLE guarded LOGIN PASSWORD 'right'");
    server_run(&server, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    server_run(&server, "CREATE ROLE dormant");
    server_run(&server, "CREATE DATABASE closed ALLOW_CONNECTIONS false");
    server_run(&server, "CREATE DATABASE private");
    server_run(&server, "REVOKE CONNECT ON DATABASE private FROM PUBLIC");
    server_run(&server, "CREATE DATABASE frozen");
    server_run(&server, "ALTER DATABASE frozen SET default_transaction_read_only = on");
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    server_remove(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_settings),
        cmocka_unit_test(test_read_only_session),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_second_host),
        cmocka_unit_test(test_silent_hosts_are_passed_over),
        cmocka_unit_test(test_hot_standby),
        cmocka_unit_test(test_refused_statement_leaves_the_session_usable),
        cmocka_unit_test(test_a_session_that_is_not_ours),
        cmocka_unit_test(test_row_values_stay_out_of_errors),
        cmocka_unit_test(test_several_statements_in_one_text),
        cmocka_unit_test(test_prepared_once),
        cmocka_unit_test(test_statement_timeout),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_lost_while_idle),
        cmocka_unit_test(test_lost_while_a_statement_runs),
        cmocka_unit_test(test_server_that_turned_read_only),
        cmocka_unit_test(test_server_that_does_not_answer),
        cmocka_unit_test(test_server_stops_and_starts),
        cmocka_unit_test(test_close_while_a_statement_runs),
        cmocka_unit_test(test_close_before_it_is_open),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}

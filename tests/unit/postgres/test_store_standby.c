/*
 * What a standby sees of the writer, and how it ends the writer's session: two sessions of one role and one lock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/store_desk.h"

#include <libpq-fe.h>

static enum store_result lock(struct desk *desk)
{
    store_lock(desk->store, desk_on_reply, desk);
    return desk_result(desk);
}

static struct standby_view observe(struct desk *desk)
{
    struct standby_view view;

    store_observe_writer(desk->store, &view, desk_on_reply, desk);
    if (desk_result(desk) != STORE_DONE)
        fail_msg("%s", desk->reply.error.text);
    return view;
}

static void end(struct desk *desk, const struct standby_view *view)
{
    store_end_writer(desk->store, view, desk_on_reply, desk);
    assert_result(STORE_DONE, desk_result(desk));
}

/* The server process whose session holds an advisory lock; 0 when there is none. */
static int holder(void)
{
    return (int)server_number(&server,
                              "SELECT coalesce(max(pid), 0) FROM pg_locks WHERE locktype = 'advisory'");
}

/* Somebody's session that holds the lock of a source; PQfinish ends it. */
static PGconn *hold(const char *user, const char *database, const char *source)
{
    char conninfo[256], sql[128];

    (void)snprintf(conninfo, sizeof(conninfo), "host=%s user=%s dbname=%s", server.directory, user, database);
    (void)snprintf(sql, sizeof(sql), "SELECT pg_advisory_lock(hashtextextended('rollcall/%s', 0))", source);
    PGconn *session = PQconnectdb(conninfo);
    PQclear(PQexec(session, sql));
    assert_string_equal(PQerrorMessage(session), "");
    return session;
}

/* --- what is seen ------------------------------------------------------------------------------------------------- */

static void test_nobody_writes(void **state)
{
    struct desk standby;

    (void)state;
    desk_open(&standby);
    assert_int_equal(observe(&standby).pid, 0);
    desk_close(&standby);
}

static void test_the_writers_session(void **state)
{
    const struct uuid nothing = {{0}};
    struct desk writer, standby;

    (void)state;
    desk_open(&writer);
    desk_open(&standby);
    assert_result(STORE_DONE, lock(&writer));
    const struct standby_view view = observe(&standby);

    assert_int_equal(view.pid, holder());
    assert_int_not_equal(view.session_began, 0);
    assert_true(view.own_role);
    assert_false(view.at_work);
    assert_false(view.failing);
    assert_true(uuid_equal(&view.last_poll, &nothing));
    assert_true(uuid_equal(&view.last_cycle, &nothing));
    desk_close(&standby);
    desk_close(&writer);
}

static void record_failure(struct desk *desk)
{
    struct error failure;
    const struct store_cycle cycle = {.outcome = "failed", .failure = &failure};

    error_set(&failure, ERROR_UNAVAILABLE, "the API is away");
    store_record_failure(desk->store, &desk->organization, &desk->poll, &cycle, desk_on_reply, desk);
    assert_result(STORE_DONE, desk_result(desk));
}

static void assert_traces(struct desk *standby, const struct uuid *poll, const struct uuid *cycle,
                          bool failing)
{
    const struct standby_view view = observe(standby);

    assert_true(uuid_equal(&view.last_poll, poll));
    assert_true(uuid_equal(&view.last_cycle, cycle));
    assert_int_equal(view.failing, failing);
}

static void test_every_kind_of_poll_leaves_a_trace(void **state)
{
    struct uuid none = {{0}}, failed, written, covered, failed_again;
    struct desk writer, standby;

    (void)state;
    desk_open(&writer);
    desk_open(&standby);
    assert_result(STORE_DONE, lock(&writer));

    failed = writer.poll.poll_uuid;
    record_failure(&writer); /* before anything is known of the organization */
    assert_traces(&standby, &none, &failed, true);
    desk_next_poll(&writer, MINUTE_US);
    written = writer.poll.poll_uuid;
    desk_first_cycle(&writer, 2);
    assert_traces(&standby, &written, &written, false);
    covered = writer.poll.poll_uuid;
    assert_result(STORE_DONE, desk_cover(&writer));
    assert_traces(&standby, &covered, &written, false);
    desk_next_poll(&writer, MINUTE_US);
    failed_again = writer.poll.poll_uuid;
    record_failure(&writer);
    assert_traces(&standby, &covered, &failed_again, true);
    desk_close(&standby);
    desk_close(&writer);
}

static void test_a_server_at_work(void **state)
{
    struct desk standby;

    (void)state;
    desk_open(&standby);
    PGconn *session = hold("rollcall", "rollcall", "default");
    assert_false(observe(&standby).at_work);
    PQsendQuery(session, "SELECT pg_sleep(60)");
    while (!observe(&standby).at_work)
        ;
    server_run(&server,
               "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'");
    while (observe(&standby).at_work)
        ;
    PQfinish(session);
    desk_close(&standby);
}

/* In the middle of a COPY the server is active for as long as its client is silent. */
static void test_a_server_that_waits_for_its_client_is_not_at_work(void **state)
{
    struct desk standby;

    (void)state;
    desk_open(&standby);
    PGconn *session = hold("rollcall", "rollcall", "default");
    PQclear(PQexec(session, "CREATE TEMP TABLE heap (a text); COPY heap FROM STDIN"));
    while (server_number(&server, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                                  "AND wait_event = 'ClientRead'") == 0)
        ;
    assert_false(observe(&standby).at_work);
    PQfinish(session);
    desk_close(&standby);
}

static void test_other_locks_are_of_no_interest(void **state)
{
    struct desk standby;

    (void)state;
    desk_open(&standby);
    PGconn *elsewhere = hold("postgres", "postgres", "default");
    PGconn *another = hold("rollcall", "rollcall", "another");
    assert_int_equal(observe(&standby).pid, 0);
    PQfinish(elsewhere);
    PQfinish(another);
    desk_close(&standby);
}

/* --- ending it ---------------------------------------------------------------------------------------------------- */

static void test_the_writer_is_ended(void **state)
{
    struct desk writer, standby;

    (void)state;
    desk_open(&writer);
    desk_open(&standby);
    assert_result(STORE_DONE, lock(&writer));
    const struct standby_view view = observe(&standby);
    end(&standby, &view);
    while (lock(&standby) == STORE_BUSY)
        ;
    assert_result(STORE_LOST, lock(&writer));
    end(&standby, &view); /* gone already */
    desk_close(&standby);
    desk_close(&writer);
}

static void test_a_session_with_the_same_number_is_another(void **state)
{
    struct desk writer, standby;

    (void)state;
    desk_open(&writer);
    desk_open(&standby);
    assert_result(STORE_DONE, lock(&writer));
    struct standby_view view = observe(&standby);
    view.session_began--;
    end(&standby, &view);
    assert_result(STORE_DONE, lock(&writer));
    desk_close(&standby);
    desk_close(&writer);
}

static void test_another_roles_session_is_left_alone(void **state)
{
    struct desk standby;

    (void)state;
    desk_open(&standby);
    PGconn *session = hold("postgres", "rollcall", "default");
    const struct standby_view view = observe(&standby);

    assert_int_equal(view.pid, holder());
    assert_false(view.own_role);
    assert_false(view.at_work);
    end(&standby, &view);
    assert_int_equal(observe(&standby).pid, view.pid);
    PQfinish(session);
    desk_close(&standby);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_writes),
        TEST(test_the_writers_session),
        TEST(test_every_kind_of_poll_leaves_a_trace),
        TEST(test_a_server_at_work),
        TEST(test_a_server_that_waits_for_its_client_is_not_at_work),
        TEST(test_other_locks_are_of_no_interest),
        TEST(test_the_writer_is_ended),
        TEST(test_a_session_with_the_same_number_is_another),
        TEST(test_another_roles_session_is_left_alone),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

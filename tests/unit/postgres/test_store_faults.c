/*
 * The store when things go wrong: the fence, wrong row counts, locks, lost sessions, uncertain commits. In the end the
 * tables hold either the whole cycle or nothing of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/store_desk.h"

/* A first cycle of three members, and a second one in the change set: a changed member and a newcomer. */
static void desk_open_with_changes(struct desk *desk)
{
    desk_open(desk);
    desk_first_cycle(desk, 3);
    struct member_row renamed = some_member(desk, 1);
    const struct member_row newcomer = some_member(desk, 3);
    renamed.member.fields[FIELD_NAME] = text_value("Grace");
    add_update(desk, &renamed);
    add_change(desk, CHANGE_PROFILE_CHANGED, &renamed);
    add_insert(desk, &newcomer);
    add_change(desk, CHANGE_JOINED, &newcomer);
    desk->set.counts.added = desk->set.counts.profile_changed = 1;
}

/* Enough rows for COPY; `count` newcomers more. */
static void add_many(struct desk *desk, int count)
{
    for (int number = 100; number < 100 + count; number++) {
        const struct member_row row = some_member(desk, number);

        add_insert(desk, &row);
        add_change(desk, CHANGE_JOINED, &row);
    }
}

static void assert_only_the_first_cycle(void)
{
    assert_number(3, "SELECT count(*) FROM rollcall.member");
    assert_number(0, "SELECT count(*) FROM rollcall.member WHERE name = 'Grace'");
    assert_number(3, "SELECT count(*) FROM rollcall.change_log");
    assert_number(1, "SELECT count(*) FROM rollcall.cycle");
    assert_value("(3,1)", "SELECT (present_members, roster_version) FROM rollcall.organization");
    assert_number(1, "SELECT polls FROM rollcall.coverage");
}

static void assert_the_second_cycle(void)
{
    assert_number(4, "SELECT count(*) FROM rollcall.member");
    assert_number(1, "SELECT count(*) FROM rollcall.member WHERE name = 'Grace'");
    assert_number(5, "SELECT count(*) FROM rollcall.change_log");
    assert_value("(4,2)", "SELECT (present_members, roster_version) FROM rollcall.organization");
    assert_number(2, "SELECT polls FROM rollcall.coverage");
}

static void assert_no_transaction_is_open(void)
{
    assert_number(0, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'rollcall' AND state <> 'idle'");
}

/* --- the fence ---------------------------------------------------------------------------------------------------- */

static void test_fenced_by_another_writer(void **state)
{
    struct desk stale, other;

    (void)state;
    desk_open_with_changes(&stale);
    desk_open(&other);
    other.poll = stale.poll;
    uuid_random(&other.poll.poll_uuid);
    assert_result(STORE_DONE, desk_load(&other, false));
    desk_cycle(&other, 3);

    assert_result(STORE_FENCED, desk_begin(&stale, 4));
    assert_no_transaction_is_open();
    assert_number(3, "SELECT count(*) FROM rollcall.member");
    assert_number(2, "SELECT count(*) FROM rollcall.cycle");

    assert_result(STORE_DONE, desk_load(&stale, false)); /* read again, it may write */
    assert_result(STORE_DONE, desk_begin(&stale, 4));
    assert_result(STORE_DONE, desk_rollback(&stale));
    desk_close(&other);
    desk_close(&stale);
}

static void test_fenced_by_two_first_cycles(void **state)
{
    struct desk first, second;

    (void)state;
    desk_open(&first);
    desk_open(&second);
    assert_result(STORE_DONE, desk_load(&second, false));
    desk_first_cycle(&first, 1);
    assert_result(STORE_FENCED, desk_begin(&second, 1));
    assert_no_transaction_is_open();
    assert_number(1, "SELECT count(*) FROM rollcall.cycle");
    desk_close(&second);
    desk_close(&first);
}

static void test_fenced_by_deleted_members(void **state)
{
    static const char *const deletions[] = {"DELETE FROM rollcall.member WHERE email LIKE 'user2%'",
                                            "TRUNCATE rollcall.member"};
    struct desk desk;

    for (size_t i = 0; i < 2; i++) {
        empty_tables(state);
        desk_open_with_changes(&desk);
        server_run(&server, deletions[i]);
        assert_result(STORE_FENCED, desk_cover(&desk));
        assert_result(STORE_FENCED, desk_begin(&desk, 4));
        desk_close(&desk);
    }
}

/* The version is what it was, but another history has led to it. */
static void test_fenced_by_a_restored_backup(void **state)
{
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    server_run(&server, "UPDATE rollcall.organization SET last_cycle_uuid = gen_random_uuid()");
    assert_result(STORE_FENCED, desk_cover(&desk));
    assert_result(STORE_FENCED, desk_begin(&desk, 4));
    assert_no_transaction_is_open();
    assert_only_the_first_cycle();
    desk_close(&desk);
}

/* --- statements that do not do what they should ------------------------------------------------------------------- */

static void test_row_counts_are_checked(void **state)
{
    static const int more[] = {0, 100}; /* by pipeline, by COPY */
    struct desk desk;

    for (size_t i = 0; i < 2; i++) {
        empty_tables(state);
        desk_open_with_changes(&desk);
        add_many(&desk, more[i]);
        const struct member_row unknown = some_member(&desk, 77);
        add_update(&desk, &unknown); /* of a row that is not there */
        assert_result(STORE_DONE, desk_begin(&desk, 4));
        assert_result(STORE_FAILED, desk_write(&desk));
        assert_int_equal(desk.reply.error.class, ERROR_INTERNAL);
        assert_false(desk.reply.retryable);
        assert_non_null(strstr(desk.reply.error.text, "rows"));
        assert_result(STORE_DONE, desk_rollback(&desk));
        assert_only_the_first_cycle();
        desk_close(&desk);
    }
}

/* The first row is refused while thousands follow: the rest is sent in vain, but not for ever. */
static void test_copy_is_refused_early(void **state)
{
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    desk_drop_changes(&desk);
    add_baseline(&desk, 20000);
    assert_result(STORE_DONE, desk_begin(&desk, 4));
    assert_result(STORE_FAILED, desk_write(&desk));
    assert_non_null(strstr(desk.reply.error.text, "SQLSTATE 23505"));
    assert_null(strstr(desk.reply.error.text, "example.com"));
    assert_result(STORE_DONE, desk_rollback(&desk));
    assert_only_the_first_cycle();

    desk_drop_changes(&desk); /* the session is as good as before */
    add_many(&desk, 100);
    desk_cycle(&desk, 103);
    assert_number(103, "SELECT count(*) FROM rollcall.member");
    desk_close(&desk);
}

static void test_commit_of_a_failed_transaction(void **state)
{
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    const struct member_row twice = some_member(&desk, 0);
    add_insert(&desk, &twice);
    assert_result(STORE_DONE, desk_begin(&desk, 4));
    assert_result(STORE_FAILED, desk_write(&desk));
    assert_result(STORE_FAILED, desk_commit(&desk));
    assert_only_the_first_cycle();
    desk_close(&desk);
}

/* Somebody's session, holding what `sql` locks until it ends. */
static PGconn *hold(const char *sql)
{
    PGconn *holder = PQconnectdb(server.conninfo);

    PQclear(PQexec(holder, "BEGIN"));
    PQclear(PQexec(holder, sql));
    assert_int_equal(PQtransactionStatus(holder), PQTRANS_INTRANS);
    return holder;
}

static void test_locked_member(void **state)
{
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    PGconn *holder = hold("SELECT FROM rollcall.member WHERE email LIKE 'user1@%' FOR UPDATE");
    assert_result(STORE_DONE, desk_begin(&desk, 4));
    assert_result(STORE_FAILED, desk_write(&desk));
    assert_true(desk.reply.retryable);
    assert_int_equal(desk.reply.error.class, ERROR_UNAVAILABLE);
    assert_result(STORE_DONE, desk_rollback(&desk));
    assert_only_the_first_cycle();
    PQfinish(holder);

    desk_cycle(&desk, 4); /* the same change set again */
    assert_the_second_cycle();
    desk_close(&desk);
}

/* --- lost sessions ------------------------------------------------------------------------------------------------ */

static void end_sessions(void)
{
    server_run(&server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rollcall'");
    while (server_number(&server, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'rollcall'") > 0)
        ;
}

static void test_lost_before_each_exchange(void **state)
{
    struct desk desk;

    for (int exchange = 1; exchange <= 3; exchange++) {
        empty_tables(state);
        desk_open_with_changes(&desk);
        if (exchange > 1)
            assert_result(STORE_DONE, desk_begin(&desk, 4));
        if (exchange > 2)
            assert_result(STORE_DONE, desk_write(&desk));
        end_sessions();
        enum store_result result = exchange == 1   ? desk_begin(&desk, 4)
                                   : exchange == 2 ? desk_write(&desk)
                                                   : desk_commit(&desk);
        assert_result(STORE_LOST, result);
        assert_int_equal(desk.reply.error.class, ERROR_UNAVAILABLE);
        assert_only_the_first_cycle();
        desk_close(&desk);
    }
}

static void test_lost_within_copy(void **state)
{
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    add_many(&desk, 20000);
    assert_result(STORE_DONE, desk_begin(&desk, 4));
    store_write(desk.store, &desk.set, desk_on_reply, &desk);
    for (int turn = 0; turn < 20; turn++)
        uv_run(&desk.loop, UV_RUN_NOWAIT);
    end_sessions();
    assert_result(STORE_LOST, desk_result(&desk));
    assert_only_the_first_cycle();
    desk_close(&desk);
}

static int ignore_row(void *context, const struct member_row *row, struct error *error)
{
    (void)context, (void)row, (void)error;
    return 0;
}

static void test_lost_while_reading(void **state)
{
    const struct uuid id = user_id(1);
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    end_sessions();
    assert_result(STORE_LOST, desk_load(&desk, false));
    assert_result(STORE_LOST, desk_cover(&desk));
    store_read_members(desk.store, &id, 1, ignore_row, desk_on_reply, &desk);
    assert_result(STORE_LOST, desk_result(&desk));
    desk_close(&desk);
}

static void test_server_stops_and_starts(void **state)
{
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    assert_result(STORE_DONE, desk_begin(&desk, 4));
    server_stop(&server);
    assert_result(STORE_LOST, desk_write(&desk));
    desk_disconnect(&desk);
    server_start(&server);
    desk_connect(&desk);
    assert_result(STORE_DONE, desk_load(&desk, false));
    desk_cycle(&desk, 4);
    assert_the_second_cycle();
    desk_close(&desk);
}

/* --- was it applied? ---------------------------------------------------------------------------------------------- */

static enum store_result resolve(struct desk *desk, const struct uuid *cycle_uuid)
{
    store_resolve(desk->store, &desk->organization, cycle_uuid, desk_on_reply, desk);
    return desk_result(desk);
}

static void test_resolve(void **state)
{
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    const struct uuid applied = desk.organization.last_cycle_uuid;
    assert_result(STORE_DONE, resolve(&desk, &applied));
    assert_result(STORE_ABSENT, resolve(&desk, &desk.poll.poll_uuid));
    assert_no_transaction_is_open();
    assert_only_the_first_cycle();
    desk_close(&desk);
}

/* A failed poll is on record with its uuid, too, and was not applied. */
static void test_resolve_of_a_failed_cycle(void **state)
{
    struct error failure;
    struct desk desk;

    (void)state;
    desk_open_with_changes(&desk);
    error_set(&failure, ERROR_UNAVAILABLE, "the API is away");
    desk.cycle = (struct store_cycle){.outcome = "failed", .failure = &failure};
    store_record_failure(desk.store, &desk.organization, &desk.poll, &desk.cycle, desk_on_reply, &desk);
    assert_result(STORE_DONE, desk_result(&desk));
    assert_number(1, "SELECT count(*) FROM rollcall.cycle WHERE outcome = 'failed'");
    assert_result(STORE_ABSENT, resolve(&desk, &desk.poll.poll_uuid));
    store_find_cycle(desk.store, &desk.poll.poll_uuid, desk_on_reply, &desk);
    assert_result(STORE_ABSENT, desk_result(&desk));
    desk_close(&desk);
}

/* The writer's session lives on behind a dead network: its transaction is open, nobody knows how it will end. */
static void test_resolve_while_the_commit_may_be_in_flight(void **state)
{
    struct desk writer, asker;

    (void)state;
    desk_open_with_changes(&writer);
    assert_result(STORE_DONE, desk_begin(&writer, 4));
    assert_result(STORE_DONE, desk_write(&writer));
    desk_open(&asker);
    assert_result(STORE_DONE, desk_load(&asker, false));
    assert_result(STORE_UNKNOWN, resolve(&asker, &writer.poll.poll_uuid));
    assert_number(
        0,
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%%' AND query LIKE '%%FOR UPDATE%%'");
    assert_result(STORE_DONE, desk_commit(&writer));
    assert_result(STORE_DONE, resolve(&asker, &writer.poll.poll_uuid));
    assert_the_second_cycle();
    desk_close(&asker);
    desk_close(&writer);
}

static void test_resolve_of_a_first_cycle(void **state)
{
    struct desk writer, asker;

    (void)state;
    desk_open(&writer);
    desk_open(&asker);
    assert_result(STORE_DONE, desk_load(&asker, false));
    assert_result(STORE_DONE, desk_load(&writer, false));
    store_lock(writer.store, desk_on_reply, &writer);
    assert_result(STORE_DONE, desk_result(&writer));
    add_baseline(&writer, 3);
    const struct uuid cycle_uuid = writer.poll.poll_uuid;
    desk_cycle(&writer, 3);

    assert_result(STORE_UNKNOWN, resolve(&asker, &cycle_uuid)); /* the writer is still there */
    desk_close(&writer);
    while (resolve(&asker, &cycle_uuid) == STORE_UNKNOWN)
        ;
    assert_result(STORE_DONE, asker.reply.result);
    assert_result(STORE_ABSENT, resolve(&asker, &asker.poll.poll_uuid));
    desk_close(&asker);
}

/* ------------------------------------------------------------------------------------------------------------------ */

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fenced_by_another_writer),
        TEST(test_fenced_by_two_first_cycles),
        TEST(test_fenced_by_deleted_members),
        TEST(test_fenced_by_a_restored_backup),
        TEST(test_row_counts_are_checked),
        TEST(test_copy_is_refused_early),
        TEST(test_commit_of_a_failed_transaction),
        TEST(test_locked_member),
        TEST(test_lost_before_each_exchange),
        TEST(test_lost_within_copy),
        TEST(test_lost_while_reading),
        TEST(test_server_stops_and_starts),
        TEST(test_resolve),
        TEST(test_resolve_of_a_failed_cycle),
        TEST(test_resolve_while_the_commit_may_be_in_flight),
        TEST(test_resolve_of_a_first_cycle),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

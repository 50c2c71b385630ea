/*
 * Migrations against a real server: from nothing, a second time, what is refused, what a reader is given, and that the
 * printed script does the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/migrate.h"
#include "postgres/server.h"
#include "postgres/sql.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US ((int64_t)1000 * 1000)
#define DUMP_MAX  ((size_t)1 << 20)

static struct server server;

/* --- one session, one question ------------------------------------------------------------------------------------ */

struct session {
    uv_loop_t loop;
    struct connection *connection;
    bool answered;
    struct connection_reply reply;
    struct migrate_report report;
};

static void on_reply(void *context, const struct connection_reply *reply)
{
    struct session *session = context;

    session->answered = true;
    session->reply = *reply;
}

static void on_report(void *context, const struct connection_reply *reply,
                      const struct migrate_report *report)
{
    struct session *session = context;

    session->report = *report;
    on_reply(context, reply);
}

static void await(struct session *session)
{
    assert_false(session->answered); /* never before the call returned */
    while (!session->answered)
        assert_true(uv_run(&session->loop, UV_RUN_ONCE) != 0);
    session->answered = false;
}

static void session_open(struct session *session, const char *role)
{
    char conninfo[160];
    const struct connection_settings settings = {
        .conninfo = conninfo,
        .passfile = "",
        .connect_timeout_us = 20 * SECOND_US,
        .statement_timeout_us = 20 * SECOND_US,
        .lock_timeout_us = 5 * SECOND_US,
    };

    (void)snprintf(conninfo, sizeof(conninfo), "host=%s user=%s dbname=rollcall", server.directory, role);
    memset(session, 0, sizeof(*session));
    uv_loop_init(&session->loop);
    session->connection = connection_new(&session->loop, &settings);
    connection_open(session->connection, on_reply, session);
    await(session);
    assert_string_equal(session->reply.error.text, "");
}

static void session_close(struct session *session)
{
    connection_close(session->connection, NULL, NULL);
    while (uv_run(&session->loop, UV_RUN_DEFAULT) != 0)
        ;
    assert_int_equal(uv_loop_close(&session->loop), 0);
}

typedef void (*action)(struct connection *connection, migrate_cb reply_cb, void *context);

/* migrate_inspect or migrate_run in a session of its own; good until the next call. */
static const struct session *as_role(const char *role, action act)
{
    static struct session session;

    session_open(&session, role);
    act(session.connection, on_report, &session);
    await(&session);
    session_close(&session);
    return &session;
}

static void expect_state(enum migrate_state state, const char *detail)
{
    const struct session *session = as_role("rollcall", migrate_inspect);

    assert_int_equal(session->reply.result, CONNECTION_DONE);
    assert_int_equal(session->report.state, state);
    assert_non_null(strstr(session->report.detail, detail));
}

static void expect_migrated(int applied)
{
    const struct session *session = as_role("rollcall", migrate_run);

    assert_string_equal(session->reply.error.text, "");
    assert_int_equal(session->reply.result, CONNECTION_DONE);
    assert_int_equal(session->report.state, MIGRATE_CURRENT);
    assert_int_equal(session->report.applied, applied);
}

static void expect_refused(const char *role, const char *why)
{
    const struct session *session = as_role(role, migrate_run);

    assert_int_equal(session->reply.result, CONNECTION_FAILED);
    assert_int_equal(session->reply.error.class, ERROR_CONFIG);
    assert_non_null(strstr(session->reply.error.text, why));
    assert_int_equal(session->report.applied, 0);
}

static int count(const struct sql_text *files)
{
    int number = 0;

    while (files[number].name)
        number++;
    return number;
}

static int all_files(void)
{
    return count(sql_migrations) + count(sql_views);
}

static int no_schema(void **state)
{
    (void)state;
    server_run(&server, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS rollcall CASCADE");
    return 0;
}

static int fresh_schema(void **state)
{
    no_schema(state);
    expect_migrated(all_files());
    return 0;
}

/* --- the way there ------------------------------------------------------------------------------------------------ */

static void from_nothing_to_current(void **state)
{
    (void)state;
    expect_state(MIGRATE_MISSING, "run: rollcall migrate");
    expect_migrated(all_files());
    expect_state(MIGRATE_CURRENT, "");
    assert_int_equal(server_number(&server, "SELECT count(*) FROM rollcall.schema_migration "
                                            "WHERE applied_by = 'rollcall'"),
                     all_files());
}

static void a_second_time_changes_nothing(void **state)
{
    (void)state;
    const char *before = server_value(&server, "SELECT max(xmin::text::bigint) FROM pg_class");

    expect_migrated(0);
    assert_string_equal(server_value(&server, "SELECT max(xmin::text::bigint) FROM pg_class"), before);
}

static void a_changed_view_is_laid_anew(void **state)
{
    (void)state;
    const char *intact = server_value(&server,
                                      "SELECT md5(pg_get_viewdef('rollcall.former_member'::regclass))");

    server_run(
        &server,
        "CREATE OR REPLACE VIEW rollcall.former_member AS SELECT organization_id, user_id, email, name,"
        " 'of old' AS last_role, removed_at, last_seen_at FROM rollcall.member;"
        "GRANT SELECT ON rollcall.former_member TO stranger;"
        "UPDATE rollcall.schema_migration SET sha256 = repeat('0', 64) WHERE name = 'former_member'");
    expect_state(MIGRATE_OLDER, "view former_member");
    expect_migrated(1);
    assert_string_equal(
        server_value(&server, "SELECT md5(pg_get_viewdef('rollcall.former_member'::regclass))"), intact);
    assert_int_equal(
        server_number(&server,
                      "SELECT has_table_privilege('stranger', 'rollcall.former_member', 'SELECT')::int"),
        1);
}

static void dropped_views_are_laid_anew(void **state)
{
    (void)state;
    server_run(&server, "DROP VIEW rollcall.organization_summary, rollcall.current_member");
    expect_state(MIGRATE_OLDER, "view current_member of this program is not applied; run: rollcall migrate");
    expect_migrated(2);
    assert_int_equal(server_number(&server, "SELECT count(*) FROM rollcall.organization_summary"), 0);
}

static void a_dropped_function_is_laid_anew(void **state)
{
    (void)state;
    server_run(&server, "DROP FUNCTION rollcall.members_as_of");
    expect_state(MIGRATE_OLDER, "members_as_of");
    expect_migrated(1);
    assert_int_equal(server_number(&server, "SELECT count(*) FROM rollcall.members_as_of('infinity')"), 0);
}

static void two_at_once_apply_it_once(void **state)
{
    (void)state;
    struct session first, second;

    session_open(&first, "rollcall");
    session_open(&second, "rollcall");
    migrate_run(first.connection, on_report, &first);
    migrate_run(second.connection, on_report, &second);
    while (!first.answered || !second.answered) {
        uv_run(&first.loop, UV_RUN_NOWAIT);
        uv_run(&second.loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(first.report.state, MIGRATE_CURRENT);
    assert_int_equal(second.report.state, MIGRATE_CURRENT);
    assert_int_equal(server_number(&server, "SELECT count(*) FROM rollcall.schema_migration"), all_files());
    session_close(&first);
    session_close(&second);
}

static void a_failure_leaves_nothing_behind(void **state)
{
    (void)state;
    server_run(&server, "CREATE SCHEMA rollcall AUTHORIZATION rollcall;"
                        "CREATE TABLE rollcall.roster_secret (mine text)");
    const struct session *session = as_role("rollcall", migrate_run);

    assert_int_equal(session->reply.result, CONNECTION_FAILED);
    assert_int_equal(session->report.applied, 0);
    assert_int_equal(
        server_number(&server, "SELECT count(*) FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace"
                               " AND relkind = 'r'"),
        1);
}

/* --- what stands against it --------------------------------------------------------------------------------------- */

static void a_newer_schema_is_left_alone(void **state)
{
    (void)state;
    server_run(&server, "INSERT INTO rollcall.schema_migration (kind, name, sha256) "
                        "VALUES ('migration', '0999_later', repeat('0', 64))");
    expect_state(MIGRATE_NEWER, "0999_later");
    expect_refused("rollcall", "install the newer rollcall");
}

static void an_altered_migration_is_refused(void **state)
{
    (void)state;
    server_run(&server,
               "UPDATE rollcall.schema_migration SET sha256 = repeat('0', 64) WHERE kind = 'migration'");
    expect_state(MIGRATE_ALTERED, "0001_tables");
    expect_refused("rollcall", "another text");
}

static void a_dropped_column_is_noticed(void **state)
{
    (void)state;
    server_run(&server, "ALTER TABLE rollcall.cycle DROP body_bytes");
    expect_state(MIGRATE_ALTERED, "rollcall.cycle.body_bytes must be of type bigint but is missing");
    expect_refused("rollcall", "body_bytes");
}

static void a_retyped_column_is_noticed(void **state)
{
    (void)state;
    server_run(&server, "ALTER TABLE rollcall.cycle ALTER body_bytes TYPE integer");
    expect_state(MIGRATE_ALTERED, "but is integer");
}

static void a_column_that_must_be_filled_is_noticed(void **state)
{
    (void)state;
    server_run(&server, "ALTER TABLE rollcall.change_log ADD \"Cost centre\" text NOT NULL DEFAULT '';"
                        "ALTER TABLE rollcall.change_log ALTER \"Cost centre\" DROP DEFAULT");
    expect_state(MIGRATE_ALTERED,
                 "column rollcall.change_log.Cost centre, which is not the program's, is NOT NULL");
    expect_refused("rollcall", "ALTER TABLE rollcall.change_log ALTER COLUMN \"Cost centre\" DROP NOT NULL");
    server_run(&server, "ALTER TABLE rollcall.change_log ALTER COLUMN \"Cost centre\" DROP NOT NULL");
    expect_state(MIGRATE_CURRENT, "");
}

static void additions_are_welcome(void **state)
{
    (void)state;
    server_run(&server,
               "ALTER TABLE rollcall.member ADD note text NOT NULL DEFAULT 'none', ADD serial bigserial,"
               "ADD number bigint GENERATED ALWAYS AS IDENTITY,"
               "ADD upper text NOT NULL GENERATED ALWAYS AS (coalesce(upper(email), '')) STORED;"
               "CREATE TABLE rollcall.mine (note text NOT NULL);"
               "CREATE INDEX ON rollcall.member (email);"
               "CREATE VIEW rollcall.view_of_mine AS SELECT * FROM rollcall.current_member");
    expect_state(MIGRATE_CURRENT, "");
    expect_migrated(0);
}

static void a_role_without_rights_is_told_what_helps(void **state)
{
    (void)state;
    expect_refused("stranger", "CREATE SCHEMA rollcall AUTHORIZATION stranger");
    server_run(&server, "CREATE SCHEMA rollcall AUTHORIZATION rollcall");
    expect_refused("stranger", "ALTER SCHEMA rollcall OWNER TO stranger");
    expect_migrated(all_files());
    expect_refused(
        "stranger",
        "let the owner of the schema run: GRANT USAGE ON SCHEMA rollcall TO stranger; GRANT SELECT");
}

static void a_schema_made_for_us_is_enough(void **state)
{
    (void)state;
    server_run(&server, "ALTER DATABASE rollcall OWNER TO postgres;"
                        "CREATE SCHEMA rollcall AUTHORIZATION rollcall");
    expect_migrated(all_files());
    server_run(&server, "ALTER DATABASE rollcall OWNER TO rollcall");
}

/* --- the printed script ------------------------------------------------------------------------------------------- */

/* The schema as pg_dump sees it and the records, without what differs each time. */
static char *dump(void)
{
    char command[400];
    char *text = calloc(1, DUMP_MAX);

    (void)snprintf(command, sizeof(command),
                   "{ pg_dump -h %s -U postgres -d rollcall --schema-only -n rollcall | grep -v restrict;"
                   " psql -h %s -U postgres -d rollcall -Atc "
                   "'SELECT kind, name, sha256, applied_by FROM rollcall.schema_migration ORDER BY 1, 2'; }",
                   server.directory, server.directory);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t length = fread(text, 1, DUMP_MAX - 1, pipe);
    assert_true(length > 10000 && length < DUMP_MAX - 1);
    assert_int_equal(pclose(pipe), 0);
    return text;
}

/* psql's exit status. It may refuse before it has read all. */
static int run_printed(void)
{
    char command[200];
    struct buffer script;

    buffer_init(&script, DUMP_MAX);
    migrate_print(&script);
    assert_false(script.overflowed);
    (void)snprintf(command, sizeof(command), "psql -X -q -h %s -U rollcall -d rollcall > %s/psql.log 2>&1",
                   server.directory, server.directory);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    fwrite(script.data, 1, script.length, pipe);
    buffer_done(&script);
    return pclose(pipe);
}

static void the_printed_script_does_the_same(void **state)
{
    char *migrated = dump();
    char *printed;

    no_schema(state);
    assert_int_equal(run_printed(), 0);
    printed = dump();
    assert_string_equal(printed, migrated);
    expect_state(MIGRATE_CURRENT, "");
    free(printed);

    assert_int_equal(run_printed(), 0); /* again: nothing to do */
    printed = dump();
    assert_string_equal(printed, migrated);
    free(printed);
    free(migrated);
}

static void the_printed_script_refuses_what_the_program_refuses(void **state)
{
    (void)state;
    server_run(&server, "INSERT INTO rollcall.schema_migration (kind, name, sha256) "
                        "VALUES ('migration', '0999_later', repeat('0', 64))");
    assert_int_not_equal(run_printed(), 0);
    server_run(&server,
               "DELETE FROM rollcall.schema_migration WHERE name = '0999_later';"
               "UPDATE rollcall.schema_migration SET sha256 = repeat('0', 64) WHERE kind = 'migration'");
    assert_int_not_equal(run_printed(), 0);
}

/* --- readers ------------------------------------------------------------------------------------------------------ */

static const struct connection_reply *grant(const char *role)
{
    static struct session session;

    session_open(&session, "rollcall");
    migrate_grant_reader(session.connection, role, on_reply, &session);
    await(&session);
    session_close(&session);
    return &session.reply;
}

static void a_reader_is_given_the_views(void **state)
{
    (void)state;
    assert_int_equal(grant("stranger")->result, CONNECTION_DONE);
    assert_int_equal(
        server_number(&server, "SELECT count(*) FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace"
                               " AND has_table_privilege('stranger', oid, 'SELECT')"),
        10);
}

static void a_reader_must_exist(void **state)
{
    static const char *const names[] = {"nobody", "public", "\"stranger\"", "stranger; DROP SCHEMA rollcall"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct connection_reply *reply = grant(names[i]);
        assert_int_equal(reply->result, CONNECTION_FAILED);
        assert_int_equal(reply->error.class, ERROR_CONFIG);
        assert_non_null(strstr(reply->error.text, "there is no role"));
    }
}

static void a_readers_name_is_quoted(void **state)
{
    (void)state;
    server_run(&server, "CREATE ROLE \"x TO stranger; --\"\"\"");
    assert_int_equal(grant("x TO stranger; --\"")->result, CONNECTION_DONE);
    assert_int_equal(
        server_number(&server, "SELECT has_schema_privilege('stranger', 'rollcall', 'USAGE')::int"), 0);
    assert_int_equal(
        server_number(&server,
                      "SELECT has_schema_privilege('x TO stranger; --\"', 'rollcall', 'USAGE')::int"),
        1);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int make_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    server_make(&server);
    server_run(&server, "CREATE ROLE stranger LOGIN");
    return 0;
}

static int remove_server(void **state)
{
    (void)state;
    server_remove(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(from_nothing_to_current, no_schema),
        cmocka_unit_test_setup(a_second_time_changes_nothing, fresh_schema),
        cmocka_unit_test_setup(a_changed_view_is_laid_anew, fresh_schema),
        cmocka_unit_test_setup(two_at_once_apply_it_once, no_schema),
        cmocka_unit_test_setup(a_failure_leaves_nothing_behind, no_schema),
        cmocka_unit_test_setup(a_newer_schema_is_left_alone, fresh_schema),
        cmocka_unit_test_setup(an_altered_migration_is_refused, fresh_schema),
        cmocka_unit_test_setup(dropped_views_are_laid_anew, fresh_schema),
        cmocka_unit_test_setup(a_dropped_function_is_laid_anew, fresh_schema),
        cmocka_unit_test_setup(a_dropped_column_is_noticed, fresh_schema),
        cmocka_unit_test_setup(a_retyped_column_is_noticed, fresh_schema),
        cmocka_unit_test_setup(a_column_that_must_be_filled_is_noticed, fresh_schema),
        cmocka_unit_test_setup(additions_are_welcome, fresh_schema),
        cmocka_unit_test_setup(a_role_without_rights_is_told_what_helps, no_schema),
        cmocka_unit_test_setup(a_schema_made_for_us_is_enough, no_schema),
        cmocka_unit_test_setup(the_printed_script_does_the_same, fresh_schema),
        cmocka_unit_test_setup(the_printed_script_refuses_what_the_program_refuses, fresh_schema),
        cmocka_unit_test_setup(a_reader_is_given_the_views, fresh_schema),
        cmocka_unit_test_setup(a_reader_must_exist, fresh_schema),
        cmocka_unit_test_setup(a_readers_name_is_quoted, fresh_schema),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

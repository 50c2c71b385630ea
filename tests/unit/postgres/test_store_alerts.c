/*
 * Alerts: who listens hears of them once they are true, in a payload that is always short enough.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/hold_desk.h"

static PGconn *listen_for_alerts(void)
{
    PGconn *listener = PQconnectdb(server.conninfo);

    PQclear(PQexec(listener, "LISTEN rollcall_alert"));
    assert_int_equal(PQstatus(listener), CONNECTION_OK);
    return listener;
}

/* The payload of the next alert that has come in, "" when there is none. Good until the next call. */
static const char *next_alert(PGconn *listener)
{
    static char payload[8000];

    PQclear(PQexec(listener, "")); /* whatever was committed before has come in with this answer */
    PGnotify *alert = PQnotifies(listener);
    (void)snprintf(payload, sizeof(payload), "%s", alert ? alert->extra : "");
    PQfreemem(alert);
    return payload;
}

static void test_an_alert_is_heard_when_it_is_true(void **state)
{
    const struct uuid granted = user_id(1), demoted = user_id(2);
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    server_run(&server, "UPDATE rollcall.member SET flag_own = email ~ 'user[13]@', "
                        "removed_at = CASE WHEN email LIKE 'user3@%' THEN now() END");
    PGconn *listener = listen_for_alerts();
    changeset_alert(&desk.set, GUARD_OWNER_GRANTS, &granted);
    changeset_alert(&desk.set, GUARD_DEMOTIONS, &demoted);
    hold_removals(&desk, 'A', 2);
    assert_result(STORE_DONE, desk_begin(&desk, 4));
    assert_result(STORE_DONE, desk_write(&desk));
    assert_int_equal(store_written_owners(desk.store), 1);
    assert_result(STORE_DONE, desk_rollback(&desk));
    assert_string_equal(next_alert(listener), "");

    desk_cycle(&desk, 4);
    const char *payload = next_alert(listener);
    assert_value(
        "< your organization id > 1 1 1 2 {\"removals\": 2}",
        "SELECT concat_ws(' ', a ->> 'organization_id', a ->> 'owner_grants', a ->> 'demotions', "
        "a ->> 'owners', jsonb_array_length(a -> 'user_ids'), a -> 'held') FROM (SELECT '%s'::jsonb) AS _ (a)",
        payload);
    assert_value("t",
                 "SELECT '%s'::jsonb ->> 'cycle_id' = max(cycle_id)::text AND '%s'::jsonb -> 'user_ids' = "
                 "(SELECT jsonb_agg(user_id ORDER BY email) FROM rollcall.member WHERE email ~ 'user[12]@') "
                 "FROM rollcall.cycle",
                 payload, payload);
    assert_string_equal(next_alert(listener), "");
    PQfinish(listener);
    desk_close(&desk);
}

static void test_a_quiet_cycle_raises_no_alert(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    PGconn *listener = listen_for_alerts();
    hold_removals(&desk, 'A', 2);
    desk.set.holds[GUARD_REMOVALS].known = true;
    desk_cycle(&desk, 4);
    assert_int_equal(store_written_owners(desk.store), -1);
    assert_string_equal(next_alert(listener), "");
    PQfinish(listener);
    desk_close(&desk);
}

/* A set that somebody rejected is nobody's business any more; a lost owner is, although nobody is named. */
static void test_an_alert_keeps_silent_about_what_was_rejected(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 4);
    hold_removals(&desk, 'A', 2);
    desk_cycle(&desk, 4);
    decide("rejected", "removals", 'A');
    PGconn *listener = listen_for_alerts();
    desk.set.alerts.owner_lost = true;
    desk_cycle(&desk, 4);
    assert_int_equal(store_written_owners(desk.store), 0);
    assert_value("[] {} 0",
                 "SELECT concat_ws(' ', a -> 'user_ids', a -> 'held', a ->> 'owners') "
                 "FROM (SELECT '%s'::jsonb) AS _ (a)",
                 next_alert(listener));
    PQfinish(listener);
    desk_close(&desk);
}

/* The longest id there is, of characters that JSON writes with six, and as many users as are ever named. */
static void test_the_longest_alert_is_short_enough(void **state)
{
    char longest[ORGANIZATION_ID_MAX + 1] = "";
    struct desk desk;

    (void)state;
    desk_open(&desk);
    memset(longest, '\1', ORGANIZATION_ID_MAX);
    desk.poll.organization_id = longest;
    desk_first_cycle(&desk, 4);
    PGconn *listener = listen_for_alerts();
    for (int number = 0; number < 1000; number++) {
        const struct uuid id = user_id(number);

        changeset_alert(&desk.set, GUARD_DEMOTIONS, &id);
    }
    desk_cycle(&desk, 4);
    const char *payload = next_alert(listener);
    assert_in_range(strlen(payload), 1000, 4000);
    assert_value("(1000,20)",
                 "SELECT ((a ->> 'demotions')::integer, jsonb_array_length(a -> 'user_ids')) "
                 "FROM (SELECT '%s'::jsonb) AS _ (a)",
                 payload);
    PQfinish(listener);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_alert_is_heard_when_it_is_true),
        TEST(test_a_quiet_cycle_raises_no_alert),
        TEST(test_an_alert_keeps_silent_about_what_was_rejected),
        TEST(test_the_longest_alert_is_short_enough),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

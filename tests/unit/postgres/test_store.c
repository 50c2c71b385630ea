/*
 * The store when all goes well: what it reads, and what the tables hold after it wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/store_desk.h"

/* --- loading ------------------------------------------------------------------------------------------------------ */

static void test_nothing_stored(void **state)
{
    static const struct digest_secret zero;
    struct desk desk;

    (void)state;
    desk_open(&desk);
    assert_result(STORE_DONE, desk_load(&desk, false));
    assert_false(desk.organization.exists);
    assert_int_equal(roster_count(desk.roster), 0);
    assert_memory_not_equal(&desk.organization.secret, &zero, sizeof(zero));
    desk_close(&desk);
}

static void test_loads_what_was_written(void **state)
{
    struct store_organization *organization;
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 3);
    const struct store_organization written = desk.organization;
    desk.organization.name_json = NULL;
    assert_result(STORE_DONE, desk_load(&desk, false));
    organization = &desk.organization;

    assert_true(organization->exists);
    assert_false(organization->discontinuity);
    assert_string_equal(organization->id, ORGANIZATION);
    assert_string_equal(organization->name_json, "{\"en\":\"Acme\"}");
    assert_int_equal(organization->present_members, 3);
    assert_int_equal(organization->roster_version, written.roster_version);
    assert_true(uuid_equal(&organization->last_cycle_uuid, &written.last_cycle_uuid));
    assert_int_equal(organization->last_asked_at, FIRST_ASKED);
    assert_int_equal(organization->last_answered_at, FIRST_ASKED + SECOND_US);
    assert_int_equal(organization->last_full_compare_at, FIRST_ASKED + SECOND_US);
    assert_memory_equal(&organization->secret, &written.secret, sizeof(written.secret));
    for (int number = 0; number < 3; number++) {
        const struct uuid id = user_id(number);
        const struct digest digest = slice_digest(number);
        uint32_t entry = roster_find(desk.roster, &id);

        assert_int_not_equal(entry, ROSTER_NONE);
        assert_true(digest_equal(roster_digest(desk.roster, entry), &digest));
    }
    free(written.name_json);
    desk_close(&desk);
}

static void test_full_load_has_value_digests(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    const struct member_row row = some_member(&desk, 2);
    desk_first_cycle(&desk, 3);
    assert_result(STORE_DONE, desk_load(&desk, true));
    assert_int_equal(roster_count(desk.roster), 3);
    const struct digest digest = member_digest(&row.member, &desk.organization.secret);
    uint32_t entry = roster_find(desk.roster, &row.member.user_id);
    assert_true(digest_equal(roster_digest(desk.roster, entry), &digest));
    desk_close(&desk);
}

static void test_absent_and_removed_members_are_not_recognised(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 3);
    struct member_row absent = some_member(&desk, 1), removed = some_member(&desk, 2);
    absent.absent_since = desk.poll.answered;
    absent.absent_polls = 1;
    removed.removed_at = desk.poll.answered;
    add_update(&desk, &absent);
    add_update(&desk, &removed);
    add_change(&desk, CHANGE_LEFT, &removed);
    desk_cycle(&desk, 2);

    for (int full = 0; full <= 1; full++) {
        assert_result(STORE_DONE, desk_load(&desk, full));
        assert_false(desk.organization.discontinuity);
        assert_int_equal(roster_count(desk.roster), 2);
        assert_int_equal(roster_find(desk.roster, &removed.member.user_id), ROSTER_NONE);
        uint32_t entry = roster_find(desk.roster, &absent.member.user_id);
        assert_true(digest_is_zero(roster_digest(desk.roster, entry)));
    }
    desk_close(&desk);
}

static void test_discontinuity(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 3);
    server_run(&server, "TRUNCATE rollcall.member");
    assert_result(STORE_DONE, desk_load(&desk, false));
    assert_true(desk.organization.discontinuity);
    desk_close(&desk);
}

/* --- reading full rows -------------------------------------------------------------------------------------------- */

struct rows {
    struct desk desk;
    int seen;
    bool refuse;
};

static int on_row(void *context, const struct member_row *row, struct error *error)
{
    struct rows *rows = context;
    const struct member_row expected = some_member(&rows->desk, 1);

    rows->seen++;
    if (rows->refuse)
        return error_set(error, ERROR_UNAVAILABLE, "no room for it");
    assert_true(member_equal(&row->member, &expected.member));
    assert_string_equal(row->member.fields[FIELD_OTHER_FLAGS].text,
                        expected.member.fields[FIELD_OTHER_FLAGS].text);
    assert_int_equal(row->first_seen_at, FIRST_ASKED + SECOND_US);
    assert_int_equal(row->last_seen_at, FIRST_ASKED);
    assert_int_equal(row->absent_since, 0);
    assert_int_equal(row->removed_at, FIRST_ASKED + 5);
    assert_true(digest_is_zero(&row->slice_digest));
    return 0;
}

static void test_read_members(void **state)
{
    const struct uuid ids[] = {user_id(77), user_id(1)};
    struct rows rows = {0};

    (void)state;
    desk_open(&rows.desk);
    struct member_row tombstone = some_member(&rows.desk, 1);
    tombstone.removed_at = FIRST_ASKED + 5;
    memset(&tombstone.slice_digest, 0, sizeof(tombstone.slice_digest));
    assert_result(STORE_DONE, desk_load(&rows.desk, false));
    add_insert(&rows.desk, &tombstone);
    desk_cycle(&rows.desk, 0);

    store_read_members(rows.desk.store, ids, 2, on_row, desk_on_reply, &rows);
    assert_result(STORE_DONE, desk_result(&rows.desk));
    assert_int_equal(rows.seen, 1);

    store_read_members(rows.desk.store, ids, 0, on_row, desk_on_reply, &rows);
    assert_result(STORE_DONE, desk_result(&rows.desk));
    assert_int_equal(rows.seen, 1);

    rows.refuse = true;
    store_read_members(rows.desk.store, ids, 2, on_row, desk_on_reply, &rows);
    assert_result(STORE_FAILED, desk_result(&rows.desk));
    assert_string_equal(rows.desk.reply.error.text, "no room for it");
    desk_close(&rows.desk);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void test_first_cycle(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 3);

    assert_value(
        "(\"< your organization id >\",default,\"{\"\"en\"\": \"\"Acme\"\"}\",3,1)",
        "SELECT (organization_id, source, name, present_members, roster_version) FROM rollcall.organization");
    assert_value(
        "2026-01-02 03:04:06+00|2026-01-02 03:04:06+00",
        "SET TimeZone = 'UTC'; SELECT concat_ws('|', first_seen_at, last_changed_at) FROM rollcall.organization");
    assert_value("(changed,3,3,0,1234,f)",
                 "SELECT (outcome, members, added, removed, body_bytes, full_compare) FROM rollcall.cycle");
    assert_value("32", "SELECT octet_length(fingerprint) FROM rollcall.cycle");
    assert_value("1", "SELECT count(*) FROM rollcall.roster_secret");
    assert_value("(1,00:00:00,7)", "SELECT (polls, longest_gap, longest_turn_ms) FROM rollcall.coverage");
    assert_value("user0@example.com user1@example.com user2@example.com",
                 "SELECT string_agg(new_values->>'email', ' ' ORDER BY change_id) FROM rollcall.change_log "
                 "WHERE kind = 'baseline' AND old_values IS NULL AND observed_after IS NULL");
    assert_value("Ada \"Countess\" \xf0\x9f\x8c\x8d", "SELECT name FROM rollcall.member LIMIT 1");
    assert_value("t,,f,", "SELECT concat(flag_member, ',', flag_editor, ',', flag_own, ',', flag_admin) "
                          "FROM rollcall.member LIMIT 1");
    assert_value("2026-01-02 03:04:04.999999+00",
                 "SET TimeZone = 'UTC'; SELECT user_created_at FROM rollcall.member LIMIT 1");
    desk_close(&desk);
}

static void add_organization_change(struct desk *desk)
{
    struct change change = {.kind = CHANGE_ORGANIZATION_CHANGED,
                            .old_values = "{\"name\":{\"en\":\"Acme\"}}",
                            .new_values = "{\"name\":null}",
                            .observed_after = FIRST_ASKED,
                            .observed_at = desk->poll.answered};
    struct error error;

    change.old_length = strlen(change.old_values);
    change.new_length = strlen(change.new_values);
    assert_int_equal(changeset_change(&desk->set, &change, &error), 0);
}

static void test_few_changes(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 3);
    struct member_row promoted = some_member(&desk, 1), newcomer = some_member(&desk, 3);
    promoted.member.fields[FIELD_FLAG_OWN] = flag_value(true);
    promoted.member.fields[FIELD_NAME] = (struct field_value){0};
    add_update(&desk, &promoted);
    add_change(&desk, CHANGE_ROLE_CHANGED, &promoted);
    add_insert(&desk, &newcomer);
    add_change(&desk, CHANGE_JOINED, &newcomer);
    add_organization_change(&desk);
    desk_cycle(&desk, 4);

    assert_number(4, "SELECT count(*) FROM rollcall.member");
    assert_value("user1@example.com t",
                 "SELECT concat_ws(' ', email, flag_own) FROM rollcall.member WHERE name IS NULL");
    assert_value(
        "role_changed joined organization_changed",
        "SELECT string_agg(kind, ' ' ORDER BY change_id) FROM rollcall.change_log WHERE cycle_id = 2");
    assert_value(
        "{\"name\": null}",
        "SELECT new_values FROM rollcall.change_log WHERE user_id IS NULL AND observed_after IS NOT NULL");
    assert_value("(4,2)", "SELECT (present_members, roster_version) FROM rollcall.organization");
    assert_value("(2,00:01:00)", "SELECT (polls, longest_gap) FROM rollcall.coverage");
    desk_close(&desk);
}

static void test_many_changes(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 20000);
    assert_number(20000, "SELECT count(*) FROM rollcall.member");
    assert_number(20000, "SELECT count(*) FROM rollcall.change_log WHERE kind = 'baseline' AND cycle_id = 1");
    assert_value("t", "SELECT bool_and(new_values->>'email' = 'user' || change_id - 1 || '@example.com') "
                      "FROM rollcall.change_log");

    /* Twice: the second time the session has its stage already. */
    for (int round = 0; round < 2; round++) {
        for (int number = 0; number < 1000; number++) {
            struct member_row row = some_member(&desk, number);

            row.member.fields[FIELD_CITY] = text_value(round ? "Leuven" : "Gent");
            add_update(&desk, &row);
            add_change(&desk, CHANGE_PROFILE_CHANGED, &row);
        }
        const struct member_row newcomer = some_member(&desk, 20000 + round);
        add_insert(&desk, &newcomer);
        desk_cycle(&desk, 20001);
        assert_number(1000, "SELECT count(*) FROM rollcall.member WHERE city = '%s'",
                      round ? "Leuven" : "Gent");
    }
    assert_number(20002, "SELECT count(*) FROM rollcall.member");
    assert_number(2000, "SELECT count(*) FROM rollcall.change_log WHERE kind = 'profile_changed'");
    assert_value("t", "SELECT bool_and(email IS NOT NULL AND slice_digest IS NOT NULL) FROM rollcall.member");

    assert_result(STORE_DONE, desk_load(&desk, false));
    assert_int_equal(roster_count(desk.roster), 20002);
    desk_close(&desk);
}

/* A role that may not make temporary tables writes the same, only slower. */
static void test_many_changes_without_a_stage(void **state)
{
    struct desk desk;

    (void)state;
    server_run(&server, "REVOKE TEMPORARY ON DATABASE rollcall FROM PUBLIC, rollcall");
    desk_open(&desk);
    desk_first_cycle(&desk, 2000);
    for (int number = 0; number < 2000; number++) {
        struct member_row row = some_member(&desk, number);

        row.member.fields[FIELD_CITY] = text_value("Gent");
        add_update(&desk, &row);
        add_change(&desk, CHANGE_PROFILE_CHANGED, &row);
    }
    const struct member_row newcomer = some_member(&desk, 2000);
    add_insert(&desk, &newcomer);
    desk_cycle(&desk, 2001);
    assert_number(2000, "SELECT count(*) FROM rollcall.member WHERE city = 'Gent'");
    assert_number(2001, "SELECT count(*) FROM rollcall.member");
    assert_number(2000, "SELECT count(*) FROM rollcall.change_log WHERE kind = 'profile_changed'");
    desk_close(&desk);
    server_run(&server, "GRANT TEMPORARY ON DATABASE rollcall TO PUBLIC, rollcall");
}

static void test_rejected_records(void **state)
{
    struct rejection rejections[] = {
        {.slice_digest = slice_digest(1),
         .has_user_id = true,
         .user_id = user_id(1),
         .reason = "name is a number"},
        {.slice_digest = slice_digest(2), .reason = "no id"},
    };
    struct desk desk;

    (void)state;
    desk_open(&desk);
    assert_result(STORE_DONE, desk_load(&desk, false));
    desk.cycle.rejections = rejections;
    desk.cycle.rejection_count = 2;
    desk_cycle(&desk, 0);
    assert_value("name is a number,no id", "SELECT string_agg(reason, ',' ORDER BY user_id NULLS LAST) "
                                           "FROM rollcall.rejected_record WHERE resolved_at IS NULL");
    const char *rows = server_value(&server, "SELECT string_agg(r::text || xmin || xmax, ' ') "
                                             "FROM rollcall.rejected_record r");

    desk.cycle.rejections = rejections; /* the same set stands: nothing is written */
    desk.cycle.rejection_count = 2;
    desk_cycle(&desk, 0);
    assert_value(rows, "SELECT string_agg(r::text || xmin || xmax, ' ') FROM rollcall.rejected_record r");

    desk.cycle.rejections = rejections; /* one is mended */
    desk.cycle.rejection_count = 1;
    desk_cycle(&desk, 0);
    assert_value("no id", "SELECT reason FROM rollcall.rejected_record WHERE resolved_at IS NOT NULL");

    desk.cycle.rejections = rejections; /* and comes back */
    desk.cycle.rejection_count = 2;
    desk_cycle(&desk, 0);
    assert_number(3, "SELECT count(*) FROM rollcall.rejected_record");
    desk_close(&desk);
}

struct digests {
    struct desk desk;
    int seen;
};

static void on_rejected(void *context, const struct digest *digest, const struct uuid *user_id)
{
    const struct digest expected = slice_digest(5);
    struct digests *digests = context;

    assert_true(digest_equal(digest, &expected));
    assert_null(user_id);
    digests->seen++;
}

static void test_read_rejected(void **state)
{
    const struct rejection rejection = {.slice_digest = slice_digest(5), .reason = "no id"};
    struct digests digests = {0};

    (void)state;
    desk_open(&digests.desk);
    assert_result(STORE_DONE, desk_load(&digests.desk, false));
    digests.desk.cycle.rejections = &rejection;
    digests.desk.cycle.rejection_count = 1;
    desk_cycle(&digests.desk, 0);
    store_read_rejected(digests.desk.store, on_rejected, desk_on_reply, &digests);
    assert_result(STORE_DONE, desk_result(&digests.desk));
    assert_int_equal(digests.seen, 1);
    desk_close(&digests.desk);
}

/* --- coverage ----------------------------------------------------------------------------------------------------- */

static void test_coverage(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 1);
    assert_result(STORE_DONE, desk_cover(&desk));
    assert_result(STORE_DONE, desk_cover(&desk)); /* the same poll again */
    assert_value("(2,00:01:00)", "SELECT (polls, longest_gap) FROM rollcall.coverage");

    desk_next_poll(&desk, 15 * MINUTE_US); /* just still the same span */
    assert_result(STORE_DONE, desk_cover(&desk));
    assert_value("(3,00:15:00)", "SELECT (polls, longest_gap) FROM rollcall.coverage");

    desk_next_poll(&desk, 15 * MINUTE_US + 1); /* one microsecond too late */
    assert_result(STORE_DONE, desk_cover(&desk));
    assert_result(STORE_DONE, desk_cover(&desk));
    assert_number(2, "SELECT count(*) FROM rollcall.coverage");
    assert_value("(1,00:00:00)",
                 "SELECT (polls, longest_gap) FROM rollcall.coverage ORDER BY observed_from DESC");
    assert_value("00:00:01",
                 "SELECT observed_until - last_asked_at FROM rollcall.coverage ORDER BY observed_from DESC");

    desk_next_poll(&desk, MINUTE_US);
    desk.poll.full_compare = true;
    assert_result(STORE_DONE, desk_cover(&desk));
    assert_value("t",
                 "SELECT last_full_compare_at = observed_until FROM rollcall.organization, rollcall.coverage "
                 "ORDER BY observed_from DESC");
    desk_close(&desk);
}

static void test_coverage_of_a_lost_fence(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 1);
    desk.organization.roster_version--;
    assert_result(STORE_FENCED, desk_cover(&desk));
    desk.organization.roster_version++;
    uuid_random(&desk.organization.last_cycle_uuid);
    assert_result(STORE_FENCED, desk_cover(&desk));
    assert_value("1", "SELECT polls FROM rollcall.coverage");
    desk_close(&desk);
}

/* Changes when a row of rollcall.member is written or locked. */
static const char *member_versions(void)
{
    return server_value(&server, "SELECT md5(string_agg(concat(xmin, xmax, ctid), ',' ORDER BY user_id)) "
                                 "FROM rollcall.member");
}

/* Less than 1 KB of WAL, also right after a checkpoint, and no lock on a member. */
static void test_unchanged_poll_writes_next_to_nothing(void **state)
{
    char versions[40], before[40];
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 500);
    (void)snprintf(versions, sizeof(versions), "%s", member_versions());
    for (int poll = 0; poll < 20; poll++) {
        if (poll == 10)
            server_run(&server, "CHECKPOINT");
        (void)snprintf(before, sizeof(before), "%s",
                       server_value(&server, "SELECT pg_current_wal_insert_lsn()"));
        desk_next_poll(&desk, MINUTE_US);
        assert_result(STORE_DONE, desk_cover(&desk));
        assert_in_range(server_number(&server, "SELECT pg_current_wal_insert_lsn() - '%s'", before), 1, 1023);
    }
    assert_string_equal(member_versions(), versions);
    desk_close(&desk);
}

/* --- failed cycles, the lock -------------------------------------------------------------------------------------- */

static void test_record_failure(void **state)
{
    struct error failure;
    struct desk desk;

    (void)state;
    desk_open(&desk);
    error_set(&failure, ERROR_MALFORMED, "the answer ends too early");
    desk.cycle.failure = &failure;
    assert_result(STORE_DONE, desk_load(&desk, false));
    desk.poll.answered = 0;
    for (int twice = 0; twice < 2; twice++) {
        store_record_failure(desk.store, &desk.organization, &desk.poll, &desk.cycle, desk_on_reply, &desk);
        assert_result(STORE_DONE, desk_result(&desk));
    }
    assert_value(
        "(,default,failed,malformed,\"the answer ends too early\",)",
        "SELECT (organization_id, source, outcome, error_class, error_text, answered_at) FROM rollcall.cycle");
    assert_number(1, "SELECT count(*) FROM rollcall.cycle");
    assert_number(0, "SELECT count(*) FROM rollcall.organization");
    desk_close(&desk);
}

static enum store_result lock(struct desk *desk)
{
    store_lock(desk->store, desk_on_reply, desk);
    return desk_result(desk);
}

static void test_one_writer(void **state)
{
    struct desk first, second;

    (void)state;
    desk_open(&first);
    desk_open(&second);
    assert_result(STORE_DONE, lock(&first));
    assert_result(STORE_BUSY, lock(&second));
    desk_close(&first);
    while (lock(&second) == STORE_BUSY) /* the server needs a moment to see that the first one is gone */
        ;
    assert_result(STORE_DONE, second.reply.result);
    desk_close(&second);
}

static void test_organization_of_another_source(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 1);
    store_free(desk.store);
    desk.store = store_new(desk.connection, "other");
    assert_result(STORE_DONE, desk_load(&desk, false));
    assert_result(STORE_FAILED, desk_begin(&desk, 0));
    assert_int_equal(desk.reply.error.class, ERROR_CONFIG);
    assert_non_null(strstr(desk.reply.error.text, "section \"default\""));
    assert_result(STORE_DONE, desk_rollback(&desk));
    desk_close(&desk);
}

/* ------------------------------------------------------------------------------------------------------------------ */

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_stored),
        TEST(test_loads_what_was_written),
        TEST(test_full_load_has_value_digests),
        TEST(test_absent_and_removed_members_are_not_recognised),
        TEST(test_discontinuity),
        TEST(test_read_members),
        TEST(test_first_cycle),
        TEST(test_few_changes),
        TEST(test_many_changes),
        TEST(test_many_changes_without_a_stage),
        TEST(test_rejected_records),
        TEST(test_read_rejected),
        TEST(test_coverage),
        TEST(test_coverage_of_a_lost_fence),
        TEST(test_unchanged_poll_writes_next_to_nothing),
        TEST(test_record_failure),
        TEST(test_one_writer),
        TEST(test_organization_of_another_source),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

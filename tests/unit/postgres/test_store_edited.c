/*
 * Rows that another hand has been at: how the daemon knows them, and what the change log knows of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/store_desk.h"

/* --- a row says whether it is as it was written ------------------------------------------------------------------- */

struct count {
    struct desk desk;
    int read;
    int edited;
};

static int count_cb(void *context, const struct member_row *row, struct error *error)
{
    struct count *count = context;

    (void)error;
    count->read++;
    count->edited += member_row_is_edited(row, &count->desk.organization.secret);
    return 0;
}

/* How many of the rows of users 0 to `users` - 1 are edited; all of them must be there. */
static int count_edited(struct count *count, int users)
{
    struct uuid *ids = calloc((size_t)users, sizeof(*ids));

    for (int number = 0; number < users; number++)
        ids[number] = user_id(number);
    count->read = count->edited = 0;
    store_read_members(count->desk.store, ids, (size_t)users, count_cb, desk_on_reply, count);
    assert_result(STORE_DONE, desk_result(&count->desk));
    assert_int_equal(count->read, users);
    free(ids);
    return count->edited;
}

static void rename_all(struct desk *desk, int users)
{
    for (int number = 0; number < users; number++) {
        struct member_row row = some_member(desk, number);

        row.member.fields[FIELD_NAME] = text_value("Grace");
        add_update(desk, &row);
        add_change(desk, CHANGE_PROFILE_CHANGED, &row);
    }
}

static void remove_one(struct desk *desk)
{
    struct member_row row = some_member(desk, 0);

    row.removed_at = desk->poll.answered;
    add_update(desk, &row);
    add_change(desk, CHANGE_LEFT, &row);
}

/* Inserted, updated and removed; row by row and by COPY; with a stage and without. */
static void test_what_the_daemon_wrote_is_not_edited(void **state)
{
    static const struct {
        int users;
        const char *stage; /* GRANT or REVOKE */
    } ways[] = {{3, NULL}, {200, NULL}, {200, "REVOKE TEMPORARY ON DATABASE rollcall FROM PUBLIC, rollcall"}};
    struct count count;

    for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
        int users = ways[way].users;

        empty_tables(state);
        if (ways[way].stage)
            server_run(&server, ways[way].stage);
        desk_open(&count.desk);
        desk_first_cycle(&count.desk, users);
        assert_int_equal(count_edited(&count, users), 0);
        rename_all(&count.desk, users);
        desk_cycle(&count.desk, (uint32_t)users);
        assert_int_equal(count_edited(&count, users), 0);
        assert_number(users, "SELECT count(*) FROM rollcall.member WHERE name = 'Grace'");
        remove_one(&count.desk);
        desk_cycle(&count.desk, (uint32_t)users - 1);
        assert_int_equal(count_edited(&count, users), 0);
        assert_number(1, "SELECT count(*) FROM rollcall.member WHERE removed_at IS NOT NULL");
        desk_close(&count.desk);
    }
    server_run(&server, "GRANT TEMPORARY ON DATABASE rollcall TO PUBLIC, rollcall");
}

static void test_every_edit_is_known(void **state)
{
    static const char *const edits[] = {
        "email = 'mallory@example.com'",
        "email = NULL",
        "name = 'Mallory'",
        "city = ''",
        "country_id = 'BE'",
        "locale_id = 'nl'",
        "flag_plan = 'enterprise'",
        "user_created_at = user_created_at + interval '1 microsecond'",
        "flag_member = false",
        "flag_editor = false",
        "flag_own = true",
        "flag_admin = true",
        "other_flags = other_flags || '{\"flagZ\": 2}'",
        "role_created_at = now()",
        "role_updated_at = 'infinity'",
        "removed_at = now()",
        "value_digest = ''",
        "value_digest = decode(repeat('00', 16), 'hex')",
    };
    struct count count;

    (void)state;
    desk_open(&count.desk);
    desk_first_cycle(&count.desk, 3);
    server_run(&server, "CREATE TABLE public.written AS TABLE rollcall.member");
    for (size_t edit = 0; edit < sizeof(edits) / sizeof(edits[0]); edit++) {
        server_value(&server, "UPDATE rollcall.member SET %s WHERE email LIKE 'user1@%%'", edits[edit]);
        if (count_edited(&count, 3) != 1)
            fail_msg("%s is not noticed", edits[edit]);
        server_run(&server, "DELETE FROM rollcall.member; "
                            "INSERT INTO rollcall.member TABLE public.written");
        assert_int_equal(count_edited(&count, 3), 0);
    }
    server_run(&server, "DROP TABLE public.written");
    desk_close(&count.desk);
}

/* One member's values in another's row are no values of that row. */
static void test_a_digest_cannot_be_carried_over(void **state)
{
    struct count count;

    (void)state;
    desk_open(&count.desk);
    desk_first_cycle(&count.desk, 2);
    server_run(&server, "UPDATE rollcall.member m SET (email, value_digest) = (o.email, o.value_digest) "
                        "FROM rollcall.member o WHERE o.user_id <> m.user_id");
    assert_int_equal(count_edited(&count, 2), 2);
    desk_close(&count.desk);
}

/* Even with the values that Luzmo has by now: the change log does not know them. */
static void test_a_full_load_asks_to_look_at_edited_rows(void **state)
{
    struct desk desk;

    (void)state;
    desk_open(&desk);
    desk_first_cycle(&desk, 3);
    server_run(&server, "UPDATE rollcall.member SET city = 'Gent' WHERE email LIKE 'user1@%'");
    assert_result(STORE_DONE, desk_load(&desk, true));
    assert_int_equal(roster_count(desk.roster), 3);
    for (int number = 0; number < 3; number++) {
        const struct uuid id = user_id(number);
        uint32_t entry = roster_find(desk.roster, &id);

        assert_int_equal(digest_is_zero(roster_digest(desk.roster, entry)), number == 1);
    }
    desk_close(&desk);
}

/* --- what the change log knows ------------------------------------------------------------------------------------ */

#define USERS 3

/* Expects of each user the row given, or none where its user_id is nil. */
struct expectation {
    struct desk desk;
    struct member_row rows[USERS];
    bool seen[USERS];
};

static void expectation_open(struct expectation *expectation)
{
    desk_open(&expectation->desk);
    for (int number = 0; number < USERS; number++)
        expectation->rows[number] = some_member(&expectation->desk, number);
    desk_first_cycle(&expectation->desk, USERS);
}

static int expect_cb(void *context, const struct member_row *row, struct error *error)
{
    struct expectation *expectation = context;
    int number = 0;

    (void)error;
    while (number < USERS && !uuid_equal(&row->member.user_id, &expectation->rows[number].member.user_id))
        number++;
    assert_int_not_equal(number, USERS);
    assert_false(expectation->seen[number]);
    const struct member_row *expected = &expectation->rows[number];
    expectation->seen[number] = true;
    assert_true(member_equal(&row->member, &expected->member));
    assert_int_equal(row->first_seen_at, expected->first_seen_at);
    assert_int_equal(row->last_changed_at, expected->last_changed_at);
    assert_int_equal(row->last_seen_at, expected->last_seen_at);
    assert_int_equal(row->absent_since, expected->absent_since);
    assert_int_equal(row->absent_polls, expected->absent_polls);
    assert_int_equal(row->removed_at, expected->removed_at);
    assert_true(digest_is_zero(&row->slice_digest) && digest_is_zero(&row->value_digest));
    return 0;
}

static void assert_all_came(struct expectation *expectation)
{
    assert_result(STORE_DONE, desk_result(&expectation->desk));
    for (int number = 0; number < USERS; number++) {
        assert_int_equal(expectation->seen[number], !uuid_is_nil(&expectation->rows[number].member.user_id));
        expectation->seen[number] = false;
    }
}

/* Asks for one whom nobody knows, too. */
static void assert_recorded(struct expectation *expectation)
{
    const struct uuid ids[] = {user_id(2), user_id(77), user_id(0), user_id(1)};

    store_read_recorded(expectation->desk.store, ids, 4, expect_cb, desk_on_reply, expectation);
    assert_all_came(expectation);
}

static void assert_log_only(struct expectation *expectation)
{
    store_read_log_only(expectation->desk.store, expect_cb, desk_on_reply, expectation);
    assert_all_came(expectation);
}

/* Writes user `number` as the row that is expected, and the change that made it so. */
static void change(struct expectation *expectation, int number, enum change_kind kind)
{
    struct member_row *row = &expectation->rows[number];
    struct desk *desk = &expectation->desk;

    row->last_changed_at = desk->poll.answered;
    row->removed_at = kind == CHANGE_LEFT ? desk->poll.answered : 0;
    row->absent_since = row->removed_at;
    if (kind != CHANGE_LEFT)
        row->last_seen_at = desk->poll.asked;
    add_update(desk, row);
    add_change(desk, kind, row);
    desk_cycle(desk, USERS);
}

static void test_an_edited_row_is_recorded_as_it_was(void **state)
{
    struct expectation expectation = {.seen = {false}};

    (void)state;
    expectation_open(&expectation);
    assert_recorded(&expectation);
    server_run(&server,
               "UPDATE rollcall.member SET email = NULL, name = 'Mallory', user_created_at = 'infinity', "
               "flag_own = true, flag_editor = true, other_flags = NULL, removed_at = now(), "
               "slice_digest = '', value_digest = ''");
    assert_recorded(&expectation);
    desk_close(&expectation.desk);
}

/* Whether the row is there, edited or gone: the replay gives the same. */
static void assert_recorded_always(struct expectation *expectation)
{
    assert_recorded(expectation);
    server_run(&server, "CREATE TABLE public.kept AS TABLE rollcall.member");
    server_run(
        &server,
        "UPDATE rollcall.member SET city = 'Gent', removed_at = CASE WHEN removed_at IS NULL THEN now() END");
    assert_recorded(expectation);
    server_run(&server, "TRUNCATE rollcall.member");
    assert_recorded(expectation);
    server_run(&server, "INSERT INTO rollcall.member TABLE public.kept; DROP TABLE public.kept");
    assert_result(STORE_DONE, desk_load(&expectation->desk, false));
}

static void test_a_whole_life_is_recorded(void **state)
{
    struct expectation expectation = {.seen = {false}};
    struct member *member = &expectation.rows[1].member;

    (void)state;
    expectation_open(&expectation);
    assert_recorded_always(&expectation);
    member->fields[FIELD_FLAG_OWN] = flag_value(true);
    member->fields[FIELD_NAME] = (struct field_value){0};
    change(&expectation, 1, CHANGE_ROLE_CHANGED);
    assert_recorded_always(&expectation);
    change(&expectation, 1, CHANGE_LEFT);
    assert_recorded_always(&expectation);
    member->fields[FIELD_OTHER_FLAGS] = (struct field_value){0};
    member->fields[FIELD_CITY] = text_value("Leuven");
    change(&expectation, 1, CHANGE_REJOINED);
    assert_recorded_always(&expectation);
    desk_close(&expectation.desk);
}

/* What the log does not record comes from the row. */
static void test_absence_comes_from_the_row(void **state)
{
    struct expectation expectation = {.seen = {false}};
    struct member_row *row = &expectation.rows[2];

    (void)state;
    expectation_open(&expectation);
    row->absent_since = expectation.desk.poll.answered;
    row->absent_polls = 1;
    add_update(&expectation.desk, row);
    desk_cycle(&expectation.desk, USERS);
    assert_recorded(&expectation);
    desk_close(&expectation.desk);
}

static void test_another_sources_log_is_left_alone(void **state)
{
    struct expectation expectation = {.seen = {false}};
    struct desk *desk = &expectation.desk;

    (void)state;
    expectation_open(&expectation);
    memset(expectation.rows, 0, sizeof(expectation.rows));
    store_free(desk->store);
    desk->store = store_new(desk->connection, "other");
    assert_recorded(&expectation);
    server_run(&server, "TRUNCATE rollcall.member");
    assert_log_only(&expectation);
    desk_close(desk);
}

/* Nobody while all rows are there; neither one who left, nor one whose row is there. */
static void test_who_is_in_the_log_only(void **state)
{
    struct expectation expectation = {.seen = {false}};
    struct member_row rows[USERS];

    (void)state;
    expectation_open(&expectation);
    change(&expectation, 1, CHANGE_PROFILE_CHANGED);
    change(&expectation, 2, CHANGE_LEFT);
    memcpy(rows, expectation.rows, sizeof(rows));
    memset(expectation.rows, 0, sizeof(expectation.rows));
    assert_log_only(&expectation);

    server_run(&server, "DELETE FROM rollcall.member WHERE email LIKE 'user1@%' OR email LIKE 'user2@%'");
    expectation.rows[1] = rows[1];
    assert_log_only(&expectation);

    server_run(&server, "TRUNCATE rollcall.member");
    expectation.rows[0] = rows[0];
    assert_log_only(&expectation);
    desk_close(&expectation.desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_the_daemon_wrote_is_not_edited),
        TEST(test_every_edit_is_known),
        TEST(test_a_digest_cannot_be_carried_over),
        TEST(test_a_full_load_asks_to_look_at_edited_rows),
        TEST(test_an_edited_row_is_recorded_as_it_was),
        TEST(test_a_whole_life_is_recorded),
        TEST(test_absence_comes_from_the_row),
        TEST(test_another_sources_log_is_left_alone),
        TEST(test_who_is_in_the_log_only),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

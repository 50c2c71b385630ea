/*
 * Rows that another hand has been at: how the daemon knows them.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_the_daemon_wrote_is_not_edited),
        TEST(test_every_edit_is_known),
        TEST(test_a_digest_cannot_be_carried_over),
        TEST(test_a_full_load_asks_to_look_at_edited_rows),
    };

    return cmocka_run_group_tests(tests, make_server, remove_server);
}

/*
 * What is put into a change set lies in the right spool, and each thing to write makes it not empty.
 */
#include "core/changeset.h"
#include "core/members.h"
#include "core/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void make(struct changeset *set)
{
    changeset_init(set, (size_t)32 * 1024 * 1024, "/nonexistent");
}

static int set_up(void **state)
{
    struct changeset *set = malloc(sizeof(*set));

    make(set);
    *state = set;
    return 0;
}

static int tear_down(void **state)
{
    changeset_done(*state);
    changeset_done(NULL);
    free(*state);
    return 0;
}

static const void *only_record(struct spool *spool, struct spool_reader *reader, size_t *ret_length)
{
    struct error error;
    const void *record = NULL;

    assert_int_equal(spool->records, 1);
    spool_reader_init(reader, spool);
    assert_int_equal(spool_next(reader, &record, ret_length, &error), 1);
    return record;
}

static void rows_and_changes_have_their_own_spools(void **state)
{
    struct changeset *set = *state;
    struct member_row inserted = {.member = amy(), .first_seen_at = 1};
    struct member_row updated = {.member = amy(), .first_seen_at = 2};
    struct change change = {.kind = CHANGE_LEFT, .observed_at = 3};
    struct member_row row;
    struct change read;
    struct spool_reader reader;
    struct error error;
    size_t length;

    assert_int_equal(changeset_insert(set, &inserted, &error), 0);
    assert_int_equal(changeset_update(set, &updated, &error), 0);
    assert_int_equal(changeset_change(set, &change, &error), 0);
    const void *record = only_record(&set->inserts, &reader, &length);
    record_read_row(record, length, &row);
    assert_int_equal(row.first_seen_at, 1);
    spool_reader_done(&reader);
    record = only_record(&set->updates, &reader, &length);
    record_read_row(record, length, &row);
    assert_int_equal(row.first_seen_at, 2);
    spool_reader_done(&reader);
    record = only_record(&set->changes, &reader, &length);
    record_read_change(record, length, &read);
    assert_int_equal(read.observed_at, 3);
    spool_reader_done(&reader);
}

static int put_insert(struct changeset *set)
{
    struct member_row row = {.member = amy()};
    struct error error;

    return changeset_insert(set, &row, &error);
}

static int put_update(struct changeset *set)
{
    struct member_row row = {.member = amy()};
    struct error error;

    return changeset_update(set, &row, &error);
}

static int put_change(struct changeset *set)
{
    struct change change = {.kind = CHANGE_LEFT};
    struct error error;

    return changeset_change(set, &change, &error);
}

static int put_rejection(struct changeset *set)
{
    set->counts.rejected = 1;
    return 0;
}

static int put_organization(struct changeset *set)
{
    set->organization_changed = true;
    return 0;
}

static int put_holds(struct changeset *set)
{
    set->holds_changed = true;
    return 0;
}

static void each_thing_to_write_makes_it_not_empty(void **state)
{
    static int (*const puts[])(struct changeset *) = {put_insert,    put_update,       put_change,
                                                      put_rejection, put_organization, put_holds};
    struct changeset *set = *state;

    for (size_t i = 0; i < sizeof(puts) / sizeof(puts[0]); i++) {
        assert_true(changeset_is_empty(set));
        assert_int_equal(puts[i](set), 0);
        assert_false(changeset_is_empty(set));
        changeset_done(set);
        make(set);
    }
    assert_true(changeset_is_empty(set));
    assert_int_equal(set->counts.rejected, 0);
}

static void all_alerts_are_counted_and_the_first_ones_named(void **state)
{
    struct changeset *set = *state;
    const struct alerts *alerts = &set->alerts;

    for (uint8_t i = 0; i < ALERTS_NAMED + 2; i++) {
        enum guard_class class = i % 2 ? GUARD_DEMOTIONS : GUARD_OWNER_GRANTS;
        changeset_alert(set, class, &(struct uuid){{i}});
        assert_int_equal(alerts->count[GUARD_OWNER_GRANTS] + alerts->count[GUARD_DEMOTIONS], i + 1);
        assert_int_equal(alerts->named_count, i < ALERTS_NAMED ? i + 1 : ALERTS_NAMED);
        if (i < ALERTS_NAMED)
            assert_int_equal(alerts->named[i].class, class);
    }
    assert_int_equal(alerts->count[GUARD_DEMOTIONS], (ALERTS_NAMED + 2) / 2);
    for (uint8_t i = 0; i < ALERTS_NAMED; i++)
        assert_int_equal(alerts->named[i].user_id.bytes[0], i);
    assert_true(changeset_is_empty(set)); /* what is told needs nothing written */
}

static void an_impossible_row_is_refused_and_forgotten(void **state)
{
    static const size_t size = (size_t)17 * 1024 * 1024;
    struct changeset *set = *state;
    struct member_row row = {.member = amy()};
    struct error error = {.class = ERROR_NONE};
    char *name = calloc(1, size + 1);

    row.member.fields[FIELD_NAME] = a_text(memset(name, 'x', size));
    assert_int_equal(changeset_insert(set, &row, &error), -ERROR_INTERNAL);
    assert_string_equal(error.text, "a member's texts take more than 16 MiB in the table member");
    assert_true(changeset_is_empty(set));
    assert_int_equal(put_insert(set), 0);
    assert_int_equal(set->inserts.records, 1);
    free(name);
}

static void a_full_spool_names_its_directory(void **state)
{
    struct changeset set;
    struct member_row row = {.member = amy()};
    struct error error = {.class = ERROR_NONE};

    (void)state;
    changeset_init(&set, 0, "/nonexistent");
    assert_int_equal(changeset_update(&set, &row, &error), 0); /* one record always fits */
    assert_int_equal(changeset_update(&set, &row, &error), -ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "/nonexistent"));
    changeset_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_and_changes_have_their_own_spools, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_thing_to_write_makes_it_not_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_alerts_are_counted_and_the_first_ones_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_impossible_row_is_refused_and_forgotten, set_up, tear_down),
        cmocka_unit_test(a_full_spool_names_its_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

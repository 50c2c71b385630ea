/*
 * The table of fields: equality and digest see every field, role and display name follow their rules.
 */
#include "core/members.h"
#include "core/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct digest_secret secret = {.bytes = {1, 2, 3}};

static bool digests_equal(const struct member *left, const struct member *right)
{
    struct digest one = member_digest(left, &secret);
    struct digest other = member_digest(right, &secret);

    return digest_equal(&one, &other);
}

/* Equality and digest must be of one mind. */
static void assert_same(const struct member *left, const struct member *right)
{
    assert_true(member_equal(left, right));
    assert_true(digests_equal(left, right));
}

static void assert_different(const struct member *left, const struct member *right)
{
    assert_false(member_equal(left, right));
    assert_false(digests_equal(left, right));
}

/* The least value of a type, which must still differ from no value, and another one. */
static struct field_value least(enum field_type type)
{
    return type == FIELD_TYPE_FLAG ? a_flag(false) : type == FIELD_TYPE_TIMESTAMP ? a_time(0) : a_text("");
}

static struct field_value other(enum field_type type)
{
    return type == FIELD_TYPE_FLAG ? a_flag(true) : type == FIELD_TYPE_TIMESTAMP ? a_time(1) : a_text("x");
}

static void every_field_counts(void **state)
{
    (void)state;
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        struct member unknown = {.user_id = {{7}}};
        struct member empty = unknown;
        struct member filled = unknown;

        empty.fields[field] = least(member_fields[field].type);
        filled.fields[field] = other(member_fields[field].type);
        assert_same(&unknown, &unknown);
        assert_same(&filled, &filled);
        assert_different(&unknown, &empty);
        assert_different(&empty, &filled);
    }
}

static void equal_text_at_another_place_is_equal(void **state)
{
    struct member left = amy();
    struct member right = amy();
    char email[] = "amy@test.com";

    (void)state;
    right.fields[FIELD_EMAIL] = a_text(email);
    assert_same(&left, &right);
    email[0] = 'A';
    assert_different(&left, &right);
}

static void text_does_not_run_into_the_next_field(void **state)
{
    struct member left = amy();
    struct member right = amy();

    (void)state;
    left.fields[FIELD_EMAIL] = a_text("ab");
    left.fields[FIELD_NAME] = a_text("c");
    right.fields[FIELD_EMAIL] = a_text("a");
    right.fields[FIELD_NAME] = a_text("bc");
    assert_different(&left, &right);
}

/* What a value was before it became unknown leaves no trace. */
static void unknown_values_have_no_content(void **state)
{
    struct member left = amy();
    struct member right = amy();

    (void)state;
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        left.fields[field].known = false;
        right.fields[field] = (struct field_value){.known = false};
    }
    assert_same(&left, &right);
}

static void another_id_or_secret_is_another_digest(void **state)
{
    static const struct digest_secret other_secret = {.bytes = {3, 2, 1}};
    struct member left = amy();
    struct member right = amy();
    struct digest one = member_digest(&left, &secret);
    struct digest two = member_digest(&left, &other_secret);

    (void)state;
    right.user_id.bytes[15] ^= 1;
    assert_different(&left, &right);
    assert_false(digest_equal(&one, &two));
}

static struct digest row_digest(struct member_row row)
{
    return member_row_digest(&row, &secret);
}

static void a_present_rows_digest_is_its_members(void **state)
{
    const struct member_row row = {.member = amy(), .last_seen_at = 1, .absent_since = 2, .absent_polls = 3};
    const struct digest of_row = row_digest(row), of_member = member_digest(&row.member, &secret);

    (void)state;
    assert_true(digest_equal(&of_row, &of_member));
}

static void an_edited_row_is_known(void **state)
{
    static const struct digest none;
    struct member_row row = {.member = amy()};

    (void)state;
    assert_true(member_row_is_edited(&row, &secret)); /* no digest at all */
    row.value_digest = row_digest(row);
    assert_false(member_row_is_edited(&row, &secret));
    row.last_seen_at = row.absent_since = 5; /* bookkeeping */
    assert_false(member_row_is_edited(&row, &secret));
    row.removed_at = 1;
    assert_true(member_row_is_edited(&row, &secret));
    row.value_digest = row_digest(row);
    row.removed_at = 2; /* a tombstone still */
    assert_false(member_row_is_edited(&row, &secret));
    row.member.fields[FIELD_FLAG_OWN] = a_flag(true);
    assert_true(member_row_is_edited(&row, &secret));
    row.value_digest = none;
    assert_true(member_row_is_edited(&row, &secret));
}

static void random_members_agree(void **state)
{
    struct arena arena;
    uint64_t seed = 1;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < 2000; i++) {
        struct member left = random_member(&seed, &arena);
        struct member right = left;
        size_t field = next_random(&seed) % FIELD_COUNT;

        right.fields[field] = random_value(member_fields[field].type, &seed, &arena);
        assert_int_equal(member_equal(&left, &right), digests_equal(&left, &right));
    }
    arena_done(&arena);
}

/* Flags as written: y true, n false, - unknown; own, admin, editor, member. */
static void role_is_the_highest_flag(void **state)
{
    static const struct {
        const char *flags;
        const char *role;
    } cases[] = {
        {"yyyy", "owner"},  {"ynnn", "owner"},  {"nyyy", "admin"},   {"-y--", "admin"},   {"nnyy", "editor"},
        {"--y-", "editor"}, {"nnny", "viewer"}, {"---y", "viewer"},  {"nnnn", "none"},    {"n---", "none"},
        {"--n-", "none"},   {"---n", "none"},   {"----", "unknown"}, {"-n--", "unknown"},
    };
    static const enum member_field order[] = {FIELD_FLAG_OWN, FIELD_FLAG_ADMIN, FIELD_FLAG_EDITOR,
                                              FIELD_FLAG_MEMBER};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct member member = {.user_id = {{0}}};
        for (size_t flag = 0; flag < 4; flag++) {
            if (cases[i].flags[flag] != '-')
                member.fields[order[flag]] = a_flag(cases[i].flags[flag] == 'y');
        }
        assert_string_equal(member_role(&member), cases[i].role);
    }
}

static void display_name_prefers_english(void **state)
{
    static const struct {
        const char *json;
        const char *name;
    } cases[] = {
        {"{\"en\":\"Your organization\",\"fr\":\"Ton association\"}", "Your organization"},
        {"{\"aa\":\"first\",\"en\":\"english\"}", "english"},
        {"{\"fr\":\"Ton association\",\"nl\":\"Jouw organisatie\"}", "Ton association"},
        {"{\"en\":\"\"}", ""},
        {"{\"en\":5}", ""},
        {"{}", ""},
        {"not json", ""},
        {NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *name = organization_display_name(cases[i].json);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
}

/* Images and columns are read by people and BI tools: the names are a contract. */
static void columns_stand_in_table_order(void **state)
{
    static const char *const columns[] = {
        "email",
        "name",
        "city",
        "country_id",
        "locale_id",
        "flag_plan",
        "user_created_at",
        "flag_member",
        "flag_editor",
        "flag_own",
        "flag_admin",
        "other_flags",
        "role_created_at",
        "role_updated_at",
    };

    (void)state;
    assert_int_equal(FIELD_COUNT, sizeof(columns) / sizeof(columns[0]));
    for (size_t field = 0; field < FIELD_COUNT; field++)
        assert_string_equal(member_fields[field].column, columns[field]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_counts),
        cmocka_unit_test(equal_text_at_another_place_is_equal),
        cmocka_unit_test(text_does_not_run_into_the_next_field),
        cmocka_unit_test(unknown_values_have_no_content),
        cmocka_unit_test(another_id_or_secret_is_another_digest),
        cmocka_unit_test(a_present_rows_digest_is_its_members),
        cmocka_unit_test(an_edited_row_is_known),
        cmocka_unit_test(random_members_agree),
        cmocka_unit_test(role_is_the_highest_flag),
        cmocka_unit_test(display_name_prefers_english),
        cmocka_unit_test(columns_stand_in_table_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

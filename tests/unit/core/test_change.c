/*
 * The words and images that stand in rollcall.change_log.
 */
#include "core/change.h"
#include "core/members.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void kinds_have_their_words(void **state)
{
    static const char *const words[CHANGE_KIND_COUNT] = {
        "baseline",     "joined",       "rejoined",        "left",
        "role_changed", "role_touched", "profile_changed", "organization_changed",
    };

    (void)state;
    for (size_t kind = 0; kind < CHANGE_KIND_COUNT; kind++) {
        enum change_kind parsed = CHANGE_KIND_COUNT;
        assert_string_equal(change_kind_name((enum change_kind)kind), words[kind]);
        assert_true(change_kind_parse(words[kind], &parsed));
        assert_int_equal(parsed, kind);
    }
}

static void other_words_are_no_kinds(void **state)
{
    static const char *const words[] = {"", "Joined", "join", "joined "};
    enum change_kind parsed = CHANGE_LEFT;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_false(change_kind_parse(words[i], &parsed));
    assert_int_equal(parsed, CHANGE_LEFT);
}

static void assert_image(const struct member *member, field_mask fields, const char *expected)
{
    struct buffer image;

    buffer_init(&image, 4096);
    image_add(&image, member, fields);
    assert_string_equal(image.data, expected);
    buffer_done(&image);
}

static void the_whole_image_has_every_column(void **state)
{
    struct member member = amy();

    (void)state;
    member.fields[FIELD_OTHER_FLAGS] = a_text("{\"flagX\":true}");
    assert_image(
        &member, FIELD_MASK_ALL,
        "{\"email\":\"amy@test.com\",\"name\":\"Amy Evans\",\"city\":null,\"country_id\":null,"
        "\"locale_id\":\"en\",\"flag_plan\":\"enterprise\",\"user_created_at\":\"2020-01-01T11:11:27.370Z\","
        "\"flag_member\":true,\"flag_editor\":true,\"flag_own\":false,\"flag_admin\":null,"
        "\"other_flags\":{\"flagX\":true},\"role_created_at\":\"2020-01-01T11:11:27.649Z\","
        "\"role_updated_at\":\"2020-09-19T15:44:32.513Z\"}");
}

static void an_image_has_only_the_fields_asked_for(void **state)
{
    struct member member = amy();

    (void)state;
    assert_image(&member, 0, "{}");
    assert_image(&member, FIELD_BIT(FIELD_FLAG_OWN), "{\"flag_own\":false}");
    assert_image(&member, FIELD_BIT(FIELD_NAME) | FIELD_BIT(FIELD_CITY),
                 "{\"name\":\"Amy Evans\",\"city\":null}");
}

static void text_is_escaped(void **state)
{
    struct member member = amy();

    (void)state;
    member.fields[FIELD_NAME] = a_text("\"A\\\n\x01\xf0\x9f\x8e\x89");
    assert_image(&member, FIELD_BIT(FIELD_NAME), "{\"name\":\"\\\"A\\\\\\n\\u0001\xf0\x9f\x8e\x89\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_their_words),
        cmocka_unit_test(other_words_are_no_kinds),
        cmocka_unit_test(the_whole_image_has_every_column),
        cmocka_unit_test(an_image_has_only_the_fields_asked_for),
        cmocka_unit_test(text_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

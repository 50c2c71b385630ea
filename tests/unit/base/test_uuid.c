/* UUIDs as text and as bytes. */
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void parsing_makes_the_text_canonical(void **state)
{
    static const struct {
        const char *text;
        const char *canonical;
    } cases[] = {
        {"c4075f5a-b9a9-4d5e-8e1d-0f3a5b7c9d1e", "c4075f5a-b9a9-4d5e-8e1d-0f3a5b7c9d1e"},
        {"C4075F5A-B9A9-4D5E-8E1D-0F3A5B7C9D1E", "c4075f5a-b9a9-4d5e-8e1d-0f3a5b7c9d1e"},
        {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
        {"ffffffff-ffff-ffff-ffff-ffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
        {"01234567-89AB-cdef-0123-456789abCDEF", "01234567-89ab-cdef-0123-456789abcdef"},
    };
    char text[UUID_TEXT_LENGTH + 1];
    struct uuid uuid;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(uuid_parse(cases[i].text, strlen(cases[i].text), &uuid));
        uuid_format(&uuid, text);
        assert_string_equal(text, cases[i].canonical);
    }
}

static void what_is_not_a_uuid_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "c4075f5a-b9a9-4d5e-8e1d-0f3a5b7c9d1",
        "c4075f5a-b9a9-4d5e-8e1d-0f3a5b7c9d1e0",
        "{4075f5a-b9a9-4d5e-8e1d-0f3a5b7c9d1e}",
        "c4075f5ab9a94d5e8e1d0f3a5b7c9d1e",
        "c4075f5ab-9a9-4d5e-8e1d-0f3a5b7c9d1e",
        "c4075f5a+b9a9-4d5e-8e1d-0f3a5b7c9d1e",
        " c4075f5-b9a9-4d5e-8e1d-0f3a5b7c9d1e",
    };
    struct uuid uuid = {{7}};
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (uuid_parse(cases[i], strlen(cases[i]), &uuid))
            fail_msg("accepted: %s", cases[i]);
    }
    assert_int_equal(uuid.bytes[0], 7); /* set only on success */
}

/* Every byte value at every place of a UUID: only digits, and hyphens where they belong, are taken. */
static void every_place_is_checked(void **state)
{
    static const char good[] = "01234567-89ab-cdef-0123-456789abcdef";
    struct uuid uuid;
    (void)state;

    for (size_t place = 0; place < UUID_TEXT_LENGTH; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof(good)];
            memcpy(text, good, sizeof(good));
            text[place] = (char)byte;
            bool digit = byte != 0 && strchr("0123456789abcdefABCDEF", byte);
            bool fits = good[place] == '-' ? byte == '-' : digit;
            assert_int_equal(uuid_parse(text, UUID_TEXT_LENGTH, &uuid), fits);
        }
    }
}

static void the_order_is_that_of_the_bytes(void **state)
{
    struct uuid low = {{0}};
    struct uuid high = {{0}};
    (void)state;

    assert_true(uuid_is_nil(&low));
    assert_true(uuid_equal(&low, &high));
    low.bytes[15] = 0xff;
    high.bytes[0] = 0x80;
    assert_true(uuid_compare(&low, &high) < 0);
    assert_true(uuid_compare(&high, &low) > 0);
    assert_false(uuid_equal(&low, &high));
    assert_false(uuid_is_nil(&low));
}

static void random_ones_are_of_version_4(void **state)
{
    struct uuid former = {{0}};
    struct uuid uuid;
    (void)state;

    for (int i = 0; i < 100; i++) {
        uuid_random(&uuid);
        assert_int_equal(uuid.bytes[6] >> 4, 4);
        assert_int_equal(uuid.bytes[8] >> 6, 2);
        assert_false(uuid_equal(&uuid, &former));
        former = uuid;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsing_makes_the_text_canonical), cmocka_unit_test(what_is_not_a_uuid_is_refused),
        cmocka_unit_test(every_place_is_checked),           cmocka_unit_test(the_order_is_that_of_the_bytes),
        cmocka_unit_test(random_ones_are_of_version_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

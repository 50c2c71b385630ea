/* Digests: keyed ones for slices, SHA-256 for what is published. */
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static struct digest_secret counting_secret(void)
{
    struct digest_secret secret;

    for (size_t i = 0; i < sizeof(secret.bytes); i++)
        secret.bytes[i] = (uint8_t)i;
    return secret;
}

/* Digests are stored: another value after an upgrade would make every member be decoded anew. */
static void stored_digests_stay_good(void **state)
{
    static const uint8_t expected[16] = {
        0x38, 0x06, 0x02, 0x88, 0x00, 0x89, 0x52, 0x57, 0x2c, 0x21, 0xcb, 0x26, 0x33, 0xcc, 0x4d, 0xb3,
    };
    struct digest_secret secret = counting_secret();
    char slice[500];
    (void)state;

    memset(slice, 'x', sizeof(slice));
    struct digest digest = digest_of(&secret, slice, sizeof(slice));
    assert_memory_equal(digest.bytes, expected, sizeof(expected));
}

/* Lengths around the places where XXH3 changes its ways (16, 128, 240 bytes, a stripe, a block). */
static void every_byte_and_the_secret_count(void **state)
{
    struct digest_secret secret = counting_secret();
    struct digest_secret other;
    char data[1100] = {0};
    (void)state;

    digest_secret_random(&other);
    for (size_t length = 1; length < sizeof(data); length += length < 260 ? 1 : 97) {
        struct digest digest = digest_of(&secret, data, length);
        struct digest same = digest_of(&secret, data, length);
        assert_true(digest_equal(&digest, &same));
        assert_false(digest_is_zero(&digest));
        data[length / 2] ^= 1;
        struct digest changed = digest_of(&secret, data, length);
        data[length / 2] ^= 1;
        assert_false(digest_equal(&digest, &changed));
        struct digest longer = digest_of(&secret, data, length + 1);
        assert_false(digest_equal(&digest, &longer));
        struct digest keyed = digest_of(&other, data, length);
        assert_false(digest_equal(&digest, &keyed));
    }
}

static void secrets_differ(void **state)
{
    struct digest_secret left;
    struct digest_secret right;
    (void)state;

    digest_secret_random(&left);
    digest_secret_random(&right);
    assert_memory_not_equal(left.bytes, right.bytes, sizeof(left.bytes));
}

static void zero_means_none(void **state)
{
    struct digest digest = {{0}};
    (void)state;

    assert_true(digest_is_zero(&digest));
    digest.bytes[15] = 1;
    assert_false(digest_is_zero(&digest));
}

static void sha256_is_that_of_the_standard(void **state)
{
    static const uint8_t expected[SHA256_SIZE] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    uint8_t digest[SHA256_SIZE];
    struct sha256 *sha = sha256_new();
    (void)state;

    sha256_add(sha, "a", 1);
    sha256_add(sha, "", 0);
    sha256_add(sha, "bc", 2);
    sha256_finish(sha, digest);
    assert_memory_equal(digest, expected, sizeof(expected));
    sha256_free(sha);
    sha256_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_digests_stay_good),
        cmocka_unit_test(every_byte_and_the_secret_count),
        cmocka_unit_test(secrets_differ),
        cmocka_unit_test(zero_means_none),
        cmocka_unit_test(sha256_is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

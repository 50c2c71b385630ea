/*
 * What goes into a record comes out of it, at any alignment; what is not a record aborts.
 */
#include "core/change.h"
#include "core/members.h"
#include "core/record.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 1000

/* The record as the spool may hand it out: at an odd address, with nothing behind it. */
static const char *misplace(const struct buffer *record, char **ret_block)
{
    *ret_block = malloc(record->length + 1);
    return memcpy(*ret_block + 1, record->data, record->length);
}

static struct digest random_digest(uint64_t *seed)
{
    uint64_t number = next_random(seed);
    struct digest digest = {.bytes = {0}};

    memcpy(digest.bytes, &number, sizeof(number));
    return digest;
}

static void assert_texts_end_in_nul(const struct member *member)
{
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        const struct field_value *value = &member->fields[field];
        if (value->text)
            assert_int_equal(strlen(value->text), value->length);
    }
}

static void decoded_members_come_back(void **state)
{
    struct arena arena;
    struct buffer record;
    uint64_t seed = 2;

    (void)state;
    arena_init(&arena);
    buffer_init(&record, 1 << 20);
    for (int i = 0; i < ROUNDS; i++) {
        struct decoded in = {.member = random_member(&seed, &arena),
                             .slice_digest = random_digest(&seed),
                             .role_organization = random_digest(&seed)};
        struct decoded out;
        char *block;

        buffer_clear(&record);
        record_add_decoded(&record, &in);
        record_read_decoded(misplace(&record, &block), record.length, &out);
        assert_true(member_equal(&in.member, &out.member));
        assert_texts_end_in_nul(&out.member);
        assert_true(digest_equal(&in.slice_digest, &out.slice_digest));
        assert_true(digest_equal(&in.role_organization, &out.role_organization));
        free(block);
    }
    buffer_done(&record);
    arena_done(&arena);
}

static struct member_row random_row(uint64_t *seed, struct arena *arena)
{
    return (struct member_row){
        .member = random_member(seed, arena),
        .first_seen_at = (int64_t)next_random(seed),
        .last_changed_at = (int64_t)next_random(seed),
        .last_seen_at = (int64_t)next_random(seed),
        .absent_since = (int64_t)next_random(seed),
        .absent_polls = (int32_t)next_random(seed),
        .removed_at = (int64_t)next_random(seed),
        .slice_digest = random_digest(seed),
        .value_digest = random_digest(seed),
    };
}

static void rows_come_back(void **state)
{
    struct arena arena;
    struct buffer record;
    uint64_t seed = 3;

    (void)state;
    arena_init(&arena);
    buffer_init(&record, 1 << 20);
    for (int i = 0; i < ROUNDS; i++) {
        struct member_row in = random_row(&seed, &arena);
        struct member_row out;
        char *block;

        buffer_clear(&record);
        record_add_row(&record, &in);
        record_read_row(misplace(&record, &block), record.length, &out);
        assert_true(member_equal(&in.member, &out.member));
        assert_true(in.first_seen_at == out.first_seen_at && in.last_changed_at == out.last_changed_at);
        assert_true(in.last_seen_at == out.last_seen_at && in.absent_since == out.absent_since);
        assert_true(in.absent_polls == out.absent_polls && in.removed_at == out.removed_at);
        assert_true(digest_equal(&in.slice_digest, &out.slice_digest));
        assert_true(digest_is_zero(&out.value_digest));
        free(block);
    }
    buffer_done(&record);
    arena_done(&arena);
}

static void assert_image(const char *in, const char *out, size_t out_length)
{
    if (!in) {
        assert_null(out);
        assert_int_equal(out_length, 0);
        return;
    }
    assert_int_equal(out_length, strlen(in));
    assert_string_equal(out, in);
}

static void changes_come_back(void **state)
{
    static const char *const images[] = {NULL, "{}", "{\"name\":\"Amy\"}"};
    struct buffer record;

    (void)state;
    buffer_init(&record, 1 << 20);
    for (size_t i = 0; i < (size_t)9 * CHANGE_KIND_COUNT; i++) {
        const char *old_values = images[i % 3];
        const char *new_values = images[i / 3 % 3];
        struct change in = {
            .kind = (enum change_kind)(i / 9),
            .user_id = {{(uint8_t)i}},
            .old_values = old_values,
            .old_length = old_values ? strlen(old_values) : 0,
            .new_values = new_values,
            .new_length = new_values ? strlen(new_values) : 0,
            .observed_after = (int64_t)i * 1000,
            .observed_at = -(int64_t)i,
        };
        struct change out;
        char *block;

        buffer_clear(&record);
        record_add_change(&record, &in);
        record_read_change(misplace(&record, &block), record.length, &out);
        assert_int_equal(out.kind, in.kind);
        assert_true(uuid_equal(&out.user_id, &in.user_id));
        assert_true(out.observed_after == in.observed_after && out.observed_at == in.observed_at);
        assert_image(old_values, out.old_values, out.old_length);
        assert_image(new_values, out.new_values, out.new_length);
        free(block);
    }
    buffer_done(&record);
}

/* Reads in a child of its own, because a record that is none must end the process. */
static bool reading_aborts(const char *record, size_t length)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct member_row row;
        signal(SIGABRT, SIG_DFL);
        fclose(stderr);
        record_read_row(record, length, &row);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void a_damaged_record_aborts(void **state)
{
    struct member_row row = {.member = amy()};
    struct buffer record;
    char *block;

    (void)state;
    buffer_init(&record, 4096);
    record_add_row(&record, &row);
    size_t length = record.length;
    buffer_add_char(&record, 'x');
    assert_false(reading_aborts(record.data, length));
    assert_true(reading_aborts(record.data, length + 1));
    for (size_t cut = 1; cut <= length; cut += 5) {
        record.length = length - cut;
        assert_true(reading_aborts(misplace(&record, &block), record.length));
        free(block);
    }
    buffer_done(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoded_members_come_back),
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(changes_come_back),
        cmocka_unit_test(a_damaged_record_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

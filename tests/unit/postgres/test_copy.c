/*
 * Rows in PostgreSQL's binary formats, byte by byte and there and back again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/copy.h"

#include <stdlib.h>
#include <string.h>

#define ORGANIZATION "org"

struct paper {
    struct copy_row row;
    struct buffer bytes;
    struct arena texts;
};

static void paper_make(struct paper *paper)
{
    copy_row_init(&paper->row);
    buffer_init(&paper->bytes, (size_t)1 << 20);
    arena_init(&paper->texts);
}

static void paper_tear(struct paper *paper)
{
    copy_row_done(&paper->row);
    buffer_done(&paper->bytes);
    arena_done(&paper->texts);
}

/* --- byte by byte ------------------------------------------------------------------------------------------------- */

static void test_stream(void **state)
{
    static const char expected[] = "PGCOPY\n\xff\r\n\0"
                                   "\0\0\0\0\0\0\0\0"         /* flags, extension */
                                   "\0\5"                     /* columns */
                                   "\xff\xff\xff\xff"         /* NULL */
                                   "\0\0\0\2hi"               /* text */
                                   "\0\0\0\1\1"               /* boolean */
                                   "\0\0\0\4\xff\xff\xff\xfe" /* integer */
                                   "\0\0\0\3\1{}"             /* jsonb */
                                   "\xff\xff";                /* no more */
    struct paper paper;

    (void)state;
    paper_make(&paper);
    copy_row_text(&paper.row, NULL);
    copy_row_text(&paper.row, "hi");
    copy_row_flag(&paper.row, true);
    copy_row_integer(&paper.row, -2);
    copy_row_json(&paper.row, "{}", 2);
    copy_add_header(&paper.bytes);
    copy_add_row(&paper.bytes, &paper.row);
    copy_add_trailer(&paper.bytes);
    assert_int_equal(paper.bytes.length, sizeof(expected) - 1);
    assert_memory_equal(paper.bytes.data, expected, sizeof(expected) - 1);
    paper_tear(&paper);
}

static void test_times(void **state)
{
    static const struct {
        int64_t us;
        const char *expected; /* microseconds since 2000 */
    } times[] = {
        {INT64_C(946684800000000), "\0\0\0\0\0\0\0\0"},
        {INT64_C(946684800000001), "\0\0\0\0\0\0\0\1"},
        {INT64_C(946684799999999), "\xff\xff\xff\xff\xff\xff\xff\xff"},
        {INT64_C(1), "\xff\xfc\xa2\xfe\xc4\xc8\x20\x01"},
    };
    struct paper paper;

    (void)state;
    paper_make(&paper);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int64_t us;

        copy_row_clear(&paper.row);
        copy_row_time(&paper.row, times[i].us);
        const struct connection_parameter *value = &paper.row.values[0];
        assert_int_equal(value->length, 8);
        assert_memory_equal(value->value, times[i].expected, 8);
        assert_true(copy_get_time(&(struct copy_value){value->value, value->length}, &us));
        assert_true(us == times[i].us);
    }
    copy_row_time(&paper.row, 0);
    assert_null(paper.row.values[1].value);
    paper_tear(&paper);
}

static void test_infinity_is_no_overflow(void **state)
{
    int64_t us;

    (void)state;
    assert_true(copy_get_time(&(struct copy_value){"\x7f\xff\xff\xff\xff\xff\xff\xff", 8}, &us));
    assert_true(us == INT64_MAX);
}

static void test_array(void **state)
{
    static const struct connection_parameter texts[] = {{.value = "a", .length = 1}, {.value = NULL}};
    static const char expected[] = "\0\0\0\1\0\0\0\1\0\0\0\x19" /* one dimension, may have NULLs, text */
                                   "\0\0\0\2\0\0\0\1"           /* two elements from 1 on */
                                   "\0\0\0\1"
                                   "a\xff\xff\xff\xff";
    static const char empty[] = "\0\0\0\0\0\0\0\1\0\0\x0b\x86";
    struct paper paper;

    (void)state;
    paper_make(&paper);
    copy_row_array(&paper.row, COPY_ARRAY_TEXT, texts, 2);
    copy_row_array(&paper.row, COPY_ARRAY_UUID, texts, 0);
    assert_int_equal(paper.row.values[0].length, sizeof(expected) - 1);
    assert_memory_equal(paper.row.values[0].value, expected, sizeof(expected) - 1);
    assert_int_equal(paper.row.values[1].length, sizeof(empty) - 1);
    assert_memory_equal(paper.row.values[1].value, empty, sizeof(empty) - 1);
    paper_tear(&paper);
}

/* --- members, there and back -------------------------------------------------------------------------------------- */

static struct member_row unknown_member(void)
{
    return (struct member_row){
        .member.user_id = {{1, 2, 3}}, .first_seen_at = 1, .last_changed_at = 2, .last_seen_at = 3};
}

static struct member_row known_member(void)
{
    static const char other_flags[] = "{\"flagA\":\"\\\\ \xe2\x82\xac\",\"flagBb\":1.5}";
    struct member_row row = unknown_member();

    for (int i = 0; i < FIELD_COUNT; i++) {
        struct field_value *value = &row.member.fields[i];

        *value = (struct field_value){.known = true, .text = NULL};
        if (member_fields[i].type == FIELD_TYPE_FLAG)
            value->flag = i % 2 == 0;
        else if (member_fields[i].type == FIELD_TYPE_TIMESTAMP)
            value->us = i - 3; /* around 1970 */
        else
            value->text = member_fields[i].type == FIELD_TYPE_JSON ? other_flags
                          : i % 2                                  ? ""
                                                                   : "na\xc3\xafve";
        value->length = value->text ? strlen(value->text) : 0;
    }
    row.absent_since = INT64_C(253402300799999999); /* the last microsecond of 9999 */
    row.absent_polls = 7;
    row.removed_at = INT64_C(-62135596800000000); /* the first of year 1 */
    row.slice_digest = (struct digest){{9, 8, 7}};
    row.value_digest = (struct digest){{6, 5, 4}};
    return row;
}

static void encode(struct paper *paper, const struct member_row *member)
{
    copy_row_member(&paper->row, ORGANIZATION, member);
    assert_int_equal(paper->row.count, COPY_MEMBER_COLUMNS);
    copy_add_header(&paper->bytes);
    copy_add_row(&paper->bytes, &paper->row);
    copy_add_trailer(&paper->bytes);
}

static void test_member_survives(void **state)
{
    const struct member_row members[] = {unknown_member(), known_member()};
    struct copy_value values[COPY_MEMBER_COLUMNS];
    struct copy_reader reader;
    struct member_row read;
    struct error error;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct member_row *member = &members[i];
        struct paper paper;

        paper_make(&paper);
        encode(&paper, member);
        copy_reader_init(&reader, paper.bytes.data, paper.bytes.length);
        assert_int_equal(copy_read_row(&reader, values, COPY_MEMBER_COLUMNS, &error), 1);
        assert_int_equal(copy_get_member(values, &paper.texts, &read, &error), 0);
        assert_true(member_equal(&read.member, &member->member));
        assert_true(read.first_seen_at == member->first_seen_at &&
                    read.last_changed_at == member->last_changed_at);
        assert_true(read.last_seen_at == member->last_seen_at && read.absent_since == member->absent_since);
        assert_true(read.removed_at == member->removed_at && read.absent_polls == member->absent_polls);
        assert_true(digest_equal(&read.slice_digest, &member->slice_digest));
        assert_true(digest_equal(&read.value_digest, &member->value_digest));
        assert_int_equal(copy_read_row(&reader, values, COPY_MEMBER_COLUMNS, &error), 0);
        paper_tear(&paper);
    }
}

/* jsonb comes back with its keys by length and with spaces. */
static void test_json_becomes_canonical(void **state)
{
    static const char stored[] = "\1{\"flagZ\": 1, \"flagAa\": {\"b\": 1, \"aa\": [true, null]}}";
    struct arena arena;
    size_t length;

    (void)state;
    arena_init(&arena);
    const char *text = copy_get_json(&(struct copy_value){stored, sizeof(stored) - 1}, &arena, &length);
    assert_string_equal(text, "{\"flagAa\":{\"aa\":[true,null],\"b\":1},\"flagZ\":1}");
    assert_int_equal(length, strlen(text));
    assert_null(copy_get_json(&(struct copy_value){NULL, -1}, &arena, &length));
    arena_done(&arena);
}

/* --- what is not our format --------------------------------------------------------------------------------------- */

/* A copy of exactly this length, so that a read beyond it is seen by the sanitizer. */
static int read_cut(const struct buffer *whole, size_t length, int columns)
{
    char *piece = malloc(length > 0 ? length : 1);
    struct copy_value values[COPY_MEMBER_COLUMNS];
    struct copy_reader reader;
    struct error error;

    assert_non_null(piece);
    memcpy(piece, whole->data, length);
    copy_reader_init(&reader, piece, length);
    int more = copy_read_row(&reader, values, columns, &error);
    free(piece);
    return more;
}

static void test_cut_short(void **state)
{
    const struct member_row member = known_member();
    struct paper paper;

    (void)state;
    paper_make(&paper);
    encode(&paper, &member);
    size_t header = 19, tuple = paper.bytes.length - header - 2;
    for (size_t length = 1; length < header + tuple; length++)
        if (length != header)
            assert_int_equal(read_cut(&paper.bytes, length, COPY_MEMBER_COLUMNS), -ERROR_INTERNAL);
    assert_int_equal(read_cut(&paper.bytes, header, COPY_MEMBER_COLUMNS), 0);
    assert_int_equal(read_cut(&paper.bytes, header + tuple, COPY_MEMBER_COLUMNS), 1);
    assert_int_equal(read_cut(&paper.bytes, header + tuple, 2), -ERROR_INTERNAL);
    paper_tear(&paper);
}

/* Each column in turn holds a value of no such type. */
static void test_wrong_type(void **state)
{
    const struct member_row member = known_member();
    struct copy_value values[COPY_MEMBER_COLUMNS];
    struct copy_reader reader;
    struct member_row read;
    struct error error;
    struct paper paper;

    (void)state;
    paper_make(&paper);
    encode(&paper, &member);
    copy_reader_init(&reader, paper.bytes.data, paper.bytes.length);
    assert_int_equal(copy_read_row(&reader, values, COPY_MEMBER_COLUMNS, &error), 1);
    for (int column = 1; column < COPY_MEMBER_COLUMNS; column++) {
        const struct copy_value right = values[column];
        int field = column - 2;
        bool text = field >= 0 && field < FIELD_COUNT &&
                    (member_fields[field].type == FIELD_TYPE_TEXT ||
                     member_fields[field].type == FIELD_TYPE_JSON);
        bool digest = column >= COPY_MEMBER_COLUMNS - 2; /* a foreign one is as good as none */

        values[column] = (struct copy_value){"abc", 3};
        assert_int_equal(copy_get_member(values, &paper.texts, &read, &error),
                         text || digest ? 0 : -ERROR_CONFIG);
        values[column] = right;
    }
    paper_tear(&paper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_infinity_is_no_overflow),
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_member_survives),
        cmocka_unit_test(test_json_becomes_canonical),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_wrong_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

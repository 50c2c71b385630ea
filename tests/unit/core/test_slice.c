/* Every way to cut a body into chunks gives the same slices, they are the ones that jansson finds, and nobody is fooled
 * by what only looks like the list of users. */
#include "core/slicing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What came of a body as one text: the slices, a line each, then the envelope or the sentence of the failure. */
static char *transcript(const char *body, size_t length, struct chunking chunking)
{
    static struct slicing slicing;
    char *text;

    slicing_run(&slicing, body, length, chunking);
    int written = asprintf(&text, "%s%s", slicing.slices.data ? slicing.slices.data : "",
                           slicing.status == 0 ? slicing.envelope.data : slicing.error.text);
    assert_true(written >= 0);
    assert_int_equal(-slicing.status, slicing.error.class);
    assert_true(slicing.status == 0 || slicing.status == -ERROR_MALFORMED);
    slicing_done(&slicing);
    return text;
}

static void assert_transcript(const char *body, size_t length, struct chunking chunking, const char *expected)
{
    char *text = transcript(body, length, chunking);

    assert_string_equal(text, expected);
    free(text);
}

static void assert_agreement(const char *body, size_t length, struct chunking chunking)
{
    const char *complaint = slicing_disagreement(body, length, chunking);

    if (complaint)
        fail_msg("%s: %.*s", complaint, (int)length, body);
}

/* --- the documented answer ---------------------------------------------------------------------------------------- */

static void the_documented_answer_has_three_slices(void **state)
{
    static const char *const ids[] = {"b9c8c05a-4a76-11eb-b378-0242ac130002",
                                      "b33b2d5b-da2b-4eac-8bfd-846bd59f5b2d",
                                      "fc3801a2-cd12-4a9a-ae65-ba7e81b37a4b"};
    static struct slicing slicing;
    size_t length;
    const char *answer = slicing_documented_answer(&length);
    (void)state;

    slicing_run(&slicing, answer, length, in_one_piece);
    assert_int_equal(slicing.status, 0);
    assert_int_equal(slicing.count, COUNT(ids));
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct uuid expected, found;
        assert_true(uuid_parse(ids[i], UUID_TEXT_LENGTH, &expected));
        assert_true(slice_read_id(slicing_slice(&slicing, i), slicing.lengths[i], &found));
        assert_true(uuid_equal(&found, &expected));
    }
    assert_non_null(strstr(slicing.envelope.data, "\"users\": []\n"));
    slicing_done(&slicing);
    assert_agreement(answer, length, in_one_piece);
}

static void every_split_gives_the_same(void **state)
{
    size_t length;
    const char *answer = slicing_documented_answer(&length);
    char *expected = transcript(answer, length, in_one_piece);
    (void)state;

    for (size_t first = 1; first < length; first++)
        assert_transcript(answer, length, (struct chunking){.first = first, .size = SIZE_MAX}, expected);
    for (size_t size = 1; size <= 200; size++)
        assert_transcript(answer, length, (struct chunking){.size = size}, expected);
    free(expected);
}

static void an_answer_cut_short_fails(void **state)
{
    size_t length;
    const char *answer = slicing_documented_answer(&length);
    static struct slicing slicing;
    (void)state;

    while (answer[length - 1] != '}')
        length--;
    for (size_t end = 0; end < length; end++) {
        slicing_run(&slicing, answer, end, in_one_piece);
        assert_int_equal(slicing.status, -ERROR_MALFORMED);
        assert_non_null(strstr(slicing.error.text, "in the middle of its document"));
        slicing_done(&slicing);
    }
}

/* --- what is cut and what is refused ------------------------------------------------------------------------------ */

/* Body and transcript. */
static const struct {
    const char *body, *expected;
} cut[] = {
    {"{\"rows\":[{\"users\":[]}]}", "{\"rows\":[{\"users\":[]}]}"},
    {" \n{\"rows\":[{\"users\":[ {\"a\":1} , {} ]}]}\r\n\t ", "{\"a\":1}\n{}\n{\"rows\":[{\"users\":[]}]}"},
    {"{ \"rows\" : [ { \"users\" : [1] } ] }", "1\n{ \"rows\" : [ { \"users\" : [] } ] }"},

    /* Elements of every type. */
    {"{\"rows\":[{\"users\":[1,-2.5e+7,true,null,\"x\",[],[[{}]],{\"a\":[]}]}]}",
     "1\n-2.5e+7\ntrue\nnull\n\"x\"\n[]\n[[{}]]\n{\"a\":[]}\n{\"rows\":[{\"users\":[]}]}"},
    {"{\"rows\":[{\"users\":[ 7 ]}]}", "7\n{\"rows\":[{\"users\":[]}]}"},

    /* Brackets, commas, quotes in strings. */
    {"{\"rows\":[{\"users\":[{\"a\":\"}]}{[\"},\"],[\",{\"b\":\"\\\"}\\\\\"}]}]}",
     "{\"a\":\"}]}{[\"}\n\"],[\"\n{\"b\":\"\\\"}\\\\\"}\n{\"rows\":[{\"users\":[]}]}"},
    {"{\"rows\":[{\"name\":\"\\\"users\\\":[{\\\"id\\\":1}]}]}\",\"users\":[2]}]}",
     "2\n{\"rows\":[{\"name\":\"\\\"users\\\":[{\\\"id\\\":1}]}]}\",\"users\":[]}]}"},

    /* Lists of users anywhere else stay in the envelope. */
    {"{\"users\":[1],\"rows\":[{\"users\":[2]}]}", "2\n{\"users\":[1],\"rows\":[{\"users\":[]}]}"},
    {"{\"rows\":[{\"team\":{\"users\":[1]},\"users\":[2]}]}",
     "2\n{\"rows\":[{\"team\":{\"users\":[1]},\"users\":[]}]}"},
    {"{\"rows\":[{\"team\":[{\"users\":[1]}],\"users\":[2]}]}",
     "2\n{\"rows\":[{\"team\":[{\"users\":[1]}],\"users\":[]}]}"},
    {"{\"rows\":[[{\"users\":[1]}],[\"users\",[2]]]}", "{\"rows\":[[{\"users\":[1]}],[\"users\",[2]]]}"},
    {"{\"rows\":{\"users\":[1]}}", "{\"rows\":{\"users\":[1]}}"},
    {"{\"data\":{\"rows\":[{\"users\":[1]}]}}", "{\"data\":{\"rows\":[{\"users\":[1]}]}}"},
    {"{\"a\":\"rows\",\"b\":[{\"users\":[1]}]}", "{\"a\":\"rows\",\"b\":[{\"users\":[1]}]}"},
    {"{\"rows\":0,\"b\":[{\"users\":[1]}]}", "{\"rows\":0,\"b\":[{\"users\":[1]}]}"},
    {"{\"rows\":[{\"users\":null,\"b\":[1]}]}", "{\"rows\":[{\"users\":null,\"b\":[1]}]}"},
    {"{\"rows\":[{\"xusers\":[1],\"users2\":[1],\"user\":[1],\"USERS\":[1]}]}",
     "{\"rows\":[{\"xusers\":[1],\"users2\":[1],\"user\":[1],\"USERS\":[1]}]}"},

    /* More rows or lists than one: all are cut, decode_envelope refuses the answer. */
    {"{\"rows\":[{\"users\":[1]},{\"users\":[2]}]}", "1\n2\n{\"rows\":[{\"users\":[]},{\"users\":[]}]}"},
    {"{\"rows\":[{\"users\":[1],\"users\":[2]}]}", "1\n2\n{\"rows\":[{\"users\":[],\"users\":[]}]}"},

    /* What is wrong inside a slice, or in the envelope's grammar, is not the slicer's to judge. */
    {"{\"rows\":[{\"users\":[0\t,9\r,a,z,A,Z,+.-]}]}", "0\n9\na\nz\nA\nZ\n+.-\n{\"rows\":[{\"users\":[]}]}"},
    {"{\"rows\":[{\"users\":[{\"a\" \"b\",,},{12x:\\},\"\t\x01\xff\"]}]}",
     "{\"a\" \"b\",,}\n{12x:\\}\n\"\t\x01\xff\"\n{\"rows\":[{\"users\":[]}]}"},
    {"{,\"rows\":[{\"users\":[1]} 7]:}", "1\n{,\"rows\":[{\"users\":[]} 7]:}"},
};

static void the_elements_of_users_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cut); i++) {
        size_t length = strlen(cut[i].body);
        for (size_t size = 1; size <= length; size++)
            assert_transcript(cut[i].body, length, (struct chunking){.size = size}, cut[i].expected);
        assert_agreement(cut[i].body, length, in_one_piece);
    }
}

#define UP_TO_USERS "{\"rows\":[{\"users\":["

/* Body and what the sentence says; the number of the wrong byte is in it. */
static const struct {
    const char *body, *sentence;
} refused[] = {
    {"", "ends after 0 bytes in the middle of its document"},
    {" \n", "ends after 2 bytes in the middle of its document"},
    {"{\"rows\":[{\"users\":[1", "ends after 20 bytes in the middle of its document"},
    {"\xef\xbb\xbf{}", "at its byte 1 there is a byte order mark"},
    {"\xff\xfe{\0}\0", "at its byte 1 there is a byte order mark"},
    {"\xfe\xff\0{\0}", "at its byte 1 there is a byte order mark"},
    {"<html>", "at its byte 1 no JSON object begins"},
    {"[{}]", "at its byte 1 no JSON object begins"},
    {"\"rows\"", "at its byte 1 no JSON object begins"},
    {"}", "at its byte 1 no JSON object begins"},
    {"{} {}", "at its byte 4 something follows the end of the document"},
    {"{}]", "at its byte 3 something follows the end of the document"},
    {UP_TO_USERS "1]}]}\n,", "at its byte 26 something follows the end of the document"},
    {"{]", "at its byte 2 a bracket closes one of the other kind"},
    {"{\"rows\":[{\"a\":[}]", "at its byte 16 a bracket closes one of the other kind"},
    {UP_TO_USERS "}", "at its byte 20 a bracket closes one of the other kind"},
    {UP_TO_USERS "{]", "at its byte 21 a bracket closes one of the other kind"},
    {UP_TO_USERS "[}", "at its byte 21 a bracket closes one of the other kind"},
    {UP_TO_USERS "{\"a\":[1}]", "at its byte 27 a bracket closes one of the other kind"},
    {UP_TO_USERS "{}}", "at its byte 22 a comma between records is missing"},
    {UP_TO_USERS "1]]", "at its byte 22 a bracket closes one of the other kind"},
    {UP_TO_USERS "{}{}", "at its byte 22 a comma between records is missing"},
    {UP_TO_USERS "1 2", "at its byte 22 a comma between records is missing"},
    {UP_TO_USERS "1\"x\"", "at its byte 21 a comma between records is missing"},
    {UP_TO_USERS "1:2", "at its byte 21 a comma between records is missing"},
    {UP_TO_USERS "\"a\":2", "at its byte 23 a comma between records is missing"},
    {UP_TO_USERS ",1", "at its byte 20 a record is missing before a comma"},
    {UP_TO_USERS "1,,2", "at its byte 22 a record is missing before a comma"},
    {UP_TO_USERS "1,]", "at its byte 22 the list of users ends behind a comma"},
    {UP_TO_USERS ":", "at its byte 20 stands what cannot begin a record"},
    {UP_TO_USERS "1,'a'", "at its byte 22 stands what cannot begin a record"},
    {UP_TO_USERS "\\", "at its byte 20 stands what cannot begin a record"},
    {UP_TO_USERS "/", "at its byte 20 stands what cannot begin a record"},
    {UP_TO_USERS "@", "at its byte 20 stands what cannot begin a record"},
    {UP_TO_USERS "`", "at its byte 20 stands what cannot begin a record"},
    {UP_TO_USERS "|", "at its byte 20 stands what cannot begin a record"},
};

static void malformed_bodies_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        size_t length = strlen(refused[i].body);
        char *text = transcript(refused[i].body, length, in_one_piece);
        if (!strstr(text, refused[i].sentence))
            fail_msg("%s\n  gives: %s\n  not:   %s", refused[i].body, text, refused[i].sentence);
        assert_transcript(refused[i].body, length, in_single_bytes, text);
        free(text);
    }
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* The body with `count` times `filling` between its parts; how it ends up, in one piece and byte by byte. */
static int status_with(const char *before, const char *filling, size_t count, const char *after)
{
    static struct slicing slicing;
    struct buffer body;

    buffer_init(&body, 1 << 20);
    buffer_add_text(&body, before);
    for (size_t i = 0; i < count; i++)
        buffer_add_text(&body, filling);
    buffer_add_text(&body, after);
    slicing_run(&slicing, body.data, body.length, in_one_piece);
    int status = slicing.status;
    assert_true(status == 0 || strstr(slicing.error.text, "the limit is"));
    slicing_done(&slicing);
    slicing_run(&slicing, body.data, body.length, in_single_bytes);
    assert_int_equal(slicing.status, status);
    slicing_done(&slicing);
    buffer_done(&body);
    return status;
}

static void limits_are_exact(void **state)
{
    size_t envelope = strlen(UP_TO_USERS "]}],\"a\":\"\"}");
    (void)state;

    assert_int_equal(status_with(UP_TO_USERS "\"", "x", SLICE_MAX - 2, "\"]}]}"), 0);
    assert_int_equal(status_with(UP_TO_USERS "\"", "x", SLICE_MAX - 1, "\"]}]}"), -ERROR_MALFORMED);
    assert_int_equal(status_with(UP_TO_USERS "[", " ", SLICE_MAX - 2, "]]}]}"), 0);
    assert_int_equal(status_with(UP_TO_USERS "[", " ", SLICE_MAX - 1, "]]}]}"), -ERROR_MALFORMED);
    assert_int_equal(status_with(UP_TO_USERS, "1", SLICE_MAX - 1, "]}]}"), 0);
    assert_int_equal(status_with(UP_TO_USERS, "1", SLICE_MAX + 1, "]}]}"), -ERROR_MALFORMED);

    assert_int_equal(status_with(UP_TO_USERS "]}],\"a\":\"", "x", ENVELOPE_MAX - envelope, "\"}"), 0);
    assert_int_equal(status_with(UP_TO_USERS "]}],\"a\":\"", "x", ENVELOPE_MAX - envelope + 1, "\"}"),
                     -ERROR_MALFORMED);
    /* Full with the bracket that opens the list, or just before. */
    for (size_t left = 0; left < 2; left++) {
        size_t count = ENVELOPE_MAX - strlen("{\"a\":\"\",\"rows\":[{\"users\":[") + left;
        assert_int_equal(status_with("{\"a\":\"", "x", count, "\",\"rows\":[{\"users\":[1]}]}"),
                         -ERROR_MALFORMED);
    }
}

/* White space around the records, or around the document, takes nothing of the limits. */
static void white_space_has_no_limit(void **state)
{
    (void)state;
    assert_int_equal(status_with(UP_TO_USERS "1,", " ", 2 * SLICE_MAX, "2]}]}"), 0);
    assert_int_equal(status_with("", "\n", 2 * ENVELOPE_MAX, UP_TO_USERS "]}]}"), 0);
    assert_int_equal(status_with(UP_TO_USERS "]}]}", "\n", 2 * ENVELOPE_MAX, ""), 0);
}

static void nesting_is_limited_everywhere(void **state)
{
    char opening[64], closing[64];
    (void)state;

    for (size_t depth = 1; depth < 60; depth++) {
        memset(opening, '[', depth);
        memset(closing, ']', depth);
        opening[depth] = closing[depth] = '\0';
        strcat(closing, "]}]}");
        assert_int_equal(status_with(UP_TO_USERS, opening, 1, closing),
                         depth + 4 <= SLICE_NESTING_MAX ? 0 : -ERROR_MALFORMED);
        strcpy(closing + depth, "}");
        assert_int_equal(status_with("{\"a\":", opening, 1, closing),
                         depth + 1 <= SLICE_NESTING_MAX ? 0 : -ERROR_MALFORMED);
    }
}

/* --- blocks ------------------------------------------------------------------------------------------------------- */

/* What the block scan must not trip over, at every offset within a block, with chunks that end at every byte of it. */
static void strings_are_followed_across_blocks(void **state)
{
    static const char *const knots[] = {"\"", "\\\"",    "\\\\\"",      "\",\"b\":\"",
                                        "]}", "\\u005d", "{[\\\\\\\"[{"};
    char body[512];
    (void)state;

    for (size_t knot = 0; knot < COUNT(knots); knot++) {
        for (size_t offset = 0; offset < 140; offset++) {
            int length = snprintf(body, sizeof(body),
                                  UP_TO_USERS "{\"a\":\"%*s%s]}]}\",\"b\":[\"}\",{}],\"c\":\"%*s\"},3]}]}",
                                  (int)offset, "", knots[knot], 70, "");
            char *expected = transcript(body, (size_t)length, in_single_bytes);
            for (size_t first = 20 + offset; first < 40 + offset; first++)
                assert_transcript(body, (size_t)length, (struct chunking){.first = first, .size = SIZE_MAX},
                                  expected);
            free(expected);
        }
    }
}

/* --- random documents --------------------------------------------------------------------------------------------- */

static void add_space(struct buffer *body, uint64_t *seed)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r\n  "};
    buffer_add_text(body, spaces[random_below(seed, COUNT(spaces))]);
}

static void add_string(struct buffer *body, uint64_t *seed)
{
    static const char *const parts[] = {
        "",         "users",
        "rows",     "\\\"users\\\":[{\\\"id\\\":1}]",
        "{",        "}",
        "[",        "]",
        ",",        ":",
        "\\\\",     "\\\"",
        "\\u0000",  "\\ud83d\\ude00",
        "\xc3\xa9", "Amy ",
        "x",        "a long name that goes on for more than sixty-four bytes in all"};
    buffer_add_char(body, '"');
    for (size_t n = random_below(seed, 5); n > 0; n--)
        buffer_add_text(body, parts[random_below(seed, COUNT(parts))]);
    buffer_add_char(body, '"');
}

static void add_value(struct buffer *body, uint64_t *seed, unsigned depth);

/* Keys of one object differ by their number; those of decoys are the names that the slicer looks for. */
static void add_pair(struct buffer *body, uint64_t *seed, size_t number, unsigned depth)
{
    static const char *const names[] = {"users", "rows"};
    size_t choice = random_below(seed, 4);

    if (number == 0 && choice < COUNT(names) && depth > 1)
        buffer_add_format(body, "\"%s\"", names[choice]);
    else
        buffer_add_format(body, "\"k%zu\"", number);
    add_space(body, seed);
    buffer_add_char(body, ':');
    add_space(body, seed);
    add_value(body, seed, depth);
    add_space(body, seed);
}

static void add_container(struct buffer *body, uint64_t *seed, bool object, unsigned depth)
{
    size_t count = random_below(seed, 5);

    buffer_add_char(body, object ? '{' : '[');
    add_space(body, seed);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(body, ',');
        add_space(body, seed);
        if (object)
            add_pair(body, seed, i, depth + 1);
        else
            add_value(body, seed, depth + 1);
        add_space(body, seed);
    }
    buffer_add_char(body, object ? '}' : ']');
}

static void add_value(struct buffer *body, uint64_t *seed, unsigned depth)
{
    static const char *const words[] = {"true", "false", "null", "0", "-1.5e-3", "12345678901234567"};
    size_t choice = random_below(seed, depth < 6 ? 10 : 6);

    if (choice < 3)
        add_string(body, seed);
    else if (choice < 6)
        buffer_add_text(body, words[random_below(seed, COUNT(words))]);
    else
        add_container(body, seed, choice < 8, depth);
}

/* An object with random pairs in front, the pair that matters, and random pairs behind it. */
static void open_around(struct buffer *body, uint64_t *seed, const char *key)
{
    buffer_add_char(body, '{');
    add_space(body, seed);
    for (size_t i = random_below(seed, 3); i > 0; i--) {
        add_pair(body, seed, 100 + i, 2);
        buffer_add_char(body, ',');
        add_space(body, seed);
    }
    buffer_add_format(body, "\"%s\"", key);
    add_space(body, seed);
    buffer_add_char(body, ':');
    add_space(body, seed);
}

static void close_around(struct buffer *body, uint64_t *seed)
{
    add_space(body, seed);
    for (size_t i = random_below(seed, 3); i > 0; i--) {
        buffer_add_char(body, ',');
        add_space(body, seed);
        add_pair(body, seed, 200 + i, 2);
    }
    buffer_add_char(body, '}');
}

static void add_document(struct buffer *body, uint64_t *seed)
{
    add_space(body, seed);
    open_around(body, seed, "rows");
    buffer_add_char(body, '[');
    for (size_t row = 0, rows = 1 + random_below(seed, 2); row < rows; row++) {
        buffer_add_text(body, row > 0 ? "," : "");
        open_around(body, seed, "users");
        if (random_below(seed, 10) == 0)
            add_value(body, seed, 3);
        else
            add_container(body, seed, false, 4);
        close_around(body, seed);
    }
    buffer_add_char(body, ']');
    close_around(body, seed);
    add_space(body, seed);
}

static struct chunking random_chunking(uint64_t *seed)
{
    return (struct chunking){.size = 1 + random_below(seed, 200), .seed = random_next(seed) | 1};
}

static void random_documents_come_out_as_jansson_sees_them(void **state)
{
    uint64_t seed = 20240229;
    (void)state;

    for (int round = 0; round < 1000; round++) {
        struct buffer body;
        buffer_init(&body, 1 << 20);
        add_document(&body, &seed);
        json_t *whole = json_loadb(body.data, body.length, SLICING_FLAGS, NULL);
        assert_non_null(whole);
        json_decref(whole);
        assert_agreement(body.data, body.length, random_chunking(&seed));
        buffer_done(&body);
    }
}

/* A few bytes of a sound document are overwritten, left out or doubled. */
static void damage(struct buffer *body, uint64_t *seed)
{
    static const char bytes[] = "\"\"\\{}[],:1 x";
    for (size_t n = 1 + random_below(seed, 3); n > 0; n--) {
        size_t at = random_below(seed, body->length);
        switch (random_below(seed, 3)) {
        case 0:
            memmove(body->data + at, body->data + at + 1, body->length - at);
            body->length--;
            break;
        case 1:
            buffer_add_char(body, ' ');
            memmove(body->data + at + 1, body->data + at, body->length - at - 1);
            break;
        default:
            body->data[at] = bytes[random_below(seed, sizeof(bytes) - 1)];
        }
    }
}

static void damaged_documents_are_judged_as_jansson_does(void **state)
{
    uint64_t seed = 19700101;
    (void)state;

    for (int round = 0; round < 3000; round++) {
        struct buffer body;
        buffer_init(&body, 1 << 20);
        add_document(&body, &seed);
        damage(&body, &seed);
        assert_agreement(body.data, body.length, random_chunking(&seed));
        buffer_done(&body);
    }
}

/* --- the callback ------------------------------------------------------------------------------------------------- */

static int refuse_second_cb(void *context, const char *slice, size_t length, struct error *error)
{
    int *calls = context;

    (void)slice;
    (void)length;
    return ++*calls < 2 ? 0 : error_set(error, ERROR_UNAVAILABLE, "no more");
}

static void a_callback_can_stop_the_slicer(void **state)
{
    static const struct chunking chunkings[] = {{.size = SIZE_MAX}, {.size = 1}};
    static const char body[] = UP_TO_USERS "{},{},{}]}]}";
    (void)state;

    for (size_t i = 0; i < COUNT(chunkings); i++) {
        struct error error = {.class = ERROR_NONE};
        int calls = 0;
        struct slicer *slicer = slicer_new(refuse_second_cb, &calls);
        assert_int_equal(feed(slicer, body, strlen(body), chunkings[i], &error), -ERROR_UNAVAILABLE);
        assert_string_equal(error.text, "no more");
        assert_int_equal(calls, 2);
        slicer_free(slicer);
    }
    slicer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_answer_has_three_slices),
        cmocka_unit_test(every_split_gives_the_same),
        cmocka_unit_test(an_answer_cut_short_fails),
        cmocka_unit_test(the_elements_of_users_are_cut),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(white_space_has_no_limit),
        cmocka_unit_test(nesting_is_limited_everywhere),
        cmocka_unit_test(strings_are_followed_across_blocks),
        cmocka_unit_test(random_documents_come_out_as_jansson_sees_them),
        cmocka_unit_test(damaged_documents_are_judged_as_jansson_does),
        cmocka_unit_test(a_callback_can_stop_the_slicer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

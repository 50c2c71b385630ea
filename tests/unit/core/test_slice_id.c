/* The id of a slice that cannot be decoded: read where nothing is in doubt, and never so that somebody else is lost. */
#include "core/slicing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ID    "b9c8c05a-4a76-11eb-b378-0242ac130002"
#define OTHER "b33b2d5b-da2b-4eac-8bfd-846bd59f5b2d"

static const struct {
    const char *slice;
    bool readable;
} with_id[] = {
    {"{\"id\":\"" ID "\"}", true},
    {"{ \"id\" :\n\"" ID "\"\t\r}", true},
    {"{\"id\":\"B9C8C05A-4A76-11EB-B378-0242AC130002\"}", true},
    {"{\"a\":{\"id\":\"" OTHER "\"},\"b\":[{\"id\":1}],\"id\":\"" ID "\",\"c\":null}", true},

    /* Values that no parser takes spoil their own record only. */
    {"{\"name\":\"\\ud800\",\"id\":\"" ID "\"}", true},
    {"{\"name\":\"\\u0000\x01\xff\\x\",\"id\":\"" ID "\"}", true},
    {"{\"n\":12345678901234567890,\"m\":1e400,\"o\":0x1.,\"id\":\"" ID "\"}", true},
    {"{\"n\":-1.5E+7,\"z\":z,\"Z\":Z,\"id\":\"" ID "\"}", true},
    {"{\"a\":{},\"b\":[],\"c\":[[],{}],\"id\":\"" ID "\"}", true},
    {"{\"a\":\"id\",\"id\":\"" ID "\",\"b\":\"\\\"id\\\":\"}", true},
    {"{\"a\":1,\"a\":2,\"id\":\"" ID "\"}", true},
    {"{\"a\":{ },\"b\":[ ],\"i\":0,\"idx\":1,\"id\":\"" ID "\"}", true},

    /* No id, two, or none that is plain. */
    {"{}", false},
    {"{\"a\":1}", false},
    {"{\"id\":\"" ID "\",\"id\":\"" ID "\"}", false},
    {"{\"id\":\"" ID "\",\"id\":null}", false},
    {"{\"id\":null}", false},
    {"{\"id\":{\"id\":\"" ID "\"}}", false},
    {"{\"id\":\"\"}", false},
    {"{\"id\":\"" ID " \"}", false},
    {"{\"id\":\"b9c8c05a-4a76-11eb-b378-0242ac13000\\u0032\"}", false},
    {"{\"ID\":\"" ID "\"}", false},
    {"{\"a\":{\"id\":\"" ID "\"}}", false},
    {"{\"\\u0069d\":\"" ID "\"}", false},
    {"{\"id\":\"" ID "\",\"\\u0069d\":\"" OTHER "\"}", false},

    /* No object. */
    {"", false},
    {"1", false},
    {"\"id\"", false},
    {"[\"id\",\"" ID "\"]", false},
    {"{\"id\":\"" ID "\"}{\"id\":\"" OTHER "\"}", false},

    /* No sound structure. */
    {"{\"id\":\"" ID "\"", false},
    {"{\"id\":\"" ID, false},
    {"{\"id\":\"" ID "\\", false},
    {"{\"id\":\"" ID "\",}", false},
    {"{\"id\":\"" ID "\",\"a\":", false},
    {"{\"id\":\"" ID "\",\"a\":1", false},
    {"{\"id\":\"" ID "\"]", false},
    {"{\"id\":\"" ID "\",\"a\"}", false},
    {"{\"id\":\"" ID "\",\"a\":}", false},
    {"{\"id\":\"" ID "\",a:1}", false},
    {"{\"id\":\"" ID "\",\"a\":1 2}", false},
    {"{\"id\":\"" ID "\",\"a\":\"x\"y}", false},
    {"{\"id\":\"" ID "\",\"a\":\\\"x\"}", false},
    {"{\"id\":\"" ID "\",\"a\":[1,]}", false},
    {"{\"id\":\"" ID "\",\"a\":[1}", false},
    {"{\"id\":\"" ID "\",\"a\":[1:2]}", false},
    {"{\"id\":\"" ID "\",\"a\":[}", false},
    {"{\"id\":\"" ID "\",\"a\":{\"b\"}", false},
    {"{\"id\":\"" ID "\",\"a\":{\"b\"}}", false},
    {"{\"id\":\"" ID "\",\"a\":{\"b\":1]}", false},
    {"{\"id\":\"" ID "\",{\"id\":\"" OTHER "\"}}", false},
};

static void ids_are_read_from_sound_structures_only(void **state)
{
    struct uuid expected;
    (void)state;

    assert_true(uuid_parse(ID, UUID_TEXT_LENGTH, &expected));
    for (size_t i = 0; i < COUNT(with_id); i++) {
        struct uuid found = {{0}};
        size_t length = strlen(with_id[i].slice);
        char *slice = malloc(length + 1); /* without the NUL, so that reading beyond is noticed */
        memcpy(slice, with_id[i].slice, length);
        slice = realloc(slice, length > 0 ? length : 1);
        if (slice_read_id(slice, length, &found) != with_id[i].readable)
            fail_msg("%s", with_id[i].slice);
        if (with_id[i].readable)
            assert_true(uuid_equal(&found, &expected));
        free(slice);
    }
}

/* Of a record with so many brackets in each other, its own included. */
static bool is_readable_when_nested(const char *opening, const char *closing, int depth)
{
    struct buffer slice;
    struct uuid found;

    buffer_init(&slice, 1 << 20);
    buffer_add_text(&slice, "{\"id\":\"" ID "\",\"a\":");
    for (int i = 1; i < depth; i++)
        buffer_add_text(&slice, opening);
    buffer_add_text(&slice, "1");
    for (int i = 1; i < depth; i++)
        buffer_add_text(&slice, closing);
    buffer_add_text(&slice, "}");
    bool readable = slice_read_id(slice.data, slice.length, &found);
    buffer_done(&slice);
    return readable;
}

static void ids_are_not_read_below_any_depth(void **state)
{
    static const struct {
        const char *opening, *closing;
    } brackets[] = {{"[", "]"}, {"{\"b\":", "}"}};
    (void)state;

    for (size_t i = 0; i < COUNT(brackets); i++) {
        assert_true(is_readable_when_nested(brackets[i].opening, brackets[i].closing, SLICE_NESTING_MAX));
        assert_false(
            is_readable_when_nested(brackets[i].opening, brackets[i].closing, SLICE_NESTING_MAX + 1));
        assert_false(is_readable_when_nested(brackets[i].opening, brackets[i].closing, 100000));
    }
}

/* --- one record against its neighbours ---------------------------------------------------------------------------- */

/* Whether a poll could call somebody of the documented answer absent: the slicing went well, the envelope can be parsed,
 * there are slices, each has a readable id, and yet one of the three ids is missing. */
static bool loses_somebody(const struct slicing *slicing)
{
    static const char *const ids[] = {ID, OTHER, "fc3801a2-cd12-4a9a-ae65-ba7e81b37a4b"};
    unsigned found = 0;

    for (size_t i = 0; slicing->status == 0 && i < slicing->count; i++) {
        struct uuid id;
        char text[UUID_TEXT_LENGTH + 1];
        if (!slice_read_id(slicing_slice(slicing, i), slicing->lengths[i], &id))
            return false;
        uuid_format(&id, text);
        for (unsigned n = 0; n < COUNT(ids); n++)
            found |= (unsigned)(strcmp(text, ids[n]) == 0) << n;
    }
    if (slicing->status != 0 || slicing->count == 0 || found == 7)
        return false;
    json_t *envelope = json_loadb(slicing->envelope.data, slicing->envelope.length, SLICING_FLAGS, NULL);
    json_decref(envelope);
    return envelope != NULL;
}

/* The answer with the same byte put in at two places. */
static void check_with_insertions(const char *answer, size_t length, size_t first, size_t second, char byte)
{
    static struct slicing slicing;
    static char body[8192];

    memcpy(body, answer, first);
    body[first] = byte;
    memcpy(body + first + 1, answer + first, second - first);
    body[second + 1] = byte;
    memcpy(body + second + 2, answer + second, length - second);
    slicing_run(&slicing, body, length + 2, in_one_piece);
    if (loses_somebody(&slicing))
        fail_msg("somebody is lost by '%c' before bytes %zu and %zu", byte, first, second);
    slicing_done(&slicing);
}

static void no_record_hides_its_neighbours(void **state)
{
    static const char bytes[] = "\"\\{}[]";
    size_t length;
    const char *answer = slicing_documented_answer(&length);
    size_t users = (size_t)(strstr(answer, "\"users\"") - answer);
    (void)state;

    for (size_t n = 0; bytes[n]; n++) {
        for (size_t first = users; first < length; first += 5) {
            for (size_t second = first; second < length; second += 1 + (second - first) % 53)
                check_with_insertions(answer, length, first, second, bytes[n]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_read_from_sound_structures_only),
        cmocka_unit_test(ids_are_not_read_below_any_depth),
        cmocka_unit_test(no_record_hides_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

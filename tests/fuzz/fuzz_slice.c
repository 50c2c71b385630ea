/*
 * The slicer against jansson: both take the same documents apart alike, at any chunk boundary, and an id is read
 * exactly where jansson reads the same one.
 *
 * Input: the body, and one byte for the size of its chunks.
 */
#include "core/slicing.h"
#include "fuzz.h"

static bool same_bytes(const struct buffer *left, const struct buffer *right)
{
    return left->length == right->length &&
           (left->length == 0 || memcmp(left->data, right->data, left->length) == 0);
}

/* The outcome in chunks of any size is that of the whole. */
static void check_chunks(const struct input *body, struct chunking chunking)
{
    static struct slicing whole, parts;

    slicing_run(&whole, body->text, body->length, in_one_piece);
    slicing_run(&parts, body->text, body->length, chunking);
    claim(whole.status == parts.status && strcmp(whole.error.text, parts.error.text) == 0,
          "chunks give another verdict");
    claim(same_bytes(&whole.slices, &parts.slices), "chunks give other slices");
    claim(same_bytes(&whole.envelope, &parts.envelope), "chunks give another envelope");
    slicing_done(&whole);
    slicing_done(&parts);
}

/* An object as the slicer hands it over, in which nothing is spelled in a way that slice_read_id must distrust. */
static bool is_plain_slice(const char *text, size_t length)
{
    size_t brackets = 0;

    for (size_t i = 0; i < length; i++)
        brackets += text[i] == '{' || text[i] == '[';
    return brackets < SLICE_NESTING_MAX && text[0] == '{' && text[length - 1] == '}' &&
           memchr(text, '\\', length) == NULL;
}

/* The last one, as jansson has it, where it stands twice. */
static bool find_id(const json_t *object, struct uuid *ret_id)
{
    const json_t *value = json_object_get(object, "id");

    return json_is_string(value) && uuid_parse(json_string_value(value), json_string_length(value), ret_id);
}

static void check_id(const struct input *slice)
{
    json_t *object = json_loadb(slice->text, slice->length, SLICING_FLAGS, NULL);
    json_t *lenient = json_loadb(slice->text, slice->length, JSON_ALLOW_NUL, NULL);
    struct uuid found, expected;
    bool is_read = slice_read_id(slice->text, slice->length, &found);

    if (is_read && json_is_object(lenient))
        claim(find_id(lenient, &expected) && uuid_equal(&found, &expected), "jansson reads another id");
    if (find_id(object, &expected) && is_plain_slice(slice->text, slice->length))
        claim(is_read, "an id is overlooked");
    json_decref(lenient);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input body;

    if (!input_take(data, size, 1, &body) || body.length == 0)
        return 0;
    const char *complaint = slicing_disagreement(body.text, body.length, in_one_piece);
    claim(!complaint, complaint);
    size_t chunk = (size_t)body.options[0] / 2 + 1; /* odd: chunks of any size up to that */
    check_chunks(&body, (struct chunking){.size = chunk, .seed = body.options[0] % 2 ? chunk : 0});
    check_id(&body);
    return 0;
}

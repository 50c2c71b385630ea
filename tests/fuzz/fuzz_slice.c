/*
 * The slicer against jansson on whatever libFuzzer thinks of: both take the same documents apart alike, at any chunk
 * boundary, and an id is read only where jansson reads the same one. Not part of the build:
 *
 *     clang-14 -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Idaemon -Itests/unit \
 *         tests/fuzz/fuzz_slice.c daemon/core/slice.c daemon/core/slice_id.c \
 *         daemon/base/{buffer,error,memory,random,uuid}.c -ljansson -o fuzz_slice
 *     ./fuzz_slice -dict=tests/fuzz/slice.dict -max_len=4096 corpus tests/data
 */
#define TEST_DATA "tests/data"
#include "core/slicing.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stop(const char *complaint)
{
    fprintf(stderr, "%s\n", complaint);
    abort();
}

/* The outcome in chunks of any size is that of the whole. */
static void check_chunks(const char *body, size_t length, size_t size)
{
    static struct slicing whole, parts;

    slicing_run(&whole, body, length, in_one_piece);
    slicing_run(&parts, body, length, (struct chunking){.size = size});
    if (whole.status != parts.status || strcmp(whole.error.text, parts.error.text) != 0 ||
        whole.slices.length != parts.slices.length || whole.envelope.length != parts.envelope.length ||
        (whole.slices.length > 0 && memcmp(whole.slices.data, parts.slices.data, whole.slices.length) != 0) ||
        (whole.envelope.length > 0 &&
         memcmp(whole.envelope.data, parts.envelope.data, whole.envelope.length) != 0))
        stop("chunks give another outcome");
    slicing_done(&whole);
    slicing_done(&parts);
}

static void check_id(const char *slice, size_t length)
{
    json_t *object = json_loadb(slice, length, SLICING_FLAGS, NULL);
    json_t *value = json_object_get(object, "id");
    struct uuid found, expected;

    if (slice_read_id(slice, length, &found) && json_is_object(object) &&
        (!uuid_parse(json_string_value(value), json_string_length(value), &expected) ||
         !uuid_equal(&found, &expected)))
        stop("jansson reads another id");
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;

    if (size == 0)
        return 0;
    size_t length = size - 1; /* the last byte is the chunks' size */
    const char *complaint = slicing_disagreement(body, length, in_one_piece);
    if (complaint)
        stop(complaint);
    check_chunks(body, length, (size_t)data[length] + 1);
    check_id(body, length);
    return 0;
}

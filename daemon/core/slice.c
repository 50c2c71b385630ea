/*
 * The slicer as a table of states. slice_read_id, the other part of slice.h, stands in slice_id.c.
 *
 *     BEFORE --{--> ENVELOPE --rows[].users[--> GAP <----> NESTED, SCALAR      one state a byte stands in;
 *                      |  ^----------------------'] ,      each has a step function that takes bytes
 *                      '--last }--> AFTER                  until another state has to go on
 *
 * It follows strings, escapes and brackets and nothing else. What a string or a number means, whether a comma inside a
 * slice or the envelope stands where it may, which keys there are twice: that is for jansson to say.
 */
#include "core/slice.h"

#include "base/memory.h"
#include "core/json_byte.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum state { STATE_BEFORE, STATE_ENVELOPE, STATE_GAP, STATE_NESTED, STATE_SCALAR, STATE_AFTER };

/* What came last in the array of users, while no element is being read. */
enum gap { GAP_START, GAP_ELEMENT, GAP_COMMA };

/* The brackets that lead to the elements, outermost first, and the key each must stand behind (NULL: none). */
static const struct path_step {
    char bracket;
    const char *key;
} path[] = {{'{', NULL}, {'[', "rows"}, {'{', NULL}, {'[', "users"}};

#define PATH_LENGTH (sizeof(path) / sizeof(path[0]))

struct slicer {
    slice_cb found_cb;
    void *context;

    const char *chunk; /* first byte of the chunk being fed */
    const char *at;    /* next byte to take; on failure behind the byte that was wrong */
    const char *end;   /* behind the chunk */
    uint64_t fed;      /* bytes of all former chunks */

    enum state state;
    enum gap gap;
    bool in_string;
    bool escaped;   /* the last byte was a backslash that protects the next one */
    unsigned depth; /* brackets open */
    uint32_t kinds; /* bit n: bracket n (0 is the outermost) is a '[' */

    unsigned matched;     /* brackets open that follow the path, counted from the outermost */
    size_t string_from;   /* the last string of the envelope, without quotes */
    size_t string_length; /* (its escapes are not resolved: the keys looked for need none) */
    size_t key_from;      /* the last string that a colon followed */
    size_t key_length;

    const char *element; /* where the element being read begins in the chunk, or the chunk where it goes on */
    struct buffer carry; /* what former chunks had of it */
    struct buffer envelope; /* everything but the elements and what stands between them */
};

struct slicer *slicer_new(slice_cb found_cb, void *context)
{
    struct slicer *slicer = memory_alloc(sizeof(*slicer));
    slicer->found_cb = found_cb;
    slicer->context = context;
    buffer_init(&slicer->carry, SLICE_MAX);
    buffer_init(&slicer->envelope, ENVELOPE_MAX);
    return slicer;
}

void slicer_free(struct slicer *slicer)
{
    if (!slicer)
        return;
    buffer_done(&slicer->carry);
    buffer_done(&slicer->envelope);
    free(slicer);
}

static int fail(const struct slicer *slicer, struct error *error, const char *what)
{
    return error_set(error, ERROR_MALFORMED, "the answer cannot be believed, at its byte %" PRIu64 " %s",
                     slicer->fed + (uint64_t)(slicer->at - slicer->chunk), what);
}

/* Keeps the stack of open brackets. The stack is never empty when one closes: outside the document none is taken. */
static int take_bracket(struct slicer *slicer, char bracket, struct error *error)
{
    bool array = bracket == '[' || bracket == ']';

    if (bracket == '{' || bracket == '[') {
        if (slicer->depth == SLICE_NESTING_MAX)
            return fail(slicer, error, "brackets nest too deep, the limit is 32");
        slicer->kinds &= ~(UINT32_C(1) << slicer->depth);
        slicer->kinds |= (uint32_t)array << slicer->depth;
        slicer->depth++;
        return 0;
    }
    if (((slicer->kinds >> (slicer->depth - 1)) & 1) != (uint32_t)array)
        return fail(slicer, error, "a bracket closes one of the other kind");
    slicer->depth--;
    return 0;
}

/* Before the document: white space only. */
static int step_before(struct slicer *slicer, struct error *error)
{
    char byte = *slicer->at;
    if (byte == '{') {
        slicer->state = STATE_ENVELOPE;
        return 0;
    }
    slicer->at++;
    if (byte == '\xef' || byte == '\xfe' || byte == '\xff')
        return fail(slicer, error, "there is a byte order mark");
    return json_is_space(byte) ? 0 : fail(slicer, error, "no JSON object begins");
}

static int step_after(struct slicer *slicer, struct error *error)
{
    char byte = *slicer->at++;
    return json_is_space(byte) ? 0 : fail(slicer, error, "something follows the end of the document");
}

/* Whether this opening bracket is the next step of the path. In the envelope there always is a next one. */
static bool follows_path(const struct slicer *slicer, char bracket)
{
    const struct path_step *next = &path[slicer->matched];

    if (slicer->matched != slicer->depth || bracket != next->bracket)
        return false;
    return !next->key ||
           (slicer->key_length == strlen(next->key) &&
            memcmp(slicer->envelope.data + slicer->key_from, next->key, slicer->key_length) == 0);
}

static int envelope_bracket(struct slicer *slicer, char bracket, struct error *error)
{
    if (follows_path(slicer, bracket))
        slicer->matched++;
    int result = take_bracket(slicer, bracket, error);
    if (result != 0)
        return result;

    if (slicer->matched > slicer->depth)
        slicer->matched = slicer->depth;
    if (slicer->depth == 0)
        slicer->state = STATE_AFTER;
    if (slicer->matched == PATH_LENGTH) {
        slicer->state = STATE_GAP;
        slicer->gap = GAP_START;
    }
    return 0;
}

static void envelope_string(struct slicer *slicer, char byte)
{
    if (slicer->escaped) {
        slicer->escaped = false;
    } else if (byte == '\\') {
        slicer->escaped = true;
    } else if (byte == '"') {
        slicer->in_string = false;
        slicer->string_length = slicer->envelope.length - 1 - slicer->string_from;
    }
}

static int step_envelope(struct slicer *slicer, struct error *error)
{
    char byte = *slicer->at++;

    if (buffer_add_char(&slicer->envelope, byte) != 0)
        return fail(slicer, error, "too much stands outside the list of users, the limit is 64 KiB");
    if (slicer->in_string) {
        envelope_string(slicer, byte);
    } else if (byte == '"') {
        slicer->in_string = true;
        slicer->string_from = slicer->envelope.length;
    } else if (byte == ':') {
        slicer->key_from = slicer->string_from;
        slicer->key_length = slicer->string_length;
    } else if (json_is_bracket(byte)) {
        return envelope_bracket(slicer, byte, error);
    }
    return 0;
}

/* The element that ends before `at` goes out: in place when the chunk has the whole of it. */
static int finish_element(struct slicer *slicer, struct error *error)
{
    size_t length = (size_t)(slicer->at - slicer->element);

    slicer->state = STATE_GAP;
    slicer->gap = GAP_ELEMENT;
    if (slicer->carry.length == 0)
        return slicer->found_cb(slicer->context, slicer->element, length, error);
    buffer_add(&slicer->carry, slicer->element, length); /* fits: see element_limit */
    int result = slicer->found_cb(slicer->context, slicer->carry.data, slicer->carry.length, error);
    buffer_clear(&slicer->carry);
    return result;
}

/* The chunk was taken and the element goes on in the next one. */
static void keep_element(struct slicer *slicer)
{
    size_t length = (size_t)(slicer->at - slicer->element);
    buffer_add(&slicer->carry, slicer->element, length); /* fits: see element_limit */
}

/* How far the element may be read: to the chunk's end, but no slice beyond its maximum. */
static const char *element_limit(const struct slicer *slicer)
{
    size_t room = SLICE_MAX - slicer->carry.length;
    size_t length = (size_t)(slicer->end - slicer->element);

    return slicer->element + (length < room ? length : room);
}

static int fail_too_long(struct slicer *slicer, struct error *error)
{
    slicer->at++;
    return fail(slicer, error, "a record becomes too long, the limit is 64 KiB");
}

static int begin_element(struct slicer *slicer, struct error *error)
{
    char byte = *slicer->at;

    slicer->element = slicer->at;
    if (json_is_scalar(byte)) {
        slicer->state = STATE_SCALAR;
        return 0;
    }
    slicer->at++;
    slicer->state = STATE_NESTED;
    if (byte == '"')
        slicer->in_string = true;
    else if (json_is_bracket(byte))
        return take_bracket(slicer, byte, error);
    else
        return fail(slicer, error, "stands what cannot begin a record");
    return 0;
}

static int end_elements(struct slicer *slicer, struct error *error)
{
    slicer->at++;
    if (slicer->gap == GAP_COMMA)
        return fail(slicer, error, "the list of users ends behind a comma");
    slicer->state = STATE_ENVELOPE;
    slicer->matched--;
    slicer->depth--;
    if (buffer_add_char(&slicer->envelope, ']') != 0)
        return fail(slicer, error, "too much stands outside the list of users, the limit is 64 KiB");
    return 0;
}

/* Between two elements: white space and one comma. */
static int step_gap(struct slicer *slicer, struct error *error)
{
    char byte = *slicer->at;

    if (json_is_space(byte)) {
        slicer->at++;
        return 0;
    }
    if (byte == ']')
        return end_elements(slicer, error);
    if ((byte == ',') == (slicer->gap == GAP_ELEMENT)) {
        if (byte != ',')
            return begin_element(slicer, error);
        slicer->at++;
        slicer->gap = GAP_COMMA;
        return 0;
    }
    slicer->at++;
    return fail(slicer, error,
                byte == ',' ? "a record is missing before a comma" : "a comma between records is missing");
}

/* A number or a word: ends before the first byte that cannot be part of one. */
static int step_scalar(struct slicer *slicer, struct error *error)
{
    const char *limit = element_limit(slicer);

    if (slicer->at == limit)
        return fail_too_long(slicer, error);
    while (slicer->at < limit && json_is_scalar(*slicer->at))
        slicer->at++;
    return slicer->at < limit ? finish_element(slicer, error) : 0;
}

/* Where quotes, backslashes and brackets stand in a block of bytes: bit n for byte n. */
struct marks {
    uint64_t quotes, backslashes, brackets;
};

#define BLOCK 64

#ifdef __SSE2__
static inline struct marks read_marks(const char *block)
{
    struct marks marks = {0, 0, 0};

    for (unsigned from = 0; from < BLOCK; from += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + from));
        __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        /* [ and { differ in one bit only, so do ] and } */
        __m128i braces = _mm_or_si128(bytes, _mm_set1_epi8('[' ^ '{'));
        __m128i brackets = _mm_or_si128(_mm_cmpeq_epi8(braces, _mm_set1_epi8('{')),
                                        _mm_cmpeq_epi8(braces, _mm_set1_epi8('}')));
        marks.quotes |= (uint64_t)(unsigned)_mm_movemask_epi8(quotes) << from;
        marks.backslashes |= (uint64_t)(unsigned)_mm_movemask_epi8(backslashes) << from;
        marks.brackets |= (uint64_t)(unsigned)_mm_movemask_epi8(brackets) << from;
    }
    return marks;
}
#else
static inline struct marks read_marks(const char *block)
{
    struct marks marks = {0, 0, 0};

    for (unsigned i = 0; i < BLOCK; i++) {
        marks.quotes |= (uint64_t)(block[i] == '"') << i;
        marks.backslashes |= (uint64_t)(block[i] == '\\') << i;
        marks.brackets |= (uint64_t)json_is_bracket(block[i]) << i;
    }
    return marks;
}
#endif

/* Bit n of the result: the exclusive or of bits 0 to n. Of quotes that makes strings, with their opening quote. */
static inline uint64_t prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* Both scans read on inside an element: 1 when it ends, `at` being behind it; 0 when it goes on; or a negative class.
 * This one takes a whole block without backslashes and looks only at the brackets outside strings. */
static int scan_block(struct slicer *slicer, const struct marks *marks, struct error *error)
{
    const char *block = slicer->at;
    uint64_t strings = prefix_xor(marks->quotes) ^ (slicer->in_string ? UINT64_MAX : 0);

    for (uint64_t left = marks->brackets & ~strings; left != 0; left &= left - 1) {
        slicer->at = block + __builtin_ctzll(left) + 1;
        int result = take_bracket(slicer, slicer->at[-1], error);
        if (result != 0)
            return result;
        if (slicer->depth == PATH_LENGTH) {
            slicer->in_string = false;
            return 1;
        }
    }
    slicer->at = block + BLOCK;
    slicer->in_string = strings >> 63;
    return 0;
}

static int scan_byte(struct slicer *slicer, struct error *error)
{
    char byte = *slicer->at++;

    if (slicer->escaped)
        slicer->escaped = false;
    else if (byte == '"')
        slicer->in_string = !slicer->in_string;
    else if (slicer->in_string)
        slicer->escaped = byte == '\\';
    else if (json_is_bracket(byte))
        return take_bracket(slicer, byte, error);
    return 0;
}

static int scan_bytes(struct slicer *slicer, const char *limit, struct error *error)
{
    while (slicer->at < limit) {
        int result = scan_byte(slicer, error);
        if (result != 0)
            return result;
        if (slicer->depth == PATH_LENGTH && !slicer->in_string)
            return 1;
    }
    return 0;
}

static int scan_element(struct slicer *slicer, const char *limit, struct error *error)
{
    int result = 0;

    while (result == 0 && slicer->at < limit) {
        bool whole = limit - slicer->at >= BLOCK;
        bool plain = whole && !slicer->escaped && slicer->depth > PATH_LENGTH;
        struct marks marks = plain ? read_marks(slicer->at) : (struct marks){0, 0, 0};
        if (plain && marks.backslashes == 0)
            result = scan_block(slicer, &marks, error);
        else
            result = scan_bytes(slicer, whole ? slicer->at + BLOCK : limit, error);
    }
    return result;
}

/* An object, an array or a string. */
static int step_nested(struct slicer *slicer, struct error *error)
{
    const char *limit = element_limit(slicer);

    if (slicer->at == limit)
        return fail_too_long(slicer, error);
    int result = scan_element(slicer, limit, error);
    return result > 0 ? finish_element(slicer, error) : result;
}

int slicer_feed(struct slicer *slicer, const char *bytes, size_t length, struct error *error)
{
    static int (*const steps[])(struct slicer *, struct error *) = {
        [STATE_BEFORE] = step_before, [STATE_ENVELOPE] = step_envelope, [STATE_GAP] = step_gap,
        [STATE_NESTED] = step_nested, [STATE_SCALAR] = step_scalar,     [STATE_AFTER] = step_after,
    };

    slicer->chunk = slicer->at = slicer->element = bytes;
    slicer->end = bytes + length;
    while (slicer->at < slicer->end) {
        int result = steps[slicer->state](slicer, error);
        if (result != 0)
            return result;
    }
    if (slicer->state == STATE_NESTED || slicer->state == STATE_SCALAR)
        keep_element(slicer);
    slicer->fed += length;
    return 0;
}

int slicer_end(struct slicer *slicer, const char **ret_envelope, size_t *ret_length, struct error *error)
{
    if (slicer->state != STATE_AFTER)
        return error_set(error, ERROR_MALFORMED,
                         "the answer cannot be believed, it ends after %" PRIu64
                         " bytes in the middle of its document",
                         slicer->fed);
    *ret_envelope = slicer->envelope.data;
    *ret_length = slicer->envelope.length;
    return 0;
}

/*
 * A table of the few fields that matter; all others pass by. libcurl has its own opinion of the same lines and is more
 * forgiving: of two lengths it takes the last.
 */
#include "luzmo/head.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS_MAX 18

/* A stretch of a line, without white space around it. */
struct span {
    const char *text;
    size_t length;
};

static bool is_space(char character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static struct span trimmed(const char *text, size_t length)
{
    while (length > 0 && is_space(text[0])) {
        text++;
        length--;
    }
    while (length > 0 && is_space(text[length - 1]))
        length--;
    return (struct span){text, length};
}

static bool is_word(struct span span, const char *word)
{
    return span.length == strlen(word) && strncasecmp(span.text, word, span.length) == 0;
}

static void keep(char value[HEAD_VALUE_MAX], struct span span)
{
    size_t length = span.length < HEAD_VALUE_MAX ? span.length : HEAD_VALUE_MAX - 1;

    if (value[0] != '\0')
        return;
    memcpy(value, span.text, length);
    value[length] = '\0';
}

static void take_content_type(struct head *head, struct span value)
{
    keep(head->content_type, value);
}

static void take_content_encoding(struct head *head, struct span value)
{
    if (!is_word(value, "identity"))
        keep(head->content_encoding, value);
}

static void take_content_length(struct head *head, struct span value)
{
    head->lengths++;
    head->length = 0;
    head->length_valid = value.length > 0 && value.length <= LENGTH_DIGITS_MAX;
    for (size_t i = 0; head->length_valid && i < value.length; i++) {
        head->length_valid = value.text[i] >= '0' && value.text[i] <= '9';
        head->length = head->length * 10 + (uint64_t)(value.text[i] - '0');
    }
}

static void take_transfer_encoding(struct head *head, struct span value)
{
    if (head->chunked || !is_word(value, "chunked"))
        head->transfer_coded = true;
    head->chunked = true;
}

static void take_location(struct head *head, struct span value)
{
    keep(head->location, value);
}

static void take_retry_after(struct head *head, struct span value)
{
    keep(head->retry_after, value);
}

static const struct {
    const char *name;
    void (*take)(struct head *head, struct span value);
} fields[] = {
    {"Content-Type", take_content_type},           {"Content-Encoding", take_content_encoding},
    {"Content-Length", take_content_length},       {"Location", take_location},
    {"Transfer-Encoding", take_transfer_encoding}, {"Retry-After", take_retry_after},
};

/* The number behind "HTTP/1.1 "; 0 when there is none. */
static long status_of(const char *line, size_t length)
{
    const char *space = memchr(line, ' ', length);
    long status = 0;

    if (!space || line + length - space < 4)
        return 0;
    for (const char *digit = space + 1; digit < space + 4; digit++) {
        if (*digit < '0' || *digit > '9')
            return 0;
        status = status * 10 + (*digit - '0');
    }
    return status;
}

static void begin(struct head *head, const char *line, size_t length)
{
    size_t bytes = head->bytes;

    *head = (struct head){.status = status_of(line, length), .bytes = bytes};
}

static void take_field(struct head *head, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);

    if (!colon)
        return;
    struct span name = trimmed(line, (size_t)(colon - line));
    struct span value = trimmed(colon + 1, (size_t)(line + length - colon - 1));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (is_word(name, fields[i].name))
            fields[i].take(head, value);
}

void head_init(struct head *head)
{
    *head = (struct head){.status = 0};
}

int head_add_line(struct head *head, const char *line, size_t length, struct error *error)
{
    head->bytes += length;
    if (head->bytes > HEAD_BYTES_MAX)
        return error_set(
            error, ERROR_MALFORMED,
            "the head of the answer is longer than %zu KiB; look at what stands between here and the API",
            HEAD_BYTES_MAX / 1024);
    if (head_is_final(head))
        return 0;
    if (length > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        begin(head, line, length);
    else if (trimmed(line, length).length == 0)
        head->ended = true;
    else
        take_field(head, line, length);
    return 0;
}

bool head_is_final(const struct head *head)
{
    return head->ended && (head->status >= 200 || head->status == 101);
}

static int check_encoding(const struct head *head, struct error *error)
{
    struct buffer shown;

    buffer_init(&shown, (size_t)HEAD_VALUE_MAX * 6);
    utf8_add_printable(&shown, head->content_encoding, strlen(head->content_encoding));
    int result = error_set(
        error, ERROR_MALFORMED,
        "the answer is encoded (%s) although nothing of the kind was asked for; look for a proxy on "
        "the way that does this",
        shown.data);
    buffer_done(&shown);
    return result;
}

int head_check_body(const struct head *head, uint64_t max_body, struct error *error)
{
    if (head->content_encoding[0] != '\0')
        return check_encoding(head, error);
    if (head->transfer_coded)
        return error_set(error, ERROR_MALFORMED, "the answer has a Transfer-Encoding other than chunked");
    if (head->lengths > 1 || (head->lengths > 0 && head->chunked))
        return error_set(error, ERROR_MALFORMED, "the answer says more than once where its body ends");
    if (head->lengths > 0 && !head->length_valid)
        return error_set(error, ERROR_MALFORMED, "the answer's Content-Length is not a number");
    if (head->lengths == 0 && !head->chunked)
        return error_set(
            error, ERROR_MALFORMED,
            "the answer does not say where its body ends (neither Content-Length nor chunked), so that it "
            "cannot be known to be whole");
    if (head->length > max_body)
        return error_set(error, ERROR_MALFORMED,
                         "the answer has %" PRIu64 " bytes, more than sync.max_body (%" PRIu64
                         ") allows; raise it if the organization is that large",
                         head->length, max_body);
    return 0;
}

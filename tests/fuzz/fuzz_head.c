/*
 * An HTTP head, line by line: what is kept of it fits, and no body is read of which nobody can tell where it ends.
 *
 * Input: the lines of the head.
 */
#include "fuzz.h"
#include "luzmo/head.h"

#define MAX_BODY (UINT64_C(1) << 31)

static void check_kept(const struct head *head)
{
    const char *const values[] = {head->content_type, head->content_encoding, head->location,
                                  head->retry_after};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        claim(memchr(values[i], '\0', HEAD_VALUE_MAX) != NULL, "a kept value has no end");
        claim(strchr(values[i], '\n') == NULL, "a kept value is more than a line");
    }
}

static void check_body(const struct head *head)
{
    struct error error;
    int status = head_check_body(head, MAX_BODY, &error);

    if (status < 0) {
        claim_refusal(&error, status, ERROR_MALFORMED);
        return;
    }
    claim(head->chunked != (head->lengths == 1), "a body is read that ends nowhere, or in two places");
    claim(head->length <= MAX_BODY && head->content_encoding[0] == '\0' && !head->transfer_coded,
          "a body is read that is too large or encoded");
}

/* In a heap block of its own: what is read beyond the line is noticed. */
static int add_line(struct head *head, const char *line, size_t length, struct error *error)
{
    char *copy = malloc(length);

    memcpy(copy, line, length);
    int status = head_add_line(head, copy, length, error);
    free(copy);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;
    struct error error;
    struct head head;
    int status = 0;

    head_init(&head);
    while (status == 0 && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        status = add_line(&head, at, (size_t)(next - at), &error);
        at = next;
    }
    check_kept(&head);
    if (status < 0)
        claim_refusal(&error, status, ERROR_MALFORMED);
    else if (head_is_final(&head))
        check_body(&head);
    return 0;
}

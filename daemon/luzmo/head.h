/*
 * The head of an HTTP answer, gathered line by line: what it says about the body that follows. Pure; what a status
 * means is answer's business.
 */
#ifndef LUZMO_HEAD_H
#define LUZMO_HEAD_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAD_BYTES_MAX ((size_t)(64 * 1024)) /* of all lines together, interim answers (1xx) included */
#define HEAD_VALUE_MAX 256                   /* of a value that is kept, with its NUL; longer ones are cut */

struct head {
    long status;                       /* 0 until the status line was read */
    bool ended;                        /* the empty line was read: later lines are a chunked body's trailer */
    bool chunked;                      /* Transfer-Encoding: chunked, and nothing else */
    bool transfer_coded;               /* any other Transfer-Encoding */
    bool length_valid;                 /* the Content-Length is a number */
    unsigned lengths;                  /* lines that say Content-Length */
    uint64_t length;                   /* bytes announced */
    char content_type[HEAD_VALUE_MAX]; /* each "" when missing; of several the first */
    char content_encoding[HEAD_VALUE_MAX];
    char location[HEAD_VALUE_MAX];
    char retry_after[HEAD_VALUE_MAX];
    size_t bytes;
};

void head_init(struct head *head);

/* One line as it came, with its line end. A status line after an interim answer begins anew. ERROR_MALFORMED when the
 * lines do not come to an end. */
MUST_CHECK int head_add_line(struct head *head, const char *line, size_t length, struct error *error);

/* The last line was read, and this is not an interim answer. 101 is none: another protocol follows, not another head. */
bool head_is_final(const struct head *head);

/* Of a final head: can it be known of the body that follows when it is whole, is it within max_body, and is it
 * plain? ERROR_MALFORMED if not. A body that only ends with the connection is refused: nothing tells it from one that
 * was cut off. */
MUST_CHECK int head_check_body(const struct head *head, uint64_t max_body, struct error *error);

#endif

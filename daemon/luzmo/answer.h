/*
 * Reading an HTTP answer's head: may its body be believed to be what was asked for, and if not, what does a person read
 * and when may it be tried again. Pure.
 */
#ifndef LUZMO_ANSWER_H
#define LUZMO_ANSWER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* status: HTTP status. content_type may be NULL. location: of a redirect, may be NULL. excerpt: the API's
 * message, or the first bytes of the body of a refused answer (HTML, text), shown printable and cut short; may be empty.
 * 0 for 200 with application/json; else a class: 401 and 403 CREDENTIALS, 404 CONFIG, 3xx MALFORMED naming the redirect,
 * 429 and 5xx UNAVAILABLE, 400 and everything else MALFORMED. */
MUST_CHECK int answer_check(long status, const char *content_type, const char *location, const char *excerpt,
                            size_t excerpt_length, struct error *error);

/* The same for a question beside the organization, which an API may refuse although address, key and token are right:
 * other sentences for 400, 403 and 404, and 404 is MALFORMED like every refusal. */
MUST_CHECK int answer_check_question(long status, const char *content_type, const char *location,
                                     const char *excerpt, size_t excerpt_length, struct error *error);

/* Retry-After as seconds or an HTTP date, against `now_us` (wall). Microseconds to wait, clamped to one hour; 0 when it
 * is missing, past or unreadable. */
int64_t answer_retry_after_us(const char *value, int64_t now_us);

#endif

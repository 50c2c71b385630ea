/*
 * The answers to the two small questions beside the organization's: which of these users exist, and whose token is
 * this. Takes out what was asked for and nothing else; an answer to another question is refused. Pure.
 */
#ifndef CORE_REPLY_H
#define CORE_REPLY_H

#include "base/error.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLY_USERS_MAX 100 /* ids in one question */

/* ids: what was asked, each once, at most REPLY_USERS_MAX. ret_found has as many places: is that user among the rows?
 * ERROR_MALFORMED, and ret_found untouched, when the answer is not {count, rows}, when count is not the number of rows
 * (rows that were left out would pass for users that do not exist), or when a row is nobody who was asked for, or is
 * there twice. The sentence quotes nothing of the answer. */
MUST_CHECK int reply_users(const char *text, size_t length, const struct uuid *ids, size_t count,
                           bool *ret_found, struct error *error);

struct reply_token {
    struct uuid user_id; /* who made the token, and through whose eyes the API shows everything */
    int64_t expiry_us;   /* 0 = not told; the year 9999 = never */
};

/* key: what was asked about, as a UUID in either case or byte for byte. ERROR_MALFORMED when the answer is not {count,
 * rows} with one row, which is about this key and has a user_id; expiry may be null or missing. */
MUST_CHECK int reply_token(const char *text, size_t length, const char *key, size_t key_length,
                           struct reply_token *ret_token, struct error *error);

#endif

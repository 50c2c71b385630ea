/*
 * The three requests that this program can send: action `get` on the organization, on users by their ids, and on the
 * token itself. Built here and nowhere else.
 */
#ifndef LUZMO_REQUEST_H
#define LUZMO_REQUEST_H

#include "base/secret.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>

/* Each is a body as JSON. ret_body holds key and token and is therefore a secret. */

/* find = where {}, attributes [id, name], include User with the eight documented attributes (they include the role's
 * through row by themselves). without_attributes: the fallback after a 400 leaves both attribute lists out. */
void request_organization(const struct secret *key, const struct secret *token, bool without_attributes,
                          struct secret *ret_body);

/* Of the resource user: find = where {id: [ids]}, attributes [id]. */
void request_users(const struct secret *key, const struct secret *token, const struct uuid *ids, size_t count,
                   struct secret *ret_body);

/* Of the resource authorization: find = where {id: key}, attributes [id, user_id, expiry]. */
void request_token(const struct secret *key, const struct secret *token, struct secret *ret_body);

#endif

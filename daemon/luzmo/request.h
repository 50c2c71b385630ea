/*
 * The one request that this program can send: action `get` on the organization. Built here and nowhere else.
 */
#ifndef LUZMO_REQUEST_H
#define LUZMO_REQUEST_H

#include "base/secret.h"

#include <stdbool.h>

/* The body as JSON: find = where {}, attributes [id, name], include User with the eight documented attributes (they
 * include the role's through row by themselves). without_attributes: the fallback after a 400 leaves both attribute
 * lists out. ret_body holds key and token and is therefore a secret. */
void request_body(const struct secret *key, const struct secret *token, bool without_attributes,
                  struct secret *ret_body);

#endif

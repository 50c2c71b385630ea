/*
 * What the API says when it refuses: {"type": {"code": 400, "description": "Bad Request"}, "message": "..."}. Pure.
 */
#ifndef CORE_REFUSAL_H
#define CORE_REFUSAL_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Adds the message to ret_message, as foreign text that is neither escaped nor cut, and says so; false, and nothing added,
 * when the text is not that envelope, is cut off, or has no message. */
bool refusal_message(const char *text, size_t length, struct buffer *ret_message);

#endif

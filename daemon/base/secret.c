/*
 * Keeps one copy of a secret and wipes it. Where it came from and who may see it, others decide.
 */
#include "base/secret.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void secret_init(struct secret *secret)
{
    *secret = (struct secret){.bytes = NULL};
}

void secret_done(struct secret *secret)
{
    if (!secret)
        return;
    if (secret->bytes)
        secret_wipe(secret->bytes, secret->length);
    free(secret->bytes);
    secret_init(secret);
}

void secret_set(struct secret *secret, const char *bytes, size_t length)
{
    char *copy = memory_string_n(bytes, length); /* before the wipe: the bytes may be the secret's own */

    secret_done(secret);
    secret->bytes = copy;
    secret->length = length;
}

bool secret_is_set(const struct secret *secret)
{
    return secret->length > 0;
}

void secret_wipe(void *bytes, size_t length)
{
    explicit_bzero(bytes, length);
}

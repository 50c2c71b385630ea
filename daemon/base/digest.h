/*
 * Digests: a fast keyed one to recognise slices, SHA-256 for what is published.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SECRET_SIZE 192
#define SHA256_SIZE        32

/* XXH3-128 under a secret of random bytes (xxhash asks for at least 136; its own default has 192): without the secret
 * nobody can aim at a collision. */
struct digest {
    uint8_t bytes[16];
};

struct digest_secret {
    uint8_t bytes[DIGEST_SECRET_SIZE];
};

void digest_secret_random(struct digest_secret *ret_secret); /* from getrandom(2) */
struct digest digest_of(const struct digest_secret *secret, const void *data, size_t length);
bool digest_equal(const struct digest *left, const struct digest *right);
bool digest_is_zero(
    const struct digest *digest); /* the all-zero digest stands for "none"; digest_of never gives it */

struct sha256; /* an SHA-256 in progress */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *data, size_t length);
void sha256_finish(struct sha256 *sha, uint8_t ret_digest[SHA256_SIZE]); /* then only sha256_free */

#endif

/*
 * The only file that knows xxhash and OpenSSL's digests.
 */
#include "base/digest.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void digest_secret_random(struct digest_secret *ret_secret)
{
    random_fill(ret_secret->bytes, sizeof(ret_secret->bytes));
}

struct digest digest_of(const struct digest_secret *secret, const void *data, size_t length)
{
    XXH128_hash_t hash = XXH3_128bits_withSecret(data, length, secret->bytes, sizeof(secret->bytes));
    XXH128_canonical_t canonical; /* big-endian: the bytes in the database do not depend on the machine */
    struct digest digest;

    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(digest.bytes, canonical.digest, sizeof(digest.bytes));
    if (digest_is_zero(&digest))
        digest.bytes[sizeof(digest.bytes) - 1] = 1;
    return digest;
}

bool digest_equal(const struct digest *left, const struct digest *right)
{
    return memcmp(left->bytes, right->bytes, sizeof(left->bytes)) == 0;
}

bool digest_is_zero(const struct digest *digest)
{
    static const struct digest zero;

    return digest_equal(digest, &zero);
}

struct sha256 {
    EVP_MD_CTX *context;
};

static void require(int success)
{
    if (!success)
        error_fatal("OpenSSL cannot compute SHA-256; check its configuration and providers");
}

struct sha256 *sha256_new(void)
{
    struct sha256 *sha = memory_alloc(sizeof(*sha));

    sha->context = EVP_MD_CTX_new();
    require(sha->context && EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL));
    return sha;
}

void sha256_free(struct sha256 *sha)
{
    if (!sha)
        return;
    EVP_MD_CTX_free(sha->context);
    free(sha);
}

void sha256_add(struct sha256 *sha, const void *data, size_t length)
{
    require(EVP_DigestUpdate(sha->context, data, length));
}

void sha256_finish(struct sha256 *sha, uint8_t ret_digest[SHA256_SIZE])
{
    require(EVP_DigestFinal_ex(sha->context, ret_digest, NULL));
}

/*
 * Certificates made on the spot: one authority, and servers that present good and bad ones.
 */
#ifndef TEST_CERTIFICATES_H
#define TEST_CERTIFICATES_H

#include <openssl/ssl.h>

enum identity {
    IDENTITY_GOOD, /* for api.test, signed by the authority */
    IDENTITY_EXPIRED,
    IDENTITY_NOT_YET_VALID,
    IDENTITY_SELF_SIGNED,
    IDENTITY_OTHER_HOST, /* signed by the authority, for other.test */
    IDENTITY_UNKNOWN_CA, /* signed by an authority that nobody trusts */
    IDENTITY_OLD_TLS,    /* a good certificate, but nothing newer than TLS 1.1 */
    IDENTITY_COUNT
};

struct certificates {
    SSL_CTX *servers[IDENTITY_COUNT];
    char ca_file[64]; /* PEM of the authority */
};

void certificates_make(struct certificates *certificates);
void certificates_done(struct certificates *certificates);

#endif

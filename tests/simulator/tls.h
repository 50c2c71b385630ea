/*
 * A certificate authority and a server certificate, made on the spot and good for a few days. Knows nothing of HTTP.
 */
#ifndef SIMULATOR_TLS_H
#define SIMULATOR_TLS_H

#include "problem.h"

/* What a client that trusts ca.pem finds wrong with the server. */
enum tls_flaw {
    TLS_FLAW_NONE,
    TLS_FLAW_EXPIRED,
    TLS_FLAW_SELF_SIGNED,
    TLS_FLAW_WRONG_HOST,
    TLS_FLAW_UNKNOWN_CA, /* signed, but by an authority that nobody trusts */
};

struct tls_identity {
    char *ca_pem;          /* what clients are told to trust */
    char *certificate_pem; /* for 127.0.0.1, ::1 and localhost */
    char *key_pem;
};

/* "none", "expired", "self-signed", "wrong-host", "unknown-ca". -1 for another word. */
int tls_flaw_parse(const char *word, enum tls_flaw *ret_flaw);

/* Always succeeds, or aborts where the machine has no randomness. */
void tls_identity_make(enum tls_flaw flaw, struct tls_identity *ret_identity);
void tls_identity_done(struct tls_identity *identity);

/* Writes ca.pem into the directory (made when missing). -1 with a sentence. */
int tls_identity_publish(const struct tls_identity *identity, const char *directory, struct problem *problem);

#endif

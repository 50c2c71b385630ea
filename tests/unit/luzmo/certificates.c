/*
 * Elliptic keys, because they take no time to make. What fails here is a broken test environment: it aborts.
 */
#include "luzmo/certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY (24L * 3600)

/* Somebody who has a key and a certificate for it. */
struct party {
    EVP_PKEY *key;
    X509 *certificate;
};

struct wish {
    const char *name;           /* of the host or authority */
    long from, until;           /* seconds from now */
    const struct party *issuer; /* NULL: itself */
    const char *constraint;     /* basicConstraints */
};

static void need(int fine)
{
    if (!fine)
        abort();
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    need(extension != NULL);
    need(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static void name_it(X509_NAME *name, const char *text)
{
    need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0));
}

static struct party party_make(const struct wish *wish)
{
    static long serial = 1;
    struct party party = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    const struct party *issuer = wish->issuer ? wish->issuer : &party;
    char host[128];

    need(party.key && party.certificate);
    X509_set_version(party.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(party.certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(party.certificate), wish->from);
    X509_gmtime_adj(X509_getm_notAfter(party.certificate), wish->until);
    name_it(X509_get_subject_name(party.certificate), wish->name);
    X509_set_issuer_name(party.certificate, X509_get_subject_name(issuer->certificate));
    X509_set_pubkey(party.certificate, party.key);
    snprintf(host, sizeof(host), "DNS:%s", wish->name);
    extend(party.certificate, NID_subject_alt_name, host);
    extend(party.certificate, NID_basic_constraints, wish->constraint);
    need(X509_sign(party.certificate, issuer->key, EVP_sha256()) > 0);
    return party;
}

static void party_done(struct party *party)
{
    EVP_PKEY_free(party->key);
    X509_free(party->certificate);
}

static SSL_CTX *server_of(const struct wish *wish)
{
    struct party party = party_make(wish);
    SSL_CTX *server = SSL_CTX_new(TLS_server_method());

    need(server != NULL);
    need(SSL_CTX_use_certificate(server, party.certificate));
    need(SSL_CTX_use_PrivateKey(server, party.key));
    party_done(&party);
    return server;
}

static void write_pem(char path[64], X509 *certificate)
{
    strcpy(path, "/tmp/rollcall-test-ca-XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    need(file && PEM_write_X509(file, certificate) && fclose(file) == 0);
}

void certificates_make(struct certificates *certificates)
{
    const struct wish authority = {"Test Authority", -DAY, DAY, NULL, "critical,CA:TRUE"};
    const struct wish impostor = {"Unknown Authority", -DAY, DAY, NULL, "critical,CA:TRUE"};
    struct party trusted = party_make(&authority);
    struct party unknown = party_make(&impostor);
    const struct wish wishes[IDENTITY_COUNT] = {
        [IDENTITY_GOOD] = {"api.test", -DAY, DAY, &trusted, "CA:FALSE"},
        [IDENTITY_EXPIRED] = {"api.test", -2 * DAY, -DAY, &trusted, "CA:FALSE"},
        [IDENTITY_NOT_YET_VALID] = {"api.test", DAY, 2 * DAY, &trusted, "CA:FALSE"},
        [IDENTITY_SELF_SIGNED] = {"api.test", -DAY, DAY, NULL, "CA:FALSE"},
        [IDENTITY_OTHER_HOST] = {"other.test", -DAY, DAY, &trusted, "CA:FALSE"},
        [IDENTITY_UNKNOWN_CA] = {"api.test", -DAY, DAY, &unknown, "CA:FALSE"},
        [IDENTITY_OLD_TLS] = {"api.test", -DAY, DAY, &trusted, "CA:FALSE"},
    };

    for (size_t i = 0; i < IDENTITY_COUNT; i++)
        certificates->servers[i] = server_of(&wishes[i]);
    SSL_CTX_set_max_proto_version(certificates->servers[IDENTITY_OLD_TLS], TLS1_1_VERSION);
    write_pem(certificates->ca_file, trusted.certificate);
    party_done(&trusted);
    party_done(&unknown);
}

void certificates_done(struct certificates *certificates)
{
    for (size_t i = 0; i < IDENTITY_COUNT; i++)
        SSL_CTX_free(certificates->servers[i]);
    unlink(certificates->ca_file);
}

#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DAY (24 * 60 * 60)

struct signer {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

int tls_flaw_parse(const char *word, enum tls_flaw *ret_flaw)
{
    static const char *const words[] = {"none", "expired", "self-signed", "wrong-host", "unknown-ca"};
    for (size_t index = 0; index < sizeof(words) / sizeof(*words); index++) {
        if (strcmp(word, words[index]) == 0) {
            *ret_flaw = (enum tls_flaw)index;
            return 0;
        }
    }
    return -1;
}

static void must(int result)
{
    if (result >= 0)
        return;
    fprintf(stderr, "luzmo-simulator: a certificate cannot be made: %s.\n", gnutls_strerror(result));
    abort();
}

/* A key and a certificate that lacks only names and signature. */
static void signer_init(struct signer *signer, const char *common_name, bool expired)
{
    unsigned char serial[16];
    must(gnutls_x509_privkey_init(&signer->key));
    must(gnutls_x509_privkey_generate(signer->key, GNUTLS_PK_ECDSA,
                                      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    must(gnutls_x509_crt_init(&signer->certificate));
    must(gnutls_x509_crt_set_version(signer->certificate, 3));
    must(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)));
    serial[0] &= 0x7f; /* serial numbers are positive */
    must(gnutls_x509_crt_set_serial(signer->certificate, serial, sizeof(serial)));
    time_t now = time(NULL);
    must(gnutls_x509_crt_set_activation_time(signer->certificate, now - 3 * DAY));
    must(gnutls_x509_crt_set_expiration_time(signer->certificate, expired ? now - DAY : now + 30 * DAY));
    must(gnutls_x509_crt_set_key(signer->certificate, signer->key));
    must(gnutls_x509_crt_set_dn_by_oid(signer->certificate, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
                                       (unsigned)strlen(common_name)));
}

static void signer_done(struct signer *signer)
{
    gnutls_x509_crt_deinit(signer->certificate);
    gnutls_x509_privkey_deinit(signer->key);
}

static void sign(struct signer *subject, const struct signer *authority)
{
    must(gnutls_x509_crt_sign2(subject->certificate, authority->certificate, authority->key,
                               GNUTLS_DIG_SHA256, 0));
}

static void authority_init(struct signer *authority, const char *name)
{
    signer_init(authority, name, false);
    must(gnutls_x509_crt_set_ca_status(authority->certificate, 1));
    must(gnutls_x509_crt_set_key_usage(authority->certificate, GNUTLS_KEY_KEY_CERT_SIGN));
    sign(authority, authority);
}

static void name_hosts(gnutls_x509_crt_t certificate, enum tls_flaw flaw)
{
    if (flaw == TLS_FLAW_WRONG_HOST) {
        must(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "elsewhere.example",
                                                  strlen("elsewhere.example"), GNUTLS_FSAN_SET));
        return;
    }
    struct in_addr four = {.s_addr = htonl(INADDR_LOOPBACK)};
    struct in6_addr six = IN6ADDR_LOOPBACK_INIT;
    must(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "localhost",
                                              strlen("localhost"), GNUTLS_FSAN_SET));
    must(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, &four, sizeof(four),
                                              GNUTLS_FSAN_APPEND));
    must(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, &six, sizeof(six),
                                              GNUTLS_FSAN_APPEND));
}

static char *certificate_pem(const struct signer *signer)
{
    gnutls_datum_t pem;
    must(gnutls_x509_crt_export2(signer->certificate, GNUTLS_X509_FMT_PEM, &pem));
    char *text = strndup((const char *)pem.data, pem.size);
    gnutls_free(pem.data);
    return text;
}

static char *key_pem(const struct signer *signer)
{
    gnutls_datum_t pem;
    must(gnutls_x509_privkey_export2(signer->key, GNUTLS_X509_FMT_PEM, &pem));
    char *text = strndup((const char *)pem.data, pem.size);
    gnutls_free(pem.data);
    return text;
}

void tls_identity_make(enum tls_flaw flaw, struct tls_identity *ret_identity)
{
    struct signer trusted, stranger, server;
    authority_init(&trusted, "Luzmo simulator CA");
    authority_init(&stranger, "Nobody's CA");
    signer_init(&server, "Luzmo simulator", flaw == TLS_FLAW_EXPIRED);
    name_hosts(server.certificate, flaw);
    const struct signer *authority = flaw == TLS_FLAW_UNKNOWN_CA    ? &stranger
                                     : flaw == TLS_FLAW_SELF_SIGNED ? &server
                                                                    : &trusted;
    sign(&server, authority);
    *ret_identity = (struct tls_identity){
        .ca_pem = certificate_pem(&trusted),
        .certificate_pem = certificate_pem(&server),
        .key_pem = key_pem(&server),
    };
    signer_done(&server);
    signer_done(&stranger);
    signer_done(&trusted);
}

void tls_identity_done(struct tls_identity *identity)
{
    free(identity->ca_pem);
    free(identity->certificate_pem);
    free(identity->key_pem);
    *identity = (struct tls_identity){0};
}

int tls_identity_publish(const struct tls_identity *identity, const char *directory, struct problem *problem)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/ca.pem", directory);
    if (mkdir(directory, 0755) < 0 && errno != EEXIST)
        return problem_set(problem, 500, "The directory %s cannot be made: %s.", directory, strerror(errno));
    FILE *file = fopen(path, "w");
    bool written = file && fputs(identity->ca_pem, file) >= 0;
    if (file && fclose(file) != 0)
        written = false;
    return written ? 0 : problem_set(problem, 500, "%s cannot be written: %s.", path, strerror(errno));
}

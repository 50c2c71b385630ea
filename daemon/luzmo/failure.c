/*
 * Tables from codes to sentences. The words of libcurl and OpenSSL are kept for the codes that stand for many things.
 */
#include "luzmo/failure.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define AGAIN "; it is tried again later"

/* OpenSSL's X509_V_ERR_ numbers, in which CURLINFO_SSL_VERIFYRESULT speaks; they never change. */
enum verify_result {
    VERIFY_OK = 0,
    VERIFY_NOT_ASKED = 1,
    VERIFY_NOT_YET_VALID = 9,
    VERIFY_EXPIRED = 10,
    VERIFY_SELF_SIGNED = 18,
    VERIFY_SELF_SIGNED_ROOT = 19,
    VERIFY_UNKNOWN_ISSUER = 20,
    VERIFY_UNKNOWN_LEAF = 21,
    VERIFY_REVOKED = 23,
};

#define OTHER_HOST "the certificate is not for this host; check the host in api.url"
#define UNKNOWN_CA                                                                                                   \
    "the certificate comes from an authority that is not known here; check that nothing stands in between, or name " \
    "the authority in api.ca_file"

static const struct {
    enum verify_result result;
    const char *sentence;
} certificates[] = {
    /* The chain was good and the name was not, which libcurl looks at before it asks OpenSSL for the result. */
    {VERIFY_NOT_ASKED, OTHER_HOST},
    {VERIFY_OK, OTHER_HOST},
    {VERIFY_NOT_YET_VALID, "the certificate is not valid yet; check this machine's clock"},
    {VERIFY_EXPIRED,
     "the certificate has expired; if it is not the server's fault, check this machine's clock"},
    {VERIFY_SELF_SIGNED,
     "the certificate is self-signed; check that nothing stands in between, or name it in api.ca_file"},
    {VERIFY_SELF_SIGNED_ROOT, UNKNOWN_CA},
    {VERIFY_UNKNOWN_ISSUER, UNKNOWN_CA},
    {VERIFY_UNKNOWN_LEAF, UNKNOWN_CA},
    {VERIFY_REVOKED, "the certificate was revoked; do not trust this server"},
};

static const struct {
    CURLcode code;
    enum error_class class;
    bool with_curl_text;
    const char *sentence;
} transports[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ERROR_UNAVAILABLE, false,
     "the host's name cannot be found; check api.url and this machine's DNS"},
    {CURLE_COULDNT_RESOLVE_PROXY, ERROR_UNAVAILABLE, false,
     "the proxy's name cannot be found; check api.proxy and this machine's DNS"},
    {CURLE_SSL_CONNECT_ERROR, ERROR_UNAVAILABLE, true, "no agreement on TLS" AGAIN},
    {CURLE_SSL_CACERT_BADFILE, ERROR_CONFIG, false,
     "the trusted certificates cannot be read; check api.ca_file, or install the package ca-certificates"},
    {CURLE_GOT_NOTHING, ERROR_UNAVAILABLE, false, "the connection was closed without an answer" AGAIN},
    {CURLE_SEND_ERROR, ERROR_UNAVAILABLE, true, "the connection broke while the request was sent" AGAIN},
    {CURLE_WEIRD_SERVER_REPLY, ERROR_MALFORMED, true,
     "this is no proper HTTP answer; check that api.url is the address of the Luzmo API"},
    {CURLE_UNSUPPORTED_PROTOCOL, ERROR_MALFORMED, true,
     "this is no proper HTTP answer; check that api.url is the address of the Luzmo API"},
    /* So libcurl 7.88 calls a single line of more than 100 kB. */
    {CURLE_OUT_OF_MEMORY, ERROR_MALFORMED, false,
     "a line in the head of the answer is too long; look at what stands between here and the API"},
};

static const char *const waits[] = {
    [FAILURE_RESOLVING] = "the host's name was not resolved",
    [FAILURE_CONNECTING] = "no connection came about",
    [FAILURE_HANDSHAKING] = "the TLS handshake did not get through",
    [FAILURE_WAITING] = "no answer to the request began",
    [FAILURE_RECEIVING] = "the answer stalled and nothing more of it came",
};

static const char *const wait_advice[] = {
    [FAILURE_RESOLVING] = "check this machine's DNS",
    [FAILURE_CONNECTING] = "check network, firewall and api.proxy",
    [FAILURE_HANDSHAKING] = "check that api.url is the address of the Luzmo API",
    [FAILURE_WAITING] = "it is tried again later, raise sync.stall_timeout if the API needs longer",
    [FAILURE_RECEIVING] = "it is tried again later",
};

static int of_wait(const struct failure_facts *facts, struct error *error)
{
    return error_set(error, ERROR_UNAVAILABLE, "%s within %g s; %s", waits[facts->phase],
                     (double)facts->waited_us / 1e6, wait_advice[facts->phase]);
}

static int of_certificate(const struct failure_facts *facts, struct error *error)
{
    for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
        if ((long)certificates[i].result == facts->verify_result)
            return error_set(error, ERROR_UNAVAILABLE, "%s", certificates[i].sentence);
    return error_set(
        error, ERROR_UNAVAILABLE,
        "the certificate cannot be trusted (OpenSSL's reason %ld); check that nothing stands in between",
        facts->verify_result);
}

static int of_connect(const struct failure_facts *facts, struct error *error)
{
    if (facts->system_error == ECONNREFUSED)
        return error_set(error, ERROR_UNAVAILABLE,
                         "the connection was refused; check host and port in api.url and the firewall");
    return error_set(error, ERROR_UNAVAILABLE,
                     "no connection came about (%s); check network, firewall and api.proxy",
                     facts->system_error ? strerror((int)facts->system_error) : "for a reason not known");
}

/* The connection ended while the answer was under way; where exactly makes little difference to the reader. */
static int of_break(const struct failure_facts *facts, const char *curl_text, struct error *error)
{
    if (facts->system_error == ECONNRESET || facts->system_error == EPIPE)
        return error_set(error, ERROR_UNAVAILABLE,
                         "the connection was reset after %" PRIu64 " bytes of the answer" AGAIN,
                         facts->body_bytes);
    if (facts->code == CURLE_PARTIAL_FILE)
        return error_set(error, ERROR_UNAVAILABLE, "the answer was cut off after %" PRIu64 " bytes" AGAIN,
                         facts->body_bytes);
    return error_set(error, ERROR_UNAVAILABLE, "the answer broke off after %" PRIu64 " bytes (%s)" AGAIN,
                     facts->body_bytes, curl_text);
}

static int of_table(const struct failure_facts *facts, const char *curl_text, struct error *error)
{
    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        if (transports[i].code != facts->code)
            continue;
        if (!transports[i].with_curl_text)
            return error_set(error, transports[i].class, "%s", transports[i].sentence);
        return error_set(error, transports[i].class, "%s (%s)", transports[i].sentence, curl_text);
    }
    return error_set(error, ERROR_UNAVAILABLE, "the request failed (%s)" AGAIN, curl_text);
}

static int of_code(const struct failure_facts *facts, const char *curl_text, struct error *error)
{
    if (facts->proxy_status != 0 && facts->proxy_status != 200)
        return error_set(
            error, ERROR_UNAVAILABLE,
            "the proxy refuses to connect to this host (HTTP %ld); check api.proxy and what it allows",
            facts->proxy_status);
    switch (facts->code) {
    case CURLE_OPERATION_TIMEDOUT:
        return of_wait(facts, error);
    case CURLE_PEER_FAILED_VERIFICATION:
        return of_certificate(facts, error);
    case CURLE_COULDNT_CONNECT:
        return of_connect(facts, error);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
        return of_break(facts, curl_text, error);
    default:
        return of_table(facts, curl_text, error);
    }
}

int failure_of(const struct failure_facts *facts, struct error *error)
{
    const char *words = facts->curl_text && facts->curl_text[0] ? facts->curl_text
                                                                : curl_easy_strerror(facts->code);
    struct buffer shown;

    buffer_init(&shown, ERROR_TEXT_MAX);
    utf8_add_printable(&shown, words, strlen(words));
    int result = of_code(facts, shown.data, error);
    buffer_done(&shown);
    return result;
}

int failure_of_total(int64_t total_us, struct error *error)
{
    return error_set(
        error, ERROR_UNAVAILABLE,
        "the answer was not whole within %g s; raise sync.total_timeout if the organization is that large",
        (double)total_us / 1e6);
}

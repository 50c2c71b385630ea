/*
 * Why a request brought no answer, in one sentence for a person: what libcurl reports, and which wait was too long.
 * Pure.
 */
#ifndef LUZMO_FAILURE_H
#define LUZMO_FAILURE_H

#include "base/error.h"

#include <curl/curl.h>
#include <stdint.h>

/* How far a request has come. */
enum failure_phase {
    FAILURE_RESOLVING,   /* the host's name is looked up */
    FAILURE_CONNECTING,  /* TCP, and a proxy's consent if there is one */
    FAILURE_HANDSHAKING, /* TLS */
    FAILURE_WAITING,     /* the request is on its way, no line of the answer came yet */
    FAILURE_RECEIVING,   /* the answer arrives */
};

struct failure_facts {
    CURLcode code;
    enum failure_phase phase;
    long verify_result;    /* CURLINFO_SSL_VERIFYRESULT */
    long system_error;     /* CURLINFO_OS_ERRNO */
    long proxy_status;     /* CURLINFO_HTTP_CONNECTCODE, 0 when no proxy answered */
    uint64_t body_bytes;   /* that arrived */
    int64_t waited_us;     /* the limit, when code is CURLE_OPERATION_TIMEDOUT */
    const char *curl_text; /* libcurl's own words, may be empty; shown where the code alone says too little */
};

/* Sets and returns the class: UNAVAILABLE for everything that may pass, MALFORMED for an answer that is no HTTP, CONFIG
 * for a certificate file that cannot be used. The host is named by the caller. */
int failure_of(const struct failure_facts *facts, struct error *error);

/* The whole pull took longer than it may. */
int failure_of_total(int64_t total_us, struct error *error);

#endif

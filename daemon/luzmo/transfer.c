/*
 *   head line   -> head                      (too long: stop)
 *   head's end  -> answer_check              refused: the first bytes of its body are kept to be shown
 *               -> head_check_body           no way to know when it is whole: stop
 *   body        -> count, body_cb            beyond max_body: stop
 *   the end     -> transfer_verdict
 */
#include "luzmo/transfer.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "core/refusal.h"
#include "luzmo/answer.h"
#include "luzmo/failure.h"
#include "luzmo/head.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXCERPT_MAX    ((size_t)4096) /* bytes kept of a refused answer */
#define KEEPALIVE_IDLE 60L            /* seconds */
#define TELLING_PREFIX ((size_t)8)    /* bytes by which a secret is found */

struct transfer {
    struct transfer_order order;
    CURL *easy;
    struct curl_slist *fields;
    struct head head;
    struct buffer excerpt;
    struct error error; /* why the transfer was stopped from this side */
    enum failure_phase phase;
    bool accepted; /* 200, JSON, and it will be known when it is whole */
    bool stopped;
    uint64_t body_bytes;
    char curl_text[CURL_ERROR_SIZE];
};

static bool running(const struct transfer *transfer)
{
    return !transfer->stopped && transfer->error.class == ERROR_NONE;
}

/* A sign of life; the phase only ever moves on, though sockets may be opened one after another. */
static void alive(struct transfer *transfer, enum failure_phase phase)
{
    if (phase > transfer->phase)
        transfer->phase = phase;
    transfer->order.alive_cb(transfer->order.driver_context);
}

/* libcurl's CURLOPT_SOCKOPTFUNCTION: the name is resolved, a socket is about to connect. */
static int socket_cb(void *context, curl_socket_t socket, curlsocktype purpose)
{
    (void)socket;
    (void)purpose;
    alive(context, FAILURE_CONNECTING);
    return CURL_SOCKOPT_OK;
}

/* libcurl's CURLOPT_SSL_CTX_FUNCTION: connected, TLS begins. */
static CURLcode tls_cb(CURL *easy, void *tls, void *context)
{
    (void)easy;
    (void)tls;
    alive(context, FAILURE_HANDSHAKING);
    return CURLE_OK;
}

/* libcurl's CURLOPT_PREREQFUNCTION: all is ready for the request. */
static int request_cb(void *context, char *remote, char *local, int remote_port, int local_port)
{
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    alive(context, FAILURE_WAITING);
    return CURL_PREREQFUNC_OK;
}

/* What the head alone says. What is refused by its status or type goes on until its excerpt is full. */
static void judge_head(struct transfer *transfer)
{
    const struct head *head = &transfer->head;

    if (answer_check(head->status, head->content_type, NULL, NULL, 0, NULL) != 0)
        return;
    if (head_check_body(head, transfer->order.max_body, &transfer->error) == 0)
        transfer->accepted = true;
}

/* libcurl's CURLOPT_HEADERFUNCTION: one whole line, also of interim answers and of a chunked body's trailer. Any other
 * result than the length ends the transfer. */
static size_t header_cb(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    bool ended = transfer->head.ended;

    if (!running(transfer))
        return 0;
    alive(transfer, FAILURE_RECEIVING);
    if (head_add_line(&transfer->head, line, length, &transfer->error) != 0)
        return 0;
    if (!ended && transfer->head.ended)
        judge_head(transfer);
    return running(transfer) ? length : 0;
}

static int keep_excerpt(struct transfer *transfer, const char *bytes, size_t length)
{
    size_t room = EXCERPT_MAX - transfer->excerpt.length;

    buffer_add(&transfer->excerpt, bytes, length < room ? length : room);
    return length < room ? 0 : -1;
}

static int deliver(struct transfer *transfer, const char *bytes, size_t length)
{
    struct error *error = &transfer->error;

    if (length > transfer->order.max_body - transfer->body_bytes)
        return error_set(error, ERROR_MALFORMED,
                         "the answer is larger than sync.max_body (%" PRIu64
                         " bytes) allows; raise it if the organization is that large",
                         transfer->order.max_body);
    transfer->body_bytes += length;
    return transfer->order.body_cb(transfer->order.body_context, bytes, length, error);
}

/* libcurl's CURLOPT_WRITEFUNCTION. */
static size_t write_cb(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    int result;

    if (!running(transfer))
        return CURL_WRITEFUNC_ERROR;
    alive(transfer, FAILURE_RECEIVING);
    if (transfer->accepted && transfer->order.yield_cb(transfer->order.driver_context))
        return CURL_WRITEFUNC_PAUSE;
    if (transfer->accepted)
        result = deliver(transfer, bytes, length);
    else
        result = keep_excerpt(transfer, bytes, length);
    return result == 0 && running(transfer) ? length : CURL_WRITEFUNC_ERROR;
}

static CURLcode set_numbers(CURL *easy)
{
    static const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_FOLLOWLOCATION, 0}, /* key and token are in the body and would be sent on to the new host */
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2}, /* or later */
        {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1}, /* else a proxy's 200 would pass for the API's */
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1}, /* else ending a transfer waits for a dead resolver */
        {CURLOPT_TCP_KEEPALIVE, 1},
        {CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE},
    };
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    return code;
}

static CURLcode set_texts(CURL *easy, const struct transfer_order *order)
{
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_URL, order->endpoint},
        {CURLOPT_PROTOCOLS_STR, "https"},
        {CURLOPT_PROXY, order->proxy}, /* "" rather than unset: the environment's proxies do not count */
        {CURLOPT_NOPROXY, ""},
        {CURLOPT_USERAGENT, "rollcall/" ROLLCALL_VERSION},
        /* No directory: the file is the only source of trust, and libcurl keeps it parsed between connections. */
        {CURLOPT_CAPATH, NULL},
    };
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
        code = curl_easy_setopt(easy, texts[i].option, texts[i].value);
    if (code == CURLE_OK && order->ca_file[0] != '\0')
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, order->ca_file);
    return code;
}

/* The phases, from the first to the last. */
static CURLcode set_phases(CURL *easy, struct transfer *transfer)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_cb);

    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, tls_cb);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, request_cb);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    return code;
}

static CURLcode set_answer(CURL *easy, struct transfer *transfer)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_text);

    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_cb);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write_cb);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    return code;
}

/* No Accept-Encoding: bytes that nobody unpacks can be counted. An empty Expect keeps libcurl from asking first. */
static struct curl_slist *header_fields(void)
{
    static const char *const lines[] = {"Content-Type: application/json", "Accept: application/json",
                                        "Expect:"};
    struct curl_slist *fields = NULL;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct curl_slist *longer = curl_slist_append(fields, lines[i]);
        if (!longer) {
            curl_slist_free_all(fields);
            return NULL;
        }
        fields = longer;
    }
    return fields;
}

static CURLcode set_request(CURL *easy, struct transfer *transfer)
{
    /* libcurl shares this limit among the addresses of the host, so that one dead address does not use it up. */
    long connect_ms = (long)(transfer->order.stall_timeout_us / 1000);
    const struct secret *request = transfer->order.request;
    CURLcode code = CURLE_OUT_OF_MEMORY;

    transfer->fields = header_fields();
    if (transfer->fields)
        code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->fields);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->bytes); /* not copied */
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms > 0 ? connect_ms : 1L);
    return code;
}

struct transfer *transfer_new(const struct transfer_order *order, struct error *error)
{
    struct transfer *transfer = memory_alloc(sizeof(*transfer));
    CURLcode code = CURLE_OUT_OF_MEMORY;

    transfer->order = *order;
    head_init(&transfer->head);
    buffer_init(&transfer->excerpt, EXCERPT_MAX);
    transfer->easy = curl_easy_init();
    if (transfer->easy)
        code = set_numbers(transfer->easy);
    if (code == CURLE_OK)
        code = set_texts(transfer->easy, order);
    if (code == CURLE_OK)
        code = set_request(transfer->easy, transfer);
    if (code == CURLE_OK)
        code = set_phases(transfer->easy, transfer);
    if (code == CURLE_OK)
        code = set_answer(transfer->easy, transfer);
    if (code == CURLE_OK)
        return transfer;
    error_set(error, ERROR_INTERNAL, "libcurl cannot be set up (%s)", curl_easy_strerror(code));
    transfer_free(transfer);
    return NULL;
}

void transfer_free(struct transfer *transfer)
{
    if (!transfer)
        return;
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->fields);
    buffer_done(&transfer->excerpt);
    free(transfer);
}

CURL *transfer_easy(const struct transfer *transfer)
{
    return transfer->easy;
}

void transfer_stop(struct transfer *transfer)
{
    transfer->stopped = true;
}

static int failed(struct transfer *transfer, CURLcode code, struct error *error)
{
    struct failure_facts facts = {
        .code = code,
        .phase = transfer->phase,
        .body_bytes = transfer->body_bytes,
        .waited_us = transfer->order.stall_timeout_us,
        .curl_text = transfer->curl_text,
    };

    curl_easy_getinfo(transfer->easy, CURLINFO_SSL_VERIFYRESULT, &facts.verify_result);
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &facts.system_error);
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &facts.proxy_status);
    return failure_of(&facts, error);
}

int transfer_stalled(struct transfer *transfer, struct error *error)
{
    return failed(transfer, CURLE_OPERATION_TIMEDOUT, error);
}

/* Asterisks over every occurrence, also one that is cut off: an answer may repeat what it was asked. */
static void conceal(char *text, size_t length, const struct secret *secret)
{
    size_t telling = secret->length < TELLING_PREFIX ? secret->length : TELLING_PREFIX;
    char *end = text + length;
    char *found;

    while (telling > 0 && (found = memmem(text, (size_t)(end - text), secret->bytes, telling)) != NULL) {
        text = found;
        for (size_t i = 0; text < end && i < secret->length && *text == secret->bytes[i]; i++)
            *text++ = '*';
    }
}

/* The API's own words, where they are packed into its envelope. */
static void unpack(struct buffer *excerpt)
{
    struct buffer message;

    buffer_init(&message, EXCERPT_MAX);
    if (refusal_message(excerpt->data, excerpt->length, &message)) {
        buffer_clear(excerpt);
        buffer_add(excerpt, message.data, message.length);
    }
    buffer_done(&message);
}

static int refused(struct transfer *transfer, struct error *error)
{
    struct head *head = &transfer->head;
    struct buffer *excerpt = &transfer->excerpt;
    bool readable = excerpt->data && head->content_encoding[0] == '\0';

    conceal(head->location, strlen(head->location), transfer->order.key);
    conceal(head->location, strlen(head->location), transfer->order.token);
    if (readable) {
        unpack(excerpt); /* before anything is concealed: JSON may spell it in another way */
        conceal(excerpt->data, excerpt->length, transfer->order.key);
        conceal(excerpt->data, excerpt->length, transfer->order.token);
    }
    return (transfer->order.question ? answer_check_question : answer_check)(
        head->status, head->content_type, head->location, readable ? excerpt->data : "",
        readable ? excerpt->length : 0, error);
}

int transfer_verdict(struct transfer *transfer, CURLcode code, struct error *error)
{
    if (transfer->error.class != ERROR_NONE) {
        *error = transfer->error;
        return -(int)error->class;
    }
    /* A refused answer is refused, however its body ended. */
    if (head_is_final(&transfer->head) && !transfer->accepted)
        return refused(transfer, error);
    if (code != CURLE_OK)
        return failed(transfer, code, error);
    if (!transfer->accepted) /* libcurl is content with half a head */
        return failed(transfer, CURLE_PARTIAL_FILE, error);
    if (transfer->body_bytes == 0)
        return error_set(error, ERROR_MALFORMED,
                         "the answer is empty; check that api.url is the address of the Luzmo API");
    return 0;
}

long transfer_status(const struct transfer *transfer)
{
    return head_is_final(&transfer->head) ? transfer->head.status : 0;
}

const char *transfer_retry_after(const struct transfer *transfer)
{
    return transfer->head.retry_after;
}

uint64_t transfer_announced_bytes(const struct transfer *transfer)
{
    const struct head *head = &transfer->head;

    return transfer->accepted && !head->chunked && head->length_valid ? head->length : 0;
}

uint64_t transfer_body_bytes(const struct transfer *transfer)
{
    return transfer->body_bytes;
}

#include "delivery.h"

#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BLOCK_SIZE (256 * 1024)

struct delivery {
    struct answer *answer;
    struct fault fault;
    struct faults *faults;
    int socket;
    int64_t sent;
};

static struct delivery *delivery_new(struct MHD_Connection *connection, struct faults *faults,
                                     struct answer *answer, const struct fault *fault)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));
    if (!delivery)
        abort();
    *delivery = (struct delivery){.answer = answer, .fault = *fault, .faults = faults};
    delivery->socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    return delivery;
}

static void delivery_free(void *context)
{
    struct delivery *delivery = context;
    answer_free(delivery->answer);
    fault_done(&delivery->fault);
    free(delivery);
}

/* --- the next bytes, as the fault lets them through --------------------------------------------------------------- */

static size_t lesser(size_t size, int64_t limit)
{
    return limit >= 0 && (uint64_t)limit < size ? (size_t)limit : size;
}

static size_t fill_endlessly(char *buffer, size_t size)
{
    memset(buffer, ' ', size);
    return size;
}

/* Bytes; 0 at the end; -1 when the connection is to break off here. */
static ssize_t next_bytes(struct delivery *delivery, char *buffer, size_t size)
{
    const struct fault *fault = &delivery->fault;
    if (fault->stall_after >= 0 && delivery->sent >= fault->stall_after) {
        faults_wait(delivery->faults, delivery->socket, -1);
        return -1;
    }
    if (fault->cut_after >= 0 && delivery->sent >= fault->cut_after)
        return fault->transfer == FAULT_TRANSFER_CLOSE ? 0 : -1;
    if (fault->drip_ms > 0 && delivery->sent &&
        !faults_wait(delivery->faults, delivery->socket, fault->drip_ms))
        return -1;
    size = lesser(size, fault->chunk);
    size = lesser(size, fault->stall_after < 0 ? -1 : fault->stall_after - delivery->sent);
    size = lesser(size, fault->cut_after < 0 ? -1 : fault->cut_after - delivery->sent);
    size_t filled = answer_read(delivery->answer, buffer, size);
    if (!filled && fault->endless)
        filled = fill_endlessly(buffer, size);
    delivery->sent += (int64_t)filled;
    return (ssize_t)filled;
}

static ssize_t read_cb(void *context, uint64_t position, char *buffer, size_t size)
{
    (void)position;
    ssize_t filled = next_bytes(context, buffer, size);
    if (filled > 0)
        return filled;
    return filled == 0 ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* --- bytes of a test's own, past the HTTP library ----------------------------------------------------------------- */

static bool send_bytes(gnutls_session_t session, int socket, const char *bytes, size_t length)
{
    while (length) {
        ssize_t sent = gnutls_record_send(session, bytes, length);
        if (sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED) {
            struct pollfd writable = {.fd = socket, .events = POLLOUT};
            poll(&writable, 1, 100);
            continue;
        }
        if (sent < 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static void send_raw(struct MHD_Connection *connection, struct delivery *delivery)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection,
                                                                   MHD_CONNECTION_INFO_GNUTLS_SESSION);
    char buffer[16 * 1024];
    for (;;) {
        ssize_t filled = next_bytes(delivery, buffer, sizeof(buffer));
        if (filled <= 0 || !send_bytes(info->tls_session, delivery->socket, buffer, (size_t)filled))
            return;
    }
}

static void make_close_a_reset(int socket)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* --- the answer that the fault puts in place of the true one ------------------------------------------------------ */

static struct answer *answer_of_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t length = 0, size = 0;
    while (file && !feof(file) && !ferror(file)) {
        if (length == size)
            bytes = realloc(bytes, size = size * 2 + BLOCK_SIZE);
        if (!bytes)
            abort();
        length += fread(bytes + length, 1, size - length, file);
    }
    struct answer *answer = answer_bytes(length ? bytes : "", length);
    if (file)
        fclose(file);
    free(bytes);
    return answer;
}

/* NULL when the fault brings no bytes of its own. */
static struct answer *answer_of_fault(json_t *text, json_t *file)
{
    if (text)
        return answer_bytes(json_string_value(text), json_string_length(text));
    return file ? answer_of_file(json_string_value(file)) : NULL;
}

static void put_in_place(struct reply *reply, const struct fault *fault)
{
    struct answer *answer = answer_of_fault(fault->body, fault->body_file);
    if (!answer && fault->status >= 400)
        answer = answer_error((unsigned)fault->status, "The simulator was told to answer this.");
    if (answer) {
        answer_free(reply->answer);
        reply->answer = answer;
    }
    if (fault->status >= 0)
        reply->status = (unsigned)fault->status;
    if (fault->content_type)
        reply->content_type = json_string_value(fault->content_type);
}

/* --- HTTP --------------------------------------------------------------------------------------------------------- */

static void add_headers(struct MHD_Response *response, const struct fault *fault, const char *content_type)
{
    const char *name;
    json_t *value;
    if (*content_type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    json_object_foreach(fault->headers, name, value)
    {
        MHD_add_response_header(response, name, json_string_value(value) ? json_string_value(value) : "");
    }
    if (fault->length >= 0) {
        char length[32];
        snprintf(length, sizeof(length), "%lld", (long long)fault->length);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LENGTH, length);
    }
}

/* The library refuses to lie about the length and ends chunks well by itself, unless it is told. */
static enum MHD_ResponseFlags flags_of(const struct fault *fault)
{
    unsigned flags = 0;
    if (fault->transfer == FAULT_TRANSFER_CLOSE || fault->length >= 0)
        flags |= MHD_RF_HTTP_1_0_COMPATIBLE_STRICT;
    if (fault->length >= 0)
        flags |= MHD_RF_INSANITY_HEADER_CONTENT_LENGTH;
    return (enum MHD_ResponseFlags)flags;
}

static enum MHD_Result send_response(struct MHD_Connection *connection, struct delivery *delivery,
                                     const struct reply *reply)
{
    const struct fault *fault = &delivery->fault;
    bool known = fault->transfer == FAULT_TRANSFER_LENGTH && fault->length < 0 && !fault->endless;
    struct MHD_Response *response = MHD_create_response_from_callback(
        known ? answer_length(delivery->answer) : MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_cb, delivery,
        delivery_free);
    if (!response)
        abort();
    MHD_set_response_options(response, flags_of(fault), MHD_RO_END);
    add_headers(response, fault, reply->content_type);
    enum MHD_Result result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result delivery_send(struct MHD_Connection *connection, struct faults *faults, struct reply *reply,
                              struct fault *fault)
{
    struct answer *raw = answer_of_fault(fault->raw, fault->raw_file);
    if (raw) {
        answer_free(reply->answer);
        reply->answer = raw;
    } else {
        put_in_place(reply, fault);
    }
    struct delivery *delivery = delivery_new(connection, faults, reply->answer, fault);
    bool goes_on = fault->delay_ms <= 0 || faults_wait(faults, delivery->socket, fault->delay_ms);
    if (goes_on && !raw && !fault->reset)
        return send_response(connection, delivery, reply);
    if (goes_on && raw)
        send_raw(connection, delivery);
    if (fault->reset)
        make_close_a_reset(delivery->socket);
    delivery_free(delivery);
    return MHD_NO;
}

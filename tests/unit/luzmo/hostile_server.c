/*
 * Blocking calls, one connection at a time. Nothing here minds a client that goes: that is what it is there to see.
 */
#include "luzmo/hostile_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS_MAX     4
#define REQUEST_MAX      ((size_t)4096)
#define DRIP_INTERVAL_MS 10

struct hostile_server {
    SSL_CTX *identity;
    const struct step *script;
    int listener;
    int stop; /* an eventfd, readable when it is time to go */
    int port;
    int connections;
    int socket; /* of the present connection, -1 when there is none */
    SSL *tls;   /* NULL before the handshake */
    char requests[REQUESTS_MAX][REQUEST_MAX];
    size_t request_count;
    pthread_t thread;
};

/* Waits until there is something to read from fd (-1: only for the time to pass). False when told to stop. */
static bool wait_for(struct hostile_server *server, int fd, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = server->stop, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    poll(fds, 2, timeout_ms);
    return fds[0].revents == 0;
}

static void hang_up(struct hostile_server *server, bool reset)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (server->socket < 0)
        return;
    if (reset)
        setsockopt(server->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    SSL_free(server->tls);
    close(server->socket);
    server->tls = NULL;
    server->socket = -1;
}

/* Reads until the client goes. */
static void outwait(struct hostile_server *server)
{
    char ignored[1024];

    while (server->socket >= 0 && wait_for(server, server->socket, -1)) {
        ssize_t got = server->tls ? SSL_read(server->tls, ignored, sizeof(ignored))
                                  : read(server->socket, ignored, sizeof(ignored));
        if (got <= 0)
            break;
    }
}

/* A proxy's part: the CONNECT is read up to its empty line and answered. */
static void tunnel(struct hostile_server *server, const char *answer)
{
    char request[REQUEST_MAX] = "";
    size_t length = 0;

    while (length < sizeof(request) - 1 && !strstr(request, "\r\n\r\n")) {
        ssize_t got = read(server->socket, request + length, sizeof(request) - 1 - length);
        if (got <= 0)
            return;
        length += (size_t)got;
    }
    send(server->socket, answer, strlen(answer), MSG_NOSIGNAL);
}

/* What the script wants to happen before TLS. */
static void prelude(struct hostile_server *server)
{
    const struct step *first = server->script;

    if (first->type == STEP_DEAF)
        outwait(server);
    else if (first->type == STEP_SLAM)
        hang_up(server, true);
    else if (first->type == STEP_TUNNEL)
        tunnel(server, first->text);
}

/* The next connection whose handshake succeeds. False when told to stop. */
static bool take_connection(struct hostile_server *server)
{
    while (wait_for(server, server->listener, -1)) {
        server->socket = accept(server->listener, NULL, NULL);
        prelude(server);
        if (server->socket < 0)
            continue;
        server->tls = SSL_new(server->identity);
        SSL_set_fd(server->tls, server->socket);
        if (SSL_accept(server->tls) == 1) {
            server->connections++;
            return true;
        }
        hang_up(server, false);
    }
    return false;
}

static bool is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *length = strcasestr(request, "content-length:");

    return end && length && strlen(end + 4) >= strtoul(length + strlen("content-length:"), NULL, 10);
}

/* One request on the present connection. False when the client goes before that. */
static bool read_request(struct hostile_server *server)
{
    char *request = server->requests[server->request_count % REQUESTS_MAX];
    size_t length = 0;

    memset(request, 0, REQUEST_MAX);
    while (!is_whole(request)) {
        int got = SSL_read(server->tls, request + length, (int)(REQUEST_MAX - 1 - length));
        if (got <= 0)
            return false;
        length += (size_t)got;
    }
    server->request_count++;
    return true;
}

static bool await_request(struct hostile_server *server)
{
    for (;;) {
        if (server->socket < 0 && !take_connection(server))
            return false;
        if (read_request(server))
            return true;
        hang_up(server, false);
    }
}

static bool say(struct hostile_server *server, const char *text, size_t length)
{
    return server->tls && SSL_write(server->tls, text, (int)length) > 0;
}

static void flood(struct hostile_server *server, const struct step *step)
{
    size_t length = strlen(step->text);

    for (size_t i = 0; step->times == 0 || i < step->times; i++)
        if (!say(server, step->text, length))
            return;
}

static void drip(struct hostile_server *server, const char *text)
{
    for (size_t i = 0; wait_for(server, -1, DRIP_INTERVAL_MS); i = (i + 1) % strlen(text))
        if (!say(server, text + i, 1))
            return;
}

/* Half of the connection ends; the other half is read out, else the client would see a reset. */
static void finish(struct hostile_server *server, bool politely)
{
    if (politely && server->tls)
        SSL_shutdown(server->tls);
    shutdown(server->socket, SHUT_WR);
    outwait(server);
    hang_up(server, false);
}

/* False when told to stop. */
static bool perform(struct hostile_server *server, const struct step *step)
{
    switch (step->type) {
    case STEP_SEND:
        say(server, step->text, strlen(step->text));
        return true;
    case STEP_FLOOD:
        flood(server, step);
        return true;
    case STEP_DRIP:
        drip(server, step->text);
        return true;
    case STEP_NEXT:
        return await_request(server);
    case STEP_CLOSE:
    case STEP_CUT:
        finish(server, step->type == STEP_CLOSE);
        return true;
    case STEP_RESET:
        hang_up(server, true);
        return true;
    default: /* had its turn before TLS */
        return true;
    }
}

static void *run(void *argument)
{
    struct hostile_server *server = argument;
    bool going = await_request(server);

    for (const struct step *step = server->script; going && step->type != STEP_END; step++)
        going = perform(server, step);
    outwait(server);
    hang_up(server, false);
    return NULL;
}

static void need(int fine)
{
    if (!fine)
        abort();
}

struct hostile_server *hostile_server_start(SSL_CTX *identity, const struct step *script)
{
    struct hostile_server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    need(server != NULL);
    server->identity = identity;
    server->script = script;
    server->socket = -1;
    server->stop = eventfd(0, EFD_CLOEXEC);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(bind(server->listener, (const struct sockaddr *)&address, size) == 0);
    need(listen(server->listener, 8) == 0);
    need(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0);
    server->port = ntohs(address.sin_port);
    need(pthread_create(&server->thread, NULL, run, server) == 0);
    return server;
}

void hostile_server_stop(struct hostile_server *server)
{
    need(eventfd_write(server->stop, 1) == 0);
    pthread_join(server->thread, NULL);
    close(server->listener);
    close(server->stop);
}

void hostile_server_free(struct hostile_server *server)
{
    free(server);
}

int hostile_server_port(const struct hostile_server *server)
{
    return server->port;
}

int hostile_server_connections(const struct hostile_server *server)
{
    return server->connections;
}

const char *hostile_server_request(const struct hostile_server *server, size_t n)
{
    return n < server->request_count && n < REQUESTS_MAX ? server->requests[n] : "";
}

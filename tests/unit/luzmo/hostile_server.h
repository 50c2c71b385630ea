/*
 * An HTTPS server that does what a script says, byte by byte, however wrong that is. It runs in a thread of its own.
 *
 *   static const struct step script[] = {SEND("HTTP/1.1 200 OK\r\n\r\n"), SEND("half of the"), CUT, {0}};
 *
 * It waits for a request before the first step. After the last one it waits until the client goes.
 */
#ifndef TEST_HOSTILE_SERVER_H
#define TEST_HOSTILE_SERVER_H

#include <openssl/ssl.h>
#include <stddef.h>

enum step_type {
    STEP_END,
    STEP_SEND,
    STEP_FLOOD,
    STEP_DRIP,
    STEP_NEXT,
    STEP_CLOSE,
    STEP_CUT,
    STEP_RESET,
    STEP_DEAF,
    STEP_SLAM,
    STEP_TUNNEL
};

struct step {
    enum step_type type;
    const char *text;
    size_t times;
};

#define STEP(...)                                                                                            \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

#define SEND(bytes) STEP(STEP_SEND, (bytes), 1)
/* Again and again: so many times; until the client goes. */
#define REPEAT(bytes, count) STEP(STEP_FLOOD, (bytes), (count))
#define FLOOD(bytes)         STEP(STEP_FLOOD, (bytes), 0)
/* One byte now and then, until the client goes. */
#define DRIP(bytes) STEP(STEP_DRIP, (bytes), 0)
/* Waits for the next request, on whichever connection. */
#define NEXT STEP(STEP_NEXT, NULL, 0)

/* The connection ends as TLS wants it, without a word from TLS, with RST. */
#define CLOSE STEP(STEP_CLOSE, NULL, 0)
#define CUT   STEP(STEP_CUT, NULL, 0)
#define RESET STEP(STEP_RESET, NULL, 0)

/* Only as the first step. The connection is taken, but nobody says a word of TLS; it is reset at once; the server is a
 * proxy: it reads CONNECT, sends these bytes, and is the API from then on. */
#define DEAF          STEP(STEP_DEAF, NULL, 0)
#define SLAM          STEP(STEP_SLAM, NULL, 0)
#define TUNNEL(bytes) STEP(STEP_TUNNEL, (bytes), 1)

struct hostile_server; /* opaque */

/* Listens on 127.0.0.1. The script ends with a zeroed step and is borrowed. */
struct hostile_server *hostile_server_start(SSL_CTX *identity, const struct step *script);
void hostile_server_stop(struct hostile_server *server); /* after this the requests can be read */
void hostile_server_free(struct hostile_server *server);

int hostile_server_port(const struct hostile_server *server);
int hostile_server_connections(const struct hostile_server *server); /* on which a handshake succeeded */
/* The whole text of the n-th request, "" when there were fewer. */
const char *hostile_server_request(const struct hostile_server *server, size_t n);

#endif

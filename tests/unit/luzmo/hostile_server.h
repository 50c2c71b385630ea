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

#define SEND(bytes)                                                                                          \
    {                                                                                                        \
        STEP_SEND, (bytes), 1                                                                                \
    }
#define FLOOD(bytes)                                                                                         \
    {                                                                                                        \
        STEP_FLOOD, (bytes), 0                                                                               \
    } /* again and again until the client goes */
#define REPEAT(bytes, num)                                                                                   \
    {                                                                                                        \
        STEP_FLOOD, (bytes), (num)                                                                           \
    } /* so many times */
#define DRIP(bytes)                                                                                          \
    {                                                                                                        \
        STEP_DRIP, (bytes), 0                                                                                \
    } /* one byte now and then until the client goes */
#define NEXT                                                                                                 \
    {                                                                                                        \
        STEP_NEXT, NULL, 0                                                                                   \
    } /* waits for the next request, on whichever connection */
#define CLOSE                                                                                                \
    {                                                                                                        \
        STEP_CLOSE, NULL, 0                                                                                  \
    } /* as TLS wants it: close_notify first */
#define CUT                                                                                                  \
    {                                                                                                        \
        STEP_CUT, NULL, 0                                                                                    \
    } /* the connection ends without a word from TLS */
#define RESET                                                                                                \
    {                                                                                                        \
        STEP_RESET, NULL, 0                                                                                  \
    } /* RST */

/* Only as the first step: */
#define DEAF                                                                                                 \
    {                                                                                                        \
        STEP_DEAF, NULL, 0                                                                                   \
    } /* the connection is taken, but nobody says a word of TLS */
#define SLAM                                                                                                 \
    {                                                                                                        \
        STEP_SLAM, NULL, 0                                                                                   \
    } /* reset as soon as the connection is there */
#define TUNNEL(bytes)                                                                                        \
    {                                                                                                        \
        STEP_TUNNEL, (bytes), 1                                                                              \
    } /* a proxy: reads CONNECT, sends this, and is the server from then on */

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

/*
 * One client, one hostile server, one loop: what a test of the client needs around it.
 */
#ifndef TEST_TRIAL_H
#define TEST_TRIAL_H

#include "base/buffer.h"
#include "luzmo/certificates.h"
#include "luzmo/client.h"
#include "luzmo/hostile_server.h"

#define TRIAL_KEY   "3f0d9a52-key"
#define TRIAL_TOKEN "s3cret/token\"+with,quotes"

struct trial {
    uv_loop_t loop;
    char url[64];
    struct client_settings settings; /* generous timeouts; may be changed before the first pull */
    const char *token;
    struct hostile_server *server; /* NULL without a script */
    struct client *client;
    struct buffer body;
    void (*on_body)(struct trial *trial, struct error *error); /* NULL; sets an error: the body is refused */
    void (*on_done)(struct trial *trial);                      /* NULL */
    int done;                                                  /* how often somebody was called back */
    bool closed;
    struct client_outcome outcome; /* of the last pull, */
    struct client_users users;     /* of the last question for users, */
    struct client_token told;      /* of the last one about the token */
};

/* Group fixtures: the certificates of all trials of a program. */
int trials_setup(void **state);
int trials_teardown(void **state);

/* The server runs, the client is made by the first pull. script NULL: nobody listens on the port of `url`. */
void trial_begin(struct trial *trial, enum identity identity, const struct step *script);
void trial_point_at(struct trial *trial, const char *host, int port);

/* Starts a pull, and asserts that nobody is called back from within the call. */
void trial_pull(struct trial *trial);
/* A question likewise. */
void trial_ask_users(struct trial *trial, const struct uuid *ids, size_t count);
void trial_ask_token(struct trial *trial);
void trial_wait(struct trial *trial);                      /* until what was asked last is done */
void trial_run_for(struct trial *trial, int milliseconds); /* lets the loop run meanwhile */

/* Closes the client, ends the server, and asserts that nobody was called back twice and the loop has no handle left.
 * The server's requests can be read until trial_free. */
void trial_end(struct trial *trial);
void trial_free(struct trial *trial);

#endif

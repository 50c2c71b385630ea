/*
 * Faults: scripts that tests queue and requests consume, one after the other. A fault says what is to go wrong with one
 * answer; delivery does it. Knows nothing of HTTP libraries.
 */
#ifndef SIMULATOR_FAULT_H
#define SIMULATOR_FAULT_H

#include "problem.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_transfer {
    FAULT_TRANSFER_LENGTH,  /* Content-Length announced */
    FAULT_TRANSFER_CHUNKED, /* chunk after chunk */
    FAULT_TRANSFER_CLOSE,   /* the end of the connection is the end of the body */
};

/* Every number is -1 when the script does not name it; strings belong to `script`. See README.md for each key. */
struct fault {
    json_t *script;
    int64_t times; /* left; -1 = for ever */
    int64_t status, delay_ms, cut_after, stall_after, chunk, drip_ms, length, shuffle_members, shuffle_text;
    json_t *content_type, *headers, *body, *body_file, *raw, *raw_file;
    json_t *resource; /* NULL = organization */
    enum fault_transfer transfer;
    bool endless, reset, only_with_attributes;
};

/* A fault that changes nothing. */
struct fault fault_none(void);

struct faults; /* opaque; every function may be called from any thread */

struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* Queues one script (an object). -1 and a sentence when it has an unknown key or a value of the wrong kind. */
int faults_add(struct faults *faults, json_t *script, struct problem *problem);

/* Forgets everything queued and ends every delay and stall that is under way. */
void faults_clear(struct faults *faults);

/* Forgets what is queued for this resource, and ends nothing. */
void faults_clear_resource(struct faults *faults, const char *resource);

/* The fault for a request to this resource; a fault that changes nothing when none is queued. Release with
 * fault_done. */
void faults_take(struct faults *faults, const char *resource, bool with_attributes, struct fault *ret_fault);
void fault_done(struct fault *fault);

/* What is still queued, as an array. */
json_t *faults_list(struct faults *faults);

/* Sleeps for `ms` (-1 = for ever) in small steps. False when the peer of `socket` went away or faults_clear came. */
bool faults_wait(struct faults *faults, int socket, int64_t ms);

#endif

/*
 * One pull of one organization, from its first byte to "complete" or "failed": feeds the slicer, recognises slices
 * by the roster, decodes the others into a spool, sets rejected ones apart, and checks the envelope. It compares with
 * nothing but the roster and writes nothing.
 */
#ifndef CORE_POLL_H
#define CORE_POLL_H

#include "base/error.h"
#include "base/spool.h"
#include "core/changeset.h"
#include "core/decode.h"
#include "core/roster.h"

struct poll_settings {
    uint64_t max_body; /* bytes */
    uint32_t max_members;
    size_t spool_memory; /* bytes kept in memory before the temporary file */
    const char *spool_directory;
    const struct digest_secret *secret; /* outlives the poll */
    const char *organization_id;        /* expected; NULL when not pinned yet */
    bool full; /* full comparison: the roster holds value digests (member_digest); decode everything */
};

struct poll_result {
    struct envelope envelope;
    uint64_t body_bytes;
    uint32_t slices;
    uint32_t recognised;
    uint32_t decoded;    /* in the spool */
    uint32_t duplicates; /* identical repeats: a warning */
    uint32_t absent;     /* roster entries not seen; 0 when `unreadable` forbids to conclude */
    uint32_t unreadable; /* rejected records whose id could not be read: nobody may be marked absent */
    uint8_t fingerprint[SHA256_SIZE]; /* over the slice digests in order, then the envelope */
};

struct poll; /* opaque */

/* Begins a poll on the roster, which it borrows and marks; in full mode it replaces value digests by slice digests where
 * the value is the same, so that after a failed full poll the roster must be loaded again. `settings` is copied with its
 * organization_id; the secret is borrowed. */
struct poll *poll_new(const struct poll_settings *settings, struct roster *roster);
void poll_free(struct poll *poll);

/* The next bytes of the body. Failure means a failed poll: ERROR_MALFORMED (or UNAVAILABLE: spool), one sentence. */
MUST_CHECK int poll_feed(struct poll *poll, const char *bytes, size_t length, struct error *error);

/* The transport says that the body is whole. On success the poll is complete and may be believed. */
MUST_CHECK int poll_end(struct poll *poll, struct error *error);

const struct poll_result *poll_result(const struct poll *poll); /* before poll_end only `slices`, so far */
struct spool *poll_decoded(struct poll *poll); /* records of struct decoded, in arrival order */

/* Rejected records, each once, in no particular order. */
size_t poll_rejection_count(const struct poll *poll);
const struct rejection *poll_rejection(const struct poll *poll, size_t index);

/* After the cycle is known to be written: every decoded slice's digest enters the roster. */
MUST_CHECK int poll_remember(struct poll *poll, struct error *error);

#endif

/*
 * The roster: the in-memory index of one organization's present and absent members; per member its id and the digest of
 * its slice, 32 bytes, who came after it in the answer, 4 bytes, and a hash index over the ids (4-byte slots). Tombstones
 * are not in it. It never knows what a slice says, except for the id in it.
 *
 * An entry is a number, good until the next roster_begin. During a poll the roster recognises slices and marks who was
 * seen; it is changed for good only after the COMMIT is known to have happened.
 */
#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

#include "base/digest.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROSTER_NONE UINT32_MAX

struct roster; /* opaque */

struct roster *roster_new(void);
void roster_free(struct roster *roster);

/* Loading. Adds a member in order; a zero digest means "not known". False when the id is already there. */
bool roster_add(struct roster *roster, const struct uuid *user_id, const struct digest *digest);
uint32_t roster_count(const struct roster *roster); /* pending ones too */

/* A poll: roster_begin forgets the marks of the former one. */
void roster_begin(struct roster *roster);

/* The entry whose stored digest is that of this slice, or ROSTER_NONE. Tries first the member that came next in the last
 * poll; slice_read_id is consulted only when order breaks. Does not mark. */
uint32_t roster_recognise(struct roster *roster, const struct digest *digest, const char *slice,
                          size_t length);

uint32_t roster_find(const struct roster *roster, const struct uuid *user_id);
bool roster_is_seen(const struct roster *roster, uint32_t entry);
void roster_mark_seen(struct roster *roster, uint32_t entry); /* and expects its successor next */

/* Marks as seen, but with a slice other than the stored digest's: what tells repeats of one user apart. */
void roster_mark_differing(struct roster *roster, uint32_t entry);
bool roster_is_differing(const struct roster *roster, uint32_t entry);

const struct uuid *roster_id(const struct roster *roster, uint32_t entry);
const struct digest *roster_digest(const struct roster *roster, uint32_t entry);

/* Entries not seen in this poll: how many; the first at or after `from`, or ROSTER_NONE. */
uint32_t roster_unseen(const struct roster *roster);
uint32_t roster_next_unseen(const struct roster *roster, uint32_t from);

/* A newcomer met during the poll: an entry behind the others, marked seen, found by roster_find, dropped by the next
 * roster_begin unless roster_keep came before. */
uint32_t roster_add_pending(struct roster *roster, const struct uuid *user_id, const struct digest *digest);
void roster_keep(struct roster *roster);

/* Replaces the digest of an entry in place (full comparison, where the slot held a value digest). */
void roster_replace_digest(struct roster *roster, uint32_t entry, const struct digest *digest);

/* For good (pending entries are kept with it): adds or updates one member's digest; removes one, in constant time and
 * without moving the others. Removing an id that is not there does nothing. */
void roster_set(struct roster *roster, const struct uuid *user_id, const struct digest *digest);
void roster_remove(struct roster *roster, const struct uuid *user_id);

#endif

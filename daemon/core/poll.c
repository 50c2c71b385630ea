/*
 * What becomes of a slice:
 *
 *     digest stored in the roster ------------------------------------> recognised
 *     else decoded, and its id is    new to the roster ---------------> spooled, pending in the roster
 *                                    known, and its value is stored --> recognised (full comparison)
 *                                    known ---------------------------> spooled, marked as differing
 *     else refused: a rejection,     whose id is known ---------------> marked as differing: it counts as seen
 *                                    whose id cannot be read ---------> nobody may be called absent
 *
 * Each of them may meet an id that was seen before. Most repeats are judged at once by the roster's marks; where the
 * first one's digest is not in the roster, at the end, in one pass over what was spooled and rejected.
 */
#include "core/poll.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "core/record.h"
#include "core/slice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An answer in which more than this is wrong is not believed; also what bounds the memory it takes. */
#define REJECTIONS_MAX 10000u
#define REPEATS_MAX    1000u

/* A slice makes a record of about its own size; one of its maximum fits many times over. */
#define RECORD_MAX ((size_t)16 * SLICE_MAX)

#define DIGEST_BATCH 64u

/* A user and the slice in which it was found. */
struct claim {
    struct uuid user_id;
    struct digest slice_digest;
};

struct poll {
    struct poll_settings settings;
    char *organization_id; /* expected; NULL when not pinned yet */
    struct roster *roster;
    struct slicer *slicer;
    struct spool decoded;
    struct arena arena;   /* text of the slice being decoded */
    struct buffer record; /* of the slice being spooled */

    uint32_t differing;           /* decoded members that the roster knew under another digest */
    struct rejection *rejections; /* grows up to REJECTIONS_MAX */
    uint32_t rejection_count;     /* with repeated ones until merge_rejections */

    struct claim
        *repeats; /* of users marked as differing, to be judged at the end; grows up to REPEATS_MAX */
    uint32_t repeat_count;

    struct digest role_organization; /* that the first decoded record named */
    bool organizations_differ;       /* some record named another one */

    struct sha256 *fingerprint;
    struct digest digests[DIGEST_BATCH]; /* that wait to be added to it */
    uint32_t digest_count;

    struct poll_result result;
};

/* --- repeated users ----------------------------------------------------------------------------------------------- */

static int fail_ambiguous(const struct uuid *user_id, struct error *error)
{
    char text[UUID_TEXT_LENGTH + 1];

    uuid_format(user_id, text);
    return error_set(error, ERROR_MALFORMED, "user %s appears twice with different content", text);
}

/* A user seen before, now in a slice with this digest: the same content is counted, other content fails the poll. */
static int take_repeat(struct poll *poll, uint32_t entry, const struct digest *digest, struct error *error)
{
    const struct uuid *user_id = roster_id(poll->roster, entry);

    if (poll->result.duplicates == REPEATS_MAX)
        return error_set(error, ERROR_MALFORMED, "more than %u users appear twice", REPEATS_MAX);
    poll->result.duplicates++;
    if (!roster_is_differing(poll->roster, entry))
        return digest_equal(roster_digest(poll->roster, entry), digest) ? 0 : fail_ambiguous(user_id, error);
    if (!poll->repeats)
        poll->repeats = memory_alloc(REPEATS_MAX * sizeof(poll->repeats[0]));
    poll->repeats[poll->repeat_count++] = (struct claim){*user_id, *digest};
    return 0;
}

static int rejection_order(const void *left, const void *right)
{
    const struct rejection *one = left, *other = right;
    return memcmp(&one->slice_digest, &other->slice_digest, sizeof(one->slice_digest));
}

/* Equal slices become one rejection. Sorts them, for nobody asks for their order. */
static void merge_rejections(struct poll *poll)
{
    struct rejection *rejections = poll->rejections;
    uint32_t kept = 0;

    if (poll->rejection_count == 0)
        return;
    qsort(rejections, poll->rejection_count, sizeof(rejections[0]), rejection_order);
    for (uint32_t i = 1; i < poll->rejection_count; i++) {
        if (rejection_order(&rejections[kept], &rejections[i]) != 0)
            rejections[++kept] = rejections[i];
    }
    poll->result.duplicates += poll->rejection_count - (kept + 1);
    poll->rejection_count = kept + 1;
}

static int claim_order(const void *left, const void *right)
{
    const struct claim *one = left, *other = right;
    return uuid_compare(&one->user_id, &other->user_id);
}

/* What was rejected and what was repeated, by user id. */
static size_t gather_claims(const struct poll *poll, struct claim *claims)
{
    size_t count = 0;

    for (uint32_t i = 0; i < poll->repeat_count; i++)
        claims[count++] = poll->repeats[i];
    for (uint32_t i = 0; i < poll->rejection_count; i++) {
        const struct rejection *rejection = &poll->rejections[i];
        if (rejection->has_user_id)
            claims[count++] = (struct claim){rejection->user_id, rejection->slice_digest};
    }
    qsort(claims, count, sizeof(claims[0]), claim_order);
    return count;
}

static int compare_claims(const struct claim *claims, size_t count, struct error *error)
{
    for (size_t i = 1; i < count; i++) {
        if (claim_order(&claims[i - 1], &claims[i]) == 0 &&
            !digest_equal(&claims[i - 1].slice_digest, &claims[i].slice_digest))
            return fail_ambiguous(&claims[i].user_id, error);
    }
    return 0;
}

/* Calls back for each decoded record, in order; a negative result ends it and is returned. */
typedef int (*decoded_cb)(void *context, const struct decoded *decoded, struct error *error);

static int each_decoded(struct poll *poll, decoded_cb take, void *context, struct error *error)
{
    struct spool_reader reader;
    const void *record;
    size_t length;
    int status;

    spool_reader_init(&reader, &poll->decoded);
    while ((status = spool_next(&reader, &record, &length, error)) > 0) {
        struct decoded decoded;
        record_read_decoded(record, length, &decoded);
        status = take(context, &decoded, error);
        if (status < 0)
            break;
    }
    spool_reader_done(&reader);
    return status;
}

struct claims {
    struct claim *claims; /* sorted */
    size_t count;
};

static int compare_decoded_cb(void *context, const struct decoded *decoded, struct error *error)
{
    const struct claims *claims = context;
    const struct claim key = {.user_id = decoded->member.user_id};
    const struct claim *claim = bsearch(&key, claims->claims, claims->count, sizeof(claims->claims[0]),
                                        claim_order);

    if (!claim || digest_equal(&claim->slice_digest, &decoded->slice_digest))
        return 0;
    return fail_ambiguous(&key.user_id, error);
}

static int judge_repeats(struct poll *poll, struct error *error)
{
    struct claims claims;

    if (poll->repeat_count + poll->rejection_count == 0)
        return 0;
    claims.claims = memory_alloc((poll->repeat_count + poll->rejection_count) * sizeof(claims.claims[0]));
    claims.count = gather_claims(poll, claims.claims);
    int status = compare_claims(claims.claims, claims.count, error);
    if (status == 0)
        status = each_decoded(poll, compare_decoded_cb, &claims, error);
    free(claims.claims);
    return status;
}

/* --- one slice ---------------------------------------------------------------------------------------------------- */

struct slice {
    const char *bytes;
    size_t length;
    struct digest digest;
};

static int add_rejection(struct poll *poll, const struct rejection *rejection, struct error *error)
{
    uint32_t count = poll->rejection_count;

    if (count == REJECTIONS_MAX)
        return error_set(error, ERROR_MALFORMED, "more than %u of the answer's records cannot be read: %s",
                         REJECTIONS_MAX, poll->rejections[0].reason);
    if ((count & (count - 1)) == 0)
        poll->rejections = memory_grow(poll->rejections, count > 0 ? 2 * (size_t)count : 1,
                                       sizeof(*rejection));
    poll->rejections[poll->rejection_count++] = *rejection;
    return 0;
}

static int take_rejected(struct poll *poll, const struct slice *slice, const char *reason,
                         struct error *error)
{
    struct rejection rejection = {.slice_digest = slice->digest};

    rejection.has_user_id = slice_read_id(slice->bytes, slice->length, &rejection.user_id);
    snprintf(rejection.reason, sizeof(rejection.reason), "%.*s", (int)sizeof(rejection.reason) - 1, reason);
    if (rejection.has_user_id) {
        uint32_t entry = roster_find(poll->roster, &rejection.user_id);
        if (entry != ROSTER_NONE && !roster_is_seen(poll->roster, entry))
            roster_mark_differing(poll->roster, entry);
        else if (entry != ROSTER_NONE && !roster_is_differing(poll->roster, entry))
            return fail_ambiguous(&rejection.user_id, error);
    }
    return add_rejection(poll, &rejection, error);
}

static int take_recognised(struct poll *poll, uint32_t entry, const struct digest *digest,
                           struct error *error)
{
    if (roster_is_seen(poll->roster, entry))
        return take_repeat(poll, entry, digest, error);
    roster_mark_seen(poll->roster, entry);
    poll->result.recognised++;
    return 0;
}

static int spool_decoded(struct poll *poll, const struct decoded *decoded, struct error *error)
{
    if (poll->result.decoded++ == 0)
        poll->role_organization = decoded->role_organization;
    if (!digest_equal(&poll->role_organization, &decoded->role_organization))
        poll->organizations_differ = true;
    buffer_clear(&poll->record);
    record_add_decoded(&poll->record, decoded);
    return spool_append(&poll->decoded, poll->record.data, poll->record.length, error);
}

/* Whether the roster's digest already stands for this member: of its value in a full comparison, else of its slice (when
 * the id is spelled so that only a parser finds it). */
static bool is_stored(const struct poll *poll, uint32_t entry, const struct decoded *decoded)
{
    const struct digest *stored = roster_digest(poll->roster, entry);

    if (!poll->settings.full)
        return digest_equal(stored, &decoded->slice_digest);
    struct digest value = member_digest(&decoded->member, poll->settings.secret);
    return digest_equal(stored, &value);
}

static int take_member(struct poll *poll, const struct decoded *decoded, struct error *error)
{
    uint32_t entry = roster_find(poll->roster, &decoded->member.user_id);

    if (entry == ROSTER_NONE) {
        roster_add_pending(poll->roster, &decoded->member.user_id, &decoded->slice_digest);
        return spool_decoded(poll, decoded, error);
    }
    if (roster_is_seen(poll->roster, entry))
        return take_repeat(poll, entry, &decoded->slice_digest, error);
    if (is_stored(poll, entry, decoded)) {
        roster_replace_digest(poll->roster, entry, &decoded->slice_digest);
        return take_recognised(poll, entry, &decoded->slice_digest, error);
    }
    roster_mark_differing(poll->roster, entry);
    poll->differing++;
    return spool_decoded(poll, decoded, error);
}

static int take_unknown(struct poll *poll, const struct slice *slice, struct error *error)
{
    struct decoded decoded = {.slice_digest = slice->digest};
    struct decoded_record record;
    struct error reason;

    arena_clear(&poll->arena);
    if (decode_member(slice->bytes, slice->length, poll->organization_id, &poll->arena, &record, &reason) < 0)
        return take_rejected(poll, slice, reason.text, error);
    decoded.member = record.member;
    decoded.role_organization = digest_of(poll->settings.secret, record.role_organization,
                                          strlen(record.role_organization));
    return take_member(poll, &decoded, error);
}

static void flush_fingerprint(struct poll *poll)
{
    sha256_add(poll->fingerprint, poll->digests, poll->digest_count * sizeof(poll->digests[0]));
    poll->digest_count = 0;
}

static int take_slice_cb(void *context, const char *bytes, size_t length, struct error *error)
{
    struct poll *poll = context;
    struct slice slice = {bytes, length, digest_of(poll->settings.secret, bytes, length)};

    if (poll->result.slices == poll->settings.max_members)
        return error_set(error, ERROR_MALFORMED,
                         "the answer lists more than %" PRIu32
                         " members; raise sync.max_members if the organization is that large",
                         poll->settings.max_members);
    poll->result.slices++;
    poll->digests[poll->digest_count++] = slice.digest;
    if (poll->digest_count == DIGEST_BATCH)
        flush_fingerprint(poll);

    uint32_t entry = poll->settings.full ? ROSTER_NONE
                                         : roster_recognise(poll->roster, &slice.digest, bytes, length);
    if (entry == ROSTER_NONE)
        return take_unknown(poll, &slice, error);
    return take_recognised(poll, entry, &slice.digest, error);
}

/* --- the poll ----------------------------------------------------------------------------------------------------- */

struct poll *poll_new(const struct poll_settings *settings, struct roster *roster)
{
    struct poll *poll = memory_alloc(sizeof(*poll));

    poll->settings = *settings;
    poll->organization_id = memory_string(settings->organization_id);
    poll->roster = roster;
    poll->slicer = slicer_new(take_slice_cb, poll);
    poll->fingerprint = sha256_new();
    spool_init(&poll->decoded, settings->spool_memory, settings->spool_directory);
    arena_init(&poll->arena);
    buffer_init(&poll->record, RECORD_MAX);
    roster_begin(roster);
    return poll;
}

void poll_free(struct poll *poll)
{
    if (!poll)
        return;
    free(poll->organization_id);
    slicer_free(poll->slicer);
    spool_done(&poll->decoded);
    arena_done(&poll->arena);
    buffer_done(&poll->record);
    free(poll->rejections);
    free(poll->repeats);
    sha256_free(poll->fingerprint);
    envelope_done(&poll->result.envelope);
    free(poll);
}

int poll_feed(struct poll *poll, const char *bytes, size_t length, struct error *error)
{
    if (length > poll->settings.max_body - poll->result.body_bytes)
        return error_set(error, ERROR_MALFORMED,
                         "the answer is larger than %" PRIu64
                         " bytes; raise sync.max_body if the organization is that large",
                         poll->settings.max_body);
    poll->result.body_bytes += length;
    return slicer_feed(poll->slicer, bytes, length, error);
}

/* Where a decoded record goes once the organization's id is known. */
struct sorting {
    struct poll *poll;
    struct digest organization;
    struct spool kept;
};

static int sort_decoded_cb(void *context, const struct decoded *decoded, struct error *error)
{
    struct sorting *sorting = context;
    struct poll *poll = sorting->poll;
    const struct uuid *user_id = &decoded->member.user_id;

    if (digest_equal(&decoded->role_organization, &sorting->organization)) {
        buffer_clear(&poll->record);
        record_add_decoded(&poll->record, decoded);
        return spool_append(&sorting->kept, poll->record.data, poll->record.length, error);
    }
    poll->result.decoded--;
    /* Only a newcomer is not marked as differing. */
    if (!roster_is_differing(poll->roster, roster_find(poll->roster, user_id)))
        roster_remove(poll->roster, user_id);
    return add_rejection(poll,
                         &(struct rejection){
                             .has_user_id = true,
                             .user_id = *user_id,
                             .slice_digest = decoded->slice_digest,
                             .reason = "organizationRole.organization_id names another organization",
                         },
                         error);
}

/* Before the organization is pinned, its id is known only from the envelope, which is complete at the end: decoded
 * records of another organization become rejections now. */
static int reject_foreign(struct poll *poll, struct error *error)
{
    const char *id = poll->result.envelope.organization_id;
    struct sorting sorting = {.poll = poll};

    if (poll->organization_id || poll->result.decoded == 0)
        return 0;
    sorting.organization = digest_of(poll->settings.secret, id, strlen(id));
    if (!poll->organizations_differ && digest_equal(&poll->role_organization, &sorting.organization))
        return 0;
    spool_init(&sorting.kept, poll->settings.spool_memory, poll->decoded.directory);
    int status = each_decoded(poll, sort_decoded_cb, &sorting, error);
    spool_done(&poll->decoded);
    poll->decoded = sorting.kept;
    return status;
}

static int refuse_all_rejected(const struct poll *poll, struct error *error)
{
    if (poll->rejection_count < poll->result.slices)
        return 0;
    return error_set(error, ERROR_MALFORMED,
                     "none of the answer's records can be read (%" PRIu32 " in all): %s", poll->result.slices,
                     poll->rejections[0].reason);
}

static void count_absent(struct poll *poll)
{
    for (uint32_t i = 0; i < poll->rejection_count; i++)
        poll->result.unreadable += !poll->rejections[i].has_user_id;
    poll->result.absent = poll->result.unreadable > 0 ? 0 : roster_unseen(poll->roster);
}

int poll_end(struct poll *poll, struct error *error)
{
    const char *envelope;
    size_t length;

    int status = slicer_end(poll->slicer, &envelope, &length, error);
    if (status == 0)
        status = decode_envelope(envelope, length, poll->result.slices, poll->organization_id,
                                 &poll->result.envelope, error);
    if (status == 0)
        status = reject_foreign(poll, error);
    if (status == 0)
        status = refuse_all_rejected(poll, error);
    if (status < 0)
        return status;

    merge_rejections(poll);
    status = judge_repeats(poll, error);
    if (status < 0)
        return status;
    count_absent(poll);
    flush_fingerprint(poll);
    sha256_add(poll->fingerprint, envelope, length);
    sha256_finish(poll->fingerprint, poll->result.fingerprint);
    return 0;
}

const struct poll_result *poll_result(const struct poll *poll)
{
    return &poll->result;
}

struct spool *poll_decoded(struct poll *poll)
{
    return &poll->decoded;
}

size_t poll_rejection_count(const struct poll *poll)
{
    return poll->rejection_count;
}

const struct rejection *poll_rejection(const struct poll *poll, size_t index)
{
    return &poll->rejections[index];
}

static int remember_cb(void *context, const struct decoded *decoded, struct error *error)
{
    struct poll *poll = context;

    (void)error;
    roster_set(poll->roster, &decoded->member.user_id, &decoded->slice_digest);
    return 0;
}

int poll_remember(struct poll *poll, struct error *error)
{
    roster_keep(poll->roster);
    if (poll->differing == 0) /* newcomers brought their digest along */
        return 0;
    return each_decoded(poll, remember_cb, poll, error);
}

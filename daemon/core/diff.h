/*
 * The diff: a member as it was against a member as it is, by value. Pure; decides which changes there are and what the
 * row becomes, never when or how they are written.
 */
#ifndef CORE_DIFF_H
#define CORE_DIFF_H

#include "base/buffer.h"
#include "core/change.h"

/* The times of the poll that is being compared (microseconds since 1970) and how it treats newcomers. */
struct diff_poll {
    int64_t asked;          /* request sent */
    int64_t answered;       /* body complete */
    int64_t previous_asked; /* asked of the last complete poll before, 0 when there was none */
    bool
        previous_partial; /* in that poll some records could not be told apart: it proves nobody's presence */
    bool baseline;        /* newcomers are `baseline`: first cycle of an organization, or a discontinuity */
};

enum diff_verdict {
    DIFF_SAME,      /* the row equals the member and carries this digest: nothing to write */
    DIFF_REFRESHED, /* equal by value, only the bytes differed: the digest may be refreshed */
    DIFF_RETURNED,  /* equal by value, but the row was marked absent: the mark goes */
    DIFF_ADDED,     /* no row, or a tombstone: baseline, joined or rejoined */
    DIFF_CHANGED,
    DIFF_REPAIRED, /* row differs although it carries this slice's digest: edited behind our back; no change row */
};

#define DIFF_CHANGES_MAX 2

struct diff {
    enum diff_verdict verdict;
    struct member_row after;                 /* the row to write; its text belongs to `now` */
    struct change changes[DIFF_CHANGES_MAX]; /* images belong to the buffer given */
    size_t change_count;
    field_mask fields; /* which fields differed */
};

/* The fields in which two members differ by value. */
field_mask diff_fields(const struct member *left, const struct member *right);

/* before: the stored row (tombstones too) or NULL. digest: of the slice that `now` was decoded from. Images are added to
 * `images`, which must stay untouched while the result is used; when it has overflowed, they are not to be used. */
void diff_member(const struct member_row *before, const struct member *now, const struct digest *digest,
                 const struct diff_poll *poll, struct buffer *images, struct diff *ret_diff);

/* The same while the flags of a present member are held: the row keeps them and their times, the profile goes on. SAME,
 * RETURNED or CHANGED; the row keeps its digest unless a part of the slice was applied. before: no tombstone. */
void diff_held_flags(const struct member_row *before, const struct member *now, const struct diff_poll *poll,
                     struct buffer *images, struct diff *ret_diff);

/* What follows from not having seen a member in a complete poll. */
struct removal_policy {
    int32_t polls;            /* complete polls without the member before it is removed, at least 1 */
    int64_t confirm_after_us; /* least time between two that count */
    /* `answered` stands still because the clock was set back, but by a steady one so much time has passed since any
     * absence was counted that this poll counts for all of them. */
    bool waited;
};

enum absence_verdict {
    ABSENCE_STANDS,  /* absent already and not due: nothing to write */
    ABSENCE_COUNTED, /* the row is marked absent, or one more poll counted */
    ABSENCE_REMOVED, /* confirmed: tombstone and a `left` row */
};

struct absence {
    enum absence_verdict verdict;
    struct member_row after;
    struct change
        change; /* with ABSENCE_REMOVED; observed_at is absent_since, observed_after the row's last_seen_at */
    int64_t due_us; /* wall time (answered) from which the next poll counts; with STANDS and COUNTED */
};

/* before: the stored row, not a tombstone. The k-th poll without the member counts from absent_since + (k - 1) *
 * confirm_after_us on, or when the policy says `waited`. removed_at is absent_since, as the change's observed_at;
 * absent_since and absent_polls stay. */
void diff_absent(const struct member_row *before, const struct diff_poll *poll,
                 const struct removal_policy *policy, struct buffer *images, struct absence *ret_absence);

#endif

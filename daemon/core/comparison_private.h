/*
 * What the comparison's parts share: comparison.c (what is needed next), comparison_member.c (one member: what becomes of
 * the row), comparison_guard.c (what is put aside, and the verdict on it). Nobody else includes this.
 */
#ifndef CORE_COMPARISON_PRIVATE_H
#define CORE_COMPARISON_PRIVATE_H

#include "core/comparison.h"
#include "core/record.h"

enum comparison_phase {
    PHASE_DECODED,     /* decoded members against their rows */
    PHASE_UNSEEN,      /* roster entries that were not seen */
    PHASE_QUARANTINED, /* seen, but their records cannot be read */
    PHASE_LOG_ONLY,    /* after a loss of rows: whom only the log knows */
    PHASE_PAST,        /* of the guards, when something is to be judged */
    PHASE_DOUBTFUL,    /* the second source */
    PHASE_REMOVALS,    /* what was put aside goes through or is held */
    PHASE_PENDING,
    PHASE_FLAGS,
    PHASE_REFRESHES,
    PHASE_STALE, /* digests that go along when something is written anyway */
    PHASE_OVER,
};

/* A member of the present batch. Decoded ones have their record copied, because the spool's reader moves on. */
struct entry {
    struct uuid user_id;
    size_t offset; /* into `records` */
    size_t length;
    bool matched;         /* its row came */
    bool edited;          /* and was not as the daemon had written it */
    bool known;           /* so the log was asked, and had it */
    size_t edited_offset; /* the row as somebody left it, in `edited_rows`; length 0 when it is not kept */
    size_t edited_length;
};

struct comparison {
    struct comparison_input input;
    struct comparison_result result;
    enum comparison_phase phase;
    bool awaiting;              /* a need was named and is being fulfilled */
    bool recorded;              /* rows come from the log */
    struct spool_reader reader; /* of what the phase goes through; open while `reading` */
    bool reading;
    uint32_t unseen_from;
    size_t rejection_from;
    struct id_list unreadable; /* whose records cannot be read */
    size_t stale_from;

    struct entry batch[COMPARISON_BATCH]; /* sorted by id while its rows come */
    struct uuid ids[COMPARISON_BATCH];
    size_t count; /* of entries */
    size_t asked; /* of ids */
    struct buffer records;
    struct buffer edited_rows; /* of the batch, for whoever wants to see them */
    struct buffer images;
    struct buffer scratch;
    struct spool refreshes; /* rows that differ by their digest alone */

    struct spool removals;          /* rows whose absence is confirmed */
    struct id_list edited_removals; /* those of them that are not as the daemon wrote them */
    struct spool pending;           /* and not yet: part of what is held, when removals are */
    struct spool flags;             /* record.h's candidates */
    struct hold_digest digests[GUARD_CLASS_COUNT];
    struct hold_digest pending_digest;
    struct hold_past past;
    struct id_list doubtful;
    struct id_list found;
    bool unanswered;
    bool own_decoded; /* the token's user was among the decoded members */
    bool own_owner;   /* as an owner */
};

/* --- comparison_member.c ------------------------------------------------------------------------------------------ */
/* before: as the daemon last wrote it, NULL when it never did. entry: the decoded record; `matched` tells whether the
 * table has a row, `edited` that it is not `before`. */
MUST_CHECK int comparison_seen(struct comparison *comparison, const struct member_row *before,
                               const struct entry *entry, struct error *error);
MUST_CHECK int comparison_unseen(struct comparison *comparison, const struct member_row *before, bool edited,
                                 struct error *error);
MUST_CHECK int comparison_quarantined(struct comparison *comparison, const struct member_row *before,
                                      bool edited, struct error *error);
/* A row without any trace in the log, of somebody who is no member: somebody else has put it there. */
MUST_CHECK int comparison_foreign(struct comparison *comparison, const struct uuid *user_id,
                                  struct error *error);
MUST_CHECK int comparison_log_only(struct comparison *comparison, const struct member_row *recorded,
                                   struct error *error);
MUST_CHECK int comparison_stale(struct comparison *comparison, const struct member_row *before,
                                struct error *error);

/* The row as the log has it replaces what somebody made of it. */
MUST_CHECK int comparison_set_right(struct comparison *comparison, const struct member_row *recorded,
                                    struct error *error);
void comparison_count_repaired(struct comparison *comparison, const struct uuid *user_id);

/* The steps that guard and member share. */
struct member_verdict {
    const struct member_row *before;
    const struct decoded *now;
    bool stored; /* the table has a row: it is updated, not inserted */
    bool edited;
    const struct member_row *table; /* that row, where it is edited and known; else NULL */
};
struct diff_poll comparison_times(const struct comparison *comparison, const struct member_row *before);
MUST_CHECK int comparison_apply(struct comparison *comparison, const struct member_verdict *verdict,
                                struct diff *diff, struct error *error);
MUST_CHECK int comparison_remove(struct comparison *comparison, const struct absence *absence,
                                 const struct member_row *before, struct error *error);
void comparison_tell(struct comparison *comparison, const struct finding *finding);
MUST_CHECK int comparison_refuse_images(const struct uuid *user_id, struct error *error);

/* --- comparison_guard.c ------------------------------------------------------------------------------------------- */
/* The classes in which a policy could hold this step. 0: it needs no judgement. */
guard_mask comparison_guarded(const struct comparison *comparison, const struct member_verdict *verdict,
                              const struct diff *diff);
MUST_CHECK int comparison_put_aside_flags(struct comparison *comparison, const struct member_verdict *verdict,
                                          struct diff *diff, guard_mask classes, struct error *error);
MUST_CHECK int comparison_put_aside_removal(struct comparison *comparison, const struct member_row *before,
                                            const struct change *left, struct error *error);
MUST_CHECK int comparison_put_aside_pending(struct comparison *comparison, const struct member_row *before,
                                            struct error *error);
/* Whether the second source is to be asked. */
bool comparison_asks(const struct comparison *comparison);
/* All is known: fills changeset.holds. */
void comparison_judge(struct comparison *comparison);
MUST_CHECK int comparison_settle_removal(struct comparison *comparison, const struct member_row *before,
                                         struct error *error);
MUST_CHECK int comparison_settle_pending(struct comparison *comparison, const struct member_row *before,
                                         struct error *error);
MUST_CHECK int comparison_settle_flags(struct comparison *comparison, const struct candidate *candidate,
                                       struct error *error);

#endif

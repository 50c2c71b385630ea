/*
 * The comparison: a complete poll against what is stored, and the guards' verdict on what it finds. Pure: it says what it
 * needs next (rows, the log's word, the past of the guards, the API's second answer), is given it, and fills a change
 * set. It decides what is written; it never reads, asks or writes by itself.
 *
 * While not DONE:  comparison_next() names a need; fulfil it with the function beside it; ask again.
 */
#ifndef CORE_COMPARISON_H
#define CORE_COMPARISON_H

#include "core/changeset.h"
#include "core/diff.h"
#include "core/finding.h"
#include "core/guard.h"
#include "core/hold.h"
#include "core/lists.h"
#include "core/poll.h"
#include "core/roster.h"

/* So many ids are asked for at once at most. */
#define COMPARISON_BATCH 1000

/* Borrowed until comparison_free. */
struct comparison_input {
    bool stored;                 /* false: nothing was ever written, there is nothing to read */
    const char *organization_id; /* in the answer */
    const char *name_json;       /* the organization's as stored; NULL = null */
    uint32_t members;            /* present, as stored */
    bool holds_stand;            /* some changes are held in the tables */
    const struct digest_secret *secret;
    struct poll *poll; /* complete */
    struct roster *roster;
    struct digest_list *rejected; /* unresolved rejected records as the tables have them */
    struct id_list *quarantined;  /* whose records they are: the last poll did not show these members */
    const struct id_list *stale;  /* members whose stored digest is out of date */
    const struct uuid *own_user;  /* whose token it is; NULL when not known */
    bool own_unanswered;          /* because the API could not be asked this time */
    struct diff_poll times;
    bool discontinuity; /* the tables have lost rows: those whom only the log knows are looked for */
    struct removal_policy removal;
    struct guard_policy guard;
    struct changeset *changeset; /* empty; filled */
    finding_cb finding_cb;       /* may be NULL */
    void *finding_context;
};

/* What the comparison found out beside the change set. */
struct comparison_result {
    bool writes;           /* more than coverage is to be written */
    bool stale_written;    /* all stale digests are in the change set */
    bool confirm;          /* absences await a confirming poll */
    bool reload;           /* rows are written that the roster does not know: load it again */
    int64_t confirm_in_us; /* from `answered` until it counts */
    int32_t unrecorded;    /* members present by the log, less those whom the roster was loaded with */
    struct id_list absent; /* absent now: the roster must not recognise them, so that a return is noticed */
    struct id_list removed;
    struct id_list held;           /* seen, with held flags: the roster must not recognise them either */
    struct id_list held_newcomers; /* seen and not written: the roster must not have them */
    struct id_list repaired;       /* edited behind our back, set right; the first thousand */
    struct id_list refreshed;      /* equal by value under another digest */
};

enum comparison_need {
    COMPARISON_ROWS,          /* the stored rows of comparison_ids: comparison_row for each that exists */
    COMPARISON_RECORDED,      /* their rows as the change log has them: comparison_row likewise */
    COMPARISON_LOG_ONLY,      /* the same of everybody whom the log has as present and the table has not */
    COMPARISON_PAST,          /* comparison_past, filled */
    COMPARISON_SECOND_SOURCE, /* which of comparison_doubtful the API still finds: comparison_found for each, or
                               * comparison_unanswered */
    COMPARISON_TURN,          /* nothing; a good moment to do something else for a while */
    COMPARISON_DONE,          /* the result and the change set are complete */
};

struct comparison; /* opaque */

/* `spool_memory` and `spool_directory` as of changeset_init, for what is put aside on the way. */
struct comparison *comparison_new(const struct comparison_input *input, size_t spool_memory,
                                  const char *spool_directory);
void comparison_free(struct comparison *comparison); /* NULL is allowed */

/* What it needs to go on. A negative class: it cannot be completed on our side (a spool; a row that no answer can have
 * made), which is a failed poll. */
MUST_CHECK int comparison_next(struct comparison *comparison, enum comparison_need *ret_need,
                               struct error *error);

/* With ROWS and RECORDED: the ids, sorted, valid until the next comparison_next. */
const struct uuid *comparison_ids(const struct comparison *comparison, size_t *ret_count);

/* A row that was asked for; valid during the call. Not asked for, or given twice: ERROR_INTERNAL. */
MUST_CHECK int comparison_row(struct comparison *comparison, const struct member_row *row,
                              struct error *error);

/* With PAST: empty, to be filled; the comparison ends it. */
struct hold_past *comparison_past(struct comparison *comparison);

/* With SECOND_SOURCE: whom to ask for; stays as it is until the next comparison_next. */
const struct id_list *comparison_doubtful(const struct comparison *comparison);
void comparison_found(struct comparison *comparison, const struct uuid *user_id);
void comparison_unanswered(struct comparison *comparison);

/* Valid once DONE, until comparison_free. */
const struct comparison_result *comparison_result(const struct comparison *comparison);

#endif

/*
 * The comparison: a complete poll against the rows in PostgreSQL, in batches, giving the loop its turn between them.
 * It fetches what core/diff needs and gathers what core/diff decides into a change set; it writes nothing.
 */
#ifndef SERVICE_COMPARISON_H
#define SERVICE_COMPARISON_H

#include "core/changeset.h"
#include "core/diff.h"
#include "core/poll.h"
#include "core/roster.h"
#include "postgres/store.h"
#include "service/finding.h"
#include "service/lists.h"

#include <uv.h>

/* Borrowed until the reply. */
struct comparison_input {
    uv_loop_t *loop;
    struct store *store; /* NULL when the schema does not exist yet (plan) */
    const struct store_organization *organization;
    struct poll *poll; /* complete */
    struct roster *roster;
    struct digest_list *rejected; /* unresolved rejected records as the tables have them */
    struct id_list *quarantined;  /* whose records they are: the last poll did not show these members */
    const struct id_list *stale;  /* members whose stored digest is out of date */
    struct diff_poll times;
    struct removal_policy removal;
    struct changeset *changeset; /* empty; filled */
    finding_cb finding_cb;       /* may be NULL */
    void *finding_context;
};

/* What the comparison found out beside the change set. */
struct comparison_result {
    bool writes;           /* more than coverage is to be written */
    bool stale_written;    /* all stale digests are in the change set */
    bool confirm;          /* absences await a confirming poll */
    int64_t confirm_in_us; /* from `answered` until it counts */
    struct id_list absent; /* absent now: the roster must not recognise them, so that a return is noticed */
    struct id_list removed;
    struct id_list repaired;  /* edited behind our back, set right; the first thousand */
    struct id_list refreshed; /* equal by value under another digest */
};

enum comparison_end {
    COMPARISON_DONE,
    COMPARISON_REFUSED, /* could not be completed on our side (spool): a failed poll, see error */
    COMPARISON_FAILED,  /* the server refused a statement */
    COMPARISON_LOST,    /* the connection is gone */
};

struct comparison_reply {
    enum comparison_end end;
    bool retryable; /* with FAILED */
    struct error error;
};

struct comparison; /* opaque */

typedef void (*comparison_cb)(void *context, const struct comparison_reply *reply);

/* Begins; reply_cb is called exactly once and never before this returned. */
struct comparison *comparison_start(const struct comparison_input *input, comparison_cb reply_cb,
                                    void *context);

/* Valid after the reply, until comparison_free. */
const struct comparison_result *comparison_result(const struct comparison *comparison);

/* After the reply only. NULL is allowed. */
void comparison_free(struct comparison *comparison);

#endif

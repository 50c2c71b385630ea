/*
 * The runner: performs the effects of the cycle machine with the real libraries and reports what came of them. It holds
 * no policy; what happens next is core/cycle's business.
 */
#ifndef SERVICE_RUNNER_H
#define SERVICE_RUNNER_H

#include "core/changeset.h"
#include "core/cycle.h"
#include "core/finding.h"
#include "service/config.h"
#include "service/progress.h"

struct runner_options {
    const char *config_file; /* as given on the command line, NULL = default; read again on SIGHUP */
    enum cycle_mode mode;
    finding_cb finding_cb; /* called for each finding of a comparison; may be NULL */
    void *finding_context;
    /* Called several times a second once a cycle takes longer than a moment, and with NOTHING whenever it ends or
     * waits. NULL: the log is told of a long cycle instead. */
    progress_cb progress_cb;
    void *progress_context;
};

/* What a run came to, for the command to tell a person: how things stand after its last cycle, and what all its cycles
 * wrote together (`once` has a second one when an absence is to be confirmed). */
struct runner_summary {
    enum cycle_outcome outcome;
    bool compared; /* a complete poll was compared: the figures below are set */
    char organization_id[ORGANIZATION_ID_MAX + 1];
    char *display_name; /* malloc; runner_summary_done */
    bool first_load;
    bool organization_renamed;
    uint32_t members;    /* present after the cycle */
    uint32_t unreadable; /* rejected records without a readable id */
    uint32_t rejected;   /* rejected records in the answer */
    struct changeset_counts counts;
    struct hold_result holds[GUARD_CLASS_COUNT]; /* what each guard made of the last answer */
    uint32_t held_loud; /* changes in sets that stand held and that nobody rejected */
};

void runner_summary_done(struct runner_summary *summary);

/* Runs the loop until the machine finishes: SIGTERM and SIGINT stop it, a second one leaves at once; SIGHUP reads the
 * configuration and the credentials again between two cycles and keeps the old ones when the new are broken. Takes the
 * configuration over. 0, or the error of `once` and `plan`, or what ended the service. ret_summary may be NULL. */
MUST_CHECK int runner_run(struct config *config, const struct runner_options *options,
                          struct runner_summary *ret_summary, struct error *error);

/* After runner_run: a name look-up is still under way somewhere that nobody waits for any more. libuv would wait for it
 * when the program ends in the ordinary way, so the program should end at once (_exit) once its output is written. */
bool runner_left_lookup(void);

#endif

/*
 * The lines a cycle leaves in the log: one summary each, one notice for each change, naming user ids and never e-mails or
 * names (a journal outlives an erasure); warnings for what a person should look at.
 */
#include "base/clock.h"
#include "base/log.h"
#include "core/record.h"
#include "service/notify.h"
#include "service/runner_private.h"

#include <string.h>

/* What was written has a word of its own: changed, repaired, discontinuity. */
static const char *outcome_word(const struct runner *runner, enum cycle_outcome outcome)
{
    bool written = outcome == CYCLE_OUTCOME_WRITTEN && runner->current.cycle.outcome;
    return written ? runner->current.cycle.outcome : cycle_outcome_name(outcome);
}

/* What happened since cannot be told from what was lost. */
static void log_discontinuity(bool cycle_missing)
{
    const char *rows = "rows of rollcall.member are missing; those read again have new baseline rows";
    const char *cycles =
        "the last cycle that was committed is missing: a backup was restored, or this is another "
        "database; who is not in it has a new baseline row";

    log_event(LOG_LEVEL_WARNING, "discontinuity", LOG_TEXT("hint", cycle_missing ? cycles : rows));
}

/* Things that do not fail a poll but that somebody should know. */
static void log_warnings(const struct runner *runner, const struct poll_result *result)
{
    const struct runner_poll *current = &runner->current;
    const struct changeset_counts *counts = &current->changeset.counts;

    if (current->clock_behind)
        log_event(LOG_LEVEL_WARNING, "clock_behind",
                  LOG_TEXT("hint", "the clock stands before the last poll; times were moved past it"));
    if (current->without_attributes)
        log_event(LOG_LEVEL_WARNING, "attributes_refused",
                  LOG_TEXT("hint", "the API refused the list of attributes and was asked without it"));
    if (result->duplicates > 0)
        log_event(LOG_LEVEL_WARNING, "duplicate_records", LOG_INTEGER("count", result->duplicates));
    if (counts->repaired > 0)
        log_event(
            LOG_LEVEL_WARNING, "rows_repaired", LOG_INTEGER("count", counts->repaired),
            LOG_TEXT("hint", "rows of rollcall.member were edited by somebody else and have been set right"));
    if (current->discontinuity)
        log_discontinuity(current->cycle_missing);
}

/* A rejected record is told once, when it is new; unreadable ones also say what they prevent. */
static void log_rejection(const struct rejection *rejection)
{
    if (rejection->has_user_id)
        log_event(LOG_LEVEL_WARNING, "record_rejected", LOG_UUID("user", &rejection->user_id),
                  LOG_TEXT("reason", rejection->reason));
    else
        log_event(LOG_LEVEL_WARNING, "record_rejected", LOG_TEXT("reason", rejection->reason),
                  LOG_TEXT("hint", "its id cannot be read, so nobody is marked absent while it lasts"));
}

static void log_change(const struct change *change)
{
    const struct uuid *user = uuid_is_nil(&change->user_id) ? NULL : &change->user_id;

    if (change->kind == CHANGE_BASELINE)
        return;
    if (!user)
        log_event(LOG_LEVEL_NOTICE, change_kind_name(change->kind));
    else
        log_event(LOG_LEVEL_NOTICE, "member_change", LOG_TEXT("kind", change_kind_name(change->kind)),
                  LOG_UUID("user", user));
}

void runner_log_findings(struct runner *runner)
{
    const struct poll *poll = runner->current.poll;
    struct spool_reader reader;
    const void *record = NULL;
    size_t length = 0;
    struct error error;

    for (size_t i = 0; i < poll_rejection_count(poll); i++)
        if (!digest_list_has(&runner->rejected, &poll_rejection(poll, i)->slice_digest))
            log_rejection(poll_rejection(poll, i));
    if (runner->current.first_load)
        return; /* nothing but baseline rows */
    spool_reader_init(&reader, &runner->current.changeset.changes);
    while (spool_next(&reader, &record, &length, &error) > 0) {
        struct change change;
        record_read_change(record, length, &change);
        log_change(&change);
    }
    spool_reader_done(&reader);
}

/* --- guards ------------------------------------------------------------------------------------------------------- */

static void log_hold(const struct runner *runner, enum guard_class class, const struct hold_result *hold)
{
    char digest[2 * 8 + 1];

    if (hold->verdict == HOLD_PASSES_APPROVED)
        log_event(LOG_LEVEL_NOTICE, "hold_applied", LOG_TEXT("class", guard_class_name(class)),
                  LOG_INTEGER("changes", hold->members), LOG_TEXT("hint", "somebody had approved it"));
    if (hold->verdict != HOLD_STANDS || hold->silenced || (hold->known && runner->holds_told))
        return;
    for (size_t i = 0; i < 8; i++)
        snprintf(digest + 2 * i, 3, "%02x", hold->digest[i]);
    log_event(LOG_LEVEL_WARNING, "held", LOG_TEXT("class", guard_class_name(class)),
              LOG_INTEGER("changes", hold->members), LOG_TEXT("digest", digest),
              LOG_TEXT("reason", hold->reason),
              LOG_TEXT("hint", hold->lapsed ? "it is not the set that was decided about, see `rollcall holds`"
                                            : "see `rollcall holds`"));
}

static void log_alerts(const struct runner *runner, const struct alerts *alerts)
{
    int64_t owners = runner->store ? store_written_owners(runner->store) : -1;

    for (size_t i = 0; i < alerts->named_count; i++)
        log_event(LOG_LEVEL_WARNING, "alert",
                  LOG_TEXT("kind", alerts->named[i].class == GUARD_OWNER_GRANTS ? "became_owner" : "demoted"),
                  LOG_UUID("user", &alerts->named[i].user_id));
    uint32_t count = alerts->count[GUARD_OWNER_GRANTS] + alerts->count[GUARD_DEMOTIONS];
    if (count > alerts->named_count)
        log_event(LOG_LEVEL_WARNING, "alert", LOG_TEXT("kind", "more"),
                  LOG_INTEGER("count", count - alerts->named_count),
                  LOG_TEXT("hint", "see the view rollcall.role_change"));
    if (alerts->owner_lost && owners >= 0 && owners < runner->config.guard.min_owners)
        log_event(LOG_LEVEL_WARNING, "alert", LOG_TEXT("kind", "too_few_owners"),
                  LOG_INTEGER("owners", owners));
}

static void log_guards(struct runner *runner)
{
    const struct changeset *set = &runner->current.changeset;

    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++)
        log_hold(runner, each, &set->holds[each]);
    runner->holds_told = true;
    if (!runner->current.first_load)
        log_alerts(runner, &set->alerts);
}

void runner_log_token(struct runner *runner)
{
    int64_t left_us = runner->token.expiry_us - clock_wall_us();

    if (runner->token.expiry_us == 0 || left_us >= CREDENTIALS_EXPIRY_TOLD_DAYS * CLOCK_DAY_US)
        return;
    log_event(LOG_LEVEL_WARNING, "token_expires", LOG_INTEGER("days", left_us / CLOCK_DAY_US),
              LOG_TEXT("hint",
                       "make a new token in Luzmo, put it in place of the old one and restart the service"));
}

/* --- the summary line --------------------------------------------------------------------------------------------- */

/* The row of this cycle in rollcall.cycle; an unchanged poll has none. */
static const struct uuid *cycle_row(const struct runner *runner)
{
    return runner->current.cycle.outcome ? &runner->current.store.poll_uuid : NULL;
}

static void log_failure(const struct runner *runner, enum cycle_outcome outcome, const struct error *error)
{
    log_event(error->class == ERROR_INTERNAL ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "cycle",
              LOG_TEXT("outcome", outcome_word(runner, outcome)), LOG_UUID("cycle", cycle_row(runner)),
              LOG_TEXT("class", error_class_name(error->class)), LOG_TEXT("error", error->text),
              LOG_INTEGER("failures", runner->cycle.poll_failures));
}

/* Nobody's failure: it was asked to stop. */
static void log_stopped(const struct runner *runner, enum cycle_outcome outcome)
{
    log_event(LOG_LEVEL_INFO, "cycle", LOG_TEXT("outcome", outcome_word(runner, outcome)));
}

static void log_success(struct runner *runner, enum cycle_outcome outcome, const struct poll_result *result)
{
    const struct runner_poll *current = &runner->current;
    const struct changeset_counts *counts = &current->changeset.counts;
    const char *pinned = current->first_load ? result->envelope.organization_id : NULL;

    log_event(LOG_LEVEL_INFO, "cycle", LOG_TEXT("outcome", outcome_word(runner, outcome)),
              LOG_UUID("cycle", cycle_row(runner)), LOG_TEXT("organization", pinned),
              LOG_INTEGER("members", runner->members), LOG_COUNT("added", counts->added),
              LOG_COUNT("removed", counts->removed), LOG_COUNT("role_changed", counts->role_changed),
              LOG_COUNT("role_touched", counts->role_touched),
              LOG_COUNT("profile_changed", counts->profile_changed), LOG_COUNT("repaired", counts->repaired),
              LOG_COUNT("absent", counts->absent), LOG_COUNT("returned", counts->returned),
              LOG_COUNT("rejected", poll_rejection_count(current->poll)), LOG_COUNT("held", counts->held),
              LOG_INTEGER("decoded", result->decoded), LOG_BOOLEAN("full", current->full),
              LOG_INTEGER("bytes", current->body_bytes),
              LOG_INTEGER("pull_ms", (current->store.answered - current->store.asked) / 1000),
              LOG_INTEGER("loop_busy_ms", lag_take_ms(&runner->lag, LAG_LOG)));
}

static void tell_status(const struct runner *runner, enum cycle_outcome outcome, const struct error *error)
{
    if (outcome == CYCLE_OUTCOME_FAILED || outcome == CYCLE_OUTCOME_UNCERTAIN)
        notify_status("Last poll failed: %s", error->text);
    else if (runner->current.changeset.counts.held > 0)
        notify_status("%u members, %u changes are held: see rollcall holds", runner->members,
                      runner->current.changeset.counts.held);
    else
        notify_status("%u members in step with Luzmo, last poll %s", runner->members,
                      outcome_word(runner, outcome));
}

void runner_log_cycle(struct runner *runner, enum cycle_outcome outcome, const struct error *error)
{
    bool compared = runner->current.comparison != NULL;
    bool succeeded = compared && (outcome == CYCLE_OUTCOME_UNCHANGED || outcome == CYCLE_OUTCOME_WRITTEN);

    if (runner->options.mode != CYCLE_MODE_PLAN) {
        tell_status(runner, outcome, error);
        if (outcome == CYCLE_OUTCOME_STOPPED) {
            log_stopped(runner, outcome);
        } else if (!succeeded) {
            log_failure(runner, outcome, error);
        } else {
            log_warnings(runner, poll_result(runner->current.poll));
            log_guards(runner);
            log_success(runner, outcome, poll_result(runner->current.poll));
        }
    }
}

/* --- pauses ------------------------------------------------------------------------------------------------------- */

/* A database that is away for hours is told of again only this often. */
#define AWAY_TOLD_AGAIN_US INT64_C(3600000000)

static void log_database_away(struct runner *runner, const struct error *error, int64_t pause_us)
{
    int64_t now = clock_monotonic_us();
    bool known = runner->away_since_us != 0 && strcmp(runner->away.text, error->text) == 0;

    if (runner->away_since_us == 0)
        runner->away_since_us = now;
    notify_status("Waiting for the database: %s", error->text);
    if (known && now - runner->away_told_us < AWAY_TOLD_AGAIN_US)
        return;
    runner->away = *error;
    runner->away_told_us = now;
    log_event(LOG_LEVEL_WARNING, "database_away", LOG_TEXT("error", error->text),
              LOG_INTEGER("retry_ms", pause_us / 1000));
}

void runner_log_database_back(struct runner *runner)
{
    if (runner->away_since_us == 0)
        return;
    log_event(LOG_LEVEL_NOTICE, "database_back",
              LOG_INTEGER("away_ms", (clock_monotonic_us() - runner->away_since_us) / 1000));
    runner->away_since_us = 0;
}

/* Why nothing will happen for a while, unless that is only the interval. */
void runner_log_wait(struct runner *runner, const struct cycle_effect *effect, int64_t pause_us)
{
    const struct error *error = &effect->error;

    if (effect->wait == CYCLE_WAIT_STANDBY)
        notify_status("Standing by while another instance writes");
    else if (effect->wait == CYCLE_WAIT_API_BACKOFF && pause_us > runner->config.sync.interval)
        log_event(LOG_LEVEL_NOTICE, "polls_paused", LOG_INTEGER("retry_s", pause_us / 1000000),
                  LOG_TEXT("hint", "a reload or restart asks at once"));
    else if (effect->wait == CYCLE_WAIT_DATABASE && runner->cycle.state == CYCLE_RETRYING)
        log_event(LOG_LEVEL_WARNING, "write_refused", LOG_TEXT("error", error->text),
                  LOG_INTEGER("retry_ms", pause_us / 1000));
    else if (effect->wait == CYCLE_WAIT_DATABASE && error->class != ERROR_NONE)
        log_database_away(runner, error, pause_us);
}

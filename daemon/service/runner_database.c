/*
 * The runner's side of PostgreSQL: each effect becomes calls of postgres/, each reply one event.
 */
#include "base/clock.h"
#include "base/log.h"
#include "core/record.h"
#include "postgres/migrate.h"
#include "service/runner_private.h"
#include "service/settings.h"

#include <stdlib.h>
#include <string.h>

/* `once` waits this long for another instance to finish, asking again at this pace. */
#define LOCK_WAIT_US 5000000
#define LOCK_PACE_MS 200

/* --- replies ------------------------------------------------------------------------------------------------------ */

/* A reply of a connection that is being closed is nobody's business any more. */
static void tell(struct runner *runner, const struct cycle_event *event)
{
    if (!runner->closing)
        runner_event(runner, event);
}

void runner_reply(struct runner *runner, const struct store_reply *reply, enum cycle_event_type when_done)
{
    struct cycle_event event = {.error = reply->error, .retryable = reply->retryable};

    switch (reply->result) {
    case STORE_DONE:
        event.type = when_done;
        break;
    case STORE_FENCED:
        event.type = CYCLE_EVENT_FENCED;
        break;
    case STORE_BUSY:
        event.type = CYCLE_EVENT_LOCK_BUSY;
        break;
    case STORE_ABSENT:
        event.type = CYCLE_EVENT_RESOLVED_ABSENT;
        break;
    case STORE_UNKNOWN:
        event.type = CYCLE_EVENT_RESOLVED_UNKNOWN;
        break;
    case STORE_FAILED:
        event.type = CYCLE_EVENT_STATEMENT_FAILED;
        break;
    case STORE_LOST:
        event.type = CYCLE_EVENT_DATABASE_LOST;
        break;
    }
    tell(runner, &event);
}

/* --- OPEN: connection, schema ------------------------------------------------------------------------------------- */

static void open_failed(struct runner *runner, const struct error *error)
{
    tell(runner, &(struct cycle_event){.type = CYCLE_EVENT_OPEN_FAILED, .error = *error});
}

static void opened(struct runner *runner)
{
    runner->store = store_new(runner->connection, RUNNER_SOURCE);
    tell(runner, &(struct cycle_event){.type = CYCLE_EVENT_OPENED});
}

static void migrated_cb(void *context, const struct connection_reply *reply,
                        const struct migrate_report *report)
{
    struct runner *runner = context;

    if (reply->result != CONNECTION_DONE) {
        open_failed(runner, &reply->error);
        return;
    }
    if (report->applied > 0)
        log_event(LOG_LEVEL_NOTICE, "schema_migrated", LOG_INTEGER("files", report->applied));
    opened(runner);
}

/* What to do about the schema: nothing, migrate, or refuse with what the administrator can do. */
static void schema_cb(void *context, const struct connection_reply *reply,
                      const struct migrate_report *report)
{
    struct runner *runner = context;
    bool plan = runner->options.mode == CYCLE_MODE_PLAN;
    bool behind = report->state == MIGRATE_MISSING || report->state == MIGRATE_OLDER;
    struct error error;

    if (reply->result != CONNECTION_DONE) {
        open_failed(runner, &reply->error);
    } else if (report->state == MIGRATE_CURRENT || (plan && report->state == MIGRATE_FORBIDDEN)) {
        opened(runner); /* what `plan` may not read, it is told when it reads */
    } else if (plan && report->state == MIGRATE_MISSING) {
        runner->schema_missing = true;
        opened(runner);
    } else if (behind && !plan && runner->config.database.migrate == CONFIG_MIGRATE_AUTO &&
               report->may_migrate) {
        migrate_run(runner->connection, migrated_cb, runner);
    } else {
        error_set(&error, ERROR_CONFIG, "%s", report->detail);
        open_failed(runner, &error);
    }
}

static void pooler_cb(void *context, const struct connection_reply *reply)
{
    struct runner *runner = context;

    runner->pooler = NULL;
    if (reply->result == CONNECTION_DONE)
        migrate_inspect(runner->connection, schema_cb, runner);
    else
        open_failed(runner, &reply->error);
}

/* `plan` takes no lock, so a pooler does not disturb it. */
static void connected_cb(void *context, const struct connection_reply *reply)
{
    struct runner *runner = context;

    if (reply->result != CONNECTION_DONE)
        open_failed(runner, &reply->error);
    else if (runner->options.mode == CYCLE_MODE_PLAN)
        migrate_inspect(runner->connection, schema_cb, runner);
    else
        runner->pooler = pooler_detect(&runner->loop, runner->connection, &runner->database, pooler_cb,
                                       runner);
}

static void lost_cb(void *context, const struct error *error)
{
    struct runner *runner = context;
    tell(runner, &(struct cycle_event){.type = CYCLE_EVENT_DATABASE_LOST, .error = *error});
}

void runner_open(struct runner *runner)
{
    settings_of_database(&runner->config, runner->credentials.passfile,
                         runner->options.mode == CYCLE_MODE_PLAN, &runner->database);
    runner->connection = connection_new(&runner->loop, &runner->database);
    connection_watch(runner->connection, lost_cb, runner);
    connection_open(runner->connection, connected_cb, runner);
}

/* --- LOCK --------------------------------------------------------------------------------------------------------- */

static void ask_for_lock(uv_timer_t *timer);

static void locked_cb(void *context, const struct store_reply *reply)
{
    struct runner *runner = context;
    bool done = reply->result == STORE_DONE, busy = reply->result == STORE_BUSY;
    bool once = runner->options.mode == CYCLE_MODE_ONCE;

    if (done || busy)
        runner_log_database_back(runner);
    if (busy && once && clock_monotonic_us() < runner->lock_until_us) {
        uv_timer_start(&runner->lock_timer, ask_for_lock, LOCK_PACE_MS, 0);
        return;
    }
    if (busy && !once) {
        runner_stand_by(runner);
        return;
    }
    if (done)
        runner_take_over(runner);
    runner_reply(runner, reply, CYCLE_EVENT_LOCKED);
}

static void ask_for_lock(uv_timer_t *timer)
{
    struct runner *runner = timer->data;
    store_lock(runner->store, locked_cb, runner);
}

void runner_lock(struct runner *runner)
{
    runner->lock_until_us = clock_monotonic_us() + LOCK_WAIT_US;
    store_lock(runner->store, locked_cb, runner);
}

/* --- LOAD --------------------------------------------------------------------------------------------------------- */

/* A setting that contradicts what is stored must not wait for the next answer to be noticed. */
static bool contradicts_settings(const struct runner *runner, struct error *error)
{
    const char *wanted = runner->config.api.organization_id;

    if (wanted[0] == '\0' || !runner->organization.exists || strcmp(wanted, runner->organization.id) == 0)
        return false;
    error_set(
        error, ERROR_CONFIG,
        "api.organization_id is \"%s\", but this database mirrors \"%s\"; correct the setting, or use another database "
        "for the other organization",
        wanted, runner->organization.id);
    return true;
}

static void rejected_cb(void *context, const struct digest *slice_digest, const struct uuid *user_id)
{
    struct runner *runner = context;

    if (user_id)
        id_list_add(&runner->quarantined, user_id);
    else
        runner->was_unreadable = true;
    digest_list_add(&runner->rejected, slice_digest);
}

static void known_cycle_cb(void *context, const struct store_reply *reply)
{
    struct runner *runner = context;
    const struct cycle_event loaded = {.type = CYCLE_EVENT_LOADED};

    runner->cycle_missing = reply->result == STORE_ABSENT;
    if (runner->cycle_missing)
        tell(runner, &loaded);
    else
        runner_reply(runner, reply, CYCLE_EVENT_LOADED);
}

/* A backup that was put back lacks what was committed after it was made. */
static void find_known_cycle(struct runner *runner)
{
    const struct store_organization *organization = &runner->organization;
    const struct uuid *known = state_committed_cycle(runner->state,
                                                     organization->exists ? organization->id : NULL);
    const struct store_reply nothing_known = {.result = STORE_DONE};

    if (!known || uuid_equal(known, &organization->last_cycle_uuid))
        known_cycle_cb(runner, &nothing_known);
    else
        store_find_cycle(runner->store, known, known_cycle_cb, runner);
}

static void rejected_loaded_cb(void *context, const struct store_reply *reply)
{
    struct runner *runner = context;
    struct cycle_event refused = {.type = CYCLE_EVENT_STATEMENT_FAILED};

    if (reply->result != STORE_DONE)
        runner_reply(runner, reply, CYCLE_EVENT_LOADED);
    else if (contradicts_settings(runner, &refused.error))
        tell(runner, &refused);
    else
        find_known_cycle(runner);
}

static void load_roster(struct runner *runner, bool full, store_cb reply_cb)
{
    runner_forget(runner);
    runner->roster = roster_new();
    runner->roster_full = full;
    runner->reload_roster = false;
    store_load(runner->store, full, &runner->organization, runner->roster, reply_cb, runner);
}

static void loaded_cb(void *context, const struct store_reply *reply)
{
    struct runner *runner = context;
    bool may_compare_all = runner->options.mode != CYCLE_MODE_SERVICE || runner->loaded_before;

    if (reply->result != STORE_DONE) {
        runner_reply(runner, reply, CYCLE_EVENT_LOADED);
    } else if (!runner->roster_full && may_compare_all && runner_full_compare_due(runner)) {
        load_roster(runner, true, loaded_cb);
    } else {
        runner->loaded_before = true;
        runner->members = roster_count(runner->roster);
        store_read_rejected(runner->store, rejected_cb, rejected_loaded_cb, runner);
    }
}

static void nothing_stored_cb(uv_timer_t *timer)
{
    struct runner *runner = timer->data;

    digest_secret_random(&runner->organization.secret);
    tell(runner, &(struct cycle_event){.type = CYCLE_EVENT_LOADED});
}

void runner_load(struct runner *runner)
{
    if (runner->schema_missing) {
        runner_forget(runner);
        runner->roster = roster_new();
        uv_timer_start(&runner->lock_timer, nothing_stored_cb, 0, 0);
    } else {
        load_roster(runner, false, loaded_cb);
    }
}

/* --- COVER, BEGIN, WRITE, COMMIT, ROLLBACK ------------------------------------------------------------------------ */

static bool compared_everything(const struct runner *runner)
{
    return runner->current.full || runner->current.first_load;
}

static void covered_cb(void *context, const struct store_reply *reply)
{
    runner_reply(context, reply, CYCLE_EVENT_COVERED);
}

/* A transaction that is tried again keeps what was taken for its first attempt. */
static void take_longest_turn(struct runner *runner)
{
    int32_t longest_ms = lag_take_ms(&runner->lag, LAG_COVERAGE);

    if (longest_ms > runner->current.store.longest_turn_ms)
        runner->current.store.longest_turn_ms = longest_ms;
}

void runner_cover(struct runner *runner)
{
    take_longest_turn(runner);
    runner->current.store.full_compare = compared_everything(runner);
    store_cover(runner->store, &runner->organization, &runner->current.store, covered_cb, runner);
}

static const char *outcome_word(const struct runner *runner)
{
    const struct changeset *set = &runner->current.changeset;
    bool only_repaired = set->counts.repaired > 0 && set->changes.records == 0;

    if (runner->current.discontinuity)
        return "discontinuity";
    if (set->counts.held > 0)
        return "held";
    return only_repaired ? "repaired" : "changed";
}

static uint32_t members_after(const struct runner *runner)
{
    const struct changeset_counts *counts = &runner->current.changeset.counts;
    int32_t unrecorded = comparison_result(runner->current.comparison)->unrecorded;

    return (uint32_t)((int64_t)runner->members + unrecorded + counts->added - counts->removed);
}

/* The cycle's row as it will be written. */
static struct store_cycle *cycle_row(struct runner *runner)
{
    struct runner_poll *current = &runner->current;
    const struct poll_result *result = poll_result(current->poll);
    const struct comparison_result *compared = comparison_result(current->comparison);
    size_t rejections = poll_rejection_count(current->poll);

    current->cycle = (struct store_cycle){.outcome = outcome_word(runner),
                                          .members = members_after(runner),
                                          .body_bytes = result->body_bytes,
                                          .fingerprint = result->fingerprint,
                                          .name_json = result->envelope.name_json,
                                          .full_compare = compared_everything(runner),
                                          .counts = &current->changeset.counts,
                                          .rejections = rejections > 0 ? poll_rejection(current->poll, 0)
                                                                       : NULL,
                                          .rejection_count = rejections,
                                          .repaired = compared->repaired.ids,
                                          .repaired_count = compared->repaired.count};
    return &current->cycle;
}

static void begun_cb(void *context, const struct store_reply *reply)
{
    runner_reply(context, reply, CYCLE_EVENT_BEGUN);
}

void runner_begin(struct runner *runner)
{
    take_longest_turn(runner);
    store_begin(runner->store, &runner->organization, &runner->current.store, cycle_row(runner), begun_cb,
                runner);
}

static void written_cb(void *context, const struct store_reply *reply)
{
    runner_reply(context, reply, CYCLE_EVENT_WRITTEN);
}

void runner_write(struct runner *runner)
{
    store_write(runner->store, &runner->current.changeset, written_cb, runner);
}

static void committed_cb(void *context, const struct store_reply *reply)
{
    runner_reply(context, reply, CYCLE_EVENT_COMMITTED);
}

void runner_commit(struct runner *runner)
{
    store_commit(runner->store, committed_cb, runner);
}

static void rolled_back_cb(void *context, const struct store_reply *reply)
{
    runner_reply(context, reply, CYCLE_EVENT_ROLLED_BACK);
}

void runner_rollback(struct runner *runner)
{
    store_rollback(runner->store, rolled_back_cb, runner);
}

/* --- RESOLVE, RECORD ---------------------------------------------------------------------------------------------- */

static void resolved_cb(void *context, const struct store_reply *reply)
{
    runner_reply(context, reply, CYCLE_EVENT_RESOLVED_APPLIED);
}

void runner_resolve(struct runner *runner)
{
    store_resolve(runner->store, &runner->organization, &runner->current.store.poll_uuid, resolved_cb,
                  runner);
}

static void recorded_cb(void *context, const struct store_reply *reply)
{
    runner_reply(context, reply, CYCLE_EVENT_RECORDED);
}

void runner_record(struct runner *runner, const struct error *failure)
{
    struct store_cycle *cycle = &runner->current.cycle;

    runner->current.failure = *failure;
    *cycle = (struct store_cycle){.outcome = "failed",
                                  .members = runner->members,
                                  .body_bytes = runner->current.body_bytes,
                                  .failure = &runner->current.failure};
    store_record_failure(runner->store, &runner->organization, &runner->current.store, cycle, recorded_cb,
                         runner);
}

/* --- CANCEL_QUERY, CLOSE ------------------------------------------------------------------------------------------ */

void runner_cancel_query(struct runner *runner)
{
    connection_cancel(runner->connection);
}

static void closed_cb(void *context)
{
    struct runner *runner = context;

    store_free(runner->store); /* a statement that CLOSE interrupted has answered by now */
    runner->store = NULL;
    runner->connection = NULL;
    runner->closing = false;
    runner_event_plain(runner, CYCLE_EVENT_CLOSED);
}

void runner_close(struct runner *runner)
{
    runner->closing = true;
    uv_timer_stop(&runner->lock_timer);
    pooler_cancel(runner->pooler);
    runner->pooler = NULL;
    connection_close(runner->connection, closed_cb, runner);
}

/* --- REMEMBER, FORGET --------------------------------------------------------------------------------------------- */

static void remember_rejections(struct runner *runner)
{
    const struct poll *poll = runner->current.poll;

    digest_list_clear(&runner->rejected);
    id_list_clear(&runner->quarantined);
    runner->was_unreadable = false;
    for (size_t i = 0; i < poll_rejection_count(poll); i++) {
        const struct rejection *rejection = poll_rejection(poll, i);
        rejected_cb(runner, &rejection->slice_digest, rejection->has_user_id ? &rejection->user_id : NULL);
    }
}

/* An absent member's digest is dropped, so that its return is decoded and compared rather than merely recognised. */
static void remember_absences(struct runner *runner, const struct comparison_result *result)
{
    const struct digest none = {{0}};

    if (runner->current.changeset.counts.absent > 0 || runner->absence_us == 0)
        runner->absence_us = clock_monotonic_us();
    for (size_t i = 0; i < result->absent.count; i++)
        roster_set(runner->roster, &result->absent.ids[i], &none);
    for (size_t i = 0; i < result->removed.count; i++)
        roster_remove(runner->roster, &result->removed.ids[i]);
}

/* Nor may what is held be recognised: it is looked at again in every poll until it is not held any more. */
static void remember_holds(struct runner *runner, const struct comparison_result *result)
{
    const struct digest none = {{0}};

    for (size_t i = 0; i < result->held.count; i++)
        roster_set(runner->roster, &result->held.ids[i], &none);
    for (size_t i = 0; i < result->held_newcomers.count; i++)
        roster_remove(runner->roster, &result->held_newcomers.ids[i]);
    runner->reload_roster |= result->reload;
}

static void remember_organization(struct runner *runner, bool written)
{
    struct runner_poll *current = &runner->current;
    struct store_organization *organization = &runner->organization;

    organization->last_asked_at = current->store.asked;
    organization->last_answered_at = current->store.answered;
    if (compared_everything(runner)) {
        organization->last_full_compare_at = current->store.answered;
        runner->full_compared_us = clock_monotonic_us();
    }
    if (written) {
        runner->members = members_after(runner);
        store_committed(&current->store, &current->cycle, organization);
        remember_rejections(runner);
        runner->cycle_missing = false;
        state_remember(runner->state, organization->id, &organization->last_cycle_uuid);
    }
}

/* The poll is covered or committed: from now on the roster says what it said. */
void runner_remember(struct runner *runner)
{
    struct runner_poll *current = &runner->current;
    const struct comparison_result *result = comparison_result(current->comparison);
    struct error error;

    if (poll_remember(current->poll, &error) <
        0) { /* the spool cannot be read again: what is stored is right, so load it */
        log_event(LOG_LEVEL_WARNING, "roster_reload", LOG_TEXT("error", error.text));
        runner->reload_roster = true;
    }
    remember_absences(runner, result);
    remember_holds(runner, result);
    remember_organization(runner, current->cycle.outcome != NULL);
    if (result->stale_written)
        id_list_clear(&runner->stale);
    id_list_append(&runner->stale, &result->refreshed);
    runner->roster_full = false;
}

void runner_forget(struct runner *runner)
{
    roster_free(runner->roster);
    runner->roster = NULL;
    runner->roster_full = false;
    runner->absence_us = 0;
    digest_list_clear(&runner->rejected);
    id_list_clear(&runner->quarantined);
    id_list_clear(&runner->stale);
    runner->was_unreadable = false;
    store_organization_done(&runner->organization);
    memset(&runner->organization, 0, sizeof(runner->organization));
}

/*
 * The runner's centre: steps the cycle machine, performs its effects in order, keeps the timer and the signals.
 */
#include "service/runner.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "service/loop.h"
#include "service/notify.h"
#include "service/runner_private.h"
#include "service/settings.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A standby asks for the lock and looks at the writer this often. */
#define STANDBY_US 1000000

/* --- WAIT --------------------------------------------------------------------------------------------------------- */

static uint64_t any_bits(void)
{
    uint64_t bits;

    random_fill(&bits, sizeof(bits));
    return bits;
}

static int64_t wait_us(const struct runner *runner, const struct cycle_effect *effect)
{
    struct schedule_settings settings;

    settings_of_schedule(&runner->config, &settings);
    int64_t next_poll_us = schedule_next_poll_us(&settings, clock_monotonic_us() - runner->last_pull_us);

    switch (effect->wait) {
    case CYCLE_WAIT_NEXT_POLL:
        return next_poll_us;
    case CYCLE_WAIT_CONFIRM:
        if (runner->options.mode == CYCLE_MODE_ONCE || effect->delay_us < next_poll_us)
            return effect->delay_us;
        return next_poll_us;
    case CYCLE_WAIT_API_BACKOFF:
        return schedule_api_backoff_us(&settings, effect->error.class, effect->failures,
                                       effect->retry_after_us, any_bits());
    case CYCLE_WAIT_DATABASE:
        return schedule_database_backoff_us(effect->failures, any_bits());
    case CYCLE_WAIT_STANDBY:
        return STANDBY_US;
    case CYCLE_WAIT_COUNT:
        break;
    }
    return 0;
}

/* The steady clock decides once this process has compared everything. What the tables say was read off a clock that may
 * have jumped since: a time to come counts as long ago. */
bool runner_full_compare_due(const struct runner *runner)
{
    int64_t since_us = clock_wall_us() - runner->organization.last_full_compare_at;

    if (!runner->organization.exists)
        return false;
    if (runner->full_compared_us != 0)
        since_us = clock_monotonic_us() - runner->full_compared_us;
    return since_us < 0 || since_us >= runner->config.sync.full_compare;
}

/* A wait is over: what comes next may begin with loading the roster anew. */
static void end_wait(struct runner *runner, enum cycle_event_type type)
{
    bool reload = runner->reload_roster || runner_full_compare_due(runner);
    runner_event(runner, &(struct cycle_event){.type = type, .reload = reload});
}

static void wait_cb(uv_timer_t *timer)
{
    end_wait(timer->data, CYCLE_EVENT_TIMER);
}

/* libuv counts whole milliseconds; rounding up keeps "at least this long" true. */
static void wait_start(struct runner *runner, const struct cycle_effect *effect)
{
    int64_t us = wait_us(runner, effect);

    runner_log_wait(runner, effect, us);
    uv_timer_start(&runner->wait_timer, wait_cb, (uint64_t)((us + 999) / 1000), 0);
}

/* --- REPORT and FINISH -------------------------------------------------------------------------------------------- */

void runner_summary_done(struct runner_summary *summary)
{
    free(summary->display_name);
    memset(summary, 0, sizeof(*summary));
}

static bool is_complete(enum cycle_outcome outcome)
{
    return outcome == CYCLE_OUTCOME_UNCHANGED || outcome == CYCLE_OUTCOME_WRITTEN ||
           outcome == CYCLE_OUTCOME_PLANNED;
}

/* What cycles before the last one wrote. Who is absent or back is so by the last answer alone. */
static void add_former(struct runner_summary *summary, const struct runner_summary *former)
{
    const struct changeset_counts *counts = &former->counts;

    summary->first_load |= former->first_load;
    summary->organization_renamed |= former->organization_renamed;
    summary->counts.added += counts->added;
    summary->counts.removed += counts->removed;
    summary->counts.role_changed += counts->role_changed;
    summary->counts.role_touched += counts->role_touched;
    summary->counts.profile_changed += counts->profile_changed;
    summary->counts.repaired += counts->repaired;
    summary->counts.rejected += counts->rejected;
}

static uint32_t held_loud(const struct changeset *set)
{
    uint32_t members = 0;

    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++) {
        if (set->holds[i].verdict == HOLD_STANDS && !set->holds[i].silenced)
            members += set->holds[i].members;
    }
    return members;
}

static void summarise(struct runner *runner, enum cycle_outcome outcome)
{
    struct runner_summary *summary = runner->summary;
    struct runner_poll *current = &runner->current;

    if (!summary)
        return;
    struct runner_summary former = *summary;
    runner_summary_done(summary);
    summary->outcome = outcome;
    if (!is_complete(outcome))
        return;
    const struct poll_result *result = poll_result(current->poll);
    summary->compared = true;
    memcpy(summary->organization_id, result->envelope.organization_id, sizeof(summary->organization_id));
    summary->display_name = organization_display_name(result->envelope.name_json);
    summary->first_load = current->first_load;
    summary->organization_renamed = current->changeset.organization_changed;
    summary->members = result->slices - result->duplicates;
    summary->unreadable = result->unreadable;
    summary->rejected = (uint32_t)poll_rejection_count(current->poll);
    summary->counts = current->changeset.counts;
    memcpy(summary->holds, current->changeset.holds, sizeof(summary->holds));
    summary->held_loud = held_loud(&current->changeset);
    add_former(summary, &former);
}

static void report(struct runner *runner, const struct cycle_effect *effect)
{
    runner->reported = true;
    summarise(runner, effect->outcome);
    runner_log_cycle(runner, effect->outcome, &effect->error);
}

static void client_closed_cb(void *context)
{
    struct runner *runner = context;

    runner->client = NULL;
    uv_stop(&runner->loop); /* not waiting for a look-up that a dead name server holds up */
}

/* `once` ends while somebody is missing: the marks are in the tables, and a later run counts on. */
static void tell_unconfirmed(const struct runner *runner)
{
    if (runner->options.mode == CYCLE_MODE_ONCE && runner->cycle.confirm &&
        runner->result.class == ERROR_NONE)
        log_event(LOG_LEVEL_NOTICE, "absences_unconfirmed",
                  LOG_INTEGER("confirm_s", runner->cycle.confirm_in_us / 1000000),
                  LOG_TEXT("hint", "a run after that time confirms who has left"));
}

/* The last effect: every handle is closed. */
static void finish(struct runner *runner, const struct cycle_effect *effect)
{
    runner->result = effect->error;
    tell_unconfirmed(runner);
    notify_stopping();
    notify_watchdog_stop();
    lag_stop(&runner->lag);
    runner_progress_stop(runner);
    uv_close((uv_handle_t *)&runner->wait_timer, NULL);
    uv_close((uv_handle_t *)&runner->lock_timer, NULL);
    uv_close((uv_handle_t *)&runner->turn, NULL);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        uv_close((uv_handle_t *)&runner->signals[i], NULL);
    client_close(runner->client, client_closed_cb, runner);
}

/* --- the machine -------------------------------------------------------------------------------------------------- */

static void cancel_pull(struct runner *runner)
{
    client_cancel(runner->client);
}

static void remember(struct runner *runner)
{
    runner_log_findings(runner);
    runner_remember(runner);
}

/* The effects that need nothing but the runner. */
static void (*const performers[CYCLE_EFFECT_TYPE_COUNT])(struct runner *runner) = {
    [CYCLE_EFFECT_OPEN] = runner_open,
    [CYCLE_EFFECT_LOCK] = runner_lock,
    [CYCLE_EFFECT_LOAD] = runner_load,
    [CYCLE_EFFECT_PULL] = runner_pull_start,
    [CYCLE_EFFECT_CANCEL_PULL] = cancel_pull,
    [CYCLE_EFFECT_COMPARE] = runner_compare,
    [CYCLE_EFFECT_CORROBORATE] = runner_corroborate,
    [CYCLE_EFFECT_COVER] = runner_cover,
    [CYCLE_EFFECT_BEGIN] = runner_begin,
    [CYCLE_EFFECT_WRITE] = runner_write,
    [CYCLE_EFFECT_COMMIT] = runner_commit,
    [CYCLE_EFFECT_ROLLBACK] = runner_rollback,
    [CYCLE_EFFECT_RESOLVE] = runner_resolve,
    [CYCLE_EFFECT_CANCEL_QUERY] = runner_cancel_query,
    [CYCLE_EFFECT_CLOSE] = runner_close,
    [CYCLE_EFFECT_REMEMBER] = remember,
    [CYCLE_EFFECT_FORGET] = runner_forget,
    [CYCLE_EFFECT_DISCARD] = runner_pull_discard,
};

static void perform(struct runner *runner, const struct cycle_effect *effect)
{
    switch (effect->type) {
    case CYCLE_EFFECT_RECORD:
        runner_record(runner, &effect->error);
        break;
    case CYCLE_EFFECT_REPORT:
        report(runner, effect);
        break;
    case CYCLE_EFFECT_WAIT:
        wait_start(runner, effect);
        break;
    case CYCLE_EFFECT_FINISH:
        finish(runner, effect);
        break;
    default:
        performers[effect->type](runner);
        break;
    }
}

/* Until there is a cycle to speak of; an effect may know better and say so next. */
static void tell_state(const struct runner *runner)
{
    if (!runner->reported)
        notify_status("Not polled yet: %s", cycle_state_sentence(runner->cycle.state));
}

static void reload_when_idle(struct runner *runner);

void runner_event(struct runner *runner, const struct cycle_event *event)
{
    struct cycle_effect effects[CYCLE_EFFECTS_MAX];
    enum cycle_state from = runner->cycle.state;

    uv_timer_stop(&runner->wait_timer); /* whatever comes ends the wait */
    size_t count = cycle_step(&runner->cycle, event, effects);
    log_event(LOG_LEVEL_DEBUG, "step", LOG_TEXT("from", cycle_state_name(from)),
              LOG_TEXT("on", cycle_event_name(event->type)),
              LOG_TEXT("to", cycle_state_name(runner->cycle.state)), LOG_INTEGER("effects", count),
              LOG_TEXT("error", event->error.class == ERROR_NONE ? NULL : event->error.text));
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count) /* the new state's own */
            tell_state(runner);
        perform(runner, &effects[i]);
    }
    runner_progress_follow(runner);
    reload_when_idle(runner);
}

void runner_event_plain(struct runner *runner, enum cycle_event_type type)
{
    runner_event(runner, &(struct cycle_event){.type = type});
}

/* --- SIGHUP: settings and credentials anew, between two cycles ---------------------------------------------------- */

/* Takes the fresh settings over when all of them can be used; else the old ones stay as they are. */
static int reload(struct runner *runner, struct config *fresh, struct credentials *credentials,
                  struct error *error)
{
    struct client_settings settings;
    const char *key = NULL;
    int status = config_read(runner->options.config_file, fresh, error);

    if (status == 0)
        config_restart_needed(&runner->config, fresh, &key);
    if (status == 0 && key)
        status = error_set(error, ERROR_CONFIG,
                           "%s cannot change while the service runs; restart it to apply the new value", key);
    if (status == 0)
        status = credentials_read(fresh, credentials, error);
    if (status == 0) {
        settings_of_client(fresh, &settings);
        status = client_configure(runner->client, &settings, error);
    }
    return status;
}

static void reload_now(struct runner *runner)
{
    struct config fresh = {0};
    struct credentials credentials = {0};
    struct error error;

    runner->reload_wanted = false;
    notify_reloading();
    if (reload(runner, &fresh, &credentials, &error) == 0) {
        config_done(&runner->config);
        credentials_done(&runner->credentials);
        runner->config = fresh;
        runner->credentials = credentials;
        runner->token = (struct runner_token){.known = false}; /* it may be another */
        log_set_level(fresh.log.level);
        log_event(LOG_LEVEL_NOTICE, "reloaded", LOG_TEXT("file", fresh.file));
    } else {
        config_done(&fresh);
        credentials_done(&credentials);
        log_event(LOG_LEVEL_ERROR, "reload_refused", LOG_TEXT("error", error.text),
                  LOG_TEXT("hint", "the former settings stay in force"));
    }
    notify_ready();
}

static bool between_cycles(const struct runner *runner)
{
    return runner->cycle.state == CYCLE_WAITING || runner->cycle.state == CYCLE_OFFLINE ||
           runner->cycle.state == CYCLE_STANDBY;
}

static void reload_when_idle(struct runner *runner)
{
    if (!runner->reload_wanted || !between_cycles(runner))
        return;
    reload_now(runner);
    end_wait(runner, CYCLE_EVENT_POLL_NOW);
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

static void signal_cb(uv_signal_t *handle, int number)
{
    struct runner *runner = handle->data;

    lag_interrupted(&runner->lag);
    if (number == SIGHUP) {
        runner->reload_wanted = true;
        reload_when_idle(runner);
    } else if (runner->stopping) {
        _exit(EXIT_SUCCESS); /* asked twice: PostgreSQL rolls back what is open */
    } else {
        runner->stopping = true;
        log_event(LOG_LEVEL_NOTICE, "stopping", LOG_TEXT("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
        runner_event_plain(runner, CYCLE_EVENT_STOP);
    }
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int start_signals(struct runner *runner, struct error *error)
{
    static const int numbers[SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGHUP};

    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        int status = uv_signal_init(&runner->loop, &runner->signals[i]);
        runner->signals[i].data = runner;
        if (status == 0)
            status = uv_signal_start(&runner->signals[i], signal_cb, numbers[i]);
        if (status != 0)
            return error_set(error, ERROR_INTERNAL, "the signal \"%s\" cannot be listened for: %s",
                             strsignal(numbers[i]), uv_strerror(status));
    }
    return 0;
}

static int start(struct runner *runner, struct error *error)
{
    struct client_settings settings;
    int status = start_signals(runner, error);

    if (status < 0)
        return status;
    settings_of_client(&runner->config, &settings);
    runner->client = client_new(&runner->loop, &settings, error);
    if (!runner->client)
        return -(int)error->class;
    lag_start(&runner->lag, &runner->loop);
    runner_progress_start(runner);
    uv_timer_init(&runner->loop, &runner->wait_timer);
    uv_timer_init(&runner->loop, &runner->lock_timer);
    runner->wait_timer.data = runner;
    runner->lock_timer.data = runner;
    uv_idle_init(&runner->loop, &runner->turn);
    runner->turn.data = runner;
    runner->state = state_new(&runner->loop, getenv("STATE_DIRECTORY"), RUNNER_SOURCE);
    notify_watchdog_start(&runner->loop);
    cycle_init(&runner->cycle, runner->options.mode);
    runner_event_plain(runner, CYCLE_EVENT_STARTED);
    notify_ready();
    return 0;
}

static bool left_lookup;

bool runner_left_lookup(void)
{
    return left_lookup;
}

static void done(struct runner *runner)
{
    runner_pull_discard(runner);
    runner_forget(runner);
    digest_list_done(&runner->rejected);
    id_list_done(&runner->quarantined);
    id_list_done(&runner->stale);
    credentials_done(&runner->credentials);
    config_done(&runner->config);
    free(runner);
}

/* Prepares, and lets the loop run until the machine has finished. */
static int run(struct runner *runner, struct error *error)
{
    int status = credentials_read(&runner->config, &runner->credentials, error);

    if (status == 0)
        status = start(runner, error);
    if (status < 0) {
        loop_clear(&runner->loop);
        return status;
    }
    uv_run(&runner->loop, UV_RUN_DEFAULT);
    state_free(runner->state);
    uv_run(&runner->loop, UV_RUN_NOWAIT); /* what was closed last */
    if (runner->result.class != ERROR_NONE)
        *error = runner->result;
    return -(int)runner->result.class;
}

int runner_run(struct config *config, const struct runner_options *options,
               struct runner_summary *ret_summary, struct error *error)
{
    struct runner *runner = memory_alloc(sizeof(*runner));

    runner->config = *config;
    memset(config, 0, sizeof(*config));
    runner->options = *options;
    runner->summary = ret_summary;
    int status = loop_open(&runner->loop, error);
    if (status == 0) {
        status = run(runner, error);
        left_lookup = uv_loop_close(&runner->loop) == UV_EBUSY;
    }
    if (!left_lookup) /* else the look-up will still write into the loop */
        done(runner);
    return status;
}

/*
 * The runner while another instance writes: it looks at that instance each time the lock was refused, and ends its session
 * when core/schedule finds that it has been silent for too long. Harmless should it resume: its connection is gone and the
 * fence lets nothing stale through. `once` never comes here.
 */
#include "base/clock.h"
#include "base/log.h"
#include "service/runner_private.h"
#include "service/settings.h"

/* Until the next look. */
static void go_on_waiting(struct runner *runner)
{
    const struct store_reply busy = {.result = STORE_BUSY};

    runner_reply(runner, &busy, CYCLE_EVENT_LOCKED);
}

static void announce(struct runner *runner)
{
    if (runner->standing_by || runner->writer.pid == 0)
        return;
    runner->standing_by = true;
    log_event(
        LOG_LEVEL_NOTICE, "standby", LOG_INTEGER("writer_pid", runner->writer.pid),
        LOG_TEXT("hint",
                 "another session holds the lock; this instance takes over when that one ends or stalls"));
}

static bool is_stalled(struct runner *runner)
{
    struct schedule_settings settings;
    int64_t silent_us = standby_look(&runner->standby, &runner->writer, clock_monotonic_us());

    settings_of_schedule(&runner->config, &settings);
    return runner->writer.pid != 0 && schedule_is_stalled(&settings, runner->writer.failing, silent_us);
}

static void ended_cb(void *context, const struct store_reply *reply)
{
    struct runner *runner = context;

    if (reply->result != STORE_DONE) {
        runner_reply(runner, reply, CYCLE_EVENT_LOCKED);
        return;
    }
    log_event(LOG_LEVEL_WARNING, "writer_ended", LOG_INTEGER("writer_pid", runner->writer.pid),
              LOG_INTEGER("silent_s", runner->standby.silent_us / 1000000),
              LOG_TEXT("hint", "its instance gave no sign of life; look at why it stalled"));
    standby_forget(&runner->standby);
    go_on_waiting(runner);
}

static void end_writer(struct runner *runner)
{
    if (runner->writer.own_role) {
        store_end_writer(runner->store, &runner->writer, ended_cb, runner);
        return;
    }
    log_event(LOG_LEVEL_WARNING, "writer_stalled", LOG_INTEGER("writer_pid", runner->writer.pid),
              LOG_INTEGER("silent_s", runner->standby.silent_us / 1000000),
              LOG_TEXT("hint",
                       "its session belongs to another role; end it with pg_terminate_backend, and let all "
                       "instances connect as the same role"));
    standby_forget(&runner->standby);
    go_on_waiting(runner);
}

static void observed_cb(void *context, const struct store_reply *reply)
{
    struct runner *runner = context;

    if (reply->result != STORE_DONE) {
        runner_reply(runner, reply, CYCLE_EVENT_LOCKED);
        return;
    }
    announce(runner);
    if (is_stalled(runner))
        end_writer(runner);
    else
        go_on_waiting(runner);
}

void runner_stand_by(struct runner *runner)
{
    store_observe_writer(runner->store, &runner->writer, observed_cb, runner);
}

void runner_take_over(struct runner *runner)
{
    standby_forget(&runner->standby);
    if (!runner->standing_by)
        return;
    runner->standing_by = false;
    log_event(LOG_LEVEL_NOTICE, "took_over",
              LOG_TEXT("hint", "the other instance is gone; this one writes now"));
}

/*
 * The runner's side of progress: looks, now and then, how far the cycle is, and tells a person or the log. The timer runs
 * only while a cycle is at work.
 */
#include "base/clock.h"
#include "base/log.h"
#include "service/runner_private.h"

/* A person sees what takes longer than a moment, and sees it move; a log is told of what takes really long. */
#define PERSON_AFTER_MS 1000
#define PERSON_PACE_MS  200
#define LOG_PACE_MS     10000

static enum progress_step step_of(enum cycle_state state)
{
    switch (state) {
    case CYCLE_PULLING:
        return PROGRESS_READING;
    case CYCLE_COMPARING:
    case CYCLE_CORROBORATING:
        return PROGRESS_COMPARING;
    case CYCLE_BEGINNING:
    case CYCLE_WRITING:
    case CYCLE_COMMITTING:
        return PROGRESS_WRITING;
    default:
        return PROGRESS_NOTHING;
    }
}

static uint64_t rows_to_write(const struct changeset *set)
{
    return set->inserts.records + set->updates.records + set->changes.records + set->held.records;
}

static void look(struct runner *runner, struct progress *ret_progress)
{
    const struct runner_poll *current = &runner->current;

    *ret_progress = (struct progress){.step = runner->step,
                                      .elapsed_us = clock_monotonic_us() - runner->step_from_us,
                                      .bytes = current->body_bytes,
                                      .bytes_in_all = client_announced_bytes(runner->client),
                                      .members = poll_result(current->poll)->slices};
    if (runner->step == PROGRESS_WRITING) {
        ret_progress->rows = store_rows_written(runner->store);
        ret_progress->rows_in_all = rows_to_write(&current->changeset);
    }
}

static void log_progress(const struct progress *progress)
{
    int64_t left_us = progress_left_us(progress);

    log_event(LOG_LEVEL_INFO, "progress", LOG_TEXT("step", progress_step_name(progress->step)),
              LOG_INTEGER("step_s", progress->elapsed_us / 1000000), LOG_COUNT("bytes", progress->bytes),
              LOG_COUNT("bytes_in_all", progress->bytes_in_all), LOG_COUNT("members", progress->members),
              LOG_COUNT("rows", progress->rows), LOG_COUNT("rows_in_all", progress->rows_in_all),
              LOG_COUNT("left_s", left_us < 0 ? 0 : (left_us + 999999) / 1000000));
}

static void look_cb(uv_timer_t *timer)
{
    struct runner *runner = timer->data;
    struct progress progress;

    if (!runner->current.poll)
        return;
    look(runner, &progress);
    if (runner->options.progress_cb)
        runner->options.progress_cb(runner->options.progress_context, &progress);
    else
        log_progress(&progress);
}

static void begin(struct runner *runner)
{
    bool person = runner->options.progress_cb != NULL;

    if (!uv_is_active((uv_handle_t *)&runner->progress_timer))
        uv_timer_start(&runner->progress_timer, look_cb, person ? PERSON_AFTER_MS : LOG_PACE_MS,
                       person ? PERSON_PACE_MS : LOG_PACE_MS);
}

static void end(struct runner *runner)
{
    const struct progress nothing = {.step = PROGRESS_NOTHING};

    uv_timer_stop(&runner->progress_timer);
    if (runner->options.progress_cb)
        runner->options.progress_cb(runner->options.progress_context, &nothing);
}

void runner_progress_start(struct runner *runner)
{
    uv_timer_init(&runner->loop, &runner->progress_timer);
    runner->progress_timer.data = runner;
}

void runner_progress_follow(struct runner *runner)
{
    enum progress_step step = step_of(runner->cycle.state);

    if (step == runner->step)
        return;
    runner->step = step;
    runner->step_from_us = clock_monotonic_us();
    if (step == PROGRESS_NOTHING)
        end(runner);
    else
        begin(runner);
}

void runner_progress_stop(struct runner *runner)
{
    uv_close((uv_handle_t *)&runner->progress_timer, NULL);
}

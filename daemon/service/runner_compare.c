/*
 * The runner's side of the comparison: fulfils, one after the other, what core/comparison needs, and gives the loop its
 * turn in between. COMPARE ends when the comparison is done, or wants the API asked for members who seem to have left;
 * CORROBORATE asks, and COMPARE goes on.
 */
#include "base/clock.h"
#include "base/log.h"
#include "service/runner_private.h"
#include "service/settings.h"

#include <string.h>

/* Removals count against the limit for this long. */
#define REMOVED_LATELY_US INT64_C(86400000000)

static void go_on(struct runner *runner);

static void turn_cb(uv_idle_t *turn)
{
    uv_idle_stop(turn);
    go_on(turn->data);
}

/* Nothing that is done in a row may hold up the loop, nor report before it was asked to. */
static void take_turn(struct runner *runner)
{
    uv_idle_start(&runner->turn, turn_cb);
}

/* --- COMPARE ------------------------------------------------------------------------------------------------------ */

static void refuse(struct runner *runner)
{
    runner_event(
        runner, &(struct cycle_event){.type = CYCLE_EVENT_COMPARE_REFUSED, .error = runner->current.refusal});
}

static int row_cb(void *context, const struct member_row *row, struct error *error)
{
    struct runner *runner = context;
    int status = comparison_row(runner->current.comparison, row, &runner->current.refusal);

    if (status < 0)
        *error = runner->current.refusal;
    return status;
}

/* The tables have answered. */
static void read_cb(void *context, const struct store_reply *reply)
{
    struct runner *runner = context;

    if (runner->current.refusal.class != ERROR_NONE) /* row_cb gave up */
        refuse(runner);
    else if (reply->result == STORE_DONE)
        take_turn(runner);
    else
        runner_reply(runner, reply, CYCLE_EVENT_COMPARED_SAME);
}

static void read_rows(struct runner *runner, bool recorded)
{
    size_t count = 0;
    const struct uuid *ids = comparison_ids(runner->current.comparison, &count);

    if (recorded)
        store_read_recorded(runner->store, ids, count, row_cb, read_cb, runner);
    else
        store_read_members(runner->store, ids, count, row_cb, read_cb, runner);
}

static void read_past(struct runner *runner)
{
    int64_t since_us = runner->current.store.answered - REMOVED_LATELY_US;

    store_read_guard(runner->store, since_us, runner_own_user(runner),
                     comparison_past(runner->current.comparison), read_cb, runner);
}

static void report_compared(struct runner *runner)
{
    const struct comparison_result *result = comparison_result(runner->current.comparison);
    bool writes = result->writes || runner->current.discontinuity;

    runner_event(runner, &(struct cycle_event){.type = writes ? CYCLE_EVENT_COMPARED_CHANGES
                                                              : CYCLE_EVENT_COMPARED_SAME,
                                               .reload = result->reload,
                                               .confirm = result->confirm,
                                               .confirm_in_us = result->confirm_in_us});
}

static void fulfil(struct runner *runner, enum comparison_need need)
{
    switch (need) {
    case COMPARISON_ROWS:
        read_rows(runner, false);
        break;
    case COMPARISON_RECORDED:
        read_rows(runner, true);
        break;
    case COMPARISON_LOG_ONLY:
        store_read_log_only(runner->store, row_cb, read_cb, runner);
        break;
    case COMPARISON_PAST:
        read_past(runner);
        break;
    case COMPARISON_SECOND_SOURCE:
        runner_event_plain(runner, CYCLE_EVENT_COMPARED_DOUBTFUL);
        break;
    case COMPARISON_TURN:
        take_turn(runner);
        break;
    case COMPARISON_DONE:
        report_compared(runner);
        break;
    }
}

static void go_on(struct runner *runner)
{
    enum comparison_need need = COMPARISON_DONE;

    if (comparison_next(runner->current.comparison, &need, &runner->current.refusal) < 0)
        refuse(runner);
    else
        fulfil(runner, need);
}

/* A clock that was set back by days would leave every absence unconfirmed for as long. */
static bool waited_to_confirm(const struct runner *runner)
{
    return runner->current.clock_behind && runner->absence_us != 0 &&
           clock_monotonic_us() - runner->absence_us >= runner->config.sync.confirm_after;
}

static struct comparison *begin(struct runner *runner)
{
    struct runner_poll *current = &runner->current;
    struct spool *decoded = poll_decoded(current->poll);
    struct comparison_input input = {
        .stored = runner->organization.exists,
        .organization_id = current->store.organization_id,
        .name_json = runner->organization.name_json,
        .members = runner->members,
        .holds_stand = runner->organization.holds_stand,
        .secret = &runner->organization.secret,
        .poll = current->poll,
        .roster = runner->roster,
        .rejected = &runner->rejected,
        .quarantined = &runner->quarantined,
        .stale = &runner->stale,
        .own_user = runner_own_user(runner),
        .own_unanswered = runner->token.unanswered,
        .times = {.asked = current->store.asked,
                  .answered = current->store.answered,
                  .previous_asked = runner->organization.last_asked_at,
                  .previous_partial = runner->was_unreadable,
                  .baseline = !runner->organization.exists || current->discontinuity},
        .discontinuity = runner->organization.exists && current->discontinuity,
        .removal = {.polls = (int32_t)runner->config.sync.removal_polls,
                    .confirm_after_us = runner->config.sync.confirm_after,
                    .waited = waited_to_confirm(runner)},
        .changeset = &current->changeset,
        .finding_cb = runner->options.finding_cb,
        .finding_context = runner->options.finding_context,
    };

    settings_of_guard(&runner->config, &input.guard);
    return comparison_new(&input, decoded->memory_limit, decoded->directory);
}

void runner_compare(struct runner *runner)
{
    if (!runner->current.comparison)
        runner->current.comparison = begin(runner);
    take_turn(runner);
}

/* --- CORROBORATE -------------------------------------------------------------------------------------------------- */

static void ask_some(struct runner *runner);

/* Told once: an API that does not take this question will not take it next time either, and the polls decide alone. */
static void tell_refused(struct runner *runner, const struct error *error)
{
    if (!runner->source_refused)
        log_event(LOG_LEVEL_WARNING, "second_source_refused", LOG_TEXT("error", error->text),
                  LOG_TEXT("hint", "members who seem to have left cannot be asked for; two polls decide"));
    runner->source_refused = true;
}

/* The organization was answered a moment ago: a token that may not ask this question will not be allowed to later. */
static bool is_refused(const struct client_users *users)
{
    return users->verdict == CLIENT_REFUSED || users->error.class == ERROR_CREDENTIALS;
}

static void users_cb(void *context, const struct client_users *users)
{
    struct runner *runner = context;
    struct runner_poll *current = &runner->current;
    const struct uuid *asked = comparison_doubtful(current->comparison)->ids + current->asked;

    for (size_t i = 0; users->verdict == CLIENT_ANSWERED && i < users->count; i++) {
        if (users->found[i])
            comparison_found(current->comparison, &asked[i]);
    }
    current->asked += users->count;
    if (users->verdict == CLIENT_ANSWERED) {
        runner->source_refused = false;
        ask_some(runner);
        return;
    }
    if (is_refused(users)) {
        tell_refused(runner, &users->error);
    } else {
        log_event(LOG_LEVEL_WARNING, "second_source_failed", LOG_TEXT("error", users->error.text));
        comparison_unanswered(current->comparison);
    }
    runner_event_plain(runner, CYCLE_EVENT_CORROBORATED);
}

static void ask_some(struct runner *runner)
{
    const struct id_list *doubtful = comparison_doubtful(runner->current.comparison);
    size_t left = doubtful->count - runner->current.asked;
    struct client_ids ids = {.ids = doubtful->ids + runner->current.asked,
                             .count = left < CLIENT_IDS_MAX ? left : CLIENT_IDS_MAX};

    if (left == 0)
        runner_event_plain(runner, CYCLE_EVENT_CORROBORATED);
    else
        client_ask_users(runner->client, &runner->credentials.key, &runner->credentials.token, ids, users_cb,
                         runner);
}

void runner_corroborate(struct runner *runner)
{
    runner->current.asked = 0;
    ask_some(runner);
}

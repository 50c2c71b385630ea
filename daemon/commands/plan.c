/*
 * rollcall plan: what a cycle would write, shown like a review. Reads only.
 */
#include "commands/command.h"
#include "commands/plan_json.h"
#include "commands/plan_text.h"
#include "commands/progress_line.h"
#include "commands/summary.h"
#include "commands/terminal.h"
#include "service/runner.h"

enum plan_option { PLAN_JSON, PLAN_DETAILED_EXITCODE };

/* Half a comparison must not pass for a plan. */
static int compare(struct config *config, const struct runner_options *options,
                   struct runner_summary *summary, struct error *error)
{
    int status = runner_run(config, options, summary, error);

    if (status == 0 && !summary->compared)
        status = error_set(error, ERROR_UNAVAILABLE,
                           "the plan was stopped before everything was compared; run it again");
    return status;
}

static int show_json(struct config *config, struct runner_options *options, struct runner_summary *summary,
                     struct error *error)
{
    struct plan_json *json = plan_json_new();

    options->finding_cb = plan_json_finding_cb;
    options->finding_context = json;
    int status = compare(config, options, summary, error);
    if (status == 0)
        status = plan_json_end(json, summary, error);
    plan_json_free(json);
    return status;
}

static int show_text(struct config *config, struct runner_options *options, struct runner_summary *summary,
                     struct error *error)
{
    struct plan_text *text = plan_text_new(stdout, terminal_wants_colour());

    options->finding_cb = plan_text_finding_cb;
    options->finding_context = text;
    int status = compare(config, options, summary, error);
    if (status == 0)
        plan_text_print(text, summary);
    plan_text_free(text);
    return status;
}

static int plan(const struct invocation *invocation, struct error *error)
{
    struct runner_options options = {
        .config_file = invocation->config_file, .mode = CYCLE_MODE_PLAN, .progress_cb = progress_line()};
    bool json = invocation->values[PLAN_JSON] != NULL;
    struct runner_summary summary = {0};
    struct config config;
    int status = command_read_config(invocation, &config, error);

    if (status < 0)
        return status;
    status = json ? show_json(&config, &options, &summary, error)
                  : show_text(&config, &options, &summary, error);
    if (status == 0 && summary.held_loud > 0)
        status = EXIT_HELD;
    else if (status == 0 && invocation->values[PLAN_DETAILED_EXITCODE] && summary_has_changes(&summary))
        status = EXIT_CHANGES;
    runner_summary_done(&summary);
    return status;
}

const struct command command_plan = {
    .name = "plan",
    .summary = "shows what a cycle would write, and writes nothing",
    .details =
        "Polls Luzmo, compares with the database and shows who joins, who leaves and what changes from what to what,\n"
        "and what would be held. Reads only, takes no lock; works before the first cycle, too. Ends with 3 when something\n"
        "would be held that nobody rejected.",
    .options = {{"json", NULL, "as one JSON object"},
                {"detailed-exitcode", NULL, "end with 2 when there is something to write"}},
    .run = plan,
};

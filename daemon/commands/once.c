/*
 * rollcall once: one cycle, for cron or a timer, and the confirming poll when somebody seems to have left.
 */
#include "commands/command.h"
#include "commands/progress_line.h"
#include "commands/summary.h"
#include "commands/terminal.h"
#include "service/runner.h"

static int once(const struct invocation *invocation, struct error *error)
{
    struct runner_options options = {
        .config_file = invocation->config_file, .mode = CYCLE_MODE_ONCE, .progress_cb = progress_line()};
    struct runner_summary summary = {0};
    struct config config;
    int status = command_read_config(invocation, &config, error);

    if (status < 0)
        return status;
    status = runner_run(&config, &options, &summary, error);
    if (status == 0 && terminal_is_interactive())
        summary_print(stdout, &summary);
    if (status == 0 && summary.held_loud > 0)
        status = EXIT_HELD;
    runner_summary_done(&summary);
    return status;
}

const struct command command_once = {
    .name = "once",
    .summary = "one cycle: polls, writes what changed, ends; exit code 3 when something is held",
    .details =
        "For cron or a timer. When members seem to have left, it waits for sync.confirm_after and polls again to be\n"
        "sure; what takes more than five minutes to confirm is left to a later run. Ends with 3 when something is held\n"
        "that nobody rejected: `rollcall holds` shows it, and everything else was written. Ends with 75 when another\n"
        "instance is still at work after five seconds.",
    .run = once,
};

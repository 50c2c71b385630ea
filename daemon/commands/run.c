/*
 * rollcall run: the service.
 */
#include "base/log.h"
#include "commands/command.h"
#include "service/runner.h"

static int run(const struct invocation *invocation, struct error *error)
{
    struct runner_options options = {.config_file = invocation->config_file, .mode = CYCLE_MODE_SERVICE};
    struct config config;
    int status = command_read_config(invocation, &config, error);

    if (status < 0)
        return status;
    log_limit_waiting();
    log_event(LOG_LEVEL_NOTICE, "started", LOG_TEXT("version", ROLLCALL_VERSION),
              LOG_TEXT("file", config.file));
    status = runner_run(&config, &options, NULL, error);
    log_event(LOG_LEVEL_NOTICE, "stopped");
    return status;
}

const struct command command_run = {
    .name = "run",
    .summary = "the service: polls Luzmo again and again until it is stopped",
    .details =
        "Polls at once and then every sync.interval; writes what changed. A database or API that is away is waited\n"
        "for. SIGHUP reads the configuration and the credentials again, SIGTERM ends cleanly.",
    .run = run,
};

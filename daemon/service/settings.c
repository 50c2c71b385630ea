/*
 * The configuration, as the layers below want to be told it.
 */
#include "service/settings.h"

#include "service/credentials.h"

#include <stdlib.h>
#include <unistd.h>

#define SPOOL_MEMORY         ((size_t)1024 * 1024)
#define CONNECT_TIMEOUT_US   INT64_C(10000000)
#define STATEMENT_TIMEOUT_US INT64_C(600000000) /* a first load of a million members fits many times */
#define LOCK_TIMEOUT_US      INT64_C(10000000)

void settings_of_client(const struct config *config, struct client_settings *ret_settings)
{
    *ret_settings = (struct client_settings){.url = config->api.url,
                                             .ca_file = config->api.ca_file,
                                             .proxy = config->api.proxy,
                                             .stall_timeout_us = config->sync.stall_timeout,
                                             .total_timeout_us = config->sync.total_timeout,
                                             .max_body = (uint64_t)config->sync.max_body};
}

/* The commands of an administrator find the password where the service's unit takes it from. */
static const char *default_passfile(void)
{
    bool ours = !getenv("PGPASSFILE") && access(CREDENTIALS_PASSFILE, R_OK) == 0;

    return ours ? CREDENTIALS_PASSFILE : "";
}

void settings_of_database(const struct config *config, const char *passfile, bool read_only,
                          struct connection_settings *ret_settings)
{
    *ret_settings = (struct connection_settings){.conninfo = config->database.conninfo,
                                                 .passfile = passfile ? passfile : default_passfile(),
                                                 .connect_timeout_us = CONNECT_TIMEOUT_US,
                                                 .statement_timeout_us = STATEMENT_TIMEOUT_US,
                                                 .lock_timeout_us = LOCK_TIMEOUT_US,
                                                 .read_only = read_only};
}

void settings_of_schedule(const struct config *config, struct schedule_settings *ret_settings)
{
    *ret_settings = (struct schedule_settings){.interval_us = config->sync.interval,
                                               .confirm_after_us = config->sync.confirm_after,
                                               .total_timeout_us = config->sync.total_timeout};
}

void settings_of_guard(const struct config *config, struct guard_policy *ret_policy)
{
    *ret_policy = (struct guard_policy){.removals = config->guard.removals,
                                        .removals_floor = (uint32_t)config->guard.removals_floor,
                                        .removals_max = (uint32_t)config->guard.removals_max,
                                        .vanished_flags = config->guard.vanished_flags,
                                        .demotions = config->guard.demotions,
                                        .owner_grants = config->guard.owner_grants};
}

static const char *spool_directory(void)
{
    const char *directory = getenv("TMPDIR");

    return directory && directory[0] == '/' ? directory : "/var/tmp";
}

void settings_of_poll(const struct config *config, struct poll_settings *ret_settings)
{
    const char *organization_id = config->api.organization_id;

    *ret_settings = (struct poll_settings){.max_body = (uint64_t)config->sync.max_body,
                                           .max_members = (uint32_t)config->sync.max_members,
                                           .spool_memory = SPOOL_MEMORY,
                                           .spool_directory = spool_directory(),
                                           .organization_id = organization_id[0] ? organization_id : NULL};
}

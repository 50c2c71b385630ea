/*
 * The configuration, as the layers below want to be told it.
 */
#ifndef SERVICE_SETTINGS_H
#define SERVICE_SETTINGS_H

#include "core/guard.h"
#include "core/poll.h"
#include "core/schedule.h"
#include "luzmo/client.h"
#include "postgres/connection.h"
#include "service/config.h"

/* The results point into the configuration and `passfile` and live no longer. passfile NULL: /etc/rollcall/pgpass, when
 * this user can read it and PGPASSFILE names no other, else libpq's own rules. */
void settings_of_client(const struct config *config, struct client_settings *ret_settings);
void settings_of_database(const struct config *config, const char *passfile, bool read_only,
                          struct connection_settings *ret_settings);
void settings_of_schedule(const struct config *config, struct schedule_settings *ret_settings);
void settings_of_guard(const struct config *config, struct guard_policy *ret_policy);

/* Its limits, the organization that is configured, and the spool: one MiB of memory, then TMPDIR, else /var/tmp. The secret
 * is the caller's to fill in. */
void settings_of_poll(const struct config *config, struct poll_settings *ret_settings);

#endif

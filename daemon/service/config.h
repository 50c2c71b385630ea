/*
 * The configuration: one table describes every key (name, type, default, range, reloadable, help). The file's reader,
 * `--help`, the sample file and the manual page all come from that table.
 */
#ifndef SERVICE_CONFIG_H
#define SERVICE_CONFIG_H

#include "base/error.h"
#include "base/log.h"
#include "core/model.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_DEFAULT_FILE "/etc/rollcall/rollcall.conf"

/* What to do where a file is kept from the user who runs a command. */
#define CONFIG_OTHER_USER "; run the command as the service's user: sudo -u rollcall rollcall ..."

enum config_migrate { CONFIG_MIGRATE_AUTO, CONFIG_MIGRATE_NEVER };

/* Durations in microseconds, sizes in bytes, ratios as a share of 1 (15% = 0.15), -1 = off. Strings belong to it. */
struct config {
    struct {
        char *url, *organization_id, *ca_file, *key_file, *token_file, *proxy;
    } api;
    struct {
        char *conninfo;
        enum config_migrate migrate;
    } database;
    struct {
        int64_t interval, stall_timeout, total_timeout;
        int64_t removal_polls;
        int64_t confirm_after, full_compare, max_gap; /* max_gap 0: three intervals */
        int64_t max_body, max_members;
    } sync;
    struct {
        double removals;
        int64_t removals_floor, removals_max;
        double vanished_flags, demotions, owner_grants;
        int64_t min_owners;
    } guard;
    struct {
        char *listen;
    } http;
    struct {
        enum log_level level;
    } log;
    char *file; /* where it was read from */
};

/* path NULL: CONFIG_DEFAULT_FILE, and a missing default file means "all defaults"; a missing named file is an error.
 * ERROR_CONFIG with file and line for an unknown key or section, a bad value, a duplicate, a value out of range. */
MUST_CHECK int config_read(const char *path, struct config *ret_config, struct error *error);
void config_done(struct config *config);

/* The first setting that differs and that SIGHUP cannot apply, as "section.key"; NULL when all that differs can be
 * applied. */
void config_restart_needed(const struct config *old, const struct config *fresh, const char **ret_name);

void config_print_help(FILE *out);   /* every key with default and meaning */
void config_print_sample(FILE *out); /* a commented rollcall.conf with every key at its default */
void config_print_manual(FILE *out); /* the keys as part of a manual page, man(7) */

/* Calls back with the name ("section.key") of every setting that differs from its default but has no effect in this
 * version. */
void config_each_without_effect(const struct config *config, void (*name_cb)(void *context, const char *name),
                                void *context);

#endif

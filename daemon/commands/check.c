/*
 * rollcall check: tries everything the service needs, one thing after the other, and says how to mend what fails.
 */
#include "base/clock.h"
#include "commands/command.h"
#include "commands/terminal.h"
#include "service/probe.h"
#include "service/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is known while the checks go on. The first error is the command's result. */
struct checkup {
    const struct invocation *invocation;
    struct config config;
    struct credentials credentials;
    struct probe_result api;
    struct session *session;
    bool coloured;
    bool configured; /* there is a configuration to go on with */
    bool answered;   /* the API's answer could be mirrored */
    int notes;
    int failures;
    struct error first;
};

/* --- what is printed ---------------------------------------------------------------------------------------------- */

static void print_mark(const struct checkup *checkup, const char *mark, enum colour colour, const char *what)
{
    terminal_print_cell(stdout, mark, 6, colour, checkup->coloured);
    terminal_print_cell(stdout, what, 15, COLOUR_NONE, false);
}

static void passed(const struct checkup *checkup, const char *what, const char *detail)
{
    print_mark(checkup, "ok", COLOUR_GREEN, what);
    terminal_print(stdout, detail, strlen(detail));
    putchar('\n');
}

static void noted(struct checkup *checkup, const char *what, const char *detail)
{
    checkup->notes++;
    print_mark(checkup, "note", COLOUR_YELLOW, what);
    terminal_print(stdout, detail, strlen(detail));
    putchar('\n');
}

static void failed(struct checkup *checkup, const char *what, const struct error *error)
{
    print_mark(checkup, "FAIL", COLOUR_RED, what);
    terminal_print(stdout, error->text, strlen(error->text));
    putchar('\n');
    if (checkup->failures++ == 0)
        checkup->first = *error;
}

/* --- the checks --------------------------------------------------------------------------------------------------- */

static void without_effect_cb(void *context, const char *name)
{
    char detail[128];

    snprintf(detail, sizeof(detail), "%s is set, but has no effect in this version", name);
    noted(context, "configuration", detail);
}

/* Guards that let everything pass, and settings that contradict each other. */
static void check_guards(struct checkup *checkup)
{
    const struct config *config = &checkup->config;
    const struct {
        bool found;
        const char *detail;
    } doubts[] = {
        {config->guard.removals < 0,
         "guard.removals is off: whoever is missing in sync.removal_polls answers is removed, even half of the members"},
        {config->guard.vanished_flags < 0,
         "guard.vanished_flags is off: flags that an answer lacks are taken from everybody at once"},
        {config->guard.removals_floor > config->guard.removals_max,
         "guard.removals_floor is more than guard.removals_max, which decides"},
    };

    for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
        if (doubts[i].found)
            noted(checkup, "configuration", doubts[i].detail);
}

static void check_configuration(struct checkup *checkup)
{
    struct error error;

    if (command_read_config(checkup->invocation, &checkup->config, &error) < 0) {
        failed(checkup, "configuration", &error);
        return;
    }
    checkup->configured = true;
    if (access(checkup->config.file, F_OK) == 0)
        passed(checkup, "configuration", checkup->config.file);
    else
        noted(checkup, "configuration", "there is no " CONFIG_DEFAULT_FILE "; every setting has its default");
    config_each_without_effect(&checkup->config, without_effect_cb, checkup);
    check_guards(checkup);
}

/* Whoever is no owner may be shown a part of the members only, and what looks whole to the service is then not. */
static void check_sight(struct checkup *checkup)
{
    if (checkup->api.sight == PROBE_SIGHT_LESSER)
        noted(
            checkup, "token",
            "belongs to somebody who is no owner in the answer and may not be shown everybody; make that account an "
            "owner in Luzmo");
    else if (checkup->api.owners == 0)
        noted(
            checkup, "token",
            "no owner is in the answer; the token should belong to an owner, else it may not see everybody");
    else if (checkup->api.sight == PROBE_SIGHT_OWNER)
        passed(checkup, "token", "belongs to an owner");
}

static void check_expiry(struct checkup *checkup)
{
    int64_t left_us = checkup->api.expiry_us - clock_wall_us();
    char detail[128];

    if (checkup->api.expiry_us == 0 || left_us >= CREDENTIALS_EXPIRY_TOLD_DAYS * CLOCK_DAY_US)
        return;
    snprintf(detail, sizeof(detail), "expires in %lld days; make a new one in Luzmo and put it in its place",
             (long long)(left_us / CLOCK_DAY_US));
    noted(checkup, "token", detail);
}

static void check_api(struct checkup *checkup)
{
    struct error error;
    char detail[512];

    if (credentials_read(&checkup->config, &checkup->credentials, &error) < 0) {
        failed(checkup, "credentials", &error);
        return;
    }
    passed(checkup, "credentials", checkup->credentials.source);
    if (probe_api(&checkup->config, &checkup->credentials, &checkup->api, &error) < 0) {
        failed(checkup, "API and TLS", &error);
        return;
    }
    checkup->answered = true;
    snprintf(detail, sizeof(detail), "%s answered in %lld ms", checkup->config.api.url,
             (long long)checkup->api.took_us / 1000);
    passed(checkup, "API and TLS", detail);
    if (checkup->api.without_attributes)
        noted(checkup, "API and TLS", "the API refused the list of attributes and was asked without it");
    snprintf(detail, sizeof(detail), "%u record%s of the answer cannot be read and would be left alone",
             checkup->api.rejected, checkup->api.rejected == 1 ? "" : "s");
    if (checkup->api.rejected > 0)
        noted(checkup, "API and TLS", detail);
    check_sight(checkup);
    check_expiry(checkup);
}

static void check_privileges(struct checkup *checkup, const struct session_schema *schema)
{
    struct error error;

    if (schema->permitted) {
        passed(checkup, "privileges", "are what a cycle needs");
        return;
    }
    error_set(&error, ERROR_CONFIG, "%s", schema->detail);
    failed(checkup, "privileges", &error);
}

static void check_schema(struct checkup *checkup)
{
    struct session_schema schema;
    struct error error;

    if (session_inspect_schema(checkup->session, &schema, &error) < 0)
        failed(checkup, "schema", &error);
    else if (schema.usable) {
        passed(checkup, "schema", "is what this version needs");
        check_privileges(checkup, &schema);
    } else if (schema.may_migrate && checkup->config.database.migrate == CONFIG_MIGRATE_AUTO)
        noted(checkup, "schema",
              schema.missing ? "does not exist yet; the first cycle creates it"
                             : "is older; the next cycle upgrades it");
    else {
        error_set(&error, ERROR_CONFIG, "%s", schema.detail);
        failed(checkup, "schema", &error);
    }
}

static void check_database(struct checkup *checkup)
{
    struct error error;

    if (session_open(&checkup->config, checkup->credentials.passfile, false, &checkup->session, &error) < 0) {
        failed(checkup, "database", &error);
        return;
    }
    passed(checkup, "database", session_describe(checkup->session));
    if (session_check_pooler(checkup->session, &checkup->config, checkup->credentials.passfile, &error) < 0)
        failed(checkup, "pooler", &error);
    else
        passed(checkup, "pooler", "none in between that shares sessions");
    check_schema(checkup);
}

static void conclude(const struct checkup *checkup)
{
    const char *name = checkup->api.display_name;

    putchar('\n');
    if (checkup->answered) {
        fputs("To be mirrored: \"", stdout);
        terminal_print(stdout, name, strlen(name));
        printf("\", %u member%s, %u owner%s.\n", checkup->api.members, checkup->api.members == 1 ? "" : "s",
               checkup->api.owners, checkup->api.owners == 1 ? "" : "s");
    }
    if (checkup->failures > 0)
        printf("%d thing%s to mend.\n", checkup->failures, checkup->failures == 1 ? "" : "s");
    else if (checkup->notes > 0)
        printf("Nothing to mend; see the note%s above.\n", checkup->notes == 1 ? "" : "s");
    else
        puts("Everything is in order.");
}

static int check(const struct invocation *invocation, struct error *error)
{
    struct checkup checkup = {.invocation = invocation, .coloured = terminal_wants_colour()};

    check_configuration(&checkup);
    if (checkup.configured) {
        check_api(&checkup);
        check_database(&checkup);
    }
    conclude(&checkup);
    session_close(checkup.session);
    probe_result_done(&checkup.api);
    credentials_done(&checkup.credentials);
    config_done(&checkup.config);
    (void)error; /* every failure was told where it happened */
    return checkup.failures == 0 ? EXIT_DONE : (int)command_exit_code(checkup.first.class);
}

const struct command command_check = {
    .name = "check",
    .summary = "tries configuration, credentials, API and database, and says how to mend what fails",
    .details = "Writes nothing, in Luzmo or in the database. The exit code is that of the first failure.",
    .run = check,
};

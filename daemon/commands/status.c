/*
 * rollcall status: how things stand, in words; for people, timers and monitors.
 */
#include "commands/command.h"
#include "commands/output.h"
#include "commands/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status_option { STATUS_JSON };

static const struct session_query read_status = {.name = "read_status"};

/* What one row of freshness says, as far as words and the exit code need it. */
struct standing {
    const struct config *config;
    bool any;
    bool held;
    bool stale;
};

static const char *value_of(const struct column *columns, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(columns[i].name, name) == 0)
            return columns[i].value;
    return NULL;
}

static int64_t number_of(const struct column *columns, int count, const char *name)
{
    const char *value = value_of(columns, count, name);
    return value == NULL ? 0 : strtoll(value, NULL, 10);
}

/* Older than three intervals, or never read at all. */
static bool is_stale(const struct standing *standing, const struct column *columns, int count)
{
    int64_t limit_s = standing->config->sync.max_gap / 1000000;

    return value_of(columns, count, "data_as_of") == NULL ||
           number_of(columns, count, "seconds_behind") > limit_s;
}

static void note(struct standing *standing, const struct column *columns, int count)
{
    standing->any = true;
    standing->held |= number_of(columns, count, "held") > 0;
    standing->stale |= is_stale(standing, columns, count);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void say_age(int64_t seconds)
{
    if (seconds < 120)
        printf("%" PRId64 " seconds", seconds);
    else if (seconds < 7200)
        printf("%" PRId64 " minutes", seconds / 60);
    else if (seconds < 172800)
        printf("%" PRId64 " hours", seconds / 3600);
    else
        printf("%" PRId64 " days", seconds / 86400);
}

static void say_members(const struct column *columns, int count)
{
    const char *name = value_of(columns, count, "display_name");
    const char *id = value_of(columns, count, "organization_id");

    if (name == NULL || name[0] == '\0')
        name = id != NULL ? id : "The organization";
    terminal_print(stdout, name, strlen(name));
    if (id == NULL) {
        puts(" has never been read completely.");
        return;
    }
    printf(": %" PRId64 " members; %" PRId64 " owners, %" PRId64 " admins, %" PRId64 " editors, %" PRId64
           " viewers.\n",
           number_of(columns, count, "members"), number_of(columns, count, "owners"),
           number_of(columns, count, "admins"), number_of(columns, count, "editors"),
           number_of(columns, count, "viewers"));
    printf("As Luzmo had it ");
    say_age(number_of(columns, count, "seconds_behind"));
    printf(" ago (%s).\n", value_of(columns, count, "data_as_of"));
}

static void say_troubles(const struct column *columns, int count)
{
    int64_t failures = number_of(columns, count, "consecutive_failures");
    const char *error = value_of(columns, count, "last_error");

    if (failures > 0)
        printf("The last %" PRId64 " poll%s failed", failures, failures == 1 ? "" : "s");
    if (failures > 0 && error != NULL) {
        fputs(": ", stdout);
        terminal_print(stdout, error, strlen(error));
    }
    if (failures > 0)
        puts(".");
    if (number_of(columns, count, "absent") > 0)
        printf("%" PRId64 " absent from the last answer, waiting for a confirming poll.\n",
               number_of(columns, count, "absent"));
    if (number_of(columns, count, "rejected") > 0)
        printf("%" PRId64 " records of the answer cannot be read and are left alone; the log says why.\n",
               number_of(columns, count, "rejected"));
    if (number_of(columns, count, "held") > 0)
        printf("%" PRId64 " changes are held.\n", number_of(columns, count, "held"));
}

static int words_cb(void *context, const struct column *columns, int count, struct error *error)
{
    struct standing *standing = context;

    (void)error;
    note(standing, columns, count);
    say_members(columns, count);
    say_troubles(columns, count);
    puts(is_stale(standing, columns, count) ? "STALE: is the service running? See: systemctl status rollcall"
                                            : "Fresh.");
    return 0;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

struct json_standing {
    struct standing standing;
    struct output *output;
};

static int json_cb(void *context, const struct column *columns, int count, struct error *error)
{
    struct json_standing *json = context;

    note(&json->standing, columns, count);
    return output_row_cb(json->output, columns, count, error);
}

static int print_json(struct session *session, struct standing *standing, struct error *error)
{
    static const char *const no_table[] = {NULL};
    struct json_standing json = {.standing = *standing, .output = output_new(OUTPUT_JSON, no_table)};
    int status = session_run(session, &read_status, json_cb, &json, error);

    if (status == 0)
        output_end(json.output, "");
    output_free(json.output);
    *standing = json.standing;
    return status;
}

static int print_words(struct session *session, struct standing *standing, struct error *error)
{
    int status = session_run(session, &read_status, words_cb, standing, error);

    if (status == 0 && !standing->any)
        puts("Nothing was ever read; start the service, or run: rollcall once");
    return status;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int exit_code_of(const struct standing *standing)
{
    if (standing->held)
        return EXIT_HELD;
    return standing->stale || !standing->any ? EXIT_UNAVAILABLE : EXIT_DONE;
}

static int status(const struct invocation *invocation, struct error *error)
{
    struct session *session = NULL;
    struct config config = {0};
    struct standing standing = {.config = &config};
    int result = command_read_config(invocation, &config, error);

    if (result == 0)
        result = session_open(&config, NULL, true, &session, error);
    if (result == 0)
        result = session_check_schema(session, error);
    if (result == 0 && invocation->values[STATUS_JSON] != NULL)
        result = print_json(session, &standing, error);
    else if (result == 0)
        result = print_words(session, &standing, error);
    session_close(session);
    config_done(&config);
    return result == 0 ? exit_code_of(&standing) : result;
}

const struct command command_status = {
    .name = "status",
    .summary = "how things stand; exit code 0 fresh, 3 held, 69 stale",
    .details =
        "Says how many members there are, how old the copy is and what is wrong. Stale is a copy older than\n"
        "sync.max_gap, three intervals unless set.",
    .options = {{"json", NULL, "as JSON, one object for each organization"}},
    .run = status,
};

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
    return value ? strtoll(value, NULL, 10) : 0;
}

/* Stamped with a time to come: a clock was set since, so its age cannot be told. */
static bool is_ahead(const struct column *columns, int count)
{
    return number_of(columns, count, "seconds_behind") < 0;
}

/* Older than three intervals, of an age that cannot be told, or never read at all. */
static bool is_stale(const struct standing *standing, const struct column *columns, int count)
{
    int64_t limit_s = standing->config->sync.max_gap / 1000000;

    return !value_of(columns, count, "data_as_of") || is_ahead(columns, count) ||
           number_of(columns, count, "seconds_behind") > limit_s;
}

static void note(struct standing *standing, const struct column *columns, int count)
{
    standing->any = true;
    standing->held |= number_of(columns, count, "held") > 0;
    standing->stale |= is_stale(standing, columns, count);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* "1 member", "12 members" */
static void say_count(int64_t count, const char *noun)
{
    printf("%" PRId64 " %s%s", count, noun, count == 1 ? "" : "s");
}

static void say_age(int64_t seconds)
{
    if (seconds < 120)
        say_count(seconds, "second");
    else if (seconds < 7200)
        say_count(seconds / 60, "minute");
    else if (seconds < 172800)
        say_count(seconds / 3600, "hour");
    else
        say_count(seconds / 86400, "day");
}

/* "12 members: 2 owners, 10 viewers" */
static void say_roles(const struct column *columns, int count)
{
    static const char *const roles[][2] = {
        {"owners", "owner"}, {"admins", "admin"}, {"editors", "editor"}, {"viewers", "viewer"}};
    int64_t others = number_of(columns, count, "members");
    const char *separator = ": ";

    say_count(others, "member");
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        int64_t number = number_of(columns, count, roles[i][0]);
        if (number == 0)
            continue;
        fputs(separator, stdout);
        say_count(number, roles[i][1]);
        others -= number;
        separator = ", ";
    }
    if (others > 0)
        printf("%s%" PRId64 " without any of these roles", separator, others);
}

static void say_when(const char *data_as_of, int64_t seconds_behind)
{
    if (seconds_behind < 0) {
        printf("The copy is stamped %s, ", data_as_of);
        say_age(-seconds_behind);
        puts(" from now: a clock was set, and how old the copy is cannot be told.");
        return;
    }
    fputs("This is how Luzmo had it ", stdout);
    say_age(seconds_behind);
    printf(" ago (%s).\n", data_as_of);
}

static void say_members(const struct column *columns, int count)
{
    const char *name = value_of(columns, count, "display_name");
    const char *id = value_of(columns, count, "organization_id");
    const char *data_as_of = value_of(columns, count, "data_as_of");

    if (!name || name[0] == '\0')
        name = id ? id : "The organization";
    terminal_print(stdout, name, strlen(name));
    if (!id || !data_as_of) {
        puts(" has never been read completely.");
        return;
    }
    fputs(" has ", stdout);
    say_roles(columns, count);
    puts(".");
    say_when(data_as_of, number_of(columns, count, "seconds_behind"));
}

static void say_failures(int64_t failures, const char *error)
{
    if (failures == 0)
        return;
    if (failures == 1)
        fputs("The last poll failed", stdout);
    else
        printf("The last %" PRId64 " polls failed", failures);
    if (error) {
        fputs(": ", stdout);
        terminal_print(stdout, error, strlen(error));
    }
    puts(".");
}

static void say_troubles(const struct column *columns, int count)
{
    int64_t absent = number_of(columns, count, "absent");
    int64_t rejected = number_of(columns, count, "rejected");
    int64_t held = number_of(columns, count, "held");
    const char *discontinuity_at = value_of(columns, count, "discontinuity_at");

    say_failures(number_of(columns, count, "consecutive_failures"), value_of(columns, count, "last_error"));
    if (absent > 0)
        printf("%" PRId64 " absent from the last answer; removed when another poll confirms it.\n", absent);
    if (rejected > 0) {
        say_count(rejected, "record");
        puts(" of the answer cannot be read: left alone; table rollcall.rejected_record says why.");
    }
    if (held > 0) {
        say_count(held, "change");
        puts(" held.");
    }
    if (discontinuity_at)
        printf(
            "The history has a gap: rows or cycles written before were missing at %s (was a backup restored?).\n",
            discontinuity_at);
}

static void say_verdict(const struct standing *standing, const struct column *columns, int count)
{
    if (!is_stale(standing, columns, count))
        puts("Fresh.");
    else if (is_ahead(columns, count))
        puts(
            "STALE until that time has passed: are this machine's clock and the database's right? See: timedatectl");
    else
        puts("STALE: is the service running? See: systemctl status rollcall; journalctl -u rollcall");
}

static int words_cb(void *context, const struct column *columns, int count, struct error *error)
{
    struct standing *standing = context;

    (void)error;
    note(standing, columns, count);
    say_members(columns, count);
    say_troubles(columns, count);
    say_verdict(standing, columns, count);
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
    if (result == 0 && invocation->values[STATUS_JSON])
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

/*
 * rollcall status: how things stand, in words; for people, timers and monitors.
 */
#include "base/buffer.h"
#include "commands/command.h"
#include "commands/held.h"
#include "commands/output.h"
#include "commands/review.h"
#include "commands/row.h"
#include "commands/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status_option { STATUS_JSON };

#define ALERTS_SHOWN 20

/* The program never means to be busy with one thing for more than 50 ms; from here on a person should know. */
#define LONG_TURN_MS 1000

/* What the rows say, as far as words and the exit code need it. */
struct standing {
    const struct invocation *invocation;
    const struct config *config;
    bool any;
    bool held; /* and nobody rejected it */
    bool stale;
    bool ahead;
    int64_t alerts;
};

/* Stamped with a time to come: a clock was set since, so its age cannot be told. */
static bool is_ahead(const struct row *row)
{
    return row_number(row, "seconds_behind") < 0;
}

/* Older than three intervals, of an age that cannot be told, or never read at all. */
static bool is_stale(const struct standing *standing, const struct row *row)
{
    int64_t limit_s = standing->config->sync.max_gap / 1000000;

    return !row_text(row, "data_as_of") || is_ahead(row) || row_number(row, "seconds_behind") > limit_s;
}

static void note(struct standing *standing, const struct row *row)
{
    standing->any = true;
    standing->held |= row_number(row, "held") > row_number(row, "held_silenced");
    standing->stale |= is_stale(standing, row);
    standing->ahead |= is_ahead(row);
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

static void say_text(const char *text)
{
    terminal_print(stdout, text, strlen(text));
}

/* "12 members: 2 owners, 10 viewers" */
static void say_roles(const struct row *row)
{
    static const char *const roles[][2] = {
        {"owners", "owner"}, {"admins", "admin"}, {"editors", "editor"}, {"viewers", "viewer"}};
    int64_t others = row_number(row, "members");
    const char *separator = ": ";

    say_count(others, "member");
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        int64_t number = row_number(row, roles[i][0]);
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

static void say_members(const struct row *row)
{
    const char *name = row_text(row, "display_name");
    const char *id = row_text(row, "organization_id");
    const char *data_as_of = row_text(row, "data_as_of");

    if (!name || name[0] == '\0')
        name = id ? id : "The organization";
    say_text(name);
    if (!id || !data_as_of) {
        puts(" has never been read completely.");
        return;
    }
    fputs(" has ", stdout);
    say_roles(row);
    puts(".");
    say_when(data_as_of, row_number(row, "seconds_behind"));
}

/* What the API said is quoted with its own full stop. */
static bool is_sentence(const char *text)
{
    size_t length = strlen(text);

    return length > 1 && text[length - 1] == '"' && text[length - 2] == '.';
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
        say_text(error);
    }
    puts(error && is_sentence(error) ? "" : ".");
}

static void say_longest_turn(int64_t longest_ms)
{
    if (longest_ms >= LONG_TURN_MS)
        printf("The last poll was held up for %" PRId64 " ms at a stretch: is this machine overloaded?\n",
               longest_ms);
}

static void say_troubles(const struct standing *standing, const struct row *row)
{
    const char *few = row_text(row, "too_few_owners");
    int64_t absent = row_number(row, "absent");
    int64_t rejected = row_number(row, "rejected");
    const char *discontinuity_at = row_text(row, "discontinuity_at");

    say_failures(row_number(row, "consecutive_failures"), row_text(row, "last_error"));
    if (absent > 0)
        printf("%" PRId64 " absent from the last answer; removed after %" PRId64
               " answers in a row without them.\n",
               absent, standing->config->sync.removal_polls);
    if (rejected > 0) {
        say_count(rejected, "record");
        puts(" of the answer cannot be read: left alone; table rollcall.rejected_record says why.");
    }
    if (few && strcmp(few, "true") == 0)
        printf("ALERT: %" PRId64 " owners; guard.min_owners is %" PRId64 ".\n", row_number(row, "owners"),
               standing->config->guard.min_owners);
    if (discontinuity_at)
        printf(
            "The history has a gap: rows or cycles written before were missing at %s (was a backup restored?).\n",
            discontinuity_at);
    say_longest_turn(row_number(row, "longest_turn_ms"));
}

static int organization_cb(void *context, const struct column *columns, int count, struct error *error)
{
    const struct row row = {.columns = columns, .count = count};
    struct standing *standing = context;

    (void)error;
    note(standing, &row);
    say_members(&row);
    say_troubles(standing, &row);
    return 0;
}

static void say_verdict(const struct standing *standing)
{
    if (!standing->any)
        puts("Nothing was ever read; start the service, or run: rollcall once");
    else if (!standing->stale)
        puts("Fresh.");
    else if (standing->ahead)
        puts(
            "STALE until that time has passed: are this machine's clock and the database's right? See: timedatectl");
    else
        puts("STALE: is the service running? See: systemctl status rollcall; journalctl -u rollcall");
}

/* --- what is held ------------------------------------------------------------------------------------------------- */

static void say_command(const struct standing *standing, const char *label, const char *command)
{
    printf("  %-26s", label);
    held_print_command(stdout, standing->invocation, command);
    putchar('\n');
}

static void say_what_to_do(const struct standing *standing, const struct held_set *set)
{
    char command[64];

    say_command(standing, "To look:", "holds");
    snprintf(command, sizeof(command), "approve %.*s", HELD_DIGITS, set->digest);
    if (held_set_decision(set) != HOLD_APPROVED)
        say_command(standing, "To let exactly this pass:", command);
    snprintf(command, sizeof(command), "reject %.*s", HELD_DIGITS, set->digest);
    if (held_set_decision(set) != HOLD_REJECTED)
        say_command(standing, "To keep it out, silently:", command);
}

static int held_set_cb(void *context, const struct column *columns, int count, struct error *error)
{
    const struct row row = {.columns = columns, .count = count};
    const struct standing *standing = context;
    struct held_set set;

    (void)error;
    held_set_read(&row, &set);
    fputs(held_set_decision(&set) == HOLD_REJECTED ? "Held in silence: " : "HELD: ", stdout);
    held_print_what(stdout, &set);
    printf(", since %s.\n  ", set.since);
    say_text(set.reason);
    puts(".");
    if (held_set_decision(&set) != HOLD_UNDECIDED) {
        fputs("  ", stdout);
        held_print_decision(stdout, &set);
        putchar('\n');
    }
    say_what_to_do(standing, &set);
    return 0;
}

/* --- alerts ------------------------------------------------------------------------------------------------------- */

static void say_person(const struct row *row)
{
    struct buffer person;

    buffer_init(&person, REVIEW_PERSON_MAX);
    review_person(&person, row_text(row, "name"), row_text(row, "email"), row_text(row, "user_id"));
    say_text(person.data ? person.data : "");
    buffer_done(&person);
}

static void say_alert(const struct row *row)
{
    const char *before = row_text(row, "old_role");

    say_person(row);
    if (!before)
        fputs(" joined as an owner ", stdout);
    else if (strcmp(row_text(row, "alert"), "owner_grant") == 0)
        printf(" became an owner (before: %s) ", before);
    else
        printf(" was demoted from %s to %s ", before, row_text(row, "new_role"));
    say_age(row_number(row, "seconds_ago"));
    puts(" ago.");
}

static int alert_cb(void *context, const struct column *columns, int count, struct error *error)
{
    const struct row row = {.columns = columns, .count = count};
    struct standing *standing = context;

    (void)error;
    if (standing->alerts++ < ALERTS_SHOWN)
        say_alert(&row);
    return 0;
}

static void say_more_alerts(const struct standing *standing)
{
    if (standing->alerts <= ALERTS_SHOWN)
        return;
    say_count(standing->alerts - ALERTS_SHOWN, "more change");
    puts(" of this kind in the last 24 hours; see: rollcall changes --kind role_changed");
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

struct json_standing {
    struct standing *standing;
    struct output *output;
};

static int json_cb(void *context, const struct column *columns, int count, struct error *error)
{
    const struct row row = {.columns = columns, .count = count};
    struct json_standing *json = context;

    note(json->standing, &row);
    return output_row_cb(json->output, columns, count, error);
}

static int print_json(struct session *session, const struct session_query *read_status,
                      struct standing *standing, struct error *error)
{
    static const char *const no_table[] = {NULL};
    struct json_standing json = {.standing = standing, .output = output_new(OUTPUT_JSON, no_table)};
    int status = session_run(session, read_status, json_cb, &json, error);

    if (status == 0)
        output_end(json.output, "");
    output_free(json.output);
    return status;
}

static int print_words(struct session *session, const struct session_query *read_status,
                       struct standing *standing, struct error *error)
{
    static const struct session_query list_held_sets = {.name = "list_held_sets"};
    static const struct session_query list_alerts = {.name = "list_alerts"};
    int status = session_run(session, read_status, organization_cb, standing, error);

    if (status == 0)
        status = session_run(session, &list_held_sets, held_set_cb, standing, error);
    if (status == 0)
        status = session_run(session, &list_alerts, alert_cb, standing, error);
    if (status < 0)
        return status;
    say_more_alerts(standing);
    say_verdict(standing);
    return 0;
}

static int show(struct session *session, bool as_json, struct standing *standing, struct error *error)
{
    char least[24];
    const char *const parameters[] = {least};
    const struct session_query read_status = {"read_status", parameters, 1};

    snprintf(least, sizeof(least), "%" PRId64, standing->config->guard.min_owners);
    return as_json ? print_json(session, &read_status, standing, error)
                   : print_words(session, &read_status, standing, error);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* A copy that is too old says little of what is held now. */
static int exit_code_of(const struct standing *standing)
{
    if (standing->stale || !standing->any)
        return EXIT_UNAVAILABLE;
    return standing->held ? EXIT_HELD : EXIT_DONE;
}

static int status(const struct invocation *invocation, struct error *error)
{
    struct session *session = NULL;
    struct config config = {0};
    struct standing standing = {.invocation = invocation, .config = &config};
    int result = command_read_config(invocation, &config, error);

    if (result == 0)
        result = session_open(&config, NULL, true, &session, error);
    if (result == 0)
        result = session_check_schema(session, error);
    if (result == 0)
        result = show(session, invocation->values[STATUS_JSON] != NULL, &standing, error);
    session_close(session);
    config_done(&config);
    return result == 0 ? exit_code_of(&standing) : result;
}

const struct command command_status = {
    .name = "status",
    .summary = "how things stand; exit code 0 fresh, 3 held, 69 stale",
    .details =
        "Says how many members there are, how old the copy is, what is held and what is wrong, and who became an owner\n"
        "or got a lesser role in the last 24 hours. Stale is a copy older than sync.max_gap, three intervals unless set.\n"
        "What is held and was rejected does not count; a copy that is stale ends with 69 whatever is held.",
    .options = {{"json", NULL, "as JSON, one object for each organization"}},
    .run = status,
};

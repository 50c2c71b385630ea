/*
 * rollcall approve and rollcall reject: what a person decides about a set that is held. The database records its
 * session_user by itself; the process adds its user id. SUDO_USER and --by are claims and are kept as such.
 */
#include "base/utf8.h"
#include "commands/command.h"
#include "commands/held.h"
#include "commands/terminal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum decide_option { DECIDE_BY, DECIDE_REASON };

#define DIGITS_LEAST HELD_DIGITS /* fewer could be met on purpose by somebody who shapes a set */
#define DIGITS_MOST  (HELD_DIGEST_TEXT - 1)
#define PERSON_MAX   200
#define REASON_MAX   1000

/* What is recorded, as the parameters of decide_hold, and what came of it. */
struct decision {
    const char *word; /* "approved" */
    char digits[HELD_DIGEST_TEXT];
    char uid[24];
    const char *sudo_user, *claimed_by, *reason;
    const struct invocation *invocation;
    int sets; /* that stand under these digits */
};

/* --- the command line --------------------------------------------------------------------------------------------- */

static int read_digits(const struct invocation *invocation, struct decision *decision, struct error *error)
{
    const char *digits = invocation->argument;
    size_t length = strlen(digits);

    if (strspn(digits, "0123456789abcdefABCDEF") != length)
        return error_set(error, ERROR_USAGE,
                         "\"%.80s\" is no digest: hex digits are expected, as `rollcall holds` shows them",
                         digits);
    if (length < DIGITS_LEAST)
        return error_set(error, ERROR_USAGE,
                         "%s is too short for a digest; give at least its first %d digits, better all that "
                         "`rollcall holds` shows",
                         digits, DIGITS_LEAST);
    if (length > DIGITS_MOST)
        return error_set(error, ERROR_USAGE, "%.16s... is too long for a digest, which has %d digits", digits,
                         (int)DIGITS_MOST);
    for (size_t i = 0; i < length; i++)
        decision->digits[i] = (char)tolower((unsigned char)digits[i]);
    return 0;
}

/* One line that means the same to everybody who reads it later. */
static bool is_plain(const char *text, size_t most)
{
    size_t length = strlen(text);
    struct buffer printable;

    if (length == 0 || length > most || !utf8_valid(text, length))
        return false;
    buffer_init(&printable, 16 * length);
    utf8_add_printable(&printable, text, length);
    bool plain = printable.length == length && memcmp(printable.data, text, length) == 0;
    buffer_done(&printable);
    return plain;
}

static int read_text(const char *option, const char *text, size_t most, const char **ret_text,
                     struct error *error)
{
    if (text && !is_plain(text, most))
        return error_set(error, ERROR_USAGE, "--%s expects one line of text in UTF-8, 1 to %zu bytes", option,
                         most);
    *ret_text = text;
    return 0;
}

static int read_decision(const struct invocation *invocation, struct decision *decision, struct error *error)
{
    const char *sudo_user = getenv("SUDO_USER");
    int status = read_digits(invocation, decision, error);

    if (status == 0)
        status = read_text("by", invocation->values[DECIDE_BY], PERSON_MAX, &decision->claimed_by, error);
    if (status == 0)
        status = read_text("reason", invocation->values[DECIDE_REASON], REASON_MAX, &decision->reason, error);
    decision->sudo_user = sudo_user && is_plain(sudo_user, PERSON_MAX) ? sudo_user : NULL;
    snprintf(decision->uid, sizeof(decision->uid), "%ju", (uintmax_t)getuid());
    return status;
}

/* --- the words ---------------------------------------------------------------------------------------------------- */

static void print_decided(const struct decision *decision, const struct row *row)
{
    bool approved = strcmp(decision->word, "approved") == 0;
    const char *name = row_text(row, "display_name");
    struct held_set set;

    held_set_read(row, &set);
    set.decision = decision->word;
    set.os_uid = decision->uid;
    set.sudo_user = decision->sudo_user;
    set.claimed_by = decision->claimed_by;
    set.decision_reason = decision->reason;
    if (name) {
        terminal_print(stdout, name, strlen(name));
        fputs(": ", stdout);
    }
    held_print_what(stdout, &set);
    printf(" (%.*s).\n", HELD_DIGITS, set.digest);
    held_print_decision(stdout, &set);
    if (approved)
        fputs(
            "\nThat is within sync.interval, or now: sudo systemctl reload rollcall (without the service: rollcall once)",
            stdout);
    putchar('\n');
}

static int decided_cb(void *context, const struct column *columns, int count, struct error *error)
{
    const struct row row = {.columns = columns, .count = count};
    struct decision *decision = context;

    (void)error;
    decision->sets++;
    if (row_text(&row, "approval_id"))
        print_decided(decision, &row);
    return 0;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int record(struct session *session, struct decision *decision, struct error *error)
{
    const char *parameters[] = {decision->digits,    decision->word,       decision->uid,
                                decision->sudo_user, decision->claimed_by, decision->reason};
    const struct session_query query = {"decide_hold", parameters,
                                        sizeof(parameters) / sizeof(parameters[0])};
    int status = session_run(session, &query, decided_cb, decision, error);

    if (status < 0)
        return status;
    if (decision->sets == 0)
        return error_set(
            error, ERROR_VERIFY,
            "nothing with the digest %s is held now: it never was, or it has changed meanwhile; see: rollcall "
            "holds",
            decision->digits);
    if (decision->sets > 1)
        return error_set(error, ERROR_USAGE, "%d sets that are held begin with %s; give more digits",
                         decision->sets, decision->digits);
    return 0;
}

static int decide(const struct invocation *invocation, const char *word, struct error *error)
{
    struct decision decision = {.word = word};
    struct session *session = NULL;
    struct config config = {0};
    int status = read_decision(invocation, &decision, error);

    if (status == 0)
        status = command_read_config(invocation, &config, error);
    if (status == 0)
        status = session_open(&config, NULL, false, &session, error);
    if (status == 0)
        status = session_check_schema(session, error);
    if (status == 0)
        status = record(session, &decision, error);
    session_close(session);
    config_done(&config);
    return status;
}

static int approve(const struct invocation *invocation, struct error *error)
{
    return decide(invocation, "approved", error);
}

static int reject(const struct invocation *invocation, struct error *error)
{
    return decide(invocation, "rejected", error);
}

#define DECIDE_OPTIONS                                                                                       \
    {                                                                                                        \
        {"by", "NAME", "who decides; recorded as a claim beside what the machine knows"},                    \
            {"reason", "TEXT", "why, for whoever reads it later"},                                           \
    }

const struct command command_approve = {
    .name = "approve",
    .summary = "lets exactly one held set pass with the next cycle",
    .argument = "DIGEST",
    .details =
        "DIGEST is the set's, from `rollcall holds`: all of it or its beginning, at least 16 digits. Nothing else passes:\n"
        "when the set changes before the next cycle, even by one member, the approval lapses. The database role, the\n"
        "process's uid and SUDO_USER are recorded, --by and --reason beside them. `systemctl reload rollcall` or\n"
        "`rollcall once` makes it now.",
    .options = DECIDE_OPTIONS,
    .run = approve,
};

const struct command command_reject = {
    .name = "reject",
    .summary = "keeps one held set held and silences it",
    .argument = "DIGEST",
    .details =
        "As `rollcall approve`, with the opposite decision: nothing of the set is written, and as long as it stands\n"
        "unchanged nobody is told of it again: no exit code 3, no warning. A later decision takes its place.",
    .options = DECIDE_OPTIONS,
    .run = reject,
};

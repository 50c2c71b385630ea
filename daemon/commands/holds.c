/*
 * rollcall holds: what was found and not applied, why, and what can be done about it.
 */
#include "base/buffer.h"
#include "commands/command.h"
#include "commands/held.h"
#include "commands/holds_text.h"
#include "commands/json.h"
#include "commands/terminal.h"

#include <stdio.h>
#include <string.h>

enum holds_option { HOLDS_JSON };

/* A terminal scrolls; a file does not. */
#define PEOPLE_ON_A_TERMINAL 100

static const struct session_query list_holds = {.name = "list_holds"};

struct listing {
    struct holds_text *text;       /* NULL: JSON */
    struct buffer line;            /* JSON: what is about to be printed */
    char digest[HELD_DIGEST_TEXT]; /* JSON: of the set that is open; "" before the first */
    char user_id[64];              /* JSON: of the member printed last */
    bool loud;                     /* something stands that nobody rejected */
};

/* --- JSON: an array of sets, each with its changes ---------------------------------------------------------------- */

static void add_columns(struct buffer *line, const struct row *row, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        buffer_add_format(line, "%s\"%s\":", i == 0 ? "" : ",", names[i]);
        json_add_column(line, row_column(row, names[i]));
    }
}

static void begin_json_set(struct listing *listing, const struct row *row, const char *digest)
{
    static const char *const names[] = {"organization_id", "display_name", "class",           "digest",
                                        "members",         "of_members",   "reason",          "since",
                                        "decision",        "decided_at",   "decided_by",      "os_uid",
                                        "sudo_user",       "claimed_by",   "decision_reason", NULL};

    buffer_add_text(&listing->line, listing->digest[0] == '\0' ? "[\n{" : "]},\n{");
    add_columns(&listing->line, row, names);
    buffer_add_text(&listing->line, ",\"changes\":[");
    snprintf(listing->digest, sizeof(listing->digest), "%s", digest);
    listing->user_id[0] = '\0';
}

static void json_row(struct listing *listing, const struct row *row)
{
    static const char *const names[] = {"kind",           "user_id",     "email",      "name",
                                        "old_role",       "new_role",    "old_values", "new_values",
                                        "observed_after", "observed_at", NULL};
    const char *digest = row_text(row, "digest"), *user_id = row_text(row, "user_id");

    if (strcmp(digest, listing->digest) != 0)
        begin_json_set(listing, row, digest);
    if (strcmp(user_id, listing->user_id) == 0)
        return; /* another field of the same member */
    buffer_add_text(&listing->line, listing->user_id[0] == '\0' ? "\n  {" : ",\n  {");
    add_columns(&listing->line, row, names);
    buffer_add_char(&listing->line, '}');
    snprintf(listing->user_id, sizeof(listing->user_id), "%s", user_id);
    json_print(stdout, &listing->line);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static int row_cb(void *context, const struct column *columns, int count, struct error *error)
{
    const struct row row = {.columns = columns, .count = count};
    struct listing *listing = context;
    struct held_set set;

    held_set_read(&row, &set);
    listing->loud |= held_set_decision(&set) != HOLD_REJECTED;
    if (listing->text)
        holds_text_row(listing->text, &row);
    else
        json_row(listing, &row);
    return ferror(stdout) ? error_set(error, ERROR_UNAVAILABLE, "the output could not be written") : 0;
}

static int list(struct session *session, struct listing *listing, struct error *error)
{
    int status = session_run(session, &list_holds, row_cb, listing, error);

    if (status == 0 && listing->text)
        holds_text_end(listing->text);
    else if (status == 0)
        puts(listing->digest[0] == '\0' ? "[]" : "]}\n]");
    return status;
}

static int holds(const struct invocation *invocation, struct error *error)
{
    struct session *session = NULL;
    struct config config = {0};
    struct listing listing = {0};
    int status = command_read_config(invocation, &config, error);

    buffer_init(&listing.line, (size_t)16 * 1024 * 1024);
    if (!invocation->values[HOLDS_JSON])
        listing.text = holds_text_new(stdout, invocation, terminal_wants_colour(),
                                      terminal_is_interactive() ? PEOPLE_ON_A_TERMINAL : INT64_MAX);
    if (status == 0)
        status = session_open(&config, NULL, true, &session, error);
    if (status == 0)
        status = session_check_schema(session, error);
    if (status == 0)
        status = list(session, &listing, error);
    session_close(session);
    config_done(&config);
    holds_text_free(listing.text);
    buffer_done(&listing.line);
    return status == 0 && listing.loud ? EXIT_HELD : status;
}

const struct command command_holds = {
    .name = "holds",
    .summary = "what is held and why, and how to let it pass; exit code 3 when something is",
    .details =
        "Held is what an incomplete answer of Luzmo could have faked, and what the settings of section guard want held.\n"
        "It was found, but nothing of it is written. Each set is shown with its reason, its people and its digest, by\n"
        "which `rollcall approve` lets exactly this set pass. Ends with 0 when all that is held was rejected.",
    .options = {{"json", NULL, "as JSON, one object for each set"}},
    .run = holds,
};

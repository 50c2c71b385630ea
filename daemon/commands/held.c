/*
 * A set of held changes in words.
 */
#include "commands/held.h"

#include "commands/terminal.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void held_digest_format(const uint8_t digest[SHA256_SIZE], char ret_text[HELD_DIGEST_TEXT])
{
    for (size_t i = 0; i < SHA256_SIZE; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", digest[i]);
}

void held_set_read(const struct row *row, struct held_set *ret_set)
{
    *ret_set = (struct held_set){
        .class = row_text(row, "class"),
        .digest = row_text(row, "digest"),
        .members = row_number(row, "members"),
        .of = row_number(row, "of_members"),
        .reason = row_text(row, "reason"),
        .since = row_text(row, "since"),
        .decision = row_text(row, "decision"),
        .decided_at = row_text(row, "decided_at"),
        .decided_by = row_text(row, "decided_by"),
        .os_uid = row_text(row, "os_uid"),
        .sudo_user = row_text(row, "sudo_user"),
        .claimed_by = row_text(row, "claimed_by"),
        .decision_reason = row_text(row, "decision_reason"),
    };
}

enum hold_decision held_set_decision(const struct held_set *set)
{
    if (!set->decision)
        return HOLD_UNDECIDED;
    return strcmp(set->decision, "approved") == 0 ? HOLD_APPROVED : HOLD_REJECTED;
}

/* --- what it would do --------------------------------------------------------------------------------------------- */

static const char *const deeds[GUARD_CLASS_COUNT] = {
    [GUARD_REMOVALS] = "be removed",
    [GUARD_CONTESTED_REMOVALS] = "be removed although Luzmo still finds them when asked for them",
    [GUARD_VANISHED_FLAGS] = "lose flags that Luzmo does not send any more",
    [GUARD_DEMOTIONS] = "have a lesser role",
    [GUARD_OWNER_GRANTS] = "become owners",
};

void held_print_what(FILE *out, const struct held_set *set)
{
    enum guard_class class = GUARD_REMOVALS;
    bool known = set->class && guard_class_parse(set->class, &class);

    fprintf(out, "%" PRId64, set->members);
    if (set->of > 0)
        fprintf(out, " of %" PRId64, set->of);
    fprintf(out, " member%s would %s", (set->of > 0 ? set->of : set->members) == 1 ? "" : "s",
            known ? deeds[class] : "change");
}

/* --- what was decided --------------------------------------------------------------------------------------------- */

static void print_labelled(FILE *out, const char *label, const char *text)
{
    if (!text)
        return;
    fputs(label, out);
    terminal_print(out, text, strlen(text));
}

static void print_quoted(FILE *out, const char *label, const char *text)
{
    print_labelled(out, label, text);
    fputs(text ? "\"" : "", out);
}

void held_print_decision(FILE *out, const struct held_set *set)
{
    static const struct {
        const char *word, *effect;
    } decisions[] = {
        [HOLD_APPROVED] = {"Approved", ": the next cycle applies it, if it finds exactly this."},
        [HOLD_REJECTED] = {"Rejected", ": it stays held, and nobody is told of it again."},
    };
    enum hold_decision decision = held_set_decision(set);

    if (decision == HOLD_UNDECIDED)
        return;
    fputs(decisions[decision].word, out);
    print_labelled(out, " by database role ", set->decided_by);
    print_labelled(out, ", uid ", set->os_uid);
    print_labelled(out, ", SUDO_USER ", set->sudo_user);
    print_quoted(out, ", who claims to be \"", set->claimed_by);
    print_labelled(out, ", at ", set->decided_at);
    print_quoted(out, ", because \"", set->decision_reason);
    fputs(decisions[decision].effect, out);
}

/* --- what to type ------------------------------------------------------------------------------------------------- */

static void print_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%,:=";

    if (word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (const char *quote; (quote = strchr(word, '\'')) != NULL; word = quote + 1) {
        terminal_print(out, word, (size_t)(quote - word));
        fputs("'\\''", out);
    }
    terminal_print(out, word, strlen(word));
    putc('\'', out);
}

void held_print_command(FILE *out, const struct invocation *invocation, const char *command)
{
    bool by_sudo = getenv("SUDO_USER") != NULL;
    const struct passwd *user = by_sudo && getuid() != 0 ? getpwuid(getuid()) : NULL;

    if (by_sudo)
        fputs("sudo ", out);
    if (user)
        fprintf(out, "-u %s ", user->pw_name);
    fputs("rollcall ", out);
    if (invocation->config_file) {
        fputs("-c ", out);
        print_word(out, invocation->config_file);
        putc(' ', out);
    }
    fputs(command, out);
}

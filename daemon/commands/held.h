/*
 * A set of held changes in words: what it would do, why it is held, what was decided, what to type.
 */
#ifndef COMMANDS_HELD_H
#define COMMANDS_HELD_H

#include "commands/command.h"
#include "commands/row.h"
#include "core/hold.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Digits of a digest that people are shown: nobody can make another set that has the same ones. */
#define HELD_DIGITS 16

/* What is known of a set; texts belong to the row or the result that it was read from. */
struct held_set {
    const char *class;
    const char *digest; /* hex digits */
    int64_t members;    /* in the set */
    int64_t of;         /* members of the organization; 0: not known */
    const char *reason;
    const char *since;    /* NULL: not known */
    const char *decision; /* "approved", "rejected", or NULL: these are then, too */
    const char *decided_at, *decided_by, *os_uid, *sudo_user, *claimed_by, *decision_reason;
};

#define HELD_DIGEST_TEXT (2 * SHA256_SIZE + 1)
void held_digest_format(const uint8_t digest[SHA256_SIZE], char ret_text[HELD_DIGEST_TEXT]);

/* From a row with these names for columns. */
void held_set_read(const struct row *row, struct held_set *ret_set);

enum hold_decision held_set_decision(const struct held_set *set);

/* "15 of 40 members would be removed" */
void held_print_what(FILE *out, const struct held_set *set);

/* "Approved by role rollcall, uid 997 ...", a sentence; nothing when there is no decision. */
void held_print_decision(FILE *out, const struct held_set *set);

/* "sudo -u rollcall rollcall -c FILE COMMAND": what whoever ran this command types to run another one. */
void held_print_command(FILE *out, const struct invocation *invocation, const char *command);

#endif

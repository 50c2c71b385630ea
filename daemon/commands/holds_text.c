/*
 * The held sets as text:
 *
 *   Acme: 15 of 40 members would be removed
 *     held since  2026-11-24T01:30:53.639Z
 *     because     15 of 40 members are gone; 6 may leave in 24 hours without approval (guard.removals)
 *     digest      3f2a9c01d4e5a6b7
 *     decision    none yet
 *
 *     - leaves   Amy Evans <amy@acme.test>      editor
 *     ... and 14 more; see --json for all
 *
 *     To let exactly this pass: rollcall approve 3f2a9c01d4e5a6b7
 *     To keep it out, silently: rollcall reject 3f2a9c01d4e5a6b7
 */
#include "commands/holds_text.h"

#include "base/memory.h"
#include "base/timestamp.h"
#include "commands/held.h"
#include "commands/review.h"
#include "commands/terminal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define USER_ID_MAX 64

struct holds_text {
    struct review review;
    const struct invocation *invocation;
    int64_t people_max;
    char digest[HELD_DIGEST_TEXT]; /* of the set being printed; "" before the first */
    char user_id[USER_ID_MAX];     /* of the member being printed */
    int64_t people;                /* of the set, so far */
    enum hold_decision decision;   /* about the set */
};

struct holds_text *holds_text_new(FILE *out, const struct invocation *invocation, bool coloured,
                                  int64_t people_max)
{
    struct holds_text *text = memory_alloc(sizeof(*text));

    text->review = (struct review){.out = out, .coloured = coloured};
    text->invocation = invocation;
    text->people_max = people_max;
    return text;
}

void holds_text_free(struct holds_text *text)
{
    free(text);
}

/* --- a set -------------------------------------------------------------------------------------------------------- */

static void print_headline(const struct holds_text *text, const struct held_set *set, const char *name)
{
    FILE *out = text->review.out;

    if (text->review.coloured)
        fputs("\x1b[1m", out);
    if (name) {
        terminal_print(out, name, strlen(name));
        fputs(": ", out);
    }
    held_print_what(out, set);
    fputs(text->review.coloured ? "\x1b[0m\n" : "\n", out);
}

static void print_detail(FILE *out, const char *label, const char *value)
{
    if (!value)
        return;
    fprintf(out, "  %-11s ", label);
    terminal_print(out, value, strlen(value));
    putc('\n', out);
}

static void begin_set(struct holds_text *text, const struct held_set *set, const struct row *row)
{
    FILE *out = text->review.out;

    snprintf(text->digest, sizeof(text->digest), "%s", set->digest);
    text->user_id[0] = '\0';
    text->people = 0;
    text->decision = held_set_decision(set);
    print_headline(text, set, row_text(row, "display_name"));
    print_detail(out, "held since", set->since);
    print_detail(out, "because", set->reason);
    fprintf(out, "  %-11s %.*s\n", "digest", HELD_DIGITS, set->digest);
    fprintf(out, "  %-11s ", "decision");
    if (set->decision)
        held_print_decision(out, set);
    else
        fputs("none yet", out);
    fputs("\n\n", out);
}

static void print_advice(const struct holds_text *text, const char *label, const char *verb)
{
    FILE *out = text->review.out;

    fprintf(out, "  %s ", label);
    held_print_command(out, text->invocation, verb);
    fprintf(out, " %.*s\n", HELD_DIGITS, text->digest);
}

static void end_set(const struct holds_text *text)
{
    FILE *out = text->review.out;

    if (text->people > text->people_max)
        fprintf(out, "  ... and %" PRId64 " more; see --json for all\n", text->people - text->people_max);
    putc('\n', out);
    if (text->decision != HOLD_APPROVED)
        print_advice(text, "To let exactly this pass:", "approve");
    if (text->decision != HOLD_REJECTED)
        print_advice(text, "To keep it out, silently:", "reject");
}

/* --- its people --------------------------------------------------------------------------------------------------- */

static void print_person(const struct holds_text *text, const struct row *row)
{
    const char *before = row_text(row, "old_role"), *after = row_text(row, "new_role");
    enum change_kind kind = before && after ? CHANGE_ROLE_CHANGED : after ? CHANGE_JOINED : CHANGE_LEFT;
    struct buffer person;
    char roles[64];

    buffer_init(&person, REVIEW_PERSON_MAX);
    review_person(&person, row_text(row, "name"), row_text(row, "email"), text->user_id);
    snprintf(roles, sizeof(roles), "%s%s%s", before ? before : "", before && after ? " -> " : "",
             after ? after : "");
    review_print_person(&text->review, (int)kind, person.data ? person.data : "", roles);
    buffer_done(&person);
}

/* A value of an image as jsonb ->> gives it. */
static struct field_value value_of_text(enum field_type type, const char *text)
{
    struct field_value value = {.known = text != NULL, .text = text, .length = text ? strlen(text) : 0};

    if (text && type == FIELD_TYPE_FLAG)
        value.flag = text[0] == 't';
    if (text && type == FIELD_TYPE_TIMESTAMP)
        value.known = timestamp_parse(text, value.length, &value.us);
    return value;
}

static void print_field(const struct holds_text *text, const struct row *row, const char *name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct field_info *field = &member_fields[i];
        if (strcmp(field->column, name) != 0)
            continue;
        struct field_value before = value_of_text(field->type, row_text(row, "old_value"));
        struct field_value after = value_of_text(field->type, row_text(row, "new_value"));
        review_print_field(&text->review, field, &before, &after);
    }
}

void holds_text_row(struct holds_text *text, const struct row *row)
{
    const char *user_id = row_text(row, "user_id"), *field = row_text(row, "field");
    struct held_set set;

    held_set_read(row, &set);
    if (strcmp(set.digest, text->digest) != 0) {
        if (text->digest[0] != '\0') {
            end_set(text);
            putc('\n', text->review.out);
        }
        begin_set(text, &set, row);
    }
    if (strcmp(user_id, text->user_id) != 0) {
        snprintf(text->user_id, sizeof(text->user_id), "%s", user_id);
        if (++text->people <= text->people_max)
            print_person(text, row);
    }
    if (field && text->people <= text->people_max)
        print_field(text, row, field);
}

void holds_text_end(struct holds_text *text)
{
    if (text->digest[0] == '\0')
        fputs("Nothing is held: the tables say what Luzmo says.\n", text->review.out);
    else
        end_set(text);
}

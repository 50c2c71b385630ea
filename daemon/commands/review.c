/*
 * The lines in which `plan` and `holds` tell what happens to whom.
 */
#include "commands/review.h"

#include "base/timestamp.h"
#include "commands/terminal.h"

#define NAME_COLUMNS 44

struct heading {
    const char *sign;
    const char *word;
    enum colour colour;
};

static const struct heading headings[REVIEW_KIND_COUNT] = {
    [CHANGE_BASELINE] = {"+", "first", COLOUR_GREEN},
    [CHANGE_JOINED] = {"+", "joins", COLOUR_GREEN},
    [CHANGE_REJOINED] = {"+", "returns", COLOUR_GREEN},
    [CHANGE_LEFT] = {"-", "leaves", COLOUR_RED},
    [CHANGE_ROLE_CHANGED] = {"~", "role", COLOUR_YELLOW},
    [CHANGE_ROLE_TOUCHED] = {"~", "touched", COLOUR_DIM},
    [CHANGE_PROFILE_CHANGED] = {"~", "profile", COLOUR_YELLOW},
    [REVIEW_ABSENT] = {"?", "absent", COLOUR_RED},
    [REVIEW_REPAIRED] = {"!", "edited", COLOUR_RED},
};

void review_person(struct buffer *buffer, const char *name, const char *email, const char *user_id)
{
    if (name)
        buffer_add_text(buffer, name);
    if (email)
        buffer_add_format(buffer, "%s<%s>", name ? " " : "", email);
    if (!name && !email)
        buffer_add_text(buffer, user_id);
}

void review_print_person(const struct review *review, int kind, const char *person, const char *remark)
{
    const struct heading *heading = &headings[kind];
    char words[32];

    snprintf(words, sizeof(words), "%s %s", heading->sign, heading->word);
    fputs("  ", review->out);
    terminal_print_cell(review->out, words, 11, heading->colour, review->coloured);
    terminal_print_cell(review->out, person, remark[0] == '\0' ? 0 : NAME_COLUMNS, COLOUR_BOLD,
                        review->coloured);
    fprintf(review->out, "%s%s\n", remark[0] == '\0' ? "" : "  ", remark);
}

static void print_value(FILE *out, enum field_type type, const struct field_value *value)
{
    char time[TIMESTAMP_TEXT_MAX];

    if (!value->known) {
        fputs(type == FIELD_TYPE_FLAG ? "unknown" : "none", out);
        return;
    }
    switch (type) {
    case FIELD_TYPE_FLAG:
        fputs(value->flag ? "true" : "false", out);
        break;
    case FIELD_TYPE_TIMESTAMP:
        timestamp_format(value->us, time);
        fputs(time, out);
        break;
    case FIELD_TYPE_TEXT:
        putc('"', out);
        terminal_print(out, value->text, value->length);
        putc('"', out);
        break;
    case FIELD_TYPE_JSON:
        terminal_print(out, value->text, value->length);
        break;
    }
}

void review_print_field(const struct review *review, const struct field_info *field,
                        const struct field_value *before, const struct field_value *after)
{
    fprintf(review->out, "               %s: ", field->column);
    print_value(review->out, field->type, before);
    fputs(" -> ", review->out);
    print_value(review->out, field->type, after);
    putc('\n', review->out);
}

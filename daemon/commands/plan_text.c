/*
 * The plan as text:
 *
 *   Acme: 12 members in Luzmo
 *
 *     + joins    Zoë Martin <zoe@acme.test>     viewer
 *     ~ role     Amy Evans <amy@acme.test>      editor -> owner
 *                  flag_own: false -> true
 *     - leaves   Bo Lind <bo@acme.test>         editor
 *
 *   Would write: 1 joined, 1 left, 1 role changed. Nothing was written.
 */
#include "commands/plan_text.h"

#include "base/memory.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "commands/summary.h"
#include "commands/terminal.h"

#include <stdlib.h>
#include <string.h>

#define FINDINGS_SHOWN 1000
#define NAME_COLUMNS   44

struct plan_text {
    FILE *out;
    FILE *lines; /* what was found, until the heading is known */
    char *text;
    size_t length;
    bool coloured;
    uint64_t findings;
};

struct plan_text *plan_text_new(FILE *out, bool coloured)
{
    struct plan_text *text = memory_alloc(sizeof(*text));

    text->out = out;
    text->coloured = coloured;
    text->lines = open_memstream(&text->text, &text->length);
    if (!text->lines)
        error_fatal("out of memory for the plan's text");
    return text;
}

void plan_text_free(struct plan_text *text)
{
    if (!text)
        return;
    fclose(text->lines);
    free(text->text);
    free(text);
}

/* --- one finding -------------------------------------------------------------------------------------------------- */

struct heading {
    const char *sign;
    const char *word;
    enum colour colour;
};

static const struct heading headings[CHANGE_KIND_COUNT] = {
    [CHANGE_BASELINE] = {"+", "first", COLOUR_GREEN},
    [CHANGE_JOINED] = {"+", "joins", COLOUR_GREEN},
    [CHANGE_REJOINED] = {"+", "returns", COLOUR_GREEN},
    [CHANGE_LEFT] = {"-", "leaves", COLOUR_RED},
    [CHANGE_ROLE_CHANGED] = {"~", "role", COLOUR_YELLOW},
    [CHANGE_ROLE_TOUCHED] = {"~", "touched", COLOUR_DIM},
    [CHANGE_PROFILE_CHANGED] = {"~", "profile", COLOUR_YELLOW},
};
static const struct heading absent_heading = {"?", "absent", COLOUR_RED};
static const struct heading repaired_heading = {"!", "edited", COLOUR_RED};

/* "Amy Evans <amy@test.com>", or what there is of it. */
static void format_person(const struct member *member, struct buffer *buffer)
{
    const struct field_value *name = &member->fields[FIELD_NAME];
    const struct field_value *email = &member->fields[FIELD_EMAIL];
    char user[UUID_TEXT_LENGTH + 1];

    uuid_format(&member->user_id, user);
    if (name->known)
        buffer_add(buffer, name->text, name->length);
    if (email->known)
        buffer_add_format(buffer, "%s<%s>", name->known ? " " : "", email->text);
    if (!name->known && !email->known)
        buffer_add_text(buffer, user);
}

/* remark: what stands behind the person, may be "". */
static void print_heading(struct plan_text *text, const struct heading *heading, const struct member *member,
                          const char *remark)
{
    struct buffer person;
    char words[32];

    buffer_init(&person, 256 * 1024);
    format_person(member, &person);
    snprintf(words, sizeof(words), "%s %s", heading->sign, heading->word);
    fputs("  ", text->lines);
    terminal_print_cell(text->lines, words, 11, heading->colour, text->coloured);
    terminal_print_cell(text->lines, person.data, remark[0] == '\0' ? 0 : NAME_COLUMNS, COLOUR_BOLD,
                        text->coloured);
    fprintf(text->lines, "%s%s\n", remark[0] == '\0' ? "" : "  ", remark);
    buffer_done(&person);
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

/* Which fields a kind of change is about. */
static bool field_of_kind(enum change_kind kind, enum field_group group)
{
    return (group == FIELD_GROUP_PROFILE) == (kind == CHANGE_PROFILE_CHANGED);
}

static void print_fields(struct plan_text *text, const struct finding *finding, enum change_kind kind)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct field_info *field = &member_fields[i];
        if ((finding->fields & FIELD_BIT(i)) == 0 || !field_of_kind(kind, field->group))
            continue;
        fprintf(text->lines, "               %s: ", field->column);
        print_value(text->lines, field->type, &finding->before->member.fields[i]);
        fputs(" -> ", text->lines);
        print_value(text->lines, field->type, &finding->after->member.fields[i]);
        putc('\n', text->lines);
    }
}

static void print_change(struct plan_text *text, const struct finding *finding, enum change_kind kind)
{
    const struct member *after = &finding->after->member;
    bool one_side = kind == CHANGE_BASELINE || kind == CHANGE_JOINED || kind == CHANGE_REJOINED ||
                    kind == CHANGE_LEFT;
    char roles[32] = "";

    if (one_side)
        snprintf(roles, sizeof(roles), "%s", member_role(after));
    else if (kind == CHANGE_ROLE_CHANGED)
        snprintf(roles, sizeof(roles), "%s -> %s", member_role(&finding->before->member), member_role(after));
    print_heading(text, &headings[kind], after, roles);
    if (!one_side)
        print_fields(text, finding, kind);
}

void plan_text_finding_cb(void *context, const struct finding *finding)
{
    struct plan_text *text = context;

    if (++text->findings > FINDINGS_SHOWN)
        return;
    for (size_t i = 0; i < finding->change_count; i++)
        print_change(text, finding, finding->changes[i].kind);
    if (finding->repaired) {
        print_heading(text, &repaired_heading, &finding->after->member,
                      "the row was edited by somebody else");
        print_fields(text, finding, CHANGE_ROLE_CHANGED);
        print_fields(text, finding, CHANGE_PROFILE_CHANGED);
    }
    if (finding->absent && finding->change_count == 0) {
        print_heading(text, &absent_heading, &finding->after->member,
                      "not in the answer; removed when a later poll confirms it");
    }
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void print_remarks(const struct plan_text *text, const struct runner_summary *summary)
{
    if (text->findings > FINDINGS_SHOWN)
        fprintf(text->out, "  ... and %llu more; see --json for all\n",
                (unsigned long long)(text->findings - FINDINGS_SHOWN));
    if (summary->organization_renamed)
        fputs("  ~ the organization has another name\n", text->out);
    if (summary->rejected > 0)
        fprintf(text->out, "  ! %u record%s of the answer cannot be read and %s left alone\n",
                summary->rejected, summary->rejected == 1 ? "" : "s", summary->rejected == 1 ? "is" : "are");
    if (summary->unreadable > 0)
        fputs("    while their ids are unknown nobody is marked absent\n", text->out);
}

void plan_text_print(struct plan_text *text, const struct runner_summary *summary)
{
    fflush(text->lines);
    summary_print_name(text->out, summary);
    fprintf(text->out, ": %u member%s in Luzmo%s\n\n", summary->members, summary->members == 1 ? "" : "s",
            summary->first_load ? ", none recorded yet" : "");
    fwrite(text->text, 1, text->length, text->out);
    print_remarks(text, summary);
    if (summary_has_changes(summary)) {
        fputs("\nWould write: ", text->out);
        summary_print_counts(text->out, summary);
        fputs(". Nothing was written.\n", text->out);
    } else {
        fputs("Nothing to write: the database says the same.\n", text->out);
    }
}

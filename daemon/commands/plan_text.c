/*
 * The plan as text:
 *
 *   Acme: 12 members in Luzmo
 *
 *     + joins    Zoë Martin <zoe@acme.test>     viewer
 *     ~ role     Amy Evans <amy@acme.test>      editor -> owner
 *                  flag_own: false -> true
 *
 *   Held: 2 of 12 members would be removed (3f2a9c01d4e5a6b7)
 *     2 of 12 members are gone; 1 may leave in 24 hours without approval (guard.removals)
 *
 *     - leaves   Bo Lind <bo@acme.test>         editor
 *     - leaves   Cy Lind <cy@acme.test>         viewer
 *
 *   Would write: 1 joined, 1 role changed. Nothing was written.
 */
#include "commands/plan_text.h"

#include "base/memory.h"
#include "commands/held.h"
#include "commands/review.h"
#include "commands/summary.h"
#include "commands/terminal.h"

#include <stdlib.h>
#include <string.h>

#define FINDINGS_SHOWN 1000

/* Findings under one heading: their lines, until the heading is known. */
struct section {
    FILE *lines; /* NULL while there is none */
    char *text;
    size_t length;
    uint64_t findings;
};

struct plan_text {
    FILE *out;
    bool coloured;
    struct section through;
    struct section held[GUARD_CLASS_COUNT];
    bool begun; /* something stands below the first line */
};

struct plan_text *plan_text_new(FILE *out, bool coloured)
{
    struct plan_text *text = memory_alloc(sizeof(*text));

    text->out = out;
    text->coloured = coloured;
    return text;
}

static void section_done(struct section *section)
{
    if (section->lines)
        fclose(section->lines);
    free(section->text);
}

void plan_text_free(struct plan_text *text)
{
    if (!text)
        return;
    section_done(&text->through);
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++)
        section_done(&text->held[i]);
    free(text);
}

/* --- one finding -------------------------------------------------------------------------------------------------- */

static void print_person(const struct review *review, int kind, const struct member *member,
                         const char *remark)
{
    const struct field_value *name = &member->fields[FIELD_NAME];
    const struct field_value *email = &member->fields[FIELD_EMAIL];
    char user[UUID_TEXT_LENGTH + 1];
    struct buffer person;

    uuid_format(&member->user_id, user);
    buffer_init(&person, REVIEW_PERSON_MAX);
    review_person(&person, name->known ? name->text : NULL, email->known ? email->text : NULL, user);
    review_print_person(review, kind, person.data ? person.data : "", remark);
    buffer_done(&person);
}

/* Which fields a kind of change is about. */
static bool field_of_kind(enum change_kind kind, enum field_group group)
{
    return (group == FIELD_GROUP_PROFILE) == (kind == CHANGE_PROFILE_CHANGED);
}

static void print_fields(const struct review *review, const struct finding *finding, enum change_kind kind)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct field_info *field = &member_fields[i];
        if ((finding->fields & FIELD_BIT(i)) != 0 && field_of_kind(kind, field->group))
            review_print_field(review, field, &finding->before->member.fields[i],
                               &finding->after->member.fields[i]);
    }
}

static void print_change(const struct review *review, const struct finding *finding, enum change_kind kind)
{
    const struct member *after = &finding->after->member;
    bool one_side = kind == CHANGE_BASELINE || kind == CHANGE_JOINED || kind == CHANGE_REJOINED ||
                    kind == CHANGE_LEFT;
    char roles[32] = "";

    if (one_side)
        snprintf(roles, sizeof(roles), "%s", member_role(after));
    else if (kind == CHANGE_ROLE_CHANGED)
        snprintf(roles, sizeof(roles), "%s -> %s", member_role(&finding->before->member), member_role(after));
    print_person(review, (int)kind, after, roles);
    if (!one_side)
        print_fields(review, finding, kind);
}

static void print_finding(const struct review *review, const struct finding *finding)
{
    const struct member *member = &finding->after->member;

    for (size_t i = 0; i < finding->change_count; i++)
        print_change(review, finding, finding->changes[i].kind);
    if (finding->repaired) {
        print_person(review, REVIEW_REPAIRED, member, "the row was edited by somebody else");
        print_fields(review, finding, CHANGE_ROLE_CHANGED);
        print_fields(review, finding, CHANGE_PROFILE_CHANGED);
    }
    if (finding->absent && finding->change_count == 0)
        print_person(review, REVIEW_ABSENT, member,
                     "not in the answer; removed when a later poll confirms it");
}

static void section_add(struct section *section, const struct finding *finding, bool coloured)
{
    if (++section->findings > FINDINGS_SHOWN)
        return;
    if (!section->lines)
        section->lines = open_memstream(&section->text, &section->length);
    if (!section->lines)
        error_fatal("out of memory for the plan's text");
    print_finding(&(struct review){.out = section->lines, .coloured = coloured}, finding);
}

void plan_text_finding_cb(void *context, const struct finding *finding)
{
    struct plan_text *text = context;

    if (finding->held == 0)
        section_add(&text->through, finding, text->coloured);
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++)
        if ((finding->held & GUARD_BIT(i)) != 0)
            section_add(&text->held[i], finding, text->coloured);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void print_section(struct section *section, FILE *out)
{
    if (section->lines && fflush(section->lines) == 0)
        fwrite(section->text, 1, section->length, out);
    if (section->findings > FINDINGS_SHOWN)
        fprintf(out, "  ... and %llu more; see --json for all\n",
                (unsigned long long)(section->findings - FINDINGS_SHOWN));
}

static void print_remarks(const struct plan_text *text, const struct runner_summary *summary)
{
    if (summary->organization_renamed)
        fputs("  ~ the organization has another name\n", text->out);
    if (summary->rejected > 0)
        fprintf(text->out, "  ! %u record%s of the answer cannot be read and %s left alone\n",
                summary->rejected, summary->rejected == 1 ? "" : "s", summary->rejected == 1 ? "is" : "are");
    if (summary->unreadable > 0)
        fputs("    while their ids are unknown nobody is marked absent\n", text->out);
}

static void print_headline(struct plan_text *text, const char *word, enum guard_class class,
                           const struct runner_summary *summary)
{
    const struct hold_result *hold = &summary->holds[class];
    char digest[HELD_DIGEST_TEXT];

    held_digest_format(hold->digest, digest);
    if (text->begun)
        putc('\n', text->out);
    text->begun = true;
    terminal_print_cell(text->out, word, 0, COLOUR_YELLOW, text->coloured);
    fputs(": ", text->out);
    held_print_what(text->out,
                    &(struct held_set){.class = guard_class_name(class), .members = hold->members});
    fprintf(text->out, " (%.*s)\n", HELD_DIGITS, digest);
}

static void print_held(struct plan_text *text, enum guard_class class, const struct runner_summary *summary)
{
    const struct hold_result *hold = &summary->holds[class];

    if (hold->verdict == HOLD_PASSES_APPROVED)
        print_headline(text, "Approved, and among the above", class, summary);
    if (hold->verdict != HOLD_STANDS)
        return;
    print_headline(text, hold->silenced ? "Held, and rejected by somebody" : "Held", class, summary);
    fprintf(text->out, "  %s\n\n", hold->reason);
    print_section(&text->held[class], text->out);
}

static void print_conclusion(const struct plan_text *text, const struct runner_summary *summary)
{
    bool held = summary->counts.held > 0;

    if (summary_has_changes(summary)) {
        fputs("\nWould write: ", text->out);
        summary_print_counts(text->out, summary);
        fputs(held ? ", and nothing of what is held. Nothing was written.\n" : ". Nothing was written.\n",
              text->out);
    } else if (held) {
        fputs("\nWould write nothing: all that differs is held.\n", text->out);
    } else {
        fputs("Nothing to write: the database says the same.\n", text->out);
    }
}

void plan_text_print(struct plan_text *text, const struct runner_summary *summary)
{
    summary_print_name(text->out, summary);
    fprintf(text->out, ": %u member%s in Luzmo%s\n\n", summary->members, summary->members == 1 ? "" : "s",
            summary->first_load ? ", none recorded yet" : "");
    print_section(&text->through, text->out);
    print_remarks(text, summary);
    text->begun = text->through.findings > 0 || summary->organization_renamed || summary->rejected > 0;
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++)
        print_held(text, (enum guard_class)i, summary);
    print_conclusion(text, summary);
}

/*
 * What a cycle came to, in a sentence.
 */
#include "commands/summary.h"

#include "commands/terminal.h"

#include <string.h>

struct phrase {
    uint32_t count;
    const char *one;
    const char *many;
};

#define PHRASES_MAX 10

static void list_phrases(const struct runner_summary *summary, struct phrase ret_phrases[PHRASES_MAX])
{
    const struct changeset_counts *counts = &summary->counts;
    const struct phrase phrases[PHRASES_MAX] = {
        {counts->added, summary->first_load ? "member recorded for the first time" : "joined",
         summary->first_load ? "members recorded for the first time" : "joined"},
        {counts->removed, "left", "left"},
        {counts->role_changed, "role changed", "roles changed"},
        {counts->role_touched, "role touched", "roles touched"},
        {counts->profile_changed, "profile changed", "profiles changed"},
        {counts->absent, "absent (to be confirmed)", "absent (to be confirmed)"},
        {counts->returned, "back after an absence", "back after an absence"},
        {counts->repaired, "edited row set right", "edited rows set right"},
        {counts->rejected, "record rejected", "records rejected"},
        {summary->organization_renamed, "organization renamed", "organization renamed"},
    };

    memcpy(ret_phrases, phrases, sizeof(phrases));
}

bool summary_has_changes(const struct runner_summary *summary)
{
    struct phrase phrases[PHRASES_MAX];
    uint32_t total = 0;

    list_phrases(summary, phrases);
    for (size_t i = 0; i < PHRASES_MAX; i++)
        total += phrases[i].count;
    return total > 0;
}

void summary_print_counts(FILE *out, const struct runner_summary *summary)
{
    struct phrase phrases[PHRASES_MAX];
    const char *separator = "";

    list_phrases(summary, phrases);
    for (size_t i = 0; i < PHRASES_MAX; i++) {
        if (phrases[i].count == 0)
            continue;
        fprintf(out, "%s%u %s", separator, phrases[i].count,
                phrases[i].count == 1 ? phrases[i].one : phrases[i].many);
        separator = ", ";
    }
    if (separator[0] == '\0')
        fputs("nothing changed", out);
}

void summary_print_name(FILE *out, const struct runner_summary *summary)
{
    const char *name = summary->display_name && summary->display_name[0] != '\0' ? summary->display_name
                                                                                 : summary->organization_id;

    terminal_print(out, name, strlen(name));
}

void summary_print(FILE *out, const struct runner_summary *summary)
{
    if (!summary->compared)
        return;
    summary_print_name(out, summary);
    fprintf(out, ": %u member%s; ", summary->members, summary->members == 1 ? "" : "s");
    summary_print_counts(out, summary);
    if (summary->counts.held > 0)
        fprintf(out, ". Held: %u change%s; see: rollcall holds", summary->counts.held,
                summary->counts.held == 1 ? "" : "s");
    fputs(".\n", out);
}

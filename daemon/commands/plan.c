/*
 * rollcall plan: what a cycle would write, shown like a review. Reads only.
 */
#include "base/buffer.h"
#include "base/utf8.h"
#include "commands/command.h"
#include "commands/plan_text.h"
#include "commands/summary.h"
#include "commands/terminal.h"
#include "service/runner.h"

#include <stdlib.h>
#include <string.h>

enum plan_option { PLAN_JSON, PLAN_DETAILED_EXITCODE };

/* --- JSON: one object; its list of changes is written as they are found ------------------------------------------- */

struct json_plan {
    bool any; /* an element was written, and the object's beginning before it */
};

/* Not before there is something to print: a plan that fails leaves no broken JSON behind. */
static void print_json_begin(struct json_plan *plan)
{
    fputs(plan->any ? "," : "{\"changes\":[", stdout);
    plan->any = true;
}

static void print_json_text(const char *text, size_t length)
{
    struct buffer quoted;

    buffer_init(&quoted, 16 * length + 16);
    utf8_add_json(&quoted, text, length);
    terminal_print_json(stdout, quoted.data, quoted.length);
    buffer_done(&quoted);
}

static void print_json_field(const char *key, const struct field_value *value)
{
    printf(",\"%s\":", key);
    if (value->known)
        print_json_text(value->text, value->length);
    else
        fputs("null", stdout);
}

static void print_json_image(const char *key, const char *image, size_t length)
{
    printf(",\"%s\":", key);
    terminal_print_json(stdout, image ? image : "null", image ? length : strlen("null"));
}

static void print_json_change(struct json_plan *plan, const struct finding *finding, const char *kind,
                              const struct change *change)
{
    const struct member *member = &finding->after->member;
    char user[UUID_TEXT_LENGTH + 1];

    uuid_format(&member->user_id, user);
    print_json_begin(plan);
    printf("\n  {\"kind\":\"%s\",\"user_id\":\"%s\"", kind, user);
    print_json_field("email", &member->fields[FIELD_EMAIL]);
    print_json_field("name", &member->fields[FIELD_NAME]);
    if (change) {
        print_json_image("old_values", change->old_values, change->old_length);
        print_json_image("new_values", change->new_values, change->new_length);
    }
    putchar('}');
}

static void json_finding_cb(void *context, const struct finding *finding)
{
    struct json_plan *plan = context;

    for (size_t i = 0; i < finding->change_count; i++)
        print_json_change(plan, finding, change_kind_name(finding->changes[i].kind), &finding->changes[i]);
    if (finding->repaired)
        print_json_change(plan, finding, "repaired", NULL);
    if (finding->absent && finding->change_count == 0)
        print_json_change(plan, finding, "absent", NULL);
}

static void print_json_end(const struct runner_summary *summary)
{
    const struct changeset_counts *counts = &summary->counts;

    fputs("],\n \"organization\":{\"organization_id\":", stdout);
    print_json_text(summary->organization_id, strlen(summary->organization_id));
    fputs(",\"display_name\":", stdout);
    print_json_text(summary->display_name, strlen(summary->display_name));
    printf(",\"members\":%u,\"renamed\":%s},\n \"first_load\":%s,\n", summary->members,
           summary->organization_renamed ? "true" : "false", summary->first_load ? "true" : "false");
    printf(
        " \"counts\":{\"added\":%u,\"removed\":%u,\"role_changed\":%u,\"role_touched\":%u,\"profile_changed\":%u,"
        "\"repaired\":%u,\"absent\":%u,\"returned\":%u,\"rejected\":%u}}\n",
        counts->added, counts->removed, counts->role_changed, counts->role_touched, counts->profile_changed,
        counts->repaired, counts->absent, counts->returned, counts->rejected);
}

/* Half a comparison must not pass for a plan. */
static int compare(struct config *config, const struct runner_options *options,
                   struct runner_summary *summary, struct error *error)
{
    int status = runner_run(config, options, summary, error);

    if (status == 0 && !summary->compared)
        status = error_set(error, ERROR_UNAVAILABLE,
                           "the plan was stopped before everything was compared; run it again");
    return status;
}

static int plan_json(struct config *config, struct runner_options *options, struct runner_summary *summary,
                     struct error *error)
{
    struct json_plan plan = {0};

    options->finding_cb = json_finding_cb;
    options->finding_context = &plan;
    int status = compare(config, options, summary, error);
    if (status == 0 && !plan.any)
        print_json_begin(&plan);
    if (status == 0)
        print_json_end(summary);
    return status;
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static int plan_text(struct config *config, struct runner_options *options, struct runner_summary *summary,
                     struct error *error)
{
    struct plan_text *text = plan_text_new(stdout, terminal_wants_colour());

    options->finding_cb = plan_text_finding_cb;
    options->finding_context = text;
    int status = compare(config, options, summary, error);
    if (status == 0)
        plan_text_print(text, summary);
    plan_text_free(text);
    return status;
}

static int plan(const struct invocation *invocation, struct error *error)
{
    struct runner_options options = {.config_file = invocation->config_file, .mode = CYCLE_MODE_PLAN};
    bool json = invocation->values[PLAN_JSON] != NULL;
    struct runner_summary summary = {0};
    struct config config;
    int status = command_read_config(invocation, &config, error);

    if (status < 0)
        return status;
    status = json ? plan_json(&config, &options, &summary, error)
                  : plan_text(&config, &options, &summary, error);
    if (status == 0 && invocation->values[PLAN_DETAILED_EXITCODE] && summary_has_changes(&summary))
        status = EXIT_CHANGES;
    runner_summary_done(&summary);
    return status;
}

const struct command command_plan = {
    .name = "plan",
    .summary = "shows what a cycle would write, and writes nothing",
    .details =
        "Polls Luzmo, compares with the database and shows who joins, who leaves and what changes from what to what.\n"
        "Reads only, takes no lock; works before the first cycle, too.",
    .options = {{"json", NULL, "as one JSON object"},
                {"detailed-exitcode", NULL, "end with 2 when there is something to write"}},
    .run = plan,
};

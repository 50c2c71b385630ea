/*
 * rollcall changes: what changed, for whom and when.
 */
#include "commands/list.h"

#include "core/change.h"

enum changes_option { CHANGES_MEMBER, CHANGES_SINCE, CHANGES_UNTIL, CHANGES_KIND, CHANGES_FORMAT };

static int check_kind(const char *kind, struct error *error)
{
    enum change_kind known;

    if (!kind || change_kind_parse(kind, &known))
        return 0;
    return error_set(
        error, ERROR_USAGE,
        "--kind is \"%s\", expected baseline, joined, rejoined, left, role_changed, role_touched, profile_changed or "
        "organization_changed",
        kind);
}

static int changes(const struct invocation *invocation, struct error *error)
{
    static const char *const columns[] = {"observed_at", "kind",      "email",     "name",
                                          "field",       "old_value", "new_value", NULL};
    const char *parameters[] = {invocation->values[CHANGES_MEMBER], NULL, NULL,
                                invocation->values[CHANGES_KIND]};
    char since[TIMESTAMP_TEXT_MAX], until[TIMESTAMP_TEXT_MAX];
    int status = check_kind(parameters[3], error);

    if (status == 0)
        status = list_time("since", invocation->values[CHANGES_SINCE], since, &parameters[1], error);
    if (status == 0)
        status = list_time("until", invocation->values[CHANGES_UNTIL], until, &parameters[2], error);
    if (status < 0)
        return status;
    return list_print(invocation,
                      &(struct list_query){.query = {"list_changes", parameters, 4},
                                           .format = invocation->values[CHANGES_FORMAT],
                                           .table_columns = columns,
                                           .nothing = "No changes."},
                      error);
}

const struct command command_changes = {
    .name = "changes",
    .summary = "what changed, for whom and when",
    .details =
        "The oldest first; one row for each changed field, one for each join and leave. The members found by the\n"
        "first poll are no changes: ask for them with --kind baseline.",
    .options = {{"member", "ID|EMAIL", "only of this member"},
                {"since", "TIME", "only observed at or after this time"},
                {"until", "TIME", "only observed before this time"},
                {"kind", "KIND", "only this kind, for example role_changed"},
                {"format", "FORMAT", "table (default), csv or json"}},
    .run = changes,
};

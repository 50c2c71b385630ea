/*
 * rollcall members: who is a member, now or at an earlier moment.
 */
#include "commands/list.h"

#include <string.h>

enum members_option { MEMBERS_AS_OF, MEMBERS_ROLE, MEMBERS_FORMAT };

static int check_role(const char *role, struct error *error)
{
    static const char *const roles[] = {"owner", "admin", "editor", "viewer", "none", "unknown"};

    for (size_t i = 0; role && i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(role, roles[i]) == 0)
            return 0;
    if (!role)
        return 0;
    return error_set(error, ERROR_USAGE,
                     "--role is \"%s\", expected owner, admin, editor, viewer, none or unknown", role);
}

static int members(const struct invocation *invocation, struct error *error)
{
    static const char *const columns[] = {"email",       "name",     "role",       "flag_member",
                                          "flag_editor", "flag_own", "flag_admin", "absent_since",
                                          "user_id",     NULL};
    static const char *const past_columns[] = {
        "email", "name", "role", "flag_member", "flag_editor", "flag_own", "flag_admin", "user_id", NULL};
    const char *parameters[] = {invocation->values[MEMBERS_ROLE], NULL};
    char time[TIMESTAMP_TEXT_MAX];
    int status = check_role(parameters[0], error);

    if (status == 0)
        status = list_time("as-of", invocation->values[MEMBERS_AS_OF], time, &parameters[1], error);
    if (status < 0)
        return status;
    bool past = parameters[1] != NULL;
    return list_print(
        invocation,
        &(struct list_query){
            .query = {past ? "list_members_as_of" : "list_members", parameters, past ? 2 : 1},
            .format = invocation->values[MEMBERS_FORMAT],
            .table_columns = past ? past_columns : columns,
            .nothing = past ? "No members at that time; is it before the first poll?" : "No members."},
        error);
}

const struct command command_members = {
    .name = "members",
    .summary = "who is a member, now or at an earlier moment",
    .details = "A table shows the most important columns; CSV and JSON have all of them.",
    .options = {{"as-of", "TIME", "as it was then: 2026-01-31 (when it began, UTC), or 2026-01-31T09:00:00Z"},
                {"role", "ROLE", "only owner, admin, editor, viewer, none or unknown"},
                {"format", "FORMAT", "table (default), csv or json"}},
    .run = members,
};

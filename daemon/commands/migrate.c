/*
 * rollcall migrate: the schema, created and upgraded, printed for a database administrator, opened to readers.
 */
#include "commands/command.h"
#include "service/session.h"

#include <stdio.h>

enum migrate_option { MIGRATE_PRINT, MIGRATE_GRANT_READER };

static int migrate_now(struct session *session, struct error *error)
{
    int applied = 0;
    int status = session_migrate(session, &applied, error);

    if (status == 0 && applied == 0)
        printf("The schema is up to date in %s.\n", session_describe(session));
    else if (status == 0)
        printf("Applied %d file%s to %s.\n", applied, applied == 1 ? "" : "s", session_describe(session));
    return status;
}

static int grant(struct session *session, const char *role, struct error *error)
{
    int status = session_check_schema(session, error);

    if (status == 0)
        status = session_grant_reader(session, role, error);
    if (status == 0)
        printf("%s may read the views of schema rollcall.\n", role);
    return status;
}

static int migrate(const struct invocation *invocation, struct error *error)
{
    const char *role = invocation->values[MIGRATE_GRANT_READER];
    struct session *session = NULL;
    struct config config = {0};
    int status = 0;

    if (invocation->values[MIGRATE_PRINT] && role)
        return error_set(error, ERROR_USAGE, "--print and --grant-reader are two things; give one of them");
    if (invocation->values[MIGRATE_PRINT])
        return session_print_migrations(stdout, error);
    status = command_read_config(invocation, &config, error);
    if (status == 0)
        status = session_open(&config, NULL, false, &session, error);
    if (status == 0)
        status = role ? grant(session, role, error) : migrate_now(session, error);
    session_close(session);
    config_done(&config);
    return status;
}

const struct command command_migrate = {
    .name = "migrate",
    .summary = "creates or upgrades the schema in PostgreSQL",
    .details = "`run` and `once` do the same by themselves when their role owns the schema or may create it.",
    .options = {{"print", NULL, "print the SQL for a database administrator and do nothing"},
                {"grant-reader", "ROLE", "let this existing role read the published views"}},
    .run = migrate,
};

/*
 * What `members` and `changes` have in common.
 */
#include "commands/list.h"

#include <string.h>

int list_time(const char *option, const char *text, char ret_time[TIMESTAMP_TEXT_MAX], const char **ret_value,
              struct error *error)
{
    int64_t us = 0;

    *ret_value = NULL;
    if (!text)
        return 0;
    if (!timestamp_parse_lenient(text, strlen(text), &us))
        return error_set(error, ERROR_USAGE,
                         "--%s is \"%s\", expected a time such as 2026-01-31T09:00:00Z or a date", option,
                         text);
    timestamp_format(us, ret_time);
    *ret_value = ret_time;
    return 0;
}

static int print_rows(struct session *session, const struct list_query *list, enum output_format format,
                      struct error *error)
{
    struct output *output = output_new(format, list->table_columns);

    session_when_nothing(session, output_nothing_cb);
    int status = session_run(session, &list->query, output_row_cb, output, error);

    if (status == 0)
        output_end(output, list->nothing);
    output_free(output);
    return status;
}

int list_print(const struct invocation *invocation, const struct list_query *list, struct error *error)
{
    enum output_format format = OUTPUT_TABLE;
    struct session *session = NULL;
    struct config config = {0};
    int status = output_format_parse(list->format, &format, error);

    if (status == 0)
        status = command_read_config(invocation, &config, error);
    if (status == 0)
        status = session_open(&config, NULL, true, &session, error);
    if (status == 0)
        status = session_check_schema(session, error);
    if (status == 0)
        status = print_rows(session, list, format, error);
    session_close(session);
    config_done(&config);
    return status;
}

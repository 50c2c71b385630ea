/*
 * Every query and report of sql/ is understood by a server with a fresh schema, as the role that will run it; and every
 * query says in its comment what each $n is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres/server.h"
#include "postgres/sql.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct server server;
static PGconn *pg;

static void run(const char *sql)
{
    PGresult *result = PQexec(pg, sql);

    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    PQclear(result);
}

/* The statement itself, behind the comment. */
static const char *statement(const char *text)
{
    while (strncmp(text, "--", 2) == 0)
        text = strchr(text, '\n') + 1;
    return text;
}

/* The server looks at the tables behind COPY only when it runs. */
static void check_copy(const char *name, const char *text)
{
    PGresult *result = PQexec(pg, text);
    ExecStatusType status = PQresultStatus(result);

    PQclear(result);
    if (status == PGRES_COPY_IN)
        PQputCopyEnd(pg, "only a trial");
    else if (status != PGRES_COPY_OUT)
        fail_msg("%s: %s", name, PQerrorMessage(pg));
    for (char *piece = NULL; status == PGRES_COPY_OUT && PQgetCopyData(pg, &piece, 0) > 0;)
        PQfreemem(piece);
    while ((result = PQgetResult(pg)) != NULL)
        PQclear(result);
}

static int check_prepare(const char *name, const char *text)
{
    PGresult *prepared = PQprepare(pg, name, text, 0, NULL);

    if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", name, PQerrorMessage(pg));
    PQclear(prepared);
    PGresult *described = PQdescribePrepared(pg, name);
    int parameters = PQnparams(described);
    PQclear(described);
    return parameters;
}

/* "--   $8 to $17 ..." stands for all between. */
static bool is_explained(const char *text, int parameter)
{
    const char *end = statement(text);
    int from, to;

    for (const char *line = text; line < end; line = strchr(line, '\n') + 1) {
        int found = sscanf(line, "--   $%d to $%d", &from, &to);

        if ((found == 1 && from == parameter) || (found == 2 && from <= parameter && parameter <= to))
            return true;
    }
    return false;
}

static void test_queries(void **state)
{
    (void)state;
    for (const struct sql_text *query = sql_queries; query->name; query++) {
        if (strncmp(query->text, "-- ", 3) != 0)
            fail_msg("%s does not begin with a comment", query->name);
        if (strncmp(statement(query->text), "COPY", 4) == 0) {
            check_copy(query->name, query->text);
            continue;
        }
        int parameters = check_prepare(query->name, query->text);
        for (int parameter = 1; parameter <= parameters; parameter++)
            if (!is_explained(query->text, parameter))
                fail_msg("%s does not say what $%d is", query->name, parameter);
    }
}

static void test_reports(void **state)
{
    (void)state;
    for (const struct sql_text *report = sql_reports; report->name; report++)
        check_prepare(report->name, report->text);
}

static int make(void **state)
{
    (void)state;
    server_make(&server);
    server_make_schema(&server);
    pg = PQconnectdb(server.conninfo);
    run("SET search_path = pg_catalog, pg_temp");
    run(sql_query("create_member_stage"));
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    PQfinish(pg);
    server_remove(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_reports),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}

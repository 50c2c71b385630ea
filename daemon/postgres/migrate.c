/*
 * Brings schema rollcall to the state this program was built for, or says what stands against it.
 *
 * Compares names and checksums and fills in templates; what a migration means is known to sql/ alone.
 */
#include "postgres/migrate.h"

#include "base/digest.h"
#include "base/memory.h"
#include "postgres/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRIPT_MAX      (8u << 20) /* bytes; the files have some 60 KiB */
#define SHA256_HEX_SIZE (2 * SHA256_SIZE + 1)

/* --- the script --------------------------------------------------------------------------------------------------- */

static void sha256_hex(const char *text, char ret_hex[SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_SIZE];
    struct sha256 *sha = sha256_new();

    sha256_add(sha, text, strlen(text));
    sha256_finish(sha, digest);
    sha256_free(sha);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[SHA256_HEX_SIZE - 1] = '\0';
}

struct word {
    const char *placeholder;
    const char *value;
};

static const struct word *word_at(const struct word *words, const char *text)
{
    for (; words->placeholder; words++)
        if (strncmp(text, words->placeholder, strlen(words->placeholder)) == 0)
            return words;
    return NULL;
}

/* Copies a template; what is filled in is not looked at again. */
static void add_template(struct buffer *buffer, const char *name, const struct word *words)
{
    const char *text = sql_template(name);

    while (*text) {
        const struct word *word = word_at(words, text);
        if (word) {
            buffer_add_text(buffer, word->value);
            text += strlen(word->placeholder);
        } else {
            buffer_add_char(buffer, *text++);
        }
    }
}

static const struct sql_text *newest_migration(void)
{
    const struct sql_text *file = sql_migrations;

    while (file[1].name)
        file++;
    return file;
}

static void add_files(struct buffer *buffer, const char *template, const struct sql_text *files)
{
    for (; files->name; files++) {
        char hex[SHA256_HEX_SIZE];
        sha256_hex(files->text, hex);
        add_template(buffer, template,
                     (const struct word[]){
                         {"@name@", files->name}, {"@sha256@", hex}, {"@text@", files->text}, {NULL, NULL}});
    }
}

static void add_script(struct buffer *buffer)
{
    add_template(buffer, "migrate_begin",
                 (const struct word[]){{"@name@", newest_migration()->name}, {NULL, NULL}});
    add_files(buffer, "migrate_migration", sql_migrations);
    add_files(buffer, "migrate_view", sql_views);
}

void migrate_print(struct buffer *buffer)
{
    buffer_add_text(buffer, sql_template("script_begin"));
    add_script(buffer);
    buffer_add_text(buffer, sql_template("script_end"));
}

/* --- what is applied ---------------------------------------------------------------------------------------------- */

struct migration {
    struct connection *connection;
    migrate_cb reply_cb;
    void *context;
    bool run;     /* apply what is pending */
    int pending;  /* files that are not applied as they are */
    int executed; /* files that the script was executed for */
    char *advice; /* what to do about pending files */
    struct migrate_report report;
};

static const char *value_at(const PGresult *rows, int row, int column)
{
    return PQgetvalue(rows, row, column);
}

static bool is_true(const PGresult *rows, int column)
{
    return value_at(rows, 0, column)[0] == 't';
}

static void finish(struct migration *migration, const struct connection_reply *reply)
{
    migrate_cb reply_cb = migration->reply_cb;
    void *context = migration->context;
    struct migrate_report report = migration->report;

    report.applied = migration->executed;
    free(migration->advice);
    free(migration);
    reply_cb(context, reply, &report);
}

static void finish_refused(struct migration *migration)
{
    struct connection_reply reply = {.result = CONNECTION_FAILED};

    error_set(&reply.error, ERROR_CONFIG, "%s", migration->report.detail);
    finish(migration, &reply);
}

static void set_state(struct migrate_report *report, enum migrate_state state, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void set_state(struct migrate_report *report, enum migrate_state state, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(report->detail, sizeof(report->detail), format, arguments);
    va_end(arguments);
    report->state = state;
}

/* The recorded checksum of a file, NULL when it was never applied. */
static const char *recorded_sha256(const PGresult *rows, const char *kind, const char *name)
{
    for (int row = 0; row < PQntuples(rows); row++)
        if (strcmp(value_at(rows, row, 0), kind) == 0 && strcmp(value_at(rows, row, 1), name) == 0)
            return value_at(rows, row, 2);
    return NULL;
}

static bool is_built_in(const char *kind, const char *name)
{
    const struct sql_text *files = strcmp(kind, "view") == 0 ? sql_views : sql_migrations;

    for (; files->name; files++)
        if (strcmp(files->name, name) == 0)
            return true;
    return false;
}

static void compare_files(struct migration *migration, const PGresult *rows, const char *kind,
                          const struct sql_text *files)
{
    struct migrate_report *report = &migration->report;

    for (; files->name; files++) {
        char hex[SHA256_HEX_SIZE];
        sha256_hex(files->text, hex);
        const char *recorded = recorded_sha256(rows, kind, files->name);
        if (recorded && strcmp(recorded, hex) == 0)
            continue;
        migration->pending++;
        if (recorded && strcmp(kind, "migration") == 0)
            set_state(report, MIGRATE_ALTERED,
                      "migration %s was applied with another text than this program's; use the program that "
                      "applied it, or restore a backup",
                      files->name);
        else if (report->state == MIGRATE_CURRENT)
            set_state(report, MIGRATE_OLDER, "%s %s of this program is not applied; %s", kind, files->name,
                      migration->advice);
    }
}

static void compare_records(struct migration *migration, const PGresult *rows)
{
    migration->report.state = MIGRATE_CURRENT;
    compare_files(migration, rows, "migration", sql_migrations);
    compare_files(migration, rows, "view", sql_views);
    for (int row = 0; row < PQntuples(rows); row++)
        if (!is_built_in(value_at(rows, row, 0), value_at(rows, row, 1)))
            set_state(
                &migration->report, MIGRATE_NEWER,
                "schema rollcall is newer than this program: it has %s %s applied; install the newer rollcall",
                value_at(rows, row, 0), value_at(rows, row, 1));
}

/* --- the exchanges: schema, records, columns, privileges, and with `run` the script and the same again ------------ */

static void inspect(struct migration *migration);

static void executed_cb(void *context, const struct connection_reply *reply)
{
    struct migration *migration = context;

    if (reply->result != CONNECTION_DONE) {
        migration->executed = 0;
        finish(migration, reply);
        return;
    }
    inspect(migration);
}

static void execute(struct migration *migration)
{
    struct buffer script;

    buffer_init(&script, SCRIPT_MAX);
    add_script(&script);
    migration->run = false;
    migration->executed = migration->pending;
    /* One message of several statements is one transaction, rolled back by the server when one fails. */
    connection_execute(migration->connection, script.data, executed_cb, migration);
    buffer_done(&script);
}

static void conclude(struct migration *migration)
{
    enum migrate_state state = migration->report.state;
    bool pending = state == MIGRATE_MISSING || state == MIGRATE_OLDER;

    if (!migration->run || state == MIGRATE_CURRENT)
        finish(migration, &(const struct connection_reply){.result = CONNECTION_DONE});
    else if (pending && migration->report.may_migrate)
        execute(migration);
    else
        finish_refused(migration);
}

static void privileges_cb(void *context, const struct connection_reply *reply)
{
    struct migration *migration = context;

    if (reply->result != CONNECTION_DONE) {
        finish(migration, reply);
        return;
    }
    if (PQntuples(reply->rows) > 0)
        set_state(&migration->report, MIGRATE_FORBIDDEN,
                  "this role lacks a privilege that the service needs; let the owner of the schema run: %s",
                  value_at(reply->rows, 0, 0));
    conclude(migration);
}

static void inspect_privileges(struct migration *migration)
{
    connection_run(migration->connection, &(struct connection_call){.query = "inspect_privileges"},
                   privileges_cb, migration);
}

static void refuse_column(struct migrate_report *report, const PGresult *rows)
{
    bool foreign = PQgetisnull(rows, 0, 1), missing = PQgetisnull(rows, 0, 2);

    if (foreign)
        set_state(
            report, MIGRATE_ALTERED,
            "column rollcall.%s, which is not the program's, is NOT NULL without a default, so that no row can "
            "be written; give it a default (SET DEFAULT), or run: %s",
            value_at(rows, 0, 0), value_at(rows, 0, 3));
    else
        set_state(
            report, MIGRATE_ALTERED,
            "column rollcall.%s must be of type %s but is %s; restore it as the program's migrations made it",
            value_at(rows, 0, 0), value_at(rows, 0, 1), missing ? "missing" : value_at(rows, 0, 2));
}

static void columns_cb(void *context, const struct connection_reply *reply)
{
    struct migration *migration = context;

    if (reply->result != CONNECTION_DONE) {
        finish(migration, reply);
        return;
    }
    if (PQntuples(reply->rows) == 0) {
        inspect_privileges(migration);
        return;
    }
    refuse_column(&migration->report, reply->rows);
    conclude(migration);
}

static void migrations_cb(void *context, const struct connection_reply *reply)
{
    struct migration *migration = context;

    if (reply->result != CONNECTION_DONE) {
        finish(migration, reply);
        return;
    }
    compare_records(migration, reply->rows);
    if (migration->report.state == MIGRATE_CURRENT)
        connection_run(migration->connection, &(struct connection_call){.query = "inspect_columns"},
                       columns_cb, migration);
    else
        conclude(migration);
}

static char *advice(bool may_migrate, const char *remedy)
{
    if (may_migrate)
        return memory_string("run: rollcall migrate");
    return memory_format("let an administrator run: %s", remedy);
}

static void schema_cb(void *context, const struct connection_reply *reply)
{
    struct migration *migration = context;

    if (reply->result != CONNECTION_DONE) {
        finish(migration, reply);
        return;
    }
    struct migrate_report *report = &migration->report;
    bool recorded = is_true(reply->rows, 0), readable = is_true(reply->rows, 1);
    report->may_migrate = is_true(reply->rows, 2);
    migration->advice = advice(report->may_migrate, value_at(reply->rows, 0, 3));
    if (recorded && readable) {
        connection_run(migration->connection, &(struct connection_call){.query = "inspect_migrations"},
                       migrations_cb, migration);
        return;
    }
    if (recorded) {
        inspect_privileges(migration);
        return;
    }
    compare_records(migration, NULL);
    set_state(report, MIGRATE_MISSING, "the tables of schema rollcall are not there; %s", migration->advice);
    conclude(migration);
}

static void inspect(struct migration *migration)
{
    free(migration->advice);
    migration->advice = NULL;
    migration->pending = 0;
    migration->report = (struct migrate_report){.state = MIGRATE_CURRENT};
    connection_run(migration->connection, &(struct connection_call){.query = "inspect_schema"}, schema_cb,
                   migration);
}

static void begin(struct connection *connection, bool run, migrate_cb reply_cb, void *context)
{
    struct migration *migration = memory_alloc(sizeof(*migration));

    migration->connection = connection;
    migration->reply_cb = reply_cb;
    migration->context = context;
    migration->run = run;
    inspect(migration);
}

void migrate_inspect(struct connection *connection, migrate_cb reply_cb, void *context)
{
    begin(connection, false, reply_cb, context);
}

void migrate_run(struct connection *connection, migrate_cb reply_cb, void *context)
{
    begin(connection, true, reply_cb, context);
}

/* --- readers ------------------------------------------------------------------------------------------------------ */

struct grant {
    struct connection *connection;
    char *role;
    connection_reply_cb reply_cb;
    void *context;
};

static void finish_grant(struct grant *grant, const struct connection_reply *reply)
{
    connection_reply_cb reply_cb = grant->reply_cb;
    void *context = grant->context;

    free(grant->role);
    free(grant);
    reply_cb(context, reply);
}

static void granted_cb(void *context, const struct connection_reply *reply)
{
    finish_grant(context, reply);
}

static void grant_text_cb(void *context, const struct connection_reply *reply)
{
    struct grant *grant = context;

    if (reply->result != CONNECTION_DONE) {
        finish_grant(grant, reply);
    } else if (PQntuples(reply->rows) == 0) {
        struct connection_reply refusal = {.result = CONNECTION_FAILED};
        error_set(&refusal.error, ERROR_CONFIG,
                  "there is no role \"%s\" in this database server; create it first: CREATE ROLE ... LOGIN",
                  grant->role);
        finish_grant(grant, &refusal);
    } else {
        connection_execute(grant->connection, value_at(reply->rows, 0, 0), granted_cb, grant);
    }
}

void migrate_grant_reader(struct connection *connection, const char *role, connection_reply_cb reply_cb,
                          void *context)
{
    struct grant *grant = memory_alloc(sizeof(*grant));

    grant->connection = connection;
    grant->role = memory_string(role);
    grant->reply_cb = reply_cb;
    grant->context = context;
    struct connection_parameter parameter = {.value = role, .length = (int)strlen(role)};
    connection_run(connection,
                   &(struct connection_call){.query = "grant_reader", .parameters = &parameter, .count = 1},
                   grant_text_cb, grant);
}

#include "postgres/server.h"

#include "postgres/sql.h"

#include <ftw.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef POSTGRES_BINDIR
#define POSTGRES_BINDIR "/usr/lib/postgresql/15/bin"
#endif

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "the private PostgreSQL: %s: %s\n", what, why);
    exit(1);
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

/* PostgreSQL refuses to run as root. */
static const struct passwd *server_user(void)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;

    if (geteuid() == 0 && !user)
        give_up("user postgres", "there is none");
    return user;
}

static void become_server_user(void)
{
    const struct passwd *user = server_user();

    if (user && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
}

static pid_t spawn(const struct server *server, const char *const *arguments)
{
    char log[128];
    char *argv[32] = {0};
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    for (int i = 0; arguments[i]; i++)
        argv[i] = strdup(arguments[i]);
    become_server_user();
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* a crashed test leaves no server behind */
    (void)snprintf(log, sizeof(log), "%s/log", server->directory);
    if (!freopen(log, "a", stderr) || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 || chdir("/") != 0)
        _exit(126);
    execv(arguments[0], argv);
    _exit(127);
}

static void wait_for(pid_t pid, const char *what)
{
    int status;

    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        give_up(what, "ended with an error; is PostgreSQL 15 installed?");
}

/* --- administration ----------------------------------------------------------------------------------------------- */

static PGconn *connect_as(const struct server *server, const char *role, const char *database)
{
    char conninfo[200];

    (void)snprintf(conninfo, sizeof(conninfo), "host=%s user=%s dbname=%s", server->directory, role,
                   database);
    return PQconnectdb(conninfo);
}

static PGresult *execute(const struct server *server, const char *role, const char *database, const char *sql)
{
    PGconn *pg = connect_as(server, role, database);
    PGresult *result = PQexec(pg, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        give_up(sql, PQerrorMessage(pg));
    PQfinish(pg);
    return result;
}

void server_run(const struct server *server, const char *sql)
{
    PQclear(execute(server, "postgres", "rollcall", sql));
}

static const char *value(const struct server *server, const char *format, va_list arguments)
{
    static char values[8][2048];
    static size_t next;
    char *text = values[next++ % 8];
    char *sql = NULL;

    if (vasprintf(&sql, format, arguments) < 0)
        abort();
    PGresult *result = execute(server, "postgres", "rollcall", sql);
    (void)snprintf(text, sizeof(values[0]), "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    free(sql);
    return text;
}

const char *server_value(const struct server *server, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const char *text = value(server, format, arguments);
    va_end(arguments);
    return text;
}

long long server_number(const struct server *server, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    long long number = strtoll(value(server, format, arguments), NULL, 10);
    va_end(arguments);
    return number;
}

void server_make_schema(struct server *server)
{
    for (const struct sql_text *migration = sql_migrations; migration->name; migration++)
        PQclear(execute(server, "rollcall", "rollcall", migration->text));
    for (const struct sql_text *view = sql_views; view->name; view++)
        PQclear(execute(server, "rollcall", "rollcall", view->text));
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void wait_until_ready(const struct server *server)
{
    for (int tries = 0; tries < 600; tries++) {
        PGconn *pg = connect_as(server, "postgres", "postgres");
        ConnStatusType status = PQstatus(pg);

        PQfinish(pg);
        if (status == CONNECTION_OK)
            return;
        usleep(50 * 1000);
    }
    give_up("start", "not ready after 30 s");
}

static void data_path(const struct server *server, char *ret_path, size_t size)
{
    (void)snprintf(ret_path, size, "%s/data", server->directory);
}

/* Everybody is trusted but `guarded`, who must give a password. */
static void write_authentication(const char *data)
{
    char path[160];

    (void)snprintf(path, sizeof(path), "%s/pg_hba.conf", data);
    FILE *file = fopen(path, "w");
    if (!file)
        give_up(path, "cannot be written");
    fputs("local all guarded scram-sha-256\nlocal all all trust\nlocal replication postgres trust\n", file);
    fclose(file);
}

static void make_cluster(const struct server *server)
{
    char data[128];
    const char *const arguments[] = {
        POSTGRES_BINDIR "/initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--auth=trust",
        "--no-sync",
        "--no-instructions",
        NULL,
    };

    data_path(server, data, sizeof(data));
    wait_for(spawn(server, arguments), "initdb");
    write_authentication(data);
}

void server_start(struct server *server)
{
    char data[128];
    const char *const arguments[] = {
        POSTGRES_BINDIR "/postgres",
        "-D",
        data,
        "-k",
        server->directory,
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
        "-c",
        "autovacuum=off", /* counts of dead rows and of WAL are ours alone */
        "-c",
        "max_connections=20",
        NULL,
    };

    data_path(server, data, sizeof(data));
    server->pid = spawn(server, arguments);
    wait_until_ready(server);
}

static void make_directory(struct server *server)
{
    const struct passwd *user = server_user();

    memset(server, 0, sizeof(*server));
    (void)snprintf(server->directory, sizeof(server->directory), "/tmp/rollcall-unit-XXXXXX");
    if (!mkdtemp(server->directory) || (user && chown(server->directory, user->pw_uid, user->pw_gid) != 0))
        give_up(server->directory, "cannot be made");
    (void)snprintf(server->conninfo, sizeof(server->conninfo), "host=%s user=rollcall dbname=rollcall",
                   server->directory);
}

void server_make(struct server *server)
{
    make_directory(server);
    make_cluster(server);
    server_start(server);
    PQclear(execute(server, "postgres", "postgres", "CREATE ROLE rollcall LOGIN"));
    PQclear(execute(server, "postgres", "postgres", "CREATE DATABASE rollcall OWNER rollcall"));
}

void server_make_standby(struct server *standby, const struct server *primary)
{
    char data[128];
    const char *const arguments[] = {
        POSTGRES_BINDIR "/pg_basebackup",
        "-h",
        primary->directory,
        "-U",
        "postgres",
        "-D",
        data,
        "-R",
        "-c",
        "fast",
        "--no-sync",
        NULL,
    };

    make_directory(standby);
    data_path(standby, data, sizeof(data));
    wait_for(spawn(standby, arguments), "pg_basebackup");
    server_start(standby);
}

void server_stop(struct server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, SIGINT);
    wait_for(server->pid, "stop");
    server->pid = 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void server_remove(struct server *server)
{
    server_stop(server);
    (void)nftw(server->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/*
 * A private PostgreSQL for one test program: made in a temporary directory, on a unix socket only, gone at the end.
 * Tests connect as `rollcall`, who owns the database of the same name and is no superuser; the administrator behind
 * server_value and server_run is one.
 */
#ifndef UNIT_POSTGRES_SERVER_H
#define UNIT_POSTGRES_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct server {
    char directory[64]; /* socket, log and data */
    char conninfo[160]; /* as role rollcall */
    pid_t pid;          /* 0 while stopped */
};

/* All of these end the test program with a sentence when they fail. */
void server_make(struct server *server); /* and starts it */
void server_start(struct server *server);
void server_stop(struct server *server); /* a fast shutdown: sessions are ended */
void server_remove(struct server *server);

/* A hot standby of `primary`. */
void server_make_standby(struct server *standby, const struct server *primary);

void server_make_schema(struct server *server); /* migrations and views of sql/, applied by rollcall */

/* Runs SQL as the administrator, in the database rollcall. */
void server_run(const struct server *server, const char *sql);

/* One value as text, "" for NULL or no row; good until the next but seven calls. */
const char *server_value(const struct server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
long long server_number(const struct server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

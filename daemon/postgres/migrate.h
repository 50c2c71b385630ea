/*
 * Migrations: forward only, under an advisory lock, each file's SHA-256 recorded and checked. Views and functions are
 * laid anew (CREATE OR REPLACE) whenever their text changed or somebody dropped them.
 *
 * What `rollcall migrate` executes and what it prints for a database administrator is one and the same script.
 */
#ifndef POSTGRES_MIGRATE_H
#define POSTGRES_MIGRATE_H

#include "base/buffer.h"
#include "postgres/connection.h"

enum migrate_state {
    MIGRATE_CURRENT,   /* nothing to do */
    MIGRATE_MISSING,   /* no schema yet */
    MIGRATE_OLDER,     /* migrations or views of this program are not applied */
    MIGRATE_NEWER,     /* the database knows migrations or views that this program does not */
    MIGRATE_ALTERED,   /* an applied migration's checksum is another, or a column stands against us */
    MIGRATE_FORBIDDEN, /* this role lacks a privilege that a cycle needs */
};

struct migrate_report {
    enum migrate_state state;
    bool may_migrate;            /* this role owns the schema or may create it */
    char detail[ERROR_TEXT_MAX]; /* one sentence for a person: which file, column or privilege, what to do */
    int applied;                 /* with migrate_run: how many files were applied now */
};

/* The report says how things stand when the reply is DONE or a refusal of migrate_run. Valid during the callback. */
typedef void (*migrate_cb)(void *context, const struct connection_reply *reply,
                           const struct migrate_report *report);

/* Reads only. */
void migrate_inspect(struct connection *connection, migrate_cb reply_cb, void *context);

/* Brings the schema up to date, in one transaction. FAILED with ERROR_CONFIG and the report's detail when the schema is
 * newer or altered or this role may not. */
void migrate_run(struct connection *connection, migrate_cb reply_cb, void *context);

/* GRANTs the published views and functions to an existing role. ERROR_CONFIG when there is no such role. */
void migrate_grant_reader(struct connection *connection, const char *role, connection_reply_cb reply_cb,
                          void *context);

/* The whole SQL for a DBA, as one psql script that records itself in schema_migration. */
void migrate_print(struct buffer *buffer);

#endif

/*
 * Migrations: forward only, under an advisory lock, each file's SHA-256 recorded and checked. Views and functions are
 * laid anew (CREATE OR REPLACE) whenever their text changed.
 */
#ifndef POSTGRES_MIGRATE_H
#define POSTGRES_MIGRATE_H

#include "base/buffer.h"
#include "postgres/connection.h"

enum migrate_state {
    MIGRATE_CURRENT, /* nothing to do */
    MIGRATE_MISSING, /* no schema yet */
    MIGRATE_OLDER,   /* migrations or views of this program are not applied */
    MIGRATE_NEWER,   /* the database knows migrations that this program does not */
    MIGRATE_ALTERED, /* an applied migration's checksum is another, or a column we need is missing or retyped */
};

struct migrate_report {
    enum migrate_state state;
    bool may_migrate; /* this role owns the schema or may create it */
    char detail[512]; /* which file or column, for a person */
    int applied;      /* with migrate_run: how many files were applied now */
};

typedef void (*migrate_cb)(void *context, const struct connection_reply *reply,
                           const struct migrate_report *report);

void migrate_inspect(struct connection *connection, migrate_cb reply_cb, void *context); /* reads only */
void migrate_run(struct connection *connection, migrate_cb reply_cb, void *context);

/* GRANTs the published views and functions to an existing role. ERROR_CONFIG when there is no such role. */
void migrate_grant_reader(struct connection *connection, const char *role, connection_reply_cb reply_cb,
                          void *context);

/* The whole SQL for a DBA, as one script that records itself in schema_migration. */
void migrate_print(struct buffer *buffer);

#endif

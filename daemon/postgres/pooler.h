/*
 * Does a connection pooler stand in between that hands out another server session for each transaction? Behind one, the
 * writer's lock, settings and prepared statements belong to nobody or to somebody else. A pooler that keeps a session
 * for as long as its client is connected is as good as none.
 */
#ifndef POSTGRES_POOLER_H
#define POSTGRES_POOLER_H

#include "postgres/connection.h"

struct pooler; /* opaque: a detection under way */

/* Tries it on a connection that is open and idle and stays so until the reply. Without a pooler this takes one round trip.
 * With one, a second connection with the same settings (whose texts must last as long) is opened for a moment: DONE when
 * the session proves to be ours, and also when no second connection can be had, because a pooler whose sessions are all
 * taken shares none; FAILED with ERROR_CONFIG when it is not ours; FAILED or LOST when `connection` refuses or breaks. */
struct pooler *pooler_detect(uv_loop_t *loop, struct connection *connection,
                             const struct connection_settings *settings, connection_reply_cb reply_cb,
                             void *context);

/* No reply comes any more. To be called before the connection is closed; NULL is allowed. */
void pooler_cancel(struct pooler *pooler);

#endif

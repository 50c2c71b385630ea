/*
 * COPY in both directions, as fast as the other side takes or gives it and never faster.
 */
#include "postgres/connection_private.h"

#include "postgres/sql.h"

#include <string.h>

/* --- to the server ------------------------------------------------------------------------------------------------ */

void connection_copy_in(struct connection *connection, const char *query, connection_fill_cb fill_cb,
                        connection_reply_cb reply_cb, void *context)
{
    if (!statement_begin(connection, reply_cb, context))
        return;
    connection->statement.query = query;
    connection->statement.fill_cb = fill_cb;
    statement_sent(connection, PQsendQuery(connection->pg, sql_query(query)), STATEMENT_RUNNING);
}

static void end_copy_in(struct connection *connection, const char *reason)
{
    connection->statement.phase = STATEMENT_RUNNING;
    if (PQputCopyEnd(connection->pg, reason) != 1)
        connection_lose_broken(connection);
}

/* What fill_cb makes next; on its failure the COPY is given up. 1, 0 after the last piece, or a negative class. */
static int make_piece(struct connection *connection)
{
    struct statement *statement = &connection->statement;
    struct buffer *piece = &connection->copy;
    struct error error;

    buffer_clear(piece);
    int more = statement->fill_cb(statement->context, piece, &error);
    if (more >= 0 && piece->overflowed)
        more = error_set(&error, ERROR_INTERNAL, "a piece of the COPY of %s is too long", statement->query);
    if (more < 0)
        statement_fail(connection, &error);
    return more;
}

/* The next piece, once the former one has left: one piece an event, the loop turns in between. When the server refused an
 * earlier piece, its answer is here already by the time of the last one. */
bool copy_in_advance(struct connection *connection)
{
    const struct buffer *piece = &connection->copy;

    if (PQflush(connection->pg) != 0)
        return false; /* the socket is full; or broken, which the next read finds */
    int more = make_piece(connection);
    if (more < 0)
        end_copy_in(connection, "given up");
    else if (piece->length > 0 && PQputCopyData(connection->pg, piece->data, (int)piece->length) != 1)
        connection_lose_broken(connection);
    else if (more == 0)
        end_copy_in(connection, NULL);
    return more <= 0;
}

/* --- from the server ---------------------------------------------------------------------------------------------- */

void connection_copy_out(struct connection *connection, const char *query, connection_piece_cb piece_cb,
                         connection_reply_cb reply_cb, void *context)
{
    if (!statement_begin(connection, reply_cb, context))
        return;
    connection->statement.query = query;
    connection->statement.piece_cb = piece_cb;
    statement_sent(connection, PQsendQuery(connection->pg, sql_query(query)), STATEMENT_RUNNING);
}

bool copy_out_advance(struct connection *connection)
{
    struct statement *statement = &connection->statement;
    struct error error;
    char *piece = NULL;
    int length = PQgetCopyData(connection->pg, &piece, 1);

    if (length > 0 && !statement->refused &&
        statement->piece_cb(statement->context, piece, (size_t)length, &error) < 0)
        statement_fail(connection, &error);
    PQfreemem(piece);
    if (length < 0) /* the end, or an error: the result that follows says which */
        statement->phase = STATEMENT_RUNNING;
    return length != 0;
}

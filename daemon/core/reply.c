/*
 * Both answers are {count, rows}: every row is looked at before one is believed, and nothing of them is quoted.
 */
#include "core/reply.h"

#include "core/document.h"

#include <string.h>

/* The rows of {count, rows}, borrowed; NULL with the error. */
static const json_t *find_rows(const json_t *answer, struct error *error)
{
    const json_t *count = json_object_get(answer, "count");
    const json_t *rows = json_object_get(answer, "rows");

    if (!json_is_object(answer))
        document_wrong_type("the answer", answer, "an object", error);
    else if (!json_is_array(rows))
        document_wrong_type("the answer's rows", rows, "a list", error);
    else if (!json_is_integer(count))
        document_wrong_type("the answer's count", count, "an integer", error);
    else if (json_integer_value(count) != (json_int_t)json_array_size(rows))
        error_set(error, ERROR_MALFORMED, "the answer's count is %lld, but it has %zu rows",
                  (long long)json_integer_value(count), json_array_size(rows));
    else
        return rows;
    return NULL;
}

/* --- users -------------------------------------------------------------------------------------------------------- */

static size_t place_of(const struct uuid *id, const struct uuid *ids, size_t count)
{
    size_t place = 0;

    while (place < count && !uuid_equal(&ids[place], id))
        place++;
    return place;
}

static int take_user(const json_t *row, const struct uuid *ids, size_t count, bool *found,
                     struct error *error)
{
    struct uuid id;

    if (!json_is_object(row))
        return document_wrong_type("a row of the answer", row, "an object", error);
    int status = document_uuid("the id of a row", json_object_get(row, "id"), &id, error);
    if (status < 0)
        return status;
    size_t place = place_of(&id, ids, count);
    if (place == count)
        return error_set(error, ERROR_MALFORMED, "the answer has a user who was not asked for");
    if (found[place])
        return error_set(error, ERROR_MALFORMED, "the answer has a user twice");
    found[place] = true;
    return 0;
}

int reply_users(const char *text, size_t length, const struct uuid *ids, size_t count, bool *ret_found,
                struct error *error)
{
    bool found[REPLY_USERS_MAX] = {false};
    json_t *answer = document_parse("the answer", text, length, error);
    const json_t *rows = answer ? find_rows(answer, error) : NULL;
    int status = rows ? 0 : -(int)ERROR_MALFORMED;

    for (size_t i = 0; status == 0 && i < json_array_size(rows); i++)
        status = take_user(json_array_get(rows, i), ids, count, found, error);
    if (status == 0)
        memcpy(ret_found, found, count * sizeof(*found));
    json_decref(answer);
    return status;
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

static bool is_key(const json_t *id, const char *key, size_t length)
{
    const char *text = json_string_value(id);
    struct uuid left, right;

    if (!text || json_string_length(id) != length)
        return false;
    if (uuid_parse(text, length, &left) && uuid_parse(key, length, &right))
        return uuid_equal(&left, &right);
    return memcmp(text, key, length) == 0;
}

static int take_token(const json_t *row, struct reply_token *token, struct error *error)
{
    const json_t *expiry = json_object_get(row, "expiry");
    int status = document_uuid("the token's user_id", json_object_get(row, "user_id"), &token->user_id,
                               error);

    if (status == 0 && !document_is_absent(expiry))
        status = document_time("the token's expiry", expiry, &token->expiry_us, error);
    return status;
}

static int find_token(const json_t *rows, const char *key, size_t key_length, const json_t **ret_row,
                      struct error *error)
{
    const json_t *row = json_array_get(rows, 0);

    if (json_array_size(rows) != 1)
        return error_set(error, ERROR_MALFORMED, "the answer has %zu rows, expected the one of this token",
                         json_array_size(rows));
    if (!json_is_object(row))
        return document_wrong_type("the answer's row", row, "an object", error);
    if (!is_key(json_object_get(row, "id"), key, key_length))
        return error_set(error, ERROR_MALFORMED, "the answer is about another token");
    *ret_row = row;
    return 0;
}

int reply_token(const char *text, size_t length, const char *key, size_t key_length,
                struct reply_token *ret_token, struct error *error)
{
    struct reply_token token = {.expiry_us = 0};
    json_t *answer = document_parse("the answer", text, length, error);
    const json_t *rows = answer ? find_rows(answer, error) : NULL;
    const json_t *row = NULL;
    int status = rows ? find_token(rows, key, key_length, &row, error) : -(int)ERROR_MALFORMED;

    if (status == 0)
        status = take_token(row, &token, error);
    if (status == 0)
        *ret_token = token;
    json_decref(answer);
    return status;
}

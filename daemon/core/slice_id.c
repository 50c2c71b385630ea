/*
 * Reading the id of a slice that jansson refused.
 *
 * Its structure is checked to the last byte. A record whose quotes or brackets are out of place can swallow its
 * neighbours: one slice then holds several members, and the first id found in it would vouch for one of them and give
 * up the others. In such a slice a key or a text stands bare outside of strings, or a bracket stands where a key
 * belongs; it is no sound structure and has no readable id. What strings and words hold is not judged here: a surrogate
 * or a number too long spoils its own record only.
 */
#include "core/slice.h"

#include "core/json_byte.h"

#include <string.h>

struct reader {
    const char *at, *end;
};

struct string {
    const char *text; /* between the quotes, escapes not resolved */
    size_t length;
};

static bool take_byte(struct reader *reader, char byte)
{
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && json_is_space(*reader->at))
        reader->at++;
}

static bool read_string(struct reader *reader, struct string *ret_string)
{
    skip_space(reader);
    if (!take_byte(reader, '"'))
        return false;
    ret_string->text = reader->at;
    while (reader->at < reader->end && *reader->at != '"')
        reader->at += *reader->at == '\\' && reader->at + 1 < reader->end ? 2 : 1;
    ret_string->length = (size_t)(reader->at - ret_string->text);
    return take_byte(reader, '"');
}

static bool skip_scalar(struct reader *reader)
{
    const char *from = reader->at;

    while (reader->at < reader->end && json_is_scalar(*reader->at))
        reader->at++;
    return reader->at > from;
}

/* Behind a member or an element: true when another one follows, else *ret_sound says whether the list ends rightly. */
static bool read_on(struct reader *reader, char closing, bool *ret_sound)
{
    skip_space(reader);
    if (take_byte(reader, ','))
        return true;
    *ret_sound = take_byte(reader, closing);
    return false;
}

static bool skip_value(struct reader *reader, unsigned depth);

/* Key and colon. */
static bool read_key(struct reader *reader, struct string *ret_key)
{
    if (!read_string(reader, ret_key))
        return false;
    skip_space(reader);
    return take_byte(reader, ':');
}

static bool skip_object(struct reader *reader, unsigned depth)
{
    struct string key;
    bool sound = false;

    skip_space(reader);
    if (take_byte(reader, '}'))
        return true;
    do {
        if (!read_key(reader, &key) || !skip_value(reader, depth))
            return false;
    } while (read_on(reader, '}', &sound));
    return sound;
}

static bool skip_array(struct reader *reader, unsigned depth)
{
    bool sound = false;

    skip_space(reader);
    if (take_byte(reader, ']'))
        return true;
    do {
        if (!skip_value(reader, depth))
            return false;
    } while (read_on(reader, ']', &sound));
    return sound;
}

static bool skip_value(struct reader *reader, unsigned depth)
{
    struct string string;

    skip_space(reader);
    if (reader->at < reader->end && *reader->at == '"')
        return read_string(reader, &string);
    if (depth < SLICE_NESTING_MAX && take_byte(reader, '{'))
        return skip_object(reader, depth + 1);
    if (depth < SLICE_NESTING_MAX && take_byte(reader, '['))
        return skip_array(reader, depth + 1);
    return skip_scalar(reader);
}

/* One member of the outermost object; counts ids. False when what it means is in doubt: an escape in a key may spell
 * a second id. */
static bool read_member(struct reader *reader, struct uuid *id, unsigned *ids)
{
    struct string key, value;

    if (!read_key(reader, &key) || memchr(key.text, '\\', key.length))
        return false;
    if (key.length != 2 || memcmp(key.text, "id", 2) != 0)
        return skip_value(reader, 1);
    ++*ids;
    return read_string(reader, &value) && uuid_parse(value.text, value.length, id);
}

bool slice_read_id(const char *slice, size_t length, struct uuid *ret_user_id)
{
    struct reader reader = {slice, slice + length};
    struct uuid id;
    unsigned ids = 0;
    bool sound = false;

    if (!take_byte(&reader, '{'))
        return false;
    do {
        if (!read_member(&reader, &id, &ids))
            return false;
    } while (read_on(&reader, '}', &sound));
    if (!sound || ids != 1 || reader.at != reader.end)
        return false;
    *ret_user_id = id;
    return true;
}

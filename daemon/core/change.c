/*
 * Names of kinds and the images of members. Knows nothing of when a change is one: that is the diff's.
 */
#include "core/change.h"

#include "base/timestamp.h"
#include "base/utf8.h"

#include <string.h>

static const char *const kind_names[CHANGE_KIND_COUNT] = {
    [CHANGE_BASELINE] = "baseline",
    [CHANGE_JOINED] = "joined",
    [CHANGE_REJOINED] = "rejoined",
    [CHANGE_LEFT] = "left",
    [CHANGE_ROLE_CHANGED] = "role_changed",
    [CHANGE_ROLE_TOUCHED] = "role_touched",
    [CHANGE_PROFILE_CHANGED] = "profile_changed",
    [CHANGE_ORGANIZATION_CHANGED] = "organization_changed",
};

const char *change_kind_name(enum change_kind kind)
{
    return kind_names[kind];
}

bool change_kind_parse(const char *word, enum change_kind *ret_kind)
{
    for (size_t kind = 0; kind < CHANGE_KIND_COUNT; kind++) {
        if (strcmp(word, kind_names[kind]) == 0) {
            *ret_kind = (enum change_kind)kind;
            return true;
        }
    }
    return false;
}

static void add_timestamp(struct buffer *buffer, int64_t us)
{
    char text[TIMESTAMP_TEXT_MAX];

    timestamp_format(us, text);
    buffer_add_char(buffer, '"');
    buffer_add_text(buffer, text);
    buffer_add_char(buffer, '"');
}

static void add_known(struct buffer *buffer, enum field_type type, const struct field_value *value)
{
    switch (type) {
    case FIELD_TYPE_TEXT:
        utf8_add_json(buffer, value->text, value->length);
        break;
    case FIELD_TYPE_TIMESTAMP:
        add_timestamp(buffer, value->us);
        break;
    case FIELD_TYPE_FLAG:
        buffer_add_text(buffer, value->flag ? "true" : "false");
        break;
    case FIELD_TYPE_JSON:
        buffer_add(buffer, value->text, value->length);
        break;
    }
}

static void add_member_field(struct buffer *buffer, const struct member *member, size_t field)
{
    const struct field_info *info = &member_fields[field];
    const struct field_value *value = &member->fields[field];

    buffer_add_char(buffer, '"');
    buffer_add_text(buffer, info->column);
    buffer_add_text(buffer, "\":");
    if (value->known)
        add_known(buffer, info->type, value);
    else
        buffer_add_text(buffer, "null");
}

void image_add(struct buffer *buffer, const struct member *member, field_mask mask)
{
    const char *separator = "";

    buffer_add_char(buffer, '{');
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (!(mask & FIELD_BIT(field)))
            continue;
        buffer_add_text(buffer, separator);
        add_member_field(buffer, member, field);
        separator = ",";
    }
    buffer_add_char(buffer, '}');
}

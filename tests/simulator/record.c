#include "record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const record_attributes[] = {"email",      "name",      "city", "country_id", "locale_id",
                                         "created_at", "flag_plan", "id",   NULL};

struct record *record_new(const char *text, size_t length, enum record_form form)
{
    struct record *record = malloc(sizeof(*record) + length + 1);
    if (!record)
        abort();
    atomic_init(&record->references, 1);
    record->form = form;
    record->length = length;
    memcpy(record->text, text, length);
    record->text[length] = '\0';
    return record;
}

static enum record_form form_of(const json_t *member)
{
    size_t documented = 0;
    for (; record_attributes[documented]; documented++) {
        if (!json_object_get(member, record_attributes[documented]))
            return RECORD_OTHER;
    }
    bool has_role = json_object_get(member, "organizationRole") != NULL;
    return json_object_size(member) == documented + has_role ? RECORD_DOCUMENTED : RECORD_OTHER;
}

struct record *record_of_member(const json_t *member)
{
    char *text = json_dumps(member, JSON_COMPACT);
    if (!text)
        abort();
    struct record *record = record_new(text, strlen(text), form_of(member));
    free(text);
    return record;
}

json_t *record_parse(const struct record *record)
{
    json_t *member = json_loadb(record->text, record->length, JSON_ALLOW_NUL, NULL);
    if (member && !json_is_object(member)) {
        json_decref(member);
        return NULL;
    }
    return member;
}

struct record *record_hold(struct record *record)
{
    atomic_fetch_add_explicit(&record->references, 1, memory_order_relaxed);
    return record;
}

void record_release(struct record *record)
{
    if (record && atomic_fetch_sub_explicit(&record->references, 1, memory_order_acq_rel) == 1)
        free(record);
}

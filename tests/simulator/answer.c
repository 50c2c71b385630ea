#include "answer.h"

#include "random.h"
#include "scatter.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Stands for the list while head and tail of an answer are written; no value of an organization is this string. */
#define LIST_PLACE "the list 8f6c1d0e-5b0b-4a51-9a35-2d6e1c7f4b90 stands here"

/* head, the members with commas between them, tail. */
struct answer {
    struct record *head, *tail;
    struct record **members;
    size_t count;
    uint64_t length;
    size_t part, offset; /* where reading stands: 0 is the head, count + 1 the tail */
};

/* An answer that has no list yet: only its place. */
static struct answer *answer_new(size_t capacity)
{
    struct answer *answer = calloc(1, sizeof(*answer));
    if (!answer)
        abort();
    answer->members = calloc(capacity + 1, sizeof(struct record *));
    if (!answer->members)
        abort();
    return answer;
}

/* Takes the record over. */
static void add_member(struct answer *answer, struct record *record)
{
    answer->length += record->length + (answer->count > 0);
    answer->members[answer->count++] = record;
}

/* Takes both over. */
static void set_frame(struct answer *answer, struct record *head, struct record *tail)
{
    answer->head = head;
    answer->tail = tail;
    answer->length += head->length + tail->length;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

/* The documented list in any order: the usual request, which needs no look into the members. */
static bool names_all(json_t *attributes)
{
    size_t documented = 0;
    for (; record_attributes[documented]; documented++) {
        bool named = false;
        for (size_t index = 0; index < json_array_size(attributes); index++) {
            const char *name = json_string_value(json_array_get(attributes, index));
            named = named || strcmp(name, record_attributes[documented]) == 0;
        }
        if (!named)
            return false;
    }
    return json_array_size(attributes) == documented;
}

static json_t *select_attributes(json_t *object, json_t *attributes)
{
    if (!attributes)
        return json_incref(object);
    json_t *selected = json_object();
    for (size_t index = 0; index < json_array_size(attributes); index++) {
        const char *name = json_string_value(json_array_get(attributes, index));
        json_t *value = json_object_get(object, name);
        if (value)
            json_object_set(selected, name, value);
    }
    return selected;
}

struct selection {
    json_t *attributes, *where;
    bool with_role;
    bool all_documented; /* `attributes` asks for what a documented record has */
    uint64_t *scatter;   /* NULL = bytes as stored */
};

static bool is_served_as_stored(const struct record *record, const struct selection *selection)
{
    if (!selection->with_role)
        return false;
    if (record->form == RECORD_RAW)
        return true;
    if (json_object_size(selection->where) || selection->scatter)
        return false;
    return !selection->attributes || (selection->all_documented && record->form == RECORD_DOCUMENTED);
}

static struct record *record_of_selected(json_t *member, const struct selection *selection)
{
    json_t *selected = select_attributes(member, selection->attributes);
    json_t *role = json_object_get(member, "organizationRole");
    if (selection->with_role && role)
        json_object_set(selected, "organizationRole", role);
    else if (!selection->with_role)
        json_object_del(selected, "organizationRole");
    char *text = selection->scatter ? scatter_dump(selected, selection->scatter)
                                    : json_dumps(selected, JSON_COMPACT);
    struct record *record = record_new(text, strlen(text), RECORD_OTHER);
    free(text);
    json_decref(selected);
    return record;
}

/* Takes the record over. NULL when the member is not among those asked for. */
static struct record *select_record(struct record *record, const struct selection *selection)
{
    if (is_served_as_stored(record, selection))
        return record;
    json_t *member = record_parse(record);
    bool wanted = member && query_matches(member, selection->where);
    struct record *selected = wanted ? record_of_selected(member, selection) : NULL;
    json_decref(member);
    record_release(record);
    return selected;
}

/* Takes the view's records over. */
static struct answer *answer_of_members(struct view *view, const struct selection *selection)
{
    struct answer *answer = answer_new(view->count);
    uint64_t random = view->member_seed;
    if (view->member_seed)
        random_shuffle(&random, (void **)view->records, view->count);
    for (size_t index = 0; index < view->count; index++) {
        struct record *record = select_record(view->records[index], selection);
        if (record)
            add_member(answer, record);
    }
    view->count = 0;
    return answer;
}

/* --- what stands around them -------------------------------------------------------------------------------------- */

static char *dump(json_t *value, uint64_t *scatter)
{
    char *text = scatter ? scatter_dump(value, scatter) : json_dumps(value, JSON_COMPACT);
    if (!text)
        abort();
    return text;
}

/* Puts the list where `envelope` (taken over) has LIST_PLACE, or leaves it out where there is no such place. */
static void frame(struct answer *answer, json_t *envelope, uint64_t *scatter)
{
    char *text = dump(envelope, scatter);
    char *place = strstr(text, "\"" LIST_PLACE "\"");
    if (place) {
        char *rest = place + strlen(LIST_PLACE) + 1; /* its closing quote makes room for the bracket */
        *place = '[';
        *rest = ']';
        set_frame(answer, record_new(text, (size_t)(place - text) + 1, RECORD_RAW),
                  record_new(rest, strlen(rest), RECORD_RAW));
    } else {
        set_frame(answer, record_new(text, strlen(text), RECORD_RAW), record_new("", 0, RECORD_RAW));
    }
    free(text);
    json_decref(envelope);
}

static struct answer *answer_without_members(json_t *envelope, uint64_t *scatter)
{
    struct answer *answer = answer_new(0);
    frame(answer, envelope, scatter);
    return answer;
}

static struct answer *answer_row(struct view *view, const struct query *query, uint64_t *scatter)
{
    json_t *row = select_attributes(view->fields, query->attributes);
    json_t *envelope = json_pack("{s:i, s:[O]}", "count", 1, "rows", row);
    struct answer *answer;
    if (query->with_users) {
        struct selection selection = {.attributes = query->user_attributes,
                                      .where = query->user_where,
                                      .with_role = true,
                                      .all_documented = names_all(query->user_attributes),
                                      .scatter = scatter};
        json_object_set_new(row, "users", json_string(LIST_PLACE));
        answer = answer_of_members(view, &selection);
        frame(answer, envelope, scatter);
    } else {
        answer = answer_without_members(envelope, scatter);
    }
    json_decref(row);
    return answer;
}

static struct answer *organization_answer(struct view *view, const struct query *query)
{
    uint64_t random = view->text_seed;
    uint64_t *scatter = view->text_seed ? &random : NULL;
    if (view->body)
        return answer_bytes(view->body->text, view->body->length);
    if (!query_matches(view->fields, query->where))
        return answer_without_members(json_pack("{s:i, s:[]}", "count", 0, "rows"), scatter);
    return answer_row(view, query, scatter);
}

struct answer *answer_organization(struct view *view, const struct query *query)
{
    struct answer *answer = organization_answer(view, query);
    view_done(view);
    return answer;
}

struct answer *answer_users(struct view *view, const struct query *query)
{
    uint64_t random = view->text_seed;
    uint64_t *scatter = view->text_seed ? &random : NULL;
    struct selection selection = {.attributes = query->attributes, .where = query->where, .scatter = scatter};
    struct answer *answer = answer_of_members(view, &selection);
    frame(answer, json_pack("{s:I, s:s}", "count", (json_int_t)answer->count, "rows", LIST_PLACE), scatter);
    view_done(view);
    return answer;
}

struct answer *answer_token(json_t *row, const struct query *query)
{
    json_t *rows = json_array();
    if (query_matches(row, query->where))
        json_array_append_new(rows, select_attributes(row, query->attributes));
    json_decref(row);
    return answer_without_members(
        json_pack("{s:I, s:o}", "count", (json_int_t)json_array_size(rows), "rows", rows), NULL);
}

struct answer *answer_bytes(const char *bytes, size_t length)
{
    struct answer *answer = answer_new(0);
    set_frame(answer, record_new(bytes, length, RECORD_RAW), record_new("", 0, RECORD_RAW));
    return answer;
}

static const char *description_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *description;
    } known[] = {{400, "Bad Request"}, {401, "Unauthorized"},       {403, "Forbidden"},
                 {404, "Not Found"},   {413, "Payload Too Large"},  {429, "Too Many Requests"},
                 {502, "Bad Gateway"}, {503, "Service Unavailable"}};
    for (size_t index = 0; index < sizeof(known) / sizeof(*known); index++) {
        if (known[index].status == status)
            return known[index].description;
    }
    return "Internal Server Error";
}

struct answer *answer_error(unsigned status, const char *message)
{
    json_t *envelope = json_pack("{s:{s:i, s:s}, s:s}", "type", "code", (int)status, "description",
                                 description_of(status), "message", message);
    char *text = dump(envelope, NULL);
    struct answer *answer = answer_bytes(text, strlen(text));
    free(text);
    json_decref(envelope);
    return answer;
}

void answer_free(struct answer *answer)
{
    if (!answer)
        return;
    for (size_t index = 0; index < answer->count; index++)
        record_release(answer->members[index]);
    record_release(answer->head);
    record_release(answer->tail);
    free(answer->members);
    free(answer);
}

uint64_t answer_length(const struct answer *answer)
{
    return answer->length;
}

static const struct record *part_at(const struct answer *answer, size_t part)
{
    if (part == 0)
        return answer->head;
    return part <= answer->count ? answer->members[part - 1] : answer->tail;
}

/* Where a part ends, a comma follows when it is a member and another member comes. */
static size_t end_part(struct answer *answer, char *buffer)
{
    bool between = answer->part > 0 && answer->part < answer->count;
    answer->part++;
    answer->offset = 0;
    if (between)
        *buffer = ',';
    return between;
}

size_t answer_read(struct answer *answer, char *buffer, size_t size)
{
    size_t filled = 0;
    while (filled < size && answer->part <= answer->count + 1) {
        const struct record *part = part_at(answer, answer->part);
        size_t left = part->length - answer->offset;
        size_t taken = left < size - filled ? left : size - filled;
        memcpy(buffer + filled, part->text + answer->offset, taken);
        filled += taken;
        answer->offset += taken;
        if (answer->offset == part->length && filled < size)
            filled += end_part(answer, buffer + filled);
    }
    return filled;
}

/*
 * The plan as one JSON object. Changes are written as they are found; those that are held wait in a spool, because a
 * set's digest and reason are known last.
 */
#include "commands/plan_json.h"

#include "base/memory.h"
#include "base/spool.h"
#include "commands/held.h"
#include "commands/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELEMENT_MAX ((size_t)16 * 1024 * 1024)
#define HELD_MEMORY ((size_t)256 * 1024)

struct plan_json {
    struct buffer element;
    bool begun; /* the object's beginning was printed */
    bool any;   /* so was an element of "changes" */
    struct spool held[GUARD_CLASS_COUNT];
    struct error error; /* of a spool */
};

struct plan_json *plan_json_new(void)
{
    struct plan_json *json = memory_alloc(sizeof(*json));
    const char *directory = getenv("TMPDIR");

    buffer_init(&json->element, ELEMENT_MAX);
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++)
        spool_init(&json->held[i], HELD_MEMORY, directory ? directory : "/var/tmp");
    return json;
}

void plan_json_free(struct plan_json *json)
{
    if (!json)
        return;
    buffer_done(&json->element);
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++)
        spool_done(&json->held[i]);
    free(json);
}

/* --- one change --------------------------------------------------------------------------------------------------- */

/* Not before there is something to print: a plan that fails leaves no broken JSON behind. */
static void begin(struct plan_json *json)
{
    if (!json->begun)
        fputs("{\"changes\":[", stdout);
    json->begun = true;
}

static void add_field(struct buffer *element, const char *key, const struct field_value *value)
{
    buffer_add_format(element, ",\"%s\":", key);
    json_add_text(element, value->known ? value->text : NULL);
}

static void add_image(struct buffer *element, const char *key, const char *image, size_t length)
{
    buffer_add_format(element, ",\"%s\":", key);
    buffer_add(element, image ? image : "null", image ? length : strlen("null"));
}

/* Prints the element, or keeps it for each class that holds it. */
static void put(struct plan_json *json, guard_mask held)
{
    for (size_t i = 0; i < GUARD_CLASS_COUNT; i++)
        if ((held & GUARD_BIT(i)) != 0 && json->error.class == ERROR_NONE &&
            spool_append(&json->held[i], json->element.data, json->element.length, &json->error) < 0)
            break; /* told at the end */
    if (held == 0) {
        begin(json);
        fputs(json->any ? ",\n  " : "\n  ", stdout);
        json->any = true;
        json_print(stdout, &json->element);
    }
    buffer_clear(&json->element);
}

static void put_change(struct plan_json *json, const struct finding *finding, const char *kind,
                       const struct change *change)
{
    const struct member *member = &finding->after->member;
    struct buffer *element = &json->element;
    char user[UUID_TEXT_LENGTH + 1];

    uuid_format(&member->user_id, user);
    buffer_add_format(element, "{\"kind\":\"%s\",\"user_id\":\"%s\"", kind, user);
    add_field(element, "email", &member->fields[FIELD_EMAIL]);
    add_field(element, "name", &member->fields[FIELD_NAME]);
    if (change) {
        add_image(element, "old_values", change->old_values, change->old_length);
        add_image(element, "new_values", change->new_values, change->new_length);
    }
    buffer_add_char(element, '}');
    put(json, finding->held);
}

void plan_json_finding_cb(void *context, const struct finding *finding)
{
    struct plan_json *json = context;

    for (size_t i = 0; i < finding->change_count; i++)
        put_change(json, finding, change_kind_name(finding->changes[i].kind), &finding->changes[i]);
    if (finding->repaired)
        put_change(json, finding, "repaired", NULL);
    if (finding->absent && finding->change_count == 0)
        put_change(json, finding, "absent", NULL);
}

/* --- what is held ------------------------------------------------------------------------------------------------- */

static int print_spool(struct plan_json *json, struct spool *spool, struct error *error)
{
    struct spool_reader reader;
    const char *separator = "\n    ";
    const void *record;
    size_t length;
    int status;

    spool_reader_init(&reader, spool);
    while ((status = spool_next(&reader, &record, &length, error)) > 0) {
        fputs(separator, stdout);
        buffer_add(&json->element, record, length);
        json_print(stdout, &json->element);
        separator = ",\n    ";
    }
    spool_reader_done(&reader);
    return status;
}

static int print_set(struct plan_json *json, enum guard_class class, const struct hold_result *hold,
                     struct error *error)
{
    char digest[HELD_DIGEST_TEXT];

    held_digest_format(hold->digest, digest);
    buffer_add_format(&json->element,
                      "{\"class\":\"%s\",\"digest\":\"%s\",\"members\":%u,\"rejected\":%s,\"reason\":",
                      guard_class_name(class), digest, hold->members, hold->silenced ? "true" : "false");
    json_add_text(&json->element, hold->reason);
    buffer_add_text(&json->element, ",\"changes\":[");
    json_print(stdout, &json->element);
    int status = print_spool(json, &json->held[class], error);
    fputs("]}", stdout);
    return status;
}

static int print_held(struct plan_json *json, const struct runner_summary *summary, struct error *error)
{
    const char *separator = "\n  ";
    int status = 0;

    fputs("],\n \"held\":[", stdout);
    for (size_t i = 0; status == 0 && i < GUARD_CLASS_COUNT; i++) {
        if (summary->holds[i].verdict != HOLD_STANDS)
            continue;
        fputs(separator, stdout);
        status = print_set(json, (enum guard_class)i, &summary->holds[i], error);
        separator = ",\n  ";
    }
    return status;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void print_summary(struct plan_json *json, const struct runner_summary *summary)
{
    const struct changeset_counts *counts = &summary->counts;

    buffer_add_text(&json->element, "],\n \"organization\":{\"organization_id\":");
    json_add_text(&json->element, summary->organization_id);
    buffer_add_text(&json->element, ",\"display_name\":");
    json_add_text(&json->element, summary->display_name);
    json_print(stdout, &json->element);
    printf(",\"members\":%u,\"renamed\":%s},\n \"first_load\":%s,\n", summary->members,
           summary->organization_renamed ? "true" : "false", summary->first_load ? "true" : "false");
    printf(
        " \"counts\":{\"added\":%u,\"removed\":%u,\"role_changed\":%u,\"role_touched\":%u,\"profile_changed\":%u,"
        "\"repaired\":%u,\"absent\":%u,\"returned\":%u,\"rejected\":%u,\"held\":%u}}\n",
        counts->added, counts->removed, counts->role_changed, counts->role_touched, counts->profile_changed,
        counts->repaired, counts->absent, counts->returned, counts->rejected, counts->held);
}

int plan_json_end(struct plan_json *json, const struct runner_summary *summary, struct error *error)
{
    if (json->error.class != ERROR_NONE) {
        *error = json->error;
        return -(int)error->class;
    }
    begin(json);
    int status = print_held(json, summary, error);
    if (status == 0)
        print_summary(json, summary);
    return status;
}

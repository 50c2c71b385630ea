/*
 * The change log replayed: who is a member with which fields, from nothing but the log's rows in their order. Fails the
 * test when a row does not follow from those before it.
 */
#ifndef TESTS_UNIT_CORE_REPLAY_H
#define TESTS_UNIT_CORE_REPLAY_H

#include "base/arena.h"
#include "base/memory.h"
#include "base/timestamp.h"
#include "core/change.h"
#include "core/record.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct replayed {
    struct uuid user_id;
    bool present;
    bool was_owner; /* by the old values of some row */
    int64_t first_seen_at, last_changed_at, last_seen_at;
    struct buffer record; /* record.h's row: the fields, of a tombstone as they were last */
};

/* A zeroed one is empty. */
struct replay {
    struct replayed *list;
    size_t count;
};

static void replay_done(struct replay *replay)
{
    for (size_t i = 0; i < replay->count; i++)
        buffer_done(&replay->list[i].record);
    free(replay->list);
    *replay = (struct replay){.count = 0};
}

static struct replayed *replay_find(const struct replay *replay, const struct uuid *user_id)
{
    for (size_t i = 0; i < replay->count; i++) {
        if (uuid_equal(&replay->list[i].user_id, user_id))
            return &replay->list[i];
    }
    return NULL;
}

/* The row that the log gives, as far as it knows: no absence, no digests. */
static struct member_row replay_row(const struct replayed *replayed)
{
    struct member_row row;

    record_read_row(replayed->record.data, replayed->record.length, &row);
    row.first_seen_at = replayed->first_seen_at;
    row.last_changed_at = replayed->last_changed_at;
    row.last_seen_at = replayed->last_seen_at;
    row.removed_at = replayed->present ? 0 : replayed->last_changed_at;
    row.absent_since = row.removed_at;
    return row;
}

static bool replay_was_owner(const struct replay *replay, const struct uuid *user_id)
{
    const struct replayed *replayed = replay_find(replay, user_id);

    return replayed && replayed->was_owner;
}

static uint32_t replay_present(const struct replay *replay)
{
    uint32_t present = 0;

    for (size_t i = 0; i < replay->count; i++)
        present += replay->list[i].present;
    return present;
}

/* --- images ------------------------------------------------------------------------------------------------------- */

static struct field_value image_value(enum field_type type, json_t *value, struct arena *arena)
{
    struct field_value field = {.known = !json_is_null(value)};
    const char *text = json_string_value(value);

    if (!field.known)
        return field;
    if (type == FIELD_TYPE_FLAG) {
        assert_true(json_is_boolean(value));
        field.flag = json_is_true(value);
    } else if (type == FIELD_TYPE_TIMESTAMP) {
        assert_true(text && timestamp_parse(text, strlen(text), &field.us));
    } else if (type == FIELD_TYPE_TEXT) {
        assert_non_null(text);
        field = (struct field_value){
            .known = true, .text = arena_copy(arena, text, strlen(text)), .length = strlen(text)};
    } else {
        char *object = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
        field.text = arena_copy(arena, object, strlen(object));
        field.length = strlen(object);
        free(object);
    }
    return field;
}

/* Sets the fields that stand in the image, and returns which. */
static field_mask image_read(const char *image, size_t length, struct member *member, struct arena *arena)
{
    json_t *object = json_loadb(image, length, JSON_REJECT_DUPLICATES, NULL);
    field_mask fields = 0;

    assert_non_null(object);
    for (size_t field = 0; field < FIELD_COUNT; field++) {
        json_t *value = json_object_get(object, member_fields[field].column);
        if (!value)
            continue;
        member->fields[field] = image_value(member_fields[field].type, value, arena);
        fields |= FIELD_BIT(field);
    }
    assert_int_equal(json_object_size(object), __builtin_popcount(fields));
    json_decref(object);
    return fields;
}

/* --- one row of the log ------------------------------------------------------------------------------------------- */

/* The image says what is known of these fields, and nothing else. */
static void assert_image(const struct member *known, field_mask fields, const char *image, size_t length,
                         struct arena *arena)
{
    struct member said = *known;

    assert_int_equal(image_read(image, length, &said, arena), fields);
    assert_true(member_equal(known, &said));
}

static bool arrives(enum change_kind kind)
{
    return kind == CHANGE_BASELINE || kind == CHANGE_JOINED || kind == CHANGE_REJOINED;
}

static void replay_arrival(struct replayed *replayed, const struct change *change, bool known,
                           struct member *member, struct arena *arena)
{
    assert_true(change->kind != CHANGE_JOINED || !known);
    assert_true(change->kind != CHANGE_REJOINED || (known && !replayed->present));
    assert_null(change->old_values);
    assert_int_equal(image_read(change->new_values, change->new_length, member, arena), FIELD_MASK_ALL);
    replayed->present = true;
}

static void replay_departure(struct replayed *replayed, const struct change *change,
                             const struct member *member, struct arena *arena)
{
    assert_true(replayed->present);
    assert_null(change->new_values);
    assert_image(member, FIELD_MASK_ALL, change->old_values, change->old_length, arena);
    replayed->present = false;
}

static void replay_difference(struct replayed *replayed, const struct change *change, struct member *member,
                              struct arena *arena)
{
    struct member before = *member;

    assert_true(replayed->present);
    field_mask fields = image_read(change->new_values, change->new_length, member, arena);
    assert_true(fields != 0);
    assert_image(&before, fields, change->old_values, change->old_length, arena);
    for (size_t field = 0; field < FIELD_COUNT; field++) { /* each of them differs */
        if (fields & FIELD_BIT(field))
            assert_false(
                field_value_equal(member_fields[field].type, &before.fields[field], &member->fields[field]));
    }
}

static struct replayed *replay_add(struct replay *replay, const struct uuid *user_id)
{
    replay->list = memory_grow(replay->list, replay->count + 1, sizeof(*replay->list));
    struct replayed *replayed = &replay->list[replay->count++];
    *replayed = (struct replayed){.user_id = *user_id};
    return replayed;
}

static void note_times(struct replayed *replayed, const struct change *change, int64_t asked)
{
    int64_t seen = change->kind == CHANGE_LEFT ? change->observed_after : asked;

    if (replayed->first_seen_at == 0 || change->observed_at < replayed->first_seen_at)
        replayed->first_seen_at = change->observed_at;
    if (change->observed_at > replayed->last_changed_at)
        replayed->last_changed_at = change->observed_at;
    if (seen > replayed->last_seen_at)
        replayed->last_seen_at = seen;
}

static void keep_member(struct replayed *replayed, const struct member *member)
{
    struct buffer record;

    buffer_init(&record, 1 << 20);
    record_add_row(&record, &(struct member_row){.member = *member});
    buffer_done(&replayed->record);
    replayed->record = record;
}

/* asked: of the poll that wrote the row. */
static void replay_change(struct replay *replay, const struct change *change, int64_t asked)
{
    struct replayed *replayed = replay_find(replay, &change->user_id);
    bool known = replayed != NULL;
    struct member member = {.user_id = change->user_id};
    struct arena arena;

    if (change->kind == CHANGE_ORGANIZATION_CHANGED)
        return;
    arena_init(&arena);
    if (known)
        member = replay_row(replayed).member;
    else
        replayed = replay_add(replay, &change->user_id);
    if (change->old_values && change->kind != CHANGE_BASELINE)
        replayed->was_owner |= member_is_owner(&member) && strstr(change->old_values, "\"flag_own\":true");
    if (arrives(change->kind))
        replay_arrival(replayed, change, known, &member, &arena);
    else if (change->kind == CHANGE_LEFT)
        replay_departure(replayed, change, &member, &arena);
    else
        replay_difference(replayed, change, &member, &arena);
    note_times(replayed, change, asked);
    keep_member(replayed, &member);
    arena_done(&arena);
}

/* The table's row is what the log gives. */
static void replay_assert_row(const struct replay *replay, const struct member_row *row)
{
    const struct replayed *replayed = replay_find(replay, &row->member.user_id);

    if (!replayed) { /* planted by hand, and set right to a tombstone */
        assert_true(row->removed_at != 0);
        return;
    }
    struct member_row known = replay_row(replayed);
    assert_int_equal(replayed->present, row->removed_at == 0);
    assert_true(member_equal(&known.member, &row->member));
}

#endif

/*
 * What the tests of the store share: a server for the whole program, whose tables are empty when a test begins; a loop
 * with a connection and a store, members out of nothing, and cycles written step by step or at once. Every poll is asked a minute after the last one and answered a second later.
 */
#ifndef UNIT_POSTGRES_STORE_DESK_H
#define UNIT_POSTGRES_STORE_DESK_H

#include "base/random.h"
#include "postgres/server.h"
#include "postgres/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US    ((int64_t)1000 * 1000)
#define MINUTE_US    (60 * SECOND_US)
#define FIRST_ASKED  ((int64_t)1767323045 * SECOND_US) /* 2026-01-02T03:04:05Z */
#define ORGANIZATION "< your organization id >"

static struct server server;

#define assert_value(expected, ...)  assert_string_equal(server_value(&server, __VA_ARGS__), expected)
#define assert_number(expected, ...) assert_int_equal(server_number(&server, __VA_ARGS__), expected)

struct desk {
    uv_loop_t loop;
    struct connection *connection;
    struct store *store;
    bool answered;
    struct connection_reply opened;
    struct store_reply reply;

    struct store_organization organization;
    struct roster *roster;
    struct changeset set;
    struct store_poll poll;
    struct store_cycle cycle;
};

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static inline void desk_await(struct desk *desk)
{
    while (!desk->answered)
        if (uv_run(&desk->loop, UV_RUN_ONCE) == 0 && !desk->answered)
            fail_msg("the loop has nothing left to wait for");
    desk->answered = false;
}

static inline void desk_on_opened(void *context, const struct connection_reply *reply)
{
    struct desk *desk = context;

    desk->answered = true;
    desk->opened = *reply;
}

static inline void desk_on_reply(void *context, const struct store_reply *reply)
{
    struct desk *desk = context;

    assert_false(desk->answered);
    desk->answered = true;
    desk->reply = *reply;
}

/* The call that was just made has not answered yet; now it has. */
static inline enum store_result desk_result(struct desk *desk)
{
    assert_false(desk->answered);
    desk_await(desk);
    return desk->reply.result;
}

#define assert_result(expected, actual) assert_int_equal(actual, expected)

/* --- coming and going --------------------------------------------------------------------------------------------- */

static inline void desk_connect(struct desk *desk)
{
    const struct connection_settings settings = {
        .conninfo = server.conninfo,
        .passfile = "",
        .connect_timeout_us = 20 * SECOND_US,
        .statement_timeout_us = 20 * SECOND_US,
        .lock_timeout_us = SECOND_US / 10,
    };

    desk->connection = connection_new(&desk->loop, &settings);
    connection_open(desk->connection, desk_on_opened, desk);
    desk_await(desk);
    assert_string_equal(desk->opened.error.text, "");
    desk->store = store_new(desk->connection, "default");
}

static inline void desk_begin_changes(struct desk *desk)
{
    changeset_init(&desk->set, (size_t)1 << 20, "/tmp");
}

/* The changes so far are of no interest any more. */
static inline void desk_drop_changes(struct desk *desk)
{
    changeset_done(&desk->set);
    desk_begin_changes(desk);
}

static inline void desk_open(struct desk *desk)
{
    memset(desk, 0, sizeof(*desk));
    uv_loop_init(&desk->loop);
    desk_connect(desk);
    desk_begin_changes(desk);
    desk->poll = (struct store_poll){.organization_id = ORGANIZATION,
                                     .asked = FIRST_ASKED,
                                     .answered = FIRST_ASKED + SECOND_US,
                                     .max_gap_us = 15 * MINUTE_US,
                                     .longest_turn_ms = 7};
    uuid_random(&desk->poll.poll_uuid);
}

static inline void desk_disconnect(struct desk *desk)
{
    store_free(desk->store);
    connection_close(desk->connection, NULL, NULL);
    while (uv_run(&desk->loop, UV_RUN_DEFAULT) != 0)
        ;
}

static inline void desk_close(struct desk *desk)
{
    desk_disconnect(desk);
    changeset_done(&desk->set);
    store_organization_done(&desk->organization);
    roster_free(desk->roster);
    assert_int_equal(uv_loop_close(&desk->loop), 0);
}

static inline enum store_result desk_load(struct desk *desk, bool full)
{
    roster_free(desk->roster);
    desk->roster = roster_new();
    store_load(desk->store, full, &desk->organization, desk->roster, desk_on_reply, desk);
    return desk_result(desk);
}

static inline void desk_next_poll(struct desk *desk, int64_t later_us)
{
    uuid_random(&desk->poll.poll_uuid);
    desk->poll.asked += later_us;
    desk->poll.answered += later_us;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static inline struct uuid user_id(int number)
{
    struct uuid id = {{0xf0}};

    /* Scattered, as random ids are. */
    uint32_t scattered = (uint32_t)number * 2654435761u;
    memcpy(id.bytes + 4, &scattered, sizeof(scattered));
    memcpy(id.bytes + 12, &number, sizeof(number));
    return id;
}

static inline struct digest slice_digest(int number)
{
    struct digest digest = {{0xd1}};

    memcpy(digest.bytes + 1, &number, sizeof(number));
    return digest;
}

static inline struct field_value text_value(const char *text)
{
    return (struct field_value){.known = true, .text = text, .length = strlen(text)};
}

static inline struct field_value flag_value(bool flag)
{
    return (struct field_value){.known = true, .flag = flag};
}

static inline struct field_value time_value(int64_t us)
{
    return (struct field_value){.known = true, .us = us};
}

/* A member as the first poll of the desk shows it. Its e-mail is good until the next but seven. */
static inline struct member_row some_member(const struct desk *desk, int number)
{
    static char emails[8][40];
    static size_t next;
    char *email = emails[next++ % 8];
    struct member_row row = {.member.user_id = user_id(number),
                             .first_seen_at = desk->poll.answered,
                             .last_changed_at = desk->poll.answered,
                             .last_seen_at = desk->poll.asked,
                             .slice_digest = slice_digest(number)};
    struct field_value *fields = row.member.fields;

    (void)snprintf(email, sizeof(emails[0]), "user%d@example.com", number);
    fields[FIELD_EMAIL] = text_value(email);
    fields[FIELD_NAME] = text_value("Ada \"Countess\" \xf0\x9f\x8c\x8d");
    fields[FIELD_USER_CREATED_AT] = time_value(FIRST_ASKED - 1);
    fields[FIELD_FLAG_MEMBER] = flag_value(true);
    fields[FIELD_FLAG_OWN] = flag_value(false);
    fields[FIELD_OTHER_FLAGS] = text_value("{\"flagA\":true,\"flagLonger\":\"x\",\"flagZ\":1}");
    return row;
}

static inline void add_change(struct desk *desk, enum change_kind kind, const struct member_row *row)
{
    bool has_old = kind != CHANGE_BASELINE && kind != CHANGE_JOINED && kind != CHANGE_REJOINED;
    struct buffer image;
    struct error error;

    buffer_init(&image, 65536);
    image_add(&image, &row->member, FIELD_MASK_ALL);
    const struct change change = {.kind = kind,
                                  .user_id = row->member.user_id,
                                  .old_values = has_old ? image.data : NULL,
                                  .old_length = has_old ? image.length : 0,
                                  .new_values = kind != CHANGE_LEFT ? image.data : NULL,
                                  .new_length = kind != CHANGE_LEFT ? image.length : 0,
                                  .observed_at = desk->poll.answered};
    assert_int_equal(changeset_change(&desk->set, &change, &error), 0);
    buffer_done(&image);
}

static inline void add_insert(struct desk *desk, const struct member_row *row)
{
    struct error error;

    assert_int_equal(changeset_insert(&desk->set, row, &error), 0);
}

static inline void add_update(struct desk *desk, const struct member_row *row)
{
    struct error error;

    assert_int_equal(changeset_update(&desk->set, row, &error), 0);
}

static inline void add_baseline(struct desk *desk, int count)
{
    for (int number = 0; number < count; number++) {
        const struct member_row row = some_member(desk, number);

        add_insert(desk, &row);
        add_change(desk, CHANGE_BASELINE, &row);
        desk->set.counts.added++;
    }
}

/* --- cycles ------------------------------------------------------------------------------------------------------- */

static inline enum store_result desk_begin(struct desk *desk, uint32_t members)
{
    static const uint8_t fingerprint[SHA256_SIZE] = {0xf1};

    desk->cycle.outcome = "changed";
    desk->cycle.members = members;
    desk->cycle.body_bytes = 1234;
    desk->cycle.fingerprint = fingerprint;
    desk->cycle.name_json = "{\"en\":\"Acme\"}";
    desk->cycle.counts = &desk->set.counts;
    store_begin(desk->store, &desk->organization, &desk->poll, &desk->cycle, desk_on_reply, desk);
    return desk_result(desk);
}

static inline enum store_result desk_write(struct desk *desk)
{
    store_write(desk->store, &desk->set, desk_on_reply, desk);
    return desk_result(desk);
}

static inline enum store_result desk_commit(struct desk *desk)
{
    store_commit(desk->store, desk_on_reply, desk);
    return desk_result(desk);
}

static inline enum store_result desk_rollback(struct desk *desk)
{
    store_rollback(desk->store, desk_on_reply, desk);
    return desk_result(desk);
}

/* All three exchanges; then the next poll is ready to be filled. */
static inline void desk_cycle(struct desk *desk, uint32_t members)
{
    assert_result(STORE_DONE, desk_begin(desk, members));
    if (desk_write(desk) != STORE_DONE)
        fail_msg("%s", desk->reply.error.text);
    assert_result(STORE_DONE, desk_commit(desk));
    store_committed(&desk->poll, &desk->cycle, &desk->organization);
    desk_drop_changes(desk);
    desk->cycle.rejections = NULL;
    desk->cycle.rejection_count = 0;
    desk_next_poll(desk, MINUTE_US);
}

static inline void desk_first_cycle(struct desk *desk, int members)
{
    assert_result(STORE_DONE, desk_load(desk, false));
    add_baseline(desk, members);
    desk_cycle(desk, (uint32_t)members);
}

static inline enum store_result desk_cover(struct desk *desk)
{
    store_cover(desk->store, &desk->organization, &desk->poll, desk_on_reply, desk);
    return desk_result(desk);
}

/* --- the program -------------------------------------------------------------------------------------------------- */

static inline int make_server(void **state)
{
    (void)state;
    server_make(&server);
    server_make_schema(&server);
    return 0;
}

static inline int remove_server(void **state)
{
    (void)state;
    server_remove(&server);
    return 0;
}

/* Whatever the test before left; sessions of one that failed would hold locks for ever. */
static inline int empty_tables(void **state)
{
    (void)state;
    server_run(&server,
               "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE usename = 'rollcall'");
    server_run(&server,
               "SET session_replication_role = replica; "
               "TRUNCATE rollcall.organization, rollcall.member, rollcall.change_log, rollcall.cycle, "
               "rollcall.coverage, rollcall.held_change, rollcall.approval, rollcall.rejected_record, "
               "rollcall.roster_secret RESTART IDENTITY");
    return 0;
}

#define TEST(function) cmocka_unit_test_setup(function, empty_tables)

#endif

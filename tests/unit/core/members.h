/*
 * Members for the tests of core/: the first one of the documented answer, and random ones from a seed.
 */
#ifndef TESTS_UNIT_CORE_MEMBERS_H
#define TESTS_UNIT_CORE_MEMBERS_H

#include "base/arena.h"
#include "core/model.h"

#include <string.h>

#define AMY_ID "b9c8c05a-4a76-11eb-b378-0242ac130002"

static inline struct field_value a_text(const char *text)
{
    return (struct field_value){.known = true, .text = text, .length = strlen(text)};
}

static inline struct field_value a_time(int64_t us)
{
    return (struct field_value){.known = true, .us = us};
}

static inline struct field_value a_flag(bool flag)
{
    return (struct field_value){.known = true, .flag = flag};
}

static inline struct member amy(void)
{
    struct member member = {
        .fields =
            {
                [FIELD_EMAIL] = a_text("amy@test.com"),
                [FIELD_NAME] = a_text("Amy Evans"),
                [FIELD_LOCALE_ID] = a_text("en"),
                [FIELD_FLAG_PLAN] = a_text("enterprise"),
                [FIELD_USER_CREATED_AT] = a_time(1577877087370000),
                [FIELD_FLAG_MEMBER] = a_flag(true),
                [FIELD_FLAG_EDITOR] = a_flag(true),
                [FIELD_FLAG_OWN] = a_flag(false),
                [FIELD_ROLE_CREATED_AT] = a_time(1577877087649000),
                [FIELD_ROLE_UPDATED_AT] = a_time(1600530272513000),
            },
    };
    uuid_parse(AMY_ID, UUID_TEXT_LENGTH, &member.user_id);
    return member;
}

/* splitmix64: the same seed, the same members. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static inline struct field_value random_value(enum field_type type, uint64_t *state, struct arena *arena)
{
    static const char *const words[] = {"",         "a",   "\"quoted\\\"", "Zo\xc3\xab", "\xf0\x9f\x8e\x89",
                                        "\n\t\x01", "null"};
    static const char *const objects[] = {"{\"flagA\":true}", "{\"flagA\":\"x\",\"flagB\":1.5}"};
    uint64_t choice = next_random(state);
    char text[64];

    if (choice % 4 == 0)
        return (struct field_value){.known = false};
    switch (type) {
    case FIELD_TYPE_FLAG:
        return a_flag((choice >> 8) & 1);
    case FIELD_TYPE_TIMESTAMP:
        return a_time((int64_t)(choice >> 12) - ((int64_t)1 << 50));
    case FIELD_TYPE_JSON:
        return a_text(objects[(choice >> 8) % 2]);
    case FIELD_TYPE_TEXT:
        break;
    }
    strcpy(text, words[(choice >> 8) % 7]);
    strcat(text, words[(choice >> 16) % 7]);
    return a_text(arena_copy(arena, text, strlen(text)));
}

static inline struct member random_member(uint64_t *state, struct arena *arena)
{
    struct member member;

    for (size_t i = 0; i < sizeof(member.user_id.bytes); i++)
        member.user_id.bytes[i] = (uint8_t)next_random(state);
    for (size_t field = 0; field < FIELD_COUNT; field++)
        member.fields[field] = random_value(member_fields[field].type, state, arena);
    return member;
}

#endif

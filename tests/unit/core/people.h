/*
 * A model organization: people with a name and flags, and the answer that the API would give about them, in any order
 * and spelling. Knows nothing of how an answer is read.
 */
#ifndef TESTS_UNIT_CORE_PEOPLE_H
#define TESTS_UNIT_CORE_PEOPLE_H

#include "base/buffer.h"
#include "base/timestamp.h"
#include "core/members.h"

#include <stdio.h>

enum person_flag { FLAG_MEMBER, FLAG_EDITOR, FLAG_OWN, FLAG_ADMIN, PERSON_FLAGS };

#define NOT_SENT (-1)

#define SPELLINGS     8 /* of one and the same value */
#define SPELLED_WIDE  1
#define ROLE_FIRST    2
#define NAME_ESCAPED  4
#define ROLE_BEGAN_US INT64_C(1577877087649000)

struct person {
    struct uuid user_id;
    bool member; /* of the organization, as is true in Luzmo */
    char name[24];
    int flags[PERSON_FLAGS]; /* 0, 1 or NOT_SENT */
    bool billing;            /* a flag that the program knows nothing of */
    int role_updated_s;      /* after it was made */

    bool missing;      /* the answers lack this member */
    bool spoiled;      /* the record cannot be decoded, but its id can be read */
    unsigned spelling; /* 0 to SPELLINGS - 1 */
};

struct people {
    struct person *list;
    size_t count;
    const char *organization; /* its name */
    bool unreadable;          /* the answer has a record whose id cannot be read */
};

#define ORGANIZATION_ID "acme"

static inline struct uuid person_id(size_t index)
{
    struct uuid user_id = {{0}};

    user_id.bytes[0] = (uint8_t)(index * 37); /* the order of ids is not that of the answer */
    user_id.bytes[13] = (uint8_t)(index >> 16);
    user_id.bytes[14] = (uint8_t)(index >> 8);
    user_id.bytes[15] = (uint8_t)index;
    return user_id;
}

static inline size_t person_index(const struct uuid *user_id)
{
    return (size_t)user_id->bytes[13] << 16 | (size_t)user_id->bytes[14] << 8 | user_id->bytes[15];
}

/* Everybody's first role: a viewer. Nobody is a member yet. */
static inline void people_init(struct people *people, struct person *list, size_t count)
{
    *people = (struct people){list, count, "Acme", false};
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct person){.user_id = person_id(i), .flags = {1, 0, 0, NOT_SENT}};
        snprintf(list[i].name, sizeof(list[i].name), "n%zu", i);
    }
}

static inline bool person_is_shown(const struct person *person)
{
    return person->member && !person->missing;
}

/* What a mirror must have of this person. The text is the person's. */
static inline struct member person_member(const struct person *person)
{
    static const enum member_field fields[PERSON_FLAGS] = {
        [FLAG_MEMBER] = FIELD_FLAG_MEMBER,
        [FLAG_EDITOR] = FIELD_FLAG_EDITOR,
        [FLAG_OWN] = FIELD_FLAG_OWN,
        [FLAG_ADMIN] = FIELD_FLAG_ADMIN,
    };
    struct member member = {.user_id = person->user_id};

    member.fields[FIELD_NAME] = a_text(person->name);
    member.fields[FIELD_CITY] = a_text("Leuven");
    member.fields[FIELD_ROLE_CREATED_AT] = a_time(ROLE_BEGAN_US);
    member.fields[FIELD_ROLE_UPDATED_AT] = a_time(ROLE_BEGAN_US + person->role_updated_s * INT64_C(1000000));
    for (size_t flag = 0; flag < PERSON_FLAGS; flag++) {
        if (person->flags[flag] != NOT_SENT)
            member.fields[fields[flag]] = a_flag(person->flags[flag] == 1);
    }
    if (person->billing)
        member.fields[FIELD_OTHER_FLAGS] = a_text("{\"flagBilling\":true}");
    return member;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static inline void add_role(struct buffer *body, const struct person *person, const char *space)
{
    static const char *const keys[PERSON_FLAGS] = {"flagMember", "flagEditor", "flagOwn", "flagAdmin"};
    char id[UUID_TEXT_LENGTH + 1], began[TIMESTAMP_TEXT_MAX], updated[TIMESTAMP_TEXT_MAX];

    uuid_format(&person->user_id, id);
    timestamp_format(ROLE_BEGAN_US, began);
    timestamp_format(ROLE_BEGAN_US + person->role_updated_s * INT64_C(1000000), updated);
    buffer_add_format(body, "\"organizationRole\":%s{", space);
    for (size_t flag = 0; flag < PERSON_FLAGS; flag++) {
        if (person->flags[flag] != NOT_SENT)
            buffer_add_format(body, "\"%s\":%s,", keys[flag], person->flags[flag] == 1 ? "true" : "false");
    }
    if (person->billing)
        buffer_add_format(body, "\"flagBilling\":%strue,", space);
    buffer_add_format(body, "\"created_at\":\"%s\",%s\"updated_at\":\"%s\",", began, space, updated);
    buffer_add_format(body, "\"organization_id\":\"%s\",\"user_id\":%s\"%s\"}", ORGANIZATION_ID, space, id);
}

static inline void add_person(struct buffer *body, const struct person *person)
{
    const char *space = person->spelling & SPELLED_WIDE ? " " : "";
    bool role_first = person->spelling & ROLE_FIRST;
    char id[UUID_TEXT_LENGTH + 1];

    uuid_format(&person->user_id, id);
    buffer_add_format(body, "{%s\"id\":\"%s\",", space, id);
    if (role_first) {
        add_role(body, person, space);
        buffer_add_char(body, ',');
    }
    buffer_add_format(body, "\"city\":\"Leuven\",\"name\":%s\"", space);
    if (person->spelling & NAME_ESCAPED)
        buffer_add_format(body, "\\u%04x%s", (unsigned)person->name[0], person->name + 1);
    else
        buffer_add_text(body, person->name);
    buffer_add_text(body, person->spoiled ? "\\ud800\"" : "\"");
    if (!role_first) {
        buffer_add_char(body, ',');
        add_role(body, person, space);
    }
    buffer_add_char(body, '}');
}

/* `order` names each person once. NULL: in their own order. */
static inline void people_answer(const struct people *people, const size_t *order, struct buffer *ret_body)
{
    const char *comma = "";

    buffer_clear(ret_body);
    buffer_add_format(ret_body, "{\"count\":1,\"rows\":[{\"id\":\"%s\",\"name\":{\"en\":\"%s\"},\"users\":[",
                      ORGANIZATION_ID, people->organization);
    for (size_t i = 0; i < people->count; i++) {
        const struct person *person = &people->list[order ? order[i] : i];
        if (!person_is_shown(person))
            continue;
        buffer_add_text(ret_body, comma);
        add_person(ret_body, person);
        comma = ",";
    }
    if (people->unreadable)
        buffer_add_format(ret_body, "%s{\"name\":\"nobody knows\"}", comma);
    buffer_add_text(ret_body, "]}]}");
}

#endif

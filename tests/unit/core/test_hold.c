/*
 * A set's name: the same changes give the same digest in whatever order they were found, and nothing else gives it. And
 * the standing sets: who is in which of them.
 */
#include "core/hold.h"
#include "core/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- the digest of a set ------------------------------------------------------------------------------------------ */

struct entry {
    int member;
    const char *before, *after; /* NULL: none */
};

#define MEMBERS_MAX 4

struct set {
    const char *organization;
    enum guard_class class;
    struct entry entries[MEMBERS_MAX]; /* up to the first without a member */
};

static struct uuid id_of(int number)
{
    struct uuid user_id = {{0}};

    user_id.bytes[0] = (uint8_t)(number >> 8);
    user_id.bytes[15] = (uint8_t)number;
    return user_id;
}

static struct change change_of(const struct entry *entry)
{
    return (struct change){.kind = CHANGE_ROLE_CHANGED,
                           .user_id = id_of(entry->member),
                           .old_values = entry->before,
                           .old_length = entry->before ? strlen(entry->before) : 0,
                           .new_values = entry->after,
                           .new_length = entry->after ? strlen(entry->after) : 0,
                           .observed_at = 1};
}

static void add_entry(struct hold_digest *digest, const struct entry *entry)
{
    struct change change = change_of(entry);
    hold_digest_add(digest, &change);
}

static void name_set(const struct set *set, uint8_t ret_digest[SHA256_SIZE])
{
    struct hold_digest digest = {.count = 0};

    for (size_t i = 0; i < MEMBERS_MAX && set->entries[i].member != 0; i++)
        add_entry(&digest, &set->entries[i]);
    hold_digest_finish(&digest, set->organization, set->class, ret_digest);
    hold_digest_done(&digest);
}

static bool same_name(const struct set *left, const struct set *right)
{
    uint8_t names[2][SHA256_SIZE];

    name_set(left, names[0]);
    name_set(right, names[1]);
    return memcmp(names[0], names[1], SHA256_SIZE) == 0;
}

static void the_order_of_finding_does_not_matter(void **state)
{
    static const int orders[][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    static const struct entry people[] = {{0}, {1, "{a}", NULL}, {0x200, "{b}", "{c}"}, {0x3, NULL, "{d}"}};
    struct set first = {"acme", GUARD_REMOVALS, {people[1], people[2], people[3]}};

    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct set set = {
            "acme", GUARD_REMOVALS, {people[orders[i][0]], people[orders[i][1]], people[orders[i][2]]}};
        assert_true(same_name(&first, &set));
    }
}

/* No two of these are the same set, however alike their bytes are when written one behind the other. */
static void another_set_has_another_name(void **state)
{
    static const struct set sets[] = {
        {"acme", GUARD_REMOVALS, {{0}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}", "{b}"}}},
        {"acme", GUARD_CONTESTED_REMOVALS, {{1, "{a}", "{b}"}}},
        {"acme", GUARD_DEMOTIONS, {{1, "{a}", "{b}"}}},
        {"acm", GUARD_REMOVALS, {{1, "{a}", "{b}"}}},
        {"acmeremovals", GUARD_REMOVALS, {{1, "{a}", "{b}"}}},
        {"", GUARD_REMOVALS, {{1, "{a}", "{b}"}}},
        {"acme", GUARD_REMOVALS, {{2, "{a}", "{b}"}}},
        {"acme", GUARD_REMOVALS, {{0x100, "{a}", "{b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}", "{c}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{c}", "{b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{b}", "{a}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}{", "b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a", "}{b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}{b}", NULL}}},
        {"acme", GUARD_REMOVALS, {{1, NULL, "{a}{b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}", "{b}"}, {2, "{a}", "{b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}", "{b}"}, {2, "{a}", "{c}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}", "{c}"}, {2, "{a}", "{b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}", "{b}"}, {3, "{a}", "{b}"}}},
        {"acme", GUARD_REMOVALS, {{1, "{a}", "{b}"}, {2, "{a}", "{b}"}, {3, "{a}", "{b}"}}},
    };

    (void)state;
    for (size_t left = 0; left < COUNT(sets); left++) {
        for (size_t right = 0; right < COUNT(sets); right++) {
            if (same_name(&sets[left], &sets[right]) != (left == right))
                fail_msg("sets %zu and %zu", left, right);
        }
    }
}

/* Found an hour later, a set is still the one that was approved. Nor is it asked under which kind it is logged. */
static void times_are_not_part_of_the_name(void **state)
{
    struct change change = change_of(&(struct entry){1, "{a}", "{b}"});
    struct hold_digest early = {.count = 0}, late = {.count = 0};
    uint8_t names[2][SHA256_SIZE];

    (void)state;
    hold_digest_add(&early, &change);
    change.observed_after = 5;
    change.observed_at = 6;
    hold_digest_add(&late, &change);
    hold_digest_finish(&early, "acme", GUARD_DEMOTIONS, names[0]);
    hold_digest_finish(&late, "acme", GUARD_DEMOTIONS, names[1]);
    assert_memory_equal(names[0], names[1], SHA256_SIZE);
    hold_digest_done(&early);
    hold_digest_done(&late);
}

/* An independent rendering of what the name is made of. A change of it would make approvals given to an older version
 * void: that is allowed, but nobody should do it unaware. */
static void the_name_of_a_known_set(void **state)
{
    static const char *const expected = "777bbabf8a03764453242f4cec9dd83c";
    struct set set = {"acme", GUARD_REMOVALS, {{1, "{\"name\":\"Amy\"}", NULL}, {2, "{}", "{\"a\":1}"}}};
    uint8_t name[SHA256_SIZE];
    char text[33];

    (void)state;
    name_set(&set, name);
    for (size_t i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", name[i]);
    assert_string_equal(text, expected);
}

/* --- two sets out of one ------------------------------------------------------------------------------------------ */

static void a_split_set_is_as_if_found_apart(void **state)
{
    static const struct entry people[] = {
        {5, "{a}", NULL}, {3, "{b}", NULL}, {4, "{c}", NULL}, {1, "{d}", NULL}};
    static const struct set apart[] = {
        {"acme", GUARD_REMOVALS, {{5, "{a}", NULL}, {1, "{d}", NULL}}},
        {"acme", GUARD_CONTESTED_REMOVALS, {{4, "{c}", NULL}, {3, "{b}", NULL}}}};
    struct hold_digest sets[2] = {{.count = 0}, {.count = 0}};
    struct id_list contested = {.count = 0};
    uint8_t name[SHA256_SIZE], expected[SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(people); i++)
        add_entry(&sets[0], &people[i]);
    for (int member = 3; member <= 4; member++)
        id_list_add(&contested, &(struct uuid){.bytes[15] = (uint8_t)member});
    hold_digest_split(&sets[0], &contested, &sets[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sets[i].count, 2);
        hold_digest_finish(&sets[i], "acme", apart[i].class, name);
        name_set(&apart[i], expected);
        assert_memory_equal(name, expected, SHA256_SIZE);
        hold_digest_done(&sets[i]);
    }
    id_list_done(&contested);
}

static void nobody_or_everybody_is_split_off(void **state)
{
    struct hold_digest set = {.count = 0}, others = {.count = 0};
    struct id_list members = {.count = 0};

    (void)state;
    hold_digest_split(&set, &members, &others); /* nothing of nothing */
    for (int member = 1; member <= 50; member++)
        add_entry(&set, &(struct entry){member, "{a}", NULL});
    hold_digest_split(&set, &members, &others);
    assert_int_equal(set.count, 50);
    assert_int_equal(others.count, 0);
    for (int member = 1; member <= 50; member++)
        id_list_add(&members, &(struct uuid){.bytes[15] = (uint8_t)member});
    hold_digest_split(&set, &members, &others);
    assert_int_equal(set.count, 0);
    assert_int_equal(others.count, 50);
    hold_digest_done(&set);
    hold_digest_done(&others);
    id_list_done(&members);
}

/* --- what stands -------------------------------------------------------------------------------------------------- */

#define HOLDS 300

static void everybody_is_found_in_the_right_set(void **state)
{
    struct hold_past past = {.count = 0};
    const struct uuid stranger = id_of(HOLDS);

    (void)state;
    for (int i = 0; i < HOLDS; i++) { /* in no order */
        int number = i * 7 % HOLDS;
        hold_past_add(&past, &(struct hold){.class = (enum guard_class)(number % GUARD_CLASS_COUNT),
                                            .user_id = id_of(number),
                                            .observed_after = number,
                                            .observed_at = number + 1});
    }
    for (int i = 0; i < HOLDS; i++) {
        const struct uuid user_id = id_of(i);
        for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
            const struct hold *hold = hold_past_find(&past, each, &user_id);
            assert_int_equal(hold != NULL, (int)each == i % GUARD_CLASS_COUNT);
            assert_true(!hold || (hold->observed_after == i && hold->observed_at == i + 1));
        }
    }
    assert_null(hold_past_find(&past, GUARD_REMOVALS, &stranger));
    hold_past_done(&past);
}

/* One member may stand in several sets; who is added after a look is found as well. */
static void a_member_stands_in_two_sets(void **state)
{
    struct hold_past past = {.count = 0};
    const struct uuid user_id = id_of(1);

    (void)state;
    assert_null(hold_past_find(&past, GUARD_DEMOTIONS, &user_id));
    hold_past_add(&past, &(struct hold){GUARD_VANISHED_FLAGS, user_id, 1, 2});
    assert_null(hold_past_find(&past, GUARD_DEMOTIONS, &user_id));
    hold_past_add(&past, &(struct hold){GUARD_DEMOTIONS, user_id, 3, 4});
    hold_past_add(&past, &(struct hold){GUARD_REMOVALS, user_id, 5, 6});
    assert_int_equal(hold_past_find(&past, GUARD_VANISHED_FLAGS, &user_id)->observed_at, 2);
    assert_int_equal(hold_past_find(&past, GUARD_DEMOTIONS, &user_id)->observed_at, 4);
    assert_int_equal(hold_past_find(&past, GUARD_REMOVALS, &user_id)->observed_at, 6);
    hold_past_done(&past);
    assert_int_equal(past.count, 0);
    assert_null(hold_past_find(&past, GUARD_REMOVALS, &user_id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_finding_does_not_matter),
        cmocka_unit_test(another_set_has_another_name),
        cmocka_unit_test(times_are_not_part_of_the_name),
        cmocka_unit_test(the_name_of_a_known_set),
        cmocka_unit_test(a_split_set_is_as_if_found_apart),
        cmocka_unit_test(nobody_or_everybody_is_split_off),
        cmocka_unit_test(everybody_is_found_in_the_right_set),
        cmocka_unit_test(a_member_stands_in_two_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

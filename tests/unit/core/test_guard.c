/*
 * The guards as tables: how many may leave, what a step of somebody's flags is, when a class is held and which sentence
 * says so. What Luzmo's documentation calls flagMember, flagEditor, flagAdmin and flagOwn is written m, e, a, o.
 */
#include "core/guard.h"
#include "core/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As the configuration has it when nothing is set. */
static const struct guard_policy defaults = {.removals = 0.15,
                                             .removals_floor = 2,
                                             .removals_max = 1000,
                                             .vanished_flags = 0.15,
                                             .demotions = -1,
                                             .owner_grants = -1};

/* --- how many may leave ------------------------------------------------------------------------------------------- */

static void the_limit_suits_every_size(void **state)
{
    static const struct {
        uint32_t members, limit;
    } rows[] = {
        {0, 1},         {1, 1},          {2, 1},          {3, 1},       {4, 2},       {5, 2},
        {6, 2},         {13, 2},         {14, 3},         {20, 3},      {21, 4},      {40, 6},
        {41, 7},        {100, 15},       {101, 16},       {6666, 1000}, {6667, 1000}, {10000, 1000},
        {100000, 1000}, {1000000, 1000}, {5000000, 1000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t limit = guard_removal_limit(&defaults, rows[i].members);
        if (limit != rows[i].limit)
            fail_msg("of %u members %u may leave, expected %u", rows[i].members, limit, rows[i].limit);
    }
}

static void each_part_of_the_limit_counts(void **state)
{
    static const struct {
        double removals;
        uint32_t floor, max, members, limit;
    } rows[] = {
        {0.15, 2, 1000, 100, 15},  {0.50, 2, 1000, 100, 50},
        {1.00, 2, 1000, 100, 50}, /* never more than half */
        {0.00, 2, 1000, 100, 2},   {0.00, 0, 1000, 100, 1},
        {0.15, 20, 1000, 100, 20}, {0.15, 2, 10, 100, 10},
        {0.15, 2, 0, 100, 1},      {0.15, 200, 1000, 100, 50},
        {0.07, 0, 1000, 100, 7}, /* 7.000000000000001 in binary */
        {0.29, 0, 1000, 100, 29},  {0.001, 0, 1000, 999, 1},
        {0.001, 0, 1000, 1001, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct guard_policy policy = {
            .removals = rows[i].removals, .removals_floor = rows[i].floor, .removals_max = rows[i].max};
        uint32_t limit = guard_removal_limit(&policy, rows[i].members);
        if (limit != rows[i].limit)
            fail_msg("row %zu: %u may leave, expected %u", i, limit, rows[i].limit);
    }
}

static struct guard_figures found(uint32_t members, enum guard_class class, uint32_t count)
{
    struct guard_figures figures = {.members = members};

    figures.count[class] = count;
    return figures;
}

/* Held or not. */
static bool holds(const struct guard_policy *policy, enum guard_class class, struct guard_figures figures)
{
    char reason[GUARD_REASON_MAX] = "";
    bool held = guard_holds(policy, &figures, class, reason);

    assert_int_equal(held, reason[0] != '\0');
    return held;
}

static struct guard_figures leaving(uint32_t members, uint32_t lately, uint32_t count)
{
    struct guard_figures figures = found(members, GUARD_REMOVALS, count);

    figures.removed_lately = lately;
    return figures;
}

/* So many at once go through, one more does not. */
static void removals_beyond_the_limit_are_held(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 5, 20, 40, 100, 10000, 1000000};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint32_t limit = guard_removal_limit(&defaults, sizes[i]);
        assert_false(holds(&defaults, GUARD_REMOVALS, leaving(sizes[i], 0, 0)));
        assert_false(holds(&defaults, GUARD_REMOVALS, leaving(sizes[i], 0, limit)));
        assert_true(holds(&defaults, GUARD_REMOVALS, leaving(sizes[i], 0, limit + 1)));
    }
}

/* One after the other within a day: the limit is that of the size at its beginning, and is reached once. */
static void trickles_do_not_pass(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 5, 20, 40, 100, 10000, 1000000};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint32_t lately = 0, limit = guard_removal_limit(&defaults, sizes[i]);
        while (lately < sizes[i] && !holds(&defaults, GUARD_REMOVALS, leaving(sizes[i] - lately, lately, 1)))
            lately++;
        assert_int_equal(lately, limit);
    }
}

static void switched_off_nothing_is_too_much(void **state)
{
    struct guard_policy off = defaults;

    (void)state;
    off.removals = off.vanished_flags = -1;
    assert_int_equal(guard_removal_limit(&off, 3), UINT32_MAX);
    assert_false(holds(&off, GUARD_REMOVALS, leaving(1000000, 1000000, 1000000)));
    for (enum guard_class each = GUARD_VANISHED_FLAGS; each < GUARD_CLASS_COUNT; each++)
        assert_false(holds(&off, each, found(3, each, 3)));
    assert_int_equal(guard_holdable(&off), 0);
}

/* --- shares ------------------------------------------------------------------------------------------------------- */

static void shares_are_held_beyond_not_at(void **state)
{
    static const struct {
        double share;
        uint32_t members, count;
        bool held;
    } rows[] = {
        {0.15, 3, 0, false},   {0.15, 3, 1, true},   {0.15, 6, 1, true},     {0.15, 7, 1, false},
        {0.15, 20, 3, false},  {0.15, 20, 4, true},  {0.15, 100, 15, false}, {0.15, 100, 16, true},
        {0.07, 100, 7, false}, {0.07, 100, 8, true}, {0, 100, 0, false},     {0, 100, 1, true},
        {1, 100, 100, false},  {0.15, 0, 1, true},   {-1, 100, 100, false},  {0.5, 1000000, 500001, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct guard_policy policy = {.removals = -1,
                                      .vanished_flags = rows[i].share,
                                      .demotions = rows[i].share,
                                      .owner_grants = rows[i].share};
        for (enum guard_class each = GUARD_VANISHED_FLAGS; each < GUARD_CLASS_COUNT; each++) {
            if (holds(&policy, each, found(rows[i].members, each, rows[i].count)) != rows[i].held)
                fail_msg("row %zu, %s: expected to be %s", i, guard_class_name(each),
                         rows[i].held ? "held" : "let through");
        }
    }
}

static void what_may_be_held_at_all(void **state)
{
    struct guard_policy policy = defaults;

    (void)state;
    assert_int_equal(guard_holdable(&policy), GUARD_BIT(GUARD_VANISHED_FLAGS));
    policy.demotions = 0;
    assert_int_equal(guard_holdable(&policy), GUARD_BIT(GUARD_VANISHED_FLAGS) | GUARD_BIT(GUARD_DEMOTIONS));
    policy.owner_grants = 0.5;
    policy.vanished_flags = -1;
    assert_int_equal(guard_holdable(&policy), GUARD_BIT(GUARD_OWNER_GRANTS) | GUARD_BIT(GUARD_DEMOTIONS));
}

/* --- the classes of a step ---------------------------------------------------------------------------------------- */

/* "m e -o": member and editor are true, own is false, admin is not sent; "x" and "y" are further flags; NULL: no member. */
static const struct member *with_flags(const char *flags, struct member *member)
{
    static const struct {
        char letter;
        enum member_field field;
    } letters[] = {
        {'m', FIELD_FLAG_MEMBER}, {'e', FIELD_FLAG_EDITOR}, {'a', FIELD_FLAG_ADMIN}, {'o', FIELD_FLAG_OWN}};

    if (!flags)
        return NULL;
    *member = amy();
    for (size_t i = 0; i < COUNT(letters); i++) {
        const char *at = strchr(flags, letters[i].letter);
        member->fields[letters[i].field] = (struct field_value){.known = at,
                                                                .flag = at && (at == flags || at[-1] != '-')};
    }
    member->fields[FIELD_OTHER_FLAGS] = (struct field_value){.known = false};
    if (strchr(flags, 'x') && strchr(flags, 'y'))
        member->fields[FIELD_OTHER_FLAGS] = a_text("{\"flagX\":true,\"flagY\":false}");
    else if (strchr(flags, 'x'))
        member->fields[FIELD_OTHER_FLAGS] = a_text("{\"flagX\":true}");
    else if (strchr(flags, 'y'))
        member->fields[FIELD_OTHER_FLAGS] = a_text("{\"flagY\":true}");
    return member;
}

#define VANISHED GUARD_BIT(GUARD_VANISHED_FLAGS)
#define DEMOTED  GUARD_BIT(GUARD_DEMOTIONS)
#define GRANTED  GUARD_BIT(GUARD_OWNER_GRANTS)

static void a_step_belongs_to_classes(void **state)
{
    static const struct {
        const char *before, *now;
        guard_mask classes;
    } rows[] = {
        {NULL, "m", 0},
        {NULL, "m o", GRANTED},
        {NULL, "m -o", 0},
        {NULL, "", 0},
        {"m", "m", 0},
        {"m -o", "m o", GRANTED},
        {"m", "m o", GRANTED}, /* was not known */
        {"m o", "m o", 0},
        {"m o", "m -o", DEMOTED},
        {"m o", "m", VANISHED | DEMOTED},
        {"m -o", "m", VANISHED}, /* false is known, too */
        {"m e o", "m e", VANISHED | DEMOTED},
        {"o", "", VANISHED}, /* to a role that is not known: perhaps no lesser one */
        {"m", "", VANISHED},
        {"m e", "m -e", DEMOTED},
        {"m -e", "m e", 0},
        {"m a", "m -a", DEMOTED},
        {"m e -a", "m -e a", 0},
        {"m", "-m", DEMOTED},
        {"-m", "m", 0},
        {"", "m", 0}, /* from a role that was not known */
        {"", "-m", 0},
        {"m e -o", "m -e o", GRANTED},
        {"m e", "m o", VANISHED | GRANTED},
        {"m x", "m", VANISHED},
        {"m", "m x", 0},
        {"m x y", "m x", VANISHED}, /* false is known, here too */
        {"m x y", "m y", VANISHED},
        {"m x", "m y", VANISHED},
        {"m x", "m x y", 0},
    };
    struct member before, now;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        guard_mask classes = guard_classes_of(with_flags(rows[i].before, &before),
                                              with_flags(rows[i].now, &now));
        if (classes != rows[i].classes)
            fail_msg("from \"%s\" to \"%s\": %x, expected %x", rows[i].before, rows[i].now, classes,
                     rows[i].classes);
    }
}

/* An empty profile and role times that are not sent any more take no privilege away. */
static void only_flags_vanish(void **state)
{
    struct member before = amy();

    (void)state;
    for (enum member_field field = 0; field < FIELD_COUNT; field++) {
        struct member now = before;
        now.fields[field].known = false;
        bool was_known_flag = before.fields[field].known && member_fields[field].group == FIELD_GROUP_ROLE;
        assert_int_equal((guard_classes_of(&before, &now) & VANISHED) != 0, was_known_flag);
    }
}

/* --- reasons ------------------------------------------------------------------------------------------------------ */

static void the_reason_is_a_sentence_with_numbers(void **state)
{
    static const struct {
        enum guard_class class;
        uint32_t members, lately, count;
        enum guard_doubt doubt;
        const char *sentence;
    } rows[] = {
        {GUARD_REMOVALS, 40, 0, 20, GUARD_DOUBT_NONE,
         "20 of 40 members are gone; 6 may leave in 24 hours without approval (guard.removals)"},
        {GUARD_REMOVALS, 38, 2, 5, GUARD_DOUBT_NONE,
         "5 more of 40 members are gone after 2 in the last 24 hours; 6 may leave in that time without approval "
         "(guard.removals)"},
        {GUARD_REMOVALS, 39, 1, 6, GUARD_DOUBT_NONE,
         "6 more of 40 members are gone after 1 in the last 24 hours; 6 may leave in that time without approval "
         "(guard.removals)"},
        {GUARD_REMOVALS, 40, 0, 1, GUARD_DOUBT_SIGHT,
         "the token's user was an owner and is no owner in this answer, so the answer may lack members whom only "
         "an owner sees; make that user an owner again, or approve"},
        {GUARD_REMOVALS, 40, 0, 7, GUARD_DOUBT_SOURCE,
         "7 of 40 members are gone; 6 may leave in 24 hours without approval (guard.removals)"},
        {GUARD_REMOVALS, 40, 0, 1, GUARD_DOUBT_TOKEN,
         "Luzmo could not be asked whose token this is, so it is not known whether its user still sees everybody; "
         "that is tried again with the next poll"},
        {GUARD_REMOVALS, 40, 0, 1, GUARD_DOUBT_SOURCE,
         "Luzmo could not be asked for the absent members themselves to confirm that they are gone; that is tried "
         "again with the next poll"},
        {GUARD_CONTESTED_REMOVALS, 40, 0, 1, GUARD_DOUBT_NONE,
         "1 of 40 members is not in the organization's answer, but Luzmo still finds them when asked for them: "
         "the answer may be incomplete"},
        {GUARD_VANISHED_FLAGS, 3, 0, 1, GUARD_DOUBT_NONE,
         "1 of 3 members would lose flags that Luzmo does not send any more; up to 15% may without approval "
         "(guard.vanished_flags)"},
        {GUARD_DEMOTIONS, 3, 0, 2, GUARD_DOUBT_NONE,
         "2 of 3 members would have a lesser role; up to 12.5% may without approval (guard.demotions)"},
        {GUARD_OWNER_GRANTS, 3, 0, 1, GUARD_DOUBT_NONE,
         "1 of 3 members would become owners; up to 0% may without approval (guard.owner_grants)"},
    };
    struct guard_policy policy = defaults;

    (void)state;
    policy.demotions = 0.125;
    policy.owner_grants = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct guard_figures figures = leaving(rows[i].members, rows[i].lately, 0);
        char reason[GUARD_REASON_MAX];
        figures.count[rows[i].class] = rows[i].count;
        figures.doubt = rows[i].doubt;
        assert_true(guard_holds(&policy, &figures, rows[i].class, reason));
        assert_string_equal(reason, rows[i].sentence);
    }
}

/* The largest numbers there are, and the sentence still ends in its last word. */
static void a_reason_is_never_cut(void **state)
{
    struct guard_policy policy = {.removals = 0.123456,
                                  .removals_floor = UINT32_MAX,
                                  .removals_max = UINT32_MAX,
                                  .vanished_flags = 0.123456,
                                  .demotions = 0.123456,
                                  .owner_grants = 0.123456};
    char reason[GUARD_REASON_MAX];

    (void)state;
    for (enum guard_doubt doubt = GUARD_DOUBT_NONE; doubt <= GUARD_DOUBT_SOURCE; doubt++) {
        for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
            struct guard_figures figures = found(2000000000, each, 2000000000);
            figures.removed_lately = 1500000000;
            figures.doubt = doubt;
            assert_true(guard_holds(&policy, &figures, each, reason));
            assert_true(strlen(reason) < GUARD_REASON_MAX - 1);
        }
    }
}

/* Whatever the policy, who is not found is not held. */
static void nothing_found_is_nothing_held(void **state)
{
    const struct guard_policy strict = {.removals = 0};

    (void)state;
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++)
        assert_false(holds(&strict, each, found(1000, each, 0)));
}

/* Doubt is about what the answer lacks; flags are what it has. */
static void doubt_holds_removals_of_any_number_and_nothing_else(void **state)
{
    struct guard_policy off = {-1, 0, 0, -1, -1, -1};

    (void)state;
    for (enum guard_doubt doubt = GUARD_DOUBT_SIGHT; doubt <= GUARD_DOUBT_SOURCE; doubt++) {
        for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
            struct guard_figures figures = found(1000, each, 1);
            figures.doubt = doubt;
            bool removal = each == GUARD_REMOVALS || each == GUARD_CONTESTED_REMOVALS;
            assert_int_equal(holds(&off, each, figures), removal);
        }
        assert_false(holds(&off, GUARD_REMOVALS, (struct guard_figures){.members = 9, .doubt = doubt}));
    }
}

static void classes_have_names(void **state)
{
    static const char *const wrong[] = {"", "removal", "Removals", "removals ", "owner-grants"};
    enum guard_class found = GUARD_CLASS_COUNT;

    (void)state;
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        assert_true(guard_class_parse(guard_class_name(each), &found));
        assert_int_equal(found, each);
    }
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(guard_class_parse(wrong[i], &found));
    assert_int_equal(found, GUARD_CLASS_COUNT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_suits_every_size),
        cmocka_unit_test(each_part_of_the_limit_counts),
        cmocka_unit_test(removals_beyond_the_limit_are_held),
        cmocka_unit_test(trickles_do_not_pass),
        cmocka_unit_test(switched_off_nothing_is_too_much),
        cmocka_unit_test(shares_are_held_beyond_not_at),
        cmocka_unit_test(what_may_be_held_at_all),
        cmocka_unit_test(a_step_belongs_to_classes),
        cmocka_unit_test(only_flags_vanish),
        cmocka_unit_test(the_reason_is_a_sentence_with_numbers),
        cmocka_unit_test(a_reason_is_never_cut),
        cmocka_unit_test(nothing_found_is_nothing_held),
        cmocka_unit_test(doubt_holds_removals_of_any_number_and_nothing_else),
        cmocka_unit_test(classes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The plan as a person reads it: each finding in its own words, and nothing in it that could steer a terminal.
 */
#include "commands/plan_text.h"
#include "core/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char acme[] = "Acme";
static char nameless[] = "";

/* --- the stage: Amy before, Amy after, and what was found --------------------------------------------------------- */

struct stage {
    struct member_row before, after;
    struct change changes[2];
    struct finding finding;
    struct runner_summary summary;
};

static void set_stage(struct stage *stage)
{
    *stage = (struct stage){.before = {.member = amy()}, .after = {.member = amy()}};
    stage->finding = (struct finding){
        .before = &stage->before, .after = &stage->after, .changes = stage->changes, .change_count = 1};
    stage->summary = (struct runner_summary){.compared = true, .display_name = acme, .members = 3};
}

static void set(struct stage *stage, enum member_field field, struct field_value value)
{
    stage->after.member.fields[field] = value;
    stage->finding.fields |= FIELD_BIT(field);
}

typedef void scene(struct stage *stage);

static void she_joins(struct stage *stage)
{
    stage->finding.before = NULL;
    stage->changes[0].kind = CHANGE_JOINED;
    stage->summary.counts.added = 1;
}

static void she_returns(struct stage *stage)
{
    stage->changes[0].kind = CHANGE_REJOINED;
    stage->after.member.fields[FIELD_EMAIL].known = false;
    stage->summary.counts.added = 1;
}

static void she_is_recorded_first(struct stage *stage)
{
    she_joins(stage);
    stage->changes[0].kind = CHANGE_BASELINE;
    stage->after.member.fields[FIELD_NAME].known = false;
    stage->summary.members = 1;
    stage->summary.first_load = true;
}

static void she_leaves(struct stage *stage)
{
    stage->changes[0].kind = CHANGE_LEFT;
    stage->finding.absent = true;
    stage->after.member.fields[FIELD_NAME].known = stage->after.member.fields[FIELD_EMAIL].known = false;
    stage->summary.counts.removed = 1;
}

static void she_is_absent(struct stage *stage)
{
    stage->finding.change_count = 0;
    stage->finding.absent = true;
    stage->summary.counts.absent = 1;
}

static void she_owns(struct stage *stage)
{
    stage->changes[0].kind = CHANGE_ROLE_CHANGED;
    set(stage, FIELD_FLAG_OWN, a_flag(true));
    set(stage, FIELD_FLAG_ADMIN, a_flag(false));
    set(stage, FIELD_ROLE_UPDATED_AT, a_time(1600530273000000));
    set(stage, FIELD_OTHER_FLAGS, a_text("{\"flagX\":1}"));
    stage->summary.counts.role_changed = 1;
}

static void she_owns_under_another_name(struct stage *stage)
{
    she_owns(stage);
    stage->finding.change_count = 2;
    stage->changes[1].kind = CHANGE_PROFILE_CHANGED;
    set(stage, FIELD_NAME, a_text("A\x1b[2J \"Z\" \xf0\x9f\x8e\x89"));
    set(stage, FIELD_CITY, a_text(""));
    stage->summary.counts.profile_changed = 1;
}

static void her_role_was_touched(struct stage *stage)
{
    stage->changes[0].kind = CHANGE_ROLE_TOUCHED;
    set(stage, FIELD_ROLE_UPDATED_AT, a_time(1600530273000000));
    stage->summary.counts.role_touched = 1;
}

static void her_row_was_edited(struct stage *stage)
{
    stage->finding.change_count = 0;
    stage->finding.repaired = true;
    stage->before.member.fields[FIELD_NAME] = a_text("Somebody");
    set(stage, FIELD_NAME, a_text("Amy Evans"));
    stage->summary.counts.repaired = 1;
}

static void is_held(struct stage *stage, enum guard_class class, enum hold_verdict verdict)
{
    struct hold_result *hold = &stage->summary.holds[class];

    *hold = (struct hold_result){
        .verdict = verdict, .members = 1, .digest = {0x3f, 0x2a}, .reason = "too many"};
    if (verdict == HOLD_STANDS) {
        stage->finding.held |= GUARD_BIT(class);
        stage->summary.counts.held++;
    }
}

static void she_would_leave(struct stage *stage)
{
    she_leaves(stage);
    stage->summary.counts.removed = 0;
    is_held(stage, GUARD_REMOVALS, HOLD_STANDS);
}

static void she_would_leave_but_somebody_rejected_it(struct stage *stage)
{
    she_would_leave(stage);
    stage->summary.holds[GUARD_REMOVALS].silenced = true;
    stage->summary.organization_renamed = true;
}

static void she_leaves_by_approval(struct stage *stage)
{
    she_leaves(stage);
    is_held(stage, GUARD_REMOVALS, HOLD_PASSES_APPROVED);
}

static void two_guards_hold_her_role(struct stage *stage)
{
    her_role_was_touched(stage);
    stage->summary.counts.role_touched = 0;
    is_held(stage, GUARD_VANISHED_FLAGS, HOLD_STANDS);
    is_held(stage, GUARD_DEMOTIONS, HOLD_STANDS);
}

static void nothing(struct stage *stage)
{
    stage->finding.change_count = 0;
}

static void some_records_cannot_be_read(struct stage *stage)
{
    stage->finding.change_count = 0;
    stage->summary.rejected = 2;
    stage->summary.unreadable = 1;
    stage->summary.organization_renamed = true;
    stage->summary.display_name = nameless;
    snprintf(stage->summary.organization_id, sizeof(stage->summary.organization_id), "o-\x1b[2J");
}

/* --- what is read ------------------------------------------------------------------------------------------------- */

struct act {
    scene *scene;
    const char *text;
};

#define HEAD "Acme: 3 members in Luzmo\n\n"
#define AMY  "Amy Evans <amy@test.com>                      "
#define ROLE                                                                                                 \
    "               flag_own: false -> true\n"                                                               \
    "               flag_admin: unknown -> false\n"                                                          \
    "               other_flags: none -> {\"flagX\":1}\n"                                                    \
    "               role_updated_at: 2020-09-19T15:44:32.513Z -> 2020-09-19T15:44:33Z\n"
#define END(what) "\nWould write: " what ". Nothing was written.\n"

#define DIGEST "(3f2a000000000000)"
#define LEAVES "  - leaves   " AMY_ID "          editor\n"
#define TOUCHED                                                                                              \
    "  ~ touched  Amy Evans <amy@test.com>\n"                                                                \
    "               role_updated_at: 2020-09-19T15:44:32.513Z -> 2020-09-19T15:44:33Z\n"

static const struct act acts[] = {
    {she_joins, HEAD "  + joins    " AMY "editor\n" END("1 joined")},
    {she_returns, HEAD "  + returns  Amy Evans                                     editor\n" END("1 joined")},
    {she_is_recorded_first, "Acme: 1 member in Luzmo, none recorded yet\n\n"
                            "  + first    <amy@test.com>                                editor\n" END(
                                "1 member recorded for the first time")},
    {she_leaves, HEAD "  - leaves   " AMY_ID "          editor\n" END("1 left")},
    {she_is_absent, HEAD "  ? absent   " AMY "not in the answer; removed when a later poll confirms it\n" END(
                        "1 absent (to be confirmed)")},
    {she_owns, HEAD "  ~ role     " AMY "editor -> owner\n" ROLE END("1 role changed")},
    {she_owns_under_another_name,
     HEAD "  ~ role     A\\x1b[2J \"Z\" \xf0\x9f\x8e\x89 <amy@test.com>                editor -> owner\n" ROLE
          "  ~ profile  A\\x1b[2J \"Z\" \xf0\x9f\x8e\x89 <amy@test.com>\n"
          "               name: \"Amy Evans\" -> \"A\\x1b[2J \"Z\" \xf0\x9f\x8e\x89\"\n"
          "               city: none -> \"\"\n" END("1 role changed, 1 profile changed")},
    {her_role_was_touched,
     HEAD "  ~ touched  Amy Evans <amy@test.com>\n"
          "               role_updated_at: 2020-09-19T15:44:32.513Z -> 2020-09-19T15:44:33Z\n" END(
              "1 role touched")},
    {her_row_was_edited,
     HEAD "  ! edited   " AMY "the row was edited by somebody else\n"
          "               name: \"Somebody\" -> \"Amy Evans\"\n" END("1 edited row set right")},
    {she_would_leave, HEAD "Held: 1 member would be removed " DIGEST "\n  too many\n\n" LEAVES
                           "\nWould write nothing: all that differs is held.\n"},
    {she_would_leave_but_somebody_rejected_it,
     HEAD "  ~ the organization has another name\n\n"
          "Held, and rejected by somebody: 1 member would be removed " DIGEST "\n  too many\n\n" LEAVES
          "\nWould write: 1 organization renamed, and nothing of what is held. Nothing was written.\n"},
    {she_leaves_by_approval,
     HEAD LEAVES "\nApproved, and among the above: 1 member would be removed " DIGEST "\n" END("1 left")},
    {two_guards_hold_her_role,
     HEAD "Held: 1 member would lose flags that Luzmo does not send any more " DIGEST
          "\n  too many\n\n" TOUCHED "\nHeld: 1 member would have a lesser role " DIGEST
          "\n  too many\n\n" TOUCHED "\nWould write nothing: all that differs is held.\n"},
    {nothing, HEAD "Nothing to write: the database says the same.\n"},
    {some_records_cannot_be_read,
     "o-\\x1b[2J: 3 members in Luzmo\n\n"
     "  ~ the organization has another name\n"
     "  ! 2 records of the answer cannot be read and are left alone\n"
     "    while their ids are unknown nobody is marked absent\n" END("1 organization renamed")},
};

static char *perform(scene *play, bool coloured, int times)
{
    struct stage stage;
    char *printed = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&printed, &length);
    struct plan_text *text = plan_text_new(out, coloured);

    set_stage(&stage);
    play(&stage);
    for (int i = 0; i < times; i++)
        plan_text_finding_cb(text, &stage.finding);
    plan_text_print(text, &stage.summary);
    plan_text_free(text);
    fclose(out);
    return printed;
}

static void test_each_finding_in_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        char *printed = perform(acts[i].scene, false, 1);
        assert_string_equal(printed, acts[i].text);
        free(printed);
    }
}

static void test_colour_is_only_for_those_who_want_it(void **state)
{
    char *printed = perform(she_leaves, true, 1);

    (void)state;
    assert_non_null(strstr(printed, "\x1b[31m- leaves\x1b[0m   \x1b[1m" AMY_ID "\x1b[0m"));
    free(printed);
}

static void test_a_thousand_findings_are_shown_and_the_others_counted(void **state)
{
    char *printed = perform(she_joins, false, 1002);
    int shown = 0;

    (void)state;
    for (const char *at = printed; (at = strstr(at, "  + joins ")) != NULL; at++)
        shown++;
    assert_int_equal(shown, 1000);
    assert_non_null(strstr(printed, "\n  ... and 2 more; see --json for all\n"));
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_finding_in_its_words),
        cmocka_unit_test(test_colour_is_only_for_those_who_want_it),
        cmocka_unit_test(test_a_thousand_findings_are_shown_and_the_others_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

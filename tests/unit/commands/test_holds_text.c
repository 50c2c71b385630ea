/*
 * The held sets as a person reads them: why, who, what was decided, what to type, and nothing that steers a terminal.
 */
#include "commands/holds_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIRST  "3f2a9c01d4e5a6b7000000000000000000000000000000000000000000000000"
#define SECOND "77777777777777770000000000000000000000000000000000000000000000ff"

/* --- rows as list_holds gives them -------------------------------------------------------------------------------- */

struct line {
    const char *name, *class, *digest, *members, *decision, *sudo_user, *claimed_by;
    const char *user_id, *person, *email, *old_role, *new_role, *field, *old_value, *new_value;
};

static void add(struct holds_text *text, const struct line *line)
{
    const struct column columns[] = {
        {.name = "display_name", .value = line->name},
        {.name = "class", .value = line->class},
        {.name = "digest", .value = line->digest},
        {.name = "members", .type = COLUMN_NUMBER, .value = line->members},
        {.name = "of_members", .type = COLUMN_NUMBER, .value = "40"},
        {.name = "reason", .value = "too many"},
        {.name = "since", .type = COLUMN_TIME, .value = "2026-11-24T01:30:53Z"},
        {.name = "decision", .value = line->decision},
        {.name = "decided_at", .value = line->decision ? "2026-11-24T02:00:00Z" : NULL},
        {.name = "decided_by", .value = line->decision ? "rollcall" : NULL},
        {.name = "os_uid", .value = line->decision ? "997" : NULL},
        {.name = "sudo_user", .value = line->sudo_user},
        {.name = "claimed_by", .value = line->claimed_by},
        {.name = "decision_reason", .value = line->claimed_by ? "they \x1b[2Jmoved" : NULL},
        {.name = "user_id", .value = line->user_id},
        {.name = "name", .value = line->person},
        {.name = "email", .value = line->email},
        {.name = "old_role", .value = line->old_role},
        {.name = "new_role", .value = line->new_role},
        {.name = "field", .value = line->field},
        {.name = "old_value", .value = line->old_value},
        {.name = "new_value", .value = line->new_value},
    };

    holds_text_row(text, &(struct row){columns, (int)(sizeof(columns) / sizeof(columns[0]))});
}

static char *show(const struct line *lines, size_t count, int64_t people_max)
{
    static const struct invocation invocation = {.config_file = "/etc/it's.conf"};
    char *printed = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&printed, &length);
    struct holds_text *text = holds_text_new(out, &invocation, false, people_max);

    for (size_t i = 0; i < count; i++)
        add(text, &lines[i]);
    holds_text_end(text);
    holds_text_free(text);
    fclose(out);
    return printed;
}

/* --- what is read ------------------------------------------------------------------------------------------------- */

#define BO                                                                                                   \
    .name = "Acme", .class = "removals", .digest = FIRST, .members = "2", .user_id = "u1",                   \
    .person = "Bo Lind", .email = "bo@test.com", .old_role = "editor"
#define CY                                                                                                   \
    .name = "Acme", .class = "removals", .digest = FIRST, .members = "2", .user_id = "u2", .person = NULL,   \
    .email = NULL, .old_role = "viewer"
#define AMY                                                                                                  \
    .name = "Acme", .class = "vanished_flags", .digest = SECOND, .members = "1", .user_id = "u1",            \
    .person = "Amy\n\x1b[2J", .email = "amy@test.com", .old_role = "owner", .new_role = "viewer"

#define HEAD(what, digest, decision)                                                                         \
    "Acme: " what "\n"                                                                                       \
    "  held since  2026-11-24T01:30:53Z\n"                                                                   \
    "  because     too many\n"                                                                               \
    "  digest      " digest "\n"                                                                             \
    "  decision    " decision "\n"                                                                           \
    "\n"
#define PASS(digest) "  To let exactly this pass: rollcall -c '/etc/it'\\''s.conf' approve " digest "\n"
#define KEEP(digest) "  To keep it out, silently: rollcall -c '/etc/it'\\''s.conf' reject " digest "\n"
#define BO_LEAVES    "  - leaves   Bo Lind <bo@test.com>                         editor\n"
#define CY_LEAVES    "  - leaves   u2                                            viewer\n"

static const struct {
    struct line lines[4];
    size_t count;
    int64_t people_max;
    const char *text;
} pages[] = {
    {{{0}}, 0, 100, "Nothing is held: the tables say what Luzmo says.\n"},
    {{{BO}, {CY}},
     2,
     100,
     HEAD("2 of 40 members would be removed", "3f2a9c01d4e5a6b7", "none yet") BO_LEAVES CY_LEAVES
     "\n" PASS("3f2a9c01d4e5a6b7") KEEP("3f2a9c01d4e5a6b7")},
    {{{BO}, {CY}}, /* the rest is counted */
     2,
     1,
     HEAD("2 of 40 members would be removed", "3f2a9c01d4e5a6b7", "none yet") BO_LEAVES
     "  ... and 1 more; see --json for all\n"
     "\n" PASS("3f2a9c01d4e5a6b7") KEEP("3f2a9c01d4e5a6b7")},
    {{{AMY, .field = "flag_editor", .old_value = "true", .new_value = NULL}, /* two rows, one member */
      {AMY, .field = "role_updated_at", .old_value = "2020-01-01T00:00:00.000Z", .new_value = NULL}},
     2,
     100,
     HEAD("1 of 40 members would lose flags that Luzmo does not send any more", "7777777777777777",
          "none yet") "  ~ role     Amy\\n\\x1b[2J <amy@test.com>                   owner -> viewer\n"
                      "               flag_editor: true -> unknown\n"
                      "               role_updated_at: 2020-01-01T00:00:00Z -> none\n"
                      "\n" PASS("7777777777777777") KEEP("7777777777777777")},
    {{{BO, .decision = "approved", .sudo_user = "ann", .claimed_by = "Ann"}},
     1,
     100,
     HEAD("2 of 40 members would be removed", "3f2a9c01d4e5a6b7",
          "Approved by database role rollcall, uid 997, SUDO_USER ann, who claims to be \"Ann\", at "
          "2026-11-24T02:00:00Z, because \"they \\x1b[2Jmoved\": the next cycle applies it, if it finds "
          "exactly this.") BO_LEAVES "\n" KEEP("3f2a9c01d4e5a6b7")},
    {{{BO, .decision = "rejected"}, {AMY}}, /* two sets, the same member in both */
     2,
     100,
     HEAD(
         "2 of 40 members would be removed", "3f2a9c01d4e5a6b7",
         "Rejected by database role rollcall, uid 997, at 2026-11-24T02:00:00Z: it stays held, and nobody is "
         "told of it again.") BO_LEAVES
     "\n" PASS("3f2a9c01d4e5a6b7") "\n" HEAD(
         "1 of 40 members would lose flags that Luzmo does not send any more", "7777777777777777",
         "none yet") "  ~ role     Amy\\n\\x1b[2J <amy@test.com>                   owner -> viewer\n"
                     "\n" PASS("7777777777777777") KEEP("7777777777777777")},
};

static void test_pages(void **state)
{
    (void)state;
    unsetenv("SUDO_USER");
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        char *printed = show(pages[i].lines, pages[i].count, pages[i].people_max);
        assert_string_equal(printed, pages[i].text);
        free(printed);
    }
}

/* Whoever came by sudo goes the same way again. */
static void test_the_commands_can_be_typed_as_they_stand(void **state)
{
    const struct line line = {BO};

    (void)state;
    setenv("SUDO_USER", "ann", 1);
    char *printed = show(&line, 1, 100);
    unsetenv("SUDO_USER");
    assert_non_null(strstr(printed, "To let exactly this pass: sudo "));
    assert_non_null(strstr(printed, " rollcall -c '/etc/it'\\''s.conf' approve 3f2a9c01d4e5a6b7\n"));
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_the_commands_can_be_typed_as_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

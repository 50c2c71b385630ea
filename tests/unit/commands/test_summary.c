/*
 * What a cycle came to, in a sentence.
 */
#include "commands/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct sentence {
    struct runner_summary summary;
    bool changes;
    const char *text;
};

static char acme[] = "Acme";
static char nasty[] = "A\x1b[31mcme\n";
static char nameless[] = "";

static const struct sentence sentences[] = {
    {{.compared = false, .display_name = acme}, false, ""}, /* no complete poll: an error was told instead */
    {{.compared = true, .display_name = acme, .members = 12}, false, "Acme: 12 members; nothing changed.\n"},
    {{.compared = true, .display_name = acme, .members = 1, .counts = {.added = 1}},
     true,
     "Acme: 1 member; 1 joined.\n"},
    {{.compared = true, .display_name = acme, .members = 3, .first_load = true, .counts = {.added = 3}},
     true,
     "Acme: 3 members; 3 members recorded for the first time.\n"},
    {{.compared = true, .display_name = acme, .members = 1, .first_load = true, .counts = {.added = 1}},
     true,
     "Acme: 1 member; 1 member recorded for the first time.\n"},
    {{.compared = true,
      .display_name = acme,
      .members = 9,
      .organization_renamed = true,
      .counts = {.added = 1,
                 .removed = 2,
                 .role_changed = 1,
                 .role_touched = 1,
                 .profile_changed = 1,
                 .repaired = 1,
                 .absent = 1,
                 .returned = 1,
                 .rejected = 1}},
     true,
     "Acme: 9 members; 1 joined, 2 left, 1 role changed, 1 role touched, 1 profile changed, 1 absent (to be confirmed), "
     "1 back after an absence, 1 edited row set right, 1 record rejected, 1 organization renamed.\n"},
    {{.compared = true,
      .display_name = acme,
      .counts = {.role_changed = 2, .role_touched = 2, .profile_changed = 2, .repaired = 2, .rejected = 2}},
     true,
     "Acme: 0 members; 2 roles changed, 2 roles touched, 2 profiles changed, 2 edited rows set right, 2 records "
     "rejected.\n"},
    {{.compared = true, .display_name = acme, .members = 3, .counts = {.refreshed = 3}}, /* digests only */
     false,
     "Acme: 3 members; nothing changed.\n"},
    {{.compared = true, .display_name = acme, .members = 40, .counts = {.profile_changed = 1, .held = 20}},
     true,
     "Acme: 40 members; 1 profile changed. Held: 20 changes; see: rollcall holds.\n"},
    {{.compared = true, .display_name = acme, .members = 3, .counts = {.held = 1}}, /* writes nothing */
     false,
     "Acme: 3 members; nothing changed. Held: 1 change; see: rollcall holds.\n"},
    {{.compared = true, .display_name = nameless, .organization_id = "o-1\x1b", .members = 3},
     false,
     "o-1\\x1b: 3 members; nothing changed.\n"},
    {{.compared = true, .display_name = nasty, .members = 3},
     false,
     "A\\x1b[31mcme\\n: 3 members; nothing changed.\n"},
};

static void test_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);
        summary_print(out, &sentences[i].summary);
        fclose(out);
        assert_string_equal(text, sentences[i].text);
        assert_int_equal(summary_has_changes(&sentences[i].summary), sentences[i].changes);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

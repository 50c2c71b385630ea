/*
 * The cycle machine in transcripts: what happens on the left, what the machine asks for in answer on the right. That
 * nothing is forgotten in any other state is proven by test_cycle_walk.c; here one reads what the machine is for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cycle.h"

/* event: its name, then words that qualify it (see make_event). effects: "" when nothing follows. */
struct line {
    const char *event;
    const char *effects;
};

static enum cycle_event_type event_type(const char *word, size_t length)
{
    for (int type = 0; type < CYCLE_EVENT_TYPE_COUNT; type++) {
        const char *name = cycle_event_name((enum cycle_event_type)type);

        if (strlen(name) == length && strncmp(name, word, length) == 0)
            return (enum cycle_event_type)type;
    }
    fail_msg("no event is called %s", word);
    return CYCLE_EVENT_TYPE_COUNT;
}

/* The number in "absences 150s"; 30 where none is given. */
static int64_t seconds_in(const char *text)
{
    const char *number = strpbrk(text, "0123456789");

    return number ? strtoll(number, NULL, 10) : 30;
}

static struct cycle_event make_event(const char *text)
{
    struct cycle_event event = {.type = event_type(text, strcspn(text, " "))};

    if (strstr(text, "lost") || strstr(text, "failed") || strstr(text, "refused"))
        error_set(&event.error, ERROR_UNAVAILABLE, "away");
    if (strstr(text, " config"))
        error_set(&event.error, ERROR_CONFIG, "the schema is newer than this program");
    if (strstr(text, " credentials"))
        error_set(&event.error, ERROR_CREDENTIALS, "rejected");
    if (strstr(text, " passing"))
        event.retryable = true;
    if (strstr(text, " reload"))
        event.reload = true;
    if (strstr(text, " absences")) {
        event.confirm = true;
        event.confirm_in_us = seconds_in(text) * 1000000;
    }
    if (strstr(text, " retry_after"))
        event.retry_after_us = 7000000;
    return event;
}

/* "report failed (busy)", "wait database #2 (unavailable)", "finish": what a reader must know of an effect. */
static void describe(const struct cycle_effect *effect, FILE *out)
{
    fputs(cycle_effect_name(effect->type), out);
    if (effect->type == CYCLE_EFFECT_REPORT)
        fprintf(out, " %s", cycle_outcome_name(effect->outcome));
    if (effect->type == CYCLE_EFFECT_WAIT)
        fprintf(out, " %s", cycle_wait_name(effect->wait));
    if (effect->type == CYCLE_EFFECT_WAIT && effect->failures > 0)
        fprintf(out, " #%u", effect->failures);
    if (effect->delay_us > 0)
        fprintf(out, " %llds", (long long)effect->delay_us / 1000000);
    if (effect->retry_after_us > 0)
        fprintf(out, " at least %llds", (long long)effect->retry_after_us / 1000000);
    if (effect->error.class != ERROR_NONE)
        fprintf(out, " (%s)", error_class_name(effect->error.class));
}

static void describe_all(const struct cycle_effect *effects, size_t count, char *text, size_t size)
{
    FILE *out = fmemopen(text, size, "w");

    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", " : "", out);
        describe(&effects[i], out);
    }
    fputc('\0', out);
    fclose(out);
}

static void play_line(struct cycle *cycle, const struct line *line)
{
    struct cycle_event event = make_event(line->event);
    struct cycle_effect effects[CYCLE_EFFECTS_MAX];
    char text[512];

    describe_all(effects, cycle_step(cycle, &event, effects), text, sizeof(text));
    if (strcmp(text, line->effects) != 0)
        fail_msg("%s:\n  expected: %s\n  answered: %s", line->event, line->effects, text);
}

/* --- where transcripts begin -------------------------------------------------------------------------------------- */

/* clang-format off */
#define TRANSCRIPT(...) (const struct line[]){__VA_ARGS__, {NULL, NULL}}

#define UNTIL_PULL   {"started", "open"}, {"opened", "lock"}, {"locked", "load"}, {"loaded", "pull"}
#define UNTIL_BEGIN  UNTIL_PULL, {"pulled", "compare"}, {"compared_changes", "begin"}
#define UNTIL_COMMIT UNTIL_BEGIN, {"begun", "write"}, {"written", "commit"}
#define UNTIL_WAIT   UNTIL_COMMIT, {"committed", "remember, report written, discard, wait next_poll"}

static const struct line to_start[] = {{NULL, NULL}};
static const struct line to_pull[] = {UNTIL_PULL, {NULL, NULL}};
static const struct line to_begin[] = {UNTIL_BEGIN, {NULL, NULL}};
static const struct line to_commit[] = {UNTIL_COMMIT, {NULL, NULL}};
static const struct line to_waiting[] = {UNTIL_WAIT, {NULL, NULL}};

struct scenario {
    const char *name;
    enum cycle_mode mode;
    const struct line *before; /* how it comes to the point */
    const struct line *lines;
};

static struct scenario scenarios[] = {
    /* the main path */
    {"service polls and writes", CYCLE_MODE_SERVICE, to_waiting, TRANSCRIPT(
        {"timer",         "pull"},
        {"pulled",        "compare"},
        {"compared_same", "cover"},
        {"covered",       "remember, report unchanged, discard, wait next_poll"},
        {"timer",         "pull"})},
    {"once is done after one poll", CYCLE_MODE_ONCE, to_commit, TRANSCRIPT(
        {"committed", "remember, report written, discard, close"},
        {"closed",    "finish"})},
    {"absences bring a confirming poll", CYCLE_MODE_ONCE, to_pull, TRANSCRIPT(
        {"pulled",                    "compare"},
        {"compared_changes absences", "begin"},
        {"begun",                     "write"},
        {"written",                   "commit"},
        {"committed",                 "remember, report written, discard, wait confirm 30s"},
        {"timer",                     "pull"},
        {"pulled",                    "compare"},
        {"compared_changes",          "begin"},
        {"begun",                     "write"},
        {"written",                   "commit"},
        {"committed",                 "remember, report written, discard, close"},
        {"closed",                    "finish"})},
    {"once leaves to the next run what takes long to confirm", CYCLE_MODE_ONCE, to_pull, TRANSCRIPT(
        {"pulled",                      "compare"},
        {"compared_same absences 150s", "cover"},
        {"covered",                     "remember, report unchanged, discard, wait confirm 150s"},
        {"timer",                       "pull"},
        {"pulled",                      "compare"},
        {"compared_same absences 150s", "cover"},
        {"covered",                     "remember, report unchanged, discard, wait confirm 150s"},
        {"timer",                       "pull"},
        {"pulled",                      "compare"},
        {"compared_same absences 1s",   "cover"},
        {"covered",                     "remember, report unchanged, discard, close"},
        {"closed",                      "finish"})},
    {"once gives up confirming after a failed poll", CYCLE_MODE_ONCE, to_pull, TRANSCRIPT(
        {"pulled",                 "compare"},
        {"compared_same absences", "cover"},
        {"covered",                "remember, report unchanged, discard, wait confirm 30s"},
        {"timer",                  "pull"},
        {"pull_failed",            "record (unavailable)"},
        {"recorded",               "report failed (unavailable), discard, forget, close"},
        {"closed",                 "finish (unavailable)"})},
    {"plan compares and writes nothing", CYCLE_MODE_PLAN, to_start, TRANSCRIPT(
        {"started",          "open"},
        {"opened",           "load"},
        {"loaded",           "pull"},
        {"pulled",           "compare"},
        {"compared_changes", "report planned, discard, forget, close"},
        {"closed",           "finish"})},
    {"plan does not even record a failed poll", CYCLE_MODE_PLAN, to_start, TRANSCRIPT(
        {"started",     "open"},
        {"opened",      "load"},
        {"loaded",      "pull"},
        {"pull_failed", "report failed (unavailable), discard, forget, close"},
        {"closed",      "finish (unavailable)"})},
    {"a full comparison loads first", CYCLE_MODE_SERVICE, to_waiting, TRANSCRIPT(
        {"timer reload", "forget, load"},
        {"loaded",       "pull"})},
    {"asking for a poll ends any wait", CYCLE_MODE_SERVICE, to_waiting, TRANSCRIPT(
        {"poll_now",      "pull"},
        {"poll_now",      ""},
        {"pulled",        "compare"},
        {"compared_same", "cover"},
        {"covered",       "remember, report unchanged, discard, pull"},
        {"pulled",        "compare"},
        {"compared_same", "cover"},
        {"covered",       "remember, report unchanged, discard, wait next_poll"},
        {"database_lost", "forget, close"},
        {"closed",        "wait database #1 (unavailable)"},
        {"poll_now",      "open"},
        {"opened",        "lock"},
        {"locked",        "load"})},

    /* failed polls */
    {"failed polls back off and recover", CYCLE_MODE_SERVICE, to_pull, TRANSCRIPT(
        {"pull_failed retry_after", "record (unavailable)"},
        {"recorded",                "report failed (unavailable), discard, forget, wait api_backoff #1 at least 7s (unavailable)"},
        {"timer",                   "load"},
        {"loaded",                  "pull"},
        {"pulled",                  "compare"},
        {"compare_refused",         "record (unavailable)"},
        {"statement_failed",        "report failed (unavailable), discard, forget, wait api_backoff #2 (unavailable)"},
        {"timer",                   "load"},
        {"loaded",                  "pull"},
        {"pulled",                  "compare"},
        {"compared_same",           "cover"},
        {"covered",                 "remember, report unchanged, discard, wait next_poll"})},
    {"a transaction is retried three times", CYCLE_MODE_SERVICE, to_begin, TRANSCRIPT(
        {"begun",                    "write"},
        {"statement_failed passing", "rollback"},
        {"rolled_back",              "wait database #1 (unavailable)"},
        {"timer",                    "begin"},
        {"statement_failed passing", "rollback"},
        {"rolled_back",              "wait database #2 (unavailable)"},
        {"timer",                    "begin"},
        {"begun",                    "write"},
        {"written",                  "commit"},
        {"statement_failed passing", "record (unavailable)"},
        {"recorded",                 "report failed (unavailable), discard, forget, wait api_backoff #1 (unavailable)"})},
    {"a lasting error is not retried", CYCLE_MODE_SERVICE, to_begin, TRANSCRIPT(
        {"begun",            "write"},
        {"statement_failed", "rollback"},
        {"rolled_back",      "record (unavailable)"})},

    /* the fence */
    {"fenced off polls again on a new roster", CYCLE_MODE_SERVICE, to_begin, TRANSCRIPT(
        {"fenced",           "report failed (busy), discard, forget, load"},
        {"loaded",           "pull"},
        {"pulled",           "compare"},
        {"compared_same",    "cover"},
        {"fenced",           "report failed (busy), discard, forget, load"},
        {"loaded",           "pull"},
        {"pulled",           "compare"},
        {"compared_changes", "begin"},
        {"fenced",           "record (busy)"},
        {"recorded",         "report failed (busy), discard, forget, wait api_backoff #3 (busy)"})},

    /* the database goes away */
    {"lost while pulling", CYCLE_MODE_SERVICE, to_pull, TRANSCRIPT(
        {"database_lost",           "cancel_pull"},
        {"pull_failed",             "report failed (unavailable), discard, forget, close"},
        {"closed",                  "wait database #1 (unavailable)"},
        {"timer",                   "open"},
        {"open_failed credentials", "close"},
        {"closed",                  "wait database #2 (credentials)"},
        {"timer",                   "open"},
        {"opened",                  "lock"},
        {"locked",                  "wait api_backoff #1 (unavailable)"},
        {"timer",                   "load"},
        {"loaded",                  "pull"})},
    {"lost while waiting polls when it is due", CYCLE_MODE_SERVICE, to_waiting, TRANSCRIPT(
        {"database_lost", "forget, close"},
        {"closed",        "wait database #1 (unavailable)"},
        {"timer",         "open"},
        {"opened",        "lock"},
        {"locked",        "wait next_poll"},
        {"timer",         "load"},
        {"loaded",        "pull"},
        {"database_lost", "cancel_pull"},
        {"pull_failed",   "report failed (unavailable), discard, forget, close"},
        {"closed",        "wait database #1 (unavailable)"})},
    {"an uncertain commit was applied", CYCLE_MODE_SERVICE, to_commit, TRANSCRIPT(
        {"database_lost",    "close"},
        {"closed",           "wait database #1 (unavailable)"},
        {"timer",            "open"},
        {"open_failed",      "close"},
        {"closed",           "wait database #2 (unavailable)"},
        {"timer",            "open"},
        {"opened",           "lock"},
        {"locked",           "resolve"},
        {"resolved_unknown", "wait database #3 (unavailable)"},
        {"timer",            "resolve"},
        {"resolved_applied", "report written, discard, forget, wait next_poll"},
        {"timer",            "load"},
        {"loaded",           "pull"})},
    {"an uncertain commit did not happen", CYCLE_MODE_ONCE, to_commit, TRANSCRIPT(
        {"database_lost",   "close"},
        {"closed",          "wait database #1 (unavailable)"},
        {"timer",           "open"},
        {"opened",          "lock"},
        {"locked",          "resolve"},
        {"resolved_absent", "record (unavailable)"},
        {"recorded",        "report failed (unavailable), discard, forget, close"},
        {"closed",          "finish (unavailable)"})},
    {"a standby learns what became of its commit", CYCLE_MODE_SERVICE, to_commit, TRANSCRIPT(
        {"database_lost",    "close"},
        {"closed",           "wait database #1 (unavailable)"},
        {"timer",            "open"},
        {"opened",           "lock"},
        {"lock_busy",        "resolve"},
        {"resolved_unknown", "wait standby #2 (unavailable)"},
        {"timer",            "lock"},
        {"lock_busy",        "resolve"},
        {"resolved_absent",  "report failed (unavailable), discard, forget, lock"},
        {"lock_busy",        "wait standby #2 (busy)"})},
    {"once learns it beside another writer", CYCLE_MODE_ONCE, to_commit, TRANSCRIPT(
        {"database_lost",    "close"},
        {"closed",           "wait database #1 (unavailable)"},
        {"timer",            "open"},
        {"opened",           "lock"},
        {"lock_busy",        "resolve"},
        {"resolved_applied", "report written, discard, forget, close"},
        {"closed",           "finish"})},
    {"once does not look up a commit for ever", CYCLE_MODE_ONCE, to_commit, TRANSCRIPT(
        {"database_lost",    "close"},
        {"closed",           "wait database #1 (unavailable)"},
        {"timer",            "open"},
        {"opened",           "lock"},
        {"locked",           "resolve"},
        {"resolved_unknown", "wait database #2 (unavailable)"},
        {"timer",            "resolve"},
        {"resolved_unknown", "wait database #3 (unavailable)"},
        {"timer",            "resolve"},
        {"resolved_unknown", "wait database #4 (unavailable)"},
        {"timer",            "resolve"},
        {"resolved_unknown", "wait database #5 (unavailable)"},
        {"timer",            "resolve"},
        {"resolved_unknown", "wait database #6 (unavailable)"},
        {"timer",            "resolve"},
        {"resolved_unknown", "wait database #7 (unavailable)"},
        {"timer",            "resolve"},
        {"resolved_unknown", "close"},
        {"closed",           "report uncertain (unavailable), discard, forget, finish (unavailable)"})},

    /* one writer, and a database that will not do */
    {"a second service stands by", CYCLE_MODE_SERVICE, to_start, TRANSCRIPT(
        {"started",   "open"},
        {"opened",    "lock"},
        {"lock_busy", "wait standby (busy)"},
        {"timer",     "lock"},
        {"locked",    "load"})},
    {"a second once ends", CYCLE_MODE_ONCE, to_start, TRANSCRIPT(
        {"started",   "open"},
        {"opened",    "lock"},
        {"lock_busy", "close"},
        {"closed",    "finish (busy)"})},
    {"a schema that does not fit ends the service", CYCLE_MODE_SERVICE, to_start, TRANSCRIPT(
        {"started",            "open"},
        {"open_failed config", "close"},
        {"closed",             "finish (config)"})},
    {"a table that may not be read ends the service", CYCLE_MODE_SERVICE, to_start, TRANSCRIPT(
        {"started",                 "open"},
        {"opened",                  "lock"},
        {"locked",                  "load"},
        {"statement_failed config", "close"},
        {"closed",                  "finish (config)"})},
    {"a session that fails is replaced", CYCLE_MODE_SERVICE, to_start, TRANSCRIPT(
        {"started",          "open"},
        {"opened",           "lock"},
        {"locked",           "load"},
        {"statement_failed", "close"},
        {"closed",           "wait database #1 (unavailable)"},
        {"timer",            "open"})},

    /* STOP */
    {"stop while waiting", CYCLE_MODE_SERVICE, to_waiting, TRANSCRIPT(
        {"stop",   "close"},
        {"stop",   ""},
        {"closed", "finish"})},
    {"stop while connecting", CYCLE_MODE_SERVICE, to_start, TRANSCRIPT(
        {"started",     "open"},
        {"stop",        "close"},
        {"open_failed", ""},
        {"closed",      "finish"})},
    {"stop without a database", CYCLE_MODE_SERVICE, to_start, TRANSCRIPT(
        {"started",     "open"},
        {"open_failed", "close"},
        {"closed",      "wait database #1 (unavailable)"},
        {"stop",        "finish"})},
    {"stop while pulling", CYCLE_MODE_SERVICE, to_pull, TRANSCRIPT(
        {"stop",          "cancel_pull"},
        {"database_lost", ""},
        {"pull_failed",   "close"},
        {"closed",        "report stopped, discard, forget, finish"})},
    {"stop while writing rolls back", CYCLE_MODE_SERVICE, to_begin, TRANSCRIPT(
        {"begun",       "write"},
        {"stop",        "cancel_query"},
        {"written",     "rollback"},
        {"rolled_back", "close"},
        {"closed",      "report stopped, discard, forget, finish"})},
    {"stop after a failed poll is no failure", CYCLE_MODE_ONCE, to_pull, TRANSCRIPT(
        {"pull_failed", "record (unavailable)"},
        {"stop",        "cancel_query"},
        {"recorded",    "report failed (unavailable), discard, forget, close"},
        {"closed",      "finish"})},
    {"a second stop changes nothing", CYCLE_MODE_SERVICE, to_pull, TRANSCRIPT(
        {"stop",        "cancel_pull"},
        {"stop",        ""},
        {"pull_failed", "close"},
        {"stop",        ""},
        {"closed",      "report stopped, discard, forget, finish"})},
    {"stop lets a commit come", CYCLE_MODE_SERVICE, to_commit, TRANSCRIPT(
        {"stop",      "cancel_query"},
        {"committed", "remember, report written, discard, close"},
        {"closed",    "finish"})},
    {"stop and a lost commit leave it uncertain", CYCLE_MODE_SERVICE, to_commit, TRANSCRIPT(
        {"stop",          "cancel_query"},
        {"database_lost", "close"},
        {"closed",        "report uncertain (unavailable), discard, forget, finish"})},
    {"once was asked how it ends, and cannot say", CYCLE_MODE_ONCE, to_commit, TRANSCRIPT(
        {"stop",          "cancel_query"},
        {"database_lost", "close"},
        {"closed",        "report uncertain (unavailable), discard, forget, finish (unavailable)"})},
};
/* clang-format on */

static void play(struct cycle *cycle, const struct line *lines)
{
    for (; lines->event; lines++)
        play_line(cycle, lines);
}

static void test_scenario(void **state)
{
    const struct scenario *scenario = *state;
    struct cycle cycle;

    cycle_init(&cycle, scenario->mode);
    play(&cycle, scenario->before);
    play(&cycle, scenario->lines);
}

/* --- the contract ------------------------------------------------------------------------------------------------- */

enum { ABORTED = 134 };

/* In the child of step_aborts: ends as programs do, so that what it reached counts in the coverage. */
static void leave(int signal)
{
    (void)signal;
    exit(ABORTED);
}

static bool step_aborts(struct cycle *cycle, const char *text)
{
    struct cycle_event event = make_event(text);
    struct cycle_effect effects[CYCLE_EFFECTS_MAX];
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        fclose(stderr);
        signal(SIGABRT, leave);
        cycle_step(cycle, &event, effects);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == ABORTED;
}

static void test_what_cannot_happen_aborts(void **state)
{
    struct cycle cycle;

    (void)state;
    cycle_init(&cycle, CYCLE_MODE_SERVICE);
    assert_true(step_aborts(&cycle, "committed"));
    assert_true(step_aborts(&cycle, "database_lost")); /* there is no connection yet */
    assert_false(step_aborts(&cycle, "started"));      /* and the child changed nothing here */
    play(&cycle, to_pull);
    assert_true(step_aborts(&cycle, "timer"));
    assert_true(step_aborts(&cycle, "covered"));
}

static void test_everything_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < CYCLE_STATE_COUNT; i++) {
        assert_true(strlen(cycle_state_name((enum cycle_state)i)) > 0);
        assert_true(strlen(cycle_state_sentence((enum cycle_state)i)) > 0);
    }
    for (int i = 0; i < CYCLE_EVENT_TYPE_COUNT; i++)
        assert_true(strlen(cycle_event_name((enum cycle_event_type)i)) > 0);
    for (int i = 0; i < CYCLE_EFFECT_TYPE_COUNT; i++)
        assert_true(strlen(cycle_effect_name((enum cycle_effect_type)i)) > 0);
    for (int i = 0; i < CYCLE_WAIT_COUNT; i++)
        assert_true(strlen(cycle_wait_name((enum cycle_wait)i)) > 0);
    for (int i = 0; i < CYCLE_OUTCOME_COUNT; i++)
        assert_true(strlen(cycle_outcome_name((enum cycle_outcome)i)) > 0);
}

int main(void)
{
    enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };
    struct CMUnitTest tests[SCENARIOS + 2] = {
        [SCENARIOS] = cmocka_unit_test(test_what_cannot_happen_aborts),
        [SCENARIOS + 1] = cmocka_unit_test(test_everything_has_a_name),
    };

    for (size_t i = 0; i < SCENARIOS; i++) {
        tests[i].name = scenarios[i].name;
        tests[i].test_func = test_scenario;
        tests[i].initial_state = &scenarios[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The configuration: what a file means, and that every wrong one is refused with its line and one sentence.
 */
#include "service/config.h"
#include "service/config_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND       INT64_C(1000000)

/* --- a file of one's own ------------------------------------------------------------------------------------------ */

static char directory[] = "/tmp/test-config-XXXXXX";
static char file[64];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(file, sizeof(file), "%s/rollcall.conf", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(directory);
}

static void write_bytes(const char *bytes, size_t length)
{
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static void accept(const char *text, struct config *ret_config)
{
    struct error error;

    write_bytes(text, strlen(text));
    if (config_read(file, ret_config, &error) != 0)
        fail_msg("%s\n%s", text, error.text);
}

/* --- what is understood ------------------------------------------------------------------------------------------- */

static void test_an_empty_file_means_the_defaults(void **state)
{
    struct config config;

    (void)state;
    accept("", &config);
    assert_string_equal(config.file, file);
    assert_string_equal(config.api.url, "https://api.luzmo.com/0.1.0");
    assert_string_equal(config.api.organization_id, "");
    assert_string_equal(config.database.conninfo, "dbname=rollcall");
    assert_int_equal(config.database.migrate, CONFIG_MIGRATE_AUTO);
    assert_int_equal(config.sync.interval, 300 * SECOND);
    assert_int_equal(config.sync.removal_polls, 2);
    assert_int_equal(config.sync.confirm_after, 30 * SECOND);
    assert_int_equal(config.sync.max_gap, 900 * SECOND);
    assert_int_equal(config.sync.max_body, INT64_C(2) << 30);
    assert_float_equal(config.guard.removals, 0.15, 1e-12);
    assert_float_equal(config.guard.demotions, -1, 1e-12);
    assert_int_equal(config.log.level, LOG_LEVEL_INFO);
    config_done(&config);
}

static void test_what_is_set_is_read_and_the_rest_stays(void **state)
{
    struct config config;

    (void)state;
    accept("# a comment\n"
           "api { url = \"https://api.us.luzmo.com/0.1.0\"\n"
           "      organization_id = \"< your organization id >\" }\n"
           "database { conninfo = 'host=db user=\"odd name\"'  migrate = never }\n"
           "sync { interval = 1s removal_polls=3 /* more */ max_body = 1KiB }\n"
           "guard { removals = off }\n"
           "log { level = debug } // the last one",
           &config);
    assert_string_equal(config.api.url, "https://api.us.luzmo.com/0.1.0");
    assert_string_equal(config.api.organization_id, "< your organization id >");
    assert_string_equal(config.api.ca_file, "");
    assert_string_equal(config.database.conninfo, "host=db user=\"odd name\"");
    assert_int_equal(config.database.migrate, CONFIG_MIGRATE_NEVER);
    assert_int_equal(config.sync.interval, SECOND);
    assert_int_equal(config.sync.removal_polls, 3);
    assert_int_equal(config.sync.max_body, 1024);
    assert_int_equal(config.sync.full_compare, 3600 * SECOND);
    assert_float_equal(config.guard.removals, -1, 1e-12);
    assert_int_equal(config.log.level, LOG_LEVEL_DEBUG);
    config_done(&config);
}

static void test_the_gap_follows_the_interval_unless_it_is_set(void **state)
{
    struct config config;

    (void)state;
    accept("sync { interval = 20s }", &config);
    assert_int_equal(config.sync.max_gap, 60 * SECOND);
    config_done(&config);
    accept("sync { max_gap = 5s interval = 20s }", &config);
    assert_int_equal(config.sync.max_gap, 5 * SECOND);
    config_done(&config);
}

static void test_both_ends_of_every_range_are_allowed(void **state)
{
    static const char *const settings[] = {"sync { interval = 1s }",     "sync { interval = 7d }",
                                           "sync { removal_polls = 1 }", "sync { max_members = 100000000 }",
                                           "sync { max_body = 1TiB }",   "guard { min_owners = 0 }",
                                           "guard { removals = 0% }",    "guard { removals = 100% }"};

    (void)state;
    for (size_t i = 0; i < COUNT(settings); i++) {
        struct config config;
        accept(settings[i], &config);
        config_done(&config);
    }
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

struct refusal {
    const char *text;
    const char *place;    /* what stands between the file's name and the sentence */
    const char *sentence; /* a part of it */
};

static const struct refusal refusals[] = {
    {"foo = 1", ":1: ", "no such option 'foo'; every section and setting: rollcall --help-config"},
    {"api {\n\n  urll = \"x\"\n}", ":3: ", "no such option 'urll'"},
    {"bogus { x = 1 }", ":1: ", "no such option 'bogus'"},
    {"api { url = \"https://a\"\nurl = \"https://b\" }", ":2: ", "api.url is set twice; keep one"},
    {"api { }\napi { }", ":2: ", "api is a section already; put its settings together"},
    {"api { url = \"http://a\" }",
     ":1: ", "api.url does not begin with https://; write it like https://api.luzmo.com/0.1.0"},
    {"api { url = \"\" }", ":1: ", "api.url does not begin with https://"},
    {"sync {\n interval = 0s\n}", ":2: ", "sync.interval is 0s, expected something from 1s to 7d"},
    {"sync { interval = 8d }", ":1: ", "expected something from 1s to 7d"},
    {"sync { interval = 5 min }", ":1: ", "sync.interval is \"5\", expected a duration such as 30s"},
    {"sync { interval = -5s }", ":1: ", "sync.interval is \"-5s\", expected a duration"},
    {"sync { interval = \"\" }", ":1: ", "sync.interval is \"\", expected a duration"},
    {"sync { max_body = 1023B }", ":1: ", "sync.max_body is 1023B, expected something from 1KiB to 1TiB"},
    {"sync { max_body = 2GB }", ":1: ", "expected a size such as 64KiB, 100MiB or 2GiB"},
    {"sync { max_members = 5.5 }", ":1: ", "expected a whole number"},
    {"sync { removal_polls = 0 }", ":1: ", "sync.removal_polls is 0, expected something from 1 to 1000"},
    {"guard { removals = 120% }",
     ":1: ", "guard.removals is \"120%\", expected a percentage such as 15%, or off"},
    {"http { listen = 9464 }", ":1: ",
     "http.listen is \"9464\", expected address:port such as 127.0.0.1:9464 or [::1]:9464, or nothing"},
    {"log { level = loud }", ":1: ", "expected error, warning, notice, info or debug"},
    {"database { migrate = yes }", ":1: ", "database.migrate is \"yes\", expected auto or never"},
    {"api { organization_id = \"12345678901234567890123456789012345678901234567890123456789012345678901234567890"
     "1234567890123456789012345678901234567890123456789\" }",
     ":1: ", "api.organization_id is too long, expected at most 128 bytes"},
    {"sync { interval = 5min", ": ", "the file ends inside a section; add the missing }"},
    {"/* sync { interval = 5min }", ": ", "the file ends inside a comment or a quoted text"},
    {"api { url = \"https://a }", ": ", "the file ends inside a comment or a quoted text"},
    {"api { url = }", ":1: ", "unexpected token '}'"},
    {"api url = \"https://a\"", ":1: ", "missing opening brace for section 'api'"},
    {"}", ":1: ", "unexpected closing brace"},
    {"include(\"/etc/passwd\")", ":1: ", "no such option 'include'"},
    /* one line of text, whatever is repeated of the file */
    {"sync\xff { }", ":1: ", "no such option 'sync\\xff'"},
    {"sync { interval = \"1s\x1b[2J\" }", ":1: ", "sync.interval is \"1s\\x1b[2J\", expected a duration"},
    {"log { level = 'a\nb' }", ":2: ", "log.level is \"a\\nb\", expected error"},
};

static void refuse(const char *text, const char *place, const char *sentence)
{
    struct config config;
    struct error error;
    char beginning[128];

    snprintf(beginning, sizeof(beginning), "%s%s", file, place);
    if (config_read(file, &config, &error) != -ERROR_CONFIG)
        fail_msg("accepted: %s", text);
    assert_int_equal(error.class, ERROR_CONFIG);
    if (strncmp(error.text, beginning, strlen(beginning)) != 0 || !strstr(error.text, sentence))
        fail_msg("%s\ngave     %s\nexpected %s...%s", text, error.text, beginning, sentence);
    assert_null(strchr(error.text, '\n'));
}

static void test_wrong_files_are_refused_with_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        write_bytes(refusals[i].text, strlen(refusals[i].text));
        refuse(refusals[i].text, refusals[i].place, refusals[i].sentence);
    }
}

static void test_bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    write_bytes("\0", 1);
    refuse("a NUL", "", "");
    char *large = calloc(1, 2 << 20);
    write_bytes(memset(large, '\n', 2 << 20), 2 << 20);
    free(large);
    refuse("two MiB", " is too large", "");
}

static void expect_unreadable(const char *path, const char *sentence)
{
    struct config config;
    struct error error;

    assert_int_equal(config_read(path, &config, &error), -ERROR_CONFIG);
    if (!strstr(error.text, sentence) || !strstr(error.text, path))
        fail_msg("%s", error.text);
}

static void test_a_named_file_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    expect_unreadable("/nonexistent/rollcall.conf", "cannot be read: No such file or directory");
    expect_unreadable(directory, "cannot be read: Is a directory");
}

/* --- two configurations, and the texts made of the table ---------------------------------------------------------- */

static void test_a_setting_that_needs_a_restart_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *name;
    } cases[] = {
        {"", NULL},
        {"sync { interval = 1s } log { level = debug } api { ca_file = \"x\" }", NULL},
        {"database { conninfo = \"dbname=other\" }", "database.conninfo"},
        {"api { organization_id = \"another\" }", "api.organization_id"},
        {"http { listen = \"127.0.0.1:9000\" }", "http.listen"},
        {"database { conninfo = \"dbname=rollcall\" }", NULL}, /* the default, spelled out */
    };
    struct config old, fresh;
    const char *name = NULL;

    (void)state;
    accept("", &old);
    for (size_t i = 0; i < COUNT(cases); i++) {
        accept(cases[i].text, &fresh);
        config_restart_needed(&old, &fresh, &name);
        if (!cases[i].name)
            assert_null(name);
        else
            assert_string_equal(name, cases[i].name);
        config_done(&fresh);
    }
    config_done(&old);
}

static void gather_cb(void *context, const char *name)
{
    strcat(context, name);
    strcat(context, " ");
}

static void test_settings_without_effect_are_named(void **state)
{
    struct config config;
    char names[256] = "";

    (void)state;
    accept("guard { removals = 20% min_owners = 1 } http { listen = \"a:9\" } sync { interval = 1s }",
           &config);
    config_each_without_effect(&config, gather_cb, names);
    assert_string_equal(names, "http.listen ");
    config_done(&config);
}

typedef void printer(FILE *out);

static char *printed(printer *print)
{
    size_t length = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &length);

    print(out);
    fclose(out);
    return text;
}

/* Takes the marks off the lines that have a setting in them. */
static void uncomment(char *text)
{
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *mark = strstr(line, "# ");
        if (mark && strstr(mark, " = "))
            *mark = ' ';
    }
}

static void test_the_sample_says_what_is_so_already(void **state)
{
    char *sample = printed(config_print_sample);
    size_t length = strlen(sample);
    struct config sampled, defaults;

    (void)state;
    accept(sample, &sampled);
    config_done(&sampled);
    uncomment(sample);
    for (size_t i = 0; i < length; i++)
        if (sample[i] == '\0')
            sample[i] = '\n';
    accept(sample, &sampled);
    accept("", &defaults);
    for (size_t i = 0; i < config_setting_count; i++) {
        char line[64];
        snprintf(line, sizeof(line), "\n      %s = ", config_settings[i].key);
        if (!strstr(sample, line))
            fail_msg("%s is not in the sample", config_settings[i].name);
        assert_true(config_setting_same(&config_settings[i], &sampled, &defaults));
    }
    config_done(&sampled);
    config_done(&defaults);
    free(sample);
}

static void test_every_setting_is_explained(void **state)
{
    char *help = printed(config_print_help);
    char *manual = printed(config_print_manual);

    (void)state;
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        char line[64];
        snprintf(line, sizeof(line), "\n    %-16s ", setting->key);
        assert_non_null(strstr(help, line));
        assert_non_null(strstr(help, setting->help));
        snprintf(line, sizeof(line), ".TP\n.B %s\n", setting->key);
        assert_non_null(strstr(manual, line));
    }
    free(help);
    free(manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_file_means_the_defaults),
        cmocka_unit_test(test_what_is_set_is_read_and_the_rest_stays),
        cmocka_unit_test(test_the_gap_follows_the_interval_unless_it_is_set),
        cmocka_unit_test(test_both_ends_of_every_range_are_allowed),
        cmocka_unit_test(test_wrong_files_are_refused_with_their_line),
        cmocka_unit_test(test_bytes_that_are_no_text_are_refused),
        cmocka_unit_test(test_a_named_file_that_cannot_be_read_is_an_error),
        cmocka_unit_test(test_a_setting_that_needs_a_restart_is_named),
        cmocka_unit_test(test_settings_without_effect_are_named),
        cmocka_unit_test(test_the_sample_says_what_is_so_already),
        cmocka_unit_test(test_every_setting_is_explained),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

/*
 * Key and token: the places where they are looked for, in their order, and the places that are refused. A table row is
 * a little world: what systemd hands over, what lies in the files, and what comes of it.
 */
#include "service/credentials.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LONG_TEXT    5000

static char directory[] = "/tmp/test-credentials-XXXXXX";
static char handed[40]; /* by systemd */
static char handed_key[64], handed_token[64], passfile[64], key_file[64], token_file[64];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(handed, sizeof(handed), "%s/handed", directory);
    snprintf(handed_key, sizeof(handed_key), "%s/luzmo-key", handed);
    snprintf(handed_token, sizeof(handed_token), "%s/luzmo-token", handed);
    snprintf(passfile, sizeof(passfile), "%s/pgpass", handed);
    snprintf(key_file, sizeof(key_file), "%s/key", directory);
    snprintf(token_file, sizeof(token_file), "%s/token", directory);
    return mkdir(handed, 0700);
}

static void remove_files(void)
{
    unlink(handed_key);
    unlink(handed_token);
    unlink(passfile);
    unlink(key_file);
    unlink(token_file);
}

static int remove_directory(void **state)
{
    (void)state;
    remove_files();
    return rmdir(handed) + rmdir(directory);
}

static void put(const char *path, const char *text, mode_t mode)
{
    if (!text)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* The two files of one's own, named in the configuration. */
static struct config with_files(void)
{
    return (struct config){.api = {.key_file = key_file, .token_file = token_file}};
}

struct world {
    const char *handed_key, *handed_token; /* NULL: no such file */
    const char *key, *token;
    mode_t mode;         /* of the files of one's own; 0: 0600 */
    const char *expect;  /* "key/token", or NULL: refused */
    const char *because; /* a part of the sentence; of the source, when it is not refused */
};

static const struct world worlds[] = {
    {NULL, NULL, "K", "T", 0, "K/T", "/key and "},
    {NULL, NULL, "K\n", "T\r\n", 0, "K/T", "/token"},
    {NULL, NULL, "K", "T", 0640, "K/T", "/key"},
    {"HK\n", "HT\n", NULL, NULL, 0, "HK/HT", "the service's credentials"},
    {"HK\n", "HT\n", "K", "T", 0666, "HK/HT", "the service's credentials"},
    {"\n", "\n", "K", "T", 0, "K/T", "/key"}, /* stands for a file that is not there */
    {NULL, NULL, NULL, NULL, 0, NULL, "/key, which does not exist"},
    {NULL, NULL, "K", NULL, 0, NULL, "/key is there, but "},
    {NULL, NULL, NULL, "T", 0, NULL, "/key is missing"},
    {NULL, NULL, "", "T", 0, NULL, "/key is empty; put the value into it"},
    {NULL, NULL, "K", "\n", 0, NULL, "/token is empty; put the value into it"},
    {NULL, NULL, "K", "T", 0644, NULL, "can be read or written by everybody; run: chgrp rollcall "},
    {NULL, NULL, "K", "T", 0602, NULL, "can be read or written by everybody"},
    {NULL, NULL, "K\nmore", "T", 0, NULL, "must be one line of text"},
    {"HK\n", "\n", NULL, NULL, 0, NULL, "/key, which does not exist"},
};

static void build(const struct world *world)
{
    mode_t mode = world->mode != 0 ? world->mode : 0600;

    remove_files();
    put(handed_key, world->handed_key, 0400);
    put(handed_token, world->handed_token, 0400);
    put(key_file, world->key, mode);
    put(token_file, world->token, mode);
}

static void expect_secrets(const struct world *world, const struct credentials *credentials)
{
    char both[64];

    snprintf(both, sizeof(both), "%s/%s", credentials->key.bytes, credentials->token.bytes);
    assert_string_equal(both, world->expect);
    assert_int_equal(credentials->key.length, strcspn(world->expect, "/"));
    if (!strstr(credentials->source, world->because))
        fail_msg("%s came from %s", both, credentials->source);
}

static void test_the_places_in_their_order(void **state)
{
    struct config config = with_files();

    (void)state;
    for (size_t i = 0; i < COUNT(worlds); i++) {
        struct credentials credentials;
        struct error error = {0};
        setenv("CREDENTIALS_DIRECTORY", handed, 1);
        build(&worlds[i]);
        int status = credentials_read(&config, &credentials, &error);
        unsetenv("CREDENTIALS_DIRECTORY");
        if ((status == 0) != (worlds[i].expect != NULL))
            fail_msg("world %zu: %d %s", i, status, error.text);
        if (status == 0)
            expect_secrets(&worlds[i], &credentials);
        else if (!strstr(error.text, worlds[i].because) || error.class != ERROR_CONFIG)
            fail_msg("world %zu: %s", i, error.text);
        if (status == 0)
            credentials_done(&credentials);
    }
}

static void test_a_refused_secret_is_not_quoted(void **state)
{
    struct config config = with_files();
    struct credentials credentials;
    struct error error;
    char text[LONG_TEXT + 1];

    (void)state;
    memset(text, 'S', LONG_TEXT);
    text[LONG_TEXT] = '\0';
    build(&(struct world){.key = text, .token = "T"});
    assert_int_equal(credentials_read(&config, &credentials, &error), -ERROR_CONFIG);
    assert_null(strstr(error.text, "SSS"));
    assert_null(credentials.key.bytes);
}

static void test_what_is_no_file_is_refused_without_waiting(void **state)
{
    struct config config = with_files();
    struct credentials credentials;
    struct error error;

    (void)state;
    build(&(struct world){.token = "T"});
    assert_int_equal(mkfifo(key_file, 0600), 0);
    assert_int_equal(credentials_read(&config, &credentials, &error), -ERROR_CONFIG);
    assert_non_null(strstr(error.text, "is not a file"));
}

static void test_the_pass_file_comes_along(void **state)
{
    static const struct {
        const char *text;
        bool used;
    } cases[] = {{"host:5432:db:user:word\n", true}, {"\n", false}, {NULL, false}};
    struct config config = with_files();

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct credentials credentials;
        struct error error;
        build(&(struct world){.handed_key = "K\n", .handed_token = "T\n"});
        put(passfile, cases[i].text, 0400);
        setenv("CREDENTIALS_DIRECTORY", handed, 1);
        assert_int_equal(credentials_read(&config, &credentials, &error), 0);
        unsetenv("CREDENTIALS_DIRECTORY");
        if (cases[i].used)
            assert_string_equal(credentials.passfile, passfile);
        else
            assert_null(credentials.passfile);
        credentials_done(&credentials);
    }
}

/* The last test: what was taken out of the environment stays taken. */
static void test_the_environment_is_emptied_and_comes_last(void **state)
{
    char nothing[] = "";
    struct config config = {.api = {.key_file = nothing, .token_file = nothing}};
    struct config files = with_files();
    struct credentials credentials;
    struct error error;

    (void)state;
    setenv("LUZMO_KEY", "EK", 1);
    setenv("LUZMO_TOKEN", "ET", 1);
    const char *token = getenv("LUZMO_TOKEN");
    credentials_take_environment();
    assert_null(getenv("LUZMO_KEY"));
    assert_null(getenv("LUZMO_TOKEN"));
    assert_string_equal(token, ""); /* where /proc/PID/environ shows it */
    if (access(CREDENTIALS_KEY_FILE, F_OK) != 0) {
        assert_int_equal(credentials_read(&config, &credentials, &error), 0);
        expect_secrets(&(struct world){.expect = "EK/ET", .because = "the environment"}, &credentials);
        credentials_done(&credentials);
    }
    build(&(struct world){.key = "K", .token = "T"});
    assert_int_equal(credentials_read(&files, &credentials, &error), 0);
    expect_secrets(&(struct world){.expect = "K/T", .because = "/key"}, &credentials);
    credentials_done(&credentials);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_places_in_their_order),
        cmocka_unit_test(test_a_refused_secret_is_not_quoted),
        cmocka_unit_test(test_what_is_no_file_is_refused_without_waiting),
        cmocka_unit_test(test_the_pass_file_comes_along),
        cmocka_unit_test(test_the_environment_is_emptied_and_comes_last),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

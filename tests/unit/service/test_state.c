/*
 * What is remembered outside the database: it outlives the process that wrote it, and nothing but what was written whole
 * is believed.
 */
#include "service/state.h"

#include "captured.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define FILE_MAX 4096
#define DEFAULT  "default"
#define ACME     "acme"

static char directory[] = "/tmp/test-state-XXXXXX";
static char path[64];
static uv_loop_t loop;

static const struct uuid first = {{1}}, second = {{2}};

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/committed-default", directory);
    return uv_loop_init(&loop);
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory) + uv_loop_close(&loop);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static size_t get_file(char bytes[FILE_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, bytes, FILE_MAX - 1);

    assert_true(length >= 0);
    close(fd);
    bytes[length] = '\0';
    return (size_t)length;
}

static void put_file(const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

/* What one process learns and the next may rely on. */
static void live_once(const char *where, const char *organization_id, const struct uuid *cycle)
{
    struct state *state = state_new(&loop, where, DEFAULT);

    state_remember(state, organization_id, cycle);
    state_free(state);
}

static void assert_known(const char *source, const char *organization_id, const struct uuid *cycle)
{
    struct state *state = state_new(&loop, directory, source);
    const struct uuid *known = state_committed_cycle(state, organization_id);

    assert_true(cycle ? known && uuid_equal(known, cycle) : !known);
    state_free(state);
}

/* The same, and whether it was warned of. */
static void assert_ignored(const char *source, const char *organization_id)
{
    struct captured captured;
    char line[1024];

    captured_begin(&captured);
    struct state *state = state_new(&loop, directory, source);
    bool known = state_committed_cycle(state, organization_id) != NULL;
    captured_end(&captured);
    state_free(state);
    assert_false(known);
    assert_true(captured_next(&captured, line, sizeof(line)));
    assert_non_null(strstr(line, "level=warning event=state_ignored"));
    captured_done(&captured);
}

static void test_without_a_file_nothing_is_known(void **state)
{
    (void)state;
    assert_known(DEFAULT, ACME, NULL);
    assert_known(DEFAULT, NULL, NULL);
}

static void test_without_a_directory_it_is_known_until_the_end(void **state)
{
    static const char *const none[] = {NULL, "", "relative"};

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct state *memory = state_new(&loop, none[i], DEFAULT);
        assert_null(state_committed_cycle(memory, ACME));
        state_remember(memory, ACME, &first);
        assert_true(uuid_equal(state_committed_cycle(memory, ACME), &first));
        state_free(memory);
        live_once(none[i], ACME, &first);
        assert_known(DEFAULT, ACME, NULL);
    }
}

static void test_it_outlives_the_process(void **state)
{
    char bytes[FILE_MAX];
    struct stat status;

    (void)state;
    live_once(directory, ACME, &first);
    assert_known(DEFAULT, ACME, &first);
    assert_known(DEFAULT, NULL, &first); /* an empty database lacks it, too */
    live_once(directory, ACME, &second);
    assert_known(DEFAULT, ACME, &second);

    get_file(bytes);
    assert_non_null(strstr(bytes, "rollcall 1\nsource default\ncycle 02000000-0000-0000-0000-000000000000\n"
                                  "organization acme\nsha256 "));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_the_latest_of_many_counts(void **state)
{
    struct state *busy = state_new(&loop, directory, DEFAULT);

    (void)state;
    for (int i = 0; i < 50; i++) {
        state_remember(busy, ACME, &first);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    state_remember(busy, ACME, &second);
    state_free(busy);
    assert_known(DEFAULT, ACME, &second);
}

static void test_an_organization_of_any_id(void **state)
{
    static const char *const ids[] = {"< your organization id >",
                                      "a\nsha256 0123",
                                      "\n",
                                      "%s",
                                      "é",
                                      "....................................................................."
                                      "..........................................................."};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        live_once(directory, ids[i], &first);
        assert_known(DEFAULT, ids[i], &first);
    }
}

static void test_another_organizations_is_ignored(void **state)
{
    (void)state;
    live_once(directory, ACME, &first);
    assert_ignored(DEFAULT, "another");
}

static void test_another_sources_is_ignored(void **state)
{
    char bytes[FILE_MAX], other[64];

    (void)state;
    live_once(directory, ACME, &first);
    size_t length = get_file(bytes);
    snprintf(other, sizeof(other), "%s/committed-a%%2Fb", directory);
    rename(path, other);
    assert_known(DEFAULT, ACME, NULL);
    assert_ignored("a/b", ACME); /* its file's name, but not its file */
    unlink(other);
    put_file(bytes, length);
    assert_known(DEFAULT, ACME, &first);
}

static void test_no_damaged_byte_is_believed(void **state)
{
    char bytes[FILE_MAX];

    (void)state;
    live_once(directory, ACME, &first);
    size_t length = get_file(bytes);
    for (size_t i = 0; i < length; i++) {
        bytes[i] ^= 1;
        put_file(bytes, length);
        assert_ignored(DEFAULT, ACME);
        bytes[i] ^= 1;
    }
}

static void test_no_torn_file_is_believed(void **state)
{
    char bytes[FILE_MAX] = {0};

    (void)state;
    live_once(directory, ACME, &first);
    size_t length = get_file(bytes);
    for (size_t cut = 0; cut < length; cut++) {
        put_file(bytes, cut);
        assert_ignored(DEFAULT, ACME);
    }
    put_file(bytes, length + 1);
    assert_ignored(DEFAULT, ACME);
    put_file(bytes, FILE_MAX);
    assert_ignored(DEFAULT, ACME);
}

/* root may write anywhere, so the directory is one that cannot be. */
static void test_a_file_that_cannot_be_written_is_told_once(void **state)
{
    struct captured captured;
    char line[1024];

    (void)state;
    captured_begin(&captured);
    struct state *nowhere = state_new(&loop, "/dev/null", DEFAULT);
    for (int i = 0; i < 3; i++) {
        state_remember(nowhere, ACME, &first);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    const struct uuid *known = state_committed_cycle(nowhere, ACME);
    captured_end(&captured);
    assert_true(known && uuid_equal(known, &first));
    state_free(nowhere);
    assert_true(captured_next(&captured, line, sizeof(line)));
    assert_non_null(strstr(line, "event=state_ignored")); /* "not a directory" is not "not there" */
    assert_true(captured_next(&captured, line, sizeof(line)));
    assert_non_null(strstr(line, "event=state_not_written error=\"/dev/null/committed-default.new: "));
    assert_false(captured_next(&captured, line, sizeof(line)));
    captured_done(&captured);
}

static void test_of_several_directories_the_first(void **state)
{
    char list[64];

    (void)state;
    snprintf(list, sizeof(list), "%s:/nonexistent", directory);
    live_once(list, ACME, &first);
    assert_known(DEFAULT, ACME, &first);
}

static uv_sem_t doors;

static void wait_cb(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&doors);
}

static void waited_cb(uv_work_t *work, int status)
{
    (void)work;
    (void)status;
}

/* As dead name servers make it. */
static void test_a_pool_that_hangs_holds_nothing_up(void **state)
{
    enum { THREADS = 4 }; /* libuv's default */
    uv_work_t stuck[THREADS];

    (void)state;
    uv_sem_init(&doors, 0);
    for (int i = 0; i < THREADS; i++)
        uv_queue_work(&loop, &stuck[i], wait_cb, waited_cb);
    live_once(directory, ACME, &second);
    assert_known(DEFAULT, ACME, &second);
    for (int i = 0; i < THREADS; i++)
        uv_sem_post(&doors);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_sem_destroy(&doors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_without_a_file_nothing_is_known, remove_file),
        cmocka_unit_test_teardown(test_without_a_directory_it_is_known_until_the_end, remove_file),
        cmocka_unit_test_teardown(test_it_outlives_the_process, remove_file),
        cmocka_unit_test_teardown(test_the_latest_of_many_counts, remove_file),
        cmocka_unit_test_teardown(test_an_organization_of_any_id, remove_file),
        cmocka_unit_test_teardown(test_another_organizations_is_ignored, remove_file),
        cmocka_unit_test_teardown(test_another_sources_is_ignored, remove_file),
        cmocka_unit_test_teardown(test_no_damaged_byte_is_believed, remove_file),
        cmocka_unit_test_teardown(test_no_torn_file_is_believed, remove_file),
        cmocka_unit_test_teardown(test_a_file_that_cannot_be_written_is_told_once, remove_file),
        cmocka_unit_test_teardown(test_of_several_directories_the_first, remove_file),
        cmocka_unit_test_teardown(test_a_pool_that_hangs_holds_nothing_up, remove_file),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

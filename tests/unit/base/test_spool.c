/* Records come back as they were put in, from memory or from the file, in order or by offset. */
#include "base/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define RECORDS 3000

struct fixture {
    char directory[32];
    struct spool spool;
};

/* The n-th record: lengths vary from nothing to beyond the read-ahead, the content names the record. */
static size_t record_length(size_t n)
{
    return n % 1000 == 999 ? 300000 : n * 7919 % 641;
}

static const char *record_content(size_t n)
{
    static char content[300000];
    size_t length = record_length(n);

    memset(content, (int)('a' + n % 26), length);
    if (length >= sizeof(n))
        memcpy(content, &n, sizeof(n));
    return content;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    strcpy(fixture->directory, "/tmp/test-spool-XXXXXX");
    *state = fixture;
    return mkdtemp(fixture->directory) ? 0 : -1;
}

/* The directory can be removed: no file was left in it. */
static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    int left = rmdir(fixture->directory);

    free(fixture);
    return left;
}

static void append_range(struct fixture *fixture, size_t from, size_t to)
{
    struct error error = {0};

    for (size_t n = from; n < to; n++)
        assert_int_equal(spool_append(&fixture->spool, record_content(n), record_length(n), &error), 0);
}

static void expect_record(struct spool_reader *reader, size_t n)
{
    const void *record = NULL;
    size_t length = 0;
    struct error error = {0};

    assert_int_equal(spool_next(reader, &record, &length, &error), 1);
    assert_int_equal(length, record_length(n));
    assert_int_equal(memcmp(record, record_content(n), length), 0);
}

static void expect_end(struct spool_reader *reader)
{
    const void *record = NULL;
    size_t length = 0;

    assert_int_equal(spool_next(reader, &record, &length, NULL), 0);
}

static void little_stays_in_memory(void **state)
{
    struct fixture *fixture = *state;
    struct spool_reader reader;

    spool_init(&fixture->spool, 1 << 20, "/nonexistent"); /* would fail if it were touched */
    append_range(fixture, 0, 100);
    assert_int_equal(fixture->spool.fd, -1);
    assert_int_equal(fixture->spool.records, 100);
    spool_reader_init(&reader, &fixture->spool);
    for (size_t n = 0; n < 100; n++)
        expect_record(&reader, n);
    expect_end(&reader);
    spool_reader_done(&reader);
    spool_done(&fixture->spool);
}

static void much_comes_back_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct spool_reader reader;

    spool_init(&fixture->spool, 10000, fixture->directory);
    append_range(fixture, 0, RECORDS);
    assert_true(fixture->spool.fd >= 0);
    spool_reader_init(&reader, &fixture->spool);
    for (size_t n = 0; n < RECORDS; n++)
        expect_record(&reader, n);
    expect_end(&reader);
    spool_reader_done(&reader);
    spool_done(&fixture->spool);
}

static void reading_and_appending_take_turns(void **state)
{
    struct fixture *fixture = *state;
    struct spool_reader reader;

    spool_init(&fixture->spool, 5000, fixture->directory);
    spool_reader_init(&reader, &fixture->spool);
    expect_end(&reader);
    for (size_t n = 0; n + 3 <= RECORDS; n += 3) {
        append_range(fixture, n, n + 3);
        expect_record(&reader, n); /* lags behind, so that memory moves to the file under the reader */
        expect_record(&reader, n + 1);
        expect_record(&reader, n + 2);
        if (n % 2 == 0)
            expect_end(&reader);
    }
    spool_reader_done(&reader);
    spool_done(&fixture->spool);
}

static int append_until_failure(struct spool *spool, struct error *error)
{
    int result = 0;

    for (size_t n = 0; n < RECORDS && result == 0; n++)
        result = spool_append(spool, record_content(n), record_length(n), error);
    return result;
}

static void a_missing_directory_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    spool_init(&fixture->spool, 1000, "/nonexistent/state");
    assert_int_equal(append_until_failure(&fixture->spool, &error), -ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "/nonexistent/state"));
    spool_done(&fixture->spool);
}

/* A limit on the size of files answers like a disk that has no room. */
static void a_full_disk_is_an_error_and_the_next_spool_is_good(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit former;
    struct error error = {0};

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &former);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){100000, former.rlim_max});
    spool_init(&fixture->spool, 10000, fixture->directory);
    int result = append_until_failure(&fixture->spool, &error);
    setrlimit(RLIMIT_FSIZE, &former);
    assert_int_equal(result, -ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.text, fixture->directory));
    spool_done(&fixture->spool);
    spool_init(&fixture->spool, 10000, fixture->directory);
    assert_int_equal(append_until_failure(&fixture->spool, &error), 0);
    spool_done(&fixture->spool);
}

static void a_file_cut_behind_our_back_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct spool_reader reader;
    const void *record = NULL;
    size_t length = 0;
    struct error error = {0};

    spool_init(&fixture->spool, 1000, fixture->directory);
    append_range(fixture, 0, 100);
    assert_int_equal(ftruncate(fixture->spool.fd, 10), 0);
    spool_reader_init(&reader, &fixture->spool);
    assert_int_equal(spool_next(&reader, &record, &length, &error), -ERROR_UNAVAILABLE);
    assert_non_null(strstr(error.text, "shorter than written"));
    spool_reader_done(&reader);
    spool_done(&fixture->spool);
}

static void a_record_beyond_all_bounds_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};

    spool_init(&fixture->spool, 1000, fixture->directory);
    assert_int_equal(spool_append(&fixture->spool, "", (size_t)17 << 20, &error), -ERROR_INTERNAL);
    assert_int_equal(fixture->spool.records, 0);
    spool_done(&fixture->spool);
}

static void a_zeroed_spool_owns_no_descriptor(void **state)
{
    struct spool spool = {0}; /* its fd is 0, which is not the spool's to close */
    (void)state;

    dup2(STDOUT_FILENO, STDIN_FILENO);
    spool_done(&spool);
    spool_done(NULL);
    spool_reader_done(NULL);
    assert_int_equal(close(STDIN_FILENO), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(little_stays_in_memory),
        TEST(much_comes_back_in_order),
        TEST(reading_and_appending_take_turns),
        TEST(a_missing_directory_is_named),
        TEST(a_full_disk_is_an_error_and_the_next_spool_is_good),
        TEST(a_file_cut_behind_our_back_is_an_error),
        TEST(a_record_beyond_all_bounds_is_refused),
        cmocka_unit_test(a_zeroed_spool_owns_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A pipe that is full, or whose reader is slow, or gone: lines are left out whole, and what was torn ends in its own line. */
#include "base/outlet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct stream {
    int reader;
    struct outlet outlet;
};

/* A pipe of a single page: one byte in it, and there is no more room for sure. */
static void begin(struct stream *stream, int64_t patience_us)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BUF), PIPE_BUF);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    stream->reader = ends[0];
    outlet_init(&stream->outlet, ends[1], patience_us);
}

static void end(struct stream *stream)
{
    close(stream->reader);
    close(stream->outlet.fd);
}

static bool put(struct stream *stream, const char *line)
{
    return outlet_write(&stream->outlet, line, strlen(line));
}

/* All that is in the pipe. */
static const char *take(struct stream *stream)
{
    static char bytes[2 * PIPE_BUF];
    ssize_t got = read(stream->reader, bytes, sizeof(bytes) - 1);

    bytes[got > 0 ? got : 0] = '\0';
    return bytes;
}

static void a_full_pipe_costs_lines_and_not_time(void **state)
{
    struct stream stream;
    (void)state;

    begin(&stream, 0);
    assert_true(put(&stream, "one\n"));
    assert_false(put(&stream, "two\n"));
    assert_false(put(&stream, "three\n"));
    assert_string_equal(take(&stream), "one\n");
    assert_true(put(&stream, "four\n"));
    assert_string_equal(take(&stream), "four\n");
    end(&stream);
}

static void patience_is_used_up(void **state)
{
    struct stream stream;
    (void)state;

    begin(&stream, 2000);
    assert_true(put(&stream, "one\n"));
    assert_false(put(&stream, "two\n"));
    assert_true(stream.outlet.patience_us < 1000);
    end(&stream);
}

static void what_was_torn_ends_in_its_own_line(void **state)
{
    static char longer[PIPE_BUF + 8];
    struct stream stream;
    (void)state;

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 2] = '\n';
    begin(&stream, 0);
    assert_false(put(&stream, longer));
    assert_false(put(&stream, "lost\n"));
    assert_int_equal(strlen(take(&stream)), PIPE_BUF);
    assert_false(put(&stream, "no room behind the newline\n"));
    assert_string_equal(take(&stream), "\n");
    assert_true(put(&stream, "next\n"));
    assert_string_equal(take(&stream), "next\n");
    end(&stream);
}

static void a_reader_who_has_gone_is_no_halt(void **state)
{
    struct stream stream;
    (void)state;

    signal(SIGPIPE, SIG_IGN);
    begin(&stream, 0);
    close(stream.reader);
    assert_false(put(&stream, "one\n"));
    assert_false(put(&stream, "two\n"));
    end(&stream);
}

static void with_patience_for_ever_a_line_is_one_write(void **state)
{
    struct stream stream;
    (void)state;

    begin(&stream, OUTLET_FOR_EVER);
    assert_true(put(&stream, "one\n"));
    assert_true(put(&stream, "two\n"));
    assert_string_equal(take(&stream), "one\ntwo\n");
    end(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_pipe_costs_lines_and_not_time),
        cmocka_unit_test(patience_is_used_up),
        cmocka_unit_test(what_was_torn_ends_in_its_own_line),
        cmocka_unit_test(a_reader_who_has_gone_is_no_halt),
        cmocka_unit_test(with_patience_for_ever_a_line_is_one_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

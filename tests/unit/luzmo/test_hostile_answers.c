/*
 * Every wrong answer a server can give, one row each: what it sends, the class of the error and a word of its sentence.
 * The whole answers among them show that the rows can tell the difference.
 */
#include "luzmo/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STEPS_MAX 8

struct hostile_case {
    const char *name;
    enum error_class class;
    const char *word; /* of the sentence; of a whole answer (ERROR_NONE) its body */
    struct step script[STEPS_MAX];
    enum identity identity;
    int64_t stall_us, total_us; /* 0 = generous */
};

#define ROW(...)                                                                                             \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define SCRIPT(...)             .script = {__VA_ARGS__}
#define WHOLE(title, body, ...) ROW(.name = (title), .word = (body), SCRIPT(__VA_ARGS__))
#define WRONG(title, kind, part, ...)                                                                        \
    ROW(.name = (title), .class = ERROR_##kind, .word = (part), SCRIPT(__VA_ARGS__))
#define STALL(title, part, ...)                                                                              \
    ROW(.name = (title), .class = ERROR_UNAVAILABLE, .word = (part), .stall_us = SHORT, SCRIPT(__VA_ARGS__))
#define TRICKLE(title, part, ...)                                                                            \
    ROW(.name = (title), .class = ERROR_UNAVAILABLE, .word = (part), .stall_us = SHORT,                      \
        .total_us = 2 * SHORT, SCRIPT(__VA_ARGS__))
#define TRUST(title, who, part)                                                                              \
    ROW(.name = (title), .class = ERROR_UNAVAILABLE, .word = (part), .identity = (who), SCRIPT(CLOSE))

#define SHORT 2000000 /* microseconds: enough for a handshake under valgrind on a busy machine */

#define OK        "HTTP/1.1 200 OK\r\n"
#define JSON      "Content-Type: application/json\r\n"
#define TEXT      "Content-Type: text/plain\r\n"
#define HTML      "Content-Type: text/html\r\n"
#define GZIP      "Content-Encoding: gzip\r\n"
#define LENGTH(n) "Content-Length: " #n "\r\n"
#define CHUNKED   "Transfer-Encoding: chunked\r\n"
#define END       "\r\n"

static const struct hostile_case whole[] = {
    WHOLE("with a length", "{\"count\":0}", SEND(OK JSON LENGTH(11) END), SEND("{\"count\":0}")),
    WHOLE("in chunks, with a trailer", "{\"count\":0}", SEND(OK JSON CHUNKED END),
          SEND("4\r\n{\"co\r\n7\r\nunt\":0}\r\n"), SEND("0\r\nContent-Length: 5\r\n\r\n")),
    WHOLE("with a parameter behind the type", "{}",
          SEND(OK "content-type: Application/JSON; charset=utf-8\r\n" LENGTH(2) END "{}")),
    WHOLE("after interim answers", "{}", SEND("HTTP/1.1 100 Continue\r\n\r\n"),
          SEND("HTTP/1.1 103 Early Hints\r\n" HTML LENGTH(7) END), SEND(OK JSON LENGTH(2) END "{}")),
    WHOLE("that says it is not encoded", "{}",
          SEND(OK JSON "Content-Encoding: identity\r\n" LENGTH(2) END "{}")),
    WHOLE("through a proxy's tunnel", "{}", TUNNEL(OK END), SEND(OK JSON LENGTH(2) END "{}")),
};

static const struct hostile_case cut_off[] = {
    WRONG("shorter than its length", UNAVAILABLE, "cut off after 2 bytes", SEND(OK JSON LENGTH(100) END "{}"),
          CLOSE),
    WRONG("without the last chunk", UNAVAILABLE, "cut off after 5 bytes",
          SEND(OK JSON CHUNKED END "5\r\n{\"cou\r\n"), CLOSE),
    WRONG("in the middle of a chunk", UNAVAILABLE, "cut off after 2 bytes",
          SEND(OK JSON CHUNKED END "ff\r\n{\""), CLOSE),
    WRONG("without a word from TLS", UNAVAILABLE, "cut off after 2 bytes", SEND(OK JSON LENGTH(100) END "{}"),
          CUT),
    WRONG("in the head", UNAVAILABLE, "cut off after 0 bytes", SEND(OK "Content-Ty"), CLOSE),
    WRONG("by a chunk that is none", UNAVAILABLE, "chunk", SEND(OK JSON CHUNKED END "2\r\n{}\r\nmany\r\n"),
          CLOSE),
    WRONG("by a reset", UNAVAILABLE, "reset after ", SEND(OK JSON LENGTH(100) END "{}"), RESET),
    WRONG("by a reset instead of an answer", UNAVAILABLE, "reset", RESET),
    WRONG("before it began", UNAVAILABLE, "without an answer", CLOSE),
    WRONG("by a reset before TLS", UNAVAILABLE, "reset", SLAM),
};

static const struct hostile_case out_of_shape[] = {
    WRONG("ends with the connection", MALFORMED, "cannot be known to be whole",
          SEND(OK JSON END "{\"count\":0}"), CLOSE),
    WRONG("two lengths", MALFORMED, "more than once", SEND(OK JSON LENGTH(2) LENGTH(3) END "{}")),
    WRONG("the same length twice", MALFORMED, "more than once", SEND(OK JSON LENGTH(2) LENGTH(2) END "{}")),
    WRONG("a length and chunks", MALFORMED, "more than once",
          SEND(OK JSON CHUNKED LENGTH(2) END "2\r\n{}\r\n0\r\n\r\n")),
    WRONG("a length in words", MALFORMED, "no proper HTTP", SEND(OK JSON LENGTH(two) END "{}")),
    WRONG("two lengths in one", MALFORMED, "not a number", SEND(OK JSON "Content-Length: 2, 2\r\n" END "{}")),
    WRONG("a negative length", MALFORMED, "no proper HTTP", SEND(OK JSON LENGTH(-2) END "{}")),
    WRONG("a length beyond numbers", MALFORMED, "not a number",
          SEND(OK JSON LENGTH(99999999999999999999) END)),
    WRONG("another transfer coding", MALFORMED, "Transfer-Encoding",
          SEND(OK JSON "Transfer-Encoding: gzip, chunked\r\n" END "2\r\n{}\r\n0\r\n\r\n")),
    WRONG("packed unasked", MALFORMED, "encoded (gzip)", SEND(OK JSON LENGTH(20) GZIP END "\x1f\x8b\x08")),
    WRONG("announces too much", MALFORMED, "sync.max_body", SEND(OK JSON LENGTH(65537) END), FLOOD("{}")),
    WRONG("never ends", MALFORMED, "sync.max_body", SEND(OK JSON CHUNKED END), FLOOD("8\r\n[[[[[[[[\r\n")),
    WRONG("a header of 400 kB", MALFORMED, "head of the answer", SEND(OK "X-Long: "),
          REPEAT("0123456789abcdef", 25000), SEND(END END)),
    WRONG("headers without end", MALFORMED, "head of the answer", SEND(OK), FLOOD("X-More: and more\r\n")),
    WRONG("always about to come", MALFORMED, "head of the answer", FLOOD("HTTP/1.1 102 Processing\r\n\r\n")),
    WRONG("not HTTP", MALFORMED, "no proper HTTP", SEND("SSH-2.0-OpenSSH_9.2\r\n"), CLOSE),
    WRONG("HTTP of long ago", MALFORMED, "no proper HTTP", SEND("{\"count\":0}"), CLOSE),
};

static const struct hostile_case refused[] = {
    WRONG("200, HTML", MALFORMED, "it is \"text/html\"; it says \"<p>Hi</p>\"",
          SEND(OK HTML LENGTH(9) END "<p>Hi</p>")),
    WRONG("200, text", MALFORMED, "says \"Oops, this route does not exist (yet)!\"",
          SEND(OK TEXT LENGTH(38) END "Oops, this route does not exist (yet)!")),
    WRONG("200, no type", MALFORMED, "not JSON", SEND(OK LENGTH(2) END "{}")),
    WRONG("200, JSON of another kind", MALFORMED, "not JSON",
          SEND(OK "Content-Type: application/json5\r\n" LENGTH(2) END "{}")),
    WRONG("200, empty", MALFORMED, "the answer is empty", SEND(OK JSON LENGTH(0) END)),
    WRONG("200, only the last chunk", MALFORMED, "the answer is empty",
          SEND(OK JSON CHUNKED END "0\r\n\r\n")),
    WRONG("204", MALFORMED, "HTTP 204", SEND("HTTP/1.1 204 No Content\r\n" END)),
    WRONG("206", MALFORMED, "HTTP 206",
          SEND("HTTP/1.1 206 Partial Content\r\n" JSON "Content-Range: bytes 0-1/9\r\n" LENGTH(2) END "{}")),
    WRONG("101", MALFORMED, "HTTP 101", SEND("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n" END "{}"),
          CLOSE),
    WRONG("301", MALFORMED, "it leads to \"https://evil.test/0.1.0/organization\"",
          SEND("HTTP/1.1 301 Moved\r\nLocation: https://evil.test/0.1.0/organization?t=1\r\n" LENGTH(0) END)),
    WRONG("302 on the same host", MALFORMED, "it leads to \"/login\"",
          SEND("HTTP/1.1 302 Found\r\nLocation: /login\r\n" LENGTH(0) END)),
    WRONG("307 to nowhere", MALFORMED, "HTTP 307", SEND("HTTP/1.1 307 Temporary Redirect\r\n" LENGTH(0) END)),
    WRONG("500 in the API's envelope", UNAVAILABLE, "asked again later; it says \"no such\\nattribute\"",
          SEND("HTTP/1.1 500 Oh\r\n" JSON LENGTH(52) END
               "{\"type\":{\"code\":500},\"message\":\"no such\\nattribute\"}")),
    WRONG("an envelope that repeats the token", UNAVAILABLE, "it says \"token ***",
          SEND("HTTP/1.1 500 Oh\r\n" JSON LENGTH(67) END
               "{\"type\":{\"code\":500},\"message\":\"token s3cret\\/token\\\"+with,quotes\"}")),
    WRONG("401", CREDENTIALS, "rejects key or token",
          SEND("HTTP/1.1 401 Unauthorized\r\n" JSON LENGTH(2) END "{}")),
    WRONG("401 that repeats the token", CREDENTIALS, "no such token \"***",
          SEND("HTTP/1.1 401 Unauthorized\r\n" TEXT CHUNKED END),
          SEND("28\r\nno such token \"" TRIAL_TOKEN "\"\r\n0\r\n\r\n")),
    WRONG("403", CREDENTIALS, "may not read", SEND("HTTP/1.1 403 Forbidden\r\n" LENGTH(0) END)),
    WRONG("404", CONFIG, "region and version", SEND("HTTP/1.1 404 Not Found\r\n" TEXT LENGTH(4) END "Oops")),
    WRONG("418", MALFORMED, "HTTP 418", SEND("HTTP/1.1 418 Teapot\r\n" LENGTH(0) END)),
    WRONG("429", UNAVAILABLE, "fewer requests", SEND("HTTP/1.1 429 Too Many Requests\r\n" LENGTH(0) END)),
    WRONG("500", UNAVAILABLE, "says \"{\"type\":{\"code\":500}}\"",
          SEND("HTTP/1.1 500 Internal Server Error\r\n" JSON LENGTH(21) END "{\"type\":{\"code\":500}}")),
    WRONG("502 cut off", UNAVAILABLE, "says \"<h1>\"",
          SEND("HTTP/1.1 502 Bad Gateway\r\n" HTML LENGTH(99) END "<h1>"), CLOSE),
    WRONG("503 packed", UNAVAILABLE, "HTTP 503",
          SEND("HTTP/1.1 503 Busy\r\n" HTML LENGTH(3) GZIP END "\x1f\x8b\x08")),
    WRONG("503 that never ends", UNAVAILABLE, "HTTP 503", SEND("HTTP/1.1 503 Busy\r\n" HTML END),
          FLOOD("<p>no</p>")),
    WRONG("503 that steers the terminal", UNAVAILABLE, "says \"\\x1b[2J\"",
          SEND("HTTP/1.1 503 Busy\r\n" HTML LENGTH(4) END "\x1b[2J")),
    WRONG("407 of a proxy", UNAVAILABLE, "the proxy refuses",
          TUNNEL("HTTP/1.1 407 Who are you\r\n" LENGTH(0) END)),
};

static const struct hostile_case slow[] = {
    STALL("no TLS", "the TLS handshake did not get through", DEAF),
    STALL("no answer", "no answer to the request began", STEP(STEP_END, NULL, 0)),
    STALL("half a head", "the answer stalled", SEND(OK JSON)),
    STALL("half a body", "the answer stalled", SEND(OK JSON LENGTH(9) END "{\"co")),
    TRICKLE("drops of a head", "not whole within", SEND(OK), DRIP("X-Slow: s\r\n")),
    TRICKLE("drops of a body", "not whole within", SEND(OK JSON LENGTH(60000) END), DRIP("[")),
};

static const struct hostile_case distrusted[] = {
    TRUST("expired", IDENTITY_EXPIRED, "has expired"),
    TRUST("not yet valid", IDENTITY_NOT_YET_VALID, "is not valid yet"),
    TRUST("self-signed", IDENTITY_SELF_SIGNED, "is self-signed"),
    TRUST("of another host", IDENTITY_OTHER_HOST, "is not for this host"),
    TRUST("of an unknown authority", IDENTITY_UNKNOWN_CA, "authority that is not known"),
    TRUST("old TLS", IDENTITY_OLD_TLS, "no agreement on TLS"),
};

/* The sentence is for people and the log: it names the host and nothing secret, and cannot steer a terminal. */
static void assert_sentence(const struct trial *trial, const char *word)
{
    const char *text = trial->outcome.error.text;

    if (!strstr(text, word))
        fail_msg("\"%s\" does not contain \"%s\"", text, word);
    assert_non_null(strstr(text, "reading the organization from api.test:"));
    assert_null(strstr(text, TRIAL_KEY));
    assert_null(strstr(text, TRIAL_TOKEN));
    assert_null(strpbrk(text, "\r\n\x1b\x1f"));
}

static void assert_whole(const struct trial *trial, const char *body)
{
    assert_string_equal(trial->outcome.error.text, "");
    assert_string_equal(trial->body.data, body);
    assert_int_equal(trial->outcome.body_bytes, strlen(body));
    assert_true(trial->outcome.asked_us > 0);
    assert_true(trial->outcome.answered_us > 0);
}

static void test_row(void **state)
{
    const struct hostile_case *row = *state;
    struct trial trial;
    char proxy[64];

    trial_begin(&trial, row->identity, row->script);
    if (row->stall_us)
        trial.settings.stall_timeout_us = row->stall_us;
    if (row->total_us)
        trial.settings.total_timeout_us = row->total_us;
    if (row->script[0].type == STEP_TUNNEL) {
        snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", hostile_server_port(trial.server));
        trial.settings.proxy = proxy;
    }
    trial_pull(&trial);
    trial_wait(&trial);
    assert_int_equal(trial.outcome.error.class, row->class);
    if (row->class == ERROR_NONE)
        assert_whole(&trial, row->word);
    else
        assert_sentence(&trial, row->word);
    trial_end(&trial);
    trial_free(&trial);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct {
    const char *name;
    const struct hostile_case *rows;
    size_t count;
} tables[] = {
    {"whole", whole, COUNT(whole)},
    {"cut off", cut_off, COUNT(cut_off)},
    {"out of shape", out_of_shape, COUNT(out_of_shape)},
    {"refused", refused, COUNT(refused)},
    {"slow", slow, COUNT(slow)},
    {"distrusted", distrusted, COUNT(distrusted)},
};

enum {
    ROWS = COUNT(whole) + COUNT(cut_off) + COUNT(out_of_shape) + COUNT(refused) + COUNT(slow) +
           COUNT(distrusted)
};

int main(void)
{
    static struct CMUnitTest tests[ROWS];
    static char names[ROWS][96];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(tables); i++)
        for (size_t j = 0; j < tables[i].count; j++, count++) {
            const struct hostile_case *row = &tables[i].rows[j];
            snprintf(names[count], sizeof(names[count]), "%s: %s", tables[i].name, row->name);
            tests[count] = (struct CMUnitTest){names[count], test_row, NULL, NULL, (void *)(uintptr_t)row};
        }
    return cmocka_run_group_tests(tests, trials_setup, trials_teardown);
}

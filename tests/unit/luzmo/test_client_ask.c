/*
 * The two small questions: what becomes of every kind of answer, what is sent, and that each is called back exactly once.
 * How a transfer can go wrong in all its ways is test_hostile_answers' business; here stands what follows from it.
 */
#include "luzmo/request.h"
#include "luzmo/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SHORT_US  2000000 /* enough for a handshake under valgrind on a busy machine */
#define STEPS_MAX 4

#define AMY   "b9c8c05a-4a76-11eb-b378-0242ac130002"
#define DAVID "b33b2d5b-da2b-4eac-8bfd-846bd59f5b2d"
#define JULIA "fc3801a2-cd12-4a9a-ae65-ba7e81b37a4b"
#define EVE   "00000000-0000-4000-8000-00000000000e"

#define JSON      "Content-Type: application/json\r\n"
#define TEXT      "Content-Type: text/plain\r\n"
#define LENGTH(n) "Content-Length: " #n "\r\n"

#define DAVID_FOUND "{\"count\":1,\"rows\":[{\"id\":\"" DAVID "\"}]}"
#define AMYS_TOKEN                                                                                           \
    "{\"count\":1,\"rows\":[{\"id\":\"" TRIAL_KEY "\",\"user_id\":\"" AMY                                    \
    "\",\"expiry\":\"2030-01-01T00:00:00.000Z\"}]}"
#define EXPIRY_US INT64_C(1893456000000000)

/* A whole answer with HTTP 200 as the text of a step; good until the next one of the same place. */
static const char *answer(size_t place, const char *body)
{
    static char texts[STEPS_MAX][1024];

    snprintf(texts[place], sizeof(texts[place]), "HTTP/1.1 200 OK\r\n" JSON "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    return texts[place];
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static struct uuid uuid_of(const char *text)
{
    struct uuid uuid;

    assert_true(uuid_parse(text, strlen(text), &uuid));
    return uuid;
}

/* For Amy, David and Julia. */
static void ask_users(struct trial *trial)
{
    const struct uuid ids[] = {uuid_of(AMY), uuid_of(DAVID), uuid_of(JULIA)};

    trial_ask_users(trial, ids, 3);
}

/* What both questions have in common. */
struct ending {
    enum client_verdict verdict;
    const struct error *error;
};

static struct ending users_ending(const struct trial *trial)
{
    return (struct ending){trial->users.verdict, &trial->users.error};
}

static struct ending token_ending(const struct trial *trial)
{
    return (struct ending){trial->told.verdict, &trial->told.error};
}

static const struct kind {
    void (*ask)(struct trial *trial);
    struct ending (*ending)(const struct trial *trial);
    const char *path, *deed;
} kinds[] = {
    {ask_users, users_ending, "POST /0.1.0/user HTTP/1.1\r\n", "looking for absent users at api.test:"},
    {trial_ask_token, token_ending, "POST /0.1.0/authorization HTTP/1.1\r\n",
     "asking about the token at api.test:"},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

static void assert_nothing_known(const struct trial *trial)
{
    for (size_t i = 0; i < CLIENT_IDS_MAX; i++)
        assert_false(trial->users.found[i]);
    assert_true(uuid_is_nil(&trial->told.token.user_id));
    assert_int_equal(trial->told.token.expiry_us, 0);
}

/* --- answers that are believed ------------------------------------------------------------------------------------ */

static void users_are_found(void **state)
{
    const struct step script[] = {SEND(answer(0, DAVID_FOUND)), {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    ask_users(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_int_equal(trial.users.verdict, CLIENT_ANSWERED);
    assert_string_equal(trial.users.error.text, "");
    assert_int_equal(trial.users.count, 3);
    assert_false(trial.users.found[0]);
    assert_true(trial.users.found[1]);
    assert_false(trial.users.found[2]);
    trial_free(&trial);
}

static void a_token_tells_its_user_and_expiry(void **state)
{
    const struct step script[] = {SEND(answer(0, AMYS_TOKEN)), {0}};
    const struct uuid amy = uuid_of(AMY);
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial_ask_token(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_int_equal(trial.told.verdict, CLIENT_ANSWERED);
    assert_string_equal(trial.told.error.text, "");
    assert_true(uuid_equal(&trial.told.token.user_id, &amy));
    assert_int_equal(trial.told.token.expiry_us, EXPIRY_US);
    trial_free(&trial);
}

/* --- answers that are not ----------------------------------------------------------------------------------------- */

struct hostile_case {
    const char *name;
    enum client_verdict verdict;
    enum error_class class;
    const char *word; /* of the sentence */
    struct step script[STEPS_MAX];
    enum identity identity;
    int64_t stall_us; /* 0 = generous */
};

#define ROW(...)                                                                                             \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define REFUSED(title, part, ...)                                                                            \
    ROW(.name = (title), .verdict = CLIENT_REFUSED, .class = ERROR_MALFORMED, .word = (part),                \
        .script = {__VA_ARGS__})
#define FAILED(title, kind, part, ...)                                                                       \
    ROW(.name = (title), .verdict = CLIENT_FAILED, .class = ERROR_##kind, .word = (part),                    \
        .script = {__VA_ARGS__})

static const struct hostile_case rows[] = {
    REFUSED("400", "HTTP 400: the API does not understand this question; it says \"no\"",
            SEND("HTTP/1.1 400 Bad Request\r\n" TEXT LENGTH(2) "\r\nno")),
    REFUSED("404", "HTTP 404: the API does not know this question; it says \"Oops\"",
            SEND("HTTP/1.1 404 Not Found\r\n" TEXT LENGTH(4) "\r\nOops")),
    REFUSED("405", "HTTP 405", SEND("HTTP/1.1 405 Method Not Allowed\r\n" LENGTH(0) "\r\n")),
    REFUSED("204", "HTTP 204", SEND("HTTP/1.1 204 No Content\r\n\r\n")),
    REFUSED("a redirect", "it leads to \"https://evil.test/user\"",
            SEND("HTTP/1.1 307 Moved\r\nLocation: https://evil.test/user\r\n" LENGTH(0) "\r\n")),
    FAILED("text", MALFORMED, "the answer is not JSON", SEND("HTTP/1.1 200 OK\r\n" TEXT LENGTH(2) "\r\n{}")),
    FAILED("nothing", MALFORMED, "the answer is empty", SEND("HTTP/1.1 200 OK\r\n" JSON LENGTH(0) "\r\n")),
    FAILED("half of JSON", MALFORMED, "cannot be read as JSON",
           SEND("HTTP/1.1 200 OK\r\n" JSON LENGTH(1) "\r\n{")),
    FAILED("an object of another kind", MALFORMED, "the answer's rows is missing",
           SEND("HTTP/1.1 200 OK\r\n" JSON LENGTH(12) "\r\n{\"code\":200}")),
    FAILED("an answer that ends with the connection", MALFORMED, "cannot be known to be whole",
           SEND("HTTP/1.1 200 OK\r\n" JSON "\r\n{\"count\":0,\"rows\":[]}"), CLOSE),
    FAILED("an answer without end", MALFORMED, "longer than the 262144 bytes",
           SEND("HTTP/1.1 200 OK\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n"), FLOOD("8\r\n[[[[[[[[\r\n")),
    FAILED("no HTTP", MALFORMED, "no proper HTTP", SEND("SSH-2.0-OpenSSH_9.2\r\n"), CLOSE),

    FAILED("401", CREDENTIALS, "rejects key or token",
           SEND("HTTP/1.1 401 Unauthorized\r\n" LENGTH(0) "\r\n")),
    FAILED("403", CREDENTIALS, "may not ask this question",
           SEND("HTTP/1.1 403 Forbidden\r\n" LENGTH(0) "\r\n")),
    FAILED("403 that repeats the token", CREDENTIALS, "it says \"token ***",
           SEND("HTTP/1.1 403 Forbidden\r\n" TEXT LENGTH(30) "\r\ntoken " TRIAL_TOKEN)),
    FAILED("429", UNAVAILABLE, "HTTP 429",
           SEND("HTTP/1.1 429 Too Many Requests\r\n" LENGTH(0) "Retry-After: 7\r\n\r\n")),
    FAILED("500", UNAVAILABLE, "HTTP 500", SEND("HTTP/1.1 500 Oh\r\n" LENGTH(0) "\r\n")),
    FAILED("503 that never ends", UNAVAILABLE, "HTTP 503", SEND("HTTP/1.1 503 Busy\r\n\r\n"),
           FLOOD("<p>no</p>")),
    FAILED("a body that is cut off", UNAVAILABLE, "cut off after 1 bytes",
           SEND("HTTP/1.1 200 OK\r\n" JSON LENGTH(21) "\r\n{"), CLOSE),
    FAILED("a reset", UNAVAILABLE, "reset", RESET),
    FAILED("nobody there", UNAVAILABLE, "without an answer", CLOSE),
    ROW(.name = "no answer for long", .verdict = CLIENT_FAILED, .class = ERROR_UNAVAILABLE,
        .word = "no answer to the request began", .stall_us = SHORT_US),
    ROW(.name = "an expired certificate", .verdict = CLIENT_FAILED, .class = ERROR_UNAVAILABLE,
        .word = "has expired", .script = {CLOSE}, .identity = IDENTITY_EXPIRED),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void assert_ending(const struct trial *trial, const struct kind *kind, const struct hostile_case *row)
{
    struct ending ending = kind->ending(trial);
    const char *text = ending.error->text;

    assert_contains(text, row->word);
    assert_contains(text, kind->deed);
    assert_null(strstr(text, TRIAL_KEY));
    assert_null(strstr(text, TRIAL_TOKEN));
    assert_int_equal(ending.error->class, row->class);
    assert_int_equal(ending.verdict, row->verdict);
    assert_nothing_known(trial);
}

static void ask_in_vain(const struct kind *kind, const struct hostile_case *row)
{
    struct trial trial;

    trial_begin(&trial, row->identity, row->script);
    trial.settings.max_body = UINT64_C(1) << 31; /* of the organization: a question has its own limit */
    if (row->stall_us)
        trial.settings.stall_timeout_us = row->stall_us;
    kind->ask(&trial);
    trial_wait(&trial);
    trial_end(&trial);
    assert_ending(&trial, kind, row);
    assert_string_equal(hostile_server_request(trial.server, 1), ""); /* never once more, nor elsewhere */
    trial_free(&trial);
}

static void test_row(void **state)
{
    for (size_t i = 0; i < KINDS; i++)
        ask_in_vain(&kinds[i], *state);
}

/* Believable in form, but not about what was asked. */
static void other_answers_are_not_believed(void **state)
{
    static const struct {
        size_t kind;
        const char *body, *word;
    } others[] = {
        {0, "{\"count\":1,\"rows\":[{\"id\":\"" EVE "\"}]}", "a user who was not asked for"},
        {0, "{\"count\":2,\"rows\":[{\"id\":\"" AMY "\"},{\"id\":\"" AMY "\"}]}", "a user twice"},
        {0, "{\"count\":2,\"rows\":[{\"id\":\"" AMY "\"}]}", "the answer's count is 2"},
        {0, AMYS_TOKEN, "the id of a row is not a UUID"},
        {1, DAVID_FOUND, "the answer is about another token"},
        {1, "{\"count\":0,\"rows\":[]}", "the answer has 0 rows"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct step script[] = {SEND(answer(0, others[i].body)), {0}};
        const struct hostile_case row = {
            .name = "", .verdict = CLIENT_FAILED, .class = ERROR_MALFORMED, .word = others[i].word};
        struct trial trial;
        trial_begin(&trial, IDENTITY_GOOD, script);
        kinds[others[i].kind].ask(&trial);
        trial_wait(&trial);
        trial_end(&trial);
        assert_ending(&trial, &kinds[others[i].kind], &row);
        trial_free(&trial);
    }
}

/* --- what is sent ------------------------------------------------------------------------------------------------- */

static void the_requests_are_those_of_request(void **state)
{
    const struct step script[] = {SEND(answer(0, DAVID_FOUND)), NEXT, SEND(answer(1, AMYS_TOKEN)), {0}};
    const struct secret key = {.bytes = (char *)(uintptr_t)TRIAL_KEY, .length = strlen(TRIAL_KEY)};
    const struct secret token = {.bytes = (char *)(uintptr_t)TRIAL_TOKEN, .length = strlen(TRIAL_TOKEN)};
    const struct uuid ids[] = {uuid_of(AMY), uuid_of(DAVID), uuid_of(JULIA)};
    struct secret expected[KINDS];
    struct trial trial;

    (void)state;
    memset(expected, 0, sizeof(expected));
    request_users(&key, &token, ids, 3, &expected[0]);
    request_token(&key, &token, &expected[1]);
    trial_begin(&trial, IDENTITY_GOOD, script);
    for (size_t i = 0; i < KINDS; i++) {
        kinds[i].ask(&trial);
        trial_wait(&trial);
    }
    trial_end(&trial);
    for (size_t i = 0; i < KINDS; i++) {
        const char *request = hostile_server_request(trial.server, i);
        assert_int_equal(strncmp(request, kinds[i].path, strlen(kinds[i].path)), 0);
        assert_string_equal(strstr(request, "\r\n\r\n") + 4, expected[i].bytes);
        secret_done(&expected[i]);
    }
    trial_free(&trial);
}

static void nothing_is_sent_without_a_token(void **state)
{
    static const struct step script[] = {{0}};

    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct trial trial;
        trial_begin(&trial, IDENTITY_GOOD, script);
        trial.token = "";
        kinds[i].ask(&trial);
        trial_wait(&trial);
        trial_end(&trial);
        assert_int_equal(kinds[i].ending(&trial).verdict, CLIENT_FAILED);
        assert_contains(kinds[i].ending(&trial).error->text, "key or token is missing");
        assert_int_equal(hostile_server_connections(trial.server), 0);
        trial_free(&trial);
    }
}

/* --- one after the other ------------------------------------------------------------------------------------------ */

/* A cycle as it will be: the pull's callback asks about the token, whose callback asks for the absent. */
static void go_on(struct trial *trial)
{
    if (trial->done == 1)
        trial_ask_token(trial);
    else if (trial->done == 2)
        ask_users(trial);
    else if (trial->done == 3)
        trial_pull(trial);
}

static void one_connection_serves_all(void **state)
{
    const struct step script[] = {SEND(answer(0, "{}")),        NEXT, SEND(answer(1, AMYS_TOKEN)), NEXT,
                                  SEND(answer(2, DAVID_FOUND)), NEXT, SEND(answer(3, "{}")),       {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    trial.on_done = go_on;
    trial_pull(&trial);
    while (trial.done < 4)
        trial_wait(&trial);
    trial_end(&trial);
    assert_int_equal(trial.outcome.error.class, ERROR_NONE);
    assert_string_equal(trial.body.data, "{}{}"); /* of the pulls alone */
    assert_int_equal(trial.told.verdict, CLIENT_ANSWERED);
    assert_int_equal(trial.users.verdict, CLIENT_ANSWERED);
    assert_int_equal(hostile_server_connections(trial.server), 1);
    trial_free(&trial);
}

/* What one answer said is not carried over into the next question. */
static void a_later_question_knows_nothing_of_an_earlier_one(void **state)
{
    const struct step script[] = {SEND(answer(0, DAVID_FOUND)), NEXT, SEND(answer(1, "{")), NEXT,
                                  SEND(answer(2, AMYS_TOKEN)),  NEXT, SEND(answer(3, "{")), {0}};
    struct trial trial;

    (void)state;
    trial_begin(&trial, IDENTITY_GOOD, script);
    for (size_t i = 0; i < 2 * KINDS; i++) {
        kinds[i / 2].ask(&trial);
        trial_wait(&trial);
    }
    trial_end(&trial);
    assert_int_equal(trial.users.verdict, CLIENT_FAILED);
    assert_int_equal(trial.told.verdict, CLIENT_FAILED);
    assert_nothing_known(&trial);
    trial_free(&trial);
}

/* --- ending early ------------------------------------------------------------------------------------------------- */

/* Before the loop turns, without an answer, within a head, within a body. */
static void a_question_can_be_cancelled_at_any_time(void **state)
{
    static const struct {
        int milliseconds; /* -1: not even one turn of the loop */
        struct step script[2];
    } moments[] = {
        {-1, {{0}}},
        {50, {DEAF, {0}}},
        {50, {{0}}},
        {50, {SEND("HTTP/1.1 200 OK\r\nX-Slow: "), {0}}},
        {50, {SEND("HTTP/1.1 200 OK\r\n" JSON LENGTH(21) "\r\n{"), {0}}},
    };

    (void)state;
    for (size_t i = 0; i < KINDS * sizeof(moments) / sizeof(moments[0]); i++) {
        const struct kind *kind = &kinds[i % KINDS];
        struct trial trial;
        trial_begin(&trial, IDENTITY_GOOD, moments[i / KINDS].script);
        kind->ask(&trial);
        if (moments[i / KINDS].milliseconds >= 0)
            trial_run_for(&trial, moments[i / KINDS].milliseconds);
        client_cancel(trial.client);
        client_cancel(trial.client);
        assert_int_equal(trial.done, 0);
        trial_wait(&trial);
        trial_end(&trial);
        assert_int_equal(kind->ending(&trial).verdict, CLIENT_FAILED);
        assert_string_equal(kind->ending(&trial).error->text, "cancelled");
        assert_nothing_known(&trial);
        trial_free(&trial);
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(users_are_found),
        cmocka_unit_test(a_token_tells_its_user_and_expiry),
        cmocka_unit_test(other_answers_are_not_believed),
        cmocka_unit_test(the_requests_are_those_of_request),
        cmocka_unit_test(nothing_is_sent_without_a_token),
        cmocka_unit_test(one_connection_serves_all),
        cmocka_unit_test(a_later_question_knows_nothing_of_an_earlier_one),
        cmocka_unit_test(a_question_can_be_cancelled_at_any_time),
    };
    static struct CMUnitTest tests[ROWS + sizeof(others) / sizeof(others[0])];

    for (size_t i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){rows[i].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    memcpy(&tests[ROWS], others, sizeof(others));
    return cmocka_run_group_tests(tests, trials_setup, trials_teardown);
}

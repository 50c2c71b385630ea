/*
 * One line a case: an answer in, verdict out. JSON is written with ' for " to be readable. The verdict of an answer that
 * is believed: a letter for each user that exists, or whose token it is and until when.
 */
#include "core/reply.h"

#include "base/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AMY   "b9c8c05a-4a76-11eb-b378-0242ac130002"
#define DAVID "b33b2d5b-da2b-4eac-8bfd-846bd59f5b2d"
#define JULIA "fc3801a2-cd12-4a9a-ae65-ba7e81b37a4b"
#define EVE   "00000000-0000-4000-8000-00000000000e"
#define KEY   "5111f0e2-0000-4000-8000-0000000000AA"

#define ROWS(count, rows) "{'count':" count ",'rows':[" rows "]}"
#define USER(id)          "{'id':'" id "'}"

struct verdict {
    const char *json;
    const char *expected;
};

static char verdict[ERROR_TEXT_MAX];

/* The text with " for ', exactly as long: the sanitizer sees a byte too far. */
static char *written(const char *json)
{
    size_t length = strlen(json);
    char *text = memcpy(malloc(length), json, length);

    for (size_t i = 0; i < length; i++)
        if (text[i] == '\'')
            text[i] = '"';
    return text;
}

static void refused(int result, const struct error *error)
{
    assert_int_equal(result, -(int)ERROR_MALFORMED);
    assert_int_equal(error->class, ERROR_MALFORMED);
    snprintf(verdict, sizeof(verdict), "%s", error->text);
}

static struct uuid uuid_of(const char *text)
{
    struct uuid uuid;

    assert_true(uuid_parse(text, strlen(text), &uuid));
    return uuid;
}

/* --- users -------------------------------------------------------------------------------------------------------- */

/* Amy, David and Julia are asked for. */
static void judge_users(const char *json)
{
    const struct uuid ids[] = {uuid_of(AMY), uuid_of(DAVID), uuid_of(JULIA)};
    bool found[] = {true, true, true};
    char *text = written(json);
    struct error error = {.class = ERROR_NONE};
    int result = reply_users(text, strlen(json), ids, 3, found, &error);

    free(text);
    if (result == 0) {
        snprintf(verdict, sizeof(verdict), "%s%s%s", found[0] ? "A" : "", found[1] ? "D" : "",
                 found[2] ? "J" : "");
        return;
    }
    assert_true(found[0] && found[1] && found[2]); /* untouched */
    refused(result, &error);
}

#define STRANGER "the answer has a user who was not asked for"

static void users_that_exist_are_found(void **state)
{
    static const struct verdict cases[] = {
        {ROWS("0", ""), ""},
        {ROWS("1", USER(DAVID)), "D"},
        {ROWS("3", USER(JULIA) "," USER(AMY) "," USER(DAVID)), "ADJ"},
        {ROWS("1", "{'id':'FC3801A2-CD12-4A9A-AE65-BA7E81B37A4B'}"), "J"},
        {ROWS("1", "{'id':'" AMY "','email':'amy@test.com','token':{'x':[]}}"),
         "A"}, /* more than asked for */
        {"{'took':1,'rows':[" USER(AMY) "],'count':1,'next':null}", "A"},
        {" \n" ROWS("1", USER(AMY)) "\r\n", "A"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        judge_users(cases[i].json);
        assert_string_equal(verdict, cases[i].expected);
    }
}

static void answers_to_other_questions_are_refused(void **state)
{
    static const struct verdict cases[] = {
        {ROWS("1", USER(EVE)), STRANGER},
        {ROWS("2", USER(AMY) "," USER(EVE)), STRANGER},
        {ROWS("2", USER(AMY) "," USER(AMY)), "the answer has a user twice"},
        {ROWS("2", USER(AMY)), "the answer's count is 2, but it has 1 rows"},
        {ROWS("0", USER(AMY)), "the answer's count is 0, but it has 1 rows"},
        {ROWS("-1", ""), "the answer's count is -1, but it has 0 rows"},
        {ROWS("'1'", USER(AMY)), "the answer's count is a string, expected an integer"},
        {ROWS("1.0", USER(AMY)), "the answer's count is a number, expected an integer"},
        {"{'rows':[]}", "the answer's count is missing, expected an integer"},
        {"{'count':0}", "the answer's rows is missing, expected a list"},
        {"{'count':1,'rows':" USER(AMY) "}", "the answer's rows is an object, expected a list"},
        {"{'count':0,'rows':null}", "the answer's rows is null, expected a list"},
        {"[" USER(AMY) "]", "the answer is an array, expected an object"},
        {"null", "the answer is null, expected an object"},
        {ROWS("1", "'" AMY "'"), "a row of the answer is a string, expected an object"},
        {ROWS("1", "[]"), "a row of the answer is an array, expected an object"},
        {ROWS("1", "{}"), "the id of a row is missing, expected a UUID"},
        {ROWS("1", "{'id':null}"), "the id of a row is null, expected a UUID"},
        {ROWS("1", "{'id':7}"), "the id of a row is a number, expected a UUID"},
        {ROWS("1", USER("amy")), "the id of a row is not a UUID"},
        {ROWS("1", USER(AMY "\\u0000")), "the id of a row is not a UUID"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        judge_users(cases[i].json);
        assert_string_equal(verdict, cases[i].expected);
    }
}

static void texts_that_are_no_json_are_refused(void **state)
{
    static const struct verdict cases[] = {
        {"", "it ends too early"},
        {"{'count':0,'rows':[", "it ends too early"},
        {ROWS("0", "") "x", "something follows its end"},
        {"\xef\xbb\xbf" ROWS("0", ""), "wrong token"},
        {"{'count':0,'rows':[],'rows':[" USER(AMY) "]}", "a key stands twice"},
        {ROWS("1", "{'id':'" EVE "','id':'" AMY "'}"), "a key stands twice"},
        {ROWS("1", "{'id':'\\ud800'}"), "half of a surrogate pair"},
        {ROWS("1", "{'id':'\xff'}"), "not valid UTF-8"},
        {ROWS("12345678901234567890", ""), "too many digits"},
        {"{'count':0,'rows':[],'\\u0000':1}", "a key contains the character U+0000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        judge_users(cases[i].json);
        assert_non_null(strstr(verdict, "the answer cannot be read as JSON at byte "));
        assert_non_null(strstr(verdict, cases[i].expected));
    }
}

/* As many as one question may have, all of them there. */
static void the_longest_question_is_answered(void **state)
{
    static struct uuid ids[REPLY_USERS_MAX];
    static char text[REPLY_USERS_MAX * 64];
    bool found[REPLY_USERS_MAX] = {false};
    size_t length = (size_t)sprintf(text, "{\"count\":%d,\"rows\":[", REPLY_USERS_MAX);
    struct error error;

    (void)state;
    for (size_t i = 0; i < REPLY_USERS_MAX; i++) {
        char id[UUID_TEXT_LENGTH + 1];
        uuid_random(&ids[i]);
        uuid_format(&ids[i], id);
        length += (size_t)sprintf(text + length, "%s{\"id\":\"%s\"}", i > 0 ? "," : "", id);
    }
    length += (size_t)sprintf(text + length, "]}");
    assert_int_equal(reply_users(text, length, ids, REPLY_USERS_MAX, found, &error), 0);
    for (size_t i = 0; i < REPLY_USERS_MAX; i++)
        assert_true(found[i]);
}

/* --- the token ---------------------------------------------------------------------------------------------------- */

#define TOKEN(more)  ROWS("1", "{'id':'" KEY "'" more "}")
#define OF_AMY(more) TOKEN(",'user_id':'" AMY "'" more)
#define NEVER        "9999-12-31T00:00:00.000Z"
#define NO_TIME      "the token's expiry is not a time by RFC 3339, such as 2020-01-01T11:11:27.370Z"

/* `key` is asked about. */
static void judge_token(const char *json, const char *key)
{
    struct reply_token token = {.expiry_us = -7};
    char *text = written(json);
    struct error error = {.class = ERROR_NONE};
    int result = reply_token(text, strlen(json), key, strlen(key), &token, &error);
    char id[UUID_TEXT_LENGTH + 1], expiry[TIMESTAMP_TEXT_MAX] = "?";

    free(text);
    if (result != 0) {
        assert_int_equal(token.expiry_us, -7); /* untouched */
        refused(result, &error);
        return;
    }
    uuid_format(&token.user_id, id);
    if (token.expiry_us != 0)
        timestamp_format(token.expiry_us, expiry);
    snprintf(verdict, sizeof(verdict), "%s until %s", id, expiry);
}

static void a_token_tells_whose_it_is_and_until_when(void **state)
{
    static const struct verdict cases[] = {
        {OF_AMY(",'expiry':'" NEVER "'"), AMY " until 9999-12-31T00:00:00Z"},
        {OF_AMY(",'expiry':'2026-02-01T08:30:00+01:00'"), AMY " until 2026-02-01T07:30:00Z"},
        {OF_AMY(",'expiry':null"), AMY " until ?"},
        {OF_AMY(""), AMY " until ?"},
        {OF_AMY(",'type':'api','last_used_at':5"), AMY " until ?"}, /* more than asked for */
        {ROWS("1", "{'id':'5111F0E2-0000-4000-8000-0000000000aa','user_id':'" AMY "'}"), AMY " until ?"},
        {ROWS("0", ""), "the answer has 0 rows, expected the one of this token"},
        {ROWS("2", "{},{}"), "the answer has 2 rows, expected the one of this token"},
        {ROWS("1", "null"), "the answer's row is null, expected an object"},
        {ROWS("1", "{'user_id':'" AMY "'}"), "the answer is about another token"},
        {ROWS("1", "{'id':'" EVE "','user_id':'" AMY "'}"), "the answer is about another token"},
        {ROWS("1", "{'id':'" KEY "0','user_id':'" AMY "'}"), "the answer is about another token"},
        {TOKEN(""), "the token's user_id is missing, expected a UUID"},
        {TOKEN(",'user_id':null"), "the token's user_id is null, expected a UUID"},
        {TOKEN(",'user_id':'amy'"), "the token's user_id is not a UUID"},
        {OF_AMY(",'expiry':''"), NO_TIME},
        {OF_AMY(",'expiry':'soon'"), NO_TIME},
        {OF_AMY(",'expiry':'10000-01-01T00:00:00Z'"), NO_TIME},
        {OF_AMY(",'expiry':253402214400000"), "the token's expiry is a number, expected a time or null"},
        {"{'count':2,'rows':[{}]}", "the answer's count is 2, but it has 1 rows"},
        {"'" KEY "'", "the answer is a string, expected an object"},
        {"{", "the answer cannot be read as JSON at byte 1: it ends too early"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        judge_token(cases[i].json, KEY);
        assert_string_equal(verdict, cases[i].expected);
    }
}

/* Nobody promises that a key is a UUID: then it is compared byte for byte. */
static void a_key_of_any_kind_is_recognised(void **state)
{
    static const char answer[] = "{'count':1,'rows':[{'id':'k\\\"\\u00e9y','user_id':'" AMY "'}]}";

    (void)state;
    judge_token(answer, "k\"\xc3\xa9y");
    assert_string_equal(verdict, AMY " until ?");
    judge_token(answer, "K\"\xc3\xa9y");
    assert_string_equal(verdict, "the answer is about another token");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_that_exist_are_found),
        cmocka_unit_test(answers_to_other_questions_are_refused),
        cmocka_unit_test(texts_that_are_no_json_are_refused),
        cmocka_unit_test(the_longest_question_is_answered),
        cmocka_unit_test(a_token_tells_whose_it_is_and_until_when),
        cmocka_unit_test(a_key_of_any_kind_is_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

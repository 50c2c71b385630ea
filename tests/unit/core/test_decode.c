/*
 * One line a case: JSON in, verdict out. JSON is written with ' for " to be readable. The verdict of an accepted record is
 * the image of its known fields.
 */
#include "core/change.h"
#include "core/decode.h"
#include "core/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ID "'" AMY_ID "'"

/* A valid record with more in the user or in the role. */
#define ROLE(more)      "{'user_id':" ID ",'organization_id':'acme'" more "}"
#define USER(more)      "{'id':" ID ",'organizationRole':" ROLE("") more "}"
#define USER_ROLE(more) "{'id':" ID ",'organizationRole':" ROLE(more) "}"

/* A whole answer with something else for one of its parts. */
#define ANSWER(count, id, name, users)                                                                       \
    "{'count':" count ",'rows':[{'id':" id ",'name':" name ",'users':" users "}]}"

struct verdict {
    const char *json;
    const char *expected;
};

static void swap_quotes(char *text, size_t length, char from, char to)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == from)
            text[i] = to;
    }
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static void show_member(struct buffer *verdict, const struct member *member)
{
    field_mask known = 0;

    for (size_t field = 0; field < FIELD_COUNT; field++)
        known |= member->fields[field].known ? FIELD_BIT(field) : 0;
    image_add(verdict, member, known);
    swap_quotes(verdict->data, verdict->length, '"', '\'');
}

static void judge_member(const char *json, size_t length, const char *organization_id, struct buffer *verdict)
{
    struct error error = {.class = ERROR_NONE};
    struct arena arena;
    struct decoded_record record;

    arena_init(&arena);
    buffer_clear(verdict);
    char *slice = memcpy(malloc(length), json,
                         length); /* exactly as long: the sanitizer sees a byte too far */
    swap_quotes(slice, length, '\'', '"');
    if (decode_member(slice, length, organization_id, &arena, &record, &error) == 0) {
        show_member(verdict, &record.member);
        assert_string_equal(record.role_organization, "acme");
    } else {
        assert_int_equal(error.class, ERROR_MALFORMED);
        buffer_add_text(verdict, error.text);
    }
    free(slice);
    arena_done(&arena);
}

static void judge_members(const struct verdict *cases, size_t count)
{
    struct buffer verdict;

    buffer_init(&verdict, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        judge_member(cases[i].json, strlen(cases[i].json), "acme", &verdict);
        assert_string_equal(verdict.data, cases[i].expected);
    }
    buffer_done(&verdict);
}

#define JUDGE_MEMBERS(cases) judge_members(cases, sizeof(cases) / sizeof((cases)[0]))

static void texts_are_kept_as_they_are(void **state)
{
    static const struct verdict cases[] = {
        {USER(""), "{}"},
        {USER(",'email':'amy@test.com'"), "{'email':'amy@test.com'}"},
        {USER(",'email':''"), "{'email':''}"},
        {USER(",'name':null,'city':null"), "{}"},
        {USER(",'name':' \\u00eb \\ud83c\\udf89 \xc3\xab \\u202e '"),
         "{'name':' \xc3\xab \xf0\x9f\x8e\x89 \xc3\xab \xe2\x80\xae '}"},
        {USER(",'flag_plan':'enterprise','locale_id':'en','country_id':'BE'"),
         "{'country_id':'BE','locale_id':'en','flag_plan':'enterprise'}"},
        {USER(",'phone':['not','ours'],'theme':{}"), "{}"},
        {USER(",'email':5"), "email is a number, expected a string or null"},
        {USER(",'name':true"), "name is a boolean, expected a string or null"},
        {USER(",'city':['x']"), "city is an array, expected a string or null"},
        {USER(",'name':{'en':'Amy'}"), "name is an object, expected a string or null"},
        {USER(",'name':'A\\u0000my'"), "name contains the character U+0000, which PostgreSQL cannot store"},
        {USER(",'flag_plan':1.5"), "flag_plan is a number, expected a string or null"},
    };

    (void)state;
    JUDGE_MEMBERS(cases);
}

#define NO_TIME " is not a time by RFC 3339, such as 2020-01-01T11:11:27.370Z"

static void times_are_strict(void **state)
{
    static const struct verdict cases[] = {
        {USER(",'created_at':'2020-01-01T11:11:27.370Z'"), "{'user_created_at':'2020-01-01T11:11:27.370Z'}"},
        {USER(",'created_at':'2020-01-01T13:11:27+02:00'"), "{'user_created_at':'2020-01-01T11:11:27Z'}"},
        {USER(",'created_at':'1970-01-01T00:00:00Z'"), "{'user_created_at':'1970-01-01T00:00:00Z'}"},
        {USER(",'created_at':null"), "{}"},
        {USER(",'created_at':''"), "created_at" NO_TIME},
        {USER(",'created_at':'2020-01-01'"), "created_at" NO_TIME},
        {USER(",'created_at':'2021-02-29T00:00:00Z'"), "created_at" NO_TIME},
        {USER(",'created_at':'2020-01-01T11:11:27Z\\u0000'"), "created_at" NO_TIME},
        {USER(",'created_at':1577877087370"), "created_at is a number, expected a time or null"},
        {USER_ROLE(",'created_at':'x'"), "organizationRole.created_at" NO_TIME},
        {USER_ROLE(",'updated_at':'2020-09-19T15:44:32.513Z'"),
         "{'role_updated_at':'2020-09-19T15:44:32.513Z'}"},
        {USER(",'updated_at':'undocumented in the user'"), "{}"},
    };

    (void)state;
    JUDGE_MEMBERS(cases);
}

static void flags_are_true_false_or_unknown(void **state)
{
    static const struct verdict cases[] = {
        {USER_ROLE(",'flagMember':true,'flagEditor':true,'flagOwn':false"),
         "{'flag_member':true,'flag_editor':true,'flag_own':false}"},
        {USER_ROLE(",'flagAdmin':true"), "{'flag_admin':true}"},
        {USER_ROLE(",'flagOwn':null"), "{}"},
        {USER_ROLE(",'flagOwn':'true'"),
         "organizationRole.flagOwn is a string, expected true, false or null"},
        {USER_ROLE(",'flagOwn':1"), "organizationRole.flagOwn is a number, expected true, false or null"},
        {USER_ROLE(",'flagEditor':{}"),
         "organizationRole.flagEditor is an object, expected true, false or null"},
        {USER(",'flagOwn':true"), "{}"},
    };

    (void)state;
    JUDGE_MEMBERS(cases);
}

#define SIMPLE ", expected true, false, null, a number or a string"

static void further_flags_are_gathered(void **state)
{
    static const struct verdict cases[] = {
        {USER_ROLE(",'flagZ':true,'flagA':false"), "{'other_flags':{'flagA':false,'flagZ':true}}"},
        {USER_ROLE(",'flagS':'x \\u00eb','flagI':-3,'flagR':0.5"),
         "{'other_flags':{'flagI':-3,'flagR':0.5,'flagS':'x \xc3\xab'}}"},
        {USER_ROLE(",'flag':true,'flags':true,'Flag':true,'xflag':true"),
         "{'other_flags':{'flag':true,'flags':true}}"},
        {USER_ROLE(",'flagA':null"), "{}"},
        {USER_ROLE(",'flag_plan':'of the role'"), "{'other_flags':{'flag_plan':'of the role'}}"},
        {USER_ROLE(",'flagA':-0.0,'flagB':-0"), "{'other_flags':{'flagA':0.0,'flagB':0}}"},
        {USER_ROLE(",'flagA':9223372036854775807"), "{'other_flags':{'flagA':9223372036854775807}}"},
        {USER_ROLE(",'flagA':1e16"), "{'other_flags':{'flagA':10000000000000000.0}}"},
        {USER_ROLE(",'flagA':-1e17"), "organizationRole.flagA is a number too large to be kept as it is"},
        {USER_ROLE(",'flagA':{}"), "organizationRole.flagA is an object" SIMPLE},
        {USER_ROLE(",'flagA':[true]"), "organizationRole.flagA is an array" SIMPLE},
        {USER_ROLE(",'flag of amy@test.com':[]"), "a further flag of organizationRole is an array" SIMPLE},
        {USER_ROLE(",'flag_012345678901234567890123456789012345678901234567890':[]"),
         "a further flag of organizationRole is an array" SIMPLE},
        {USER_ROLE(",'flagA':'\\u0000'"),
         "organizationRole.flagA contains the character U+0000, which PostgreSQL cannot store"},
    };

    (void)state;
    JUDGE_MEMBERS(cases);
}

static void further_flags_are_bounded(void **state)
{
    struct buffer json;
    struct buffer verdict;

    (void)state;
    buffer_init(&json, 1 << 20);
    buffer_init(&verdict, 1 << 20);
    buffer_add_text(&json, "{'id':" ID ",'organizationRole':" ROLE(""));
    json.length--; /* the role goes on */
    for (int i = 0; i < 300; i++)
        buffer_add_format(&json, ",'flag%03d':true", i);
    buffer_add_text(&json, "}}");
    judge_member(json.data, json.length, NULL, &verdict);
    assert_string_equal(verdict.data, "organizationRole has more than 4096 bytes of further flags");
    buffer_done(&json);
    buffer_done(&verdict);
}

static void ids_must_be_there_and_agree(void **state)
{
    static const struct verdict cases[] = {
        {"{'organizationRole':" ROLE("") "}", "id is missing, expected a UUID"},
        {"{'id':7,'organizationRole':" ROLE("") "}", "id is a number, expected a UUID"},
        {"{'id':'amy','organizationRole':" ROLE("") "}", "id is not a UUID"},
        {"{'id':'{" AMY_ID "}','organizationRole':" ROLE("") "}", "id is not a UUID"},
        {"{'id':'B9C8C05A-4A76-11EB-B378-0242AC130002','organizationRole':" ROLE("") "}", "{}"},
        {"{'id':" ID "}", "organizationRole is missing, expected an object"},
        {"{'id':" ID ",'organizationRole':null}", "organizationRole is null, expected an object"},
        {"{'id':" ID ",'organizationRole':[]}", "organizationRole is an array, expected an object"},
        {"{'id':" ID ",'organizationRole':{'organization_id':'acme'}}",
         "organizationRole.user_id is missing, expected a UUID"},
        {"{'id':" ID ",'organizationRole':{'organization_id':'acme','user_id':'x'}}",
         "organizationRole.user_id is not a UUID"},
        {"{'id':'b33b2d5b-da2b-4eac-8bfd-846bd59f5b2d','organizationRole':" ROLE("") "}",
         "organizationRole.user_id is not the user's own id"},
        {"{'id':" ID ",'organizationRole':{'user_id':" ID "}}",
         "organizationRole.organization_id is missing, expected the organization's id"},
        {"{'id':" ID ",'organizationRole':{'user_id':" ID ",'organization_id':''}}",
         "organizationRole.organization_id is empty, expected the organization's id"},
        {"{'id':" ID ",'organizationRole':{'user_id':" ID ",'organization_id':'acme\\u0000'}}",
         "organizationRole.organization_id contains the character U+0000, which PostgreSQL cannot store"},
        {"{'id':" ID ",'organizationRole':{'user_id':" ID ",'organization_id':'other'}}",
         "organizationRole.organization_id names another organization"},
    };

    (void)state;
    JUDGE_MEMBERS(cases);
}

#define NO_JSON "the record cannot be read as JSON at byte "
#define TOKEN   ": it has a wrong token or escape, or half of a surrogate pair"

static void what_is_no_json_is_refused_without_quoting_it(void **state)
{
    static const struct verdict cases[] = {
        {"", NO_JSON "0: it ends too early"},
        {"{'id':", NO_JSON "6: it ends too early"},
        {"{} {}", NO_JSON "4: something follows its end"},
        {"\xef\xbb\xbf{}", NO_JSON "3" TOKEN},
        {"{'a':'\\ud800'}", NO_JSON "13" TOKEN},
        {"{'a':'\\udc00\\ud800'}", NO_JSON "19" TOKEN},
        {"{'a':'\xed\xa0\x80'}", NO_JSON "6: it is not valid UTF-8"},
        {"{'a':'\xc0\xaf'}", NO_JSON "6: it is not valid UTF-8"},
        {"{'a':12345678901234567890}", NO_JSON "25: a number has too many digits"},
        {"{'a':1e400}", NO_JSON "10: a number has too many digits"},
        {"{'a':NaN}", NO_JSON "8" TOKEN},
        {"{'a':01}", NO_JSON "6" TOKEN},
        {"{'a':1,}", NO_JSON "8" TOKEN},
        {"{'a':1,'a':1}", NO_JSON "10: a key stands twice in one object"},
        {"{'a':1,'\\u0061':1}", NO_JSON "15: a key stands twice in one object"},
        {"{'a\\u0000':1}", NO_JSON "10: a key contains the character U+0000"},
        {"7", "the record is a number, expected an object"},
        {"'amy@test.com'", "the record is a string, expected an object"},
        {"null", "the record is null, expected an object"},
        {"[]", "the record is an array, expected an object"},
    };

    (void)state;
    JUDGE_MEMBERS(cases);
}

static void a_nul_byte_is_no_end(void **state)
{
    static const char json[] = USER("") "\0";
    struct buffer verdict;

    (void)state;
    buffer_init(&verdict, 4096);
    judge_member(json, sizeof(json) - 1, "acme", &verdict);
    assert_non_null(strstr(verdict.data, "something follows its end"));
    buffer_done(&verdict);
}

static void any_organization_will_do_before_one_is_known(void **state)
{
    struct buffer verdict;

    (void)state;
    buffer_init(&verdict, 4096);
    judge_member(USER(""), strlen(USER("")), NULL, &verdict);
    assert_string_equal(verdict.data, "{}");
    buffer_done(&verdict);
}

/* --- the envelope ------------------------------------------------------------------------------------------------- */

static void judge_envelopes(const struct verdict *cases, size_t count, uint64_t slices)
{
    for (size_t i = 0; i < count; i++) {
        struct error error = {.class = ERROR_NONE};
        struct envelope envelope;
        char *json = strdup(cases[i].json);

        swap_quotes(json, strlen(json), '\'', '"');
        if (decode_envelope(json, strlen(json), slices, "acme", &envelope, &error) == 0) {
            assert_string_equal(envelope.organization_id, "acme");
            char *name = envelope.name_json;
            if (name)
                swap_quotes(name, strlen(name), '"', '\'');
            assert_string_equal(name ? name : "no name", cases[i].expected);
            envelope_done(&envelope);
        } else {
            assert_int_equal(error.class, ERROR_MALFORMED);
            assert_string_equal(error.text, cases[i].expected);
        }
        free(json);
    }
}

#define JUDGE_ENVELOPES(cases, slices) judge_envelopes(cases, sizeof(cases) / sizeof((cases)[0]), slices)

static void a_good_envelope_names_the_organization(void **state)
{
    static const struct verdict cases[] = {
        {ANSWER("1", "'acme'", "{'nl':'J','en':'Y','fr':'T'}", "[]"), "{'en':'Y','fr':'T','nl':'J'}"},
        {ANSWER("1", "'acme'", "{'en':null,'fr':'T'}", "[ ]"), "{'fr':'T'}"},
        {ANSWER("1", "'acme'", "{}", "[]"), "{}"},
        {ANSWER("1", "'acme'", "null", "[]"), "no name"},
        {"{'rows':[{'users':[],'id':'acme','invitecode':{'x':[1]}}],'count':1,'more':1.5}", "no name"},
    };

    (void)state;
    JUDGE_ENVELOPES(cases, 3);
}

static void a_bad_envelope_is_a_failed_poll(void **state)
{
    static const struct verdict cases[] = {
        {"[]", "the answer is an array, expected an object"},
        {"{}", "the answer's rows is missing, expected a list with one organization"},
        {"{'count':1,'rows':{}}", "the answer's rows is an object, expected a list with one organization"},
        {"{'count':0,'rows':[]}", "the answer's rows has 0 elements, expected one organization"},
        {"{'count':2,'rows':[{},{}]}", "the answer's rows has 2 elements, expected one organization"},
        {"{'count':1,'rows':['acme']}", "the answer's rows[0] is a string, expected an object"},
        {"{'rows':[{}]}", "the answer's count is missing, expected the integer 1"},
        {ANSWER("2", "'acme'", "{}", "[]"), "the answer's count is 2, expected 1: one organization"},
        {ANSWER("1.0", "'acme'", "{}", "[]"), "the answer's count is a number, expected the integer 1"},
        {ANSWER("'1'", "'acme'", "{}", "[]"), "the answer's count is a string, expected the integer 1"},
        {ANSWER("-3", "'acme'", "{}", "[]"), "the answer's count is -3, expected 1: one organization"},
        {ANSWER("1", "null", "{}", "[]"), "the answer's rows[0].id is null, expected the organization's id"},
        {ANSWER("1", "''", "{}", "[]"), "the answer's rows[0].id is empty, expected the organization's id"},
        {ANSWER("1", "'other\\u001b'", "{}", "[]"),
         "the answer is about organization \"other\\x1b\", expected \"acme\"; check api.organization_id and whose key and "
         "token these are; another organization needs a database of its own"},
        {ANSWER("1", "'acme'", "'Acme'", "[]"),
         "the answer's rows[0].name is a string, expected an object of texts by locale, or null"},
        {ANSWER("1", "'acme'", "{'en':['x']}", "[]"),
         "a locale of the answer's rows[0].name is an array, expected a string or null"},
        {ANSWER("1", "'acme'", "{'en':'\\u0000'}", "[]"),
         "the answer's rows[0].name contains the character U+0000, which PostgreSQL cannot store"},
        {ANSWER("1", "'acme'", "{}", "null"),
         "the answer's rows[0].users is null, expected the list of members"},
        {ANSWER("1", "'acme'", "{}", "{}"),
         "the answer's rows[0].users is an object, expected the list of members"},
        {ANSWER("1", "'acme'", "{}", "[{}]"),
         "the answer's rows[0].users could not be taken apart, because the names of rows or users are written with "
         "escapes"},
        {"{'count':1,'count':1,'rows':[{}]}",
         "the answer without its members cannot be read as JSON at byte 18: a key stands twice in one object"},
        {"{'count':1,'rows':[{'users':[],'users':[]}]}",
         "the answer without its members cannot be read as JSON at byte 38: a key stands twice in one object"},
        {"Oops, this route does not exist (yet)!",
         "the answer without its members cannot be read as JSON at byte 4: it has a wrong token or escape, or half of a surrogate pair"},
    };

    (void)state;
    JUDGE_ENVELOPES(cases, 3);
}

static void an_empty_list_is_a_failed_poll(void **state)
{
    static const struct verdict cases[] = {
        {ANSWER("1", "'acme'", "{}", "[]"),
         "the answer's rows[0].users is empty, expected at least one member"},
    };

    (void)state;
    JUDGE_ENVELOPES(cases, 0);
}

static void the_organization_id_has_at_most_128_bytes(void **state)
{
    struct error error = {.class = ERROR_NONE};
    struct envelope envelope = {.name_json = NULL};
    char json[512];

    (void)state;
    snprintf(json, sizeof(json), "{\"count\":1,\"rows\":[{\"id\":\"%0128d\",\"users\":[]}]}", 0);
    assert_int_equal(decode_envelope(json, strlen(json), 1, NULL, &envelope, &error), 0);
    assert_int_equal(strlen(envelope.organization_id), ORGANIZATION_ID_MAX);
    snprintf(json, sizeof(json), "{\"count\":1,\"rows\":[{\"id\":\"%0129d\",\"users\":[]}]}", 0);
    assert_int_equal(decode_envelope(json, strlen(json), 1, NULL, &envelope, &error), -ERROR_MALFORMED);
    assert_string_equal(error.text, "the answer's rows[0].id has 129 bytes, expected at most 128");
    envelope_done(&envelope);
    envelope_done(NULL);
}

/* --- text from the table ------------------------------------------------------------------------------------------ */

static void stored_objects_get_their_canonical_text_back(void **state)
{
    static const struct verdict cases[] = {
        {"{'fr': 'T', 'pt-BR': 'x'}", "{'fr':'T','pt-BR':'x'}"},
        {"{'flagB': 1.5, 'flagAA': true, 'flagAAA': 10000000000000000.0}",
         "{'flagAA':true,'flagAAA':10000000000000000.0,'flagB':1.5}"},
        {"{}", "{}"},
        {"[1, 2]", "[1, 2]"},
        {"{'edited': 12345678901234567890}", "{'edited': 12345678901234567890}"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *stored = strdup(cases[i].json);
        char *expected = strdup(cases[i].expected);
        size_t length;

        swap_quotes(stored, strlen(stored), '\'', '"');
        swap_quotes(expected, strlen(expected), '\'', '"');
        assert_string_equal(decode_canonical(stored, strlen(stored), &arena, &length), expected);
        assert_int_equal(length, strlen(expected));
        free(stored);
        free(expected);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_kept_as_they_are),
        cmocka_unit_test(times_are_strict),
        cmocka_unit_test(flags_are_true_false_or_unknown),
        cmocka_unit_test(further_flags_are_gathered),
        cmocka_unit_test(further_flags_are_bounded),
        cmocka_unit_test(ids_must_be_there_and_agree),
        cmocka_unit_test(what_is_no_json_is_refused_without_quoting_it),
        cmocka_unit_test(a_nul_byte_is_no_end),
        cmocka_unit_test(any_organization_will_do_before_one_is_known),
        cmocka_unit_test(a_good_envelope_names_the_organization),
        cmocka_unit_test(a_bad_envelope_is_a_failed_poll),
        cmocka_unit_test(an_empty_list_is_a_failed_poll),
        cmocka_unit_test(the_organization_id_has_at_most_128_bytes),
        cmocka_unit_test(stored_objects_get_their_canonical_text_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

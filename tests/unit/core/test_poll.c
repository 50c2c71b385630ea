/*
 * Polls as a small language. A record is a letter, the member it is about, and marks:
 *
 *     a     in its first version, a2 in its second one (another name)
 *     a%    the same value in other bytes
 *     a\    the same value, its id spelled with an escape
 *     a!    spoiled: cannot be decoded, its id can be read
 *     a?    broken: not even the id can be read
 *     a~    a role in another organization
 */
#include "core/poll.h"

#include "base/memory.h"
#include "core/record.h"
#include "core/slicing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct digest_secret secret = {{1, 2, 3}};

static struct poll_settings settings_of_test(void)
{
    return (struct poll_settings){
        .max_body = 64 << 20,
        .max_members = 100000,
        .spool_memory = 1 << 20,
        .spool_directory = "/tmp",
        .secret = &secret,
        .organization_id = "acme",
    };
}

/* --- records and answers ------------------------------------------------------------------------------------------ */

static struct uuid id_of(char letter)
{
    struct uuid user_id = {{0}};
    user_id.bytes[15] = (uint8_t)letter;
    return user_id;
}

/* One record; `marks` is what stands behind its letter. */
static void add_record(struct buffer *body, char letter, const char *marks, size_t count)
{
    struct uuid user_id = id_of(letter);
    char id[UUID_TEXT_LENGTH + 1];
    int version = 1;

    for (size_t i = 0; i < count; i++)
        version = marks[i] >= '0' && marks[i] <= '9' ? marks[i] - '0' : version;
    uuid_format(&user_id, id);
    buffer_add_format(body, "{%s\"name\":\"%s%d\"%s,\"%s\":\"%s\",\"organizationRole\":{",
                      memchr(marks, '%', count) ? " " : "", memchr(marks, '!', count) ? "\\ud800" : "",
                      version, memchr(marks, '?', count) ? " lost" : "",
                      memchr(marks, '\\', count) ? "\\u0069d" : "id", id);
    buffer_add_format(body, "\"flagMember\":true,\"organization_id\":\"%s\",\"user_id\":\"%s\"}}",
                      memchr(marks, '~', count) ? "other" : "acme", id);
}

/* Calls back for each record of "a b2 c!". */
static void each_record(const char *records, void (*take)(void *context, const char *record, size_t length),
                        void *context)
{
    while (*records) {
        size_t length = strcspn(records, " ");
        take(context, records, length);
        records += length + (records[length] == ' ');
    }
}

static void add_to_body(void *context, const char *record, size_t length)
{
    struct buffer *body = context;

    if (body->data[body->length - 1] != '[')
        buffer_add_char(body, ',');
    add_record(body, record[0], record + 1, length - 1);
}

#define BEFORE_USERS "{\"count\":1,\"rows\":[{\"id\":\"acme\",\"name\":{\"en\":\"Acme\"},\"users\":["
#define BEHIND_USERS "]}]}"

static void answer_with(struct buffer *body, const char *records)
{
    buffer_init(body, 64 << 20);
    buffer_add_text(body, BEFORE_USERS);
    each_record(records, add_to_body, body);
    buffer_add_text(body, BEHIND_USERS);
}

/* The digest that a roster would hold of this record: of its bytes, or in a full comparison of its value. */
static struct digest stored_digest(const struct buffer *record, bool full)
{
    struct decoded_record decoded;
    struct arena arena;
    struct error error;

    if (!full)
        return digest_of(&secret, record->data, record->length);
    arena_init(&arena);
    assert_int_equal(decode_member(record->data, record->length, "acme", &arena, &decoded, &error), 0);
    struct digest digest = member_digest(&decoded.member, &secret);
    arena_done(&arena);
    return digest;
}

struct filling {
    struct roster *roster;
    bool full;
};

static void add_to_roster(void *context, const char *record, size_t length)
{
    struct filling *filling = context;
    struct uuid user_id = id_of(record[0]);
    struct buffer text;

    buffer_init(&text, SLICE_MAX);
    add_record(&text, record[0], record + 1, length - 1);
    struct digest digest = stored_digest(&text, filling->full);
    assert_true(roster_add(filling->roster, &user_id, &digest));
    buffer_done(&text);
}

static struct roster *roster_of(const char *records, bool full)
{
    struct filling filling = {roster_new(), full};

    each_record(records, add_to_roster, &filling);
    return filling.roster;
}

/* --- what came of a poll ------------------------------------------------------------------------------------------ */

static void add_count(struct buffer *text, const char *what, uint32_t count)
{
    if (count > 0)
        buffer_add_format(text, "%s%s %u", text->length > 0 ? ", " : "", what, count);
}

static void add_decoded(struct buffer *text, struct poll *poll)
{
    struct spool_reader reader;
    const void *record;
    size_t length;
    struct error error;

    if (poll_result(poll)->decoded > 0)
        buffer_add_format(text, "%sdecoded", text->length > 0 ? ", " : "");
    spool_reader_init(&reader, poll_decoded(poll));
    for (uint32_t n = poll_result(poll)->decoded; n > 0; n--) {
        struct decoded decoded;
        assert_int_equal(spool_next(&reader, &record, &length, &error), 1);
        record_read_decoded(record, length, &decoded);
        buffer_add_format(text, " %c%s", decoded.member.user_id.bytes[15],
                          decoded.member.fields[FIELD_NAME].text);
    }
    assert_int_equal(spool_next(&reader, &record, &length, &error), 0);
    spool_reader_done(&reader);
}

static int letter_order(const void *left, const void *right)
{
    return *(const char *)left - *(const char *)right;
}

static void add_rejected(struct buffer *text, const struct poll *poll)
{
    char letters[64] = "";
    size_t count = poll_rejection_count(poll);

    for (size_t i = 0; i < count && i < sizeof(letters) - 1; i++) {
        const struct rejection *rejection = poll_rejection(poll, i);
        letters[i] = rejection->has_user_id ? (char)rejection->user_id.bytes[15] : '?';
        assert_true(strlen(rejection->reason) > 0);
        assert_false(digest_is_zero(&rejection->slice_digest));
    }
    qsort(letters, strlen(letters), 1, letter_order);
    if (count > 0)
        buffer_add_format(text, "%srejected", text->length > 0 ? ", " : "");
    for (size_t i = 0; letters[i]; i++)
        buffer_add_format(text, " %c", letters[i]);
}

/* "recognised 2, decoded b2, absent 1", or the sentence of the failure. */
static void add_outcome(struct buffer *text, struct poll *poll, const struct error *error)
{
    const struct poll_result *result = poll_result(poll);

    buffer_clear(text);
    if (error->class != ERROR_NONE) {
        buffer_add_text(text, error->text);
        return;
    }
    add_count(text, "recognised", result->recognised);
    add_decoded(text, poll);
    add_rejected(text, poll);
    add_count(text, "duplicates", result->duplicates);
    add_count(text, "absent", result->absent);
    add_count(text, "unreadable", result->unreadable);
}

static int feed_poll(struct poll *poll, const struct buffer *body, size_t chunk, struct error *error)
{
    int status = 0;

    error_clear(error);
    for (size_t from = 0; status == 0 && from < body->length; from += chunk) {
        size_t left = body->length - from;
        status = poll_feed(poll, body->data + from, left < chunk ? left : chunk, error);
    }
    return status == 0 ? poll_end(poll, error) : status;
}

/* --- what a poll finds -------------------------------------------------------------------------------------------- */

enum mode { PINNED, UNPINNED, FULL };

#define TWICE(last)        "user 00000000-0000-0000-0000-0000000000" last " appears twice with different content"
#define A_TWICE            TWICE("61")
#define X_TWICE            TWICE("78")
#define NO_SOUND_JSON      "the record cannot be read as JSON"
#define OTHER_ORGANIZATION "organizationRole.organization_id names another organization"

static const struct {
    enum mode mode;
    const char *known, *answer, *outcome;
} cases[] = {
    {PINNED, "", "a b", "decoded a1 b1"},
    {PINNED, "a b c", "a b c", "recognised 3"},
    {PINNED, "a b c", "c a b", "recognised 3"},
    {PINNED, "a b c", "a c", "recognised 2, absent 1"},
    {PINNED, "a b c", "a b2 c", "recognised 2, decoded b2"},
    {PINNED, "a b c", "a x b c", "recognised 3, decoded x1"},
    {PINNED, "a b c", "x b2", "decoded x1 b2, absent 2"},
    {PINNED, "a b", "a% b", "recognised 1, decoded a1"},

    /* An id that only a parser can read. */
    {PINNED, "a b\\", "a b\\", "recognised 2"},
    {PINNED, "a b\\", "b\\ a", "recognised 2"},
    {PINNED, "a b\\", "b\\ b\\ a", "recognised 2, duplicates 1"},

    /* Quarantine: a known member counts as seen; where an id cannot be read, nobody is absent. */
    {PINNED, "a b c", "a b! c", "recognised 2, rejected b"},
    {PINNED, "a b c", "a b!", "recognised 1, rejected b, absent 1"},
    {PINNED, "a b c", "a b?", "recognised 1, rejected ?, unreadable 1"},
    {PINNED, "a b c", "a x!", "recognised 1, rejected x, absent 2"},
    {PINNED, "a b c", "a b~ c", "recognised 2, rejected b"},
    {PINNED, "a b c", "b! a2 x? c!", "decoded a2, rejected ? b c, unreadable 1"},
    {PINNED, "a", "a!", "none of the answer's records can be read (1 in all): " NO_SOUND_JSON},
    {PINNED, "a b", "a~ b! x?", "none of the answer's records can be read (3 in all): " OTHER_ORGANIZATION},
    {PINNED, "", "a! a!", "none of the answer's records can be read (2 in all): " NO_SOUND_JSON},

    /* The same user twice with the same content. */
    {PINNED, "a b", "a a b", "recognised 2, duplicates 1"},
    {PINNED, "a b", "a b a b", "recognised 2, duplicates 2"},
    {PINNED, "a b", "a2 b a2", "recognised 1, decoded a2, duplicates 1"},
    {PINNED, "a b", "a! b a!", "recognised 1, rejected a, duplicates 1"},
    {PINNED, "a b", "a? b a?", "recognised 1, rejected ?, duplicates 1, unreadable 1"},
    {PINNED, "b", "x x b", "recognised 1, decoded x1, duplicates 1"},
    {PINNED, "b", "x! b x!", "recognised 1, rejected x, duplicates 1"},

    /* With other content, whichever comes first. */
    {PINNED, "a b", "a b a2", A_TWICE},
    {PINNED, "a b", "a2 b a", A_TWICE},
    {PINNED, "a b", "a2 b a3", A_TWICE},
    {PINNED, "a b", "a2 a2 b a3", A_TWICE},
    {PINNED, "a b", "a b a%", A_TWICE},
    {PINNED, "a b", "a b a!", A_TWICE},
    {PINNED, "a b", "a! b a", A_TWICE},
    {PINNED, "a b", "a2 b a!", A_TWICE},
    {PINNED, "a b", "a! b a2", A_TWICE},
    {PINNED, "a b", "a! b a!2", A_TWICE},
    {PINNED, "b", "x b x2", X_TWICE},
    {PINNED, "b", "x b x!", X_TWICE},
    {PINNED, "b", "x! b x", X_TWICE},
    {PINNED, "b", "x! b x!2", X_TWICE},
    {PINNED, "b", "x! s! t! u! v! w! b x", X_TWICE},
    {PINNED, "b", "x! y! z! A! B! C! b x", X_TWICE},

    /* The organization's id is known at the end only. */
    {UNPINNED, "", "a b c", "decoded a1 b1 c1"},
    {UNPINNED, "", "a b~ c", "decoded a1 c1, rejected b"},
    {UNPINNED, "", "b~ a c!", "decoded a1, rejected b c"},
    {UNPINNED, "", "b~ a b~", "decoded a1, rejected b, duplicates 1"},
    {UNPINNED, "", "a~ b", "decoded b1, rejected a"},
    {UNPINNED, "", "a~ b a", A_TWICE},
    {UNPINNED, "", "a b a~", A_TWICE},
    {UNPINNED, "", "a~ b~", "none of the answer's records can be read (2 in all): " OTHER_ORGANIZATION},
    {UNPINNED, "", "a! b~", "none of the answer's records can be read (2 in all): " NO_SOUND_JSON},
    {UNPINNED, "a b", "a~2 b", "recognised 1, rejected a"},
    {UNPINNED, "a b", "a~ b a~", "recognised 1, rejected a, duplicates 1"},
    {UNPINNED, "a b", "a~ b a", A_TWICE},

    /* By value, whatever the bytes. */
    {FULL, "a b c", "a b c", "recognised 3"},
    {FULL, "a b c", "c% b% a%", "recognised 3"},
    {FULL, "a b c", "a2 b", "recognised 1, decoded a2, absent 1"},
    {FULL, "a b c", "a x c b!", "recognised 2, decoded x1, rejected b"},
    {FULL, "a b", "a a b", "recognised 2, duplicates 1"},
    {FULL, "a b", "a2 a2 b x x", "recognised 1, decoded a2 x1, duplicates 2"},
    {FULL, "a b", "a b a%", A_TWICE},
    {FULL, "a b", "a b a2", A_TWICE},
    {FULL, "a b", "a2 b a", A_TWICE},
    {FULL, "a b", "a b a!", A_TWICE},
    {FULL, "a b", "a! b a", A_TWICE},
};

static struct poll_settings settings_of_mode(enum mode mode)
{
    struct poll_settings settings = settings_of_test();

    settings.full = mode == FULL;
    settings.organization_id = mode == UNPINNED ? NULL : "acme";
    return settings;
}

/* After a poll was remembered, the same answer has nothing left to decode. */
static void assert_remembered(struct poll *poll, struct roster *roster, const struct buffer *body)
{
    struct poll_settings settings = settings_of_mode(PINNED);
    uint32_t decoded = poll_result(poll)->decoded, recognised = poll_result(poll)->recognised;
    struct error error;

    assert_int_equal(poll_remember(poll, &error), 0);
    struct poll *again = poll_new(&settings, roster);
    assert_int_equal(feed_poll(again, body, body->length, &error), 0);
    assert_int_equal(poll_result(again)->decoded, 0);
    assert_int_equal(poll_result(again)->recognised, recognised + decoded);
    assert_int_equal(poll_result(again)->absent, poll_result(poll)->absent);
    assert_memory_equal(poll_result(again)->fingerprint, poll_result(poll)->fingerprint, SHA256_SIZE);
    poll_free(again);
}

static int run_case(size_t number, size_t chunk, struct buffer *text)
{
    struct poll_settings settings = settings_of_mode(cases[number].mode);
    struct roster *roster = roster_of(cases[number].known, settings.full);
    uint32_t members = roster_count(roster);
    struct buffer body;
    struct error error;

    answer_with(&body, cases[number].answer);
    struct poll *poll = poll_new(&settings, roster);
    int status = feed_poll(poll, &body, chunk, &error);
    assert_int_equal(-status, error.class);
    add_outcome(text, poll, &error);
    if (status == 0) {
        assert_string_equal(poll_result(poll)->envelope.organization_id, "acme");
        assert_int_equal(poll_result(poll)->body_bytes, body.length);
        assert_remembered(poll, roster, &body);
    } else {
        roster_begin(roster);
        assert_int_equal(roster_count(roster), members);
    }
    poll_free(poll);
    roster_free(roster);
    buffer_done(&body);
    return status;
}

static void every_case_has_its_outcome(void **state)
{
    static const size_t chunks[] = {1, 7, SIZE_MAX / 2};
    struct buffer text;
    (void)state;

    buffer_init(&text, 1 << 20);
    for (size_t number = 0; number < COUNT(cases); number++) {
        for (size_t i = 0; i < COUNT(chunks); i++) {
            int status = run_case(number, chunks[i], &text);
            const char *outcome = cases[number].outcome; /* of a failure, how its sentence begins */
            if (strncmp(text.data, outcome, status < 0 ? strlen(outcome) : text.length + 1) != 0)
                fail_msg("[%s] then [%s]\n  gives: %s\n  not:   %s", cases[number].known,
                         cases[number].answer, text.data, cases[number].outcome);
        }
    }
    buffer_done(&text);
}

/* --- answers that are not believed -------------------------------------------------------------------------------- */

static void assert_refused(const struct poll_settings *settings, const struct buffer *body,
                           enum error_class class, const char *sentence)
{
    struct roster *roster = roster_of("a b c", false);
    struct poll *poll = poll_new(settings, roster);
    struct error error;

    assert_int_equal(feed_poll(poll, body, 1000, &error), -(int)class);
    if (!strstr(error.text, sentence))
        fail_msg("\"%s\" does not say \"%s\"", error.text, sentence);
    poll_free(poll);
    roster_free(roster);
}

static void incredible_answers_fail(void **state)
{
    static const struct {
        const char *body, *sentence;
    } answers[] = {
        {"", "in the middle of its document"},
        {BEFORE_USERS "{}", "in the middle of its document"},
        {BEFORE_USERS BEHIND_USERS, "empty"},
        {"{\"count\":1,\"rows\":[{\"id\":\"acme\",\"name\":{}}]}", "users"},
        {"{\"count\":1,\"rows\":[]}", "rows"},
        {"{\"count\":1,\"rows\":[{\"id\":\"other\",\"name\":{},\"users\":[1]}]}", "acme"},
        {BEFORE_USERS "1]}]}}", "something follows the end"},
        {BEFORE_USERS "1],}]}", "cannot be read as JSON"},
    };
    struct poll_settings settings = settings_of_test();
    (void)state;

    for (size_t i = 0; i < COUNT(answers); i++) {
        struct buffer body;
        buffer_init(&body, 4096);
        buffer_add_text(&body, answers[i].body);
        assert_refused(&settings, &body, ERROR_MALFORMED, answers[i].sentence);
        buffer_done(&body);
    }
}

static void limits_name_their_settings(void **state)
{
    struct poll_settings settings = settings_of_test();
    struct buffer body;
    (void)state;

    answer_with(&body, "a b c d");
    settings.max_members = 3;
    assert_refused(&settings, &body, ERROR_MALFORMED, "more than 3 members; raise sync.max_members");
    settings.max_members = 4;
    settings.max_body = body.length - 1;
    assert_refused(&settings, &body, ERROR_MALFORMED, "raise sync.max_body");

    struct roster *roster = roster_new();
    struct error error;
    settings.max_body = body.length;
    struct poll *poll = poll_new(&settings, roster);
    assert_int_equal(feed_poll(poll, &body, 10, &error), 0);
    poll_free(poll);
    roster_free(roster);
    buffer_done(&body);
}

/* An answer with `count` times the records. */
static void answer_with_many(struct buffer *body, const char *first, const char *record, int count)
{
    answer_with(body, first);
    body->length -= strlen(BEHIND_USERS);
    for (int i = 0; i < count; i++)
        buffer_add_format(body, ",%s", record);
    buffer_add_text(body, BEHIND_USERS);
}

static void what_is_wrong_is_bounded(void **state)
{
    struct poll_settings settings = settings_of_test();
    struct buffer body, record;
    (void)state;

    buffer_init(&record, SLICE_MAX);
    add_record(&record, 'a', "", 0);
    answer_with_many(&body, "a", record.data, 1001);
    assert_refused(&settings, &body, ERROR_MALFORMED, "more than 1000 users appear twice");
    buffer_done(&body);

    buffer_clear(&record);
    add_record(&record, 'a', "2", 1);
    answer_with_many(&body, "a2", record.data, 1001);
    assert_refused(&settings, &body, ERROR_MALFORMED, "more than 1000 users appear twice");
    buffer_done(&body);

    answer_with_many(&body, "a", "17", 10001);
    assert_refused(&settings, &body, ERROR_MALFORMED,
                   "more than 10000 of the answer's records cannot be read");
    buffer_done(&body);
    buffer_done(&record);
}

static void a_full_disk_is_named(void **state)
{
    struct poll_settings settings = settings_of_test();
    struct buffer body;
    (void)state;

    settings.spool_memory = 0;
    settings.spool_directory = "/nonexistent/directory";
    answer_with(&body, "x y");
    assert_refused(&settings, &body, ERROR_UNAVAILABLE, "/nonexistent/directory");
    buffer_done(&body);
}

/* --- fingerprint and spool ---------------------------------------------------------------------------------------- */

#define MANY 150

static void the_fingerprint_is_over_digests_and_envelope(void **state)
{
    struct poll_settings settings = settings_of_test();
    struct roster *roster = roster_new();
    struct poll *poll = poll_new(&settings, roster);
    struct sha256 *sha = sha256_new();
    uint8_t expected[SHA256_SIZE];
    struct buffer body, record;
    struct error error;
    (void)state;

    answer_with(&body, "");
    body.length -= strlen(BEHIND_USERS);
    buffer_init(&record, SLICE_MAX);
    for (int i = 0; i < MANY; i++) {
        buffer_clear(&record);
        add_record(&record, (char)(i + 1), "", 0);
        struct digest digest = digest_of(&secret, record.data, record.length);
        sha256_add(sha, digest.bytes, sizeof(digest.bytes));
        buffer_add_format(&body, "%s%s", i > 0 ? "," : "", record.data);
    }
    buffer_add_text(&body, BEHIND_USERS);
    sha256_add(sha, BEFORE_USERS BEHIND_USERS, strlen(BEFORE_USERS BEHIND_USERS));
    sha256_finish(sha, expected);

    assert_int_equal(feed_poll(poll, &body, 100, &error), 0);
    assert_int_equal(poll_result(poll)->slices, MANY);
    assert_int_equal(poll_result(poll)->decoded, MANY);
    assert_memory_equal(poll_result(poll)->fingerprint, expected, SHA256_SIZE);
    sha256_free(sha);
    poll_free(poll);
    roster_free(roster);
    buffer_done(&body);
    buffer_done(&record);
}

/* The spool may be a file as well as memory, also where it is rewritten at the end. */
static void records_may_wait_in_a_file(void **state)
{
    struct poll_settings settings = settings_of_mode(UNPINNED);
    struct roster *roster = roster_new();
    struct buffer body, text;
    struct error error;
    (void)state;

    settings.spool_memory = 0;
    answer_with(&body, "a b~ c d~ e e");
    struct poll *poll = poll_new(&settings, roster);
    assert_int_equal(feed_poll(poll, &body, 100, &error), 0);
    buffer_init(&text, 4096);
    add_outcome(&text, poll, &error);
    assert_string_equal(text.data, "decoded a1 c1 e1, rejected b d, duplicates 1");
    buffer_done(&text);
    buffer_done(&body);
    poll_free(poll);
    poll_free(NULL);
    roster_free(roster);
}

/* The documented answer, whose organization has an id that is no UUID. */
static void the_documented_answer_is_believed(void **state)
{
    struct poll_settings settings = settings_of_mode(UNPINNED);
    struct roster *roster = roster_new();
    struct poll *poll = poll_new(&settings, roster);
    size_t length;
    const char *answer = slicing_documented_answer(&length);
    struct error error;
    (void)state;

    assert_int_equal(poll_feed(poll, answer, length, &error), 0);
    assert_int_equal(poll_end(poll, &error), 0);
    assert_int_equal(poll_result(poll)->decoded, 3);
    assert_int_equal(poll_rejection_count(poll), 0);
    assert_string_equal(poll_result(poll)->envelope.organization_id, "< your organization id >");
    poll_free(poll);
    roster_free(roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_has_its_outcome),
        cmocka_unit_test(incredible_answers_fail),
        cmocka_unit_test(limits_name_their_settings),
        cmocka_unit_test(what_is_wrong_is_bounded),
        cmocka_unit_test(a_full_disk_is_named),
        cmocka_unit_test(the_fingerprint_is_over_digests_and_envelope),
        cmocka_unit_test(records_may_wait_in_a_file),
        cmocka_unit_test(the_documented_answer_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A whole poll: who counts as seen and who as absent is what jansson finds in the whole document, no matter how the body
 * is cut into chunks; a failed poll says so; and the same answer once more holds nothing new.
 *
 * Input: the body, and three bytes: the size of its chunks, which of eight users the roster knows, and how the poll is
 * set up.
 */
#include "core/poll.h"
#include "core/record.h"
#include "fuzz.h"
#include "sound.h"

#define USERS 8

static const char *const user_texts[USERS] = {
    "b9c8c05a-4a76-11eb-b378-0242ac130002", /* the documented answer's */
    "b33b2d5b-da2b-4eac-8bfd-846bd59f5b2d", "fc3801a2-cd12-4a9a-ae65-ba7e81b37a4b",
    "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004",
    "00000000-0000-4000-8000-000000000005",
};

static const struct digest_secret secret = {{7, 8, 9}};

enum { SETUP_PINNED = 1, SETUP_SMALL_SPOOL = 2, SETUP_RANDOM_CHUNKS = 4 };

static struct uuid user_id(size_t user)
{
    struct uuid id;

    claim(uuid_parse(user_texts[user], strlen(user_texts[user]), &id), "a user of this test has no id");
    return id;
}

/* --- polling ------------------------------------------------------------------------------------------------------ */

struct trial {
    struct roster *roster;
    struct poll *poll;
    int status;
    struct error error; /* of a failed poll */
};

static struct roster *known_users(unsigned mask)
{
    struct roster *roster = roster_new();

    for (size_t user = 0; user < USERS; user++) {
        struct uuid id = user_id(user);
        if (mask >> user & 1)
            roster_add(roster, &id, &(struct digest){{0}});
    }
    return roster;
}

static struct poll_settings settings_of(const struct input *input)
{
    unsigned setup = input->options[2];

    return (struct poll_settings){
        .max_body = 1 << 20,
        .max_members = 1000,
        .spool_memory = setup & SETUP_SMALL_SPOOL ? 256 : 1 << 20,
        .spool_directory = "/tmp",
        .secret = &secret,
        .organization_id = setup & SETUP_PINNED ? "< your organization id >" : NULL,
    };
}

/* Each chunk is a heap block of its own that is given back at once: what is read beyond it or kept of it is noticed. */
static int feed(struct poll *poll, const char *body, size_t length, struct error *error)
{
    char *chunk = malloc(length);

    memcpy(chunk, body, length);
    int status = poll_feed(poll, chunk, length, error);
    free(chunk);
    return status;
}

static int feed_all(struct poll *poll, const struct input *input, size_t chunk, struct error *error)
{
    bool random = input->options[2] & SETUP_RANDOM_CHUNKS;
    uint32_t seed = input->options[0] + 1U;
    int status = 0;

    for (size_t from = 0, size; status == 0 && from < input->length; from += size) {
        seed = seed * 1664525 + 1013904223;
        size = random ? 1 + (seed >> 8) % chunk : chunk;
        size = size < input->length - from ? size : input->length - from;
        status = feed(poll, input->text + from, size, error);
    }
    return status;
}

/* The poll borrows the roster, which the trial then owns. */
static void poll_once(struct trial *trial, struct roster *roster, const struct input *input,
                      const struct poll_settings *settings, size_t chunk)
{
    *trial = (struct trial){.roster = roster, .poll = poll_new(settings, roster)};
    trial->status = feed_all(trial->poll, input, chunk, &trial->error);
    if (trial->status == 0)
        trial->status = poll_end(trial->poll, &trial->error);
}

static void trial_done(struct trial *trial)
{
    poll_free(trial->poll);
    roster_free(trial->roster);
}

/* --- against jansson ---------------------------------------------------------------------------------------------- */

static const json_t *listed_users(const json_t *answer)
{
    return json_object_get(json_array_get(json_object_get(answer, "rows"), 0), "users");
}

/* How often the user stands in the list; *ret_differ: with different content. */
static size_t count_listed(const json_t *users, const struct uuid *id, bool *ret_differ)
{
    const json_t *first = NULL;
    size_t count = 0;

    *ret_differ = false;
    for (size_t i = 0; i < json_array_size(users); i++) {
        const json_t *user = json_array_get(users, i), *value = json_object_get(user, "id");
        struct uuid found;
        if (!uuid_parse(json_string_value(value), json_string_length(value), &found) ||
            !uuid_equal(&found, id))
            continue;
        *ret_differ = *ret_differ || (first && !json_equal(first, user));
        first = first ? first : user;
        count++;
    }
    return count;
}

static void check_user(const struct trial *trial, const json_t *users, const struct uuid *id)
{
    uint32_t entry = roster_find(trial->roster, id);
    bool differ;
    size_t listed = count_listed(users, id, &differ);

    claim(!differ, "a poll is complete although a user stands in it twice with different content");
    if (entry == ROSTER_NONE)
        return;
    claim(listed > 0 || !roster_is_seen(trial->roster, entry), "somebody counts as seen who is not listed");
    claim(listed == 0 || roster_is_seen(trial->roster, entry), "somebody counts as absent who is listed");
}

static void check_presence(const struct trial *trial, const struct input *input)
{
    const struct poll_result *result = poll_result(trial->poll);
    json_t *answer = sound_parse(input->text, input->length);
    const json_t *users = listed_users(answer);

    claim(answer, "a poll is complete although its document is broken");
    claim(json_array_size(users) == result->slices, "records were overlooked or made up");
    for (size_t user = 0; user < USERS; user++) {
        struct uuid id = user_id(user);
        check_user(trial, users, &id);
    }
    json_decref(answer);
}

static void check_counts(const struct trial *trial)
{
    const struct poll_result *result = poll_result(trial->poll);
    size_t rejected = poll_rejection_count(trial->poll), unreadable = 0;

    for (size_t i = 0; i < rejected; i++) {
        const char *reason = poll_rejection(trial->poll, i)->reason;
        claim(reason[0] != '\0' && is_printable(reason, strlen(reason)),
              "a rejection has no printable reason");
        unreadable += !poll_rejection(trial->poll, i)->has_user_id;
    }
    claim(result->slices == result->recognised + result->decoded + result->duplicates + rejected,
          "records are unaccounted for");
    claim(result->decoded == poll_decoded(trial->poll)->records, "another number is spooled than decoded");
    claim(result->unreadable == unreadable, "unreadable records are miscounted");
    claim(result->absent == (unreadable > 0 ? 0 : roster_unseen(trial->roster)),
          "absent members are miscounted");
    claim(result->slices > rejected, "a poll is complete although nobody could be read");
}

static void check_complete(const struct trial *trial, const struct input *input)
{
    check_counts(trial);
    if (poll_result(trial->poll)->unreadable == 0)
        check_presence(trial, input);
}

/* --- against itself ----------------------------------------------------------------------------------------------- */

static void check_same_answer(const struct trial *one, const struct trial *other)
{
    const struct poll_result *left = poll_result(one->poll), *right = poll_result(other->poll);

    claim(one->status == other->status, "the same answer is judged otherwise");
    if (one->status != 0)
        return;
    claim(left->slices == right->slices && left->duplicates == right->duplicates &&
              left->unreadable == right->unreadable && left->absent == right->absent &&
              poll_rejection_count(one->poll) == poll_rejection_count(other->poll),
          "the same answer gives other counts");
    claim(memcmp(left->fingerprint, right->fingerprint, SHA256_SIZE) == 0,
          "the same answer has another fingerprint");
}

/* A full comparison against the values that the answer itself holds. */
static void check_full_comparison(const struct trial *known, const struct input *input,
                                  struct poll_settings settings)
{
    struct roster *roster = known_users(input->options[1]);
    struct spool_reader reader;
    const void *record;
    size_t length;
    struct error error;

    spool_reader_init(&reader, poll_decoded(known->poll));
    while (spool_next(&reader, &record, &length, &error) > 0) {
        struct decoded decoded;
        record_read_decoded(record, length, &decoded);
        struct digest value = member_digest(&decoded.member, &secret);
        roster_set(roster, &decoded.member.user_id, &value);
    }
    spool_reader_done(&reader);

    struct trial trial;
    settings.full = true;
    poll_once(&trial, roster, input, &settings, input->length);
    check_same_answer(known, &trial);
    claim(poll_result(trial.poll)->decoded == 0, "a full comparison finds a difference where there is none");
    trial_done(&trial);
}

/* The roster goes on to the second poll. */
static void check_second_poll(struct trial *first, const struct input *input,
                              const struct poll_settings *settings)
{
    struct trial second;
    struct error error;

    claim(poll_remember(first->poll, &error) == 0, "what was decoded cannot be remembered");
    poll_once(&second, first->roster, input, settings, input->length);
    check_same_answer(first, &second);
    claim(poll_result(second.poll)->decoded == 0, "the same answer holds something new");
    poll_free(second.poll);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trial whole, parts;
    struct input input;

    if (!input_take(data, size, 3, &input) || input.length == 0)
        return 0;
    const struct poll_settings settings = settings_of(&input);
    poll_once(&whole, known_users(input.options[1]), &input, &settings, input.length);
    poll_once(&parts, known_users(input.options[1]), &input, &settings, input.options[0] + 1U);
    check_same_answer(&whole, &parts);
    if (whole.status == 0) {
        check_complete(&whole, &input);
        check_complete(&parts, &input);
        check_full_comparison(&whole, &input, settings);
        check_second_poll(&parts, &input, &settings);
    } else {
        claim_refusal(&whole.error, whole.status, ERROR_MALFORMED);
        claim(strcmp(whole.error.text, parts.error.text) == 0, "chunks give another reason");
    }
    trial_done(&whole);
    trial_done(&parts);
    return 0;
}

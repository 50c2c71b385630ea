/*
 * The envelope: what is believed of an answer is what jansson reads in it, its name survives the way through jsonb, and
 * an expected organization changes nothing but whether another one is refused.
 *
 * Input: the envelope, and one byte for how many members were cut out of it.
 */
#include "core/decode.h"
#include "fuzz.h"

static bool is_text(const json_t *value)
{
    return json_is_string(value) && !memchr(json_string_value(value), '\0', json_string_length(value));
}

/* Every text of the answer's name, and nothing else, is in the envelope's. */
static void check_name(json_t *name, const char *name_json)
{
    json_t *kept = name_json ? json_loads(name_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    size_t texts = 0;
    const char *locale;
    json_t *text;

    json_object_foreach(name, locale, text)
    {
        texts += !json_is_null(text);
        claim(json_is_null(text) || (is_text(text) && json_equal(text, json_object_get(kept, locale))),
              "the organization's name is another one");
    }
    claim(!name_json == !json_is_object(name), "the organization has a name without having one");
    claim(!name_json || (json_is_object(kept) && json_object_size(kept) == texts), "a locale is made up");
    json_decref(kept);
}

static void check_canonical(const char *name_json)
{
    struct arena arena;
    size_t length = 0;

    arena_init(&arena);
    const char *canonical = decode_canonical(name_json, strlen(name_json), &arena, &length);
    claim(length == strlen(name_json) && strcmp(canonical, name_json) == 0,
          "a canonical name is not canonical");
    arena_done(&arena);
    claim_sorted(name_json);
    char *shown = organization_display_name(name_json);
    claim(utf8_valid(shown, strlen(shown)), "a display name is not UTF-8");
    free(shown);
}

static void check_believed(const struct input *text, uint64_t slices, const struct envelope *envelope)
{
    json_t *answer = json_loadb(text->text, text->length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    json_t *rows = json_object_get(answer, "rows");
    json_t *row = json_array_get(rows, 0);
    const json_t *id = json_object_get(row, "id");
    json_t *users = json_object_get(row, "users");

    claim(slices > 0 && json_array_size(rows) == 1 && json_is_array(users) && json_array_size(users) == 0,
          "an answer is believed that is not one organization with members");
    claim(json_integer_value(json_object_get(answer, "count")) == 1,
          "an answer is believed whose count is not 1");
    claim(is_text(id) && strcmp(json_string_value(id), envelope->organization_id) == 0 &&
              envelope->organization_id[0] != '\0',
          "the organization has another id");
    check_name(json_object_get(row, "name"), envelope->name_json);
    if (envelope->name_json)
        check_canonical(envelope->name_json);
    json_decref(answer);
}

static void check_expectation(const struct input *text, uint64_t slices, const char *expected, bool matches)
{
    struct envelope envelope = {.name_json = NULL};
    struct error error;
    int status = decode_envelope(text->text, text->length, slices, expected, &envelope, &error);

    if (matches)
        claim(status == 0, "the expected organization is refused");
    else
        claim_refusal(&error, status, ERROR_MALFORMED);
    envelope_done(&envelope);
}

/* No input can hold the other id: libFuzzer sees what its bytes are compared with and tries that next. */
static void check_other_expectation(const struct input *text, uint64_t slices, const char *found)
{
    char other[ORGANIZATION_ID_MAX + 2];

    snprintf(other, sizeof(other), "%s'", found);
    check_expectation(text, slices, other, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope envelope = {.name_json = NULL};
    struct error error;
    struct input text;

    if (!input_take(data, size, 1, &text))
        return 0;
    uint64_t slices = text.options[0] % 4;
    int status = decode_envelope(text.text, text.length, slices, NULL, &envelope, &error);
    if (status == 0) {
        check_believed(&text, slices, &envelope);
        check_expectation(&text, slices, envelope.organization_id, true);
        check_other_expectation(&text, slices, envelope.organization_id);
    } else {
        claim_refusal(&error, status, ERROR_MALFORMED);
        claim(envelope.name_json == NULL, "a refusal leaves a name behind");
    }
    envelope_done(&envelope);
    return 0;
}

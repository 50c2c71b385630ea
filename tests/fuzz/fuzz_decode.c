/*
 * One member: what is believed of a record is what jansson reads in it, says the same a second time, survives the spool
 * byte by byte, makes a valid image, and equals itself when compared. What is refused is refused without repeating it.
 *
 * Input: the record, and one byte that is odd when the organization is known.
 */
#include "base/timestamp.h"
#include "core/decode.h"
#include "core/diff.h"
#include "core/record.h"
#include "core/slice.h"
#include "fuzz.h"

static const char organization[] = "< your organization id >";
static const struct digest_secret secret = {{1, 2, 3}};
static const struct digest slice_digest = {{4, 5, 6}};

/* --- against jansson ---------------------------------------------------------------------------------------------- */

static void check_flag(const json_t *role, const char *name, const struct field_value *value)
{
    const json_t *flag = json_object_get(role, name);

    claim(value->known == (flag && !json_is_null(flag)),
          "a flag is known that was not sent, or not known that was");
    claim(!value->known || (json_is_boolean(flag) && json_is_true(flag) == value->flag),
          "a flag is turned round");
}

static void check_text(const json_t *user, const char *name, const struct field_value *value)
{
    const json_t *text = json_object_get(user, name);

    claim(value->known == (text && !json_is_null(text)),
          "a text is known that was not sent, or not known that was");
    if (!value->known)
        return;
    claim(json_is_string(text) && json_string_length(text) == value->length &&
              memcmp(json_string_value(text), value->text, value->length) == 0,
          "a text is another one");
    claim(strlen(value->text) == value->length && utf8_valid(value->text, value->length),
          "a text is not what PostgreSQL can store");
}

/* Written out here and not read from member_fields: an error in that table cannot hide in both. */
static void check_against_jansson(const struct input *slice, const struct member *member)
{
    json_t *user = json_loadb(slice->text, slice->length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *role = json_object_get(user, "organizationRole");
    const json_t *id = json_object_get(user, "id");
    struct uuid read, expected;

    claim(uuid_parse(json_string_value(id), json_string_length(id), &expected) &&
              uuid_equal(&member->user_id, &expected),
          "the member has another id");
    claim(!slice_read_id(slice->text, slice->length, &read) || uuid_equal(&member->user_id, &read),
          "the slicer reads another id");
    check_flag(role, "flagMember", &member->fields[FIELD_FLAG_MEMBER]);
    check_flag(role, "flagEditor", &member->fields[FIELD_FLAG_EDITOR]);
    check_flag(role, "flagOwn", &member->fields[FIELD_FLAG_OWN]);
    check_flag(role, "flagAdmin", &member->fields[FIELD_FLAG_ADMIN]);
    check_text(user, "email", &member->fields[FIELD_EMAIL]);
    check_text(user, "name", &member->fields[FIELD_NAME]);
    json_decref(user);
}

/* --- through the spool -------------------------------------------------------------------------------------------- */

static void check_spooled_member(const struct decoded_record *record)
{
    struct decoded before = {.member = record->member, .slice_digest = slice_digest}, after;
    struct buffer bytes;

    before.role_organization = digest_of(&secret, record->role_organization,
                                         strlen(record->role_organization));
    buffer_init(&bytes, SIZE_MAX);
    record_add_decoded(&bytes, &before);
    record_read_decoded(bytes.data, bytes.length, &after);
    claim(member_equal(&before.member, &after.member), "the spool gives back another member");
    claim(digest_equal(&before.slice_digest, &after.slice_digest) &&
              digest_equal(&before.role_organization, &after.role_organization),
          "the spool gives back another digest");
    buffer_done(&bytes);
}

static void check_spooled_row(const struct member_row *row)
{
    struct member_row after;
    struct buffer bytes;

    buffer_init(&bytes, SIZE_MAX);
    record_add_row(&bytes, row);
    record_read_row(bytes.data, bytes.length, &after);
    claim(member_equal(&row->member, &after.member), "the spool gives back another row");
    claim(row->last_changed_at == after.last_changed_at &&
              digest_equal(&row->slice_digest, &after.slice_digest),
          "the spool gives back another row's facts");
    buffer_done(&bytes);
}

/* --- the image ---------------------------------------------------------------------------------------------------- */

static void check_image_value(const json_t *value, enum field_type type, const struct field_value *field)
{
    int64_t us = 0;

    switch (type) {
    case FIELD_TYPE_FLAG:
        claim(json_is_boolean(value) && json_is_true(value) == field->flag, "the image has another flag");
        break;
    case FIELD_TYPE_TIMESTAMP:
        claim(json_is_string(value) &&
                  timestamp_parse(json_string_value(value), json_string_length(value), &us) &&
                  us == field->us,
              "the image has another time");
        break;
    case FIELD_TYPE_TEXT:
        claim(json_is_string(value) && json_string_length(value) == field->length &&
                  memcmp(json_string_value(value), field->text, field->length) == 0,
              "the image has another text");
        break;
    case FIELD_TYPE_JSON:
        claim(json_is_object(value) && json_object_size(value) > 0, "the image has no object of flags");
        break;
    }
}

static void check_image(const struct member *member)
{
    struct buffer text;

    buffer_init(&text, SIZE_MAX);
    image_add(&text, member, FIELD_MASK_ALL);
    json_t *image = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    claim(json_is_object(image) && json_object_size(image) == FIELD_COUNT, "the image is not JSON");
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const json_t *value = json_object_get(image, member_fields[i].column);
        claim(value && json_is_null(value) == !member->fields[i].known, "the image knows more or less");
        if (member->fields[i].known)
            check_image_value(value, member_fields[i].type, &member->fields[i]);
    }
    json_decref(image);
    buffer_done(&text);
}

/* As it will be compared with what a table gives back. */
static void check_other_flags(const struct field_value *flags, struct arena *arena)
{
    size_t length = 0;

    if (!flags->known)
        return;
    const char *canonical = decode_canonical(flags->text, flags->length, arena, &length);
    claim(length == flags->length && memcmp(canonical, flags->text, length) == 0,
          "canonical flags are not canonical");
    claim_sorted(flags->text);
}

/* --- the diff ----------------------------------------------------------------------------------------------------- */

static const struct diff_poll poll = {.asked = 30, .answered = 40, .previous_asked = 20};

static void check_compared(const struct member *member)
{
    struct buffer images;
    struct diff diff;

    buffer_init(&images, SIZE_MAX);
    diff_member(NULL, member, &slice_digest, &poll, &images, &diff);
    claim(diff.verdict == DIFF_ADDED && diff.change_count == 1, "a newcomer is not added");
    struct member_row row = diff.after;
    check_spooled_row(&row);
    diff_member(&row, member, &slice_digest, &poll, &images, &diff);
    claim(diff.verdict == DIFF_SAME && diff.change_count == 0, "a member differs from itself");
    buffer_done(&images);
}

static void check_believed(const struct input *slice, const struct decoded_record *record,
                           struct arena *arena)
{
    check_against_jansson(slice, &record->member);
    check_spooled_member(record);
    check_image(&record->member);
    check_other_flags(&record->member.fields[FIELD_OTHER_FLAGS], arena);
    check_compared(&record->member);
    claim(member_role(&record->member)[0] != '\0', "a member has no role");
}

/* A reason is stored and logged: it is made of our own words, in plain ASCII. */
static void check_reason(const struct error *error, int status)
{
    claim_refusal(error, status, ERROR_MALFORMED);
    for (const char *at = error->text; *at; at++)
        claim(*at >= ' ' && *at <= '~', "a reason repeats what was sent");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decoded_record record, again;
    struct error error, same;
    struct arena arena;
    struct input slice;

    if (!input_take(data, size, 1, &slice))
        return 0;
    const char *known = slice.options[0] % 2 ? organization : NULL;
    arena_init(&arena);
    int status = decode_member(slice.text, slice.length, known, &arena, &record, &error);
    claim(decode_member(slice.text, slice.length, known, &arena, &again, &same) == status,
          "a second look decides otherwise");
    if (status < 0) {
        check_reason(&error, status);
        claim(strcmp(error.text, same.text) == 0, "a second look gives another reason");
    } else {
        struct digest one = member_digest(&record.member, &secret),
                      other = member_digest(&again.member, &secret);
        claim(member_equal(&record.member, &again.member) && digest_equal(&one, &other),
              "a second look sees another member");
        claim(!known || strcmp(record.role_organization, known) == 0,
              "a role of another organization is believed");
        check_believed(&slice, &record, &arena);
    }
    arena_done(&arena);
    return 0;
}

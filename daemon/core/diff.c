/*
 * What a row becomes and which changes that makes. The fields' groups in the model's table say which kind of change a
 * difference is; nothing here names a field.
 */
#include "core/diff.h"

/* One member's comparison while it is made. */
struct comparing {
    const struct member_row *before; /* NULL for a newcomer */
    const struct member *now;
    const struct diff_poll *poll;
    struct buffer *images;
    struct diff *diff;
};

/* --- images ------------------------------------------------------------------------------------------------------- */

/* Appends the image and answers its length: the buffer may still move, so places are given out only at the end. */
static size_t append_image(struct buffer *images, const struct member *member, field_mask fields)
{
    size_t start = images->length;

    image_add(images, member, fields);
    return images->length - start;
}

/* The images lie one behind the other, each change's old one before its new one; no image is empty. */
static void place_images(const struct buffer *images, size_t start, struct change *changes, size_t count)
{
    const char *at = count > 0 ? images->data + start : NULL;

    for (size_t i = 0; i < count; i++) {
        changes[i].old_values = changes[i].old_length > 0 ? at : NULL;
        at += changes[i].old_length;
        changes[i].new_values = changes[i].new_length > 0 ? at : NULL;
        at += changes[i].new_length;
    }
}

/* --- members that were seen --------------------------------------------------------------------------------------- */

field_mask diff_fields(const struct member *left, const struct member *right)
{
    field_mask fields = 0;

    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (!field_value_equal(member_fields[field].type, &left->fields[field], &right->fields[field]))
            fields |= FIELD_BIT(field);
    }
    return fields;
}

static field_mask fields_in(field_mask fields, enum field_group group)
{
    field_mask members = 0;

    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (member_fields[field].group == group)
            members |= FIELD_BIT(field);
    }
    return fields & members;
}

static struct change *add_change(struct comparing *comparing, enum change_kind kind)
{
    struct change *change = &comparing->diff->changes[comparing->diff->change_count++];

    *change = (struct change){
        .kind = kind,
        .user_id = comparing->now->user_id,
        .observed_after = comparing->poll->previous_asked,
        .observed_at = comparing->poll->answered,
    };
    return change;
}

static void add_field_change(struct comparing *comparing, enum change_kind kind, field_mask fields)
{
    struct change *change = add_change(comparing, kind);

    change->old_length = append_image(comparing->images, &comparing->before->member, fields);
    change->new_length = append_image(comparing->images, comparing->now, fields);
}

/* A row that somebody else had put there was set right to a tombstone that begins as one: nobody ever left. */
static bool has_left(const struct member_row *before)
{
    return before && before->first_seen_at < before->removed_at;
}

/* No row, or a tombstone. Somebody who had left is always `rejoined`, in a baseline too: that she was gone is on record. */
static void compare_newcomer(struct comparing *comparing)
{
    struct member_row *after = &comparing->diff->after;
    enum change_kind kind = comparing->poll->baseline ? CHANGE_BASELINE : CHANGE_JOINED;

    if (has_left(comparing->before))
        kind = CHANGE_REJOINED;
    else
        after->first_seen_at = comparing->poll->answered;
    after->removed_at = 0;
    after->last_changed_at = comparing->poll->answered;
    comparing->diff->verdict = DIFF_ADDED;
    comparing->diff->fields = FIELD_MASK_ALL;
    struct change *change = add_change(comparing, kind);
    change->new_length = append_image(comparing->images, comparing->now, FIELD_MASK_ALL);
}

static void compare_changed(struct comparing *comparing)
{
    field_mask role = fields_in(comparing->diff->fields, FIELD_GROUP_ROLE);
    field_mask role_time = fields_in(comparing->diff->fields, FIELD_GROUP_ROLE_TIME);
    field_mask profile = fields_in(comparing->diff->fields, FIELD_GROUP_PROFILE);

    comparing->diff->verdict = DIFF_CHANGED;
    comparing->diff->after.last_changed_at = comparing->poll->answered;
    if (role)
        add_field_change(comparing, CHANGE_ROLE_CHANGED, role | role_time);
    else if (role_time)
        add_field_change(comparing, CHANGE_ROLE_TOUCHED, role_time);
    if (profile)
        add_field_change(comparing, CHANGE_PROFILE_CHANGED, profile);
}

static enum diff_verdict equal_verdict(const struct member_row *before, const struct digest *digest)
{
    if (before->absent_since != 0)
        return DIFF_RETURNED;
    return digest_equal(&before->slice_digest, digest) ? DIFF_SAME : DIFF_REFRESHED;
}

static void compare_present(struct comparing *comparing, const struct digest *digest)
{
    const struct member_row *before = comparing->before;
    struct diff *diff = comparing->diff;

    diff->fields = diff_fields(&before->member, comparing->now);
    if (diff->fields == 0)
        diff->verdict = equal_verdict(before, digest);
    else if (digest_equal(&before->slice_digest, digest))
        diff->verdict = DIFF_REPAIRED;
    else
        compare_changed(comparing);
    if (diff->verdict == DIFF_SAME || diff->verdict == DIFF_REFRESHED)
        diff->after.last_seen_at = before->last_seen_at;
}

/* The row as any write leaves it: the value and digest of this poll, seen, not absent. */
static struct member_row row_seen(const struct comparing *comparing, const struct digest *digest)
{
    struct member_row row = {.first_seen_at = 0};

    if (comparing->before)
        row = *comparing->before;
    row.member = *comparing->now;
    row.slice_digest = *digest;
    row.last_seen_at = comparing->poll->asked;
    row.absent_since = 0;
    row.absent_polls = 0;
    return row;
}

void diff_member(const struct member_row *before, const struct member *now, const struct digest *digest,
                 const struct diff_poll *poll, struct buffer *images, struct diff *ret_diff)
{
    struct comparing comparing = {before, now, poll, images, ret_diff};
    size_t images_start = images->length;

    *ret_diff = (struct diff){.after = row_seen(&comparing, digest)};
    if (before && before->removed_at == 0)
        compare_present(&comparing, digest);
    else
        compare_newcomer(&comparing);
    place_images(images, images_start, ret_diff->changes, ret_diff->change_count);
}

void diff_held_flags(const struct member_row *before, const struct member *now, const struct diff_poll *poll,
                     struct buffer *images, struct diff *ret_diff)
{
    const struct digest unknown = {.bytes = {0}};
    struct member kept = *now;
    struct comparing comparing = {before, &kept, poll, images, ret_diff};
    size_t images_start = images->length;

    for (size_t field = 0; field < FIELD_COUNT; field++) {
        if (member_fields[field].group != FIELD_GROUP_PROFILE)
            kept.fields[field] = before->member.fields[field];
    }
    *ret_diff = (struct diff){.verdict = DIFF_SAME, .after = row_seen(&comparing, &before->slice_digest)};
    ret_diff->fields = diff_fields(&before->member, &kept);
    if (ret_diff->fields != 0) {
        ret_diff->after.slice_digest = unknown;
        compare_changed(&comparing);
    } else if (before->absent_since != 0) {
        ret_diff->verdict = DIFF_RETURNED;
    }
    place_images(images, images_start, ret_diff->changes, ret_diff->change_count);
}

/* --- members that were not seen ----------------------------------------------------------------------------------- */

static bool is_due(const struct member_row *before, const struct diff_poll *poll,
                   const struct removal_policy *policy)
{
    return before->absent_since == 0 || policy->waited ||
           poll->answered >= before->absent_since + before->absent_polls * policy->confirm_after_us;
}

static void count_absence(struct member_row *row, const struct diff_poll *poll)
{
    if (row->absent_since == 0) {
        row->absent_since = poll->answered;
        row->absent_polls = 0; /* whatever somebody has made of it */
        /* The last complete poll still showed it, or it would have been marked then. */
        if (!poll->previous_partial && poll->previous_asked > row->last_seen_at)
            row->last_seen_at = poll->previous_asked;
    }
    if (row->absent_polls < INT32_MAX) /* whatever somebody has made of it */
        row->absent_polls++;
}

/* The tombstone says `removed` at the first poll without the member, as the `left` row does: confirming polls corroborate
 * the absence, they do not move it. */
static void remove_member(struct buffer *images, struct absence *absence)
{
    struct member_row *row = &absence->after;
    size_t images_start = images->length;

    row->removed_at = row->absent_since;
    row->slice_digest = (struct digest){.bytes = {0}};
    absence->verdict = ABSENCE_REMOVED;
    absence->change = (struct change){
        .kind = CHANGE_LEFT,
        .user_id = row->member.user_id,
        .old_length = append_image(images, &row->member, FIELD_MASK_ALL),
        .observed_after = row->last_seen_at,
        .observed_at = row->absent_since,
    };
    place_images(images, images_start, &absence->change, 1);
}

void diff_absent(const struct member_row *before, const struct diff_poll *poll,
                 const struct removal_policy *policy, struct buffer *images, struct absence *ret_absence)
{
    struct member_row *row = &ret_absence->after;

    *ret_absence = (struct absence){.verdict = ABSENCE_STANDS, .after = *before};
    if (is_due(before, poll, policy)) {
        ret_absence->verdict = ABSENCE_COUNTED;
        count_absence(row, poll);
        if (row->absent_polls >= policy->polls) {
            remove_member(images, ret_absence);
            return;
        }
    }
    ret_absence->due_us = row->absent_since + row->absent_polls * policy->confirm_after_us;
}

/*
 * The model's own bookkeeping: what a mirror must be after each poll. Whoever is removed must have been missing in enough
 * complete polls far enough apart, unknown to the second source, and within the limit or approved by exactly this set (I6).
 */
#ifndef TESTS_UNIT_CORE_ORACLE_H
#define TESTS_UNIT_CORE_ORACLE_H

#include "core/judgement.h"

static void oracle_init(struct oracle *oracle, size_t count)
{
    *oracle = (struct oracle){.count = count, .known = memory_alloc(count * sizeof(struct known))};
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
        buffer_init(&oracle->sets[each].key, KEY_MAX);
}

static void oracle_done(struct oracle *oracle)
{
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
        buffer_done(&oracle->sets[each].key);
    free(oracle->departures);
    free(oracle->known);
}

/* --- what follows ------------------------------------------------------------------------------------------------- */

static bool is_held(const struct judged *judged, size_t i)
{
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++) {
        if ((judged->classes[i] & GUARD_BIT(each)) && judged->found[each].stands)
            return true;
    }
    return false;
}

/* I6. The times are the steady clock's: no setting of the other one makes two polls into two that are far apart. */
static void assert_corroborated(const struct judged *judged, size_t i)
{
    const struct known *known = &judged->oracle->known[i];
    const struct removal_policy *removal = judged->poll->removal;
    bool contested = judged->poll->people->list[i].member;

    assert_true(known->missed_polls >= removal->polls);
    assert_true(judged->poll->steady - known->missed_since >=
                (removal->polls - 1) * removal->confirm_after_us);
    assert_true(!contested || judged->poll->silent || judged->approved[GUARD_CONTESTED_REMOVALS]);
}

static uint32_t leave_now(struct judged *judged, size_t i)
{
    struct oracle *oracle = judged->oracle;
    bool approved = judged->approved[GUARD_REMOVALS] && (judged->classes[i] & GUARD_BIT(GUARD_REMOVALS));

    approved |= judged->approved[GUARD_CONTESTED_REMOVALS] &&
                (judged->classes[i] & GUARD_BIT(GUARD_CONTESTED_REMOVALS));
    assert_corroborated(judged, i);
    oracle->known[i].mirrored = false;
    oracle->removals++;
    oracle->approved_removals += approved;
    return !approved;
}

/* The row that somebody deleted is back, as if she had not been missing before. */
static void note_restored(struct known *known)
{
    if (!known->deleted)
        return;
    known->missed_at = known->counted = 0;
    known->deleted = false;
    known->vague = true;
}

static void note_missing(struct judged *judged, size_t i)
{
    struct known *known = &judged->oracle->known[i];

    if (known->missed_polls++ == 0) {
        known->missed_since = judged->poll->steady;
        known->missed_from = judged->poll->answered;
        known->shown_before = judged->oracle->told_all;
    }
    if (known->deleted && !judged->poll->baseline)
        return; /* there is no row that could say it */
    note_restored(known);
    if (is_confirmed(judged, i) && judged->classes[i] != 0)
        return;
    if (!counts_now(judged, known))
        return;
    known->missed_at = known->missed_at != 0 ? known->missed_at : judged->poll->answered;
    known->counted++;
}

static void note_shown(struct judged *judged, size_t i)
{
    struct known *known = &judged->oracle->known[i];
    const struct person *now = shown(judged, i);

    known->missed_polls = known->counted = 0;
    known->missed_at = 0;
    if (known->mirrored)
        known->shown_asked = judged->poll->asked;
    if (!now && judged->poll->baseline)
        note_restored(known);
    if (!now)
        return;
    bool held = is_held(judged, i);
    if (!known->mirrored && held)
        return;
    struct person before = known->value;
    known->value = *now;
    if (held) {
        memcpy(known->value.flags, before.flags, sizeof(before.flags));
        known->value.billing = before.billing;
        known->value.role_updated_s = before.role_updated_s;
    }
    known->vague &= known->mirrored && !known->deleted;
    known->mirrored = true;
    known->deleted = false;
    known->shown_asked = judged->poll->asked;
}

static void keep_sets(struct judged *judged)
{
    for (size_t i = 0; i < judged->oracle->count; i++) {
        struct known *known = &judged->oracle->known[i];
        guard_mask held = judged->classes[i] | (judged->pending[i] ? GUARD_BIT(GUARD_REMOVALS) : 0);
        guard_mask kept = judged->poll->people->unreadable ? known->held : 0;
        known->held = 0;
        for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
            known->held |= judged->found[each].stands ? (held | kept) & GUARD_BIT(each) : 0;
    }
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++) {
        buffer_done(&judged->oracle->sets[each].key);
        judged->oracle->sets[each] = judged->found[each];
        judged->oracle->stood[each] += judged->found[each].stands;
    }
}

static void note_departures(struct judged *judged, uint32_t members)
{
    struct oracle *oracle = judged->oracle;

    if (members == 0)
        return;
    oracle->departures = memory_grow(oracle->departures, oracle->departure_count + 1,
                                     sizeof(*oracle->departures));
    oracle->departures[oracle->departure_count++] = (struct departure){judged->poll->answered, members};
}

static void assert_verdict(const struct judged *judged, enum guard_class class,
                           const struct hold_result *result)
{
    bool stands = judged->found[class].stands;

    assert_int_equal(result->members, judged->found[class].members);
    assert_int_equal(result->verdict == HOLD_PASSES, judged->passes[class]);
    assert_int_equal(result->verdict == HOLD_PASSES_APPROVED, judged->approved[class]);
    assert_int_equal(result->verdict == HOLD_STANDS, stands);
    assert_int_equal(result->known, stands && judged->same[class]);
    assert_int_equal(result->silenced,
                     stands && judged->same[class] && judged->poll->decisions[class] == HOLD_REJECTED);
}

/* The poll took effect: from now on the mirror must be what follows from it. */
static void oracle_take(struct oracle *oracle, const struct oracle_poll *poll,
                        const struct hold_result *holds)
{
    struct judged judged = {.oracle = oracle, .poll = poll};
    uint32_t members = 0;

    judged.classes = memory_alloc(oracle->count * sizeof(guard_mask));
    judged.pending = memory_alloc(oracle->count * sizeof(bool));
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
        buffer_init(&judged.found[each].key, KEY_MAX);
    judge_classes(&judged);
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++)
        assert_verdict(&judged, each, &holds[each]);
    for (size_t i = 0; i < oracle->count; i++) {
        bool confirmed = is_confirmed(&judged, i);
        if (is_missing_now(&judged, i))
            note_missing(&judged, i);
        else if (person_is_shown(&poll->people->list[i]))
            note_shown(&judged, i);
        else if (poll->baseline)
            note_restored(&oracle->known[i]);
        if (confirmed && !is_held(&judged, i))
            members += leave_now(&judged, i);
    }
    note_departures(&judged, members);
    keep_sets(&judged);
    oracle->told_all = !poll->people->unreadable;
    if (poll->own_user) {
        const struct known *own = &oracle->known[person_index(poll->own_user)];
        oracle->owner_once |= own->mirrored && own->value.flags[FLAG_OWN] == 1;
    }
    free(judged.classes);
    free(judged.pending);
}

/* --- the mirror is as it must be ---------------------------------------------------------------------------------- */

/* However long she was held: gone since the first poll without her, seen by the last one with her. */
static void assert_left(const struct known *known, const struct member_row *row)
{
    if (known->vague)
        return;
    assert_int_equal(row->removed_at, known->missed_from);
    assert_true(row->last_seen_at <= known->shown_asked);
    assert_true(row->last_seen_at == known->shown_asked || !known->shown_before);
}

static void oracle_assert_row(const struct known *known, const struct mirror_row *stored)
{
    struct member expected = person_member(&known->value);
    struct member_row row = mirror_read(stored);

    assert_int_equal(row.removed_at == 0, known->mirrored);
    if (!known->mirrored) {
        assert_left(known, &row);
        return;
    }
    assert_true(member_equal(&expected, &row.member));
    assert_int_equal(row.absent_polls, known->counted);
    assert_int_equal(row.absent_since, known->missed_at);
}

/* tampered: somebody has been at this person's row, and the daemon has not met it yet; NULL: at nobody's. */
static void oracle_assert(const struct oracle *oracle, const struct mirror *mirror,
                          const struct uuid *tampered)
{
    for (size_t i = 0; i < oracle->count; i++) {
        const struct uuid user_id = person_id(i);
        const struct mirror_row *stored = mirror_find(mirror, &user_id);
        if (tampered && uuid_equal(tampered, &user_id))
            continue;
        if (!stored || !stored->exists)
            assert_true(!oracle->known[i].mirrored || oracle->known[i].deleted);
        else
            oracle_assert_row(&oracle->known[i], stored);
    }
    if (!tampered)
        mirror_assert_replayed(mirror);
}

#endif

/*
 * What a guard may hold: put aside while the poll is compared, judged once all of it is known, then let through or held.
 */
#include "core/comparison_private.h"

#include <stdio.h>
#include <string.h>

/* More absent members than this are not asked for: their number alone holds them, and whoever approves it decides. With
 * the 100 that one question takes these are 200 questions, as many as the API takes in one burst. */
#define ASKED_MAX 20000

/* --- putting aside ------------------------------------------------------------------------------------------------ */

static bool is_newcomer(const struct member_verdict *verdict)
{
    return !verdict->before || verdict->before->removed_at != 0;
}

static guard_mask classes_of(const struct comparison *comparison, const struct member_verdict *verdict,
                             const struct diff *diff)
{
    bool newcomer = is_newcomer(verdict);

    if (diff->verdict != DIFF_CHANGED && diff->verdict != DIFF_ADDED)
        return 0;
    if (newcomer && comparison->input.times.baseline)
        return 0;
    return guard_classes_of(newcomer ? NULL : &verdict->before->member, &verdict->now->member);
}

/* What is not held is told: who became an owner, whose role became a lesser one. */
static void raise_alerts(const struct comparison *comparison, const struct member_verdict *verdict,
                         guard_mask classes)
{
    static const enum guard_class alerting[] = {GUARD_OWNER_GRANTS, GUARD_DEMOTIONS};
    struct changeset *set = comparison->input.changeset;

    for (size_t i = 0; i < sizeof(alerting) / sizeof(alerting[0]); i++) {
        if (classes & GUARD_BIT(alerting[i]))
            changeset_alert(set, alerting[i], &verdict->now->member.user_id);
    }
    if (!is_newcomer(verdict) && member_is_owner(&verdict->before->member) &&
        !member_is_owner(&verdict->now->member))
        set->alerts.owner_lost = true;
}

guard_mask comparison_guarded(const struct comparison *comparison, const struct member_verdict *verdict,
                              const struct diff *diff)
{
    guard_mask classes = classes_of(comparison, verdict, diff);
    guard_mask guarded = classes & guard_holdable(&comparison->input.guard);

    if (guarded == 0)
        raise_alerts(comparison, verdict, classes);
    return guarded;
}

/* The change that a hold would keep back: of a newcomer everything, else what happened to the flags, which diff_member
 * puts before what happened to the profile. */
static struct change *held_change(struct diff *diff)
{
    return &diff->changes[0];
}

int comparison_put_aside_flags(struct comparison *comparison, const struct member_verdict *verdict,
                               struct diff *diff, guard_mask classes, struct error *error)
{
    const struct change *change = held_change(diff);
    struct candidate candidate = {.stored = verdict->stored,
                                  .edited = verdict->edited,
                                  .has_before = verdict->before,
                                  .now = *verdict->now};

    if (verdict->before)
        candidate.before = *verdict->before;
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        if (classes & GUARD_BIT(each))
            hold_digest_add(&comparison->digests[each], change);
    }
    buffer_clear(&comparison->scratch);
    record_add_candidate(&comparison->scratch, &candidate);
    return spool_append(&comparison->flags, comparison->scratch.data, comparison->scratch.length, error);
}

int comparison_put_aside_removal(struct comparison *comparison, const struct member_row *before,
                                 const struct change *left, struct error *error)
{
    id_list_add(&comparison->doubtful, &before->member.user_id);
    hold_digest_add(&comparison->digests[GUARD_REMOVALS], left);
    buffer_clear(&comparison->scratch);
    record_add_row(&comparison->scratch, before);
    return spool_append(&comparison->removals, comparison->scratch.data, comparison->scratch.length, error);
}

/* As if it were confirmed already. */
static void diff_pending(struct comparison *comparison, const struct member_row *before,
                         struct absence *ret_absence)
{
    const struct removal_policy now = {.polls = 0, .waited = true};

    buffer_clear(&comparison->images);
    diff_absent(before, &comparison->input.times, &now, &comparison->images, ret_absence);
}

/* Whoever approves a set has seen who is missing. One more is another set, long before that absence is confirmed. */
int comparison_put_aside_pending(struct comparison *comparison, const struct member_row *before,
                                 struct error *error)
{
    struct absence absence;

    diff_pending(comparison, before, &absence);
    if (comparison->images.overflowed)
        return comparison_refuse_images(&before->member.user_id, error);
    hold_digest_add(&comparison->pending_digest, &absence.change);
    buffer_clear(&comparison->scratch);
    record_add_row(&comparison->scratch, before);
    return spool_append(&comparison->pending, comparison->scratch.data, comparison->scratch.length, error);
}

bool comparison_asks(const struct comparison *comparison)
{
    return comparison->doubtful.count > 0 && comparison->doubtful.count <= ASKED_MAX;
}

/* --- the verdict -------------------------------------------------------------------------------------------------- */

static bool lost_sight(const struct comparison *comparison)
{
    const struct uuid *own = comparison->input.own_user;
    const struct roster *roster = comparison->input.roster;
    bool owner = comparison->own_owner;

    if (!own || !comparison->past.own_was_owner)
        return false;
    if (!comparison->own_decoded) {
        uint32_t entry = roster_find(roster, own);
        bool seen = entry != ROSTER_NONE && roster_is_seen(roster, entry);
        owner = seen && comparison->past.own_is_owner;
    }
    return !owner;
}

static struct guard_figures figures_of(const struct comparison *comparison)
{
    struct guard_figures figures = {.members = comparison->input.members,
                                    .removed_lately = comparison->past.removed_lately,
                                    .doubt = GUARD_DOUBT_NONE};

    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++)
        figures.count[each] = (uint32_t)comparison->digests[each].count;
    if (lost_sight(comparison))
        figures.doubt = GUARD_DOUBT_SIGHT;
    else if (comparison->input.own_unanswered)
        figures.doubt = GUARD_DOUBT_TOKEN;
    else if (comparison->unanswered)
        figures.doubt = GUARD_DOUBT_SOURCE;
    return figures;
}

static bool has_returned(const struct comparison *comparison, enum guard_class class)
{
    const struct roster *roster = comparison->input.roster;
    const struct hold_past *past = &comparison->past;

    for (size_t i = 0; i < past->count; i++) {
        uint32_t entry = past->holds[i].class == class ? roster_find(roster, &past->holds[i].user_id)
                                                       : ROSTER_NONE;
        if (entry != ROSTER_NONE && roster_is_seen(roster, entry))
            return true;
    }
    return false;
}

/* An answer with records whose ids cannot be read says nothing about who is absent: what was held before still is. Unless
 * it shows somebody of them: then it is another set, which the next answer will tell. */
static bool is_undecidable(const struct comparison *comparison, enum guard_class class)
{
    bool removals = class == GUARD_REMOVALS || class == GUARD_CONTESTED_REMOVALS;

    return removals && poll_result(comparison->input.poll)->unreadable > 0 &&
           comparison->past.sets[class].stands && !has_returned(comparison, class);
}

static uint32_t held_members(const struct comparison *comparison, enum guard_class class)
{
    uint32_t members = 0;

    for (size_t i = 0; i < comparison->past.count; i++)
        members += comparison->past.holds[i].class == class;
    return members;
}

static struct hold_result keep_standing(const struct comparison *comparison, enum guard_class class)
{
    const struct hold_set *stood = &comparison->past.sets[class];
    struct hold_result result = {
        .verdict = HOLD_STANDS, .known = true, .silenced = stood->decision == HOLD_REJECTED};

    result.members = held_members(comparison, class);
    memcpy(result.digest, stood->digest, SHA256_SIZE);
    snprintf(result.reason, sizeof(result.reason),
             "gone before: %u; this answer cannot tell, because some of its records have no readable id",
             result.members);
    return result;
}

/* Whoever is missing for the first time belongs to the set, and is counted in its sentence. */
static void join_pending(struct comparison *comparison, const struct guard_figures *figures,
                         struct hold_result *result)
{
    struct hold_digest *set = &comparison->digests[GUARD_REMOVALS];
    struct guard_figures all = *figures;

    hold_digest_join(set, &comparison->pending_digest);
    all.count[GUARD_REMOVALS] = (uint32_t)set->count;
    (void)guard_holds(&comparison->input.guard, &all, GUARD_REMOVALS, result->reason);
}

static struct hold_result judge_class(struct comparison *comparison, const struct guard_figures *figures,
                                      enum guard_class class)
{
    const struct hold_set *stood = &comparison->past.sets[class];
    struct hold_result result = {.verdict = HOLD_NONE, .members = figures->count[class]};
    bool pending = class == GUARD_REMOVALS && comparison->pending_digest.count > 0;

    if (result.members == 0)
        return result;
    if (!guard_holds(&comparison->input.guard, figures, class, result.reason)) {
        result.verdict = HOLD_PASSES;
        return result;
    }
    if (pending)
        join_pending(comparison, figures, &result);
    result.members = (uint32_t)comparison->digests[class].count;
    hold_digest_finish(&comparison->digests[class], comparison->input.organization_id, class, result.digest);
    bool whole = held_members(comparison, class) == result.members; /* is shown to whoever decides */
    bool same = whole && stood->stands && memcmp(stood->digest, result.digest, SHA256_SIZE) == 0;
    if (same && !pending && stood->decision == HOLD_APPROVED) {
        result.verdict = HOLD_PASSES_APPROVED;
        result.approval_id = stood->approval_id;
    } else {
        result.verdict = HOLD_STANDS;
        result.known = same;
        result.silenced = same && stood->decision == HOLD_REJECTED;
        result.lapsed = stood->stands && !same && stood->decision != HOLD_UNDECIDED;
    }
    return result;
}

/* Whether something in this class is held for another one's sake. */
static bool is_held_back(const struct comparison *comparison, enum guard_class class)
{
    const struct hold_result *holds = comparison->input.changeset->holds;

    for (enum guard_class other = 0; other < GUARD_CLASS_COUNT; other++) {
        if (holds[other].verdict == HOLD_STANDS &&
            hold_digest_meets(&comparison->digests[class], &comparison->digests[other]))
            return true;
    }
    return false;
}

/* What was approved passes as a whole or not yet: an approval that is used up has let through all that it was given for.
 * A class that waits may make another one wait. */
static void await_others(struct comparison *comparison)
{
    struct hold_result *holds = comparison->input.changeset->holds;
    bool again = true;

    while (again) {
        again = false;
        for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
            if (holds[each].verdict != HOLD_PASSES_APPROVED || !is_held_back(comparison, each))
                continue;
            holds[each].verdict = HOLD_STANDS;
            holds[each].known = again = true;
        }
    }
}

/* Whom the API found when it was asked last is contested until it says otherwise. Else a question that fails would make
 * two other sets of the same absences, and what somebody has decided about them would lapse. */
static void recall_contested(struct comparison *comparison)
{
    const struct hold_past *past = &comparison->past;

    for (size_t i = 0; comparison->unanswered && i < past->count; i++) {
        if (past->holds[i].class == GUARD_CONTESTED_REMOVALS)
            id_list_add(&comparison->found, &past->holds[i].user_id);
    }
}

void comparison_judge(struct comparison *comparison)
{
    struct changeset *set = comparison->input.changeset;

    recall_contested(comparison);
    hold_digest_split(&comparison->digests[GUARD_REMOVALS], &comparison->found,
                      &comparison->digests[GUARD_CONTESTED_REMOVALS]);
    struct guard_figures figures = figures_of(comparison);
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++)
        set->holds[each] = is_undecidable(comparison, each) ? keep_standing(comparison, each)
                                                            : judge_class(comparison, &figures, each);
    await_others(comparison);
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        const struct hold_result *result = &set->holds[each];
        if (result->verdict == HOLD_STANDS)
            set->counts.held += result->members;
        set->holds_changed |= result->verdict == HOLD_STANDS ? !result->known
                                                             : comparison->past.sets[each].stands;
    }
}

/* --- held, or let through ----------------------------------------------------------------------------------------- */

/* A change that was held was observed before. In an approved set, and in removals, it is the very change of then; else
 * all that is known is that something began to change then. */
static void take_times(struct comparison *comparison, guard_mask classes, struct change *change)
{
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        const struct hold *hold = NULL;
        if (classes & GUARD_BIT(each))
            hold = hold_past_find(&comparison->past, each, &change->user_id);
        if (!hold || hold->observed_at >= change->observed_at || hold->observed_after >= hold->observed_at)
            continue; /* the latter only where somebody has edited it */
        change->observed_after = hold->observed_after;
        if (change->kind == CHANGE_LEFT ||
            comparison->input.changeset->holds[each].verdict == HOLD_PASSES_APPROVED)
            change->observed_at = hold->observed_at;
    }
}

static int hold_change(struct comparison *comparison, guard_mask classes, const struct change *change,
                       struct error *error)
{
    struct changeset *set = comparison->input.changeset;
    int status = 0;

    for (enum guard_class each = 0; status == 0 && each < GUARD_CLASS_COUNT; each++) {
        if ((classes & GUARD_BIT(each)) && !set->holds[each].known)
            status = changeset_hold(set, &(struct held){.class = each, .change = *change}, error);
    }
    return status;
}

static guard_mask standing(const struct comparison *comparison, guard_mask classes)
{
    guard_mask held = 0;

    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        if (comparison->input.changeset->holds[each].verdict == HOLD_STANDS)
            held |= classes & GUARD_BIT(each);
    }
    return held;
}

/* The row stays as it is, unless somebody has edited it. */
static int hold_removal(struct comparison *comparison, const struct member_row *before,
                        const struct absence *absence, enum guard_class class, struct error *error)
{
    comparison_tell(comparison, &(struct finding){.before = before,
                                                  .after = &absence->after,
                                                  .changes = &absence->change,
                                                  .change_count = 1,
                                                  .absent = true,
                                                  .held = GUARD_BIT(class)});
    id_list_add(&comparison->result.absent, &before->member.user_id);
    int status = hold_change(comparison, GUARD_BIT(class), &absence->change, error);
    if (status == 0 && id_list_has(&comparison->edited_removals, &before->member.user_id))
        status = comparison_set_right(comparison, before, error);
    return status;
}

int comparison_settle_removal(struct comparison *comparison, const struct member_row *before,
                              struct error *error)
{
    struct changeset *set = comparison->input.changeset;
    bool found = id_list_has(&comparison->found, &before->member.user_id);
    enum guard_class class = found ? GUARD_CONTESTED_REMOVALS : GUARD_REMOVALS;
    struct absence absence;

    buffer_clear(&comparison->images);
    diff_absent(before, &comparison->input.times, &comparison->input.removal, &comparison->images, &absence);
    take_times(comparison, GUARD_BIT(GUARD_REMOVALS) | GUARD_BIT(GUARD_CONTESTED_REMOVALS), &absence.change);
    if (set->holds[class].verdict == HOLD_STANDS)
        return hold_removal(comparison, before, &absence, class, error);
    if (id_list_has(&comparison->edited_removals, &before->member.user_id))
        comparison_count_repaired(comparison, &before->member.user_id);
    absence.after.last_seen_at = absence.change.observed_after;
    absence.after.absent_since = absence.change.observed_at;
    absence.after.removed_at = absence.change.observed_at;
    set->counts.removed_by_approval += set->holds[class].verdict == HOLD_PASSES_APPROVED;
    set->alerts.owner_lost |= member_is_owner(&before->member);
    return comparison_remove(comparison, &absence, before, error);
}

int comparison_settle_pending(struct comparison *comparison, const struct member_row *before,
                              struct error *error)
{
    struct absence absence;

    if (comparison->input.changeset->holds[GUARD_REMOVALS].verdict != HOLD_STANDS)
        return 0;
    diff_pending(comparison, before, &absence);
    return hold_change(comparison, GUARD_BIT(GUARD_REMOVALS), &absence.change, error);
}

/* Somebody has put a row into the table of somebody whom the log has as no member, and who is not to be one yet. */
static int keep_out(struct comparison *comparison, const struct member_verdict *verdict, struct error *error)
{
    if (verdict->before)
        return comparison_set_right(comparison, verdict->before, error);
    return comparison_foreign(comparison, &verdict->now->member.user_id, error);
}

/* The profile goes on without the flags; a newcomer's join waits as a whole. */
static int apply_rest(struct comparison *comparison, const struct member_verdict *verdict,
                      struct error *error)
{
    struct diff_poll times = comparison_times(comparison, verdict->before);
    const struct uuid *user_id = &verdict->now->member.user_id;
    struct diff rest;

    if (is_newcomer(verdict)) {
        id_list_add(&comparison->result.held_newcomers, user_id);
        return verdict->edited ? keep_out(comparison, verdict, error) : 0;
    }
    id_list_add(&comparison->result.held, user_id);
    buffer_clear(&comparison->images);
    diff_held_flags(verdict->before, &verdict->now->member, &times, &comparison->images, &rest);
    if (rest.verdict == DIFF_SAME && !verdict->edited)
        return 0;
    return comparison_apply(comparison, verdict, &rest, error);
}

static int hold_flags(struct comparison *comparison, const struct member_verdict *verdict, struct diff *diff,
                      guard_mask held, struct error *error)
{
    const struct change *change = held_change(diff);

    comparison_tell(comparison, &(struct finding){.before = verdict->before,
                                                  .after = &diff->after,
                                                  .changes = change,
                                                  .change_count = 1,
                                                  .fields = diff->fields,
                                                  .held = held});
    int status = hold_change(comparison, held, change, error);
    return status < 0 ? status : apply_rest(comparison, verdict, error);
}

int comparison_settle_flags(struct comparison *comparison, const struct candidate *candidate,
                            struct error *error)
{
    const struct member_row *before = candidate->has_before ? &candidate->before : NULL;
    struct member_verdict verdict = {before, &candidate->now, candidate->stored, candidate->edited, NULL};
    struct diff_poll times = comparison_times(comparison, before);
    struct diff diff;

    buffer_clear(&comparison->images);
    diff_member(before, &candidate->now.member, &candidate->now.slice_digest, &times, &comparison->images,
                &diff);
    guard_mask classes = classes_of(comparison, &verdict, &diff);
    guard_mask held = standing(comparison, classes & guard_holdable(&comparison->input.guard));
    if (held != 0)
        return hold_flags(comparison, &verdict, &diff, held, error);
    raise_alerts(comparison, &verdict, classes);
    take_times(comparison, classes, held_change(&diff));
    return comparison_apply(comparison, &verdict, &diff, error);
}

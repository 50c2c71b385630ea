/*
 * Transcripts of comparisons. On the left what happens before the next poll, on the right what the comparison made of it:
 *
 *     {"b leaves, a renamed", "profile_changed a; absent b; confirm"}
 *
 * People are letters. Poll n is asked at n * 100 s and answered 10 s later. On the right stand, in this order: the rows of
 * the log, whose marks of absence stand or came, whose rows were repaired, how many marks went and how many digests were
 * refreshed, what is held (with a + for each whose absence is not confirmed yet) or goes through by approval, the alerts, whether absences await a confirming poll; "unwritten"
 * when nothing but coverage would be written. Each transcript is gone through with a roster that is kept from poll to
 * poll, with one loaded anew for each, and in full comparisons: it must read the same.
 */
#ifndef TESTS_UNIT_CORE_TRANSCRIPT_H
#define TESTS_UNIT_CORE_TRANSCRIPT_H

#include "core/comparing.h"

#define PEOPLE 26

struct line {
    const char *happens;
    const char *found;
};

#define KEPT      1u /* ways to go through a transcript */
#define RESTARTED 2u
#define FULLY     4u
#define ALL_WAYS  7u

struct stage {
    struct person list[PEOPLE];
    struct people people;
    struct mirror mirror;
    struct desk desk;
    bool silent;  /* the second source does not answer */
    bool edited;  /* somebody has been at the tables, and that was not set right yet */
    int64_t poll; /* number of the last one */
    int64_t days; /* that passed beside */
    bool times;   /* told, too */
    struct uuid own_user;
    struct buffer body;
    struct buffer text; /* what was found */
    struct buffer away; /* letters */
    struct buffer repaired;
    struct buffer held[GUARD_CLASS_COUNT];
};

/* --- what may happen ---------------------------------------------------------------------------------------------- */

static void joins(struct stage *stage, struct person *person)
{
    (void)stage;
    person->member = true;
}

static void leaves(struct stage *stage, struct person *person)
{
    (void)stage;
    person->member = false;
}

static void is_missing(struct stage *stage, struct person *person)
{
    (void)stage;
    person->missing = true;
}

static void is_back(struct stage *stage, struct person *person)
{
    (void)stage;
    person->member = true;
    person->missing = false;
}

static void renamed(struct stage *stage, struct person *person)
{
    (void)stage;
    strcat(person->name, "'");
}

static void owns(struct stage *stage, struct person *person)
{
    (void)stage;
    person->flags[FLAG_OWN] = 1;
}

static void owns_not(struct stage *stage, struct person *person)
{
    (void)stage;
    person->flags[FLAG_OWN] = 0;
}

static void own_vanishes(struct stage *stage, struct person *person)
{
    (void)stage;
    person->flags[FLAG_OWN] = NOT_SENT;
}

static void edits(struct stage *stage, struct person *person)
{
    (void)stage;
    person->flags[FLAG_EDITOR] = 1;
}

static void edits_not(struct stage *stage, struct person *person)
{
    (void)stage;
    person->flags[FLAG_EDITOR] = 0;
}

static void editor_vanishes(struct stage *stage, struct person *person)
{
    (void)stage;
    person->flags[FLAG_EDITOR] = NOT_SENT;
}

static void touched(struct stage *stage, struct person *person)
{
    (void)stage;
    person->role_updated_s++;
}

static void spoiled(struct stage *stage, struct person *person)
{
    (void)stage;
    person->spoiled = true;
}

static void mended(struct stage *stage, struct person *person)
{
    (void)stage;
    person->spoiled = false;
}

static void respelled(struct stage *stage, struct person *person)
{
    (void)stage;
    person->spelling = (person->spelling + 1) % SPELLINGS;
}

/* By hand, in the tables. */
static void edited(struct stage *stage, struct person *person)
{
    struct member_row row = mirror_read(mirror_row_of(&stage->mirror, &person->user_id));

    row.member.fields[FIELD_NAME] = a_text("Mallory");
    row.member.fields[FIELD_FLAG_OWN] = a_flag(true);
    mirror_edit(&stage->mirror, &person->user_id, &row);
    stage->edited = true;
}

static void resurrected(struct stage *stage, struct person *person)
{
    struct member_row row = mirror_read(mirror_row_of(&stage->mirror, &person->user_id));

    row.removed_at = 0;
    mirror_edit(&stage->mirror, &person->user_id, &row);
    stage->edited = true;
}

static void buried(struct stage *stage, struct person *person)
{
    struct member_row row = mirror_read(mirror_row_of(&stage->mirror, &person->user_id));

    row.removed_at = 1;
    mirror_edit(&stage->mirror, &person->user_id, &row);
    stage->edited = true;
}

static void planted(struct stage *stage, struct person *person)
{
    struct member_row row = {.member.user_id = person->user_id, .first_seen_at = 1, .last_seen_at = 1};

    mirror_edit(&stage->mirror, &person->user_id, &row);
    stage->edited = true;
}

static void deleted(struct stage *stage, struct person *person)
{
    mirror_edit(&stage->mirror, &person->user_id, NULL);
    stage->edited = true;
}

static const struct {
    const char *words;
    void (*act)(struct stage *stage, struct person *person);
} directions[] = {
    {"joins", joins},
    {"leaves", leaves},
    {"missing", is_missing},
    {"back", is_back},
    {"renamed", renamed},
    {"owns", owns},
    {"owns not", owns_not},
    {"own vanishes", own_vanishes},
    {"edits", edits},
    {"edits not", edits_not},
    {"editor vanishes", editor_vanishes},
    {"touched", touched},
    {"spoiled", spoiled},
    {"mended", mended},
    {"respelled", respelled},
    {"edited by hand", edited},
    {"resurrected by hand", resurrected},
    {"buried by hand", buried},
    {"planted by hand", planted},
    {"deleted by hand", deleted},
};

static void decide(struct stage *stage, const char *words)
{
    bool approves = strncmp(words, "approve ", strlen("approve ")) == 0;
    enum guard_class class;

    assert_true(guard_class_parse(strchr(words, ' ') + 1, &class));
    assert_true(mirror_decide(&stage->mirror, class, approves ? HOLD_APPROVED : HOLD_REJECTED));
}

/* What is about nobody in particular. */
static bool happens_to_all(struct stage *stage, const char *words)
{
    if (strncmp(words, "approve ", 8) == 0 || strncmp(words, "reject ", 7) == 0)
        decide(stage, words);
    else if (strcmp(words, "a day passes") == 0)
        stage->days++;
    else if (strcmp(words, "source silent") == 0)
        stage->silent = true;
    else if (strcmp(words, "source answers") == 0)
        stage->silent = false;
    else if (strcmp(words, "token silent") == 0)
        stage->desk.own_unanswered = true;
    else if (strcmp(words, "token answers") == 0)
        stage->desk.own_unanswered = false;
    else if (strcmp(words, "a held row deleted by hand") == 0)
        mirror_lose_hold(&stage->mirror);
    else if (strcmp(words, "one unreadable") == 0)
        stage->people.unreadable = true;
    else if (strcmp(words, "all readable") == 0)
        stage->people.unreadable = false;
    else if (strcmp(words, "organization renamed") == 0)
        stage->people.organization = "Acme {\\\"users\\\":[";
    else
        return words[0] == '\0';
    return true;
}

static void happens(struct stage *stage, char *words)
{
    char *verb = strchr(words, ' ');

    if (happens_to_all(stage, words))
        return;
    for (size_t i = 0; verb && i < sizeof(directions) / sizeof(directions[0]); i++) {
        if (strcmp(directions[i].words, verb + 1) != 0)
            continue;
        for (const char *letter = words; letter < verb; letter++)
            directions[i].act(stage, &stage->people.list[*letter - 'a']);
        return;
    }
    fail_msg("\"%s\" cannot happen", words);
}

/* --- what was found ----------------------------------------------------------------------------------------------- */

static char letter_of(const struct uuid *user_id)
{
    return (char)('a' + person_index(user_id));
}

static void found_cb(void *context, const struct finding *finding)
{
    struct stage *stage = context;
    char letter = letter_of(&finding->after->member.user_id);

    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++) {
        if (finding->held & GUARD_BIT(each))
            buffer_add_char(&stage->held[each], letter);
    }
    if (finding->absent && finding->change_count == 0)
        buffer_add_char(&stage->away, letter);
    if (finding->repaired)
        buffer_add_char(&stage->repaired, letter);
}

static int letter_order(const void *left, const void *right)
{
    return *(const char *)left - *(const char *)right;
}

static void tell(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct stage *stage, const char *format, ...)
{
    char words[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    buffer_add_format(&stage->text, "%s%s", stage->text.length > 0 ? "; " : "", words);
}

/* Letters in their order; nothing when there are none. */
static void tell_letters(struct stage *stage, const char *before, struct buffer *letters, const char *behind)
{
    if (letters->length == 0)
        return;
    qsort(letters->data, letters->length, 1, letter_order);
    tell(stage, "%s%s%s", before, letters->data, behind);
}

static void tell_change_cb(void *context, const void *record, size_t length)
{
    struct stage *stage = context;
    struct change change;
    char letter[3] = "";

    record_read_change(record, length, &change);
    if (change.kind != CHANGE_ORGANIZATION_CHANGED)
        snprintf(letter, sizeof(letter), " %c", letter_of(&change.user_id));
    if (stage->times)
        tell(stage, "%s%s (%d, %d]", change_kind_name(change.kind), letter,
             (int)(change.observed_after / SECOND), (int)(change.observed_at / SECOND));
    else
        tell(stage, "%s%s", change_kind_name(change.kind), letter);
}

static void tell_holds(struct stage *stage)
{
    for (enum guard_class each = 0; each < GUARD_CLASS_COUNT; each++) {
        const struct hold_result *result = &stage->desk.changeset.holds[each];
        char before[64], behind[64];
        uint32_t pending = result->members - (uint32_t)stage->held[each].length;
        if (result->verdict == HOLD_PASSES_APPROVED)
            tell(stage, "%s approved", guard_class_name(each));
        if (result->verdict != HOLD_STANDS)
            continue;
        snprintf(before, sizeof(before), "%s ", guard_class_name(each));
        snprintf(behind, sizeof(behind), "%.*s%s%s", (int)pending, "+++",
                 result->known ? " still held" : " held", result->silenced ? " in silence" : "");
        tell_letters(stage, before, &stage->held[each], behind);
    }
}

static void tell_alerts(struct stage *stage)
{
    const struct alerts *alerts = &stage->desk.changeset.alerts;

    for (size_t i = 0; i < alerts->named_count; i++)
        tell(stage, "alert %s %c", guard_class_name(alerts->named[i].class),
             letter_of(&alerts->named[i].user_id));
    if (alerts->owner_lost)
        tell(stage, "owner lost");
}

static void tell_all(struct stage *stage)
{
    const struct changeset_counts *counts = &stage->desk.changeset.counts;

    each_record_of(&stage->desk.changeset.changes, tell_change_cb, stage);
    tell_letters(stage, "absent ", &stage->away, "");
    tell_letters(stage, "repaired ", &stage->repaired, "");
    if (counts->returned > 0)
        tell(stage, "%u returned", counts->returned);
    if (counts->refreshed > 0)
        tell(stage, "%u refreshed", counts->refreshed);
    if (counts->rejected > 0)
        tell(stage, "%u rejected", counts->rejected);
    tell_holds(stage);
    tell_alerts(stage);
    if (comparison_result(stage->desk.comparison)->confirm)
        tell(stage, "confirm");
    if (!desk_writes(&stage->desk))
        tell(stage, "unwritten");
}

/* --- one poll ----------------------------------------------------------------------------------------------------- */

static void answer_doubts(struct stage *stage)
{
    const struct id_list *doubtful = comparison_doubtful(stage->desk.comparison);

    if (stage->silent)
        comparison_unanswered(stage->desk.comparison);
    for (size_t i = 0; !stage->silent && i < doubtful->count; i++) {
        if (stage->people.list[person_index(&doubtful->ids[i])].member)
            comparison_found(stage->desk.comparison, &doubtful->ids[i]);
    }
}

static void must(int status, const struct error *error)
{
    if (status < 0)
        fail_msg("%s", error->text);
}

static void take_answer(struct stage *stage)
{
    int64_t asked = (++stage->poll * 100 + stage->days * 86400) * SECOND;
    struct error error;

    people_answer(&stage->people, NULL, &stage->body);
    desk_poll(&stage->desk);
    must(poll_feed(stage->desk.poll, stage->body.data, stage->body.length, &error), &error);
    must(poll_end(stage->desk.poll, &error), &error);
    desk_set_times(&stage->desk, asked, asked + 10 * SECOND);
}

static void clear_text(struct stage *stage)
{
    buffer_clear(&stage->text);
    buffer_clear(&stage->away);
    buffer_clear(&stage->repaired);
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
        buffer_clear(&stage->held[each]);
}

static void next_poll(struct stage *stage, unsigned way)
{
    bool load = !stage->desk.roster || stage->desk.reload || way != KEPT ||
                stage->desk.version != stage->mirror.version;
    struct error error = {.class = ERROR_NONE};
    int need;

    clear_text(stage);
    if (load)
        desk_load(&stage->desk, way == FULLY);
    take_answer(stage);
    while ((need = desk_compare(&stage->desk, &error)) == COMPARISON_SECOND_SOURCE)
        answer_doubts(stage);
    must(need, &error);
    tell_all(stage);
    bool writes = desk_writes(&stage->desk);
    if (writes)
        desk_commit(&stage->desk);
    else
        mirror_cover(&stage->mirror, stage->desk.times.asked, stage->desk.times.answered);
    desk_remember(&stage->desk, writes);
    stage->edited &= stage->repaired.length == 0;
    desk_discard(&stage->desk);
    if (!stage->edited)
        mirror_assert_replayed(&stage->mirror);
}

/* --- a whole transcript ------------------------------------------------------------------------------------------- */

static void stage_init(struct stage *stage)
{
    memset(stage, 0, sizeof(*stage));
    people_init(&stage->people, stage->list, PEOPLE);
    for (size_t i = 0; i < PEOPLE; i++)
        snprintf(stage->list[i].name, sizeof(stage->list[i].name), "%c", (char)('a' + i));
    mirror_init(&stage->mirror);
    desk_init(&stage->desk, &stage->mirror);
    stage->desk.finding_cb = found_cb;
    stage->desk.context = stage;
    buffer_init(&stage->body, 64 * MEBIBYTE);
    buffer_init(&stage->text, MEBIBYTE);
    buffer_init(&stage->away, PEOPLE);
    buffer_init(&stage->repaired, PEOPLE);
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
        buffer_init(&stage->held[each], PEOPLE);
}

static void stage_done(struct stage *stage)
{
    desk_forget(&stage->desk);
    mirror_done(&stage->mirror);
    buffer_done(&stage->body);
    buffer_done(&stage->text);
    buffer_done(&stage->away);
    buffer_done(&stage->repaired);
    for (size_t each = 0; each < GUARD_CLASS_COUNT; each++)
        buffer_done(&stage->held[each]);
}

static void play_line(struct stage *stage, const struct line *line, unsigned way)
{
    char words[256];
    char *next = words;

    snprintf(words, sizeof(words), "%s", line->happens);
    while (next) {
        char *comma = strstr(next, ", ");
        if (comma)
            *comma = '\0';
        happens(stage, next);
        next = comma ? comma + 2 : NULL;
    }
    next_poll(stage, way);
    if (strcmp(stage->text.length > 0 ? stage->text.data : "", line->found) != 0)
        fail_msg("poll %d, %s: after \"%s\" was found\n  %s\nbut expected was\n  %s", (int)stage->poll,
                 way == KEPT        ? "roster kept"
                 : way == RESTARTED ? "restarted"
                                    : "in full",
                 line->happens, stage->text.data ? stage->text.data : "", line->found);
}

/* `prepare` may set the policy; NULL: as it is by default. */
static inline void play_ways(unsigned ways, void (*prepare)(struct stage *stage), const struct line *lines,
                             size_t count)
{
    struct stage stage;

    for (unsigned way = KEPT; way <= FULLY; way *= 2) {
        if (!(ways & way))
            continue;
        stage_init(&stage);
        if (prepare)
            prepare(&stage);
        for (size_t i = 0; i < count; i++)
            play_line(&stage, &lines[i], way);
        stage_done(&stage);
    }
}

#define PLAY_WAYS(ways, prepare, ...)                                                                        \
    do {                                                                                                     \
        static const struct line lines_[] = {__VA_ARGS__};                                                   \
        play_ways(ways, prepare, lines_, sizeof(lines_) / sizeof(lines_[0]));                                \
    } while (0)

#define PLAY(prepare, ...) PLAY_WAYS(ALL_WAYS, prepare, __VA_ARGS__)

#endif

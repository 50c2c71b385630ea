#include "organization.h"

#include "generate.h"
#include "ids.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct seat {
    char id[ORGANIZATION_ID_SIZE];
    struct record *record;
    bool present;
    bool in_organization, in_user; /* shown in the answer of this resource */
};

struct organization {
    pthread_mutex_t lock;
    struct origin origin;
    json_t *fields;
    struct seat *seats;
    size_t count, capacity;
    struct record *body;
    uint64_t member_seed, text_seed;
    uint64_t joined; /* makes the ids of those who join different */
};

/* --- seats; the lock is held -------------------------------------------------------------------------------------- */

static struct seat *find_seat(struct organization *organization, const char *id)
{
    for (size_t index = 0; index < organization->count; index++) {
        if (strcmp(organization->seats[index].id, id) == 0)
            return &organization->seats[index];
    }
    return NULL;
}

static struct seat *find_present(struct organization *organization, const char *id, struct problem *problem)
{
    struct seat *seat = find_seat(organization, id);
    if (seat && seat->present)
        return seat;
    problem_set(problem, 404, "Nobody with the id '%s' is in the organization.", id);
    return NULL;
}

/* Takes the record over. */
static void add_seat(struct organization *organization, const char *id, struct record *record)
{
    if (organization->count == organization->capacity) {
        organization->capacity = organization->capacity ? organization->capacity * 2 : 64;
        organization->seats = reallocarray(organization->seats, organization->capacity,
                                           sizeof(*organization->seats));
        if (!organization->seats)
            abort();
    }
    struct seat *seat = &organization->seats[organization->count++];
    *seat = (struct seat){.record = record, .present = true, .in_organization = true, .in_user = true};
    snprintf(seat->id, sizeof(seat->id), "%s", id);
}

static void set_record(struct seat *seat, struct record *record)
{
    record_release(seat->record);
    seat->record = record;
}

static void clear(struct organization *organization)
{
    for (size_t index = 0; index < organization->count; index++)
        record_release(organization->seats[index].record);
    organization->count = 0;
    json_decref(organization->fields);
    organization->fields = NULL;
    record_release(organization->body);
    organization->body = NULL;
    organization->member_seed = organization->text_seed = 0;
    organization->joined = 0;
}

static int check_id(const char *id, struct problem *problem)
{
    if (id && *id && strlen(id) < ORGANIZATION_ID_SIZE)
        return 0;
    return problem_set(problem, 400, "A member needs an id of 1 to %d bytes.", ORGANIZATION_ID_SIZE - 1);
}

/* --- where it starts from ----------------------------------------------------------------------------------------- */

static void fill_generated(struct organization *organization)
{
    const struct origin *origin = &organization->origin;
    char id[GENERATE_ID_SIZE];
    generate_id(origin->seed, 0, id);
    organization->fields = json_pack("{s:s, s:{s:s, s:s}}", "id", id, "name", "en", "Simulated organization",
                                     "nl", "Gesimuleerde organisatie");
    for (uint64_t index = 0; index < origin->members; index++) {
        char user_id[GENERATE_ID_SIZE];
        struct record *record = generate_member(origin->seed, index, id, user_id);
        add_seat(organization, user_id, record);
    }
}

static int fill_from_row(struct organization *organization, json_t *row, struct problem *problem)
{
    json_t *users = json_object_get(row, "users");
    for (size_t index = 0; index < json_array_size(users); index++) {
        json_t *user = json_array_get(users, index);
        const char *id = json_string_value(json_object_get(user, "id"));
        if (check_id(id, problem) < 0)
            return -1;
        add_seat(organization, id, record_of_member(user));
    }
    organization->fields = json_copy(row);
    json_object_del(organization->fields, "users");
    return 0;
}

static int fill_from_file(struct organization *organization, struct problem *problem)
{
    json_error_t error;
    json_t *answer = json_load_file(organization->origin.file, 0, &error);
    if (!answer)
        return problem_set(problem, 500, "The file %s is not JSON: line %d: %s.", organization->origin.file,
                           error.line, error.text);
    json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
    int result = row ? fill_from_row(organization, row, problem)
                     : problem_set(problem, 500, "The file %s has no rows[0].", organization->origin.file);
    json_decref(answer);
    return result;
}

static int fill(struct organization *organization, struct problem *problem)
{
    clear(organization);
    if (!organization->origin.members)
        return fill_from_file(organization, problem);
    fill_generated(organization);
    return 0;
}

struct organization *organization_new(const struct origin *origin, struct problem *problem)
{
    struct organization *organization = calloc(1, sizeof(*organization));
    if (!organization)
        abort();
    pthread_mutex_init(&organization->lock, NULL);
    organization->origin = *origin;
    if (fill(organization, problem) < 0) {
        organization_free(organization);
        return NULL;
    }
    return organization;
}

void organization_free(struct organization *organization)
{
    if (!organization)
        return;
    clear(organization);
    free(organization->seats);
    pthread_mutex_destroy(&organization->lock);
    free(organization);
}

int organization_reset(struct organization *organization, struct problem *problem)
{
    pthread_mutex_lock(&organization->lock);
    int result = fill(organization, problem);
    pthread_mutex_unlock(&organization->lock);
    return result;
}

int organization_generate(struct organization *organization, uint64_t members, uint64_t seed,
                          struct problem *problem)
{
    if (!members)
        return problem_set(problem, 400, "\"members\" must be a number above 0.");
    pthread_mutex_lock(&organization->lock);
    organization->origin.members = members;
    organization->origin.seed = seed;
    int result = fill(organization, problem);
    pthread_mutex_unlock(&organization->lock);
    return result;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static void merge(json_t *target,
                  json_t *patch) // NOLINT(misc-no-recursion): as deep as jansson lets a text be
{
    const char *key;
    json_t *value;
    json_object_foreach(patch, key, value)
    {
        json_t *present = json_object_get(target, key);
        if (json_is_object(present) && json_is_object(value))
            merge(present, value);
        else
            json_object_set_new(target, key, json_deep_copy(value));
    }
}

static json_t *moment_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm calendar;
    gmtime_r(&now.tv_sec, &calendar);
    char date[32], text[48];
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &calendar);
    snprintf(text, sizeof(text), "%s.%03ldZ", date, now.tv_nsec / 1000000);
    return json_string(text);
}

static bool moves_a_flag(json_t *role, json_t *patch)
{
    const char *key;
    json_t *value;
    json_object_foreach(patch, key, value)
    {
        if (strncmp(key, "flag", 4) == 0 && !json_equal(value, json_object_get(role, key)))
            return true;
    }
    return false;
}

static void patch_member(json_t *member, json_t *patch)
{
    json_t *role = json_object_get(member, "organizationRole");
    json_t *role_patch = json_object_get(patch, "organizationRole");
    bool touched = moves_a_flag(role, role_patch) && !json_object_get(role_patch, "updated_at");
    merge(member, patch);
    if (touched)
        json_object_set_new(json_object_get(member, "organizationRole"), "updated_at", moment_now());
}

static int require_object(json_t *value, struct problem *problem)
{
    return json_is_object(value) ? 0 : problem_set(problem, 400, "The body must be a JSON object.");
}

/* Somebody new, with the organization's id and an id of her own in every place where they stand. */
static json_t *made_up(struct organization *organization, json_t *given)
{
    char id[GENERATE_ID_SIZE];
    uint64_t index = organization->joined++ + (UINT64_C(1) << 40);
    struct record *record = generate_member(organization->origin.seed, index, "", id);
    json_t *member = record_parse(record);
    record_release(record);
    if (given)
        merge(member, given);
    json_t *role = json_object_get(member, "organizationRole");
    json_t *given_role = json_object_get(given, "organizationRole");
    if (!json_object_get(given_role, "user_id"))
        json_object_set(role, "user_id", json_object_get(member, "id"));
    if (!json_object_get(given_role, "organization_id"))
        json_object_set(role, "organization_id", json_object_get(organization->fields, "id"));
    return member;
}

static int seat_newcomer(struct organization *organization, json_t *member, struct problem *problem)
{
    const char *id = json_string_value(json_object_get(member, "id"));
    if (check_id(id, problem) < 0)
        return -1;
    if (find_seat(organization, id))
        return problem_set(problem, 409,
                           "The id '%s' is taken; POST /members/%s/return brings a leaver back.", id, id);
    add_seat(organization, id, record_of_member(member));
    return 0;
}

int organization_join(struct organization *organization, json_t *given, json_t **ret_member,
                      struct problem *problem)
{
    if (given && require_object(given, problem) < 0)
        return -1;
    pthread_mutex_lock(&organization->lock);
    json_t *member = made_up(organization, given);
    int result = seat_newcomer(organization, member, problem);
    pthread_mutex_unlock(&organization->lock);
    if (result < 0)
        json_decref(member);
    else
        *ret_member = member;
    return result;
}

static json_t *patch_seat(struct organization *organization, const char *id, json_t *patch,
                          struct problem *problem)
{
    struct seat *seat = find_present(organization, id, problem);
    if (!seat)
        return NULL;
    json_t *member = record_parse(seat->record);
    if (!member) {
        problem_set(problem, 409, "The record of '%s' is not a JSON object; PUT a new one.", id);
        return NULL;
    }
    patch_member(member, patch);
    set_record(seat, record_of_member(member));
    return member;
}

int organization_patch(struct organization *organization, const char *id, json_t *patch, json_t **ret_member,
                       struct problem *problem)
{
    if (require_object(patch, problem) < 0)
        return -1;
    pthread_mutex_lock(&organization->lock);
    json_t *member = patch_seat(organization, id, patch, problem);
    pthread_mutex_unlock(&organization->lock);
    if (!member)
        return -1;
    *ret_member = member;
    return 0;
}

int organization_put(struct organization *organization, const char *id, const char *text, size_t length,
                     struct problem *problem)
{
    if (check_id(id, problem) < 0)
        return -1;
    struct record *record = record_new(text, length, RECORD_RAW);
    pthread_mutex_lock(&organization->lock);
    struct seat *seat = find_seat(organization, id);
    if (!seat) {
        add_seat(organization, id, record);
    } else {
        set_record(seat, record);
        seat->present = true;
    }
    pthread_mutex_unlock(&organization->lock);
    return 0;
}

static int set_present(struct organization *organization, const char *id, bool present,
                       struct problem *problem)
{
    struct seat *seat = find_seat(organization, id);
    if (!seat)
        return problem_set(problem, 404, "Nobody with the id '%s' is or was in the organization.", id);
    if (seat->present == present)
        return problem_set(problem, 409, "The member '%s' %s.", id,
                           present ? "is in the organization already" : "has left already");
    seat->present = present;
    return 0;
}

int organization_leave(struct organization *organization, const char *id, struct problem *problem)
{
    pthread_mutex_lock(&organization->lock);
    int result = set_present(organization, id, false, problem);
    pthread_mutex_unlock(&organization->lock);
    return result;
}

int organization_return(struct organization *organization, const char *id, struct problem *problem)
{
    pthread_mutex_lock(&organization->lock);
    int result = set_present(organization, id, true, problem);
    pthread_mutex_unlock(&organization->lock);
    return result;
}

static void show(struct seat *seat, json_t *order)
{
    json_t *in_organization = json_object_get(order, "organization");
    json_t *in_user = json_object_get(order, "user");
    if (in_organization)
        seat->in_organization = json_is_true(in_organization);
    if (in_user)
        seat->in_user = json_is_true(in_user);
}

/* How many seats it was about. */
static size_t show_seats(struct organization *organization, json_t *order, const struct ids *ids)
{
    size_t shown = 0;
    for (size_t index = 0; index < organization->count; index++) {
        if (!ids_have(ids, organization->seats[index].id))
            continue;
        show(&organization->seats[index], order);
        shown++;
    }
    return shown;
}

int organization_set_sight(struct organization *organization, json_t *order, struct problem *problem)
{
    if (require_object(order, problem) < 0)
        return -1;
    struct ids ids;
    ids_init(&ids, json_object_get(order, "members"));
    pthread_mutex_lock(&organization->lock);
    size_t shown = show_seats(organization, order, &ids);
    pthread_mutex_unlock(&organization->lock);
    bool unknown = !ids.all && shown < ids.count;
    ids_done(&ids);
    return unknown ? problem_set(problem, 404, "Some of these ids are nobody's.") : 0;
}

void organization_first_id(struct organization *organization, char ret_id[ORGANIZATION_ID_SIZE])
{
    pthread_mutex_lock(&organization->lock);
    snprintf(ret_id, ORGANIZATION_ID_SIZE, "%s", organization->count ? organization->seats[0].id : "");
    pthread_mutex_unlock(&organization->lock);
}

struct record *organization_member(struct organization *organization, const char *id, struct problem *problem)
{
    pthread_mutex_lock(&organization->lock);
    struct seat *seat = find_present(organization, id, problem);
    struct record *record = seat ? record_hold(seat->record) : NULL;
    pthread_mutex_unlock(&organization->lock);
    return record;
}

/* --- the organization itself -------------------------------------------------------------------------------------- */

int organization_patch_fields(struct organization *organization, json_t *patch, json_t **ret_fields,
                              struct problem *problem)
{
    if (require_object(patch, problem) < 0)
        return -1;
    pthread_mutex_lock(&organization->lock);
    json_object_update(organization->fields, patch);
    *ret_fields = json_deep_copy(organization->fields);
    pthread_mutex_unlock(&organization->lock);
    return 0;
}

void organization_shuffle(struct organization *organization, uint64_t member_seed, uint64_t text_seed)
{
    pthread_mutex_lock(&organization->lock);
    organization->member_seed = member_seed;
    organization->text_seed = text_seed;
    pthread_mutex_unlock(&organization->lock);
}

void organization_set_body(struct organization *organization, struct record *body)
{
    pthread_mutex_lock(&organization->lock);
    record_release(organization->body);
    organization->body = body;
    pthread_mutex_unlock(&organization->lock);
}

/* --- snapshots ---------------------------------------------------------------------------------------------------- */

static bool is_in_sight(const struct seat *seat, enum sight sight)
{
    switch (sight) {
    case SIGHT_ORGANIZATION:
        return seat->present && seat->in_organization;
    case SIGHT_USER:
        return seat->present && seat->in_user;
    default:
        return seat->present;
    }
}

static void view_members(struct organization *organization, enum sight sight, const struct ids *ids,
                         struct view *view)
{
    view->records = calloc(organization->count + 1, sizeof(struct record *));
    if (!view->records)
        abort();
    for (size_t index = 0; index < organization->count; index++) {
        struct seat *seat = &organization->seats[index];
        if (is_in_sight(seat, sight) && ids_have(ids, seat->id))
            view->records[view->count++] = record_hold(seat->record);
    }
}

void organization_view(struct organization *organization, enum sight sight, json_t *ids,
                       struct view *ret_view)
{
    struct ids wanted;
    ids_init(&wanted, ids);
    pthread_mutex_lock(&organization->lock);
    *ret_view = (struct view){
        .fields = json_deep_copy(organization->fields),
        .body = organization->body ? record_hold(organization->body) : NULL,
        .member_seed = organization->member_seed,
        .text_seed = organization->text_seed,
    };
    view_members(organization, sight, &wanted, ret_view);
    pthread_mutex_unlock(&organization->lock);
    ids_done(&wanted);
}

void view_done(struct view *view)
{
    for (size_t index = 0; index < view->count; index++)
        record_release(view->records[index]);
    free(view->records);
    json_decref(view->fields);
    record_release(view->body);
    *view = (struct view){0};
}

#include "control.h"

#include "answer.h"
#include "upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REQUEST (64 * 1024 * 1024)

struct command {
    struct control *control;
    const char *id; /* what stands for * in the path: mostly a member's id; "" when there is none */
    const struct upload *upload;
    json_t *body; /* NULL when there is none, or when the route takes bytes */
};

/* ret_text: the answer, allocated with malloc. */
typedef int (*command_cb)(const struct command *command, char **ret_text, struct problem *problem);

/* --- answers ------------------------------------------------------------------------------------------------------ */

static int done(char **ret_text)
{
    *ret_text = strdup("{\"done\":true}\n");
    return 0;
}

static int done_with(json_t *value, char **ret_text)
{
    *ret_text = json_dumps(value, JSON_INDENT(2));
    json_decref(value);
    return 0;
}

static uint64_t number_at(json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static int member_show(const struct command *command, char **ret_text, struct problem *problem)
{
    struct record *record = organization_member(command->control->api->organization, command->id, problem);
    if (!record)
        return -1;
    *ret_text = strdup(record->text);
    record_release(record);
    return 0;
}

static int member_join(const struct command *command, char **ret_text, struct problem *problem)
{
    json_t *member;
    if (organization_join(command->control->api->organization, command->body, &member, problem) < 0)
        return -1;
    return done_with(member, ret_text);
}

static int member_patch(const struct command *command, char **ret_text, struct problem *problem)
{
    json_t *member;
    if (organization_patch(command->control->api->organization, command->id, command->body, &member,
                           problem) < 0)
        return -1;
    return done_with(member, ret_text);
}

static int member_put(const struct command *command, char **ret_text, struct problem *problem)
{
    const struct upload *upload = command->upload;
    if (organization_put(command->control->api->organization, command->id, upload->bytes ? upload->bytes : "",
                         upload->length, problem) < 0)
        return -1;
    return done(ret_text);
}

static int member_leave(const struct command *command, char **ret_text, struct problem *problem)
{
    if (organization_leave(command->control->api->organization, command->id, problem) < 0)
        return -1;
    return done(ret_text);
}

static int member_return(const struct command *command, char **ret_text, struct problem *problem)
{
    if (organization_return(command->control->api->organization, command->id, problem) < 0)
        return -1;
    return done(ret_text);
}

static int sight_set(const struct command *command, char **ret_text, struct problem *problem)
{
    if (organization_set_sight(command->control->api->organization, command->body, problem) < 0)
        return -1;
    return done(ret_text);
}

/* --- the token and its limit -------------------------------------------------------------------------------------- */

static int token_show(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    const struct api *api = command->control->api;
    char first[ORGANIZATION_ID_SIZE];
    organization_first_id(api->organization, first);
    return done_with(token_row(api->own, first), ret_text);
}

static int token_change(const struct command *command, char **ret_text, struct problem *problem)
{
    if (token_patch(command->control->api->own, command->body, problem) < 0)
        return -1;
    return token_show(command, ret_text, problem);
}

static int limit_change(const struct command *command, char **ret_text, struct problem *problem)
{
    json_t *per_second = json_object_get(command->body, "per_second");
    json_t *burst = json_object_get(command->body, "burst");
    if (!json_is_number(per_second) || !json_is_number(burst))
        return problem_set(problem, 400, "\"per_second\" and \"burst\" must be numbers.");
    limit_set(command->control->api->limit, json_number_value(per_second), json_number_value(burst));
    return done(ret_text);
}

static int limit_delete(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    limit_remove(command->control->api->limit);
    return done(ret_text);
}

/* --- the organization --------------------------------------------------------------------------------------------- */

static int organization_show(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    struct view view;
    struct query everything = {.resource = QUERY_ORGANIZATION, .with_users = true};
    organization_view(command->control->api->organization, SIGHT_ALL, NULL, &view);
    view.member_seed = view.text_seed = 0;
    record_release(view.body);
    view.body = NULL;
    struct answer *answer = answer_organization(&view, &everything);
    size_t length = (size_t)answer_length(answer);
    *ret_text = calloc(length + 1, 1);
    if (!*ret_text)
        abort();
    answer_read(answer, *ret_text, length);
    answer_free(answer);
    return 0;
}

static int fields_patch(const struct command *command, char **ret_text, struct problem *problem)
{
    json_t *fields;
    if (organization_patch_fields(command->control->api->organization, command->body, &fields, problem) < 0)
        return -1;
    return done_with(fields, ret_text);
}

static int generate(const struct command *command, char **ret_text, struct problem *problem)
{
    if (organization_generate(command->control->api->organization, number_at(command->body, "members"),
                              number_at(command->body, "seed"), problem) < 0)
        return -1;
    return done(ret_text);
}

static int shuffle(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    organization_shuffle(command->control->api->organization, number_at(command->body, "members"),
                         number_at(command->body, "text"));
    return done(ret_text);
}

static int body_put(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    const struct upload *upload = command->upload;
    organization_set_body(command->control->api->organization,
                          record_new(upload->bytes ? upload->bytes : "", upload->length, RECORD_RAW));
    return done(ret_text);
}

static int body_delete(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    organization_set_body(command->control->api->organization, NULL);
    return done(ret_text);
}

/* --- faults, requests, the whole ---------------------------------------------------------------------------------- */

static int fault_add(const struct command *command, char **ret_text, struct problem *problem)
{
    if (faults_add(command->control->api->faults, command->body, problem) < 0)
        return -1;
    return done(ret_text);
}

static int fault_list(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    return done_with(faults_list(command->control->api->faults), ret_text);
}

static int fault_clear(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    faults_clear(command->control->api->faults);
    return done(ret_text);
}

static int fault_clear_resource(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    faults_clear_resource(command->control->api->faults, command->id);
    return done(ret_text);
}

static int request_list(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    return done_with(journal_report(command->control->api->journal), ret_text);
}

static int request_clear(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    journal_clear(command->control->api->journal);
    return done(ret_text);
}

static int listen_again(const struct command *command, char **ret_text, struct problem *problem)
{
    struct control *control = command->control;
    pthread_mutex_lock(&control->listening);
    int result = listener_open(control->api_listener, problem);
    pthread_mutex_unlock(&control->listening);
    return result < 0 ? -1 : done(ret_text);
}

static int listen_no_more(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)problem;
    struct control *control = command->control;
    pthread_mutex_lock(&control->listening);
    faults_clear(control->api->faults);
    listener_close(control->api_listener);
    pthread_mutex_unlock(&control->listening);
    return done(ret_text);
}

static int reset(const struct command *command, char **ret_text, struct problem *problem)
{
    struct api *api = command->control->api;
    faults_clear(api->faults);
    journal_clear(api->journal);
    token_reset(api->own);
    limit_reset(api->limit);
    if (organization_reset(api->organization, problem) < 0)
        return -1;
    return listen_again(command, ret_text, problem);
}

static int help(const struct command *command, char **ret_text, struct problem *problem);

/* --- the table ---------------------------------------------------------------------------------------------------- */

enum body_kind { BODY_NONE, BODY_JSON, BODY_OPTIONAL_JSON, BODY_BYTES };

static const struct route {
    const char *method, *path; /* one * stands for a name */
    enum body_kind body;
    command_cb run;
    const char *meaning;
} routes[] = {
    {"GET", "/", BODY_NONE, help, "this list"},
    {"GET", "/organization", BODY_NONE, organization_show, "the whole organization as it is now"},
    {"PATCH", "/organization", BODY_JSON, fields_patch, "replace the id or the name"},
    {"POST", "/members", BODY_OPTIONAL_JSON, member_join, "somebody joins; what is left out is made up"},
    {"GET", "/members/*", BODY_NONE, member_show, "one member's record"},
    {"PATCH", "/members/*", BODY_JSON, member_patch, "merge into the record; null is a value"},
    {"POST", "/members/*", BODY_JSON, member_patch, "the same"},
    {"PUT", "/members/*", BODY_BYTES, member_put, "serve these bytes as the record, whatever they are"},
    {"DELETE", "/members/*", BODY_NONE, member_leave, "she leaves"},
    {"POST", "/members/*/return", BODY_NONE, member_return, "she comes back, to her old place"},
    {"POST", "/sight", BODY_JSON, sight_set,
     "{\"members\":[ids],\"organization\":false,\"user\":true}: who is shown in which answer"},
    {"GET", "/token", BODY_NONE, token_show, "the token's row, as authorization answers it"},
    {"PATCH", "/token", BODY_JSON, token_change, "replace its user_id or expiry"},
    {"PUT", "/limit", BODY_JSON, limit_change,
     "{\"per_second\":10,\"burst\":200}: calls of the token, then 429"},
    {"DELETE", "/limit", BODY_NONE, limit_delete, "no limit"},
    {"POST", "/generate", BODY_JSON, generate, "{\"members\":N,\"seed\":S}: another organization"},
    {"POST", "/shuffle", BODY_JSON, shuffle,
     "{\"members\":seed,\"text\":seed}: other order, other bytes; 0 = as stored"},
    {"PUT", "/body", BODY_BYTES, body_put, "answer every request for the organization with these bytes"},
    {"DELETE", "/body", BODY_NONE, body_delete, "no more"},
    {"GET", "/faults", BODY_NONE, fault_list, "what is queued"},
    {"POST", "/faults", BODY_JSON, fault_add, "queue a fault"},
    {"DELETE", "/faults", BODY_NONE, fault_clear, "forget them, end every stall"},
    {"DELETE", "/faults/*", BODY_NONE, fault_clear_resource, "forget those of this resource"},
    {"GET", "/requests", BODY_NONE, request_list, "what arrived at the API, and how often"},
    {"DELETE", "/requests", BODY_NONE, request_clear, "forget it (violations stay counted)"},
    {"PUT", "/listening", BODY_NONE, listen_again, "the API is there (again)"},
    {"DELETE", "/listening", BODY_NONE, listen_no_more, "the API is away: connections are refused"},
    {"POST", "/reset", BODY_NONE, reset, "everything as at the start"},
};

static int help(const struct command *command, char **ret_text, struct problem *problem)
{
    (void)command;
    (void)problem;
    json_t *list = json_object();
    for (size_t index = 0; index < sizeof(routes) / sizeof(*routes); index++) {
        char name[64];
        snprintf(name, sizeof(name), "%s %s", routes[index].method, routes[index].path);
        json_object_set_new(list, name, json_string(routes[index].meaning));
    }
    return done_with(list, ret_text);
}

/* ret_id receives what stands for the *. */
static bool path_matches(const char *pattern, const char *path, char *ret_id, size_t size)
{
    const char *star = strchr(pattern, '*');
    *ret_id = '\0';
    if (!star)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern), after = strlen(star + 1), length = strlen(path);
    if (length <= before + after || strncmp(pattern, path, before) != 0 ||
        strcmp(path + length - after, star + 1) != 0)
        return false;
    int written = snprintf(ret_id, size, "%.*s", (int)(length - before - after), path + before);
    return !strchr(ret_id, '/') && written > 0 && (size_t)written < size;
}

static const struct route *find_route(const char *method, const char *path, char *ret_id, size_t size)
{
    for (size_t index = 0; index < sizeof(routes) / sizeof(*routes); index++) {
        if (strcmp(routes[index].method, method) == 0 && path_matches(routes[index].path, path, ret_id, size))
            return &routes[index];
    }
    return NULL;
}

/* --- HTTP --------------------------------------------------------------------------------------------------------- */

static int read_json(const struct upload *upload, enum body_kind kind, json_t **ret_body,
                     struct problem *problem)
{
    json_error_t error;
    *ret_body = NULL;
    if (kind == BODY_NONE || kind == BODY_BYTES || (kind == BODY_OPTIONAL_JSON && !upload->length))
        return 0;
    *ret_body = json_loadb(upload->bytes ? upload->bytes : "", upload->length, JSON_ALLOW_NUL, &error);
    if (*ret_body)
        return 0;
    return problem_set(problem, 400, "The body is not JSON: %s.", error.text);
}

static int run(const struct route *route, struct command *command, char **ret_text, struct problem *problem)
{
    if (!route)
        return problem_set(problem, 404, "There is no such thing to steer; GET / lists what there is.");
    if (command->upload->too_large)
        return problem_set(problem, 413, "The body is larger than %d bytes.", MAX_REQUEST);
    if (read_json(command->upload, route->body, &command->body, problem) < 0)
        return -1;
    int result = route->run(command, ret_text, problem);
    json_decref(command->body);
    return result;
}

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, char *text)
{
    if (!text)
        abort();
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text,
                                                                    MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

// NOLINTNEXTLINE(readability-function-size): the library's signature
enum MHD_Result control_handle(void *context, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload_data,
                               size_t *upload_data_size, void **request_context)
{
    (void)version;
    if (upload_take(request_context, upload_data, upload_data_size, MAX_REQUEST))
        return MHD_YES;
    char id[256];
    const struct route *route = find_route(method, url, id, sizeof(id));
    struct command command = {.control = context, .id = id, .upload = *request_context};
    struct problem problem;
    char *text = NULL;
    if (run(route, &command, &text, &problem) == 0)
        return respond(connection, 200, text);
    json_t *refusal = json_pack("{s:s}", "error", problem.text);
    text = json_dumps(refusal, JSON_COMPACT);
    json_decref(refusal);
    return respond(connection, problem.status, text);
}

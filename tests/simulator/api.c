#include "api.h"

#include "answer.h"
#include "delivery.h"
#include "query.h"
#include "upload.h"

#include <string.h>

#define API_VERSION "0.1.0"
#define MAX_REQUEST (1024 * 1024)
#define NO_ROUTE    "Oops, this route does not exist (yet)!"
#define TYPE_JSON   "application/json; charset=utf-8"
#define TYPE_TEXT   "text/html; charset=utf-8"

struct request {
    const char *url, *method;
    const struct upload *upload;
    enum query_resource resource;
    json_t *body; /* NULL until it was understood */
    bool violation;
};

static const char *text_at(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* --- each step of understanding a request: -1 with the refusal ---------------------------------------------------- */

static int read_route(struct request *request, struct problem *problem)
{
    static const char base[] = "/" API_VERSION "/";
    bool reads = strcmp(request->method, "POST") == 0 || strcmp(request->method, "SEARCH") == 0;
    bool in_api = strncmp(request->url, base, strlen(base)) == 0;
    for (size_t index = 0; reads && in_api && query_resources[index]; index++) {
        if (strcmp(request->url + strlen(base), query_resources[index]) == 0) {
            request->resource = (enum query_resource)index;
            return 0;
        }
    }
    return problem_set(problem, 404, NO_ROUTE);
}

static int read_body(struct request *request, struct problem *problem)
{
    json_error_t error;
    if (request->upload->too_large)
        return problem_set(problem, 413, "The request is larger than %d bytes.", MAX_REQUEST);
    request->body = json_loadb(request->upload->bytes ? request->upload->bytes : "", request->upload->length,
                               JSON_REJECT_DUPLICATES, &error);
    if (!request->body)
        return problem_set(problem, 400, "The request is not JSON: %s.", error.text);
    return json_is_object(request->body) ? 0 : problem_set(problem, 400, "The request is not a JSON object.");
}

static int check_action(struct request *request, struct problem *problem)
{
    static const char *const others[] = {"create", "update", "delete", "associate", "dissociate", "validate"};
    const char *action = text_at(request->body, "action");
    if (strcmp(action, "get") == 0)
        return 0;
    request->violation = true;
    for (size_t index = 0; index < sizeof(others) / sizeof(*others); index++) {
        if (strcmp(action, others[index]) == 0)
            return problem_set(problem, 403, "Action '%s' is not allowed here: the simulator only reads.",
                               action);
    }
    return problem_set(problem, 400, "Action '%.100s' not found", action);
}

static int check_caller(const struct api *api, json_t *body, struct problem *problem)
{
    if (strcmp(text_at(body, "version"), API_VERSION) != 0)
        return problem_set(problem, 400, "'version' must be \"" API_VERSION "\".");
    if (strcmp(text_at(body, "key"), api->key) != 0 || strcmp(text_at(body, "token"), api->token) != 0)
        return problem_set(problem, 401, "The API key or token is missing or invalid.");
    if (!limit_take(api->limit))
        return problem_set(problem, 429, "Too many calls with this token.");
    return 0;
}

static int understand(const struct api *api, struct request *request, struct query *ret_query,
                      struct problem *problem)
{
    if (read_route(request, problem) < 0 || read_body(request, problem) < 0 ||
        check_action(request, problem) < 0 || check_caller(api, request->body, problem) < 0)
        return -1;
    return query_read(request->resource, json_object_get(request->body, "find"), ret_query, problem);
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static struct reply refuse(const struct problem *problem)
{
    if (problem->status == 404)
        return (struct reply){404, TYPE_TEXT, answer_bytes(NO_ROUTE, strlen(NO_ROUTE))};
    return (struct reply){problem->status, TYPE_JSON, answer_error(problem->status, problem->text)};
}

static struct reply answer_about_token(const struct api *api, const struct query *query)
{
    char first[ORGANIZATION_ID_SIZE];
    organization_first_id(api->organization, first);
    return (struct reply){200, TYPE_JSON, answer_token(token_row(api->own, first), query)};
}

static struct reply answer_about_members(const struct api *api, const struct query *query,
                                         const struct fault *fault)
{
    bool users = query->resource == QUERY_USER;
    struct view view;
    organization_view(api->organization, users ? SIGHT_USER : SIGHT_ORGANIZATION,
                      users ? json_object_get(query->where, "id") : NULL, &view);
    if (fault->shuffle_members >= 0)
        view.member_seed = (uint64_t)fault->shuffle_members;
    if (fault->shuffle_text >= 0)
        view.text_seed = (uint64_t)fault->shuffle_text;
    return (struct reply){200, TYPE_JSON,
                          users ? answer_users(&view, query) : answer_organization(&view, query)};
}

static struct reply answer(const struct api *api, const struct query *query, const struct fault *fault)
{
    if (query->resource == QUERY_AUTHORIZATION)
        return answer_about_token(api, query);
    return answer_about_members(api, query, fault);
}

/* Paths may hold any bytes; JSON may not. */
static json_t *text_or_not(const char *text)
{
    json_t *string = json_string(text);
    return string ? string : json_string("(not UTF-8)");
}

static void record(const struct api *api, const struct request *request, const struct reply *reply,
                   const struct fault *fault)
{
    json_t *find = json_object_get(request->body, "find");
    bool spoilt = fault->script != NULL;
    unsigned status = fault->status >= 0 ? (unsigned)fault->status : reply->status;
    json_t *entry = json_pack("{s:o, s:o, s:s, s:O?, s:I, s:i, s:I, s:b}", "method",
                              text_or_not(request->method), "path", text_or_not(request->url), "action",
                              text_at(request->body, "action"), "find", find, "bytes",
                              (json_int_t)request->upload->length, "status", (int)status, "answer_bytes",
                              (json_int_t)answer_length(reply->answer), "fault", spoilt);
    journal_add(api->journal, entry, request->violation);
}

static enum MHD_Result serve(const struct api *api, struct MHD_Connection *connection,
                             struct request *request)
{
    struct query query;
    struct problem problem;
    struct fault fault = fault_none();
    struct reply reply;
    if (understand(api, request, &query, &problem) < 0) {
        reply = refuse(&problem);
    } else {
        faults_take(api->faults, query_resources[query.resource], query.attributes || query.user_attributes,
                    &fault);
        reply = answer(api, &query, &fault);
    }
    record(api, request, &reply, &fault);
    json_decref(request->body);
    return delivery_send(connection, api->faults, &reply, &fault);
}

// NOLINTNEXTLINE(readability-function-size): the library's signature
enum MHD_Result api_handle(void *context, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *upload_data,
                           size_t *upload_data_size, void **request_context)
{
    (void)version;
    if (upload_take(request_context, upload_data, upload_data_size, MAX_REQUEST))
        return MHD_YES;
    struct request request = {.url = url, .method = method, .upload = *request_context};
    return serve(context, connection, &request);
}

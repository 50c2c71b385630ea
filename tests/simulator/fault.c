#include "fault.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct faults {
    pthread_mutex_t lock;
    struct fault *queue;
    size_t count;
    atomic_uint epoch; /* moves when everything is forgotten */
};

enum key_kind { KEY_NUMBER, KEY_STRING, KEY_OBJECT, KEY_FLAG };

static const struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;
} keys[] = {
    {"times", KEY_NUMBER, offsetof(struct fault, times)},
    {"status", KEY_NUMBER, offsetof(struct fault, status)},
    {"delay_ms", KEY_NUMBER, offsetof(struct fault, delay_ms)},
    {"cut_after", KEY_NUMBER, offsetof(struct fault, cut_after)},
    {"stall_after", KEY_NUMBER, offsetof(struct fault, stall_after)},
    {"chunk", KEY_NUMBER, offsetof(struct fault, chunk)},
    {"drip_ms", KEY_NUMBER, offsetof(struct fault, drip_ms)},
    {"length", KEY_NUMBER, offsetof(struct fault, length)},
    {"shuffle_members", KEY_NUMBER, offsetof(struct fault, shuffle_members)},
    {"shuffle_text", KEY_NUMBER, offsetof(struct fault, shuffle_text)},
    {"content_type", KEY_STRING, offsetof(struct fault, content_type)},
    {"body", KEY_STRING, offsetof(struct fault, body)},
    {"body_file", KEY_STRING, offsetof(struct fault, body_file)},
    {"raw", KEY_STRING, offsetof(struct fault, raw)},
    {"resource", KEY_STRING, offsetof(struct fault, resource)},
    {"raw_file", KEY_STRING, offsetof(struct fault, raw_file)},
    {"headers", KEY_OBJECT, offsetof(struct fault, headers)},
    {"endless", KEY_FLAG, offsetof(struct fault, endless)},
    {"reset", KEY_FLAG, offsetof(struct fault, reset)},
    {"only_with_attributes", KEY_FLAG, offsetof(struct fault, only_with_attributes)},
};

struct fault fault_none(void)
{
    return (struct fault){.times = 1,
                          .status = -1,
                          .delay_ms = -1,
                          .cut_after = -1,
                          .stall_after = -1,
                          .chunk = -1,
                          .drip_ms = -1,
                          .length = -1,
                          .shuffle_members = -1,
                          .shuffle_text = -1};
}

/* --- reading a script --------------------------------------------------------------------------------------------- */

static bool is_of_kind(json_t *value, enum key_kind kind)
{
    switch (kind) {
    case KEY_NUMBER:
        return json_is_integer(value);
    case KEY_STRING:
        return json_is_string(value);
    case KEY_OBJECT:
        return json_is_object(value);
    default:
        return json_is_boolean(value);
    }
}

static void store(struct fault *fault, const struct key *key, json_t *value)
{
    char *field = (char *)fault + key->offset;
    if (key->kind == KEY_NUMBER)
        *(int64_t *)(void *)field = json_integer_value(value);
    else if (key->kind == KEY_FLAG)
        *(bool *)field = json_is_true(value);
    else
        *(json_t **)(void *)field = value;
}

static int read_transfer(struct fault *fault, json_t *value, struct problem *problem)
{
    static const char *const names[] = {"length", "chunked", "close"};
    const char *name = json_string_value(value);
    for (size_t index = 0; name && index < sizeof(names) / sizeof(*names); index++) {
        if (strcmp(name, names[index]) == 0) {
            fault->transfer = (enum fault_transfer)index;
            return 0;
        }
    }
    return problem_set(problem, 400, "'transfer' is one of \"length\", \"chunked\", \"close\".");
}

static int read_key(struct fault *fault, const char *name, json_t *value, struct problem *problem)
{
    if (strcmp(name, "transfer") == 0)
        return read_transfer(fault, value, problem);
    for (size_t index = 0; index < sizeof(keys) / sizeof(*keys); index++) {
        if (strcmp(name, keys[index].name) != 0)
            continue;
        if (!is_of_kind(value, keys[index].kind))
            return problem_set(problem, 400, "'%s' in a fault has a value of the wrong kind.", name);
        store(fault, &keys[index], value);
        return 0;
    }
    return problem_set(problem, 400, "A fault has no key '%s'; see tests/simulator/README.md.", name);
}

static const char *resource_of(const struct fault *fault)
{
    return fault->resource ? json_string_value(fault->resource) : "organization";
}

static bool is_resource(const char *name)
{
    static const char *const names[] = {"organization", "user", "authorization"};
    for (size_t index = 0; index < sizeof(names) / sizeof(*names); index++) {
        if (strcmp(name, names[index]) == 0)
            return true;
    }
    return false;
}

static int read_script(json_t *script, struct fault *ret_fault, struct problem *problem)
{
    const char *name;
    json_t *value;
    *ret_fault = fault_none();
    if (!json_is_object(script))
        return problem_set(problem, 400, "A fault is a JSON object.");
    json_object_foreach(script, name, value)
    {
        if (read_key(ret_fault, name, value, problem) < 0)
            return -1;
    }
    if (ret_fault->times == 0 || ret_fault->chunk == 0)
        return problem_set(problem, 400, "'times' and 'chunk' cannot be 0.");
    if (ret_fault->status >= 0 && (ret_fault->status < 200 || ret_fault->status > 599))
        return problem_set(problem, 400, "'status' must be 200 to 599; use 'raw' for others.");
    if (!is_resource(resource_of(ret_fault)))
        return problem_set(problem, 400,
                           "'resource' is one of \"organization\", \"user\", \"authorization\".");
    ret_fault->script = json_incref(script);
    return 0;
}

/* --- the queue ---------------------------------------------------------------------------------------------------- */

struct faults *faults_new(void)
{
    struct faults *faults = calloc(1, sizeof(*faults));
    if (!faults)
        abort();
    pthread_mutex_init(&faults->lock, NULL);
    return faults;
}

static void drop(struct faults *faults, struct fault *fault)
{
    size_t behind = faults->count-- - (size_t)(fault - faults->queue) - 1;
    fault_done(fault);
    memmove(fault, fault + 1, behind * sizeof(*fault));
}

/* The first one that waits for a request to this resource. */
static struct fault *find_fault(struct faults *faults, const char *resource)
{
    for (size_t index = 0; index < faults->count; index++) {
        if (strcmp(resource_of(&faults->queue[index]), resource) == 0)
            return &faults->queue[index];
    }
    return NULL;
}

void faults_clear(struct faults *faults)
{
    pthread_mutex_lock(&faults->lock);
    while (faults->count)
        drop(faults, &faults->queue[faults->count - 1]);
    atomic_fetch_add(&faults->epoch, 1);
    pthread_mutex_unlock(&faults->lock);
}

void faults_clear_resource(struct faults *faults, const char *resource)
{
    struct fault *fault;
    pthread_mutex_lock(&faults->lock);
    while ((fault = find_fault(faults, resource)) != NULL)
        drop(faults, fault);
    pthread_mutex_unlock(&faults->lock);
}

void faults_free(struct faults *faults)
{
    if (!faults)
        return;
    faults_clear(faults);
    pthread_mutex_destroy(&faults->lock);
    free(faults->queue);
    free(faults);
}

int faults_add(struct faults *faults, json_t *script, struct problem *problem)
{
    struct fault fault;
    if (read_script(script, &fault, problem) < 0)
        return -1;
    pthread_mutex_lock(&faults->lock);
    faults->queue = reallocarray(faults->queue, faults->count + 1, sizeof(*faults->queue));
    if (!faults->queue)
        abort();
    faults->queue[faults->count++] = fault;
    pthread_mutex_unlock(&faults->lock);
    return 0;
}

/* A copy of the script, because the queue and the request belong to different threads. */
static void copy_fault(const struct fault *fault, struct fault *ret_copy)
{
    struct problem impossible;
    json_t *script = json_deep_copy(fault->script);
    if (read_script(script, ret_copy, &impossible) < 0)
        abort();
    json_decref(script);
}

void faults_take(struct faults *faults, const char *resource, bool with_attributes, struct fault *ret_fault)
{
    *ret_fault = fault_none();
    pthread_mutex_lock(&faults->lock);
    struct fault *first = find_fault(faults, resource);
    if (first && (with_attributes || !first->only_with_attributes)) {
        copy_fault(first, ret_fault);
        if (first->times > 0 && --first->times == 0)
            drop(faults, first);
    }
    pthread_mutex_unlock(&faults->lock);
}

void fault_done(struct fault *fault)
{
    json_decref(fault->script);
    fault->script = NULL;
}

json_t *faults_list(struct faults *faults)
{
    json_t *list = json_array();
    pthread_mutex_lock(&faults->lock);
    for (size_t index = 0; index < faults->count; index++) {
        json_t *script = json_deep_copy(faults->queue[index].script);
        json_object_set_new(script, "times", json_integer(faults->queue[index].times));
        json_array_append_new(list, script);
    }
    pthread_mutex_unlock(&faults->lock);
    return list;
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool faults_wait(struct faults *faults, int socket, int64_t ms)
{
    const int64_t step_ms = 20;
    unsigned epoch = atomic_load(&faults->epoch);
    int64_t end = now_ms() + ms;
    for (;;) {
        int64_t left = ms < 0 ? step_ms : end - now_ms();
        if (left <= 0)
            return true;
        struct pollfd peer = {.fd = socket, .events = POLLRDHUP};
        if (poll(&peer, 1, (int)(left < step_ms ? left : step_ms)) > 0 ||
            atomic_load(&faults->epoch) != epoch)
            return false;
    }
}

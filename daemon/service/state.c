/*
 * One file a source, text, written anew each time:
 *
 *   rollcall 1
 *   source default
 *   cycle 5f0c1d0e-8d0f-4c43-9a43-0e3a5a1f6c11
 *   organization < your organization id >
 *   sha256 (of the lines above, in hexadecimal digits)
 *
 * It is read by filling in what it seems to say and comparing the result with it byte for byte. The organization's id may
 * hold any byte; it ends where the last line begins.
 */
#include "service/state.h"

#include "base/buffer.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/model.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX         4096
#define LAST_LINE_LENGTH (sizeof("sha256 \n") - 1 + (size_t)2 * SHA256_SIZE)

struct state {
    uv_loop_t *loop;
    char *source;
    char *path; /* NULL: memory only */
    char *new_path;

    bool known;
    char organization_id[ORGANIZATION_ID_MAX + 1];
    struct uuid cycle_uuid;

    uv_work_t work;
    bool writing;       /* `work` is out: `text` and `error` are the thread's */
    bool outdated;      /* another cycle was committed since `text` was made */
    bool failed;        /* and it was told */
    struct buffer text; /* the file as it is to be */
    struct error error; /* why it could not be written */
};

/* --- the text ----------------------------------------------------------------------------------------------------- */

static void add_checksum(struct buffer *text)
{
    uint8_t digest[SHA256_SIZE];
    struct sha256 *sha = sha256_new();

    sha256_add(sha, text->data, text->length);
    sha256_finish(sha, digest);
    sha256_free(sha);
    buffer_add_text(text, "sha256 ");
    for (size_t i = 0; i < SHA256_SIZE; i++)
        buffer_add_format(text, "%02x", digest[i]);
    buffer_add_char(text, '\n');
}

static void add_head(const struct state *state, struct buffer *text)
{
    buffer_add_format(text, "rollcall 1\nsource %s\ncycle ", state->source);
}

static void fill_in(const struct state *state, struct buffer *text)
{
    char cycle[UUID_TEXT_LENGTH + 1];

    uuid_format(&state->cycle_uuid, cycle);
    buffer_clear(text);
    add_head(state, text);
    buffer_add_format(text, "%s\norganization %s\n", cycle, state->organization_id);
    add_checksum(text);
}

/* What stands where cycle and organization stand in an intact file. */
static bool take_values(struct state *state, const char *bytes, size_t length, size_t head)
{
    size_t cycle = head, id = cycle + UUID_TEXT_LENGTH + sizeof("\norganization ") - 1;
    size_t end = length - LAST_LINE_LENGTH - 1; /* of the id */

    if (length < id + 1 + LAST_LINE_LENGTH || end - id > ORGANIZATION_ID_MAX)
        return false;
    memcpy(state->organization_id, bytes + id, end - id);
    state->organization_id[end - id] = '\0';
    return uuid_parse(bytes + cycle, UUID_TEXT_LENGTH, &state->cycle_uuid);
}

static bool parse(struct state *state, const char *bytes, size_t length)
{
    buffer_clear(&state->text);
    add_head(state, &state->text);
    if (!take_values(state, bytes, length, state->text.length))
        return false;
    fill_in(state, &state->text);
    return state->text.length == length && memcmp(state->text.data, bytes, length) == 0;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void ignore(const struct state *state, const char *reason)
{
    log_event(LOG_LEVEL_WARNING, "state_ignored", LOG_TEXT("file", state->path), LOG_TEXT("reason", reason),
              LOG_TEXT("hint", "that a backup was restored since is noticed by the number of members only"));
}

static void read_file(struct state *state)
{
    char bytes[FILE_MAX];
    int fd = open(state->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return;
    ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
    if (length < 0)
        ignore(state, strerror(errno));
    else if (parse(state, bytes, (size_t)length))
        state->known = true;
    else
        ignore(state, "it is damaged, or was written for another source");
    if (fd >= 0)
        close(fd);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static int write_failed(struct state *state)
{
    return error_set(&state->error, ERROR_UNAVAILABLE, "%s: %s", state->new_path, strerror(errno));
}

static int write_text(struct state *state, int fd)
{
    ssize_t written = write(fd, state->text.data, state->text.length);

    if (written >= 0 && (size_t)written < state->text.length)
        errno = ENOSPC; /* nothing else cuts a write of a few hundred bytes short */
    if (written != (ssize_t)state->text.length || fsync(fd) < 0)
        return write_failed(state);
    return 0;
}

/* The directory is not synced: after a loss of power the former file is as true as the new one, only older. */
static void write_file(struct state *state)
{
    int fd = open(state->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    error_clear(&state->error);
    if (fd < 0) {
        write_failed(state);
        return;
    }
    int status = write_text(state, fd);
    close(fd);
    if (status == 0 && rename(state->new_path, state->path) < 0)
        write_failed(state);
    if (state->error.class != ERROR_NONE)
        unlink(state->new_path);
}

/* Told when it begins to fail, not again for each cycle. */
static void tell_failure(struct state *state)
{
    bool failed = state->error.class != ERROR_NONE;

    if (failed && !state->failed)
        log_event(LOG_LEVEL_WARNING, "state_not_written", LOG_TEXT("error", state->error.text),
                  LOG_TEXT("hint", "the cycle is committed; make room there, or make it writable"));
    state->failed = failed;
}

static void write_cb(uv_work_t *work)
{
    write_file(work->data);
}

static void start_writing(struct state *state);

static void written_cb(uv_work_t *work, int status)
{
    struct state *state = work->data;

    state->writing = false;
    if (status == UV_ECANCELED) /* by state_free, which writes it itself */
        return;
    tell_failure(state);
    if (state->outdated)
        start_writing(state);
}

static void start_writing(struct state *state)
{
    state->outdated = false;
    state->writing = true;
    fill_in(state, &state->text);
    state->work.data = state;
    uv_queue_work(state->loop, &state->work, write_cb, written_cb);
}

/* --- what is remembered ------------------------------------------------------------------------------------------- */

const struct uuid *state_committed_cycle(struct state *state, const char *organization_id)
{
    if (state->known && organization_id && strcmp(organization_id, state->organization_id) != 0) {
        if (state->path)
            ignore(state, "it is about another organization");
        state->known = false;
    }
    return state->known ? &state->cycle_uuid : NULL;
}

void state_remember(struct state *state, const char *organization_id, const struct uuid *cycle_uuid)
{
    state->known = true;
    snprintf(state->organization_id, sizeof(state->organization_id), "%s", organization_id);
    state->cycle_uuid = *cycle_uuid;
    if (state->writing)
        state->outdated = true;
    else if (state->path)
        start_writing(state);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* A source's name as a part of a file's: other characters than these as %XX. */
static void add_name(struct buffer *name, const char *source)
{
    for (const char *at = source; *at; at++)
        if (isalnum((unsigned char)*at) || *at == '-' || *at == '_')
            buffer_add_char(name, *at);
        else
            buffer_add_format(name, "%%%02X", (unsigned char)*at);
}

static void set_path(struct state *state, const char *directory)
{
    size_t length = directory ? strcspn(directory, ":") : 0;
    struct buffer name;

    if (length == 0 || directory[0] != '/')
        return;
    buffer_init(&name, FILE_MAX);
    add_name(&name, state->source);
    state->path = memory_format("%.*s/committed-%s", (int)length, directory, name.data ? name.data : "");
    state->new_path = memory_format("%s.new", state->path);
    buffer_done(&name);
}

struct state *state_new(uv_loop_t *loop, const char *directory, const char *source)
{
    struct state *state = memory_alloc(sizeof(*state));

    state->loop = loop;
    state->source = memory_string(source);
    buffer_init(&state->text, FILE_MAX);
    set_path(state, directory);
    if (state->path)
        read_file(state);
    return state;
}

/* A pool of which every thread waits for a dead name server would not come to it: then it is written here. */
static void finish_writing(struct state *state)
{
    bool unwritten = uv_cancel((uv_req_t *)&state->work) == 0;

    while (state->writing)
        uv_run(state->loop, UV_RUN_ONCE);
    if (unwritten) {
        fill_in(state, &state->text);
        write_file(state);
        tell_failure(state);
    }
}

void state_free(struct state *state)
{
    if (!state)
        return;
    if (state->writing)
        finish_writing(state);
    buffer_done(&state->text);
    free(state->source);
    free(state->path);
    free(state->new_path);
    free(state);
}

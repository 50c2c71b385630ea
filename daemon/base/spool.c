/*
 * The stream of records is one sequence of bytes: its first file_length bytes lie in the file, the rest in memory. An
 * offset counts from the start of the stream, so it stays good when memory moves to the file.
 */
#include "base/spool.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_MAX  ((size_t)16 * 1024 * 1024)
#define HEADER_SIZE sizeof(uint32_t)
#define READ_AHEAD  ((size_t)256 * 1024)

void spool_init(struct spool *spool, size_t memory_limit, const char *directory)
{
    *spool = (struct spool){
        .memory_limit = memory_limit,
        .directory = memory_string(directory),
        .fd = -1,
    };
    buffer_init(&spool->memory, memory_limit + HEADER_SIZE + RECORD_MAX);
}

static void close_file(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd);
    spool->fd = -1;
    spool->file_length = 0;
}

void spool_done(struct spool *spool)
{
    if (!spool || !spool->directory)
        return;
    close_file(spool);
    buffer_done(&spool->memory);
    free(spool->directory);
    spool->directory = NULL;
}

static int open_file(struct spool *spool, struct error *error)
{
    char *path = memory_format("%s/rollcall-spool-XXXXXX", spool->directory);
    int result = 0;

    spool->fd = mkostemp(path, O_CLOEXEC);
    if (spool->fd < 0)
        result = error_set(
            error, ERROR_UNAVAILABLE,
            "cannot create a temporary file in %s: %s; make the directory writable for this user",
            spool->directory, strerror(errno));
    else
        unlink(path);
    free(path);
    return result;
}

static int write_failed(const struct spool *spool, struct error *error)
{
    return error_set(error, ERROR_UNAVAILABLE,
                     "cannot write to the temporary file in %s: %s; free space there", spool->directory,
                     strerror(errno));
}

/* Appends what is in memory to the file. */
static int flush(struct spool *spool, struct error *error)
{
    const char *from = spool->memory.data;
    size_t left = spool->memory.length;
    uint64_t to = spool->file_length;

    if (spool->fd < 0 && open_file(spool, error) < 0)
        return -(int)ERROR_UNAVAILABLE;
    while (left > 0) {
        ssize_t written = pwrite(spool->fd, from, left, (off_t)to);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return write_failed(spool, error);
        from += written;
        left -= (size_t)written;
        to += (uint64_t)written;
    }
    spool->file_length = to;
    buffer_clear(&spool->memory);
    return 0;
}

int spool_append(struct spool *spool, const void *record, size_t length, struct error *error)
{
    uint32_t header = (uint32_t)length;

    if (length > RECORD_MAX)
        return error_set(error, ERROR_INTERNAL, "a record of %zu bytes is too long to be spooled", length);
    if (spool->memory.length > 0 && spool->memory.length + HEADER_SIZE + length > spool->memory_limit) {
        int result = flush(spool, error);
        if (result < 0)
            return result;
    }
    buffer_add(&spool->memory, &header, HEADER_SIZE);
    buffer_add(&spool->memory, record, length);
    spool->records++;
    return 0;
}

void spool_reader_init(struct spool_reader *reader, struct spool *spool)
{
    *reader = (struct spool_reader){.spool = spool};
    buffer_init(&reader->window, READ_AHEAD + HEADER_SIZE + RECORD_MAX);
}

void spool_reader_done(struct spool_reader *reader)
{
    if (reader)
        buffer_done(&reader->window);
}

static int read_failed(const struct spool *spool, const char *why, struct error *error)
{
    return error_set(error, ERROR_UNAVAILABLE, "cannot read the temporary file in %s: %s; check the disk",
                     spool->directory, why);
}

/* Fills the window with `length` bytes of the file from `offset`. */
static int read_window(struct spool_reader *reader, uint64_t offset, size_t length, struct error *error)
{
    buffer_clear(&reader->window);
    char *to = buffer_extend(&reader->window, length);

    reader->window_from = offset;
    while (length > 0) {
        ssize_t got = pread(reader->spool->fd, to, length, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            buffer_clear(&reader->window);
            return read_failed(reader->spool, got < 0 ? strerror(errno) : "it is shorter than written",
                               error);
        }
        to += got;
        length -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

/* Points at `length` bytes of the stream from the reader's offset, which lie in the file or in memory as a whole,
 * because only whole records move to the file. */
static int look_at(struct spool_reader *reader, size_t length, const char **ret_bytes, struct error *error)
{
    const struct spool *spool = reader->spool;
    uint64_t offset = reader->offset;

    if (offset >= spool->file_length) {
        *ret_bytes = spool->memory.data + (offset - spool->file_length);
        return 0;
    }
    if (offset < reader->window_from || offset + length > reader->window_from + reader->window.length) {
        uint64_t in_file = spool->file_length - offset;
        size_t wanted = length > READ_AHEAD ? length : READ_AHEAD;
        int result = read_window(reader, offset, wanted < in_file ? wanted : (size_t)in_file, error);
        if (result < 0)
            return result;
    }
    *ret_bytes = reader->window.data + (offset - reader->window_from);
    return 0;
}

int spool_next(struct spool_reader *reader, const void **ret_record, size_t *ret_length, struct error *error)
{
    const char *bytes = NULL;
    uint32_t length = 0;
    int result = 0;

    if (reader->offset >= reader->spool->file_length + reader->spool->memory.length)
        return 0;
    result = look_at(reader, HEADER_SIZE, &bytes, error);
    if (result < 0)
        return result;
    memcpy(&length, bytes, HEADER_SIZE);
    result = look_at(reader, HEADER_SIZE + length, &bytes, error);
    if (result < 0)
        return result;
    reader->offset += HEADER_SIZE + length;
    *ret_record = bytes + HEADER_SIZE;
    *ret_length = length;
    return 1;
}

/*
 * A sequence of records that stays in memory while it is small and moves to an unlinked temporary file when it grows:
 * what a poll found out waits here until it is written. It never knows what a record means.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

struct spool {
    struct buffer memory; /* records not yet in the file: 4-byte host-order length, then the bytes */
    size_t memory_limit;  /* bytes; beyond it `memory` is appended to the file */
    char *directory;      /* where the unlinked file is made */
    int fd;               /* -1 until needed */
    uint64_t file_length; /* bytes written to the file */
    uint64_t records;
};

struct spool_reader {
    struct spool *spool;
    uint64_t offset;      /* of the next record */
    struct buffer window; /* bytes read ahead from the file */
    uint64_t window_from; /* offset of window's first byte */
};

/* `directory` is copied; nothing is opened until the limit is passed. */
void spool_init(struct spool *spool, size_t memory_limit, const char *directory);
void spool_done(struct spool *spool);

/* Appends a record of at most 16 MiB. On failure (disk full) ERROR_UNAVAILABLE naming the directory; the spool is then
 * only good for spool_done. */
MUST_CHECK int spool_append(struct spool *spool, const void *record, size_t length, struct error *error);

/* Reads in order of appending. A reader is good until spool_done; appending meanwhile is allowed. */
void spool_reader_init(struct spool_reader *reader, struct spool *spool);
void spool_reader_done(struct spool_reader *reader);

/* 1 with the next record, valid until the next spool_next or spool_append; 0 at the end; negative class on error. */
MUST_CHECK int spool_next(struct spool_reader *reader, const void **ret_record, size_t *ret_length,
                          struct error *error);

#endif

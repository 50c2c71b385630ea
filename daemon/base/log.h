/*
 * The log: one event a line on stderr, logfmt, typed fields. Only service/ and commands/ call it.
 *
 *   ts=2026-01-02T03:04:05.678Z level=info event=cycle outcome=changed members=3
 *
 * Under systemd (JOURNAL_STREAM names stderr) the line starts with <N> and has no ts.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

enum log_field_type {
    LOG_FIELD_END,
    LOG_FIELD_TEXT,
    LOG_FIELD_INTEGER,
    LOG_FIELD_COUNT,
    LOG_FIELD_UUID,
    LOG_FIELD_BOOLEAN
};

struct log_field {
    const char *key;
    enum log_field_type type;
    union {
        const char *text; /* NULL: the field is left out; quoted and escaped where needed */
        int64_t integer;
        const struct uuid *uuid;
        bool boolean;
    };
};

#define LOG_TEXT(name, value) ((struct log_field){.key = (name), .type = LOG_FIELD_TEXT, .text = (value)})
#define LOG_INTEGER(name, value)                                                                             \
    ((struct log_field){.key = (name), .type = LOG_FIELD_INTEGER, .integer = (int64_t)(value)})
/* Left out when it is 0. */
#define LOG_COUNT(name, value)                                                                               \
    ((struct log_field){.key = (name), .type = LOG_FIELD_COUNT, .integer = (int64_t)(value)})
#define LOG_UUID(name, value) ((struct log_field){.key = (name), .type = LOG_FIELD_UUID, .uuid = (value)})
#define LOG_BOOLEAN(name, value)                                                                             \
    ((struct log_field){.key = (name), .type = LOG_FIELD_BOOLEAN, .boolean = (value)})

/* log_event(LOG_LEVEL_INFO, "cycle", LOG_TEXT("outcome", "changed"), LOG_INTEGER("members", 3)); */
#define log_event(level, event, ...)                                                                         \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.type = LOG_FIELD_END}})

void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* From now on a reader who does not read costs lines and not time: a second at most, and then a tenth of the time. What was
 * left out is counted and told in a line of its own, `log_lines_left_out`, as soon as one can be written. */
void log_limit_waiting(void);

/* Called before a line is written: whoever keeps a line of its own on the same terminal takes it away. */
void log_before_line(void (*line_cb)(void));

void log_set_level(enum log_level level);
bool log_level_parse(const char *word, enum log_level *ret_level); /* error warning notice info debug */

#endif

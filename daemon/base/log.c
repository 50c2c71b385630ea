/*
 * A line is composed whole and written with one write(2), so that two processes on one stderr do not mix and a text
 * from outside cannot begin a line or a field of its own. The service never waits long for who reads: it counts the lines
 * it leaves out.
 */
#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/outlet.h"
#include "base/timestamp.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD_MAX ((size_t)6 * 1024)
#define LINE_MAX  ((size_t)16 * 1024) /* journald takes 48 KiB */
#define PATIENCE  INT64_C(1000000)

static enum log_level least_urgent = LOG_LEVEL_INFO;
static struct outlet outlet = {.fd = STDERR_FILENO, .longest_us = OUTLET_FOR_EVER};
static uint64_t left_out;
static void (*before_line_cb)(void);

static const struct {
    enum log_level level;
    const char *name;
} levels[] = {
    {LOG_LEVEL_ERROR, "error"}, {LOG_LEVEL_WARNING, "warning"}, {LOG_LEVEL_NOTICE, "notice"},
    {LOG_LEVEL_INFO, "info"},   {LOG_LEVEL_DEBUG, "debug"},
};

#define LEVEL_COUNT (sizeof(levels) / sizeof(levels[0]))

void log_set_level(enum log_level level)
{
    least_urgent = level;
}

void log_before_line(void (*line_cb)(void))
{
    before_line_cb = line_cb;
}

void log_limit_waiting(void)
{
    outlet_init(&outlet, STDERR_FILENO, PATIENCE);
}

bool log_level_parse(const char *word, enum log_level *ret_level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(levels[i].name, word) == 0) {
            *ret_level = levels[i].level;
            return true;
        }
    }
    return false;
}

static const char *level_name(enum log_level level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "unknown";
}

/* systemd names the device and inode of the stream it reads; stderr may have been redirected since. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char own[64];

    if (!stream || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(own, stream) == 0;
}

static void add_head(struct buffer *line, enum log_level level, const char *event)
{
    char now[TIMESTAMP_TEXT_MAX];
    int64_t now_us = clock_wall_us();

    if (stderr_is_journal()) {
        buffer_add_format(line, "<%d>", (int)level);
    } else {
        timestamp_format(now_us - now_us % 1000, now);
        buffer_add_format(line, "ts=%s ", now);
    }
    buffer_add_format(line, "level=%s event=%s", level_name(level), event);
}

/* Whether a reader of logfmt takes the bare text for what it is. */
static bool is_bare_word(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at >= 0x7f || *at == '"' || *at == '=' || *at == '\\')
            return false;
    return *text != '\0';
}

static void add_text(struct buffer *to, const char *text)
{
    if (is_bare_word(text)) {
        buffer_add_text(to, text);
        return;
    }
    buffer_add_char(to, '"');
    while (*text != '\0') {
        size_t plain = strcspn(text, "\"\\");
        utf8_add_printable(to, text, plain);
        text += plain;
        if (*text != '\0')
            buffer_add_format(to, "\\%c", *text++);
    }
    buffer_add_char(to, '"');
}

static void add_value(struct buffer *to, const struct log_field *field)
{
    char uuid[UUID_TEXT_LENGTH + 1];

    switch (field->type) {
    case LOG_FIELD_TEXT:
        add_text(to, field->text);
        break;
    case LOG_FIELD_INTEGER:
    case LOG_FIELD_COUNT:
        buffer_add_format(to, "%" PRId64, field->integer);
        break;
    case LOG_FIELD_UUID:
        uuid_format(field->uuid, uuid);
        buffer_add_text(to, uuid);
        break;
    case LOG_FIELD_BOOLEAN:
        buffer_add_text(to, field->boolean ? "true" : "false");
        break;
    case LOG_FIELD_END:
        break;
    }
}

static bool is_left_out(const struct log_field *field)
{
    switch (field->type) {
    case LOG_FIELD_TEXT:
        return !field->text;
    case LOG_FIELD_UUID:
        return !field->uuid;
    case LOG_FIELD_COUNT:
        return field->integer == 0;
    default:
        return false;
    }
}

/* Adds the field whole, or says that the line is incomplete: half a quoted text would swallow what follows. */
static void add_field(struct buffer *line, const struct log_field *field)
{
    struct buffer whole;

    if (is_left_out(field))
        return;
    buffer_init(&whole, FIELD_MAX);
    buffer_add_format(&whole, " %s=", field->key);
    add_value(&whole, field);
    if (whole.overflowed)
        line->overflowed = true;
    else
        buffer_add(line, whole.data, whole.length);
    buffer_done(&whole);
}

static bool write_line(enum log_level level, const char *event, const struct log_field *fields)
{
    static const char incomplete[] = " incomplete=true";
    struct buffer line;

    buffer_init(&line, LINE_MAX);
    add_head(&line, level, event);
    for (; fields->type != LOG_FIELD_END; fields++)
        add_field(&line, fields);
    if (line.overflowed) {
        line.maximum += sizeof(incomplete);
        buffer_add_text(&line, incomplete);
    }
    line.maximum++;
    buffer_add_char(&line, '\n');
    bool written = outlet_write(&outlet, line.data, line.length);
    buffer_done(&line);
    return written;
}

/* Before the next line, so that it is seen where the gap is. */
static void tell_left_out(void)
{
    const struct log_field fields[] = {
        LOG_INTEGER("count", left_out),
        LOG_TEXT("hint", "nobody took these lines of the log in time"),
        {.type = LOG_FIELD_END},
    };

    if (left_out > 0 && write_line(LOG_LEVEL_WARNING, "log_lines_left_out", fields))
        left_out = 0;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level > least_urgent)
        return;
    if (before_line_cb)
        before_line_cb();
    tell_left_out();
    if (!write_line(level, event, fields))
        left_out++;
}

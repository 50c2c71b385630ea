/*
 * The line is shorter than a terminal is wide, so that one escape sequence erases it.
 */
#include "commands/progress_line.h"

#include "base/log.h"
#include "commands/terminal.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static bool shown;

static void erase(void)
{
    if (shown)
        fputs("\r\x1b[K", stderr);
    shown = false;
}

static int format_step(const struct progress *progress, char *line, size_t size)
{
    double megabytes = (double)progress->bytes / 1e6, in_all = (double)progress->bytes_in_all / 1e6;

    switch (progress->step) {
    case PROGRESS_READING:
        if (progress->bytes_in_all > 0)
            return snprintf(line, size, "Reading: %.1f of %.1f MB, %" PRIu32 " members", megabytes, in_all,
                            progress->members);
        return snprintf(line, size, "Reading: %.1f MB, %" PRIu32 " members", megabytes, progress->members);
    case PROGRESS_COMPARING:
        return snprintf(line, size, "Comparing %" PRIu32 " members", progress->members);
    case PROGRESS_WRITING:
        return snprintf(line, size, "Writing: %" PRIu64 " of %" PRIu64 " rows", progress->rows,
                        progress->rows_in_all);
    default:
        return snprintf(line, size, "%s", "");
    }
}

void progress_line_format(const struct progress *progress, char ret_line[PROGRESS_LINE_MAX])
{
    int length = format_step(progress, ret_line, PROGRESS_LINE_MAX);
    int64_t left_us = progress_left_us(progress);

    if (left_us >= 0 && length < PROGRESS_LINE_MAX)
        snprintf(ret_line + length, PROGRESS_LINE_MAX - (size_t)length, ", %" PRId64 " s left",
                 (left_us + 999999) / 1000000);
}

static void show_cb(void *context, const struct progress *progress)
{
    char line[PROGRESS_LINE_MAX];

    (void)context;
    erase();
    progress_line_format(progress, line);
    shown = line[0] != '\0';
    fputs(line, stderr);
    fflush(stderr);
}

progress_cb progress_line(void)
{
    if (!terminal_can_erase())
        return NULL;
    log_before_line(erase);
    return show_cb;
}

/*
 * A line on a person's terminal that says how far a cycle is, and goes away when it is over.
 */
#ifndef COMMANDS_PROGRESS_LINE_H
#define COMMANDS_PROGRESS_LINE_H

#include "service/progress.h"

#include <stddef.h>

#define PROGRESS_LINE_MAX 128

/* What to give the runner: shows each progress on standard error, and takes it away again before a line of the log and
 * when there is nothing to wait for. NULL when standard error is no terminal, or one that cannot erase a line. */
progress_cb progress_line(void);

/* "Reading: 212 of 499 MB, 424831 members, 3 s left" */
void progress_line_format(const struct progress *progress, char ret_line[PROGRESS_LINE_MAX]);

#endif

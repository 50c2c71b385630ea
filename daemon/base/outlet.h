/*
 * A stream for lines that somebody should read and perhaps nobody does. It has patience with a slow reader, and when that is
 * used up it leaves lines out: no reader of a log may bring the program to a halt.
 */
#ifndef BASE_OUTLET_H
#define BASE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTLET_FOR_EVER (-1)

struct outlet {
    int fd;
    int64_t longest_us;      /* of patience; OUTLET_FOR_EVER: a write takes as long as it takes */
    int64_t patience_us;     /* what is left of it; a tenth of the time that passes comes back */
    int64_t waited_until_us; /* monotonic; when it was last reckoned */
    bool torn;               /* the last line was left out when a part of it had been written */
};

/* The descriptor is borrowed and stays as it is, blocking or not: others may share it. */
void outlet_init(struct outlet *outlet, int fd, int64_t patience_us);

/* One line with its newline; with patience for ever in one write. False when it was left out, because nobody reads or
 * because it cannot be written at all. */
bool outlet_write(struct outlet *outlet, const char *line, size_t length);

#endif

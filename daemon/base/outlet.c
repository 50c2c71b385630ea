/*
 * poll(2) says whether a write would wait. For a pipe it speaks of PIPE_BUF bytes, so lines go in such pieces.
 */
#include "base/outlet.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#define REGAINED 10 /* one part in so many of the time that passes */

void outlet_init(struct outlet *outlet, int fd, int64_t patience_us)
{
    *outlet = (struct outlet){.fd = fd,
                              .longest_us = patience_us,
                              .patience_us = patience_us,
                              .waited_until_us = clock_monotonic_us()};
}

static void reckon(struct outlet *outlet, int64_t gain_us)
{
    outlet->patience_us += gain_us;
    if (outlet->patience_us > outlet->longest_us)
        outlet->patience_us = outlet->longest_us;
    if (outlet->patience_us < 0)
        outlet->patience_us = 0;
}

/* Whether a write would not wait now, or not after the patience there is. */
static bool becomes_ready(struct outlet *outlet)
{
    struct pollfd polled = {.fd = outlet->fd, .events = POLLOUT};
    int64_t from_us = clock_monotonic_us();
    int ready;

    reckon(outlet, (from_us - outlet->waited_until_us) / REGAINED);
    do {
        ready = poll(&polled, 1, (int)(outlet->patience_us / 1000));
        outlet->waited_until_us = clock_monotonic_us();
        reckon(outlet, from_us - outlet->waited_until_us);
        from_us = outlet->waited_until_us;
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static bool write_piece(struct outlet *outlet, const char **at, size_t *left)
{
    bool waits = outlet->longest_us == OUTLET_FOR_EVER;
    ssize_t written;

    if (!waits && !becomes_ready(outlet))
        return false;
    do {
        written = write(outlet->fd, *at, waits || *left < PIPE_BUF ? *left : PIPE_BUF);
    } while (written < 0 && errno == EINTR);
    if (written < 0)
        return false;
    *at += written;
    *left -= (size_t)written;
    return true;
}

static bool write_all(struct outlet *outlet, const char *bytes, size_t length)
{
    size_t left = length;
    bool goes_on = true;

    while (left > 0 && goes_on)
        goes_on = write_piece(outlet, &bytes, &left);
    outlet->torn = !goes_on && (outlet->torn || left < length);
    return goes_on;
}

bool outlet_write(struct outlet *outlet, const char *line, size_t length)
{
    if (outlet->torn && !write_all(outlet, "\n", 1))
        return false;
    return write_all(outlet, line, length);
}

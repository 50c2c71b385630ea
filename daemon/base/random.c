/*
 * Knows only the kernel's generator; a weaker source is never used in its place.
 */
#include "base/random.h"

#include "base/error.h"

#include <errno.h>
#include <sys/random.h>

void random_fill(void *bytes, size_t length)
{
    unsigned char *to = bytes;

    while (length > 0) {
        ssize_t got = getrandom(to, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            error_fatal(
                "the kernel gives no random bytes (getrandom failed); nothing can be identified safely");
        to += got;
        length -= (size_t)got;
    }
}

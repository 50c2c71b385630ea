/*
 * What a standby makes of the instance that writes: for how long has it given no sign of life? Counts only what the
 * standby itself has read and its own monotonic clock, never the other's clock or words. Whether that is too long is
 * core/schedule's judgement; this knows neither clock nor SQL.
 */
#ifndef CORE_STANDBY_H
#define CORE_STANDBY_H

#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

/* What can be seen of the instance that holds the lock. */
struct standby_view {
    int32_t pid;            /* the server process of its session; 0: nobody holds the lock any more */
    int64_t session_began;  /* by the server's clock; only names the session, together with pid */
    bool own_role;          /* it is connected as the role that we are, so its session is ours to end */
    bool at_work;           /* the server executes something for it right now */
    bool failing;           /* the newest trace is a failed poll's */
    struct uuid last_poll;  /* of coverage: moves with every complete poll */
    struct uuid last_cycle; /* moves with every poll that wrote or failed */
};

struct standby {
    bool watching;            /* there was a look before */
    struct standby_view last; /* what it showed */
    int64_t looked_at_us;     /* monotonic */
    int64_t silent_us;
};

/* One look, made at now_us. Returns how long the writer has been silent: 0 when anything moved since the last look, when
 * another session holds the lock, or when the server is at work for it. Time in which nobody looked (this process was
 * stopped, the machine slept) counts for a few seconds at most, because then the writer may have slept as well. */
int64_t standby_look(struct standby *standby, const struct standby_view *view, int64_t now_us);

/* What was seen does not count any more. */
void standby_forget(struct standby *standby);

#endif

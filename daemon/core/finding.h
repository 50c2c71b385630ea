/*
 * What a comparison finds, one thing at a time, for whoever wants to show it.
 */
#ifndef CORE_FINDING_H
#define CORE_FINDING_H

#include "core/change.h"
#include "core/guard.h"
#include "core/model.h"

#include <stdbool.h>
#include <stddef.h>

/* Everything is valid during the call only. */
struct finding {
    const struct member_row *before; /* NULL for a newcomer */
    const struct member_row *after;
    const struct change *changes;
    size_t change_count;
    field_mask fields; /* those that differ */
    bool absent;       /* not seen; without a change it waits for a confirming poll */
    bool repaired;     /* edited behind our back, to be set right */
    guard_mask held;   /* the classes for which it is held; 0: it goes through */
};

typedef void (*finding_cb)(void *context, const struct finding *finding);

#endif

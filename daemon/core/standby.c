/*
 * A standby's memory of what it saw last.
 */
#include "core/standby.h"

/* The most that passes between two looks of a standby that is awake. */
#define LOOK_LONGEST INT64_C(5000000)

static bool same_session(const struct standby_view *left, const struct standby_view *right)
{
    return left->pid == right->pid && left->session_began == right->session_began;
}

static bool nothing_moved(const struct standby_view *before, const struct standby_view *now)
{
    return same_session(before, now) && uuid_equal(&before->last_poll, &now->last_poll) &&
           uuid_equal(&before->last_cycle, &now->last_cycle);
}

int64_t standby_look(struct standby *standby, const struct standby_view *view, int64_t now_us)
{
    int64_t since_us = now_us - standby->looked_at_us;

    if (standby->watching && nothing_moved(&standby->last, view) && !view->at_work)
        standby->silent_us += since_us < LOOK_LONGEST ? since_us : LOOK_LONGEST;
    else
        standby->silent_us = 0;
    standby->watching = true;
    standby->last = *view;
    standby->looked_at_us = now_us;
    return standby->silent_us;
}

void standby_forget(struct standby *standby)
{
    *standby = (struct standby){0};
}

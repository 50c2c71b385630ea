/*
 * The words of the cycle machine's vocabulary, for logs, STATUS and transcripts. The states' words stand in their table.
 */
#include "core/cycle.h"

const char *cycle_event_name(enum cycle_event_type type)
{
    static const char *const names[CYCLE_EVENT_TYPE_COUNT] = {
        [CYCLE_EVENT_STARTED] = "started",
        [CYCLE_EVENT_OPENED] = "opened",
        [CYCLE_EVENT_OPEN_FAILED] = "open_failed",
        [CYCLE_EVENT_LOCKED] = "locked",
        [CYCLE_EVENT_LOCK_BUSY] = "lock_busy",
        [CYCLE_EVENT_LOADED] = "loaded",
        [CYCLE_EVENT_PULLED] = "pulled",
        [CYCLE_EVENT_PULL_FAILED] = "pull_failed",
        [CYCLE_EVENT_COMPARED_SAME] = "compared_same",
        [CYCLE_EVENT_COMPARED_CHANGES] = "compared_changes",
        [CYCLE_EVENT_COMPARED_DOUBTFUL] = "compared_doubtful",
        [CYCLE_EVENT_COMPARE_REFUSED] = "compare_refused",
        [CYCLE_EVENT_CORROBORATED] = "corroborated",
        [CYCLE_EVENT_COVERED] = "covered",
        [CYCLE_EVENT_BEGUN] = "begun",
        [CYCLE_EVENT_WRITTEN] = "written",
        [CYCLE_EVENT_COMMITTED] = "committed",
        [CYCLE_EVENT_ROLLED_BACK] = "rolled_back",
        [CYCLE_EVENT_RESOLVED_APPLIED] = "resolved_applied",
        [CYCLE_EVENT_RESOLVED_ABSENT] = "resolved_absent",
        [CYCLE_EVENT_RESOLVED_UNKNOWN] = "resolved_unknown",
        [CYCLE_EVENT_RECORDED] = "recorded",
        [CYCLE_EVENT_FENCED] = "fenced",
        [CYCLE_EVENT_STATEMENT_FAILED] = "statement_failed",
        [CYCLE_EVENT_DATABASE_LOST] = "database_lost",
        [CYCLE_EVENT_CLOSED] = "closed",
        [CYCLE_EVENT_TIMER] = "timer",
        [CYCLE_EVENT_POLL_NOW] = "poll_now",
        [CYCLE_EVENT_STOP] = "stop",
    };

    return names[type];
}

const char *cycle_effect_name(enum cycle_effect_type type)
{
    static const char *const names[CYCLE_EFFECT_TYPE_COUNT] = {
        [CYCLE_EFFECT_OPEN] = "open",
        [CYCLE_EFFECT_LOCK] = "lock",
        [CYCLE_EFFECT_LOAD] = "load",
        [CYCLE_EFFECT_PULL] = "pull",
        [CYCLE_EFFECT_CANCEL_PULL] = "cancel_pull",
        [CYCLE_EFFECT_COMPARE] = "compare",
        [CYCLE_EFFECT_CORROBORATE] = "corroborate",
        [CYCLE_EFFECT_COVER] = "cover",
        [CYCLE_EFFECT_BEGIN] = "begin",
        [CYCLE_EFFECT_WRITE] = "write",
        [CYCLE_EFFECT_COMMIT] = "commit",
        [CYCLE_EFFECT_ROLLBACK] = "rollback",
        [CYCLE_EFFECT_RESOLVE] = "resolve",
        [CYCLE_EFFECT_RECORD] = "record",
        [CYCLE_EFFECT_CANCEL_QUERY] = "cancel_query",
        [CYCLE_EFFECT_CLOSE] = "close",
        [CYCLE_EFFECT_REMEMBER] = "remember",
        [CYCLE_EFFECT_FORGET] = "forget",
        [CYCLE_EFFECT_DISCARD] = "discard",
        [CYCLE_EFFECT_REPORT] = "report",
        [CYCLE_EFFECT_WAIT] = "wait",
        [CYCLE_EFFECT_FINISH] = "finish",
    };

    return names[type];
}

const char *cycle_wait_name(enum cycle_wait wait)
{
    static const char *const names[CYCLE_WAIT_COUNT] = {
        [CYCLE_WAIT_NEXT_POLL] = "next_poll",     [CYCLE_WAIT_CONFIRM] = "confirm",
        [CYCLE_WAIT_API_BACKOFF] = "api_backoff", [CYCLE_WAIT_DATABASE] = "database",
        [CYCLE_WAIT_STANDBY] = "standby",
    };

    return names[wait];
}

const char *cycle_outcome_name(enum cycle_outcome outcome)
{
    static const char *const names[CYCLE_OUTCOME_COUNT] = {
        [CYCLE_OUTCOME_UNCHANGED] = "unchanged", [CYCLE_OUTCOME_WRITTEN] = "written",
        [CYCLE_OUTCOME_FAILED] = "failed",       [CYCLE_OUTCOME_STOPPED] = "stopped",
        [CYCLE_OUTCOME_UNCERTAIN] = "uncertain", [CYCLE_OUTCOME_PLANNED] = "planned",
    };

    return names[outcome];
}

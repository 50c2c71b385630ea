/*
 * Loop lag: the time between two turns less what libuv says it waited for descriptors.
 */
#include "service/lag.h"

#include <string.h>

static void note(struct lag *lag, uint64_t busy_ns)
{
    for (size_t i = 0; i < LAG_READER_COUNT; i++)
        if (busy_ns > lag->longest_ns[i])
            lag->longest_ns[i] = busy_ns;
}

static void prepare_cb(uv_prepare_t *prepare)
{
    struct lag *lag = prepare->data;
    uint64_t now_ns = uv_hrtime();
    uint64_t idle_ns = uv_metrics_idle_time(prepare->loop);
    uint64_t turn_ns = now_ns - lag->turn_from_ns;
    uint64_t waited_ns = idle_ns - lag->idle_ns;

    if (turn_ns > waited_ns)
        note(lag, turn_ns - waited_ns);
    lag->turn_from_ns = now_ns;
    lag->idle_ns = idle_ns;
}

void lag_start(struct lag *lag, uv_loop_t *loop)
{
    uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
    uv_prepare_init(loop, &lag->prepare);
    lag->prepare.data = lag;
    lag->turn_from_ns = uv_hrtime();
    lag->idle_ns = 0;
    memset(lag->longest_ns, 0, sizeof(lag->longest_ns));
    uv_prepare_start(&lag->prepare, prepare_cb);
    uv_unref((uv_handle_t *)&lag->prepare);
}

void lag_stop(struct lag *lag)
{
    uv_close((uv_handle_t *)&lag->prepare, NULL);
}

void lag_interrupted(struct lag *lag)
{
    lag->turn_from_ns = uv_hrtime();
    lag->idle_ns = uv_metrics_idle_time(lag->prepare.loop);
}

int32_t lag_take_ms(struct lag *lag, enum lag_reader reader)
{
    uint64_t longest_ms = lag->longest_ns[reader] / 1000000;

    lag->longest_ns[reader] = 0;
    return longest_ms < INT32_MAX ? (int32_t)longest_ms : INT32_MAX;
}

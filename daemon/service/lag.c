/*
 * Loop lag: the time between two turns less what libuv says it waited for descriptors.
 */
#include "service/lag.h"

static void prepare_cb(uv_prepare_t *prepare)
{
    struct lag *lag = prepare->data;
    uint64_t now_ns = uv_hrtime();
    uint64_t idle_ns = uv_metrics_idle_time(prepare->loop);
    uint64_t turn_ns = now_ns - lag->turn_from_ns;
    uint64_t waited_ns = idle_ns - lag->idle_ns;

    if (turn_ns > waited_ns && turn_ns - waited_ns > lag->longest_ns)
        lag->longest_ns = turn_ns - waited_ns;
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
    lag->longest_ns = 0;
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

int64_t lag_take_us(struct lag *lag)
{
    int64_t longest_us = (int64_t)(lag->longest_ns / 1000);

    lag->longest_ns = 0;
    return longest_us;
}

/*
 * What systemd is told, through libsystemd: which does nothing when there is no NOTIFY_SOCKET.
 */
#include "service/notify.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

static uv_timer_t watchdog;
static int watchdog_runs;

void notify_ready(void)
{
    sd_notify(0, "READY=1");
}

/* systemd 252 has no Type=notify-reload, but understands the states themselves. */
void notify_reloading(void)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(uv_hrtime() / 1000));
}

void notify_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void notify_status(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sd_notifyf(0, "STATUS=%s", text);
}

static void feed_cb(uv_timer_t *timer)
{
    (void)timer;
    sd_notify(0, "WATCHDOG=1");
}

void notify_watchdog_start(uv_loop_t *loop)
{
    uint64_t usec = 0;

    if (sd_watchdog_enabled(0, &usec) <= 0)
        return;
    uv_timer_init(loop, &watchdog);
    uv_timer_start(&watchdog, feed_cb, 0, usec / 2000);
    uv_unref((uv_handle_t *)&watchdog);
    watchdog_runs = 1;
}

void notify_watchdog_stop(void)
{
    if (watchdog_runs)
        uv_close((uv_handle_t *)&watchdog, NULL);
    watchdog_runs = 0;
}

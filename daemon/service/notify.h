/*
 * What systemd is told: readiness, a sentence of status, the watchdog. Does nothing outside systemd.
 */
#ifndef SERVICE_NOTIFY_H
#define SERVICE_NOTIFY_H

#include <uv.h>

void notify_ready(void);
void notify_reloading(void); /* then notify_ready again */
void notify_stopping(void);
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Feeds the watchdog from the loop at half of WATCHDOG_USEC; stop closes its handle. */
void notify_watchdog_start(uv_loop_t *loop);
void notify_watchdog_stop(void);

#endif

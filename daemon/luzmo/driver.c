/*
 *   libcurl says: watch this socket  ->  uv_poll   ->  curl_multi_socket_action(socket)
 *   libcurl says: wake me then       ->  uv_timer  ->  curl_multi_socket_action(timeout)
 *                                                      -> what is finished -> done_cb
 *
 *   a write callback yields       ->  uv_idle   ->  curl_easy_pause(continue)
 *
 * Each watched socket has a poll handle of its own, stopped as soon as libcurl lets go of the socket (it is closed and
 * its number used again right after) and freed when libuv has let go of the handle.
 */
#include "luzmo/driver.h"

#include "base/memory.h"

#include <stdlib.h>

/* libcurl reads as long as bytes are there: a fast server and a busy write callback would hold the loop for ever. */
#define TURN_MS 10

struct driver {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    uv_idle_t idle;      /* active while a handle waits for the next turn: the loop does not sleep then */
    CURL *paused;        /* that handle, else NULL */
    size_t open_handles; /* of libuv, that point into this memory or to it */
    driver_done_cb done_cb;
    void *context;
    void (*closed_cb)(void *context);
    void *closed_context;
};

struct watch {
    uv_poll_t poll;
    struct driver *driver;
    curl_socket_t socket;
};

/* Hands on what is finished. The message is copied first: it is gone when its handle is removed. */
static void report_finished(struct driver *driver)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(driver->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        if (message->msg == CURLMSG_DONE)
            driver->done_cb(driver->context, easy, code);
    }
}

static void act(struct driver *driver, curl_socket_t socket, int events)
{
    int running;

    curl_multi_socket_action(driver->multi, socket, events, &running);
    report_finished(driver);
}

static void poll_cb(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    int flags = 0;

    /* With ERR alone libcurl would give up without asking the socket what happened. */
    if (status < 0)
        flags |= CURL_CSELECT_ERR | CURL_CSELECT_IN | CURL_CSELECT_OUT;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(watch->driver, watch->socket, flags);
}

static void timer_cb(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void handle_closed(struct driver *driver)
{
    void (*closed_cb)(void *context) = driver->closed_cb;
    void *context = driver->closed_context;

    if (--driver->open_handles > 0)
        return;
    free(driver);
    closed_cb(context);
}

static void watch_closed_cb(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct driver *driver = watch->driver;

    free(watch);
    handle_closed(driver);
}

static void handle_closed_cb(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

/* NULL when the socket cannot be watched: libuv found it unfit, or is out of memory. */
static struct watch *watch_new(struct driver *driver, curl_socket_t socket)
{
    struct watch *watch = memory_alloc(sizeof(*watch));

    if (uv_poll_init_socket(driver->loop, &watch->poll, socket) < 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->driver = driver;
    watch->socket = socket;
    driver->open_handles++;
    curl_multi_assign(driver->multi, socket, watch);
    return watch;
}

static void unwatch(struct driver *driver, struct watch *watch)
{
    curl_multi_assign(driver->multi, watch->socket, NULL);
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, watch_closed_cb);
}

/* libcurl's CURLMOPT_SOCKETFUNCTION. A negative result ends all its transfers with an error. */
static int socket_cb(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned)
{
    struct driver *driver = context;
    struct watch *watch = assigned;
    int events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            unwatch(driver, watch);
        return 0;
    }
    if (!watch)
        watch = watch_new(driver, socket);
    if (what != CURL_POLL_OUT)
        events |= UV_READABLE;
    if (what != CURL_POLL_IN)
        events |= UV_WRITABLE;
    return watch && uv_poll_start(&watch->poll, events, poll_cb) == 0 ? 0 : -1;
}

/* libcurl's CURLMOPT_TIMERFUNCTION: -1 is never, 0 is soon and must not be now. */
static int wake_cb(CURLM *multi, long timeout_ms, void *context)
{
    struct driver *driver = context;

    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&driver->timer);
    else
        uv_timer_start(&driver->timer, timer_cb, (uint64_t)timeout_ms, 0);
    return 0;
}

struct driver *driver_new(uv_loop_t *loop, driver_done_cb done_cb, void *context)
{
    struct driver *driver = memory_alloc(sizeof(*driver));

    *driver = (struct driver){.loop = loop, .done_cb = done_cb, .context = context, .open_handles = 2};
    driver->multi = curl_multi_init();
    if (!driver->multi) {
        free(driver);
        return NULL;
    }
    uv_timer_init(loop, &driver->timer);
    driver->timer.data = driver;
    uv_idle_init(loop, &driver->idle);
    driver->idle.data = driver;
    curl_multi_setopt(driver->multi, CURLMOPT_SOCKETFUNCTION, socket_cb);
    curl_multi_setopt(driver->multi, CURLMOPT_SOCKETDATA, driver);
    curl_multi_setopt(driver->multi, CURLMOPT_TIMERFUNCTION, wake_cb);
    curl_multi_setopt(driver->multi, CURLMOPT_TIMERDATA, driver);
    curl_multi_setopt(driver->multi, CURLMOPT_MAXCONNECTS, 1L);
    return driver;
}

int driver_add(struct driver *driver, CURL *easy, struct error *error)
{
    CURLMcode code = curl_multi_add_handle(driver->multi, easy);

    if (code != CURLM_OK)
        return error_set(error, ERROR_INTERNAL, "the request could not be started (%s)",
                         curl_multi_strerror(code));
    return 0;
}

/* The write callback is called from within, and may yield again at once. When it ends the transfer, libcurl says so here
 * and nowhere else. */
static void resume_cb(uv_idle_t *idle)
{
    struct driver *driver = idle->data;
    CURL *easy = driver->paused;

    driver->paused = NULL;
    uv_idle_stop(idle);
    CURLcode code = curl_easy_pause(easy, CURLPAUSE_CONT);
    if (code != CURLE_OK)
        driver->done_cb(driver->context, easy, code);
}

bool driver_yield(struct driver *driver, CURL *easy)
{
    uint64_t turn_ms = uv_hrtime() / 1000000 - uv_now(driver->loop);

    if (turn_ms < TURN_MS)
        return false;
    driver->paused = easy;
    uv_idle_start(&driver->idle, resume_cb);
    return true;
}

void driver_remove(struct driver *driver, CURL *easy)
{
    if (driver->paused == easy) {
        driver->paused = NULL;
        uv_idle_stop(&driver->idle);
    }
    curl_multi_remove_handle(driver->multi, easy);
}

void driver_close(struct driver *driver, void (*closed_cb)(void *context), void *context)
{
    driver->closed_cb = closed_cb;
    driver->closed_context = context;
    curl_multi_cleanup(driver->multi); /* lets go of the kept connections' sockets by socket_cb */
    driver->multi = NULL;
    uv_close((uv_handle_t *)&driver->timer, handle_closed_cb);
    uv_close((uv_handle_t *)&driver->idle, handle_closed_cb);
}

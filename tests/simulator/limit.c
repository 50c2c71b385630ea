#include "limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define PER_SECOND 10
#define BURST      200

struct limit {
    pthread_mutex_t lock;
    bool removed;
    double per_second, burst;
    double left;  /* calls, when they were counted last */
    double since; /* seconds of the monotonic clock: when that was */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct limit *limit_new(void)
{
    struct limit *limit = calloc(1, sizeof(*limit));
    if (!limit)
        abort();
    pthread_mutex_init(&limit->lock, NULL);
    limit_reset(limit);
    return limit;
}

void limit_free(struct limit *limit)
{
    if (!limit)
        return;
    pthread_mutex_destroy(&limit->lock);
    free(limit);
}

void limit_set(struct limit *limit, double per_second, double burst)
{
    pthread_mutex_lock(&limit->lock);
    limit->removed = false;
    limit->per_second = per_second;
    limit->burst = limit->left = burst;
    limit->since = now();
    pthread_mutex_unlock(&limit->lock);
}

void limit_reset(struct limit *limit)
{
    limit_set(limit, PER_SECOND, BURST);
}

void limit_remove(struct limit *limit)
{
    pthread_mutex_lock(&limit->lock);
    limit->removed = true;
    pthread_mutex_unlock(&limit->lock);
}

static void grow_back(struct limit *limit)
{
    double time = now();
    limit->left += (time - limit->since) * limit->per_second;
    if (limit->left > limit->burst)
        limit->left = limit->burst;
    limit->since = time;
}

bool limit_take(struct limit *limit)
{
    pthread_mutex_lock(&limit->lock);
    grow_back(limit);
    bool allowed = limit->removed || limit->left >= 1;
    if (allowed && !limit->removed)
        limit->left -= 1;
    pthread_mutex_unlock(&limit->lock);
    return allowed;
}

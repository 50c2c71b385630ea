/*
 * The program's own getaddrinfo comes before the C library's for all shared libraries too.
 */
#include "luzmo/names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

typedef int (*lookup_fn)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int waiting;
static bool revived;

static int wait_for_revival(void)
{
    pthread_mutex_lock(&lock);
    waiting++;
    while (!revived)
        pthread_cond_wait(&changed, &lock);
    waiting--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return EAI_AGAIN;
}

void names_revive(void)
{
    pthread_mutex_lock(&lock);
    revived = true;
    pthread_cond_broadcast(&changed);
    while (waiting > 0)
        pthread_cond_wait(&changed, &lock);
    revived = false;
    pthread_mutex_unlock(&lock);
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
    lookup_fn lookup;

    *(void **)&lookup = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strcmp(name, "nowhere.test") == 0)
        return EAI_NONAME;
    if (name && strcmp(name, "dead.test") == 0)
        return wait_for_revival();
    return lookup(name && strcmp(name, "api.test") == 0 ? "127.0.0.1" : name, service, hints, result);
}

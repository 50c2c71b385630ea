/*
 * Preloaded into a program, makes one of its allocations fail, or that one and all that follow. They are counted from
 * main on, in every thread; strdup, asprintf and the like get their memory here, too. Knows nothing of the program.
 *
 *   FAILING_HEAP_AT=N         the N-th allocation fails; 0 or unset: none does
 *   FAILING_HEAP_FOREVER=1    and so does every later one
 *   FAILING_HEAP_TRACE=1      everybody who asks is reported
 *   FAILING_HEAP_REPORT=FILE  what came of it, a word and its value on each line:
 *       asked FRAMES              with FAILING_HEAP_TRACE, for each allocation
 *       failed FRAMES             who asked for the allocation that failed first
 *       signal NUMBER             SIGSEGV, SIGBUS, SIGFPE or SIGABRT, if one ended the program
 *       ended FRAMES              and where that was
 *       allocations COUNT         of the whole run, unless another signal ended it
 *   FRAMES is the call stack, innermost first, each as MODULE+OFFSET for addr2line.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES_MAX       48
#define ASKED_FRAMES_MAX 8

/* The allocator behind the names that are taken here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long allocations;
static atomic_bool counting;
static long fail_at; /* 0: never */
static bool for_ever, traces;
static int report = -1;

/* ---- the report: no heap and no stream */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length > 0 && report >= 0 && write(report, text, strnlen(text, sizeof(text))) < 0)
        report = -1;
}

/* dladdr would search for symbols as well, which takes its time. */
static void say_frame(void *frame)
{
    struct dl_find_object module;

    if (_dl_find_object(frame, &module) != 0)
        return;
    const char *path = module.dlfo_link_map->l_name, *slash = strrchr(path, '/');
    say(" %s+%#tx", slash ? slash + 1 : program_invocation_short_name,
        (char *)frame - (char *)module.dlfo_link_map->l_addr);
}

static void say_frames(const char *word, int most)
{
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, most);

    say("%s", word);
    for (int i = 0; i < count; i++)
        say_frame(frames[i]);
    say("\n");
}

static void say_count(void)
{
    say("allocations %ld\n", atomic_load(&allocations));
}

/* ---- the decision */

static void say_who(const char *word, int most)
{
    atomic_store(&counting, false); /* the report may need memory */
    say_frames(word, most);
    atomic_store(&counting, true);
}

static bool fails(void)
{
    if (!atomic_load_explicit(&counting, memory_order_relaxed))
        return false;
    long number = atomic_fetch_add(&allocations, 1) + 1;
    if (traces)
        say_who("asked", ASKED_FRAMES_MAX);
    if (fail_at == 0 || number < fail_at || (number > fail_at && !for_ever))
        return false;
    if (number == fail_at)
        say_who("failed", FRAMES_MAX);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails() ? NULL : __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
    void *block = memalign(alignment, size);

    if (block)
        *ret_block = block;
    return block ? 0 : ENOMEM;
}

/* ---- the program's begin and end */

static void end_by_signal(int number)
{
    atomic_store(&counting, false);
    say("signal %d\n", number);
    say_frames("ended", FRAMES_MAX);
    say_count();
    raise(number); /* ends the program, because of SA_RESETHAND */
}

static void watch_end(int number)
{
    const struct sigaction action = {.sa_handler = end_by_signal, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

    sigaction(number, &action, NULL);
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAILING_HEAP_AT"), *path = getenv("FAILING_HEAP_REPORT");
    void *frame[1];

    fail_at = at ? strtol(at, NULL, 10) : 0;
    for_ever = getenv("FAILING_HEAP_FOREVER") != NULL;
    traces = getenv("FAILING_HEAP_TRACE") != NULL;
    report = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600) : -1;
    (void)backtrace(frame, 1); /* loads what it needs */
    watch_end(SIGSEGV);
    watch_end(SIGBUS);
    watch_end(SIGFPE);
    watch_end(SIGABRT);
    atomic_store(&counting, true);
}

__attribute__((destructor)) static void end(void)
{
    atomic_store(&counting, false);
    say_count();
}

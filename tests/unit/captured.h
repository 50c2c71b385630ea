/*
 * Catches what a piece of code writes to stderr, one write(2) at a time. cmocka reports on stderr too: assert only
 * after captured_end.
 */
#ifndef UNIT_CAPTURED_H
#define UNIT_CAPTURED_H

#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct captured {
    int kept_stderr;
    int socket; /* keeps writes apart, as a pipe would not */
};

static inline void captured_begin(struct captured *captured)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
        abort();
    captured->kept_stderr = dup(STDERR_FILENO);
    captured->socket = pair[0];
    dup2(pair[1], STDERR_FILENO);
    close(pair[1]);
}

static inline void captured_end(struct captured *captured)
{
    dup2(captured->kept_stderr, STDERR_FILENO);
    close(captured->kept_stderr);
}

/* The next write as a text; false when there was none. Closes nothing: call captured_done at last. */
static inline bool captured_next(struct captured *captured, char *ret_text, size_t size)
{
    ssize_t got = recv(captured->socket, ret_text, size - 1, MSG_DONTWAIT);

    ret_text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static inline void captured_done(struct captured *captured)
{
    close(captured->socket);
}

/* Runs `body` in a child; the signal that ended it, 0 when it returned. ret_text is its first write to stderr. */
static inline int captured_death(void (*body)(void), char *ret_text, size_t size)
{
    struct captured captured;
    int status = 0;

    captured_begin(&captured);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        body();
        _exit(0);
    }
    waitpid(child, &status, 0);
    captured_end(&captured);
    captured_next(&captured, ret_text, size);
    captured_done(&captured);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#endif

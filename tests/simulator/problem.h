/*
 * Why something that was asked for is refused: an HTTP status and one sentence for the person who asked. Knows nothing
 * of what was asked.
 */
#ifndef SIMULATOR_PROBLEM_H
#define SIMULATOR_PROBLEM_H

struct problem {
    unsigned status;
    char text[256];
};

/* Fills `problem` and returns -1, so that a refusal is one return statement. What it quotes may be anything: bytes that
 * are not ASCII become question marks, so that the sentence can stand in every JSON text. */
int problem_set(struct problem *problem, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

int problem_set(struct problem *problem, unsigned status, const char *format, ...)
{
    problem->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    for (char *at = problem->text; *at; at++) {
        if (*at & 0x80)
            *at = '?';
    }
    return -1;
}

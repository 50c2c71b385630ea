/*
 * Catches what a piece of code writes to stdout. cmocka reports on stderr.
 */
#ifndef UNIT_COMMANDS_SHOWN_H
#define UNIT_COMMANDS_SHOWN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct shown {
    int kept_stdout;
    FILE *file;
    char text[65536];
};

static inline void shown_begin(struct shown *shown)
{
    fflush(stdout);
    shown->file = tmpfile();
    shown->kept_stdout = dup(STDOUT_FILENO);
    if (!shown->file || dup2(fileno(shown->file), STDOUT_FILENO) < 0)
        abort();
}

/* What was written meanwhile; valid until the next time. */
static inline const char *shown_end(struct shown *shown)
{
    fflush(stdout);
    dup2(shown->kept_stdout, STDOUT_FILENO);
    close(shown->kept_stdout);
    rewind(shown->file);
    shown->text[fread(shown->text, 1, sizeof(shown->text) - 1, shown->file)] = '\0';
    fclose(shown->file);
    return shown->text;
}

#endif

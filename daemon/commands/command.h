/*
 * What a subcommand is: a row of the command table, which command_line.c reads, `--help` prints and nobody else knows.
 */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "base/error.h"
#include "service/config.h"

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_MAX 8

/* An option of a command, `--name` or `--name VALUE`. */
struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for its value in the help; NULL: it takes none */
    const char *help;
};

/* A command line, understood. values[i] belongs to the i-th row of the command's options: NULL when it was not given, ""
 * when it was given and takes no value. */
struct invocation {
    const char *config_file; /* -c; NULL: the default */
    const char *values[OPTIONS_MAX];
    const char *argument; /* the command's one argument; NULL when it takes none */
};

/* Exit codes, the stable contract with scripts (design: command line). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_CHANGES = 2,      /* plan --detailed-exitcode found changes */
    EXIT_HELD = 3,         /* something is held */
    EXIT_USAGE = 64,       /* the command line is wrong */
    EXIT_VERIFY = 65,      /* a verification failed */
    EXIT_UNAVAILABLE = 69, /* API, TLS or database away; status: stale */
    EXIT_INTERNAL = 70,
    EXIT_TRY_AGAIN = 75,   /* another instance holds the lock */
    EXIT_MALFORMED = 76,   /* the API's answer is malformed or redirects */
    EXIT_CREDENTIALS = 77, /* rejected */
    EXIT_CONFIG = 78,
};

/* A command's work: 0 or another exit code on its own account, or a negative error class with *error set, which
 * command_line.c tells and turns into an exit code. */
struct command {
    const char *name;
    const char *summary;                        /* one line of the help */
    const char *details;                        /* paragraphs of `rollcall NAME --help` */
    const char *argument;                       /* what stands for its argument in the help; NULL: none */
    struct option_row options[OPTIONS_MAX + 1]; /* ended by a NULL name */
    int (*run)(const struct invocation *invocation, struct error *error);
};

extern const struct command command_run, command_once, command_plan, command_status, command_members,
    command_changes, command_holds, command_approve, command_reject, command_migrate, command_check;

/* The exit code of an error class. */
enum exit_code command_exit_code(enum error_class class);

/* The configuration that the command line names, with its log level in force. */
MUST_CHECK int command_read_config(const struct invocation *invocation, struct config *ret_config,
                                   struct error *error);

#endif

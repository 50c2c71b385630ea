/*
 * The command line. One table names the commands; each command's row names its options; this file reads both and knows
 * nothing of what they do.
 */
#include "commands/command_line.h"

#include "base/log.h"
#include "base/memory.h"
#include "commands/command.h"
#include "commands/terminal.h"
#include "service/credentials.h"
#include "service/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
    &command_run,   &command_once,    &command_plan,   &command_status,  &command_members, &command_changes,
    &command_holds, &command_approve, &command_reject, &command_migrate, &command_check,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* --- exit codes --------------------------------------------------------------------------------------------------- */

enum exit_code command_exit_code(enum error_class class)
{
    switch (class) {
    case ERROR_NONE:
        return EXIT_DONE;
    case ERROR_USAGE:
        return EXIT_USAGE;
    case ERROR_CONFIG:
        return EXIT_CONFIG;
    case ERROR_CREDENTIALS:
        return EXIT_CREDENTIALS;
    case ERROR_UNAVAILABLE:
        return EXIT_UNAVAILABLE;
    case ERROR_MALFORMED:
        return EXIT_MALFORMED;
    case ERROR_BUSY:
        return EXIT_TRY_AGAIN;
    case ERROR_VERIFY:
        return EXIT_VERIFY;
    case ERROR_INTERNAL:
        break;
    }
    return EXIT_INTERNAL;
}

/* --- help --------------------------------------------------------------------------------------------------------- */

static void print_help(void)
{
    printf("rollcall keeps a faithful, auditable copy of a Luzmo organization in PostgreSQL.\n\n"
           "usage: rollcall [-c FILE] COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    printf(
        "\n  -c, --config FILE  the configuration, before or after the command; default " CONFIG_DEFAULT_FILE
        "\n"
        "  -h, --help         this text; after a command: that command's\n"
        "  --help-config      every setting of the configuration\n"
        "  --sample-config    a configuration with every setting at its default\n"
        "  --version\n\n"
        "Exit codes: 0 done, 2 plan found changes, 3 held, 64 usage, 65 verification failed, 69 API or database away\n"
        "(status: stale), 70 internal, 75 another instance is at work, 76 the API's answer cannot be used,\n"
        "77 credentials rejected, 78 configuration, 141 whoever read the output had enough.\n");
}

static void print_command_help(const struct command *command)
{
    printf("usage: rollcall [-c FILE] %s%s%s%s\n\n%s\n", command->name, command->argument ? " " : "",
           command->argument ? command->argument : "", command->options[0].name ? " [OPTION...]" : "",
           command->details);
    for (const struct option_row *option = command->options; option->name; option++) {
        char left[64];
        snprintf(left, sizeof(left), "--%s %s", option->name, option->value ? option->value : "");
        printf("%s  %-22s %s\n", option == command->options ? "\n" : "", left, option->help);
    }
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The arguments and how far they have been read. */
struct arguments {
    char **words;
    int count;
    int at;
};

enum reading {
    READING_GO_ON,
    READING_HELP,
};

/* The value of an option: after `=`, else the next word. */
static int take_value(struct arguments *arguments, const char *option, const char *inline_value,
                      const char **ret_value, struct error *error)
{
    if (inline_value)
        *ret_value = inline_value;
    else if (arguments->at < arguments->count)
        *ret_value = arguments->words[arguments->at++];
    else
        return error_set(error, ERROR_USAGE, "%s needs a value after it", option);
    return 0;
}

static bool is_config_option(const char *word)
{
    return strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0 || strncmp(word, "--config=", 9) == 0;
}

static int take_config(struct arguments *arguments, const char *word, struct invocation *invocation,
                       struct error *error)
{
    const char *inline_value = strncmp(word, "--config=", 9) == 0 ? word + 9 : NULL;

    if (invocation->config_file)
        return error_set(error, ERROR_USAGE, "the configuration is named twice; give -c once");
    return take_value(arguments, "-c", inline_value, &invocation->config_file, error);
}

static int take_option(struct arguments *arguments, const char *word, const struct command *command,
                       struct invocation *invocation, struct error *error)
{
    size_t length = strcspn(word, "=");
    const char *inline_value = word[length] == '=' ? word + length + 1 : NULL;

    for (size_t i = 0; command->options[i].name; i++) {
        const struct option_row *option = &command->options[i];
        if (strlen(option->name) + 2 != length || strncmp(word + 2, option->name, length - 2) != 0)
            continue;
        if (invocation->values[i])
            return error_set(error, ERROR_USAGE, "--%s is given twice", option->name);
        if (option->value)
            return take_value(arguments, word, inline_value, &invocation->values[i], error);
        if (inline_value)
            return error_set(error, ERROR_USAGE, "--%s takes no value", option->name);
        invocation->values[i] = "";
        return 0;
    }
    return error_set(error, ERROR_USAGE, "%s knows no option %s; see: rollcall %s --help", command->name,
                     word, command->name);
}

static int take_argument(const char *word, const struct command *command, struct invocation *invocation,
                         struct error *error)
{
    if (!command->argument)
        return error_set(error, ERROR_USAGE, "%s takes no argument \"%s\"; see: rollcall %s --help",
                         command->name, word, command->name);
    if (invocation->argument)
        return error_set(error, ERROR_USAGE, "%s takes one %s at a time, and \"%s\" is another",
                         command->name, command->argument, word);
    invocation->argument = word;
    return 0;
}

/* Reads what stands after the command's name. */
static int read_options(struct arguments *arguments, const struct command *command,
                        struct invocation *invocation, struct error *error)
{
    while (arguments->at < arguments->count) {
        const char *word = arguments->words[arguments->at++];
        int status = 0;

        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            return READING_HELP;
        if (is_config_option(word))
            status = take_config(arguments, word, invocation, error);
        else if (strncmp(word, "--", 2) == 0)
            status = take_option(arguments, word, command, invocation, error);
        else
            status = take_argument(word, command, invocation, error);
        if (status < 0)
            return status;
    }
    if (command->argument && !invocation->argument)
        return error_set(error, ERROR_USAGE, "%s needs a %s after it; see: rollcall %s --help", command->name,
                         command->argument, command->name);
    return READING_GO_ON;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

static int run_command(struct arguments *arguments, const char *name, struct invocation *invocation,
                       struct error *error)
{
    const struct command *command = find_command(name);

    if (!command)
        return error_set(error, ERROR_USAGE, "there is no command \"%s\"; see: rollcall --help", name);
    int reading = read_options(arguments, command, invocation, error);
    if (reading == READING_HELP)
        print_command_help(command);
    return reading == READING_GO_ON ? command->run(invocation, error) : reading < 0 ? reading : EXIT_DONE;
}

/* Options that stand alone and print something. True when the word was one. */
static bool print_for(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        print_help();
    else if (strcmp(word, "--version") == 0)
        printf("rollcall " ROLLCALL_VERSION "\n");
    else if (strcmp(word, "--help-config") == 0)
        config_print_help(stdout);
    else if (strcmp(word, "--sample-config") == 0)
        config_print_sample(stdout);
    else if (strcmp(word, "--manual-config") == 0) /* for the build of the manual page */
        config_print_manual(stdout);
    else
        return false;
    return true;
}

static int read_and_run(struct arguments *arguments, struct error *error)
{
    struct invocation invocation = {0};

    while (arguments->at < arguments->count) {
        const char *word = arguments->words[arguments->at++];
        if (print_for(word))
            return EXIT_DONE;
        if (word[0] != '-')
            return run_command(arguments, word, &invocation, error);
        if (!is_config_option(word))
            return error_set(error, ERROR_USAGE, "there is no option %s; see: rollcall --help", word);
        int status = take_config(arguments, word, &invocation, error);
        if (status < 0)
            return status;
    }
    return error_set(error, ERROR_USAGE,
                     "say what to do, for example: rollcall status; all commands: rollcall --help");
}

int command_read_config(const struct invocation *invocation, struct config *ret_config, struct error *error)
{
    int status = config_read(invocation->config_file, ret_config, error);

    if (status == 0)
        log_set_level(ret_config->log.level);
    return status;
}

/* Where a standard stream is closed, the next socket would take its number, and what is printed would go to the database
 * or the API. Opened for the other direction, its use fails as it would have. */
static void hold_standard_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) == -1 &&
            open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream)
            error_fatal("a standard stream is closed and /dev/null cannot be opened in its place");
}

/* A pipe without a reader and a file at its limit are errors of a write, and not a sudden end in the midst of things. */
static void ignore_signals_of_writing(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* `| head` has had enough, which is no failure to tell of: ends as every other filter does. */
static void leave_with_reader(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

int command_line_run(int argc, char **argv)
{
    struct arguments arguments = {.words = argv, .count = argc, .at = 1};
    struct error error = {0};

    memory_serve_openssl();
    hold_standard_streams();
    ignore_signals_of_writing();
    credentials_take_environment();
    int status = read_and_run(&arguments, &error);
    if (status >= 0 && fflush(stdout) != 0)
        status = error_set(&error, ERROR_UNAVAILABLE, "the output could not be written: %m");
    if (ferror(stdout) && terminal_reader_has_gone())
        leave_with_reader();
    if (status < 0) {
        fputs("rollcall: ", stderr);
        terminal_print(stderr, error.text, strlen(error.text)); /* it may repeat a word of the command line */
        putc('\n', stderr);
        status = (int)command_exit_code(error.class);
    }
    if (runner_left_lookup())
        _exit(status);
    return status;
}

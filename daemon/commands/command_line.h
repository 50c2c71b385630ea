/*
 * The command line: finds the command, reads its options, tells errors, gives the exit code.
 */
#ifndef COMMANDS_COMMAND_LINE_H
#define COMMANDS_COMMAND_LINE_H

/* The whole program. Returns the exit code. */
int command_line_run(int argc, char **argv);

#endif

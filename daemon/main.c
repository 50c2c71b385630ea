/*
 * The program's entry: hands the command line to the command table and nothing else.
 */
#include "commands/command_line.h"

int main(int argc, char **argv)
{
    return command_line_run(argc, argv);
}

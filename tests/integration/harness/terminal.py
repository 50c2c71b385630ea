"""A terminal for the program: what it prints when a person looks."""

import os
import pty
import subprocess

from harness.account import clean_environment


def run_on_terminal(rollcall, *arguments, errors=False, **environment):
    """Runs `rollcall -c FILE ...` with a terminal as its standard output, and with `errors` as its standard error too;
    what it printed there, as bytes."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([rollcall.binary, "-c", rollcall.config_file, *map(str, arguments)], stdout=theirs,
                               stderr=theirs if errors else subprocess.PIPE, cwd=rollcall.directory,
                               env=clean_environment(**{"TERM": "xterm", **environment}))
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        pass  # a terminal that nobody has open any more
    os.close(ours)
    told = shown if errors else process.stderr.read()
    assert process.wait(timeout=60) in (0, 2, 3), told
    return shown

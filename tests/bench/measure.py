"""What an action costs: time by the clock, processor time of the program and of the whole database server, memory at
most, bytes of WAL."""

import contextlib
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile
import time

from harness.account import clean_environment

MIB = 1024 * 1024


@dataclasses.dataclass
class Sample:
    """One measurement. None: not measured, or it has none."""

    wall_ms: float = None
    cpu_ms: float = None         # of the program, all its threads
    server_cpu_ms: float = None  # of all processes of PostgreSQL
    peak_mib: float = None
    wal_bytes: int = None
    dead_tuples: int = None
    turn_ms: int = None          # the longest time in which the event loop did nothing else


# ---- one process


def cpu_ms(pid):
    """Processor time a running process has used so far, threads that have ended included."""
    process_clock = ~pid << 3 | 2  # as clock_getcpuclockid makes it
    return time.clock_gettime(process_clock) * 1e3


def peak_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def forget_peak(pid):
    """From now on the peak is that of what follows."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def wakeups(pid):
    """How often its threads were given a processor."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/status")
    return sum(int(number) for task in tasks for number in re.findall(r"ctxt_switches:\s+(\d+)", task.read_text()))


class Failed(Exception):
    """A measured program did not do what it should; the text says what."""


def run(command, output=None, environment=None):
    """Runs a command to its end as a Sample; its standard output goes to the file `output`."""
    with tempfile.NamedTemporaryFile("r") as peak, tempfile.TemporaryFile() as errors, \
            open(output or os.devnull, "wb") as out:
        # Between this program and the command stands a small one: a process inherits the peak of what it was forked from.
        words = ["/usr/bin/time", "--quiet", "-f", "%M", "-o", peak.name, *map(str, command)]
        began = time.perf_counter()
        process = subprocess.Popen(words, stdout=out, stderr=errors, env=clean_environment(**environment or {}))
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failed(f"{words[6:]} ended with {process.returncode}:\n{errors.read().decode(errors='replace')[-2000:]}")
        return Sample(wall_ms=wall * 1e3, cpu_ms=(usage.ru_utime + usage.ru_stime) * 1e3,
                      peak_mib=int(peak.read()) / 1024)


# ---- the server


def children(parent):
    """Process ids of its children."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(path.parent.name)


class Server:
    """The private PostgreSQL as far as it is measured."""

    def __init__(self, postgres):
        self.postgres = postgres

    def _cpu_ms(self):
        """Of the first process, of its children that ended, and of those that live."""
        first = self.postgres.process.pid
        fields = pathlib.Path(f"/proc/{first}/stat").read_text().rpartition(")")[2].split()
        ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK") * 1e3
        alive = 0
        for pid in [first, *children(first)]:
            with contextlib.suppress(OSError):
                alive += cpu_ms(pid)
        return ended + alive

    def _wal_position(self, database):
        return int(database.value("SELECT pg_current_wal_insert_lsn() - '0/0'"))

    def _wait_for_ends(self, before):
        """A session's process ends a little after its client; its time is known when it is gone. Some stay, though."""
        first = self.postgres.process.pid
        for _ in range(20):
            if set(children(first)) <= before:
                break
            time.sleep(0.01)

    def watch(self, database, action):
        """Does it; its Sample with what it cost the server."""
        before = set(children(self.postgres.process.pid))
        wal, cpu = self._wal_position(database), self._cpu_ms()
        sample = action()
        self._wait_for_ends(before)
        sample.server_cpu_ms = self._cpu_ms() - cpu
        sample.wal_bytes = self._wal_position(database) - wal
        return sample

"""Who is measured: Rollcall, as service and as command, and the yardsticks, what it cannot be faster than."""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time

from harness.account import clean_environment, die_with_tests
from harness.program import render
from measure import Failed, Sample, cpu_ms, forget_peak, peak_mib, run, wakeups
from server import KEY, TOKEN

HERE = pathlib.Path(__file__).parent
PATIENCE = 900  # seconds for one cycle of anything


MARKS = (b"event=cycle", b'"members"')


class Lines:
    """What a program says, line by line, with the time at which it did; only lines with a mark are kept. The program must
    not wait for us: the pipe is wide, and little is done between two reads."""

    def __init__(self, stream):
        self.stream = stream
        self.rest = b""
        self.last = ""
        self.lines = []
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 1 << 20)

    def wait(self, mark):
        """The time at which a line with this mark came, and the line; marked lines before it are forgotten."""
        deadline = time.perf_counter() + PATIENCE
        while True:
            while self.lines:
                at, line = self.lines.pop(0)
                if mark in line:
                    return at, line.decode(errors="replace")
            self._read(deadline, mark)

    def _read(self, deadline, mark):
        ready, _, _ = select.select([self.stream], [], [], max(0, deadline - time.perf_counter()))
        piece = os.read(self.stream.fileno(), 1 << 20) if ready else b""
        now = time.perf_counter()
        if not piece:
            raise Failed(f"the program ended, or did not say {mark!r} within {PATIENCE} s; its last word: {self.last}")
        *whole, self.rest = (self.rest + piece).split(b"\n")
        self.last = whole[-1].decode(errors="replace") if whole else self.last
        self.lines += [(now, line) for line in whole if any(known in line for known in MARKS)]


# ---- Rollcall


class Rollcall:
    """Its configuration; each database has its own."""

    def __init__(self, program, directory, api):
        self.program = pathlib.Path(program).resolve()
        self.directory = pathlib.Path(directory)
        self.api = api
        for name, text in (("key", KEY), ("token", TOKEN)):
            path = self.directory / name
            path.touch(mode=0o600)
            path.write_text(text + "\n")

    def configure(self, database):
        """Nothing happens by itself, and no guard is in the way of the changes that are measured."""
        path = self.directory / f"{database.name}.conf"
        path.write_text(render({
            "api": {"url": self.api.url, "ca_file": self.api.ca_file, "key_file": self.directory / "key",
                    "token_file": self.directory / "token"},
            "database": {"conninfo": database.conninfo},
            "sync": {"interval": "1d", "full_compare": "365d", "stall_timeout": "10min", "total_timeout": "1h"},
            "guard": {"removals": "off", "vanished_flags": "off"},
        }))
        return path

    def command(self, database, *arguments):
        return run([self.program, "-c", self.configure(database), *arguments])

    def once(self, database):
        """`rollcall once` with all that belongs to it: start, connections, roster, one poll, end."""
        return self.command(database, "once")

    def service(self, database):
        return Service(self, database)


class Service:
    """`rollcall run`. Start it, have it poll, stop it."""

    def __init__(self, rollcall, database):
        self.command = [rollcall.program, "-c", rollcall.configure(database), "run"]
        self.process = None
        self.lines = None

    def start(self, expected):
        """From the start of the process to the end of its first cycle; `expected` as in poll."""
        began = time.perf_counter()
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, env=clean_environment(),
                                        preexec_fn=die_with_tests)
        self.lines = Lines(self.process.stderr)
        return self._cycle(began, 0, expected)

    def poll(self, expected):
        """One poll of the running service, from the signal to the end of the cycle. expected: how many members must have
        changed in it."""
        forget_peak(self.process.pid)
        used = cpu_ms(self.process.pid)
        began = time.perf_counter()
        self.process.send_signal(signal.SIGHUP)  # it reads its settings again, asks whose token it has, and polls
        return self._cycle(began, used, expected)

    def _cycle(self, began, used, expected):
        ended, line = self.lines.wait(b"event=cycle")
        figures = dict(re.findall(r"(\w+)=(\S+)", line))
        found = int(figures.get("role_changed", 0)) + int(figures.get("added", 0))
        if figures["outcome"] not in ("changed", "unchanged") or found != expected:
            raise Failed(f"{found} members changed, not {expected}: {line}")
        return Sample(wall_ms=(ended - began) * 1e3, cpu_ms=cpu_ms(self.process.pid) - used,
                      peak_mib=peak_mib(self.process.pid), turn_ms=int(figures["loop_busy_ms"]))

    def wakeups_a_minute(self, seconds):
        """While nothing happens."""
        before = wakeups(self.process.pid)
        time.sleep(seconds)
        return (wakeups(self.process.pid) - before) * 60 / seconds

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


# ---- yardsticks


class Receive:
    """curl: receives the answer and throws it away."""

    def __init__(self, api, directory):
        self.api = api
        self.request = pathlib.Path(directory) / "request.json"
        self.request.write_text(json.dumps({"action": "get", "version": "0.1.0", "key": KEY, "token": TOKEN, "find": {}}))
        self.times = pathlib.Path(directory) / "times"

    def _curl(self, *resources):
        """A transfer for each over one connection; times those of the last."""
        targets = [word for resource in resources for word in ("--output", "/dev/null", f"{self.api.url}/{resource}")]
        sample = run(["curl", "--silent", "--show-error", "--fail", "--cacert", self.api.ca_file,
                      "--data", f"@{self.request}", "--write-out", "%{time_total}\n", *targets], output=self.times)
        sample.wall_ms = float(self.times.read_text().split()[-1]) * 1e3
        return sample

    def kept(self):
        """Over a connection that is open already."""
        return self._curl("user", "organization")

    def fresh(self):
        """With connecting and the TLS handshake."""
        return self._curl("organization")


STAGED = ("organization_id, user_id, email, name, city, country_id, locale_id, flag_plan, user_created_at, flag_member,"
          " flag_editor, flag_own, flag_admin, other_flags, role_created_at, role_updated_at, first_seen_at,"
          " last_changed_at, last_seen_at, absent_since, absent_polls, removed_at, slice_digest, value_digest")
LOGGED = "cycle_id, organization_id, user_id, kind, old_values, new_values, observed_after, observed_at"


class WrittenRows:
    """The rows that Rollcall's last cycle wrote, kept to write them again by hand."""

    def __init__(self, directory, name, database):
        self.members = pathlib.Path(directory) / f"{name}.members"
        self.log = pathlib.Path(directory) / f"{name}.log"
        cycle = database.value("SELECT max(cycle_id) FROM rollcall.cycle")
        changes = f"FROM rollcall.change_log WHERE cycle_id = {cycle}"
        self._save(database, self.members, f"SELECT {STAGED} FROM rollcall.member"
                                           f" WHERE user_id IN (SELECT user_id {changes}) ORDER BY user_id")
        self._save(database, self.log, f"SELECT {LOGGED} {changes} ORDER BY change_id")

    def _save(self, database, path, query):
        with contextlib.closing(database.server.connect(database.name)) as session, open(path, "wb") as file:
            session.cursor().copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", file)


class Copy:
    """psql: COPY of the same rows into the same two tables, in one transaction."""

    def __init__(self, postgres):
        self.postgres = postgres

    def write(self, database, rows):
        return run([self.postgres.programs / "psql", "-X", "-q", "--single-transaction", "--set", "ON_ERROR_STOP=1",
                    "--dbname", database.conninfo,
                    "-c", f"\\copy rollcall.member ({STAGED}) from '{rows.members}' (format binary)",
                    "-c", f"\\copy rollcall.change_log ({LOGGED}) from '{rows.log}' (format binary)"])


class ByHand:
    """Hand-written SQL over a kept connection: COPY to a temporary table, one UPDATE, COPY of the log rows."""

    def __init__(self, database):
        self.update = (HERE / "sql/yardstick_update.sql").read_text()
        self.session = database.server.connect(database.name, user="rollcall")
        self._do(f"CREATE TEMPORARY TABLE stage ON COMMIT DELETE ROWS AS SELECT {STAGED} FROM rollcall.member WITH NO DATA")

    def _do(self, sql):
        with self.session.cursor() as cursor:
            cursor.execute(sql)

    def _copy(self, target, path):
        with self.session.cursor() as cursor, open(path, "rb") as file:
            cursor.copy_expert(f"COPY {target} FROM STDIN (FORMAT binary)", file, size=1 << 16)

    def write(self, rows):
        began, used = time.perf_counter(), time.process_time()
        self._do("BEGIN")
        self._copy(f"stage ({STAGED})", rows.members)
        self._do(self.update)
        self._copy(f"rollcall.change_log ({LOGGED})", rows.log)
        self._do("COMMIT")
        return Sample(wall_ms=(time.perf_counter() - began) * 1e3, cpu_ms=(time.process_time() - used) * 1e3)

    def stop(self):
        self.session.close()

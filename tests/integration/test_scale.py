"""A hundred thousand members: what one poll costs. Bytes of WAL and of memory are promises and asserted; times depend on
the machine and are only printed (pytest -s)."""

import pathlib
import re

import pytest

from harness.truth import assert_mirrors

MEMBERS = 100_000
WAL_MAX = 1024  # bytes of an unchanged poll
MEMORY_MAX = 30 * 1024 * 1024
PATIENT = {"interval": "1h", "stall_timeout": "2min"}  # the simulator takes its time over so large an answer
FIGURES = ("decoded", "full", "bytes", "pull_ms", "loop_busy_ms")


@pytest.fixture
def simulator(start_simulator):
    return start_simulator("--members", MEMBERS)


class Meter:
    """The service, poll by poll; reloading makes it poll at once."""

    def __init__(self, rollcall):
        self.rollcall = rollcall
        self.database = rollcall.database
        self.daemon = rollcall.run()
        self.polls = 0
        self.wait("first load")

    def wait(self, what):
        self.polls += 1
        self.daemon.wait_for_log("event=cycle", self.polls, timeout=300)
        line = [line for line in self.daemon.log().splitlines() if "event=cycle" in line][-1]
        figures = dict(re.findall(r"(\w+)=(\S+)", line))
        assert figures["outcome"] in ("changed", "unchanged"), line
        named = " ".join(f"{name}={figures[name]}" for name in FIGURES)
        print(f"{what}: {named} peak_kib={self.peak() // 1024}")
        return figures

    def poll(self, what):
        self.daemon.reload()
        return self.wait(what)

    def peak(self):
        """Bytes of memory at most so far."""
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def wal_of(self, what):
        """Bytes of WAL that a poll writes."""
        before = self.database.value("SELECT pg_current_wal_insert_lsn() - '0/0'")
        self.poll(what)
        written = int(self.database.value("SELECT pg_current_wal_insert_lsn() - '0/0'") - before)
        print(f"{what}: wal={written} bytes")
        return written


def state_of_members(database):
    """Moves with every write and every row lock."""
    return database.query("SELECT count(*), md5(string_agg(concat_ws('/', ctid, xmin, xmax), ',' ORDER BY ctid))"
                          " FROM rollcall.member")


def is_sanitized(binary):
    return b"__asan_init" in binary.read_bytes()


def test_a_hundred_thousand_members(rollcall, simulator, database):
    rollcall.configure(sync=PATIENT)
    meter = Meter(rollcall)
    first_peak = meter.peak()
    assert_mirrors(database, simulator)

    before = state_of_members(database)
    meter.poll("unchanged")
    assert meter.wal_of("unchanged") < WAL_MAX
    database.execute("CHECKPOINT")
    assert meter.wal_of("unchanged, after a checkpoint") < WAL_MAX
    simulator.shuffle(members=1)
    assert meter.wal_of("in another order") < WAL_MAX
    assert state_of_members(database) == before
    peak = meter.peak()

    rollcall.configure(sync={**PATIENT, "full_compare": "1s"})
    assert meter.poll("every value")["full"] == "true"
    assert state_of_members(database) == before

    rollcall.configure(sync=PATIENT)
    for user in sorted(database.members())[::1000]:
        simulator.rename(user, "Somebody else")
    meter.poll("a hundred renames")
    assert_mirrors(database, simulator)
    assert len(database.changes()) == MEMBERS + 100

    simulator.shuffle(text=1)
    assert meter.poll("every byte another")["decoded"] == str(MEMBERS)
    assert len(database.changes()) == MEMBERS + 100
    assert meter.daemon.stop() == 0
    if not is_sanitized(rollcall.binary):
        assert first_peak < MEMORY_MAX and peak < MEMORY_MAX, f"{first_peak} bytes in the first load, {peak} after it"

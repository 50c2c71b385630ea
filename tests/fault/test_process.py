"""What happens to the process: dead name servers, a reload at the wrong time, no descriptors, a halt, a clock that jumps, a
full disk. It goes on, or ends as it should, and nothing false is written."""

import json
import os
import pathlib
import resource
import shlex
import signal
import socket
import subprocess
import time

import pytest

from harness.simulator import AMY
from harness.truth import assert_mirrors, wait_for_mirror
from harness.waiting import wait_until

DAY = 86400


def kinds(database):
    return sorted(change["kind"] for change in database.changes())


# ---- name servers that never answer

NAMELESS = """\
ip link set lo up
ip link add hole type veth peer name end
ip address add 192.0.2.2/24 dev hole
ip link set hole up
ip link set end up
ip neighbour add 192.0.2.1 lladdr 02:00:00:00:00:01 dev hole
mount --bind {resolver} /etc/resolv.conf
"""


@pytest.fixture
def dead_resolver(rollcall):
    """The program runs in a network of its own, where questions to the name server vanish."""
    resolver = rollcall.directory / "resolv.conf"
    resolver.write_text("nameserver 192.0.2.1\noptions timeout:30 attempts:5\n")
    script = rollcall.directory / "inside"
    script.write_text(f"set -e\n{NAMELESS.format(resolver=resolver)}exec {shlex.quote(str(rollcall.binary))} \"$@\"\n")
    outside = rollcall.directory / "rollcall-inside"
    outside.write_text(f"#!/bin/sh\nexec unshare --net --mount sh {script} \"$@\"\n")
    outside.chmod(0o755)
    rollcall.binary = outside
    if rollcall.run_with("--version").code != 0:
        pytest.skip("only root may make a network of its own")
    return rollcall


@pytest.mark.parametrize("where", ["api", "database"])
def test_told_to_leave_with_dead_name_servers(dead_resolver, simulator, where):
    places = {"api": {"api": {"url": "https://api.nowhere.test/0.1.0"}},
              "database": {"database": {"conninfo": "host=db.nowhere.test dbname=x user=x"}}}
    dead_resolver.configure(log={"level": "debug"}, **places[where])
    daemon = dead_resolver.run()
    daemon.wait_for_log("to=pulling" if where == "api" else "to=connecting")
    assert daemon.stop() == 0


def test_dead_name_servers_are_waited_for_no_longer_than_allowed(dead_resolver, database):
    dead_resolver.configure(api={"url": "https://api.nowhere.test/0.1.0"}, sync={"stall_timeout": "1s"})
    for _ in range(2):
        assert "api.nowhere.test" in dead_resolver.once(code=69).err
    assert [cycle["outcome"] for cycle in database.cycles()] == ["failed"] * 2
    daemon = dead_resolver.run()
    daemon.wait_for_log("outcome=failed", count=3)
    assert daemon.stop() == 0


# ---- a reload at the wrong time


def test_a_broken_configuration_in_the_middle_of_a_cycle(rollcall, simulator, database):
    """The cycle under way ends well, then the new settings are refused, and the old ones go on."""
    simulator.fault(delay_ms=1000)
    daemon = rollcall.run()
    wait_until(simulator.requests, "the pull to begin")
    rollcall.configure(sync={"interval": "never"}, api={"url": "http://elsewhere.test"})
    daemon.reload()
    daemon.wait_for_log("event=reload_refused")
    log = daemon.log()
    assert log.index("outcome=changed") < log.index("event=reload_refused")
    simulator.rename(AMY, "Amy E.")
    wait_for_mirror(database, simulator)
    assert "elsewhere" not in "".join(request["path"] for request in simulator.requests())
    assert daemon.stop() == 0


# ---- descriptors


@pytest.mark.parametrize("left", range(4))
@pytest.mark.parametrize("lost", ["the database", "the API"])
def test_no_descriptors_are_left(daemon, simulator, database, lost, left):
    """Taken away from a running service when it needs a new connection."""
    pid = daemon.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    in_use = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use - 2 + left, limits[1]))
    if lost == "the database":
        database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rollcall'"
                         " AND datname = current_database()")
    else:
        simulator.go_away()
        simulator.come_back()
    simulator.rename(AMY, "Amy E.")
    if left == 0:
        daemon.wait_for_log("level=warning")
    time.sleep(1)
    assert daemon.is_running(), daemon.log()[-2000:]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    wait_for_mirror(database, simulator)
    assert kinds(database) == ["baseline"] * 3 + ["profile_changed"]
    assert daemon.stop() == 0


# ---- the watchdog


@pytest.fixture
def manager(tmp_path):
    """What systemd hears: manager() is every message so far."""
    path = tmp_path / "notify"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(path))
    listener.setblocking(False)
    heard = []

    def messages():
        try:
            while True:
                heard.append(listener.recv(4096).decode())
        except BlockingIOError:
            return heard

    messages.path = path
    yield messages
    listener.close()


def test_a_hung_loop_does_not_feed_the_watchdog(rollcall, manager):
    """That systemd then replaces it is seen in tests/integration/systemd."""
    daemon = rollcall.run(NOTIFY_SOCKET=str(manager.path), WATCHDOG_USEC="200000")
    wait_until(lambda: manager().count("WATCHDOG=1") > 3, "the watchdog to be fed")
    assert "READY=1" in manager()
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    fed = manager().count("WATCHDOG=1")
    time.sleep(1)
    assert manager().count("WATCHDOG=1") == fed
    daemon.process.send_signal(signal.SIGCONT)
    wait_until(lambda: manager().count("WATCHDOG=1") > fed, "the watchdog to be fed again")
    assert daemon.stop() == 0 and "STOPPING=1" in manager()


# ---- a crash


def dumps_core(process):
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status  # it has been waited for
    assert os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


def test_a_crash_leaves_no_core(daemon, tmp_path):
    """It would hold the token."""
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    other = subprocess.Popen(["sleep", "60"], cwd=tmp_path,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, unlimited))
    if not dumps_core(other):
        pytest.skip("no process leaves a core here")
    resource.prlimit(daemon.process.pid, resource.RLIMIT_CORE, unlimited)
    assert not dumps_core(daemon.process)


# ---- time


def test_a_suspended_machine_catches_up_with_one_poll(rollcall, simulator, database):
    daemon = rollcall.run()
    daemon.wait_for_cycles(1)
    daemon.process.send_signal(signal.SIGSTOP)
    simulator.rename(AMY, "Amy E.")
    before = len(simulator.requests())
    time.sleep(6)
    assert len(simulator.requests()) == before
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGCONT)
    wait_for_mirror(database, simulator)
    daemon.wait_for_cycles(2)
    polls = len(simulator.requests()) - before
    assert polls <= time.monotonic() - began + 2, "one to catch up, and one each second: no burst"
    assert daemon.stop() == 0


@pytest.fixture
def clock(tmp_path):
    """A clock for the program that the test can set; the steady one goes on as ever. clock.environment goes to run()."""
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if not library:
        pytest.skip("libfaketime is not installed")
    setting = tmp_path / "faketime"

    class Clock:
        environment = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(setting), "FAKETIME_NO_CACHE": "1",
                       "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

        def jump(self, seconds):
            setting.write_text(f"{seconds:+d}\n")

    clock = Clock()
    clock.jump(0)
    return clock


def test_a_clock_that_jumps_starts_no_poll(rollcall, simulator, database, clock):
    rollcall.configure(sync={"interval": "1h"})
    daemon = rollcall.run(**clock.environment)
    daemon.wait_for_cycles(1)
    before = len(simulator.requests())
    for days in (2, -2, 0):
        clock.jump(days * DAY)
        time.sleep(1)
    assert len(simulator.requests()) == before
    assert daemon.stop() == 0


@pytest.mark.parametrize("days", [2, -2])
def test_after_a_jump_changes_are_in_order(rollcall, simulator, database, clock, days):
    """Polls go on at their pace; times only ever increase, and what is shown as of now is what is so."""
    daemon = rollcall.run(**clock.environment)
    daemon.wait_for_cycles(1)
    for number, jump in enumerate((0, days, 0)):
        clock.jump(jump * DAY)
        began, before = time.monotonic(), len(simulator.requests())
        simulator.rename(AMY, f"Amy {number}")
        wait_for_mirror(database, simulator)
        daemon.wait_for_cycles(1)
        assert len(simulator.requests()) - before <= time.monotonic() - began + 2
    assert "event=clock_behind" in daemon.log()
    assert daemon.stop() == 0
    changes = database.changes(after=3)
    assert [change["new_values"]["name"] for change in changes] == ["Amy 0", "Amy 1", "Amy 2"]
    times = [change["observed_at"] for change in changes]
    assert times == sorted(set(times)), "order by time is the order of recording"
    assert all(change["observed_after"] < change["observed_at"] for change in changes)


def test_a_clock_set_back_delays_no_removal_of_the_running_service(rollcall, simulator, database, clock):
    daemon = rollcall.run(**clock.environment)
    daemon.wait_for_cycles(1)
    clock.jump(-2 * DAY)
    simulator.leave(AMY)
    wait_for_mirror(database, simulator)
    assert daemon.stop() == 0


# ---- no room for the spool

MANY = 4000


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    directory = tmp_path / "small"
    directory.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", directory], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small tmpfs")
    yield directory
    subprocess.run(["umount", directory], check=True)


def rename_all(simulator):
    organization = simulator.organization()
    for user in organization["users"]:
        user["name"] = "x" * 500
    simulator.answer_with(json.dumps({"count": 1, "rows": [organization]}).encode())


def test_a_spool_that_does_not_fit_is_a_failed_cycle(small_disk, rollcall, simulator, database):
    simulator.generate(MANY, 3)
    rollcall.once()
    rename_all(simulator)
    failed = rollcall.command("once", TMPDIR=str(small_disk)).expect(69)
    assert str(small_disk) in failed.err and "No space left" in failed.err
    assert database.cycles()[-1]["outcome"] == "failed" and set(kinds(database)) == {"baseline"}
    assert list(small_disk.iterdir()) == []
    rollcall.once()
    assert database.value("SELECT count(*) FROM rollcall.current_member WHERE length(name) = 500") == MANY


def test_a_spool_that_fits_in_memory_needs_no_disk(small_disk, rollcall, simulator, database):
    (small_disk / "other").write_bytes(b"x" * 256 * 1024)
    simulator.rename(AMY, "Amy E.")
    rollcall.command("once", TMPDIR=str(small_disk)).expect(0)
    assert_mirrors(database, simulator)


def test_the_service_waits_for_room(small_disk, rollcall, simulator, database):
    simulator.generate(MANY, 3)
    daemon = rollcall.run(TMPDIR=str(small_disk))
    daemon.wait_for_cycles(1)
    assert "No space left" in daemon.log()
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    wait_until(lambda: len(database.members()) == MANY, "the members")
    assert daemon.stop() == 0

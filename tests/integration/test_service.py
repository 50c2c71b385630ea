"""The service and its company: settings that change while it runs, and other instances beside it."""

import contextlib
import socket

import pytest

from harness.postgres import ROLE
from harness.simulator import AMY
from harness.truth import wait_for_mirror
from harness.waiting import wait_until

CONNECTED = f"SELECT pid FROM pg_stat_activity WHERE usename = '{ROLE}' AND datname = %s"



# ---- what systemd is told


@pytest.fixture
def told(tmp_path):
    """A socket that hears like systemd's; told() is all it has heard so far, word by word."""
    path, heard = tmp_path / "notify", []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(path))
        ear.setblocking(False)

        def told():
            with contextlib.suppress(BlockingIOError):
                while True:
                    heard.append(ear.recv(4096).decode())
            return heard

        told.path = path
        yield told


def test_the_status_says_what_is_being_done_and_then_how_it_went(rollcall, told):
    daemon = rollcall.run(NOTIFY_SOCKET=str(told.path))
    daemon.wait_for_cycles(1)
    wait_until(lambda: any("in step" in word for word in told()), "its status")
    assert daemon.stop() == 0
    heard = told()
    assert "READY=1" in heard and heard[-1] == "STOPPING=1"
    doing = [word for word in heard if word.startswith("STATUS=Not polled yet: ")]
    assert doing[0].endswith("connecting to the database") and doing[-1].endswith("committing the changes")
    assert "STATUS=3 members in step with Luzmo, last poll changed" in heard[heard.index(doing[-1]):]


def test_a_standby_says_so(daemon, rollcall, told):
    rollcall.run(NOTIFY_SOCKET=str(told.path))
    wait_until(lambda: "STATUS=Standing by while another instance writes" in told(), "its status")


# ---- SIGHUP


def test_a_new_interval(rollcall, simulator, database):
    rollcall.configure(sync={"interval": "1h"})
    daemon = rollcall.run()
    daemon.wait_for_cycles(1)
    rollcall.configure(sync={"interval": "1s"})
    daemon.reload()
    daemon.wait_for_cycles(3)
    assert daemon.log().count("event=reloaded") == 1


def test_a_token_that_was_renewed(rollcall, simulator, database):
    rollcall.token_file.write_text("of-yesterday\n")
    daemon = rollcall.run()
    daemon.wait_for_log("class=credentials")
    rollcall.token_file.write_text(simulator.token + "\n")
    daemon.reload()
    wait_for_mirror(database, simulator)
    assert "of-yesterday" not in daemon.log() and simulator.token not in daemon.log()


BROKEN = {
    "a value": ({"sync": {"interval": "soon"}}, "sync.interval"),
    "a key that nobody knows": ({"sync": {"intervall": "1s"}}, "intervall"),
    "a file that is not there": ({"api": {"token_file": "/nonexistent"}}, "/nonexistent"),
    "another database": ({"database": {"conninfo": "dbname=other"}}, "conninfo"),
    "a certificate authority that is not there": ({"api": {"ca_file": "/nonexistent"}}, "ca_file"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_configuration_is_refused(daemon, rollcall, simulator, database, broken):
    sections, word = BROKEN[broken]
    rollcall.configure(**sections)
    daemon.reload()
    daemon.wait_for_log("event=reload_refused")
    (line,) = [line for line in daemon.log().splitlines() if "event=reload_refused" in line]
    assert word in line
    simulator.rename(AMY, "Amy E.")
    wait_for_mirror(database, simulator)
    rollcall.configure()
    daemon.reload()
    daemon.wait_for_log("event=reloaded")
    assert daemon.stop() == 0


def test_a_reload_in_the_middle_of_a_poll_waits_for_its_end(rollcall, simulator, database):
    rollcall.configure(sync={"interval": "1h"})
    simulator.fault(delay_ms=1000)
    daemon = rollcall.run()
    wait_until(simulator.requests, "the pull to begin")
    daemon.reload()
    wait_for_mirror(database, simulator)
    daemon.wait_for_log("event=reloaded")
    log = daemon.log()
    assert log.index("event=cycle") < log.index("event=reloaded")


# ---- two instances


def test_a_second_instance_stands_by_and_takes_over(daemon, rollcall, simulator, database):
    rollcall.configure(log={"level": "debug"})
    second = rollcall.run()
    second.wait_for_log("to=standby")
    daemon.wait_for_cycles(2)
    assert "event=cycle" not in second.log()
    daemon.kill()
    simulator.rename(AMY, "Amy E.")
    wait_for_mirror(database, simulator)
    assert "event=cycle" in second.log()
    assert second.stop() == 0


def test_a_single_cycle_does_not_wait_for_long(daemon, rollcall):
    refused = rollcall.once(code=75)
    assert "another instance" in refused.err and refused.err.count("\n") == 1
    daemon.stop()
    rollcall.once()


def test_a_single_cycle_waits_a_little(daemon, rollcall, simulator, database):
    """The other instance is just leaving."""
    waiting = rollcall.run("once")
    wait_until(lambda: len(database.query(CONNECTED, database.name)) == 2, "the second connection")
    assert daemon.stop() == 0
    assert waiting.process.wait(timeout=30) == 0


def test_plan_and_queries_take_no_lock(daemon, rollcall):
    for command in ("plan", "members", "changes", "status"):
        rollcall.command(command).expect(0)

"""One writer: a second instance stands by, takes over when the first one ends or falls silent, and a writer that comes
back from the dead writes nothing stale."""

import os
import signal
import time

import pytest

from harness.postgres import ROLE
from harness.simulator import AMY, DAVID
from harness.truth import assert_mirrors, wait_for_mirror
from harness.waiting import wait_until

SILENCE = 12  # seconds after which a writer counts as stalled here: interval + total_timeout + 10
HOLDER = ("SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
          " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")


@pytest.fixture
def quick(rollcall):
    """As impatient as a standby can be."""
    rollcall.configure(sync={"total_timeout": "1s"})
    return rollcall


def start_both(rollcall):
    """A writer that has polled and a standby that has noticed it."""
    writer = rollcall.run()
    writer.wait_for_cycles(1)
    standby = rollcall.run()
    standby.wait_for_log("event=standby")
    return writer, standby


def stop_in_a_transaction(writer, simulator, database):
    """The writer is halted with its changes written and not committed. Returns the server process of its session."""
    with database.locked_member(AMY):
        simulator.rename(AMY, "Amy, as the first one saw her")
        wait_until(lambda: database.query("SELECT 1 FROM pg_stat_activity WHERE usename = %s AND datname = %s"
                                          " AND wait_event_type = 'Lock'", ROLE, database.name), "the writer to wait")
        writer.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: database.query("SELECT 1 FROM pg_stat_activity WHERE usename = %s AND datname = %s"
                                      " AND state = 'idle in transaction'", ROLE, database.name), "the server to be done")
    return database.value(HOLDER)


def test_a_halted_writer_is_replaced_and_comes_back_as_standby(quick, simulator, database):
    writer, standby = start_both(quick)
    session = stop_in_a_transaction(writer, simulator, database)
    simulator.rename(AMY, "Amy, as she is now")
    assert "another instance" in quick.once(code=75).err, "`once` ends nobody"
    assert database.value(HOLDER) == session

    standby.wait_for_log("event=took_over", timeout=SILENCE + 20)
    wait_for_mirror(database, simulator)
    assert f"level=warning event=writer_ended writer_pid={session}" in standby.log()
    polls = database.polls()

    writer.process.send_signal(signal.SIGCONT)
    writer.wait_for_log("event=standby")
    assert "event=database_away" in writer.log()
    simulator.set_flag(DAVID, "flagOwn", True)
    wait_for_mirror(database, simulator)
    assert database.polls() > polls and database.value(HOLDER) != session
    assert "as the first one saw her" not in str(database.changes())
    assert (writer.log().count("event=standby"), standby.log().count("event=standby")) == (1, 1), "said once"
    assert "outcome=changed" not in writer.log().split("event=standby")[1]
    assert (writer.stop(), standby.stop()) == (0, 0)


def test_a_killed_writer_is_replaced_at_once(quick, simulator, database):
    writer, standby = start_both(quick)
    writer.kill()
    simulator.rename(AMY, "Amy, later")
    wait_for_mirror(database, simulator)
    assert "event=took_over" in standby.log() and "event=writer_ended" not in standby.log()
    assert standby.stop() == 0


def test_a_writer_between_two_polls_is_left_alone(rollcall, simulator, database):
    """It has nothing to say for an hour, which is much longer than the limit of an impatient standby."""
    rollcall.configure(sync={"interval": "1h", "total_timeout": "1s"})
    writer, standby = start_both(rollcall)
    session = database.value(HOLDER)
    time.sleep(SILENCE + 2)
    assert database.value(HOLDER) == session and "event=writer_ended" not in standby.log()
    assert standby.stop() == 0, "a standby can be stopped"
    os.kill(writer.process.pid, 0)
    assert writer.stop() == 0
    assert_mirrors(database, simulator)

"""A COMMIT whose answer is lost: it is looked up and never guessed, so the changes are there once, whatever happened."""

import pytest

from harness.proxy import Delay, lose_reply, lose_request
from harness.simulator import AMY
from harness.truth import assert_mirrors, wait_for_mirror


@pytest.fixture
def behind_proxy(rollcall, database, proxy):
    """The program, connected through the proxy, with the schema in place."""
    rollcall.configure(database={"conninfo": proxy.conninfo(database)}, log={"level": "debug"})
    rollcall.command("migrate").expect(0)
    return rollcall


@pytest.fixture
def synced(behind_proxy):
    behind_proxy.once()
    return behind_proxy


def change(simulator):
    """At one stroke: no poll sees half of it."""
    simulator.patch(AMY, name="Amy E.", organizationRole={"flagOwn": True})


def kinds(database):
    return sorted(change["kind"] for change in database.changes())


BASELINE = ["baseline"] * 3
CHANGED = [*BASELINE, "profile_changed", "role_changed"]


@pytest.mark.parametrize("fate", [lose_reply, lose_request])
def test_the_service_finds_out(synced, simulator, database, proxy, fate):
    daemon = synced.run()
    daemon.wait_for_cycles(1)
    proxy.at_commit(fate)
    change(simulator)
    wait_for_mirror(database, simulator)
    assert proxy.commits == 1 and kinds(database) == CHANGED
    daemon.wait_for_cycles(2)
    assert kinds(database) == CHANGED
    outcomes = [cycle["outcome"] for cycle in database.cycles()]
    assert outcomes == (["changed"] * 2 if fate is lose_reply else ["changed", "failed", "changed"])
    assert daemon.stop() == 0


def test_a_cycle_in_one_go_finds_out(synced, simulator, database, proxy):
    change(simulator)
    proxy.at_commit(lose_reply)
    synced.once()
    assert proxy.commits == 1 and kinds(database) == CHANGED
    assert_mirrors(database, simulator)


def test_a_cycle_in_one_go_says_that_it_was_lost(synced, simulator, database, proxy):
    change(simulator)
    proxy.at_commit(lose_request)
    lost = synced.once(code=69)
    assert "COMMIT" in lost.err and kinds(database) == BASELINE
    synced.once()
    assert kinds(database) == CHANGED


@pytest.mark.parametrize("fate", [lose_reply, lose_request])
def test_the_very_first_commit(behind_proxy, simulator, database, proxy, fate):
    """There is no organization yet whose row could be locked."""
    proxy.at_commit(fate)
    daemon = behind_proxy.run()
    wait_for_mirror(database, simulator)
    daemon.wait_for_cycles(1)
    assert proxy.commits == 1 and kinds(database) == BASELINE
    assert daemon.stop() == 0


def test_a_commit_that_arrives_late_is_waited_for(synced, simulator, database, proxy):
    daemon = synced.run()
    daemon.wait_for_cycles(1)
    late = Delay()
    proxy.at_commit(late)
    change(simulator)
    daemon.wait_for_log("to=resolving")
    assert kinds(database) == BASELINE
    late.may_arrive.set()
    wait_for_mirror(database, simulator)
    daemon.wait_for_cycles(2)
    assert kinds(database) == CHANGED
    assert [cycle["outcome"] for cycle in database.cycles()] == ["changed", "changed"]
    assert daemon.stop() == 0


def test_stopped_while_nobody_knows(synced, simulator, database, proxy):
    daemon = synced.run()
    daemon.wait_for_cycles(1)
    late = Delay()
    proxy.at_commit(late)
    change(simulator)
    daemon.wait_for_log("to=resolving")
    assert daemon.stop() == 0
    assert "outcome=uncertain" in daemon.log() and "the next run reads what is true" in daemon.log()
    late.may_arrive.set()
    synced.once()
    assert kinds(database) == CHANGED
    assert_mirrors(database, simulator)

"""A connection pooler in between. In session mode it is as good as none; one that shares server sessions between
transactions cannot carry the writer's lock and is refused, by name, before anything is asked through it."""

import os
import tempfile

import psycopg2
import pytest

from harness.pooler import Pooler, pooler_program
from harness.simulator import AMY
from harness.truth import assert_mirrors, wait_for_mirror
from harness.waiting import wait_until

pytestmark = pytest.mark.skipif(not pooler_program(), reason="pgbouncer is not here (tests/run unpacks it)")

NO_LOCK = "shares server sessions among its clients"
ADVICE = "connect to PostgreSQL directly, or use the pooler's session mode"
NOTHING_LEFT = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


@pytest.fixture
def pooler(database):
    """pooler("transaction") starts one."""
    started = []

    def start(mode, **settings):
        directory = tempfile.TemporaryDirectory(prefix="rollcall-pool-", dir="/tmp")  # socket paths must be short
        os.chmod(directory.name, 0o755)
        started.append((directory, Pooler(directory.name, database, mode, **settings)))
        return started[-1][1]

    yield start
    for directory, pooler in started:
        pooler.close()
        directory.cleanup()


def connect_through(rollcall, pooler):
    rollcall.configure(database={"conninfo": pooler.conninfo})
    return rollcall


# ---- refused


@pytest.mark.parametrize("settings", [
    {},
    {"server_round_robin": 1},  # every transaction gets the server that rested longest
    {"default_pool_size": 1},
    {"server_reset_query_always": 1},  # no prepared statement of one client is left for the next
])
def test_a_transaction_pooler_is_named(rollcall, pooler, settings):
    result = connect_through(rollcall, pooler("transaction", **settings)).command("check")
    assert result.code == 78 and NO_LOCK in result.out and ADVICE in result.out, result.out
    assert result.out.count("FAIL") == 1


@pytest.mark.parametrize("settings", [{}, {"server_round_robin": 1}, {"server_reset_query_always": 1}])
def test_nothing_is_written_through_it(rollcall, pooler, database, settings):
    connect_through(rollcall, pooler("transaction", **settings))
    for command in ("once", "run", "once"):
        result = rollcall.command(command)
        assert result.code == 78 and NO_LOCK in result.err and ADVICE in result.err, result.err
    assert not database.has_schema()
    assert database.value(NOTHING_LEFT) == 0, "a lock was left in a session that is nobody's"


@pytest.mark.parametrize("settings", [{}, {"server_round_robin": 1}])
def test_one_with_several_idle_sessions(rollcall, pooler, database, settings):
    """Others have used it at the same time before; now it has a choice."""
    pooler = pooler("transaction", **settings)
    others = [psycopg2.connect(pooler.conninfo) for _ in range(3)]
    for everybody in ("SELECT 1", "COMMIT"):
        for other in others:
            other.cursor().execute(everybody)
    assert connect_through(rollcall, pooler).command("once").code == 78
    assert not database.has_schema()
    for other in others:
        other.close()


# ---- as good as none


def test_without_a_pooler(rollcall):
    result = rollcall.command("check").expect(0)
    assert "none in between" in result.out


def test_a_session_pooler_passes(rollcall, pooler):
    result = connect_through(rollcall, pooler("session")).command("check").expect(0)
    assert "none in between" in result.out


def test_a_session_pooler_whose_sessions_are_taken_passes(rollcall, pooler, database, simulator):
    """Nothing can be tried with a second connection, so there is no reason to refuse the first."""
    connect_through(rollcall, pooler("session", default_pool_size=1, query_wait_timeout=2)).once()
    assert_mirrors(database, simulator)


def test_told_to_leave_while_it_tries_the_pooler(rollcall, pooler):
    """The second connection waits for a session that never gets free."""
    pooler = pooler("session", default_pool_size=1, query_wait_timeout=60)
    before = pooler.logins()
    daemon = connect_through(rollcall, pooler).run()
    wait_until(lambda: pooler.logins() == before + 2, "the second connection")
    assert daemon.stop() == 0


def test_everything_works_through_a_session_pooler(rollcall, pooler, simulator, database):
    """One client after the other gets the same server session: settings, lock and prepared statements start afresh."""
    pooler = pooler("session", default_pool_size=3)
    connect_through(rollcall, pooler)
    rollcall.plan().expect(0)
    for name in ("Amy the first", "Amy the second", "Amy the third"):
        simulator.rename(AMY, name)
        rollcall.once()
        assert_mirrors(database, simulator)
    assert len(rollcall.members("--format", "csv").expect(0).out.splitlines()) == 4
    daemon = rollcall.run()
    simulator.rename(AMY, "Amy the fourth")
    wait_for_mirror(database, simulator)
    assert rollcall.once(code=75), "the lock is held through the pooler"
    assert daemon.stop() == 0
    rollcall.once()

"""PostgreSQL and the API go away and come back: the service goes on by itself, and leaves when it is told to."""

import contextlib
import os
import re
import signal

import pytest

from harness.postgres import ROLE, Database
from harness.simulator import AMY, DAVID, JULIA
from harness.truth import assert_mirrors, wait_for_mirror
from harness.waiting import wait_until

WRITER = f"SELECT pid FROM pg_stat_activity WHERE usename = '{ROLE}' AND datname = %s"
BLOCKED = WRITER + " AND wait_event_type = 'Lock'"


@pytest.fixture
def away(postgres):
    """A server that a test has stopped runs again afterwards."""
    yield
    if not postgres.process:
        postgres.start()


def blocked(database):
    return database.query(BLOCKED, database.name)


@contextlib.contextmanager
def hanging_writer(database, simulator):
    """The writer's server process is stopped in the middle of a transaction, and goes on in the end."""
    simulator.rename(AMY, "Amy E.")
    ((row),) = wait_until(lambda: blocked(database), "the writer to wait for the row")
    os.kill(row["pid"], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(row["pid"], signal.SIGCONT)


def kinds(database):
    return sorted(change["kind"] for change in database.changes())


# ---- PostgreSQL


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_postgresql_is_stopped_and_started(daemon, postgres, simulator, database, away, how):
    postgres.stop(how)
    simulator.set_flag(AMY, "flagOwn", True)
    daemon.wait_for_log("event=database_away")
    postgres.start()
    wait_for_mirror(database, simulator)
    assert kinds(database) == ["baseline"] * 3 + ["role_changed"]
    assert daemon.stop() == 0


def test_postgresql_is_away_at_start(rollcall, postgres, simulator, database, away):
    postgres.stop()
    daemon = rollcall.run()
    daemon.wait_for_log("event=database_away")
    assert rollcall.once(code=69).err.count("\n") == 1
    assert daemon.is_running()
    postgres.start()
    wait_for_mirror(database, simulator)
    assert daemon.stop() == 0


CLOSE, OPEN = "ALTER DATABASE {0} ALLOW_CONNECTIONS false", "ALTER DATABASE {0} ALLOW_CONNECTIONS true"
CLOSED = {
    "the database is closed": ([CLOSE], [OPEN], 69, "not currently accepting connections"),
    "the database is gone": ([CLOSE, "ALTER DATABASE {0} RENAME TO {0}_away"],
                             ["ALTER DATABASE {0}_away RENAME TO {0}", OPEN],
                             69, "create the database or correct dbname"),
    "the role may not connect": ([f"REVOKE CONNECT ON DATABASE {{0}} FROM PUBLIC, {ROLE}"],
                                 [f"GRANT CONNECT ON DATABASE {{0}} TO PUBLIC, {ROLE}"],
                                 69, "grant this one what it lacks"),
    "the role may not log in": ([f"ALTER ROLE {ROLE} NOLOGIN"], [f"ALTER ROLE {ROLE} LOGIN"],
                                77, "check user and password"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_database_that_is_closed_for_a_while_is_waited_for(daemon, postgres, simulator, database, name):
    """As while an administrator restores it: the service goes on by itself, a command says how to mend it."""
    close, reopen, code, advice = CLOSED[name]
    administration = Database(postgres, "postgres")
    database.close()
    try:
        for statement in close:
            administration.execute(statement.format(database.name))
            administration.execute(f"SELECT pg_terminate_backend(pid, 10000) FROM ({WRITER}) AS writer", database.name)
        daemon.wait_for_log("event=database_away")
        assert advice in daemon.rollcall.once(code).err
        check = daemon.rollcall.command("check").expect(code).out
        (line,) = [line for line in check.splitlines() if line.startswith("FAIL")]
        assert re.match("FAIL +database", line) and advice in line
        simulator.rename(AMY, "Amy E.")
    finally:
        for statement in reopen:
            administration.execute(statement.format(database.name))
    wait_for_mirror(database, simulator)
    assert daemon.is_running()


def test_the_writers_session_is_ended_while_idle(daemon, simulator, database):
    database.execute(f"SELECT pg_terminate_backend(pid) FROM ({WRITER}) AS writer", database.name)
    simulator.rename(AMY, "Amy E.")
    wait_for_mirror(database, simulator)
    assert kinds(database) == ["baseline"] * 3 + ["profile_changed"]
    assert daemon.is_running()


def test_the_writers_session_is_ended_in_a_transaction(daemon, simulator, database):
    with database.locked_member(AMY):
        simulator.rename(AMY, "Amy E.")
        simulator.leave(DAVID)
        wait_until(lambda: blocked(database), "the writer to wait for the row")
        database.execute(f"SELECT pg_terminate_backend(pid) FROM ({BLOCKED}) AS writer", database.name)
        wait_until(lambda: not blocked(database), "the writer's end")
    wait_for_mirror(database, simulator)
    daemon.wait_for_cycles(3)
    assert kinds(database) == ["baseline"] * 3 + ["left", "profile_changed"]


def test_a_deadlock_is_tried_again(daemon, simulator, database):
    """The writer holds the first member and waits for the last, the other session the other way round."""
    first, *_, last = sorted([AMY, DAVID, JULIA])
    with database.locked_member(last) as other:
        simulator.rename(first, "A")
        simulator.rename(last, "Z")
        wait_until(lambda: blocked(database), "the writer to wait for the row")
        with other.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '1min'")  # so that it is the writer who gives way
            cursor.execute("SELECT 1 FROM rollcall.member WHERE user_id = %s FOR UPDATE", (first,))
    wait_for_mirror(database, simulator)
    assert kinds(database) == ["baseline"] * 3 + ["profile_changed"] * 2
    assert "failed" not in {cycle["outcome"] for cycle in database.cycles()}


def test_no_connection_is_left(daemon, simulator, database):
    database.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 0")
    try:
        database.execute(f"SELECT pg_terminate_backend(pid) FROM ({WRITER}) AS writer", database.name)
        simulator.rename(AMY, "Amy E.")
        daemon.wait_for_log("too many connections")
    finally:
        database.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")
    wait_for_mirror(database, simulator)


def test_a_server_that_takes_no_writes_for_a_while(daemon, postgres, simulator, database):
    server = Database(postgres, "postgres")
    server.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    database.execute(f"SELECT pg_terminate_backend(pid) FROM ({WRITER}) AS writer", database.name)
    simulator.rename(AMY, "Amy E.")
    daemon.wait_for_log("read-only")
    assert daemon.is_running() and kinds(database) == ["baseline"] * 3
    server.execute(f"ALTER DATABASE {database.name} RESET default_transaction_read_only")
    wait_for_mirror(database, simulator)


# ---- the API


def test_the_api_goes_away_and_comes_back(daemon, simulator, database):
    simulator.go_away()
    simulator.leave(JULIA)
    daemon.wait_for_log("outcome=failed")
    simulator.come_back()
    wait_for_mirror(database, simulator)
    assert kinds(database) == ["baseline"] * 3 + ["left"]
    failed = [cycle for cycle in database.cycles() if cycle["outcome"] == "failed"]
    assert failed and all(cycle["error_class"] == "unavailable" and cycle["error_text"] for cycle in failed)


def test_everything_is_away_and_comes_back(daemon, postgres, simulator, database, away):
    simulator.go_away()
    postgres.stop("immediate")
    daemon.wait_for_log("event=database_away")
    postgres.start()
    daemon.wait_for_log("outcome=failed")
    simulator.rename(AMY, "Amy E.")
    simulator.come_back()
    wait_for_mirror(database, simulator)


# ---- leaving


def test_told_to_leave_while_idle(daemon):
    assert daemon.stop() == 0
    assert "event=stopping" in daemon.log()


@pytest.mark.parametrize("script", [{"chunk": 1, "drip_ms": 200}, {"stall_after": 100}, {"delay_ms": 60000}],
                         ids=["drip", "stall", "silence"])
def test_told_to_leave_in_a_pull(daemon, simulator, database, script):
    simulator.forget_requests()
    simulator.fault(times=-1, **script)
    wait_until(simulator.requests, "the pull to begin")
    assert daemon.stop() == 0
    assert "failed" not in {cycle["outcome"] for cycle in database.cycles()}, "nobody failed, it was told to leave"


def test_told_to_leave_in_a_transaction(daemon, simulator, database):
    with database.locked_member(AMY):
        simulator.rename(AMY, "Amy E.")
        wait_until(lambda: blocked(database), "the writer to wait for the row")
        assert daemon.stop() == 0
    wait_until(lambda: not database.query(WRITER, database.name), "its session to end")
    assert kinds(database) == ["baseline"] * 3
    daemon.rollcall.once()
    assert_mirrors(database, simulator)


def test_told_to_leave_with_everything_away(daemon, postgres, simulator, away):
    simulator.go_away()
    postgres.stop()
    daemon.wait_for_log("event=database_away")
    assert daemon.stop() == 0


def test_told_twice_it_leaves_at_once(daemon, simulator, database):
    """Its server process hangs, so that nothing is answered any more."""
    with database.locked_member(AMY), hanging_writer(database, simulator):
        daemon.process.terminate()
        daemon.wait_for_log("event=stopping")
        assert daemon.is_running()
        assert daemon.stop() == 0
    daemon.rollcall.once()
    assert_mirrors(database, simulator)

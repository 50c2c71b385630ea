"""What PostgreSQL can do to a transaction: refuse it, end its session, fall over, or not say how it ended. Every change is
written once, whatever happened on the way."""

import contextlib
import os
import signal

import psycopg2
import pytest

from harness.postgres import ROLE, Database
from harness.simulator import AMY
from harness.truth import assert_mirrors, wait_for_mirror
from harness.waiting import wait_until

WRITER = f"SELECT pid, wait_event, state FROM pg_stat_activity WHERE usename = '{ROLE}' AND datname = current_database()"
BASELINE = ["baseline"] * 3
CHANGED = [*BASELINE, "joined", "profile_changed", "role_changed"]


def change(simulator):
    simulator.set_flag(AMY, "flagOwn", True)
    simulator.rename(AMY, "Amy E.")
    simulator.join()


def kinds(database):
    return sorted(change["kind"] for change in database.changes())


def outcomes(database):
    return [cycle["outcome"] for cycle in database.cycles()]


def writer_that(database, **columns):
    """The server process of the program's session, once it is in this condition."""
    def found():
        return [row["pid"] for row in database.query(WRITER)
                if all(row[name] == value for name, value in columns.items())]
    return wait_until(found, f"a session with {columns}")[0]


@contextlib.contextmanager
def locked_member(database, user):
    """Another session keeps a member's row for itself until this ends, or release() is called."""
    session = psycopg2.connect(host=str(database.server.directory), dbname=database.name, user="postgres")
    with session.cursor() as cursor:
        cursor.execute("SELECT 1 FROM rollcall.member WHERE user_id = %s FOR UPDATE", (user,))
    try:
        yield session.close
    finally:
        session.close()


@pytest.fixture
def again(postgres):
    """A server that a test has stopped runs again afterwards, as it ran before."""
    yield
    postgres.stop()
    postgres.start()


# ---- refusals

TRIGGER = """
CREATE SEQUENCE public.attempts;
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF nextval('public.attempts') <= {times} THEN {action}; END IF;
  RETURN NULL;
END $$;
{trigger} EXECUTE FUNCTION public.refuse()
"""
AT_WRITE = "CREATE TRIGGER refuse AFTER INSERT ON rollcall.change_log FOR EACH STATEMENT"
AT_COMMIT = ("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON rollcall.change_log DEFERRABLE INITIALLY DEFERRED"
             " FOR EACH ROW")


def disturb(database, action, times=1, trigger=AT_WRITE):
    """The next so many transactions that reach this point meet it."""
    database.execute(TRIGGER.format(times=times, action=action, trigger=trigger))


def refuse_with(sqlstate):
    return f"RAISE EXCEPTION 'made to fail' USING ERRCODE = '{sqlstate}'"


PASSING = {"serialization failure": "40001", "deadlock": "40P01", "lock_timeout": "55P03", "cancelled": "57014",
           "disk full": "53100", "out of memory": "53200", "an i/o error": "58030"}


@pytest.mark.parametrize("when", [AT_WRITE, AT_COMMIT], ids=["write", "commit"])
@pytest.mark.parametrize("reason", PASSING)
def test_what_passes_is_tried_again_in_the_same_cycle(rollcall, simulator, database, reason, when):
    rollcall.once()
    disturb(database, refuse_with(PASSING[reason]), times=2, trigger=when)
    change(simulator)
    result = rollcall.once()
    assert result.err.count("event=write_refused") == 2 and PASSING[reason] in result.err
    assert kinds(database) == CHANGED and outcomes(database) == ["changed", "changed"]


@pytest.mark.parametrize("when", [AT_WRITE, AT_COMMIT], ids=["write", "commit"])
def test_what_does_not_pass_soon_is_a_failed_cycle(rollcall, simulator, database, when):
    """The third refusal is believed; the next poll tries again."""
    rollcall.once()
    disturb(database, refuse_with("40001"), times=4, trigger=when)
    change(simulator)
    daemon = rollcall.run()
    wait_for_mirror(database, simulator)
    assert kinds(database) == CHANGED and outcomes(database) == ["changed", "failed", "changed"]
    assert database.cycles()[1]["error_class"] == "unavailable"
    assert daemon.stop() == 0


@pytest.mark.parametrize("sqlstate", ["XX000", "22003", "23514"])
def test_what_is_not_expected_is_not_tried_at_once(rollcall, simulator, database, sqlstate):
    rollcall.once()
    disturb(database, refuse_with(sqlstate))
    change(simulator)
    failed = rollcall.once(code=70)
    assert sqlstate in failed.err and "write_refused" not in failed.err
    assert kinds(database) == BASELINE and outcomes(database)[-1] == "failed"
    rollcall.once()
    assert kinds(database) == CHANGED


# ---- timeouts


def test_a_statement_that_takes_too_long(rollcall, simulator, database):
    """The server's own statement_timeout, made short for the transaction that has begun."""
    rollcall.once()
    disturb(database, "PERFORM pg_sleep(0.5)")
    database.execute("CREATE FUNCTION public.hurry() RETURNS trigger LANGUAGE plpgsql AS"
                     " $$ BEGIN PERFORM set_config('statement_timeout', '100ms', true); RETURN NULL; END $$;"
                     "CREATE TRIGGER hurry AFTER INSERT ON rollcall.cycle EXECUTE FUNCTION public.hurry()")
    change(simulator)
    result = rollcall.once()
    assert "statement timeout" in result.err and result.err.count("event=write_refused") == 1
    assert kinds(database) == CHANGED


def test_a_lock_that_is_not_given_up(daemon, simulator, database):
    """lock_timeout is ten seconds."""
    with locked_member(database, AMY):
        change(simulator)
        daemon.wait_for_log("lock timeout")
    wait_for_mirror(database, simulator)
    assert kinds(database) == CHANGED and outcomes(database) == ["changed", "changed"]


@pytest.mark.parametrize("command", ["run", "once"])
def test_a_program_that_is_halted_in_a_transaction(rollcall, simulator, database, command):
    """The server ends its session (idle_in_transaction_session_timeout), so that its locks do not stay."""
    rollcall.once()
    database.execute("CREATE FUNCTION public.hurry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                     " PERFORM set_config('idle_in_transaction_session_timeout', '200ms', false); RETURN NULL; END $$;"
                     "CREATE TRIGGER hurry AFTER INSERT ON rollcall.cycle EXECUTE FUNCTION public.hurry()")
    change(simulator)
    with locked_member(database, AMY) as release:
        daemon = rollcall.run(command)
        writer_that(database, wait_event="transactionid")
        daemon.process.send_signal(signal.SIGSTOP)
        release()
        wait_until(lambda: not database.query(WRITER), "the server to end the session")
    database.execute("DROP TRIGGER hurry ON rollcall.cycle")
    daemon.process.send_signal(signal.SIGCONT)
    if command == "once":
        assert daemon.process.wait(timeout=10) == 69, daemon.log()
        assert kinds(database) == BASELINE
        rollcall.once()
    wait_for_mirror(database, simulator)
    assert "idle-in-transaction timeout" in daemon.log() and kinds(database) == CHANGED


# ---- the server falls over


def test_a_server_process_is_killed(daemon, postgres, simulator, database):
    """PostgreSQL then restarts all of its processes."""
    with locked_member(database, AMY):
        change(simulator)
        os.kill(writer_that(database, wait_event="transactionid"), signal.SIGKILL)
        daemon.wait_for_log("event=database_away")
    wait_until(postgres.answers, "the server to recover")
    wait_for_mirror(database, simulator)
    assert kinds(database) == CHANGED
    assert daemon.stop() == 0


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_the_server_is_stopped_in_a_transaction(daemon, postgres, simulator, database, again, how):
    with locked_member(database, AMY):
        change(simulator)
        writer_that(database, wait_event="transactionid")
        postgres.stop(how)
    daemon.wait_for_log("event=database_away")
    postgres.start()
    wait_for_mirror(database, simulator)
    assert kinds(database) == CHANGED
    assert daemon.stop() == 0


def test_a_server_that_is_starting_up(daemon, postgres, simulator, database, again):
    """As one that recovers for long: it listens, and lets nobody in yet."""
    signal_file = postgres.data / "standby.signal"
    postgres.stop("immediate")
    signal_file.touch()
    postgres.start(wait=False, hot_standby="off")
    simulator.rename(AMY, "Amy E.")
    daemon.wait_for_log("SQLSTATE 57P03")
    assert daemon.rollcall.once(code=69).err.count("\n") == 1
    assert daemon.is_running()
    postgres.stop("immediate")
    signal_file.unlink()
    postgres.start()
    wait_for_mirror(database, simulator)
    assert daemon.stop() == 0


# ---- a COMMIT that waits for a standby which does not answer


@pytest.fixture
def missing_standby(postgres):
    """missing_standby() makes each COMMIT wait from now on; missing_standby(back=True) lets them pass."""
    server = Database(postgres, "postgres")

    def set_names(names):
        server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        server.execute("SELECT pg_reload_conf()")
        wait_until(lambda: server.value("SHOW synchronous_standby_names") == names, "the new setting")

    yield lambda back=False: set_names("" if back else "nobody")
    set_names("")


def committing(database):
    return next((row["pid"] for row in database.query(WRITER + " AND query LIKE '%COMMIT;%'")
                 if row["wait_event"] == "SyncRep"), None)


@pytest.fixture
def daemon_that_changes(rollcall, simulator, database, missing_standby):
    """A service whose COMMIT waits; daemon.session is its server process."""
    rollcall.configure(sync={"interval": "1h"})
    daemon = rollcall.run()
    daemon.wait_for_cycles(1)
    missing_standby()
    change(simulator)
    daemon.reload()
    daemon.session = wait_until(lambda: committing(database), "the COMMIT to wait")
    return daemon


def assert_written_once(daemon, simulator, database):
    wait_for_mirror(database, simulator)
    daemon.wait_for_log("event=cycle", count=2)
    daemon.reload()
    daemon.wait_for_log("event=cycle", count=3)
    assert kinds(database) == CHANGED
    assert [outcome for outcome in outcomes(database) if outcome != "failed"] == ["changed", "changed"]


def test_the_standby_comes_back(daemon_that_changes, simulator, database, missing_standby):
    assert daemon_that_changes.log().count("outcome=changed") == 1, "told before it was known"
    missing_standby(back=True)
    assert_written_once(daemon_that_changes, simulator, database)
    assert daemon_that_changes.log().count("outcome=changed") == 2
    assert daemon_that_changes.stop() == 0


@pytest.mark.parametrize("end", ["pg_terminate_backend", "pg_cancel_backend"])
def test_the_waiting_session_is_ended(daemon_that_changes, simulator, database, missing_standby, end):
    """It is committed where it is, and only not elsewhere: found, and never written again."""
    database.execute(f"SELECT {end}(%s)", daemon_that_changes.session)
    wait_until(lambda: committing(database) != daemon_that_changes.session, "the session's end")
    wait_until(lambda: kinds(database) == CHANGED, "the commit to be seen")
    missing_standby(back=True)
    assert_written_once(daemon_that_changes, simulator, database)
    assert daemon_that_changes.stop() == 0


def test_the_server_falls_over_while_it_waits(daemon_that_changes, postgres, simulator, database, again):
    postgres.stop("immediate")
    (postgres.data / "postgresql.auto.conf").write_text("")
    postgres.start()
    assert_written_once(daemon_that_changes, simulator, database)
    assert daemon_that_changes.stop() == 0


def test_told_to_leave_while_it_waits(daemon_that_changes, rollcall, simulator, database, missing_standby):
    assert daemon_that_changes.stop() == 0
    missing_standby(back=True)
    rollcall.once()
    assert kinds(database) == CHANGED
    assert_mirrors(database, simulator)


def test_killed_while_it_waits(daemon_that_changes, rollcall, simulator, database, missing_standby):
    """The server process does not notice, and keeps the lock."""
    daemon_that_changes.kill()
    assert committing(database) == daemon_that_changes.session
    rollcall.once(code=75)
    missing_standby(back=True)
    rollcall.once()
    assert kinds(database) == CHANGED
    assert_mirrors(database, simulator)

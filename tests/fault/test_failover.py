"""A standby: read-only while it is one, and the next primary when the first one is lost. Several hosts stand in one
connection string."""

import os
import tempfile

import pytest

from harness.postgres import ROLE, Database, Standby
from harness.simulator import AMY
from harness.truth import assert_invariants, assert_mirrors, wait_for_mirror
from harness.waiting import wait_until


@pytest.fixture
def standby(postgres, database):
    """A running standby of the server, which runs again in the end."""
    with tempfile.TemporaryDirectory(prefix="rollcall-standby-", dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        standby = Standby(postgres, directory)
        standby.start()
        yield standby
        standby.stop("immediate")
    postgres.stop("immediate")
    postgres.start()


def connect_to(rollcall, database, *servers, **more):
    hosts = ",".join(str(server.directory) for server in servers)
    conninfo = f"host={hosts} dbname={database.name} user={ROLE}"
    rollcall.configure(database={"conninfo": conninfo}, **more)
    return rollcall


def copy_on(standby, database):
    return Database(standby, database.name)


def kinds(database):
    return sorted(change["kind"] for change in database.changes())


def set_on(server, **settings):
    for name, value in settings.items():
        server.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    server.execute("SELECT pg_reload_conf()")


def cut_off(standby):
    """From now on it receives nothing."""
    server = Database(standby, "postgres")
    set_on(server, primary_conninfo="")
    wait_until(lambda: not server.query("SELECT * FROM pg_stat_wal_receiver"), "the standby to fall behind")


def hold_back(standby):
    """From now on it receives everything and replays nothing."""
    Database(standby, "postgres").execute("SELECT pg_wal_replay_pause()")


def test_a_standby_alone_is_held(rollcall, standby, database):
    rollcall.once()
    wait_until(standby.has_all, "the standby to follow")
    refused = connect_to(rollcall, database, standby).once(code=69)
    assert "standby" in refused.err or "read-only" in refused.err
    daemon = rollcall.run()
    daemon.wait_for_log("event=database_away")
    assert daemon.stop() == 0
    assert len(rollcall.members("--format", "json").expect().json()) == 3, "reading it is no fault"


@pytest.mark.parametrize("order", ["primary first", "standby first"])
def test_the_primary_is_found_among_hosts(rollcall, standby, postgres, simulator, database, order):
    servers = [postgres, standby] if order == "primary first" else [standby, postgres]
    connect_to(rollcall, database, *servers).once()
    assert_mirrors(database, simulator)


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_the_service_goes_on_at_the_new_primary(rollcall, standby, postgres, simulator, database, how):
    daemon = connect_to(rollcall, database, postgres, standby).run()
    wait_for_mirror(database, simulator)
    wait_until(standby.has_all, "the standby to follow")
    postgres.stop(how)
    simulator.rename(AMY, "Amy E.")
    daemon.wait_for_log("event=database_away")
    new = copy_on(standby, database)
    assert kinds(new) == ["baseline"] * 3 and daemon.is_running()
    standby.promote()
    wait_for_mirror(new, simulator)
    assert kinds(new) == ["baseline"] * 3 + ["profile_changed"] and "event=discontinuity" not in daemon.log()
    assert_invariants(new)
    assert daemon.stop() == 0


def test_a_new_primary_that_lacks_the_last_cycle_is_told(rollcall, standby, postgres, simulator, database):
    """Replication is asynchronous, and was interrupted: what was committed since is lost, and that is said."""
    daemon = connect_to(rollcall, database, postgres, standby).run()
    wait_for_mirror(database, simulator)
    wait_until(standby.has_all, "the standby to follow")
    cut_off(standby)
    newcomer = simulator.join()["id"]
    wait_for_mirror(database, simulator)
    postgres.stop("immediate")
    standby.promote()
    new = copy_on(standby, database)
    wait_for_mirror(new, simulator)
    assert "event=discontinuity" in daemon.log()
    assert {change["kind"] for change in new.changes() if change["user_id"] == newcomer} == {"baseline"}
    assert_invariants(new)
    assert daemon.stop() == 0


# ---- a COMMIT waits for the standby, and the primary is lost


@pytest.fixture
def synchronous(postgres, standby):
    """Each COMMIT is answered when the standby has replayed it."""
    set_on(Database(postgres, "postgres"), synchronous_standby_names="*", synchronous_commit="remote_apply")
    yield standby
    (postgres.data / "postgresql.auto.conf").write_text("")


def waits_for_standby(database):
    return database.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = %s AND usename = %s",
                          database.name, ROLE)


def has_received_all(standby):
    written = Database(standby.primary, "postgres").value("SELECT pg_current_wal_lsn()")
    return Database(standby, "postgres").value("SELECT pg_last_wal_receive_lsn() >= %s::pg_lsn", written)


@pytest.mark.parametrize("withhold", [hold_back, cut_off])
def test_the_primary_is_lost_while_a_commit_waits(rollcall, synchronous, postgres, simulator, database, withhold):
    """Held back, the new primary has the cycle, and it is not written again; cut off, it never heard of it."""
    daemon = connect_to(rollcall, database, postgres, synchronous, sync={"interval": "1h"}).run()
    wait_for_mirror(database, simulator)
    daemon.wait_for_log("event=cycle")
    withhold(synchronous)
    simulator.rename(AMY, "Amy E.")
    daemon.reload()
    wait_until(lambda: waits_for_standby(database), "the COMMIT to wait")
    if withhold is hold_back:
        wait_until(lambda: has_received_all(synchronous), "the standby to receive it")
    postgres.stop("immediate")
    daemon.wait_for_log("event=database_away")
    assert daemon.log().count("outcome=changed") == 1, "told before it was known"
    synchronous.promote()
    new = copy_on(synchronous, database)
    wait_for_mirror(new, simulator)
    cycles = 2 if withhold is hold_back else 3
    daemon.wait_for_log("event=cycle", count=cycles)
    daemon.reload()
    daemon.wait_for_log("event=cycle", count=cycles + 1)
    assert kinds(new) == ["baseline"] * 3 + ["profile_changed"]
    outcomes = [cycle["outcome"] for cycle in new.cycles()]
    assert outcomes == (["changed"] * 2 if withhold is hold_back else ["changed", "failed", "changed"])
    assert "event=discontinuity" not in daemon.log()
    assert_invariants(new)
    assert daemon.stop() == 0

"""Other people in our tables: rows edited and lost, objects added and taken away, readers that stay, rights that go. What
can be set right is, and told; what cannot is refused before anything is written."""

import contextlib

import psycopg2
import pytest

from harness.postgres import ROLE
from harness.simulator import AMY, DAVID
from harness.truth import assert_mirrors, replay, versions, wait_for_mirror

CONFIG = 78


@pytest.fixture
def synced(rollcall):
    rollcall.once()
    return rollcall


def compare_everything(rollcall):
    """One cycle that compares by value, whatever the digests say."""
    rollcall.database.execute("UPDATE rollcall.organization"
                              " SET last_full_compare_at = last_full_compare_at - interval '1 day'")
    return rollcall.once()


@contextlib.contextmanager
def transaction_of(database, sql):
    """Another session that has run this and does not end."""
    session = psycopg2.connect(host=str(database.server.directory), port=5432, dbname=database.name, user="postgres")
    with session.cursor() as cursor:
        cursor.execute(sql)
        cursor.fetchall()
    try:
        yield
    finally:
        session.close()


# ---- rows


def test_an_edited_row_is_set_right_and_named(synced, simulator, database):
    database.execute("UPDATE rollcall.member SET name = 'Mallory', flag_own = true WHERE user_id = %s", AMY)
    simulator.rename(DAVID, "D.")
    told = compare_everything(synced)
    assert "event=rows_repaired" in told.err
    cycle = database.cycles()[-1]
    assert (cycle["outcome"], cycle["repaired"], cycle["profile_changed"]) == ("changed", 1, 1)
    assert [change["kind"] for change in database.changes(after=3)] == ["profile_changed"], "no change of the source"
    assert_mirrors(database, simulator)


def test_an_edited_row_alone_is_a_repair(synced, simulator, database):
    database.execute("UPDATE rollcall.member SET email = NULL WHERE user_id = %s", AMY)
    compare_everything(synced)
    assert database.cycles()[-1]["outcome"] == "repaired" and len(database.changes()) == 3
    assert_mirrors(database, simulator)


LOSSES = {
    "one row": f"DELETE FROM rollcall.member WHERE user_id = '{AMY}'",
    "every row": "DELETE FROM rollcall.member",
    "truncated": "TRUNCATE rollcall.member",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_lost_rows_are_a_discontinuity(synced, simulator, database, loss):
    """Never "everybody joined" in silence."""
    database.execute(LOSSES[loss])
    told = synced.once()
    assert "event=discontinuity" in told.err
    assert database.cycles()[-1]["outcome"] == "discontinuity"
    assert {change["kind"] for change in database.changes()} == {"baseline"}
    assert_mirrors(database, simulator)
    before = versions(database, "coverage")
    assert "discontinuity" not in synced.once().err
    assert versions(database, "coverage") == before


def test_rows_lost_under_the_running_service(synced, simulator, database):
    daemon = synced.run()
    daemon.wait_for_cycles(1)
    database.execute("TRUNCATE rollcall.member")
    wait_for_mirror(database, simulator)
    assert "event=discontinuity" in daemon.log()
    assert {change["kind"] for change in database.changes()} == {"baseline"}


def test_a_backup_from_before(synced, simulator, database):
    """The tables as they were some changes ago, put back under the running service."""
    daemon = synced.run()
    daemon.wait_for_cycles(1)
    tables = ["organization", "member", "change_log", "cycle", "coverage"]
    for table in tables:
        database.execute(f"CREATE TABLE public.{table} AS TABLE rollcall.{table}")
    simulator.rename(AMY, "Amy E.")
    simulator.leave(DAVID)
    daemon.wait_for_cycles(3)
    restore = "".join(f"DELETE FROM rollcall.{table};"
                      f" INSERT INTO rollcall.{table} OVERRIDING SYSTEM VALUE TABLE public.{table};" for table in tables)
    database.execute(f"SET session_replication_role = replica; {restore}")
    wait_for_mirror(database, simulator)
    daemon.wait_for_cycles(2)
    assert daemon.is_running()


def test_the_log_cannot_be_rewritten(synced, database):
    for statement in ("UPDATE rollcall.change_log SET kind = 'left'", "DELETE FROM rollcall.change_log",
                      "TRUNCATE rollcall.change_log"):
        with pytest.raises(psycopg2.errors.RestrictViolation):
            database.execute(statement)
    assert len(replay(database.changes()).present) == 3


# ---- what others add


def test_what_others_add_does_no_harm(synced, simulator, database):
    for statement in ("CREATE VIEW public.people AS SELECT name FROM rollcall.current_member",
                      "CREATE INDEX ON rollcall.member (name)",
                      "ALTER TABLE rollcall.member ADD COLUMN note text DEFAULT 'x'",
                      "ALTER TABLE rollcall.change_log ADD COLUMN note text",
                      "CREATE TABLE rollcall.something_else (id integer)"):
        database.execute(statement)
    simulator.rename(AMY, "Amy E.")
    simulator.leave(DAVID)
    newcomer = simulator.join()
    synced.once()
    assert_mirrors(database, simulator)
    assert database.value("SELECT note FROM rollcall.member WHERE user_id = %s", newcomer["id"]) == "x"


def test_a_reader_that_stays_does_not_block(synced, simulator, database):
    with transaction_of(database, "SELECT * FROM rollcall.current_member, rollcall.change_log"):
        simulator.rename(AMY, "Amy E.")
        simulator.leave(DAVID)
        synced.once()
        assert_mirrors(database, simulator)


def test_a_constraint_of_others_is_named_with_what_to_do(synced, simulator, database):
    database.execute("ALTER TABLE rollcall.member ADD CONSTRAINT short_names CHECK (name <> 'Amy E.')")
    simulator.rename(AMY, "Amy E.")
    told = synced.once(70).err
    assert "short_names" in told and "somebody added this constraint" in told
    database.execute("ALTER TABLE rollcall.member DROP CONSTRAINT short_names")
    synced.once()
    assert_mirrors(database, simulator)


# ---- what others take away

BROKEN = {
    "a column dropped": ("ALTER TABLE rollcall.member DROP COLUMN city CASCADE", "city"),
    "a column of another type": ("ALTER TABLE rollcall.cycle ALTER COLUMN members TYPE text", "members"),
    "a table dropped": ("DROP TABLE rollcall.coverage CASCADE", "coverage"),
    "no right to read": (f"REVOKE SELECT ON rollcall.roster_secret FROM {ROLE}", "roster_secret"),
    "no right at all": (f"REVOKE ALL ON ALL TABLES IN SCHEMA rollcall FROM {ROLE}", "rollcall"),
    "no way in": (f"ALTER SCHEMA rollcall OWNER TO postgres; REVOKE ALL ON SCHEMA rollcall FROM {ROLE}", "rollcall"),
    "a newer schema": ("INSERT INTO rollcall.schema_migration (kind, name, sha256)"
                       " VALUES ('migration', '9999_later', repeat('0', 64))", "newer"),
    "another schema": ("UPDATE rollcall.schema_migration SET sha256 = repeat('0', 64) WHERE name LIKE '0001%'", "0001"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_set_right_is_refused(rollcall, simulator, database, name):
    statement, word = BROKEN[name]
    rollcall.once()
    database.execute(statement)
    simulator.rename(AMY, "Amy E.")
    members = database.query("SELECT ctid, xmin FROM rollcall.member ORDER BY 1")
    for command in ("once", "run"):
        refused = rollcall.command(command).expect(CONFIG)
        sentence = refused.err.splitlines()[-1]
        assert sentence.startswith("rollcall: ") and word in sentence, sentence
    assert database.query("SELECT ctid, xmin FROM rollcall.member ORDER BY 1") == members
    database.execute("DROP SCHEMA rollcall CASCADE")  # nothing for the invariants to look at

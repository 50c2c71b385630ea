"""What the daemon's role must be allowed, neither less nor more: it says so before it writes, in statements that can be
run as they stand."""

import re

import pytest

from harness.postgres import ROLE
from harness.schema import SQL
from harness.simulator import AMY, DAVID, JULIA
from harness.truth import assert_mirrors

CONFIG = 78
CLERK = "Clerk of Records"  # a name that must be quoted

NEEDED = [
    (privilege, relation)
    for relation, privileges in re.findall(r"^  \('(\w+)', ARRAY\[(.+?)\]\)",
                                           (SQL / "queries/inspect_privileges.sql").read_text(), re.M)
    for privilege in re.findall(r"\w+", privileges)
]
REVOKED = [(f"{privilege} ON rollcall.{relation}", ROLE) for privilege, relation in NEEDED] + [
    ("USAGE ON SCHEMA rollcall", ROLE),
    ("EXECUTE ON FUNCTION rollcall.jsonb_merge(jsonb)", ROLE),
]
EVERYTHING = "SELECT query_to_xml('TABLE rollcall.' || relname, true, false, '')::text AS rows, relname FROM pg_class" \
             " WHERE relnamespace = 'rollcall'::regnamespace AND relkind = 'r' ORDER BY relname"


def remedy(result):
    """The statements of the refusal."""
    sentence = result.err.splitlines()[-1]
    lacks, statements = sentence.split("; let the owner of the schema run: ")
    assert lacks == "rollcall: this role lacks a privilege that the service needs", sentence
    return statements


def test_each_privilege_is_asked_for_by_name(rollcall, simulator, database):
    rollcall.once()
    simulator.rename(AMY, "Amy E.")
    before = database.query(EVERYTHING)
    for right, role in REVOKED:
        database.execute(f"REVOKE {right} FROM {role}")
        told = remedy(rollcall.once(CONFIG))
        assert told == f"GRANT {right} TO {role}"
        assert database.query(EVERYTHING) == before, right
        database.execute(told)
    rollcall.once()
    assert_mirrors(database, simulator)


def test_the_service_does_not_start(rollcall, database):
    rollcall.once()
    database.execute(f"REVOKE INSERT ON rollcall.change_log FROM {ROLE}")
    assert remedy(rollcall.command("run").expect(CONFIG)) == f"GRANT INSERT ON rollcall.change_log TO {ROLE}"


def test_what_is_read_is_shown_without_the_right_to_write(rollcall, database):
    rollcall.once()
    database.execute(f"REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA rollcall FROM {ROLE}")
    for command in ("plan", "status", "members", "changes"):
        rollcall.command(command).expect(0)
    told = rollcall.command("check").expect(CONFIG)
    (line,) = [line for line in told.out.splitlines() if "FAIL" in line]
    assert re.match(r"FAIL +privileges +this role lacks", line) and f" TO {ROLE}" in line


def test_check_says_that_the_privileges_suffice(rollcall):
    rollcall.once()
    assert re.search(r"^ok +privileges", rollcall.command("check").expect(0).out, re.M)


@pytest.fixture
def clerk(rollcall, database):
    """The program as a role that owns nothing, on a schema that another one has made."""
    rollcall.once()
    if not database.query("SELECT 1 FROM pg_roles WHERE rolname = %s", CLERK):
        database.execute(f'CREATE ROLE "{CLERK}" LOGIN')
    rollcall.configure(database={"conninfo": database.conninfo.replace(f"user={ROLE}", f"user='{CLERK}'")},
                       sync={"removal_polls": 1})
    return rollcall


def test_what_is_asked_for_is_enough(clerk, simulator, database):
    """All that a cycle can write, by a role that has been given just what it was told to ask for."""
    statements = remedy(clerk.once(CONFIG))
    assert statements.count(f'TO "{CLERK}"') == statements.count("GRANT ")
    database.execute(statements)
    simulator.rename(AMY, "Amy E.")
    simulator.join()
    simulator.leave(DAVID)
    clerk.once()
    simulator.comeback(DAVID)
    simulator.rename_organization(en="Acme & Sons")
    for _ in range(100):  # too many for one row after the other
        simulator.join()
    clerk.once()
    database.execute("UPDATE rollcall.member SET city = 'Gent' WHERE user_id = %s", JULIA)
    database.execute("UPDATE rollcall.organization SET last_full_compare_at = last_full_compare_at - interval '1 day'")
    clerk.once()
    simulator.fail(500)
    clerk.command("once")
    clerk.once()
    assert_mirrors(database, simulator)


def test_a_grant_on_columns_is_one(clerk, database):
    """INSERT on the columns of the log, but not on change_id, so that nobody can write a row between others."""
    database.execute(remedy(clerk.once(CONFIG)))
    database.execute(f'REVOKE INSERT ON rollcall.change_log FROM "{CLERK}"')
    database.execute("GRANT INSERT (cycle_id, organization_id, user_id, kind, old_values, new_values, observed_after,"
                     f' observed_at) ON rollcall.change_log TO "{CLERK}"')
    clerk.once()

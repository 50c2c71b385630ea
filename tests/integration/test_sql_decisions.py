"""Decisions about held changes: exactly about a set that stands, whoever writes at the same time."""

import concurrent.futures
import re

import psycopg2
import psycopg2.extras
import pytest

from harness.history import as_json
from harness.postgres import ROLE
from harness.schema import SQL, query, without_comments

AMY, BEN, CAT = (f"b9c8c05a-4a76-11eb-b378-0242ac13000{number}" for number in range(3))
ONE, OTHER = "ab12cd34" + 28 * "00", "ab12cd99" + 28 * "00"


def decide(session, digest, decision="approved", by=(None, None, None, None)):
    """The query decide_hold, with all its parameters as texts, as the program runs it."""
    text = re.sub(r"\$(\d+)", r"%(p\1)s", without_comments((SQL / "queries/decide_hold.sql").read_text()))
    with session.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(text, {f"p{number}": value for number, value in enumerate((digest, decision, *by), start=1)})
        return cursor.fetchall()


def hold(session, user, guard="removals", digest=ONE, old=None, new=None, minute=0, organization="acme"):
    query(session, """
        INSERT INTO rollcall.held_change (organization_id, class, set_digest, user_id, old_values, new_values, reason,
                                          observed_after, observed_at, first_cycle_id)
        VALUES (%s, %s, decode(%s, 'hex'), %s, %s, %s, 'too many', %s, %s, 1)""",
          (organization, guard, digest, user, as_json(old), as_json(new), "2026-02-03 12:00+00",
           f"2026-02-03 12:0{minute}+00"))


@pytest.fixture
def held(owner):
    """Two members who would leave, one who would join, and one who did long ago."""
    for organization in ("acme", "other"):
        query(owner, "INSERT INTO rollcall.organization (organization_id, source, first_seen_at) VALUES (%s, %s, now())",
              (organization, organization))
    for user in (AMY, BEN):
        query(owner, """
            INSERT INTO rollcall.member (organization_id, user_id, email, name, first_seen_at, last_changed_at, last_seen_at,
                                         value_digest)
            VALUES ('acme', %s, 'now@test.com', 'Now', now(), now(), now(), '')""", (user,))
    hold(owner, AMY, old={"email": "amy@test.com"}, minute=2)
    hold(owner, BEN, old={"email": "ben@test.com"}, minute=1)
    hold(owner, CAT, "owner_grants", OTHER, new={"email": "cat@test.com", "name": "Cat"}, minute=3)
    hold(owner, CAT, "removals", 32 * "ff", old={})
    query(owner, "UPDATE rollcall.held_change SET resolved_at = now(), resolution = 'applied' WHERE set_digest = %s",
          (32 * b"\xff",))
    return owner


def approvals(session):
    return query(session, """
        SELECT encode(set_digest, 'hex'), decision, outcome, claimed_by FROM rollcall.approval ORDER BY approval_id""")


def test_approved_by_its_digest(held):
    (decided,) = decide(held, ONE, by=("1000", "root", "Nell", "they all left"))
    assert (decided["organization_id"], decided["class"], decided["digest"], decided["members"]) == (
        "acme", "removals", ONE, 2)
    assert query(held, """
        SELECT organization_id, class, encode(set_digest, 'hex'), decision, decided_by, os_uid, sudo_user, claimed_by, reason,
               settled_at, outcome, cycle_id FROM rollcall.approval""") == [
        ("acme", "removals", ONE, "approved", ROLE, 1000, "root", "Nell", "they all left", None, None, None)]


def test_approved_by_the_beginning_of_its_digest(held):
    assert decide(held, "ab12cd34")[0]["digest"] == ONE
    assert approvals(held) == [(ONE, "approved", None, None)]


def test_a_beginning_that_two_sets_share(held):
    meant = [(row["class"], row["digest"], row["approval_id"]) for row in decide(held, "ab12cd")]
    assert meant == [("owner_grants", OTHER, None), ("removals", ONE, None)]
    assert approvals(held) == []


@pytest.mark.parametrize("digest", ["00" * 32, "ff" * 32, "cd34", "%" * 8, "_" * 8, ONE + "0"])
def test_a_digest_of_nothing_that_stands(held, digest):
    assert decide(held, digest) == []
    assert approvals(held) == []


def test_the_last_decision_counts(held):
    for decision in ("approved", "rejected", "rejected"):
        decided = decide(held, ONE, decision)
    assert decided[0]["superseded"] == 1
    assert [row[1:3] for row in approvals(held)] == [
        ("approved", "superseded"), ("rejected", "superseded"), ("rejected", None)]


def test_a_decision_leaves_others_alone(held):
    hold(held, AMY, organization="other", digest=32 * "cc", old={})
    for digest in (ONE, OTHER, 32 * "cc"):
        decide(held, digest, "rejected")
    decide(held, ONE)
    assert [(digest, outcome) for digest, _, outcome, _ in approvals(held)] == [
        (ONE, "superseded"), (OTHER, None), (32 * "cc", None), (ONE, None)]


# While a cycle is written.

BEGIN_CYCLE = "UPDATE rollcall.organization SET roster_version = roster_version + 1 WHERE organization_id = 'acme'"
GONE = "UPDATE rollcall.held_change SET resolved_at = now(), resolution = 'withdrawn' WHERE class = 'removals'"
CHANGED = "UPDATE rollcall.held_change SET set_digest = decode(repeat('dd', 32), 'hex') WHERE class = 'removals'"


@pytest.fixture
def writer(connect, held):
    session = connect(ROLE)
    session.autocommit = False
    return session


@pytest.mark.parametrize("written, end, decided", [
    ([GONE], "COMMIT", False),
    ([CHANGED], "COMMIT", False),
    ([GONE], "ROLLBACK", True),
    ([CHANGED], "ROLLBACK", True),
    ([], "COMMIT", True),
])
def test_a_decision_waits_for_the_cycle_and_is_about_what_it_leaves(held, writer, administrator, written, end, decided):
    for statement in (BEGIN_CYCLE, *written):
        query(writer, statement)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        decision = pool.submit(decide, held, ONE)
        while query(administrator, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != [(1,)]:
            assert not decision.done(), "it did not wait"
        query(writer, end)
        assert len(decision.result()) == decided
    assert [row[0] for row in approvals(held)] == [ONE] * decided


def test_a_cycle_waits_for_a_decision(held, writer):
    decide(writer, ONE)
    query(held, "SET lock_timeout = '50ms'")
    with pytest.raises(psycopg2.errors.LockNotAvailable):
        query(held, BEGIN_CYCLE)

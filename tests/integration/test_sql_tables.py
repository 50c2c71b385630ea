"""What the tables themselves see to, and the views of the present."""

import datetime

import psycopg2
import pytest
from psycopg2.extras import Json

from harness.schema import query

USER = "b9c8c05a-4a76-11eb-b378-0242ac130002"
NOON = datetime.datetime(2026, 2, 3, 12, 0, tzinfo=datetime.timezone.utc)


def minutes(number):
    return NOON + datetime.timedelta(minutes=number)


def insert(session, table, **values):
    columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
    query(session, f"INSERT INTO rollcall.{table} ({columns}) VALUES ({places})", tuple(values.values()))


def add_organization(session, organization="acme", source="default", **values):
    insert(session, "organization", organization_id=organization, source=source, first_seen_at=NOON, **values)


def add_member(session, user=USER, **values):
    times = {name: NOON for name in ("first_seen_at", "last_changed_at", "last_seen_at")}
    insert(session, "member", organization_id="acme", user_id=user, value_digest=bytes(16), **{**times, **values})


def cover(session, asked, organization="acme", poll="00000000-0000-0000-0000-00000000000a"):
    insert(session, "coverage", organization_id=organization, observed_from=asked, observed_until=asked,
           last_asked_at=asked, last_poll_uuid=poll)


def fail(session, asked, text="the API is away", organization="acme", source="default"):
    query(session, """
        INSERT INTO rollcall.cycle (cycle_uuid, organization_id, source, asked_at, outcome, error_class, error_text)
        VALUES (gen_random_uuid(), %s, %s, %s, 'failed', 'unavailable', %s)""", (organization, source, asked, text))


# The tables.


@pytest.mark.parametrize("statement", [
    "UPDATE rollcall.change_log SET observed_at = now()",
    "UPDATE rollcall.change_log SET kind = 'joined' WHERE false",
    "DELETE FROM rollcall.change_log",
    "TRUNCATE rollcall.change_log",
])
def test_the_log_is_append_only(owner, statement):
    insert(owner, "change_log", cycle_id=1, organization_id="acme", user_id=USER, kind="baseline", new_values=Json({}),
           observed_at=NOON)
    with pytest.raises(psycopg2.errors.RestrictViolation, match="append only"):
        query(owner, statement)
    assert query(owner, "SELECT count(*) FROM rollcall.change_log") == [(1,)]


def test_its_owner_can_erase_as_the_comment_says(owner):
    insert(owner, "change_log", cycle_id=1, organization_id="acme", user_id=USER, kind="baseline", new_values=Json({}),
           observed_at=NOON)
    query(owner, """
        BEGIN;
        ALTER TABLE rollcall.change_log DISABLE TRIGGER change_log_append_only;
        DELETE FROM rollcall.change_log;
        ALTER TABLE rollcall.change_log ENABLE TRIGGER change_log_append_only;
        COMMIT""")
    with pytest.raises(psycopg2.errors.RestrictViolation):
        query(owner, "DELETE FROM rollcall.change_log")


@pytest.mark.parametrize("values", [
    dict(kind="renamed", user_id=USER, new_values=Json({})),
    dict(kind="joined", new_values=Json({})),
    dict(kind="joined", user_id=USER, old_values=Json({}), new_values=Json({})),
    dict(kind="left", user_id=USER, old_values=Json({}), new_values=Json({})),
    dict(kind="role_changed", user_id=USER, new_values=Json({})),
    dict(kind="organization_changed", user_id=USER, old_values=Json({}), new_values=Json({})),
])
def test_a_change_that_could_not_be_replayed_is_refused(owner, values):
    with pytest.raises(psycopg2.errors.CheckViolation):
        insert(owner, "change_log", cycle_id=1, organization_id="acme", observed_at=NOON, **values)


@pytest.mark.parametrize("statement, raised", [
    ("DELETE FROM rollcall.member", True),
    ("DELETE FROM rollcall.member WHERE false", True),
    ("TRUNCATE rollcall.member", True),
    ("UPDATE rollcall.member SET city = 'Gent'", False),
])
def test_rows_that_vanish_raise_the_roster_version_of_all(owner, statement, raised):
    add_organization(owner)
    add_organization(owner, "other", "second", roster_version=7)
    add_member(owner)
    query(owner, statement)
    versions = query(owner, "SELECT roster_version FROM rollcall.organization ORDER BY source")
    assert versions == ([(1,), (8,)] if raised else [(0,), (7,)])


def test_an_unchanged_poll_is_a_heap_only_update_of_little_wal(owner, administrator):
    """Also right after a checkpoint, when the whole page goes to the log."""
    cover(owner, NOON, organization=USER)
    written = []
    for number in range(50):
        if number % 10 == 0:
            query(administrator, "CHECKPOINT")
        before = query(administrator, "SELECT pg_current_wal_insert_lsn()")[0]
        query(owner, """
            UPDATE rollcall.coverage SET observed_until = clock_timestamp(), last_asked_at = clock_timestamp(),
              polls = polls + 1, longest_gap = '5 min', last_poll_uuid = gen_random_uuid()""")
        written.append(query(administrator, "SELECT (pg_current_wal_insert_lsn() - %s)::int", before)[0][0])
    assert max(written) < 1000, written
    assert query(owner, "SELECT pg_relation_size('rollcall.coverage')") == [(8192,)]


# The views of the present.


@pytest.mark.parametrize("own, admin, editor, member, role", [
    (True, True, True, True, "owner"),
    (True, None, None, None, "owner"),
    (False, True, True, True, "admin"),
    (None, True, None, None, "admin"),
    (False, False, True, True, "editor"),
    (None, None, True, False, "editor"),
    (False, None, False, True, "viewer"),
    (False, False, False, False, "none"),
    (None, None, None, False, "none"),
    (None, None, False, None, "none"),
    (None, None, None, None, "unknown"),
    (None, False, None, None, "unknown"),
])
def test_the_role_is_the_strongest_flag(owner, own, admin, editor, member, role):
    flags = dict(flag_own=own, flag_admin=admin, flag_editor=editor, flag_member=member)
    add_member(owner, **flags)
    assert query(owner, "SELECT role FROM rollcall.current_member") == [(role,)]
    query(owner, "UPDATE rollcall.member SET removed_at = now()")
    assert query(owner, "SELECT last_role FROM rollcall.former_member") == [(role,)]
    assert query(owner, "SELECT * FROM rollcall.current_member") == []


@pytest.mark.parametrize("name, shown", [
    ({"nl": "Jouw organisatie", "en": "Your organization"}, "Your organization"),
    ({"nl": "Jouw organisatie", "fr": "Ton association"}, "Ton association"),
    ({"zh": "a", "pt-br": "b"}, "b"),
    ({}, None),
    (None, None),
])
def test_the_organizations_name(owner, name, shown):
    add_organization(owner, name=None if name is None else Json(name))
    assert query(owner, "SELECT display_name, members FROM rollcall.organization_summary") == [(shown, 0)]


def test_the_summary_counts_each_member_once(owner):
    add_organization(owner)
    flags = ("flag_own", "flag_own", "flag_admin", "flag_editor", "flag_member", "flag_member", None)
    for number, flag in enumerate(flags):
        add_member(owner, USER[:-1] + str(number), **({flag: True} if flag else {}))
    add_member(owner, USER[:-1] + "8", flag_own=True, removed_at=NOON)
    add_member(owner, USER[:-1] + "9", flag_own=True, absent_since=NOON, absent_polls=1)
    cover(owner, minutes(-10))
    cover(owner, minutes(5))
    assert query(owner, """
        SELECT members, owners, admins, editors, viewers, data_as_of FROM rollcall.organization_summary""") == [
        (8, 3, 1, 1, 2, minutes(5))]
    assert query(owner, "SELECT DISTINCT data_as_of FROM rollcall.current_member") == [(minutes(5),)]


FRESHNESS = """
    SELECT organization_id, source, data_as_of, last_attempt_at, last_outcome, last_error, consecutive_failures
    FROM rollcall.freshness"""


def test_fresh_after_an_unchanged_poll(owner):
    add_organization(owner)
    fail(owner, minutes(1))
    cover(owner, minutes(2))
    assert query(owner, FRESHNESS) == [("acme", "default", minutes(2), minutes(2), "unchanged", None, 0)]


def test_fresh_after_a_poll_that_changed_something(owner):
    add_organization(owner)
    cover(owner, minutes(2))
    insert(owner, "cycle", cycle_uuid="00000000-0000-0000-0000-00000000000a", organization_id="acme", source="default",
           asked_at=minutes(2), answered_at=minutes(2), outcome="changed")
    assert query(owner, FRESHNESS) == [("acme", "default", minutes(2), minutes(2), "changed", None, 0)]


def test_stale_while_polls_fail(owner):
    add_organization(owner)
    add_organization(owner, "other", "second")
    fail(owner, minutes(1))
    cover(owner, minutes(2))
    cover(owner, minutes(9), organization="other")
    for number in (3, 4, 5):
        fail(owner, minutes(number), f"failure {number}")
    assert query(owner, FRESHNESS + " ORDER BY source") == [
        ("acme", "default", minutes(2), minutes(5), "failed", "failure 5", 3),
        ("other", "second", minutes(9), minutes(9), "unchanged", None, 0),
    ]


def test_a_source_that_never_answered(owner):
    add_organization(owner)
    for number in (1, 2):
        fail(owner, minutes(number), organization=None, source="second")
    fail(owner, minutes(3), organization=None)  # before the first complete poll of a source that has one by now
    cover(owner, minutes(4))
    assert query(owner, FRESHNESS + " ORDER BY source") == [
        ("acme", "default", minutes(4), minutes(4), "unchanged", None, 0),
        (None, "second", None, minutes(2), "failed", "the API is away", 2),
    ]


@pytest.mark.parametrize("age, least, most", [("90.2 s", 90, 150), ("-40 s", 0, 0), ("-10 days", -864000, -863940)])
def test_seconds_behind(owner, age, least, most):
    """A clock that is a little ahead is no matter; one that was set back by days must not pass for being up to date."""
    add_organization(owner)
    query(owner, """
        INSERT INTO rollcall.coverage (organization_id, observed_from, observed_until, last_asked_at, last_poll_uuid)
        SELECT 'acme', t, t, t, gen_random_uuid() FROM (SELECT now() - %s::interval) AS asked (t)""", (age,))
    ((behind,),) = query(owner, "SELECT seconds_behind FROM rollcall.freshness")
    assert least <= behind <= most


def hold(session, user=USER, guard="removals", digest=1, **values):
    """A removal that is held, unless told otherwise."""
    given = dict(old_values=Json({"email": "old@test.com"}), reason="half of all are missing", observed_at=NOON)
    insert(session, "held_change", organization_id="acme", set_digest=bytes([digest]) * 32, user_id=user,
           first_cycle_id=1, **{"class": guard}, **{**given, **values})


def decide(session, decision, digest=1, **values):
    insert(session, "approval", organization_id="acme", set_digest=bytes([digest]) * 32, decision=decision,
           **{"class": "removals"}, **values)


@pytest.fixture
def others():
    return [USER[:-1] + str(number) for number in range(10)]


def test_what_is_rejected_now(owner):
    add_organization(owner)
    for number, resolved in enumerate((None, None, NOON)):
        insert(owner, "rejected_record", organization_id="acme", slice_digest=bytes([number]), first_cycle_id=1,
               reason="name is a number", observed_at=NOON, resolved_at=resolved)
    assert query(owner, "SELECT held, rejected FROM rollcall.freshness") == [(0, 2)]


def test_what_is_held_now_and_what_of_it_is_silenced(owner, others):
    add_organization(owner)
    for user in others[:2]:
        hold(owner, user)
    hold(owner, others[0], "vanished_flags", digest=2)
    hold(owner, others[3], resolved_at=NOON, resolution="applied")
    silenced = "SELECT held, held_silenced FROM rollcall.freshness"
    assert query(owner, silenced) == [(3, 0)]
    decide(owner, "rejected", settled_at=NOON, outcome="superseded")
    decide(owner, "approved")
    assert query(owner, silenced) == [(3, 0)]
    query(owner, "UPDATE rollcall.approval SET settled_at = now(), outcome = 'superseded' WHERE settled_at IS NULL")
    decide(owner, "rejected")
    assert query(owner, silenced) == [(3, 2)]


def test_the_held_members_are_named(owner, others):
    """By their rows; newcomers, who have none, by what they would be."""
    add_organization(owner)
    add_member(owner, others[0], email="amy@test.com", name="Amy")
    hold(owner, others[0])
    hold(owner, others[1], "owner_grants", 2, old_values=None, reason="too many owners",
         new_values=Json({"email": "new@test.com", "name": "Nell"}), observed_at=minutes(5))
    hold(owner, others[2], resolved_at=NOON, resolution="withdrawn")
    decide(owner, "rejected", digest=2)
    assert query(owner, "SELECT * FROM rollcall.held ORDER BY since") == [
        ("acme", "removals", "01" * 32, "half of all are missing", others[0], "amy@test.com", "Amy", NOON, None),
        ("acme", "owner_grants", "02" * 32, "too many owners", others[1], "new@test.com", "Nell", minutes(5),
         "rejected"),
    ]


@pytest.mark.parametrize("values", [
    dict(guard="whims"),
    dict(set_digest=b"short"),
    dict(old_values=None),
    dict(resolution="applied"),
    dict(resolved_at=NOON),
    dict(resolved_at=NOON, resolution="forgotten"),
])
def test_a_hold_that_means_nothing_is_refused(owner, values):
    held = dict(organization_id="acme", set_digest=bytes(32), user_id=USER, old_values=Json({}), reason="", first_cycle_id=1,
                observed_at=NOON)
    with pytest.raises(psycopg2.errors.CheckViolation):
        insert(owner, "held_change", **{"class": values.pop("guard", "removals")}, **{**held, **values})


def test_a_member_is_held_once_in_a_class(owner):
    hold(owner, resolved_at=NOON, resolution="withdrawn")
    hold(owner)
    hold(owner, guard="vanished_flags")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        hold(owner, digest=2)


@pytest.mark.parametrize("values", [
    dict(decision="perhaps"),
    dict(settled_at=NOON),
    dict(outcome="superseded"),
    dict(settled_at=NOON, outcome="forgotten"),
    dict(settled_at=NOON, outcome="applied"),  # by no cycle
    dict(settled_at=NOON, outcome="superseded", cycle_id=1),
    dict(decision="rejected", settled_at=NOON, outcome="applied", cycle_id=1),
    dict(cycle_id=1),
])
def test_a_decision_that_means_nothing_is_refused(owner, values):
    with pytest.raises(psycopg2.errors.CheckViolation):
        decide(owner, **{"decision": "approved", **values})


def test_one_decision_about_a_set_is_open(owner):
    decide(owner, "approved", settled_at=NOON, outcome="lapsed", cycle_id=1)
    decide(owner, "approved")
    decide(owner, "approved", digest=2)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        decide(owner, "rejected")


def test_a_decision_says_who_was_logged_in(owner):
    decide(owner, "approved")
    assert query(owner, "SELECT decided_by = session_user, decided_at <= now() FROM rollcall.approval") == [(True, True)]


def test_gaps_between_the_spans_of_coverage(owner):
    insert(owner, "coverage", organization_id="acme", observed_from=minutes(0), observed_until=minutes(10),
           last_asked_at=minutes(9), last_poll_uuid=USER)
    cover(owner, minutes(40))
    cover(owner, minutes(70), organization="other")
    assert query(owner, "SELECT * FROM rollcall.coverage_gap") == [
        ("acme", minutes(10), minutes(40), datetime.timedelta(minutes=30))]

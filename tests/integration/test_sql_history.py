"""The views of the past against a model that remembers it."""

import collections
import datetime

import pytest
from psycopg2.extras import Json

from harness.history import FIELDS, TIMES, History, role_label
from harness.postgres import ROLE
from harness.schema import make_schema, query

SEEDS = range(5)
COLUMNS = ", ".join(FIELDS)


def as_stored(values):
    """A member's values as the columns hold them: timestamps for texts, and the role."""
    times = {field: datetime.datetime.fromisoformat(values[field][:-1] + "+00:00") for field in TIMES}
    return (*({**values, **times}[field] for field in FIELDS), role_label(values))


@pytest.fixture(scope="module", params=SEEDS)
def recorded(request, postgres):
    """A history and a session that sees it recorded. Written once: nothing below changes it."""
    database = postgres.create_database()
    session = postgres.connect(database.name, ROLE)
    query(session, "SET search_path = pg_catalog, pg_temp")
    make_schema(session)
    history = History(request.param, polls=400)
    history.write(session)
    yield history, session
    session.close()
    postgres.drop_database(database)


def seen_at(session, instants, source):
    """Members by instant, as `source` shows them for each t."""
    rows = query(session, f"SELECT t, user_id, {COLUMNS}, role FROM unnest(%s) AS t {source}", (instants,))
    seen = collections.defaultdict(dict)
    for instant, user, *values in rows:
        assert user not in seen[instant], "two versions at one time"
        seen[instant][user] = tuple(values)
    return seen


def assert_true(seen, truth):
    for instant, members in truth:
        assert seen[instant] == {user: as_stored(values) for user, values in members.items()}, instant


AS_OF = "CROSS JOIN LATERAL rollcall.members_as_of(t)"
PERIOD = "JOIN rollcall.member_period ON valid_from <= t AND (valid_to IS NULL OR t < valid_to)"


@pytest.mark.parametrize("source", [AS_OF, PERIOD], ids=["members_as_of", "member_period"])
def test_every_instant_is_as_it_was(recorded, source):
    history, session = recorded
    truth = list(history.instants())
    assert_true(seen_at(session, [instant for instant, _ in truth], source), truth)


def test_thousands_of_polls(owner):
    history = History(seed=4711, polls=2000)
    history.write(owner)
    assert_true(seen_at(owner, history.polls, PERIOD), zip(history.polls, history.truth))
    some = slice(None, None, 10)  # each asks for the whole log up to it
    assert_true(seen_at(owner, history.polls[some], AS_OF), zip(history.polls[some], history.truth[some]))


def test_the_histories_have_everything_in_them(recorded):
    history, session = recorded
    kinds = collections.Counter(kind for kind, *_ in history.changes)
    assert set(kinds) == {"baseline", "joined", "rejoined", "left", "role_changed", "role_touched", "profile_changed"}
    together = query(session, "SELECT count(*) FROM (SELECT FROM rollcall.change_log GROUP BY user_id, observed_at"
                            " HAVING count(*) > 1) AS twice")
    assert together[0][0] > 0
    late = query(session, """
        SELECT DISTINCT late.kind
        FROM rollcall.change_log AS late JOIN rollcall.change_log AS former USING (organization_id)
        WHERE former.change_id < late.change_id AND former.observed_at > late.observed_at""")
    assert {"joined", "left", "role_changed"} <= {kind for (kind,) in late}


def test_what_was_held_overtakes_nothing_but_changes_of_the_profile(recorded):
    """Of one member: a role or a membership is never recorded behind a later one."""
    history, session = recorded
    assert query(session, """
        SELECT DISTINCT former.kind, late.kind
        FROM rollcall.change_log AS late JOIN rollcall.change_log AS former USING (organization_id, user_id)
        WHERE former.change_id < late.change_id AND former.observed_at > late.observed_at""") == [
            ("profile_changed", "role_changed")]


def test_the_last_versions_are_what_was_recorded_last(recorded):
    history, session = recorded
    rows = query(session, f"SELECT user_id, {COLUMNS}, role FROM rollcall.member_period WHERE valid_to IS NULL")
    assert {user: tuple(values) for user, *values in rows} == {
        user: as_stored(values) for user, values in history.known.items()}


def test_a_role_that_was_held(owner):
    """Shown at 5 and applied at 9, with a new name at 7: each is seen from when it was shown."""
    user, minute = "b9c8c05a-4a76-11eb-b378-0242ac130002", "2026-02-03 12:0{}:00+00".format
    for kind, at, old, new in (
        ("baseline", 0, None, {"name": "Amy", "flag_own": False, "flag_member": True}),
        ("profile_changed", 7, {"name": "Amy"}, {"name": "Zoe"}),
        ("role_changed", 5, {"flag_own": False}, {"flag_own": True}),
    ):
        query(owner, """
            INSERT INTO rollcall.change_log (cycle_id, organization_id, user_id, kind, old_values, new_values, observed_at)
            VALUES (1, 'acme', %s, %s, %s, %s, %s)""", (user, kind, old and Json(old), Json(new), minute(at)))
    assert query(owner, """
        SELECT extract(minute FROM valid_from)::integer, extract(minute FROM valid_to)::integer, name, role
        FROM rollcall.member_period ORDER BY valid_from""") == [
            (0, 5, "Amy", "viewer"), (5, 7, "Amy", "owner"), (7, None, "Zoe", "owner")]
    seen = [query(owner, "SELECT name, role FROM rollcall.members_as_of(%s)", (minute(at),)) for at in (4, 5, 6, 7, 9)]
    assert seen == [[("Amy", "viewer")], [("Amy", "owner")], [("Amy", "owner")], [("Zoe", "owner")], [("Zoe", "owner")]]
    assert query(owner, "SELECT old_role, new_role, direction FROM rollcall.role_change") == [
        ("viewer", "owner", "promoted")]


def test_periods_never_overlap_and_are_never_empty(recorded):
    history, session = recorded
    assert query(session, "SELECT * FROM rollcall.member_period WHERE valid_to <= valid_from") == []
    assert query(session, """
        SELECT * FROM (
          SELECT valid_to, lead(valid_from) OVER (PARTITION BY user_id ORDER BY valid_from) AS next
          FROM rollcall.member_period) AS period
        WHERE valid_to IS NULL AND next IS NOT NULL OR valid_to > next""") == []


@pytest.mark.parametrize("seed", SEEDS)
def test_periods_agree_with_instants_however_late_changes_are_recorded(owner, seed):
    """observed_at shuffled within each member: the order of recording alone decides which value wins."""
    history = History(seed, polls=60)
    history.random.shuffle(history.polls)
    baseline = history.polls.pop()
    history.changes = [
        (*change[:5], baseline if change[0] == "baseline" else history.random.choice(history.polls))
        for change in history.changes
    ]
    history.write(owner)
    instants = sorted({change[5] for change in history.changes})
    as_of, period = (
        query(owner, f"SELECT t, user_id, {COLUMNS}, role FROM unnest(%s) AS t {source} ORDER BY 1, 2", (instants,))
        for source in (AS_OF, PERIOD)
    )
    assert as_of and as_of == period


def test_headcount_of_every_day(recorded):
    history, session = recorded
    at_end_of_day = {}
    for answered, members in zip(history.polls, history.truth):
        at_end_of_day[answered.date()] = collections.Counter(map(role_label, members.values()))
    ever = {role for (role,) in query(session, "SELECT DISTINCT role FROM rollcall.member_period")}
    expected, counts = {}, None
    day, last = history.polls[0].date(), history.polls[-1].date()
    while day <= last:
        counts = at_end_of_day.get(day, counts)
        expected.update({(day, role): counts[role] for role in ever})
        day += datetime.timedelta(days=1)
    rows = query(session, "SELECT day, role, members FROM rollcall.daily_headcount")
    assert {(day, role): members for day, role, members in rows} == expected and len(rows) == len(expected)


def as_text(value):
    return value if value is None or isinstance(value, str) else {True: "true", False: "false"}[value]


def replay(history):
    """Each change with the member's values before and after it, in order of recording."""
    members = {}
    for number, change in enumerate(history.changes, start=1):
        before = members.get(change[1], {})
        members[change[1]] = {**before, **(change[3] or {})}
        yield (number, *change, before, members[change[1]])


def test_member_change_has_one_row_for_each_field(recorded):
    history, session = recorded
    expected = []
    for number, kind, user, old, new, after, at, _, values in replay(history):
        shared = (number, after, at, history.organization, user, values["email"], values["name"], kind)
        if old is None or new is None:
            expected.append((*shared, None, None, None))
        else:
            expected += [(*shared, field, as_text(old[field]), as_text(new[field]))
                         for field in sorted(new) if field != "other_flags"]
    rows = query(session, """
        SELECT * FROM rollcall.member_change WHERE field IS DISTINCT FROM 'other_flags'
        ORDER BY change_id, field COLLATE "C" """)
    assert rows == expected
    assert query(session, "SELECT DISTINCT new_value::jsonb FROM rollcall.member_change WHERE field = 'other_flags'"
                        " AND new_value IS NOT NULL ORDER BY 1") == [({"flagBilling": True},),
                                                                      ({"flagNew": None, "flagBilling": False},)]


RANKS = ("none", "viewer", "editor", "admin", "owner")


def direction(old, new):
    if old == new or "unknown" in (old, new):
        return "mixed"
    return "promoted" if RANKS.index(new) > RANKS.index(old) else "demoted"


def test_role_change_knows_the_role_before_and_after(recorded):
    history, session = recorded
    flags = ("flag_member", "flag_editor", "flag_own", "flag_admin", "other_flags")
    expected = []
    for number, kind, user, old, _, _, _, _, after in replay(history):
        if kind == "role_changed":
            before = {**after, **old}
            roles = role_label(before), role_label(after)
            pairs = [values[flag] for flag in flags for values in (before, after)]
            expected.append((number, user, after["email"], after["name"], *roles, direction(*roles), *pairs))
    columns = ", ".join(f"old_{flag}, new_{flag}" for flag in flags)
    assert query(session, f"""
        SELECT change_id, user_id, email, name, old_role, new_role, direction, {columns}
        FROM rollcall.role_change ORDER BY change_id""") == expected


def test_a_change_of_the_organization(owner):
    query(owner, """
        INSERT INTO rollcall.change_log (cycle_id, organization_id, kind, old_values, new_values, observed_at)
        VALUES (1, 'o', 'organization_changed', '{"name": null}', '{"name": {"en": "Acme"}}', '2026-01-01')""")
    rows = query(owner, "SELECT user_id, email, name, kind, field, old_value, new_value FROM rollcall.member_change")
    assert rows == [(None, None, None, "organization_changed", "name", None, '{"en": "Acme"}')]
    assert query(owner, "SELECT * FROM rollcall.member_period") == []

"""What must be true of the database whatever happened: the invariants of the fault model, and that the mirror shows
what the API last said. Everything is computed here a second time, in plain Python, and then compared."""

import datetime

from harness.waiting import PATIENCE, wait_until

# Columns of rollcall.member that hold values of the API, and where each stands in an answer.
USER_FIELDS = {"email": "email", "name": "name", "city": "city", "country_id": "country_id", "locale_id": "locale_id",
               "flag_plan": "flag_plan", "user_created_at": "created_at"}
ROLE_FIELDS = {"flag_member": "flagMember", "flag_editor": "flagEditor", "flag_own": "flagOwn",
               "flag_admin": "flagAdmin", "role_created_at": "created_at", "role_updated_at": "updated_at"}
FIELDS = (*USER_FIELDS, *ROLE_FIELDS, "other_flags")

ALL_NEW = ("baseline", "joined", "rejoined")
ALL_OLD = ("left",)
SOME = ("role_changed", "role_touched", "profile_changed")


def moment(text):
    """RFC 3339 as a datetime; None stays None."""
    return text and datetime.datetime.fromisoformat(text)


def comparable(values):
    """An image of the log, a row or a slice of the API as the same kind of dict."""
    return {name: moment(value) if name.endswith("_at") and isinstance(value, str) else value
            for name, value in values.items()}


def fields_of_row(row):
    return comparable({name: row[name] for name in FIELDS})


def fields_of_api(user):
    """What the mirror must hold for a user of the API's answer."""
    role = user["organizationRole"]
    named = {name: user.get(key) for name, key in USER_FIELDS.items()}
    flags = {name: role.get(key) for name, key in ROLE_FIELDS.items()}
    others = {key: value for key, value in role.items()
              if key.startswith("flag") and key not in ROLE_FIELDS.values() and value is not None}
    return comparable({**named, **flags, "other_flags": others or None})


# ---- replay


class Replay:
    """The member table, rebuilt from nothing but the change log."""

    def __init__(self):
        self.present = {}  # (organization_id, user_id) -> fields
        self.gone = {}

    def apply(self, change):
        kind, key = change["kind"], (change["organization_id"], change["user_id"])
        if kind in ALL_NEW:
            self._arrive(kind, key, comparable(change["new_values"]))
        elif kind in ALL_OLD:
            assert comparable(change["old_values"]) == self.present[key], f"left with other values: {change}"
            self.gone[key] = self.present.pop(key)
        elif kind in SOME:
            self._differ(change, self.present[key])
        else:
            assert kind == "organization_changed", f"unknown kind: {change}"

    def _arrive(self, kind, key, fields):
        assert set(fields) == set(FIELDS), f"{kind} has not all fields: {fields}"
        assert key not in self.present or kind == "baseline", f"{kind} of somebody who is present: {key}"
        assert (key in self.gone) == (kind == "rejoined") or kind == "baseline", f"{kind} does not fit: {key}"
        self.gone.pop(key, None)
        self.present[key] = fields

    def _differ(self, change, fields):
        old, new = comparable(change["old_values"]), comparable(change["new_values"])
        assert set(old) == set(new) and set(old) <= set(FIELDS), f"other fields before than after: {change}"
        for name in old:
            assert old[name] == fields[name], f"{name} was {fields[name]!r} before: {change}"
            assert old[name] != new[name], f"{name} does not differ: {change}"
        fields.update(new)


def replay(change_log):
    """Rows of change_log in the order of change_id -> Replay."""
    state = Replay()
    for change in change_log:
        state.apply(change)
    return state


# ---- invariants


def assert_invariants(database):
    """I1, I2, I5 of the fault model and what follows from them; for a database that has its schema."""
    state = replay(database.changes())
    assert_replay_is_table(database, state)
    assert_views_agree(database, state)
    assert_nothing_from_failed_cycles(database)
    assert_nothing_twice(database)


def assert_replay_is_table(database, state):
    present, gone = {}, {}
    for row in database.query("SELECT * FROM rollcall.member"):
        (gone if row["removed_at"] else present)[row["organization_id"], row["user_id"]] = fields_of_row(row)
    assert state.present == present, "replaying change_log does not give the members"
    assert state.gone == gone, "replaying change_log does not give those who left"
    counted = database.query("SELECT organization_id, present_members FROM rollcall.organization")
    for organization in counted:
        number = sum(key[0] == organization["organization_id"] for key in present)
        assert organization["present_members"] == number, f"present_members is wrong: {organization}, not {number}"


def assert_views_agree(database, state):
    as_of = database.query("SELECT * FROM rollcall.members_as_of('infinity')")
    assert {(row["organization_id"], row["user_id"]): fields_of_row(row) for row in as_of} == state.present
    current = database.query("SELECT * FROM rollcall.current_member")
    assert {(row["organization_id"], row["user_id"]): fields_of_row(row) for row in current} == state.present
    open_periods = database.query("SELECT * FROM rollcall.member_period WHERE valid_to IS NULL")
    assert {(row["organization_id"], row["user_id"]): fields_of_row(row) for row in open_periods} == state.present
    overlapping = database.query(
        "SELECT * FROM (SELECT *, lead(valid_from) OVER (PARTITION BY organization_id, user_id ORDER BY valid_from)"
        " AS next FROM rollcall.member_period) AS period WHERE valid_to > next OR valid_to <= valid_from"
        " OR (valid_to IS NULL AND next IS NOT NULL)")
    assert not overlapping, f"periods overlap: {overlapping}"


def assert_nothing_from_failed_cycles(database):
    assert not database.query("SELECT * FROM rollcall.change_log AS change LEFT JOIN rollcall.cycle USING (cycle_id)"
                              " WHERE cycle.outcome IS NULL OR cycle.outcome = 'failed'")


def assert_nothing_twice(database):
    twice = database.query("SELECT cycle_id, organization_id, user_id, kind FROM rollcall.change_log"
                           " GROUP BY 1, 2, 3, 4 HAVING count(*) > 1")
    assert not twice, f"the same change was recorded twice: {twice}"
    backwards = database.query("SELECT * FROM rollcall.change_log WHERE observed_after >= observed_at")
    assert not backwards, f"observed before it could be: {backwards}"


def differences(found, expected):
    """Members of one side only, and those that both have with what is not the same."""
    lines = [f"only in the database: {sorted(set(found) - set(expected))}",
             f"only in the API: {sorted(set(expected) - set(found))}"]
    for user in sorted(set(found) & set(expected)):
        lines += [f"{user} {name}: {found[user][name]!r}, but the API says {expected[user][name]!r}"
                  for name in FIELDS if found[user][name] != expected[user][name]]
    return "\n".join(lines)


def assert_mirrors(database, simulator):
    """The current members are what the API says now, field by field."""
    organization = simulator.organization()
    expected = {user["id"]: fields_of_api(user) for user in organization["users"]}
    found = {user_id: fields_of_row(row) for user_id, row in database.members().items()}
    assert found == expected, differences(found, expected)
    row = database.query("SELECT organization_id, name FROM rollcall.organization")
    assert row == [{"organization_id": organization["id"], "name": organization["name"]}]


def mirrors(database, simulator):
    try:
        assert_mirrors(database, simulator)
    except AssertionError:
        return False
    return True


def wait_for_mirror(database, simulator, timeout=PATIENCE):
    """Waits until a running daemon has caught up."""
    try:
        wait_until(lambda: database.has_schema() and mirrors(database, simulator), "the mirror to catch up", timeout)
    except AssertionError:
        assert_mirrors(database, simulator)  # says what is missing
        raise


# ---- nothing was written


def tables(database):
    rows = database.query("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('rollcall') AND relkind = 'r'")
    return sorted(row["relname"] for row in rows)


def versions(database, *without):
    """Every row of every table with the transactions that made and locked it: any write and any row lock shows."""
    return {table: database.query(f"SELECT ctid, xmin, xmax FROM rollcall.{table} ORDER BY ctid")
            for table in tables(database) if table not in without}

"""One bad record among good ones: it is set apart, the others go on in the same poll, and nobody is removed by it. And
bad answers among good ones."""

import json

import pytest

from harness.simulator import AMY, DAVID, JULIA
from harness.truth import assert_mirrors, fields_of_api, fields_of_row, versions


@pytest.fixture
def synced(rollcall):
    """After its first sync; one poll without a member is enough, so that leaving is seen at once."""
    rollcall.configure(sync={"removal_polls": 1})
    rollcall.once()
    return rollcall


def spoil(old, new, count=1):
    """Other bytes in the record's text."""
    def make(record):
        assert old in record
        return record.replace(old, new, count)
    return make


# The simulator prints records without white space.
NAME, CITY, ROLE = b'"Amy Evans"', b'"city":null', b'"organizationRole":{'
SPOILT = {
    "half a surrogate pair": (spoil(NAME, rb'"Amy \ud83d"'), "surrogate"),
    "the other half": (spoil(NAME, rb'"\udc00 Evans"'), "surrogate"),
    "a NUL": (spoil(NAME, rb'"Amy\u0000"'), "U+0000"),
    "a number of 20 digits": (spoil(CITY, b'"city":null,"x":12345678901234567890'), "too many digits"),
    "a number beyond doubles": (spoil(CITY, b'"city":null,"x":1e400'), "too many digits"),
    "a wrong escape": (spoil(NAME, rb'"Amy \q"'), "escape"),
    "no UTF-8": (spoil(NAME, b'"Amy \xff"'), "UTF-8"),
    "a name that is a number": (spoil(NAME, b"17"), "name is a number"),
    "a city that is a list": (spoil(CITY, b'"city":["Leuven"]'), "city is an array"),
    "a time that is none": (spoil(b'"created_at":"2020', b'"created_at":"yesterday 2020'), "not a time"),
    "a flag in words": (spoil(b'"flagOwn":false', b'"flagOwn":"false"'), "organizationRole.flagOwn is a string"),
    "a flag that is a number": (spoil(b'"flagEditor":true', b'"flagEditor":1'),
                                "organizationRole.flagEditor is a number"),
    "an unknown flag that is an object": (spoil(ROLE, ROLE + b'"flagNew":{},'),
                                          "organizationRole.flagNew is an object"),
    "no role": (spoil(b'"organizationRole"', b'"formerRole"'), "organizationRole is missing"),
    "a role that is null": (lambda record: record[:record.index(ROLE)] + b'"organizationRole":null}',
                            "organizationRole is null"),
    "a role of another user": (spoil(b'"user_id":"b9', b'"user_id":"a9'), "not the user's own id"),
    "a role in another organization": (spoil(b'"organization_id":"', b'"organization_id":"x'), "another organization"),
    "a role without organization": (spoil(b'"organization_id"', b'"org_id"'), "organization_id is missing"),
    "the same key twice": (spoil(CITY, b'"city":null,"city":"Gent"'), "twice"),
}


def warnings(result, event):
    return [line for line in result.err.splitlines() if f"event={event}" in line]


def open_rejections(database):
    return database.query("SELECT * FROM rollcall.rejected_record WHERE resolved_at IS NULL")


@pytest.mark.parametrize("name", SPOILT)
def test_a_bad_record_spoils_nothing_else(synced, simulator, database, name):
    make, reason = SPOILT[name]
    before = database.members()[AMY]
    healthy = simulator.member(AMY)
    simulator.put(AMY, make(simulator.steer("GET", f"/members/{AMY}")))
    simulator.set_flag(DAVID, "flagOwn", True)
    simulator.leave(JULIA)
    newcomer = simulator.join()

    (warning,) = warnings(synced.once(), "record_rejected")
    assert AMY in warning and "Amy" not in warning and "amy@" not in warning
    members = database.members()
    assert members[AMY] == before
    assert set(members) == {AMY, DAVID, newcomer["id"]} and members[DAVID]["flag_own"]
    (rejected,) = open_rejections(database)
    assert rejected["user_id"] == AMY and reason in rejected["reason"]

    unchanged = versions(database, "coverage")
    assert warnings(synced.once(), "record_rejected") == [], "known by now"
    assert versions(database, "coverage") == unchanged

    simulator.put(AMY, healthy)
    simulator.rename(AMY, "Amy E.")
    synced.once()
    assert open_rejections(database) == []
    assert database.value("SELECT count(*) FROM rollcall.rejected_record") == 1
    assert_mirrors(database, simulator)


UNREADABLE = {
    "no id": lambda record: record.replace(b'"id":', b'"identity":', 1),
    "an id that is a number": lambda record: record.replace(b'"id":"' + AMY.encode() + b'"', b'"id":17', 1),
    "an id that is no UUID": lambda record: record.replace(b'"id":"b9c8c05a', b'"id":"amy-c05a', 1),
    "an id that is null": lambda record: record.replace(b'"id":"' + AMY.encode() + b'"', b'"id":null', 1),
    "two ids": lambda record: record.replace(b'"id":', b'"id":"' + DAVID.encode() + b'","id":', 1),
    "an escape in a key, which may spell anything": spoil(CITY, rb'"ci\u0000ty":null'),
    "a comma too many, so that nothing is where it belongs": spoil(CITY, b'"city":null,'),
    "a number": lambda record: b"17",
    "null": lambda record: b"null",
    "a list": lambda record: b"[]",
    "an empty object": lambda record: b"{}",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_while_an_id_cannot_be_read_nobody_is_absent(synced, simulator, database, name):
    healthy = simulator.member(AMY)
    simulator.put(AMY, UNREADABLE[name](simulator.steer("GET", f"/members/{AMY}")))
    simulator.set_flag(DAVID, "flagOwn", True)
    simulator.leave(JULIA)

    (warning,) = warnings(synced.once(), "record_rejected")
    assert "nobody is marked absent" in warning
    assert [row["user_id"] for row in open_rejections(database)] == [None]
    members = database.members()
    assert set(members) == {AMY, DAVID, JULIA} and members[DAVID]["flag_own"]
    assert all(row["absent_since"] is None for row in members.values())
    assert warnings(synced.once(), "record_rejected") == []
    assert set(database.members()) == {AMY, DAVID, JULIA}

    simulator.put(AMY, healthy)
    synced.once()
    assert open_rejections(database) == []
    assert_mirrors(database, simulator)


def test_a_newcomer_who_cannot_be_read(synced, simulator, database):
    """Unknown until then; when the record heals, she joins."""
    newcomer = simulator.join()
    simulator.put(newcomer["id"], {**newcomer, "city": 5})
    synced.once()
    assert newcomer["id"] not in database.members()
    assert [row["user_id"] for row in open_rejections(database)] == [newcomer["id"]]
    simulator.put(newcomer["id"], newcomer)
    synced.once()
    assert [change["kind"] for change in database.changes(after=3)] == ["joined"]
    assert_mirrors(database, simulator)


def test_the_first_sync_with_a_bad_record(rollcall, simulator, database):
    """The others are the baseline; whoever heals later is a newcomer, for nobody had seen her before."""
    healthy = simulator.member(AMY)
    simulator.put(AMY, {**healthy, "name": 5})
    rollcall.once()
    assert set(database.members()) == {DAVID, JULIA}
    simulator.put(AMY, healthy)
    rollcall.once()
    assert [change["kind"] for change in database.changes()] == ["baseline", "baseline", "joined"]
    assert_mirrors(database, simulator)


def test_a_bad_record_that_changes_is_told_again(synced, simulator, database):
    record = simulator.member(AMY)
    simulator.put(AMY, {**record, "name": 5})
    assert len(warnings(synced.once(), "record_rejected")) == 1
    simulator.put(AMY, {**record, "name": [5]})
    assert len(warnings(synced.once(), "record_rejected")) == 1
    rows = database.query("SELECT resolved_at IS NULL AS open FROM rollcall.rejected_record ORDER BY rejected_id")
    assert [row["open"] for row in rows] == [False, True]


def test_a_bad_record_under_the_service(synced, simulator, database):
    """Told once, although each poll meets it."""
    simulator.put(AMY, {**simulator.member(AMY), "name": 5})
    daemon = synced.run()
    daemon.wait_for_cycles(3)
    assert daemon.log().count("event=record_rejected") == 1
    simulator.leave(AMY)
    daemon.wait_for_cycles(2)
    assert open_rejections(database) == [] and AMY not in database.members()
    assert daemon.stop() == 0


def test_null_and_missing_are_unknown_and_never_false(synced, simulator, database):
    record = simulator.member(AMY)
    role = {key: value for key, value in record["organizationRole"].items() if not key.startswith("flag")}
    simulator.put(AMY, {"id": AMY, "organizationRole": {**role, "flagOwn": None}})
    synced.once()
    row = database.members()[AMY]
    assert [row[flag] for flag in ("flag_member", "flag_editor", "flag_own", "flag_admin")] == [None] * 4
    assert (row["email"], row["name"], row["user_created_at"]) == (None, None, None)
    assert database.value("SELECT role FROM rollcall.current_member WHERE user_id = %s", AMY) == "unknown"
    assert_mirrors(database, simulator)


def test_huge_and_strange_values_are_kept_as_they_are(synced, simulator, database):
    strange = {"name": "\u202e" + "🦊" * 5000 + "\x7f\x1b[2J\ufeff", "email": "x" * 245 + "@test.com",
               "city": "\u2028\r\n\t"}
    simulator.patch(AMY, **strange)
    synced.once()
    assert fields_of_row(database.members()[AMY]) == fields_of_api(simulator.member(AMY))
    assert {name: database.members()[AMY][name] for name in strange} == strange


# ---- bad answers among good ones


def test_a_list_of_attributes_that_is_refused(synced, simulator, database):
    """Asked once more without it; what comes too much is not kept."""
    simulator.fail(400, times=-1, only_with_attributes=True)
    simulator.rename(AMY, "Amy E.")
    assert len(warnings(synced.once(), "attributes_refused")) == 1
    assert_mirrors(database, simulator)


@pytest.mark.parametrize("code, error_class, break_it", [
    (69, "unavailable", lambda simulator: simulator.fail(503)),
    (76, "malformed", lambda simulator: simulator.answer_with(b"{}")),
    (77, "credentials", lambda simulator: simulator.fail(401)),
], ids=["away", "malformed", "rejected"])
def test_before_the_first_sync(rollcall, simulator, database, code, error_class, break_it):
    """A failed cycle is recorded before there is an organization, and the next one starts from nothing."""
    break_it(simulator)
    rollcall.once(code)
    (cycle,) = database.cycles()
    assert (cycle["outcome"], cycle["organization_id"], cycle["error_class"]) == ("failed", None, error_class)
    simulator.reset()
    rollcall.once()
    assert_mirrors(database, simulator)
    assert {change["kind"] for change in database.changes()} == {"baseline"}


def test_the_service_goes_on(synced, simulator, database):
    nobody = {"count": 1, "rows": [{**simulator.organization(), "users": []}]}
    for body in ("", "{", json.dumps(nobody)):
        simulator.fault(body=body)
    simulator.leave(JULIA)
    daemon = synced.run()
    daemon.wait_for_cycles(4)
    assert [cycle["outcome"] for cycle in database.cycles()] == ["changed"] + ["failed"] * 3 + ["changed"]
    assert_mirrors(database, simulator)

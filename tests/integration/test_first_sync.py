"""The main job: the documented organization into an empty database, then one change after the other, each leaving
exactly one row in the log; and answers that look different but say the same."""

import pytest

from harness.simulator import AMY, DAVID, DOCUMENTED_ANSWER, JULIA
from harness.truth import FIELDS, assert_mirrors, comparable, fields_of_api, moment, versions, wait_for_mirror

EMOJI = 'Amy "Amélie" O\'Evans 🦊👩\u200d🚀 \u202eabc'
NASTY = '"users":[{"id":1}] }] \\" {{[ \\u0022'


@pytest.fixture
def synced(rollcall, simulator, database):
    """The program after its first sync of the documented organization."""
    rollcall.once()
    assert_mirrors(database, simulator)
    return rollcall


def one_change(rollcall):
    """Runs one cycle; the only row that it added to the log."""
    before = rollcall.database.last_change()
    rollcall.once()
    changes = rollcall.database.changes(after=before)
    assert len(changes) == 1, changes
    assert_mirrors(rollcall.database, rollcall.simulator)
    return changes[0]


def no_change(rollcall):
    before = rollcall.database.last_change()
    rollcall.once()
    assert rollcall.database.changes(after=before) == []
    assert_mirrors(rollcall.database, rollcall.simulator)


# ---- the first sync


def test_the_documented_answer_verbatim(rollcall, simulator, database):
    simulator.answer_with(DOCUMENTED_ANSWER.read_bytes())
    rollcall.once()
    assert_mirrors(database, simulator)
    members = database.members()
    assert set(members) == {AMY, DAVID, JULIA}
    for row in members.values():
        assert row["organization_id"] == "< your organization id >"
        assert (row["flag_member"], row["flag_editor"], row["flag_own"], row["flag_admin"]) == (True, True, False, None)
        assert row["city"] is None and row["other_flags"] is None and row["slice_digest"] is not None


def test_the_first_sync_writes_a_baseline(synced, simulator, database):
    changes = database.changes()
    assert [change["kind"] for change in changes] == ["baseline"] * 3
    assert {change["user_id"]: comparable(change["new_values"]) for change in changes} == \
        {user["id"]: fields_of_api(user) for user in simulator.organization()["users"]}
    (cycle,) = database.cycles()
    for change in changes:
        assert change["old_values"] is None and change["observed_after"] is None
        assert (change["cycle_id"], change["observed_at"]) == (cycle["cycle_id"], cycle["answered_at"])
    assert (cycle["outcome"], cycle["members"], cycle["added"], cycle["body_bytes"] > 1000) == ("changed", 3, 3, True)


def test_the_request_is_the_one_that_was_promised(synced, simulator):
    token, request = simulator.requests()
    assert (token["path"], token["action"]) == ("/0.1.0/authorization", "get")
    assert token["find"]["attributes"] == ["id", "user_id", "expiry"]
    assert (request["method"], request["action"], request["path"]) == ("POST", "get", "/0.1.0/organization")
    find = request["find"]
    assert find["where"] == {} and find["attributes"] == ["id", "name"]
    (included,) = find["include"]
    assert included["model"] == "User" and sorted(included["attributes"]) == [
        "city", "country_id", "created_at", "email", "flag_plan", "id", "locale_id", "name"]


def test_a_second_poll_writes_nothing_but_coverage(synced, database):
    before = versions(database, "coverage")
    (covered,) = database.query("SELECT * FROM rollcall.coverage")
    synced.once()
    assert versions(database, "coverage") == before
    (span,) = database.query("SELECT * FROM rollcall.coverage")
    assert span["polls"] == covered["polls"] + 1 and span["observed_until"] > covered["observed_until"]
    assert span["observed_from"] == covered["observed_from"]


# ---- one change, one row


def test_a_flag_that_flips(synced, simulator, database):
    before = simulator.member(AMY)["organizationRole"]["updated_at"]
    after = simulator.set_flag(AMY, "flagOwn", True)["organizationRole"]["updated_at"]
    change = one_change(synced)
    assert (change["kind"], change["user_id"]) == ("role_changed", AMY)
    assert comparable(change["old_values"]) == {"flag_own": False, "role_updated_at": moment(before)}
    assert comparable(change["new_values"]) == {"flag_own": True, "role_updated_at": moment(after)}
    cycle = database.cycles()[-1]
    assert change["observed_at"] == cycle["answered_at"] and change["observed_after"] < cycle["asked_at"]
    (seen,) = database.query("SELECT * FROM rollcall.role_change")
    assert (seen["old_role"], seen["new_role"], seen["direction"]) == ("editor", "owner", "promoted")


@pytest.mark.parametrize("flag, value, new", [
    ("flagEditor", False, {"flag_editor": False}),
    ("flagMember", None, {"flag_member": None}),
    ("flagAdmin", True, {"flag_admin": True}),
    ("flagNew", True, {"other_flags": {"flagNew": True}}),
])
def test_only_the_fields_that_differ_are_in_the_row(synced, simulator, flag, value, new):
    role = simulator.member(DAVID)["organizationRole"]
    simulator.patch(DAVID, organizationRole={flag: value, "updated_at": role["updated_at"]})
    change = one_change(synced)
    assert (change["kind"], change["user_id"], change["new_values"]) == ("role_changed", DAVID, new)
    assert set(change["old_values"]) == set(new)


def test_only_luzmos_own_time_moved(synced, simulator):
    simulator.patch(JULIA, organizationRole={"updated_at": "2024-02-29T23:59:59.999Z"})
    change = one_change(synced)
    assert (change["kind"], set(change["new_values"])) == ("role_touched", {"role_updated_at"})


def test_a_rename_with_emoji_and_quotes(synced, simulator):
    simulator.rename(AMY, EMOJI)
    change = one_change(synced)
    assert (change["kind"], change["user_id"]) == ("profile_changed", AMY)
    assert (change["old_values"], change["new_values"]) == ({"name": "Amy Evans"}, {"name": EMOJI})


def test_somebody_joins(synced, simulator, database):
    newcomer = simulator.join(name=NASTY, email="zoë@test.com", city="Łódź", organizationRole={"flagOwn": None})
    change = one_change(synced)
    assert (change["kind"], change["user_id"], change["old_values"]) == ("joined", newcomer["id"], None)
    assert comparable(change["new_values"]) == fields_of_api(newcomer)
    assert change["observed_after"] < change["observed_at"]


def test_somebody_leaves(synced, simulator, database):
    last = fields_of_api(simulator.member(DAVID))
    simulator.leave(DAVID)
    change = one_change(synced)
    assert (change["kind"], change["user_id"], change["new_values"]) == ("left", DAVID, None)
    assert comparable(change["old_values"]) == last
    cycle = database.cycles()[-1]
    assert change["observed_after"] < change["observed_at"] < cycle["answered_at"], "the first poll without him counts"
    former = database.value("SELECT email FROM rollcall.former_member")
    assert former == "david@test.com"


def test_somebody_returns(synced, simulator, database):
    first_seen_at = database.members()[DAVID]["first_seen_at"]
    simulator.leave(DAVID)
    one_change(synced)
    simulator.comeback(DAVID)
    change = one_change(synced)
    assert (change["kind"], change["user_id"], change["old_values"]) == ("rejoined", DAVID, None)
    assert comparable(change["new_values"]) == fields_of_api(simulator.member(DAVID))
    assert database.members()[DAVID]["first_seen_at"] == first_seen_at
    no_change(synced)


def test_a_failed_poll_says_nothing_about_anybody(synced, simulator, database):
    simulator.leave(JULIA)
    simulator.fail(503)
    before = versions(database, "cycle")
    synced.once(code=69)
    assert versions(database, "cycle") == before
    assert database.cycles()[-1]["outcome"] == "failed"
    simulator.comeback(JULIA)
    no_change(synced)


def test_the_organization_is_renamed(synced, simulator):
    simulator.rename_organization(en=NASTY, xx="\u202e🦊")
    change = one_change(synced)
    assert (change["kind"], change["user_id"]) == ("organization_changed", None)
    assert change["new_values"]["name"] == {"en": NASTY, "xx": "\u202e🦊"}


def test_many_changes_in_one_poll(synced, simulator, database):
    simulator.set_flag(AMY, "flagOwn", True)
    simulator.rename(AMY, "Amy E.")
    simulator.rename(JULIA, "")
    newcomer = simulator.join()
    before = database.last_change()
    synced.once()
    found = sorted((change["user_id"], change["kind"]) for change in database.changes(after=before))
    assert found == sorted([(AMY, "role_changed"), (AMY, "profile_changed"), (JULIA, "profile_changed"),
                            (newcomer["id"], "joined")])
    assert_mirrors(database, simulator)


def test_every_field_is_a_field_of_somebody(synced, database):
    """The harness and the program mean the same columns."""
    assert set(database.changes()[0]["new_values"]) == set(FIELDS)


# ---- the same in other words


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_another_order_of_members_keys_and_white_space_is_no_change(synced, simulator, database, seed):
    values = {user: {name: row[name] for name in FIELDS} for user, row in database.members().items()}
    for members, text in ((seed, 0), (0, seed), (seed, seed)):
        simulator.shuffle(members=members, text=text)
        no_change(synced)
    after = database.members()
    assert {user: {name: row[name] for name in FIELDS} for user, row in after.items()} == values


@pytest.mark.parametrize("name", [NASTY, '"users":[{"id":1}]', "]}]}", "{", "\\", '\\"', "🦊", "\u202e", "[" * 40, ""])
def test_an_organizations_name_fools_nobody(rollcall, simulator, database, name):
    simulator.rename_organization(en=name, users=name, rows=name)
    simulator.rename(AMY, name + '"organizationRole":{')
    rollcall.once()
    assert_mirrors(database, simulator)
    simulator.shuffle(members=3, text=3)
    no_change(rollcall)


@pytest.mark.parametrize("transfer", ["length", "chunked"])
@pytest.mark.parametrize("size", [1, 3, 17, 499])
def test_pieces_of_any_size_give_the_same_result(rollcall, simulator, database, transfer, size):
    simulator.rename(AMY, EMOJI)
    simulator.rename_organization(en=NASTY)
    simulator.fault(times=-1, chunk=size, transfer=transfer)
    rollcall.once()
    assert_mirrors(database, simulator)
    assert len(database.changes()) == 3
    simulator.shuffle(members=size, text=size)
    no_change(rollcall)


def test_a_body_without_a_told_end_is_not_believed(rollcall, simulator, database):
    """Whole or not, nobody could tell."""
    simulator.fault(transfer="close")
    rollcall.once(code=76)
    assert database.members() == {} and database.changes() == []
    rollcall.once()
    assert_mirrors(database, simulator)


def test_an_id_in_capitals_is_the_same_member(synced, simulator):
    """UUIDs are canonicalised, so another spelling is no other person."""
    record = simulator.member(AMY)
    record["id"] = record["organizationRole"]["user_id"] = AMY.upper()
    simulator.put(AMY, record)
    before = synced.database.last_change()
    synced.once()
    assert synced.database.changes(after=before) == []


# ---- the daemon


def test_the_daemon_sees_it_all(rollcall, simulator, database):
    daemon = rollcall.run()
    daemon.wait_for_cycles(1)
    simulator.set_flag(AMY, "flagOwn", True)
    newcomer = simulator.join(name=EMOJI)
    daemon.wait_for_cycles(2)
    assert_mirrors(database, simulator)
    simulator.leave(newcomer["id"])
    wait_for_mirror(database, simulator)
    assert daemon.stop() == 0
    kinds = [change["kind"] for change in database.changes()]
    assert sorted(kinds) == ["baseline"] * 3 + ["joined", "left", "role_changed"]

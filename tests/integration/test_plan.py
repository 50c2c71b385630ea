"""`rollcall plan`: what a cycle would write, told before anything is written, and nothing written by telling it."""

import json

import pytest

from harness.simulator import AMY, DAVID, JULIA
from harness.terminal import run_on_terminal
from harness.truth import assert_mirrors, versions
from harness.waiting import wait_until

COLOUR = b"\x1b["
SAME, CHANGES, UNAVAILABLE = 0, 2, 69


@pytest.fixture
def synced(rollcall):
    rollcall.once()
    return rollcall


def untouched(rollcall, *options):
    """Runs `plan`; the tables are the same before and after, to the last row version."""
    before = versions(rollcall.database)
    result = rollcall.plan(*options)
    assert versions(rollcall.database) == before
    return result


def change_everything(simulator):
    """Everything that can happen, once."""
    simulator.set_flag(AMY, "flagOwn", True)
    simulator.rename(DAVID, "David R.")
    simulator.leave(JULIA)
    simulator.rename_organization(en="Renamed")
    return simulator.join(name="Zoë", email="zoe@test.com")


# ---- before anything was ever read


def test_an_empty_database_stays_empty(rollcall, database):
    result = rollcall.plan().expect(0)
    assert "Amy Evans <amy@test.com>" in result.out and "3 members" in result.out and "none recorded yet" in result.out
    assert result.err == "" and not database.has_schema()
    assert database.query("SELECT * FROM pg_namespace WHERE nspname = 'rollcall'") == []


def test_an_empty_database_as_json(rollcall, database):
    plan = rollcall.plan("--json", "--detailed-exitcode").expect(CHANGES).json()
    assert plan["first_load"] and plan["counts"]["added"] == 3
    assert {change["kind"] for change in plan["changes"]} == {"baseline"}
    assert not database.has_schema()


def test_a_schema_without_an_organization(rollcall, database):
    rollcall.command("migrate").expect(0)
    assert untouched(rollcall, "--json").expect(0).json()["first_load"]


# ---- after it


def test_nothing_to_do(synced):
    result = untouched(synced, "--detailed-exitcode").expect(SAME)
    assert result.out.endswith("Nothing to write: the database says the same.\n") and result.err == ""
    plan = untouched(synced, "--json", "--detailed-exitcode").expect(SAME).json()
    assert plan["changes"] == [] and not plan["first_load"] and set(plan["counts"].values()) == {0}


def test_everything_at_once_reads_like_a_review(synced, simulator):
    change_everything(simulator)
    out = untouched(synced).expect(0).out
    for words in (["+ joins", "Zoë <zoe@test.com>"], ["~ role", "Amy Evans <amy@test.com>", "editor -> owner"],
                  ["flag_own: false -> true"], ["~ profile", "David"], ["name:", '-> "David R."'],
                  ["? absent", "Julia"], ["the organization has another name"], ["Nothing was written."]):
        assert any(all(word in line for word in words) for line in out.splitlines()), (words, out)
    untouched(synced, "--detailed-exitcode").expect(CHANGES)


def test_everything_at_once_as_json(synced, simulator):
    newcomer = change_everything(simulator)
    plan = untouched(synced, "--json").expect(0).json()
    kinds = {(change["user_id"], change["kind"]) for change in plan["changes"]}
    assert kinds == {(newcomer["id"], "joined"), (AMY, "role_changed"), (DAVID, "profile_changed"), (JULIA, "absent")}
    (flip,) = [change for change in plan["changes"] if change["kind"] == "role_changed"]
    assert flip["old_values"]["flag_own"] is False and flip["new_values"]["flag_own"] is True
    assert plan["organization"]["renamed"] and plan["organization"]["members"] == 3
    assert plan["counts"] | {"added": 1, "role_changed": 1, "profile_changed": 1, "absent": 1} == plan["counts"]


def test_what_was_planned_is_what_happens(synced, simulator, database):
    """The plan's changes, and the rows of the log that a cycle then writes."""
    synced.configure(sync={"removal_polls": 1})
    change_everything(simulator)
    simulator.patch(DAVID, organizationRole={"updated_at": "2024-02-29T23:59:59.999Z"})
    planned = untouched(synced, "--json").expect(0).json()["changes"]
    before = database.last_change()
    synced.once()
    written = [change for change in database.changes(after=before) if change["user_id"]]
    key = ("user_id", "kind", "old_values", "new_values")
    assert sorted(json.dumps([change[name] for name in key], sort_keys=True) for change in planned) == \
        sorted(json.dumps([change[name] for name in key], sort_keys=True) for change in written)
    assert_mirrors(database, simulator)


def test_somebody_returns(synced, simulator):
    simulator.leave(DAVID)
    synced.once()
    simulator.comeback(DAVID)
    assert "+ returns" in untouched(synced).expect(0).out


def test_a_row_that_was_edited_by_hand(synced, database):
    synced.configure(sync={"full_compare": "1s"})
    database.execute("UPDATE rollcall.member SET flag_own = true WHERE user_id = %s", AMY)
    database.execute("UPDATE rollcall.organization SET last_full_compare_at = last_full_compare_at - interval '1 minute'")
    out = untouched(synced, "--detailed-exitcode").expect(CHANGES).out
    assert "! edited" in out and "flag_own: true -> false" in out
    synced.once()


def test_a_record_that_cannot_be_read(synced, simulator):
    simulator.put(AMY, {**simulator.member(AMY), "name": 5})
    assert "1 record of the answer cannot be read and is left alone" in untouched(synced).expect(0).out


@pytest.mark.parametrize("code, break_it", [
    (69, lambda simulator: simulator.go_away()),
    (76, lambda simulator: simulator.answer_with(b"{}")),
    (77, lambda simulator: simulator.fail(401, times=2)),
], ids=["away", "malformed", "rejected"])
def test_a_plan_that_fails_is_not_recorded(synced, simulator, code, break_it):
    break_it(simulator)
    for options in ((), ("--json", "--detailed-exitcode")):
        result = untouched(synced, *options).expect(code)
        assert result.out == "" and result.err.count("\n") == 1
    simulator.reset()


def test_rights_to_read_are_enough(synced, simulator, database):
    """Whoever may read the tables, may plan."""
    database.execute("DO $$ BEGIN CREATE ROLE auditor LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    database.execute("GRANT USAGE ON SCHEMA rollcall TO auditor;"
                     " GRANT SELECT ON ALL TABLES IN SCHEMA rollcall TO auditor")
    simulator.rename(AMY, "Amy E.")
    synced.configure(database={"conninfo": database.conninfo.replace("user=rollcall", "user=auditor")})
    assert "Amy E." in untouched(synced).expect(0).out
    synced.configure()


def test_beside_the_service(synced, simulator):
    """It takes no lock: neither does it wait, nor does the service."""
    synced.configure(sync={"interval": "1h"})
    daemon = synced.run()
    daemon.wait_for_log("event=cycle")
    simulator.rename(AMY, "Amy E.")
    assert "Amy E." in untouched(synced).expect(0).out
    assert daemon.stop() == 0


# ---- how it looks


def test_colours_only_on_a_terminal(synced, simulator):
    change_everything(simulator)
    piped = synced.plan().expect(0).out.encode()
    assert COLOUR not in piped
    shown = run_on_terminal(synced, "plan")
    assert COLOUR + b"32m" in shown and COLOUR + b"33m" in shown and COLOUR + b"31m" in shown
    for environment in ({"NO_COLOR": "1"}, {"NO_COLOR": "0"}, {"TERM": "dumb"}):
        assert run_on_terminal(synced, "plan", **environment).replace(b"\r\n", b"\n") == piped
    assert COLOUR in run_on_terminal(synced, "plan", NO_COLOR=""), "set but empty means nothing"


def test_a_thousand_changes_are_enough_for_a_reader(rollcall, simulator):
    simulator.generate(1500)
    out = rollcall.plan().expect(0).out
    assert "... and 500 more; see --json for all" in out and len(out.splitlines()) < 1010
    assert len(rollcall.plan("--json").expect(0).json()["changes"]) == 1500


def test_a_plan_that_is_stopped_is_no_plan(synced, simulator):
    change_everything(simulator)
    simulator.forget_requests()
    simulator.fault(delay_ms=20000)
    plan = synced.run("plan")
    wait_until(simulator.requests, "the plan's request")
    assert plan.stop() == UNAVAILABLE
    assert "stopped before everything was compared" in plan.log()
    assert "Nothing to write" not in plan.log()

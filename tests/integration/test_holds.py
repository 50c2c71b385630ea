"""What an incomplete answer can fake is held, shown and decided about: nobody is wrongly removed, and nothing else waits."""

import datetime
import json
import os
import re
import select

import pytest

from harness import program
from harness.simulator import AMY, DAVID, JULIA
from harness.terminal import run_on_terminal
from harness.truth import assert_mirrors, versions

FRESH, HELD, USAGE, UNKNOWN, STALE, CONFIG = 0, 3, 64, 65, 69, 78
BOOKKEEPING = ("coverage",)  # all that a poll without news writes


# ---- how a test lets things happen


def people(simulator):
    return [user["id"] for user in simulator.organization()["users"]]


def leave(simulator, members):
    for member in members:
        simulator.leave(member)


def take_flag(simulator, member, flag="flagEditor"):
    """Luzmo does not send the flag any more."""
    record = simulator.member(member)
    del record["organizationRole"][flag]
    simulator.put(member, record)


@pytest.fixture
def rollcall(rollcall, monkeypatch):
    """With the guards as they are by default; the other tests have them off."""
    monkeypatch.setitem(program.DEFAULTS, "guard", {})
    rollcall.configure()
    return rollcall


@pytest.fixture
def forty(rollcall, simulator):
    """An organization of 40 whose members are recorded: 6 of them may leave within a day."""
    simulator.generate(40)
    rollcall.once()
    return rollcall


@pytest.fixture
def documented(rollcall):
    """The three of the documented answer, recorded: one of them may leave within a day."""
    rollcall.once()
    return rollcall


@pytest.fixture
def held(forty, simulator):
    """Half of the forty are missing, and that is held."""
    leave(simulator, people(simulator)[20:])
    forty.once(HELD)
    return forty


def the_set(rollcall, code=HELD):
    """The only set that is held."""
    (only,) = rollcall.command("holds", "--json").expect(code).json()
    return only


def decide(rollcall, verb, *options, **environment):
    return rollcall.command(verb, the_set(rollcall)["digest"], *options, **environment).expect(0)


def decisions(database):
    return database.query("SELECT * FROM rollcall.approval ORDER BY approval_id")


def resolutions(database):
    return {row["resolution"]: row["count"] for row in
            database.query("SELECT resolution, count(*) FROM rollcall.held_change GROUP BY resolution")}


# ---- removals


def test_half_of_the_members_missing(forty, simulator, database):
    """HTTP 200, a body that is complete in form, and half of the people: nobody is removed, and the rest goes on."""
    staying, gone = people(simulator)[:20], people(simulator)[20:]
    leave(simulator, gone)
    simulator.rename(staying[0], "Renamed")
    result = forty.once(HELD)
    assert "event=held" in result.err
    members = database.members()
    assert len(members) == 40 and members[staying[0]]["name"] == "Renamed"
    assert database.value("SELECT count(*) FROM rollcall.change_log WHERE kind = 'left'") == 0
    standing = the_set(forty)
    assert standing["class"] == "removals" and standing["members"] == 20 and standing["of_members"] == 40
    assert "20 of 40 members are gone; 6 may leave" in standing["reason"]
    assert {change["user_id"] for change in standing["changes"]} == set(gone)


def test_one_of_three_may_leave(documented, simulator, database):
    simulator.leave(DAVID)
    documented.once()
    assert set(database.members()) == {AMY, JULIA}
    assert "Nothing is held" in documented.command("holds").expect(0).out


def test_two_of_three_may_not(documented, simulator, database):
    leave(simulator, [DAVID, JULIA])
    documented.once(HELD)
    assert len(database.members()) == 3 and the_set(documented)["members"] == 2


def test_the_limit_is_within_a_day_however_slowly_they_leave(forty, simulator, database):
    """Two leave, two more, two more: six. The seventh waits; a day later she goes."""
    leaving = people(simulator)[-7:]
    for first in (0, 2, 4):
        leave(simulator, leaving[first:first + 2])
        forty.once()
    assert len(database.members()) == 34
    leave(simulator, leaving[6:])
    forty.once(HELD)
    assert len(database.members()) == 34 and "after 6 in the last 24 hours" in the_set(forty)["reason"]
    database.execute("UPDATE rollcall.cycle SET asked_at = asked_at - interval '1 day',"
                     " answered_at = answered_at - interval '1 day', finished_at = finished_at - interval '1 day'")
    forty.once()
    assert len(database.members()) == 33
    assert resolutions(database) == {"applied": 1}


def test_who_is_still_found_is_not_removed(documented, simulator, database):
    """A clipped answer: David is not in it, but Luzmo knows him when it is asked for him."""
    simulator.steer("POST", "/sight", {"members": [DAVID], "organization": False})
    documented.once(HELD)
    assert DAVID in database.members() and the_set(documented)["class"] == "contested_removals"
    decide(documented, "approve")
    documented.once()
    assert DAVID not in database.members()
    simulator.steer("POST", "/sight", {"members": [DAVID], "organization": True})


def found(*members, count=None):
    return json.dumps({"count": len(members) if count is None else count, "rows": [{"id": member} for member in members]})


@pytest.mark.parametrize("answer", [
    found(DAVID, AMY, JULIA),  # the question for certain ids is not understood, and everybody is told
    found(DAVID, DAVID),
    found(count=1),
    found(DAVID)[:-20],
    "<html>",
    "",
])
def test_a_second_answer_that_cannot_be_believed_is_no_refusal(documented, simulator, database, answer):
    simulator.hide(DAVID)
    simulator.fault(-1, resource="user", body=answer)
    documented.once(HELD)
    assert DAVID in database.members() and "could not be asked for the absent" in the_set(documented)["reason"]


def test_a_question_that_is_refused_leaves_it_to_the_polls(documented, simulator, database):
    simulator.refuse("user", 400)
    simulator.leave(DAVID)
    assert "event=second_source_refused" in documented.once().err
    assert DAVID not in database.members()


def test_a_question_that_fails_takes_no_approval_back(documented, simulator, database):
    simulator.hide(DAVID)
    documented.once(HELD)
    decide(documented, "approve")
    simulator.fail(500, resource="user")
    documented.once()
    assert DAVID not in database.members() and decisions(database)[0]["outcome"] == "applied"


def test_too_many_are_too_many_whoever_answers(forty, simulator):
    """The set stays as it was written, and so does its reason: not one that passes."""
    leave(simulator, people(simulator)[20:])
    simulator.fail(500, resource="user")
    forty.once(HELD)
    assert "20 of 40 members are gone" in the_set(forty)["reason"]


def test_a_token_that_lost_sight(forty, simulator, database):
    """Its user, the first member, owned the organization and does not any more: even one removal waits."""
    first, *_, last = people(simulator)
    simulator.set_flag(first, "flagOwn", False)
    simulator.leave(last)
    forty.once(HELD)
    assert last in database.members() and "the token's user was an owner" in the_set(forty)["reason"]


def test_a_token_of_which_nothing_is_heard_has_not_regained_sight(forty, simulator, database):
    """One `authorization` that fails, after a restart, lets nobody go who waits for that reason."""
    first, *_, last = people(simulator)
    simulator.set_flag(first, "flagOwn", True)
    forty.once()
    simulator.set_flag(first, "flagOwn", False)
    simulator.leave(last)
    forty.once(HELD)
    simulator.fail(500, resource="authorization")
    forty.once(HELD)
    assert last in database.members()
    simulator.set_flag(first, "flagOwn", True)
    forty.once()
    assert last not in database.members()


def test_they_come_back_and_nothing_is_held(held, simulator, database):
    everybody = database.members()
    for member in set(everybody) - set(people(simulator)):
        simulator.comeback(member)
    held.once()
    assert held.command("holds", "--json").expect(0).json() == []
    assert set(resolutions(database)) == {"withdrawn"}
    assert_mirrors(database, simulator)


# ---- other classes


def test_a_flag_that_vanishes_of_one_of_three(documented, simulator, database):
    """More than 15 %; her other fields go on."""
    take_flag(simulator, AMY)
    record = simulator.member(AMY)
    simulator.put(AMY, {**record, "name": "Amy E."})
    documented.once(HELD)
    row = database.members()[AMY]
    assert row["flag_editor"] is True and row["name"] == "Amy E."
    standing = the_set(documented)
    assert standing["class"] == "vanished_flags" and [change["user_id"] for change in standing["changes"]] == [AMY]
    decide(documented, "approve")
    documented.once()
    assert database.members()[AMY]["flag_editor"] is None


def test_flags_that_vanish_of_twenty_in_a_hundred(rollcall, simulator, database):
    simulator.generate(100)
    rollcall.once()
    for member in people(simulator)[:20]:
        take_flag(simulator, member)
    rollcall.once(HELD)
    assert the_set(rollcall)["members"] == 20 and "up to 15% may" in the_set(rollcall)["reason"]
    assert database.value("SELECT count(*) FROM rollcall.change_log WHERE kind = 'role_changed'") == 0


def test_demotions_are_held_where_that_is_wanted(forty, simulator, database):
    forty.configure(guard={"demotions": "10%"})
    owners_first = [row["user_id"] for row in database.query(
        "SELECT user_id FROM rollcall.current_member WHERE role IN ('owner', 'admin', 'editor') LIMIT 5")]
    assert len(owners_first) == 5, "the generated organization has too few to demote"
    for member in owners_first:
        simulator.patch(member, organizationRole={"flagOwn": False, "flagAdmin": False, "flagEditor": False})
    forty.once(HELD)
    assert the_set(forty)["class"] == "demotions" and the_set(forty)["members"] == 5
    forty.configure()
    forty.once()
    assert_mirrors(database, simulator)


def test_owner_grants_are_applied_and_told(documented, simulator, database):
    simulator.set_flag(JULIA, "flagOwn", True)
    documented.once()
    said = documented.status().expect(FRESH).out
    assert "Julia Robinson <julia@test.com> became an owner" in said
    (row,) = documented.status("--json").expect(FRESH).json()
    assert [(alert["user_id"], alert["alert"]) for alert in row["alerts"]] == [(JULIA, "owner_grant")]


def test_a_demotion_is_applied_and_told(documented, simulator):
    simulator.set_flag(AMY, "flagEditor", False)
    documented.once()
    assert "was demoted from editor to viewer" in documented.status().expect(FRESH).out


def test_alerts_know_the_roles_of_their_time(documented, simulator):
    """Several changes of one member in a day, and a newcomer: each is told with the roles before and after it."""
    simulator.set_flag(JULIA, "flagOwn", True)
    documented.once()
    simulator.set_flag(JULIA, "flagOwn", False)
    simulator.set_flag(JULIA, "flagEditor", False)
    newcomer = simulator.join(name="Zoë Quill", organizationRole={"flagOwn": True})["id"]
    documented.once()
    (row,) = documented.status("--json").expect(FRESH).json()
    told = {(alert["user_id"], alert["alert"], alert["old_role"], alert["new_role"]) for alert in row["alerts"]}
    assert told == {(JULIA, "owner_grant", "editor", "owner"), (JULIA, "demotion", "owner", "viewer"),
                    (newcomer, "owner_grant", None, "owner")}
    assert "Zoë Quill" in documented.status().out and "joined as an owner" in documented.status().out


def test_a_newcomer_who_owns_waits_where_that_is_wanted(documented, simulator, database):
    documented.configure(guard={"owner_grants": "0%"})
    newcomer = simulator.join(name="Zoë Quill", organizationRole={"flagOwn": True})["id"]
    documented.once(HELD)
    assert newcomer not in database.members()
    shown = documented.command("holds").expect(HELD).out
    assert "1 of 3 members would become owners" in shown and "+ joins    Zoë Quill" in shown
    decide(documented, "approve")
    documented.once()
    assert_mirrors(database, simulator)


def test_who_joins_as_somebody_else_was_not_approved(documented, simulator, database):
    """The join that was held would have made an owner; the one that is applied does not."""
    documented.configure(guard={"owner_grants": "0%"})
    newcomer = simulator.join(organizationRole={"flagOwn": True})["id"]
    documented.once(HELD)
    simulator.set_flag(newcomer, "flagOwn", False)
    documented.once()
    assert newcomer in database.members() and resolutions(database) == {"withdrawn": 1}


def test_too_few_owners(documented, simulator, database):
    simulator.set_flag(AMY, "flagOwn", True)
    documented.once()
    assert "ALERT" not in documented.status().expect(FRESH).out
    simulator.set_flag(AMY, "flagOwn", False)
    result = documented.once()
    assert "event=alert" in result.err and "owners=0" in result.err
    assert "ALERT: 0 owners; guard.min_owners is 1." in documented.status().expect(FRESH).out
    documented.configure(guard={"min_owners": 0})
    assert "ALERT" not in documented.status().expect(FRESH).out


# ---- a standing hold


def test_a_standing_hold_writes_nothing_but_coverage(held, database):
    before = versions(database, *BOOKKEEPING)
    for _ in range(2):
        held.once(HELD)
    assert versions(database, *BOOKKEEPING) == before


def test_a_held_row_that_somebody_deletes_is_written_again(held, database):
    """Nobody is to approve a set of which a part is not shown."""
    database.execute("DELETE FROM rollcall.held_change WHERE held_id IN (SELECT held_id FROM rollcall.held_change LIMIT 19)")
    assert the_set(held)["members"] == 1
    held.once(HELD)
    assert the_set(held)["members"] == 20


def test_the_service_tells_and_goes_on(held, simulator, database):
    daemon = held.run()
    daemon.wait_for_cycles(3)
    simulator.rename(people(simulator)[0], "Renamed meanwhile")
    daemon.wait_for_cycles(2)
    assert "Renamed meanwhile" in {row["name"] for row in database.members().values()}
    assert len(database.members()) == 40 and daemon.stop() == 0


# ---- decisions


def test_approve_exactly_this(held, simulator, database):
    digest = the_set(held)["digest"]
    said = held.command("approve", digest[:16].upper(), "--by", "Ann", "--reason", "they moved", SUDO_USER="ann").expect(0).out
    assert "20 members would be removed" in said and digest[:16] in said and "systemctl reload rollcall" in said
    assert len(database.members()) == 40, "an approval alone changes nothing"
    assert the_set(held)["decision"] == "approved"
    held.once()
    assert_mirrors(database, simulator)
    (decision,) = decisions(database)
    recorded = {name: decision[name] for name in ("decision", "decided_by", "os_uid", "sudo_user", "claimed_by", "reason",
                                                  "outcome")}
    assert recorded == {"decision": "approved", "decided_by": "rollcall", "os_uid": os.getuid(), "sudo_user": "ann",
                        "claimed_by": "Ann", "reason": "they moved", "outcome": "applied"}
    cycle = database.cycles()[-1]
    assert decision["cycle_id"] == cycle["cycle_id"] and cycle["removed"] == cycle["removed_by_approval"] == 20
    assert resolutions(database) == {"applied": 20}
    assert held.command("holds", "--json").expect(0).json() == []


def test_approved_removals_do_not_use_up_the_day(held, simulator, database):
    decide(held, "approve")
    held.once()
    simulator.leave(people(simulator)[-1])
    held.once()
    assert len(database.members()) == 19


def test_one_more_vanishes_after_the_approval(held, simulator, database):
    """What was approved is not what is found: nothing passes, and the approval is over."""
    first = the_set(held)["digest"]
    decide(held, "approve")
    simulator.leave(people(simulator)[-1])
    assert "not the set that was decided about" in held.once(HELD).err
    assert len(database.members()) == 40
    standing = the_set(held)
    assert standing["members"] == 21 and standing["digest"] != first and standing["decision"] is None
    assert standing["reason"].startswith("21 of 40 members are gone")
    assert [decision["outcome"] for decision in decisions(database)] == ["lapsed"]
    held.once(HELD)
    assert len(database.members()) == 40
    assert "has changed meanwhile" in held.command("approve", first).expect(UNKNOWN).err


def test_reject_silences(held, database):
    assert "stays held" in decide(held, "reject").out
    before = versions(database, *BOOKKEEPING)
    result = held.once()
    assert "event=held" not in result.err and versions(database, *BOOKKEEPING) == before
    assert held.plan().expect(0).out.count("rejected by somebody") == 1
    assert "Held in silence" in held.status().expect(FRESH).out
    assert the_set(held, code=0)["decision"] == "rejected"


def test_a_rejected_set_that_grows_is_told_again(held, simulator):
    decide(held, "reject")
    held.once()
    simulator.leave(people(simulator)[-1])
    held.once(HELD)
    assert the_set(held)["members"] == 21


def test_the_later_decision_counts(held, database):
    digest = the_set(held)["digest"]
    for verb in ("approve", "reject", "approve"):
        held.command(verb, digest).expect(0)
    held.once()
    assert len(database.members()) == 20
    assert [decision["outcome"] for decision in decisions(database)] == ["superseded", "superseded", "applied"]


def test_a_service_applies_it_when_it_is_reloaded(held, simulator, database):
    held.configure(sync={"interval": "1h"})
    daemon = held.run()
    daemon.wait_for_cycles(1)
    decide(held, "approve")
    daemon.reload()
    daemon.wait_for_log("removed=20")
    assert_mirrors(database, simulator)
    assert daemon.stop() == 0


# ---- what is typed


@pytest.mark.parametrize("digest, code, words", [
    ("0" * 16, UNKNOWN, "nothing with the digest 0000000000000000 is held now"),
    ("abc", USAGE, "too short"),
    ("a" * 65, USAGE, "too long"),
    ("xyz" * 6, USAGE, "no digest"),
    ("", USAGE, "too short"),
    ("\x1b[2J" + "a" * 16, USAGE, "no digest"),
])
def test_a_digest_that_names_nothing(held, database, digest, code, words):
    for verb in ("approve", "reject"):
        result = held.command(verb, digest).expect(code)
        assert words in result.err and result.err.count("\n") == 1 and "\x1b" not in result.err
    assert decisions(database) == []


def test_a_digest_that_is_ambiguous(held, database):
    """The second set with the same beginning is made by hand: nobody finds one."""
    digest = the_set(held)["digest"]
    other = digest[:60] + ("0000" if digest[60:] != "0000" else "1111")
    database.execute("UPDATE rollcall.held_change SET set_digest = decode(%s, 'hex') WHERE user_id ="
                     " (SELECT user_id FROM rollcall.held_change LIMIT 1)", other)
    assert "give more digits" in held.command("approve", digest[:16]).expect(USAGE).err
    assert decisions(database) == []


@pytest.mark.parametrize("options, words", [
    ((), "needs a DIGEST"),
    (("aaaaaaaaaaaaaaaa", "bbbbbbbb"), "one DIGEST at a time"),
    (("aaaaaaaaaaaaaaaa", "--by", ""), "--by expects one line"),
    (("aaaaaaaaaaaaaaaa", "--by", "a\nb"), "--by expects one line"),
    (("aaaaaaaaaaaaaaaa", "--reason", "x" * 1001), "--reason expects one line"),
    (("aaaaaaaaaaaaaaaa", "--force"), "knows no option"),
])
def test_a_wrong_command_line(documented, options, words):
    assert words in documented.command("approve", *options).expect(USAGE).err


def test_who_cannot_write_is_told_who_can(held, database):
    database.execute("DO $$ BEGIN CREATE ROLE auditor LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    database.execute("GRANT USAGE ON SCHEMA rollcall TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA rollcall TO auditor;"
                     " GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rollcall TO auditor")
    held.configure(database={"conninfo": database.conninfo.replace("user=rollcall", "user=auditor")})
    digest = the_set(held)["digest"]
    assert "sudo -u rollcall" in held.command("approve", digest).expect(CONFIG).err
    assert decisions(database) == []
    held.configure()


def test_a_sudo_user_that_is_no_name_is_left_out(held, database):
    decide(held, "approve", SUDO_USER="a\nb")
    assert decisions(database)[0]["sudo_user"] is None


# ---- how it is shown


def test_how_holds_reads(held, simulator):
    out = held.command("holds").expect(HELD).out
    assert "20 of 40 members would be removed" in out and out.count("- leaves") == 20
    digest = the_set(held)["digest"][:16]
    for verb in ("approve", "reject"):
        assert f"rollcall -c {held.config_file} {verb} {digest}" in out


def test_a_terminal_shows_a_hundred(rollcall, simulator):
    simulator.generate(300)
    rollcall.once()
    leave(simulator, people(simulator)[150:])
    rollcall.once(HELD)
    shown = run_on_terminal(rollcall, "holds").decode()
    assert shown.count("- leaves") == 100 and "... and 50 more; see --json for all" in shown and "\x1b[31m" in shown
    assert rollcall.command("holds").expect(HELD).out.count("- leaves") == 150
    assert len(the_set(rollcall)["changes"]) == 150


def test_a_name_cannot_steer_the_terminal(documented, simulator):
    simulator.rename(AMY, "Amy \x1b[2J\u202e")
    documented.once()
    leave(simulator, [AMY, DAVID])
    documented.once(HELD)
    for shown in (documented.command("holds"), documented.command("holds", "--json"), documented.status()):
        assert "\x1b" not in shown.out and "\u202e" not in shown.out
    assert "Amy \x1b[2J\u202e" in {change["name"] for change in the_set(documented)["changes"]}


def test_status_says_what_is_held(held, database):
    said = held.status().expect(HELD).out
    digest = the_set(held)["digest"]
    for words in ("HELD: 20 of 40 members would be removed", "20 of 40 members are gone", f"approve {digest[:16]}", "Fresh."):
        assert words in said
    (row,) = held.status("--json").expect(HELD).json()
    assert row["held"] == 20 and row["held_sets"][0]["digest"] == digest
    database.execute("UPDATE rollcall.coverage SET observed_from = observed_from - interval '1 hour',"
                     " observed_until = observed_until - interval '1 hour', last_asked_at = last_asked_at - interval '1 hour'")
    assert "HELD" in held.status().expect(STALE).out


def test_plan_shows_what_would_be_held(documented, simulator, database):
    documented.configure(sync={"removal_polls": 1})
    leave(simulator, [DAVID, JULIA])
    simulator.rename(AMY, "Amy E.")
    before = versions(database)
    out = documented.plan("--detailed-exitcode").expect(HELD).out
    assert "Held: 2 members would be removed" in out and "2 of 3 members are gone" in out and "- leaves" in out
    assert "Would write: 1 profile changed" in out and "left" not in out
    plan = documented.plan("--json").expect(HELD).json()
    assert [change["kind"] for change in plan["changes"]] == ["profile_changed"]
    (standing,) = plan["held"]
    assert standing["class"] == "removals" and standing["members"] == 2 and len(standing["changes"]) == 2
    assert versions(database) == before
    documented.once(HELD)
    assert the_set(documented)["digest"] == standing["digest"], "the plan's set is the one that is held"


def test_check_tells_guards_that_guard_nothing(documented):
    documented.configure(guard={"removals": "off", "vanished_flags": "off"})
    out = documented.command("check").expect(0).out
    assert "guard.removals is off" in out and "guard.vanished_flags is off" in out
    documented.configure()
    assert "guard." not in documented.command("check").expect(0).out


def test_check_tells_whose_token_it_is(documented, simulator):
    def said():
        return documented.command("check").expect(0).out

    assert re.search(r"^note +token +belongs to somebody who is no owner", said(), re.M)
    assert said().endswith("Nothing to mend; see the note above.\n")
    simulator.set_flag(simulator.own_user(), "flagOwn", True)
    assert re.search(r"^ok +token +belongs to an owner$", said(), re.M)
    assert said().endswith("Everything is in order.\n")
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3, hours=1)
    simulator.set_token(expiry=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert re.search(r"^note +token +expires in 3 days;", said(), re.M)


def test_check_is_content_when_nobody_says_whose_token_it_is(documented, simulator):
    simulator.fault(resource="authorization", status=403, times=-1)
    assert re.search(r"^note +token +no owner is in the answer", documented.command("check").expect(0).out, re.M)
    simulator.set_flag(AMY, "flagOwn", True)
    assert " token " not in documented.command("check").expect(0).out


# ---- who listens


def payloads(session, timeout=10):
    """What has been notified since the last time."""
    select.select([session], [], [], timeout)
    session.poll()
    heard = [json.loads(notify.payload) for notify in session.notifies]
    session.notifies.clear()
    return heard


@pytest.fixture
def listener(database):
    session = database.server.connect(database.name, "rollcall")
    session.cursor().execute("LISTEN rollcall_alert")
    yield session
    session.close()


def test_a_listener_hears_what_is_held(forty, simulator, listener):
    leave(simulator, people(simulator)[20:])
    forty.once(HELD)
    (heard,) = payloads(listener)
    assert heard["held"] == {"removals": 20}
    forty.once(HELD)
    assert payloads(listener, timeout=0) == [], "told once"


def test_a_listener_hears_of_owners(documented, simulator, listener):
    simulator.set_flag(AMY, "flagOwn", True)
    documented.once()
    (heard,) = payloads(listener)
    assert (heard["owner_grants"], heard["user_ids"], heard["owners"]) == (1, [AMY], 1)

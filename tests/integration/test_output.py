"""What members are called must not matter: no name, e-mail or organization steers a terminal, breaks a line, becomes a
formula, or comes back from CSV and JSON as anything but itself."""

import csv
import io
import os
import re
import signal
import subprocess

import pytest

from harness.account import clean_environment
from harness.terminal import run_on_terminal

# Each is somebody's name, and part of an e-mail.
NAMES = [
    "\x1b[2J\x1b]0;owned\x07", "\x9b31m", "\x7f\x08\x08", "first\nsecond", "a\r\nb", "tab\tbed", "\u202eevil\u202c",
    "\u2066isolated\u2069", "\u2028line\u2029", "\ufeffmark", "soft\xadhyphen", "=cmd|'/c calc'!A1", "+1+1", "-1-1", "@SUM(A1)",
    "\t=1", 'say "hello"', "comma, and; semicolon", "", "'quoted", "Zoë 🦊👩\u200d🚀 李小龍", "é" * 200, "\\", "\\u001b[2J",
    "%s%n", "${HOME}", "<script>", "NULL",
]
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
FORMULA = tuple("=+-@\t\r")
COMMANDS = [("plan",), ("members",), ("changes",), ("status",), ("changes", "--kind", "baseline"),
            ("members", "--as-of", "2100-01-01")]


def with_names(simulator, part):
    """One member for each name; their ids."""
    simulator.rename_organization(en=NAMES[0] + part, nl="x")
    return [simulator.join(name=name + part if name else name, email=f"{name}{part}@test.com", city=name,
                           organizationRole={"flagNew\u202e": name})["id"] for name in NAMES]


@pytest.fixture(scope="module")
def hostile(shared):
    """Every table has something to show: a baseline, changes, and a plan that is not carried out."""
    simulator = shared.simulator
    shared.configure(sync={"max_gap": "1h"})  # the copy stays fresh while it is looked at
    shared.once()
    ids = with_names(simulator, "")
    shared.once()
    for user in ids:
        simulator.patch(user, name="Plain", city="\x1b[31m")
    shared.once()
    for user, name in zip(ids, NAMES):
        simulator.patch(user, name=name, city=name)
    shared.once()
    for user in ids:
        simulator.patch(user, city=None, email="\x1b[31m\u202e@test.com", organizationRole={"flagOwn": True})
    simulator.rename_organization(en="\x1b[2J\u202e")
    return shared


def assert_harmless(text):
    found = STEERING.search(text)
    assert not found, f"{found[0]!r} in {text[max(0, found.start() - 60):found.end() + 20]!r}"


def text_of(shown):
    """What a terminal showed, without its own line ends and those of CSV."""
    return re.sub("\r+\n", "\n", shown.decode())


def without_colours(text):
    return re.sub("\x1b\\[[0-9;]*m", "", text)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_text_is_harmless(hostile, command):
    assert_harmless(hostile.command(*command).expect(0).out)
    assert_harmless(without_colours(text_of(run_on_terminal(hostile, *command))))


@pytest.mark.parametrize("command", [*(command for command in COMMANDS if command[0] in ("members", "changes")),
                                     ("plan",), ("status",)], ids=" ".join)
def test_on_a_terminal_json_and_csv_are_harmless_too(hostile, command):
    formats = [("--json",)] if command[0] in ("plan", "status") else [("--format", "json"), ("--format", "csv")]
    for format in formats:
        assert_harmless(text_of(run_on_terminal(hostile, *command, *format)))


def test_a_member_is_one_line(hostile):
    lines = hostile.members().expect(0).out.splitlines()
    assert len(lines) == 1 + 3 + len(NAMES)


def rows_of(database, view):
    return {row["user_id"]: row for row in database.query(f"SELECT * FROM rollcall.{view}")}


def test_json_parses_back_exactly(hostile):
    found = {row["user_id"]: row for row in hostile.members("--format", "json").expect(0).json()}
    expected = rows_of(hostile.database, "current_member")
    assert set(found) == set(expected)
    for user, row in expected.items():
        for column in ("email", "name", "city", "flag_plan", "role", "flag_own", "other_flags"):
            assert found[user][column] == row[column]
        assert set(found[user]) == set(row)


def test_csv_parses_back_exactly(hostile):
    """Except that what a spreadsheet would compute has an apostrophe before it."""
    out = hostile.members("--format", "csv").expect(0).out
    found = {row["user_id"]: row for row in csv.DictReader(io.StringIO(out, newline=""))}
    expected = rows_of(hostile.database, "current_member")
    assert set(found) == set(expected)
    for user, row in expected.items():
        for column in ("email", "name", "city"):
            value = row[column] or ""
            assert found[user][column] == ("'" + value if value.startswith(FORMULA) else value)
        assert None not in found[user] and set(found[user]) == set(row)


@pytest.mark.parametrize("command", [("members",), ("members", "--format", "csv"), ("members", "--format", "json"),
                                     ("changes", "--kind", "baseline"), ("plan",), ("status",), ("check",),
                                     ("migrate", "--print"), ("--help",)], ids=" ".join)
@pytest.mark.parametrize("ignored", [False, True], ids=["SIGPIPE", "SIGPIPE ignored"])
def test_a_reader_who_has_had_enough_is_no_failure(hostile, command, ignored):
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run([hostile.binary, "-c", hostile.config_file, *command], stdout=theirs, stderr=subprocess.PIPE,
                          env=clean_environment(), restore_signals=not ignored)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_a_full_disk_is_a_failure(hostile):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([hostile.binary, "-c", hostile.config_file, "members"], stdout=full, stderr=subprocess.PIPE,
                              env=clean_environment())
    assert done.returncode == 69 and b"No space left on device" in done.stderr


def test_an_empty_list_still_says_what_its_columns_are(hostile):
    names = hostile.members("--format", "csv").expect(0).out.split("\r\n")[0]
    for command in (("members", "--role", "unknown"), ("members", "--role", "none")):
        assert hostile.command(*command, "--format", "csv").expect(0).out == names + "\r\n"
    changes = hostile.changes("--since", "2100-01-01", "--format", "csv").expect(0).out
    assert changes.startswith("change_id,") and changes.count("\n") == 1
    assert hostile.changes("--since", "2100-01-01", "--format", "json").expect(0).json() == []


def test_changes_parse_back_exactly(hostile):
    found = hostile.changes("--format", "json").expect(0).json()
    expected = hostile.database.query("SELECT * FROM rollcall.member_change WHERE kind <> 'baseline'")
    key = ("change_id", "user_id", "kind", "field", "old_value", "new_value", "name", "email")
    assert sorted(map(str, ([row[column] for column in key] for row in found))) == \
        sorted(map(str, ([row[column] for column in key] for row in expected)))
    out = hostile.changes("--format", "csv").expect(0).out
    assert len(list(csv.DictReader(io.StringIO(out, newline="")))) == len(expected)


def test_the_plan_parses_back_exactly(hostile):
    plan = hostile.plan("--json").expect(0).json()
    users = {user["id"]: user for user in hostile.simulator.organization()["users"]}
    assert plan["organization"]["display_name"] == "\x1b[2J\u202e"
    changed = [change for change in plan["changes"] if change["kind"] == "profile_changed"]
    assert len(changed) == len(NAMES)
    for change in plan["changes"]:
        assert change["name"] == users[change["user_id"]]["name"]
        assert change["email"] == "\x1b[31m\u202e@test.com"


def test_status_parses_back_exactly(hostile):
    (row,) = hostile.status("--json").expect(0).json()
    assert row["display_name"] == NAMES[0]


def test_the_log_names_nobody(rollcall, simulator):
    """The journal outlives an erasure: ids, and never names or e-mails."""
    rollcall.configure(log={"level": "debug"})
    rollcall.once()
    newcomer = simulator.join(name="Zoë Unmistakable", email="unmistakable@test.com")
    simulator.rename(newcomer["id"], "Unmistakable Z.")
    log = rollcall.once().err
    simulator.put(newcomer["id"], {**newcomer, "city": ["Unmistakable"]})
    log += rollcall.once().err
    simulator.leave(newcomer["id"])
    log += rollcall.once().err
    assert log.count(newcomer["id"]) >= 3 and "nmistakable" not in log
    for line in log.splitlines():
        assert line.isprintable() and re.match(r"ts=\S+ level=\w+ event=\w+( |$)", line)


def test_a_member_is_found_by_id_and_e_mail(hostile):
    for user, row in list(rows_of(hostile.database, "current_member").items())[:6]:
        by_id = hostile.changes("--member", user, "--kind", "joined", "--format", "json").expect(0).json()
        assert {change["user_id"] for change in by_id} <= {user}
        if row["email"] and "\x00" not in row["email"]:
            by_email = hostile.changes("--member", row["email"].upper(), "--format", "json").expect(0).json()
            assert {change["user_id"] for change in by_email} <= {user}

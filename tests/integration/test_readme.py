"""README.md is true. Its SQL runs as it stands, in its order and by whom it says, from an empty server to the last DROP;
its commands, settings, exit codes and sentences are those of the program."""

import pathlib
import re
import subprocess

import pytest

from harness.account import clean_environment
from harness.fixtures import BUILD, ROOT
from harness.postgres import Database
from harness.program import Rollcall
from harness.simulator import AMY, JULIA

README = (ROOT / "README.md").read_text()
REPORTS = sorted((ROOT / "sql" / "reports").glob("*.sql"))
PROGRAM = BUILD / "daemon" / "rollcall"
ADMINISTRATOR, OWNER, READER = "-- as the server's administrator\n", "-- as the role rollcall\n", ""


def blocks(*languages):
    """The texts of the fenced blocks in one of these languages."""
    return [text for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S) if language in languages]


def section(title):
    return re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", README, re.M | re.S)[1]


def table(title):
    """The rows of the section's table, as lists of cells, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def output(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=True,
                          env=clean_environment()).stdout


def commands_of_help():
    """Name and summary of each command."""
    return dict(re.findall(r"^  ([a-z]+) +(.+)$", output("--help"), re.M))


# ---- the SQL, from top to bottom


def psql(server, sql, user, database):
    done = subprocess.run(
        [server.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--csv", "-h", server.directory, "-U", user, database],
        input=sql, capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 0, f"{sql}\n{done.stderr}"
    return done.stdout.splitlines()


def written_by(author):
    """The SQL blocks that this author is to run."""
    first_lines = (ADMINISTRATOR, OWNER)
    return [text for text in blocks("sql")
            if (text.startswith(author) if author else not text.startswith(first_lines))]


def run_as_administrator(server):
    for sql in written_by(ADMINISTRATOR):
        psql(server, sql, "postgres", "postgres")


def synchronize(rollcall, simulator):
    """Something for every report to find: Amy is promoted, Julia leaves."""
    rollcall.once()
    simulator.set_flag(AMY, "flagOwn", True)
    simulator.leave(JULIA)
    rollcall.once()


@pytest.fixture
def house(postgres, tmp_path, simulator):
    """What the README builds: roles and database made by its own words, the program, a reader."""
    run_as_administrator(postgres)
    rollcall = Rollcall(PROGRAM, tmp_path, simulator, Database(postgres, "rollcall"))
    synchronize(rollcall, simulator)
    rollcall.command("migrate", "--grant-reader", "bi").expect(0)
    yield rollcall
    rollcall.close()


def run_reports(postgres):
    """Head and rows of each report, by name."""
    return {path.stem: psql(postgres, path.read_text(), "bi", "rollcall") for path in REPORTS}


def erase(postgres, member):
    erasure, _ = written_by(OWNER)
    psql(postgres, erasure, "rollcall", "rollcall")  # as it stands: nobody has this id
    psql(postgres, erasure.replace("00000000-0000-0000-0000-000000000000", member), "rollcall", "rollcall")


def traces(database, member):
    return database.value("""
        SELECT (SELECT count(*) FROM rollcall.change_log WHERE user_id = %s)
             + (SELECT count(*) FROM rollcall.member WHERE user_id = %s)""", member, member)


def test_the_sql_from_an_empty_server_to_its_removal(house, postgres):
    rows = run_reports(postgres)
    assert [row.split(",")[:2] for row in rows["owners"][1:]] == [["Amy Evans", "amy@test.com"]]
    assert sorted(rows["role_distribution"][1:]) == ["editor,1,50.0", "owner,1,50.0"]
    assert len(rows["promoted_this_quarter"]) == 2 and "Amy Evans" in rows["promoted_this_quarter"][1]
    assert len(rows["leavers_this_month"]) == 2 and "julia@test.com,editor" in rows["leavers_this_month"][1]
    assert rows["headcount_by_day"][-1].endswith(",2,1")
    assert len(rows["history_of_a_person"]) >= 2
    assert all(len(rows[report]) == 1 for report in ("unconfirmed_absences", "when_were_we_blind", "without_editor_rights"))

    assert traces(house.database, JULIA) > 0
    erase(postgres, JULIA)
    assert traces(house.database, JULIA) == 0
    assert house.plan("--detailed-exitcode").code == 0, "the program goes on without her"
    house.once()

    _, removal = written_by(OWNER)
    psql(postgres, removal, "rollcall", "rollcall")
    assert not house.database.has_schema()


def test_the_queries_are_the_reports():
    assert sorted(written_by(READER)) == sorted(path.read_text() for path in REPORTS)


def published_views():
    """The views that --grant-reader opens."""
    grant = (ROOT / "sql" / "queries" / "grant_reader.sql").read_text()
    return set(re.findall(r"rollcall\.(\w+)", grant[grant.index("GRANT SELECT"):grant.index("GRANT EXECUTE")]))


def test_every_view_is_in_the_table():
    assert {row[0].strip("`") for row in table("The views")} == published_views()


# ---- what the program says of itself


def test_the_commands_are_those_of_the_help():
    assert {row[0].strip("`"): row[1] for row in table("Commands")} == commands_of_help()


def invocations():
    """Every `rollcall ...` of the README: in shell blocks, behind the $ of a transcript, and between backquotes."""
    shell = [line.split("#")[0].removeprefix("sudo -u rollcall ") for text in blocks("sh") for line in text.splitlines()]
    shown = re.findall(r"^\$ (rollcall .*)$", README, re.M)
    inline = re.findall(r"`(?:sudo -u rollcall )?(rollcall [a-z-][^`]*)`", README)
    found = [line.strip() for line in [*shell, *shown, *inline] if line.startswith("rollcall ")]
    return sorted({line for line in found if "..." not in line})


@pytest.mark.parametrize("line", invocations())
def test_a_command_line_is_one_that_the_program_knows(line):
    _, command, *arguments = line.split()
    if command.startswith("--"):
        assert command in output("--help")
        return
    assert command in commands_of_help()
    for option in (argument for argument in arguments if argument.startswith("--")):
        assert re.search(rf"^  {option} ", output(command, "--help"), re.M), option


def settings_of_help():
    """Default and meaning of each setting, as --help-config has them."""
    found, section_name = {}, None
    for line in output("--help-config").splitlines():
        if heading := re.fullmatch(r"  (\w+)", line):
            section_name = heading[1]
        elif default := re.fullmatch(r" {21}default (.+)", line):
            found[name] = (default[1], meaning)
        elif setting := re.fullmatch(r"    (\w+) +(.+)", line):
            name, meaning = f"{section_name}.{setting[1]}", setting[2]
    return found


def test_the_settings_are_those_of_the_help():
    shown = {row[0].strip("`"): (row[1].strip("`"), row[2]) for row in table("Configuration")}
    assert shown == settings_of_help() and len(shown) > 20


def test_the_configurations_are_understood(tmp_path):
    """Every piece of a configuration that is shown."""
    pieces = [text for text in blocks("text") if re.match(r"(api|database|sync) +\{", text)]
    assert len(pieces) == 2
    for piece in pieces:
        (tmp_path / "rollcall.conf").write_text(piece)
        done = subprocess.run([PROGRAM, "-c", tmp_path / "rollcall.conf", "status"], capture_output=True, text=True,
                              timeout=60, env=clean_environment())
        assert "rollcall.conf" not in done.stderr


def test_the_exit_codes_are_those_of_the_help():
    paragraph = output("--help").split("Exit codes:")[1]
    assert [row[0] for row in table("Exit codes")] == re.findall(r"\b(\d+) ", paragraph)


def test_the_sentences_are_the_programs_own():
    """What troubleshooting quotes is somewhere in the program."""
    program = PROGRAM.read_bytes()
    quoted = [piece for row in table("Troubleshooting") for piece in re.findall(r"`([^`]+)`", row[0])]
    assert len(quoted) > 10
    for sentence in quoted:
        for part in sentence.split("..."):
            assert part.strip().encode() in program, part


# ---- the document itself


def anchor(title):
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_links_lead_somewhere():
    anchors = {anchor(title) for title in re.findall(r"^##+ (.+)$", README, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert pathlib.Path(ROOT, target).exists(), target


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:daemon|sql|build)/[\w./]+|\./quickstart|tests/run)`", README))))
def test_named_files_exist(path):
    assert path.startswith("build/") or (ROOT / path).exists()

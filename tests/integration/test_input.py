"""Wrong settings and arguments: each gets one sentence that says what, where and what to do; nothing else happens. And
secrets, which nobody may see."""

import os
import pathlib
import re
import subprocess

import pytest

from harness.account import clean_environment
from harness.truth import tables

USAGE, CONFIG, UNAVAILABLE = 64, 78, 69
KEY, TOKEN, PASSWORD = "key-of-this-test-4711", "token-of-this-test-0815", "password-of-this-test-42"


@pytest.fixture
def program(shared):
    """Configured, with a database and an API, neither of which it should come to ask."""
    shared.configure()
    return shared


def assert_one_sentence(result, code, *words):
    result.expect(code)
    (sentence,) = result.err.splitlines()
    assert sentence.startswith("rollcall: ") and sentence.isprintable() and result.out == ""
    assert not sentence.endswith(".") and len(sentence) < 400
    for word in words:
        assert word in sentence, f"{word!r} is not in {sentence!r}"


# ---- settings

DURATION = "expected a duration such as 30s, 5min or 1h"
SIZE = "expected a size such as 64KiB, 100MiB or 2GiB"
SHARE = "expected a percentage such as 15%, or off"
HELP = "rollcall --help-config"

LINES = {
    'api { url = "http://api.test/0.1.0" }': ["api.url", "https://"],
    'api { url = "ftp://api.test" }': ["api.url", "https://"],
    'api { url = "" }': ["api.url", "https://"],
    f'api {{ organization_id = "{"x" * 129}" }}': ["api.organization_id is too long", "128 bytes"],
    "database { migrate = yes }": ["database.migrate", "expected auto or never"],
    "sync { interval = soon }": ["sync.interval", DURATION],
    "sync { interval = 5 }": ["sync.interval", DURATION],
    "sync { interval = -5min }": ["sync.interval", DURATION],
    "sync { interval = 1.5h }": ["sync.interval", DURATION],
    "sync { interval = 99999999999999999999s }": ["sync.interval", DURATION],
    'sync { interval = "" }': ["sync.interval", DURATION],
    "sync { interval = 0s }": ["sync.interval is 0s", "from 1s to 7d"],
    "sync { interval = 8d }": ["sync.interval is 8d", "from 1s to 7d"],
    "sync { stall_timeout = 500ms }": ["sync.stall_timeout"],
    "sync { total_timeout = 2d }": ["sync.total_timeout is 2d"],
    "sync { removal_polls = 0 }": ["sync.removal_polls is 0", "from 1 to 1000"],
    "sync { removal_polls = two }": ["sync.removal_polls", "expected a whole number"],
    "sync { removal_polls = 2.5 }": ["sync.removal_polls", "expected a whole number"],
    "sync { confirm_after = off }": ["sync.confirm_after", DURATION],
    "sync { full_compare = 366d }": ["sync.full_compare is 366d"],
    "sync { max_gap = 0s }": ["sync.max_gap is 0s"],
    "sync { max_body = 2GB }": ["sync.max_body", SIZE],
    "sync { max_body = 1023 }": ["sync.max_body"],
    "sync { max_members = 0 }": ["sync.max_members is 0"],
    "guard { removals = 15 }": ["guard.removals", SHARE],
    "guard { removals = 101% }": ["guard.removals", SHARE],
    "guard { removals_floor = -1 }": ["guard.removals_floor"],
    "guard { removals_max = 0 }": ["guard.removals_max"],
    "guard { vanished_flags = on }": ["guard.vanished_flags", SHARE],
    "guard { demotions = some }": ["guard.demotions", SHARE],
    "guard { owner_grants = -1% }": ["guard.owner_grants", SHARE],
    "guard { min_owners = many }": ["guard.min_owners", "expected a whole number"],
    'http { listen = "localhost" }': ["http.listen", "expected address:port"],
    "log { level = verbose }": ["log.level", "expected error, warning, notice, info or debug"],
    "log { level = DEBUG! }": ["log.level"],
    # The grammar.
    'api { uri = "https://api.test" }': ["'uri'", HELP],
    'apis { url = "https://api.test" }': ["'apis'", HELP],
    "interval = 5min": ["'interval'", HELP],
    'include("/etc/passwd")': ["'include'", HELP],
    "sync { interval }": ["'interval'", "equal sign", HELP],
    "sync { interval = }": ["'}'", HELP],
    "sync { interval = {1s, 2s} }": ["'{'", HELP],
    'sync "mine" { interval = 5min }': ["'sync'", HELP],
    "sync interval = 5min }": ["'sync'", HELP],
}


@pytest.mark.parametrize("line", LINES)
def test_a_wrong_setting_names_file_and_line(program, line):
    program.config_file.write_text(f"# a comment\n\n{line}\n")
    assert_one_sentence(program.command("once"), CONFIG, f"{program.config_file}:3: ", *LINES[line])


TEXTS = {
    "sync { interval = 5min\n interval = 5min }": [":2: ", "sync.interval is set twice", "keep one"],
    "sync { interval = 5min }\nsync { max_gap = 1h }": [":2: ", "sync is a section already"],
    "sync {\n interval = 5min\n": ["ends inside a section", "add the missing }"],
    'api { url = "https://api.test }\n': ["ends inside", "quote"],
    "api { url = 'https://api.test }\n": ["ends inside", "quote"],
    "sync { /* interval = 5min }\n": ["ends inside", "*/"],
    '"': ["ends inside", "quote"],
    "\0": [""],
    "\x1b[2J": [""],
    "sync { interval = \x1b[2J }": [""],
}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_file_that_is_out_of_shape(program, text):
    program.config_file.write_text(text)
    assert_one_sentence(program.command("once"), CONFIG, str(program.config_file), *TEXTS[text])


def test_what_the_parts_below_refuse(program):
    """Settings that are texts are understood by what uses them."""
    for section, settings, words in (
            ("api", {"url": "https://"}, ["api.url"]),
            ("api", {"url": "https://me:secret@api.test/0.1.0"}, ["api.url"]),
            ("api", {"url": "https://api.test/0.1.0?token=1"}, ["api.url"]),
            ("api", {"url": "https://api.test/0.1.0 "}, ["api.url"]),
            ("api", {"proxy": "nonsense://proxy.test"}, ["api.proxy"]),
            ("api", {"ca_file": "/nonexistent/ca.pem"}, ["api.ca_file", "/nonexistent/ca.pem"]),
            ("api", {"key_file": "/nonexistent/key"}, ["/nonexistent/key"]),
            ("database", {"conninfo": "host=localhost nonsense"}, ["database.conninfo"]),
            ("database", {"conninfo": "hots=localhost"}, ["database.conninfo"]),
            ("database", {"conninfo": "postgresql://["}, ["database.conninfo"])):
        program.configure(**{section: settings})
        assert_one_sentence(program.command("once"), CONFIG, *words)


def test_an_empty_file_has_the_defaults(program, tmp_path):
    program.config_file.write_text("")
    assert_one_sentence(program.command("once"), CONFIG, "/etc/rollcall/luzmo-key")


def test_a_file_that_cannot_be_read(program):
    def named(path):
        return program.run_with("-c", path, "once")
    assert_one_sentence(named("/nonexistent.conf"), CONFIG, "/nonexistent.conf", "No such file")
    assert_one_sentence(named("/tmp"), CONFIG, "/tmp", "Is a directory")
    assert_one_sentence(named(""), CONFIG, "cannot be read")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_started_as_somebody_who_may_not_read(program, tmp_path):
    program.config_file.chmod(0o600)
    done = subprocess.run([program.binary, "-c", program.config_file, "once"], capture_output=True, text=True,
                          env=clean_environment(), user="nobody", group="nogroup", extra_groups=[], cwd="/")
    assert done.returncode in (CONFIG, 126) and "Permission denied" in done.stderr


# ---- arguments

TIME = "expected a time such as 2026-01-31T09:00:00Z or a date"
ARGUMENTS = [
    ([], ["say what to do", "rollcall --help"]),
    (["sync"], ['no command "sync"', "rollcall --help"]),
    (["\x1b[2J"], ['no command "\\x1b[2J"', "rollcall --help"]),
    (["-x"], ["no option -x", "rollcall --help"]),
    (["--verbose", "once"], ["no option --verbose", "rollcall --help"]),
    (["--", "once"], ["no option --", "rollcall --help"]),
    (["-c"], ["-c needs a value"]),
    (["once", "-c"], ["-c needs a value"]),
    (["-c", "a", "-c", "b", "once"], ["named twice", "give -c once"]),
    (["-c", "a", "once", "--config=b"], ["named twice", "give -c once"]),
    (["once", "--now"], ["no option --now", "rollcall once --help"]),
    (["once", "\x1b[2J"], ['no argument "\\x1b[2J"', "rollcall once --help"]),
    (["once", "twice"], ['no argument "twice"', "rollcall once --help"]),
    (["plan", "--json", "--json"], ["--json is given twice"]),
    (["plan", "--json=yes"], ["--json takes no value"]),
    (["plan", "-j"], ['"-j"', "rollcall plan --help"]),
    (["members", "--role"], ["--role needs a value"]),
    (["members", "--role", "king"], ['--role is "king"', "expected owner, admin, editor, viewer, none or unknown"]),
    (["members", "--role", ""], ['--role is ""']),
    (["members", "--as-of", "yesterday"], ['--as-of is "yesterday"', TIME]),
    (["members", "--as-of", "2026-02-30"], ['--as-of is "2026-02-30"', TIME]),
    (["members", "--as-of", "2026-01-31T25:00:00Z"], ["--as-of", TIME]),
    (["members", "--as-of", ""], ["--as-of", TIME]),
    (["members", "--as-of=2026-01-01", "--as-of=2026-01-02"], ["--as-of is given twice"]),
    (["members", "--format", "xml"], ['--format is "xml"', "expected table, csv or json"]),
    (["changes", "--kind", "promoted"], ['--kind is "promoted"', "expected baseline"]),
    (["changes", "--since", "1 week"], ["--since", TIME]),
    (["changes", "--until=31.1.2026"], ["--until", TIME]),
    (["changes", "--member"], ["--member needs a value"]),
    (["status", "--format", "csv"], ["no option --format", "rollcall status --help"]),
    (["migrate", "--grant-reader"], ["--grant-reader needs a value"]),
    (["check", "everything"], ['no argument "everything"']),
]


def shown(arguments):
    return " ".join(arguments).encode("unicode_escape").decode()


@pytest.mark.parametrize("arguments, words", ARGUMENTS, ids=[shown(arguments) for arguments, _ in ARGUMENTS])
def test_a_wrong_argument(program, arguments, words):
    assert_one_sentence(program.run_with(*arguments), USAGE, *words)


TIMES = ["2026-01-31", "2026-01-31T09:00:00Z", "2026-01-31 09:00:00+00", "2026-01-31T09:00:00.123456+01:00"]


def test_what_a_time_may_look_like(program):
    program.once()
    for time in TIMES:
        program.members("--as-of", time).expect(0)
        program.changes("--since", time, "--until=" + time).expect(0)


def test_help_needs_nothing(program):
    for arguments in (["--help"], ["-h"], ["--version"], ["--help-config"], ["--sample-config"], ["once", "--help"],
                      ["members", "-h"], ["plan", "--json", "--help"]):
        result = program.run_with(*arguments).expect(0)
        assert result.out and result.err == "" and max(map(len, result.out.splitlines())) <= 200


def test_every_command_has_its_help_and_every_key_its_line(program):
    listed = re.findall(r"^  (\w+) +\S", program.run_with("--help").out, re.MULTILINE)
    assert {"run", "once", "plan", "status", "members", "changes", "migrate", "check"} <= set(listed)
    for command in listed:
        assert program.run_with(command, "--help").expect(0).out.startswith(f"usage: rollcall [-c FILE] {command}")


def test_the_sample_is_a_configuration(program, tmp_path):
    sample = tmp_path / "sample.conf"
    sample.write_text(program.run_with("--sample-config").out)
    assert_one_sentence(program.run_with("-c", sample, "once"), CONFIG, "/etc/rollcall/luzmo-key")


# ---- secrets


def secret_files(program, key=KEY, token=TOKEN, mode=0o600):
    """Files of this test's own, named in the configuration."""
    files = {}
    for name, text in (("key_file", key), ("token_file", token)):
        files[name] = program.directory / f"secret-{name}"
        files[name].write_text(text)
        files[name].chmod(mode)
    program.configure(api=files)
    return files


@pytest.mark.parametrize("how, words", [
    ({"mode": 0o644}, ["can be read or written by everybody", "chmod 0640"]),
    ({"mode": 0o602}, ["can be read or written by everybody", "chmod 0640"]),
    ({"key": ""}, ["is empty", "secret-key_file"]),
    ({"token": "\n"}, ["is empty", "secret-token_file"]),
    ({"token": "x" * 5000}, ["one line of text", "secret-token_file"]),
    ({"token": "a\0b"}, ["one line of text", "secret-token_file"]),
    ({"token": "a\nb"}, ["one line of text", "secret-token_file"]),
], ids=["world-readable", "world-writable", "empty", "a line of nothing", "too long", "NUL", "two lines"])
def test_secrets_that_cannot_be_used(program, how, words):
    secret_files(program, **how)
    assert_one_sentence(program.command("once"), CONFIG, *words)


def test_one_secret_without_the_other(program):
    files = secret_files(program)
    files["token_file"].unlink()
    assert_one_sentence(program.command("once"), CONFIG, "secret-token_file")
    files["token_file"].mkdir()
    assert_one_sentence(program.command("once"), CONFIG, "secret-token_file")
    files["token_file"].rmdir()


def test_a_password_is_not_repeated(program):
    for conninfo in (f"host=/nonexistent password={PASSWORD}", f"host=/nonexistent password = x {PASSWORD}",
                     f"host=/nonexistent password='{PASSWORD}", f"postgresql://me:{PASSWORD}@[",
                     f"postgresql://me:{PASSWORD}@/x?y=z"):
        program.configure(database={"conninfo": conninfo})
        for command in ("once", "plan", "members", "status", "check", "migrate"):
            result = program.command(command)
            assert result.code in (CONFIG, UNAVAILABLE) and PASSWORD not in result.out + result.err


def everything_seen_of(process):
    shown = pathlib.Path(f"/proc/{process.pid}")
    return (shown / "environ").read_bytes() + (shown / "cmdline").read_bytes()


def test_secrets_of_the_environment_are_nowhere(rollcall, simulator, database):
    """Read once, and wiped where others could look."""
    rollcall.configure(api={"key_file": "", "token_file": ""})
    result = rollcall.command("once", LUZMO_KEY=simulator.key, LUZMO_TOKEN=simulator.token).expect(0)
    assert simulator.token not in result.out + result.err
    daemon = rollcall.run(LUZMO_KEY=simulator.key, LUZMO_TOKEN=simulator.token)
    daemon.wait_for_cycles(2)
    assert simulator.key.encode() not in everything_seen_of(daemon.process)
    assert simulator.token.encode() not in everything_seen_of(daemon.process)


def test_secrets_are_in_no_log_and_no_table(rollcall, simulator, database):
    rollcall.configure(log={"level": "debug"})
    daemon = rollcall.run()
    daemon.wait_for_cycles(1)
    simulator.fail(503, content_type="text/plain", body=f"token {simulator.token} of key {simulator.key}")
    simulator.fail(400, times=2, content_type="text/plain", body=f"{simulator.token}")
    daemon.wait_for_cycles(2)
    daemon.stop()
    seen = daemon.log() + rollcall.status().out
    for table in tables(database):
        seen += str(database.query(f"SELECT * FROM rollcall.{table}"))
    assert "***" in seen and simulator.token not in seen and simulator.key not in seen


def test_the_environment_does_not_steer_it(rollcall, simulator):
    """No proxy, no key log, no other authorities but those of the configuration."""
    keylog = rollcall.directory / "keylog"
    nowhere = "http://127.0.0.1:9"
    environment = {"HTTPS_PROXY": nowhere, "https_proxy": nowhere, "ALL_PROXY": nowhere, "SSLKEYLOGFILE": str(keylog),
                   "SSL_CERT_FILE": "/dev/null", "CURL_CA_BUNDLE": "/dev/null"}
    rollcall.command("once", **environment).expect(0)
    assert not keylog.exists()

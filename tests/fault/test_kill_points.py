"""kill -9 at the system calls that write or send: of a cycle, all happened or nothing, and the next start goes on.

strace kills the program when it enters its N-th write, or sendto, and so on. Each N starts from the same database and the same answer of the
API, so what is expected is known. Here some N are taken from each scene: the last that send, which are the transaction's,
and others drawn at random; `tests/fault/kill_sweep` takes all of them, until the cycle ends by itself."""

import collections
import itertools
import json
import os
import random
import shutil
import signal
import subprocess

import pytest

from harness.account import clean_environment, die_with_tests
from harness.postgres import ROLE
from harness.simulator import AMY, DAVID, JULIA
from harness.truth import assert_invariants, assert_mirrors, fields_of_api, fields_of_row
from harness.waiting import wait_until

SWEEP = "ROLLCALL_KILL_SWEEP" in os.environ
LAST = 6  # of the calls that send, in each scene
OTHERS = 3  # of all
CALLS = ("write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg", "sendmmsg")
STATE_FILE = "committed-default"
STATE_CALLS = ("openat", "write", "fsync", "close", "rename")
MANY = 3000


@pytest.fixture(scope="module", autouse=True)
def strace():
    try:
        subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("strace is not there, or may not trace")


class Trial:
    """One program, killed again and again at the same point of history."""

    def __init__(self, rollcall, postgres):
        self.rollcall = rollcall
        self.simulator = rollcall.simulator
        self.postgres = postgres
        self.database = rollcall.database
        self.base = postgres.create_database()
        self.state = rollcall.directory / "state"
        self.base_state = rollcall.directory / "base-state"
        self.state.mkdir()
        self.died = collections.Counter()

    def command(self, command):
        return self.rollcall.command(command, STATE_DIRECTORY=str(self.state))

    def keep(self):
        """What is now is what each kill starts from."""
        self.postgres.copy_database(self.database, self.base)
        shutil.copytree(self.state, self.base_state)

    def start_over(self):
        self.postgres.copy_database(self.base, self.database)
        shutil.rmtree(self.state)
        shutil.copytree(self.base_state, self.state)

    def killed(self, call, number, path=None):
        """Runs a cycle that is killed entering the number-th call of this kind. False when it had ended before."""
        only = ["--trace-path", path] if path else []
        traced = subprocess.run(
            ["strace", "--follow-forks", "--output", "/dev/null", *only, "--trace", call,
             "--inject", f"{call}:signal=KILL:when={number}",
             self.rollcall.binary, "-c", self.rollcall.config_file, "once"],
            capture_output=True, cwd=self.rollcall.directory, preexec_fn=die_with_tests,
            env=clean_environment(STATE_DIRECTORY=str(self.state)))
        if traced.returncode == -signal.SIGKILL:
            wait_until(self.is_alone, "the server to notice")
            return True
        assert traced.returncode in (0, 69), traced.stderr.decode()
        return False

    def is_alone(self):
        """Whether nobody works for the dead any more."""
        return not self.database.query("SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = %s", ROLE,
                                       self.database.name)

    def changes(self):
        """What the log holds beyond what each kill started from."""
        if not self.database.has_schema():
            return []
        return sorted((change["kind"], change["user_id"] or "") for change in self.database.changes(after=self.last_change))

    def close(self):
        self.postgres.drop_database(self.base)


@pytest.fixture
def trial(rollcall, postgres):
    trial = Trial(rollcall, postgres)
    yield trial
    trial.close()


# ---- scenes: what is the case before the cycle that is killed, and what it must come to


class FirstLoad:
    """The schema is made and everybody is new."""

    def prepare(self, trial):
        pass

    def happen(self, trial):
        return [("baseline", user) for user in (AMY, DAVID, JULIA)]


class Everything:
    """Every kind of change at once. Here one poll is enough for leaving."""

    def prepare(self, trial):
        trial.rollcall.configure(sync={"removal_polls": 1})
        trial.command("once").expect()

    def happen(self, trial):
        trial.simulator.rename(AMY, "Amy E.")
        trial.simulator.set_flag(AMY, "flagOwn", True)
        trial.simulator.leave(DAVID)
        newcomer = trial.simulator.join()["id"]
        trial.simulator.rename_organization(en="Acme, again")
        return [("profile_changed", AMY), ("role_changed", AMY), ("left", DAVID), ("joined", newcomer),
                ("organization_changed", "")]


class Absence:
    """Somebody is missing, and it is too early to believe it."""

    def prepare(self, trial):
        trial.rollcall.configure(sync={"confirm_after": "1h"})
        trial.command("once").expect()

    def happen(self, trial):
        trial.simulator.leave(DAVID)
        return []


class Nothing:
    """Nothing but coverage is written."""

    def prepare(self, trial):
        trial.command("once").expect()

    def happen(self, trial):
        return []


class Failure:
    """A failed poll is recorded."""

    def prepare(self, trial):
        trial.command("once").expect()

    def happen(self, trial):
        trial.simulator.fail(503, times=-1)
        return []


class Thousands:
    """They travel by COPY, and over a file. The log does not name them: that would be most of the calls."""

    def prepare(self, trial):
        trial.rollcall.configure(log={"level": "warning"})
        trial.simulator.generate(MANY, 5)
        trial.command("once").expect()

    def happen(self, trial):
        organization = trial.simulator.organization()
        for number, user in enumerate(organization["users"]):
            user["name"] = f"{number} " + "x" * 300
        trial.simulator.answer_with(json.dumps({"count": 1, "rows": [organization]}).encode())
        return [("profile_changed", user["id"]) for user in organization["users"]]


def set_up(trial, scene):
    """Returns what the cycle that follows has to write, as it stands in the log."""
    scene.prepare(trial)
    trial.last_change = trial.database.last_change() if trial.database.has_schema() else 0
    trial.keep()
    return sorted(scene.happen(trial))


def assert_all_or_nothing(trial, expected):
    if trial.database.has_schema():
        assert_invariants(trial.database)
    assert trial.changes() in ([], expected), "a part of a cycle"


def assert_it_goes_on(trial, scene, expected):
    if isinstance(scene, Failure):
        trial.simulator.clear_faults()
    trial.command("once").expect()
    assert trial.changes() == expected, "lost, or twice"
    assert_invariants(trial.database)
    if isinstance(scene, Absence):
        assert DAVID in trial.database.members(), "removed too early"
    elif isinstance(scene, Thousands):
        names = trial.database.value("SELECT count(*) FROM rollcall.member WHERE name LIKE '%% xxx%%'")
        assert names == MANY
    else:
        assert_mirrors(trial.database, trial.simulator)
    if isinstance(scene, Failure):
        trial.simulator.fail(503, times=-1)


def made(trial):
    """How many calls of each kind a cycle makes that nobody kills."""
    trial.start_over()
    trace = trial.rollcall.directory / "trace"
    subprocess.run(["strace", "--output", trace, "--trace", ",".join(CALLS), trial.rollcall.binary, "-c",
                    trial.rollcall.config_file, "once"], capture_output=True,
                   env=clean_environment(STATE_DIRECTORY=str(trial.state)))
    return collections.Counter(line.split("(")[0] for line in trace.read_text().splitlines() if "(" in line)


def points(trial, chance):
    """Where to kill: everywhere until the cycle ends by itself, or at a few calls."""
    if SWEEP:
        return [(call, itertools.count(1)) for call in CALLS]
    counts = made(trial)
    every = [(call, number) for call, count in counts.items() for number in range(1, count + 1)]
    last = [("sendto", number) for number in range(counts["sendto"] - LAST + 1, counts["sendto"] + 1)]
    return [(call, [number]) for call, number in sorted({*last, *chance.sample(every, OTHERS)})]


@pytest.mark.parametrize("scene", [FirstLoad(), Everything(), Absence(), Nothing(), Failure(), Thousands()],
                         ids=lambda scene: type(scene).__name__)
def test_killed_at_a_call(trial, seed, scene):
    expected = set_up(trial, scene)
    chance = random.Random(seed)
    kills = 0
    done = 0  # kills after which the cycle had happened already
    for call, numbers in points(trial, chance):
        for number in numbers:
            trial.start_over()
            if not trial.killed(call, number):
                break
            kills += 1
            assert_all_or_nothing(trial, expected)
            done += bool(expected) and trial.changes() == expected
            assert_it_goes_on(trial, scene, expected)
    print(f"{type(scene).__name__}: killed at {kills} calls, {done} of them after its COMMIT")
    assert kills >= LAST
    assert not SWEEP or not expected or 0 < done < kills, "the kills were all on one side of COMMIT"


@pytest.mark.parametrize("call", STATE_CALLS)
def test_killed_while_the_state_is_written(trial, call):
    """On another thread, after COMMIT: nothing is told that is not so, neither now nor later."""
    scene = Everything()
    expected = set_up(trial, scene)
    trial.start_over()
    assert trial.killed(call, 1, trial.state / f"{STATE_FILE}.new")
    assert trial.changes() == expected
    assert_invariants(trial.database)
    result = trial.command("once").expect()
    assert "discontinuity" not in result.err and "state_ignored" not in result.err
    assert trial.changes() == expected
    assert_mirrors(trial.database, trial.simulator)

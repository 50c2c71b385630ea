"""The heap has no memory left: the N-th allocation of a cycle fails, once or with all that follow.

failing_heap.c, preloaded, does it and says where the program was. It may go on, end with an exit code, or be aborted, by
its own hand or inside a library; it may not fall over in its own code. What it leaves is all of the cycle or nothing, and
the next start goes on. Here some N are taken of each scene; `tests/fault/allocation_sweep` takes all of them."""

import collections
import os
import random
import re
import shutil
import signal

import pytest

from harness.fixtures import BUILD
from harness.postgres import ROLE
from harness.simulator import AMY, DAVID, JULIA
from harness.truth import assert_invariants, assert_mirrors, fields_of_row, mirrors, tables
from harness.waiting import wait_until

SWEEP = "ROLLCALL_ALLOCATION_SWEEP" in os.environ
SAMPLE = 5  # of each module that asks for memory
SERVICES = 500 if SWEEP else 15
LIBRARY = BUILD / "tests" / "fault" / "failing_heap.so"
HELD = 3
EXIT_CODES = {0, HELD, 69, 70, 75}
DEADLY = {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE}
SCANNERS_END = (2, "out of dynamic memory")  # how the scanner in libconfuse leaves
ASKED_LATER = ("event=second_source_failed", "could not be asked")  # who seems to have left is held until then
OUT_OF_MEMORY = "out of memory"
BELOW_ALL = re.compile(r"failing_heap\.so|libc\.so|ld-linux")  # in a call stack nobody answers for these


# ---- one run with a failing allocation


class Failure:
    """Which allocation fails, and whether the later ones do."""

    def __init__(self, number, for_ever=False):
        self.number = number
        self.for_ever = for_ever

    def environment(self, report):
        more = {"FAILING_HEAP_FOREVER": "1"} if self.for_ever else {}
        return {"LD_PRELOAD": str(LIBRARY), "FAILING_HEAP_AT": str(self.number), "FAILING_HEAP_REPORT": str(report),
                **more}


def answerable(frames):
    """Which module answers for what happened: the innermost that is not below all."""
    above = (frame for frame in frames.split() if not BELOW_ALL.match(frame))
    return next(above, "(none)+").split("+")[0]


def read_report(path):
    return dict(line.split(" ", 1) for line in path.read_text().splitlines())



def asked(report_file):
    """A module for each allocation."""
    with open(report_file) as lines:
        return [answerable(line.removeprefix("asked ")) for line in lines if line.startswith("asked ")]


def assert_well_ended(code, err, report, deaths):
    """As I7 of the fault model has it."""
    if code >= 0:
        by_scanner = code == SCANNERS_END[0] and SCANNERS_END[1] in err
        assert by_scanner or code in EXIT_CODES, f"exit code {code}\n{err}"
        assert code in (0, HELD) or err.strip(), f"exit code {code} without a word"
        deaths[f"exit code {code}"] += 1
        return
    assert -code in DEADLY, f"signal {-code}\n{err}"
    where = answerable(report["ended"])
    deaths[f"{signal.Signals(-code).name} in {where}"] += 1
    if where == "rollcall":
        assert -code == signal.SIGABRT and OUT_OF_MEMORY in err, f"{report}\n{err}"


class Kept:
    """The database as it was, put back within milliseconds."""

    def __init__(self, database):
        self.database = database
        self.there = database.has_schema()
        if self.there:
            self.tables = tables(database)
            self.sequences = database.query("SELECT sequencename AS name, last_value FROM pg_sequences"
                                            " WHERE schemaname = 'rollcall'")
            database.execute("CREATE SCHEMA kept; " + " ".join(
                f"CREATE TABLE kept.{table} AS TABLE rollcall.{table};" for table in self.tables))

    def put_back(self):
        if not self.there:
            self.database.execute("DROP SCHEMA IF EXISTS rollcall CASCADE")
            return
        self.database.execute(
            "BEGIN; SET LOCAL session_replication_role = replica; "  # no triggers
            + " ".join(f"DELETE FROM rollcall.{table};"
                       f" INSERT INTO rollcall.{table} OVERRIDING SYSTEM VALUE TABLE kept.{table};" for table in self.tables)
            + " ".join(f"SELECT setval('rollcall.{sequence['name']}', {sequence['last_value'] or 1},"
                       f" {sequence['last_value'] is not None});" for sequence in self.sequences)
            + "COMMIT")


class Trial:
    """One program that starts again and again from the same database and the same answer of the API."""

    def __init__(self, rollcall, scene):
        self.rollcall = rollcall
        self.command = scene.command
        self.database = rollcall.database
        self.report_file = rollcall.directory / "report"
        self.state = rollcall.directory / "state"
        self.base_state = rollcall.directory / "base-state"
        self.state.mkdir()
        self.deaths = collections.Counter()
        self.violations = []
        scene.prepare(self)
        self.kept = Kept(self.database)
        shutil.copytree(self.state, self.base_state)
        self.before = self.picture()
        scene.happen(self)
        self.askers = self.trace()
        self.after = self.picture()
        assert self.before != self.after
        self.start_over()

    def run(self, **environment):
        return self.rollcall.command(self.command, STATE_DIRECTORY=str(self.state), **environment)

    def trace(self):
        """Who asks for memory in a run that gets all of it: a module for each allocation."""
        result = self.run(**Failure(0).environment(self.report_file), FAILING_HEAP_TRACE="1")
        assert result.code in (0, HELD), result.err
        return asked(self.report_file)

    def picture(self):
        """What is written for people: members, changes, what is held."""
        if not self.database.has_schema():
            return None, [], []
        members = {user: fields_of_row(row) for user, row in self.database.members().items()}
        changes = sorted((change["kind"], change["user_id"] or "") for change in self.database.changes())
        held = self.database.query("SELECT class, user_id FROM rollcall.held_change WHERE resolved_at IS NULL"
                                   " ORDER BY class, user_id")
        return members, changes, held

    def start_over(self):
        self.kept.put_back()
        shutil.rmtree(self.state)
        shutil.copytree(self.base_state, self.state)
        self.untouched = self.written()

    def written(self):
        """Stands still while nothing is written."""
        return self.database.value("SELECT pg_current_wal_insert_lsn()")

    def is_alone(self):
        """Whether nobody works for the dead any more."""
        return not self.database.query("SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = %s", ROLE,
                                       self.database.name)

    def fail(self, failure):
        """One run with this failure, and what must be true then; what is not is kept for the end."""
        try:
            self.survive(failure)
        except AssertionError as violation:
            self.violations.append(f"{failure.number}: {violation}")
            self.start_over()

    def survive(self, failure):
        result = self.run(**failure.environment(self.report_file))
        assert_well_ended(result.code, result.err, read_report(self.report_file), self.deaths)
        wait_until(self.is_alone, "the server to notice")
        if self.written() == self.untouched and result.code not in (0, HELD):
            return  # the next start is as the first one was
        now = self.picture()
        if result.code not in (0, HELD) or now != self.after:
            self.assert_all_or_nothing(now, result)
            self.assert_it_heals()
        self.start_over()

    def assert_all_or_nothing(self, now, result):
        if now[0]:
            assert_invariants(self.database)
        if result.code == HELD and any(words in result.err for words in ASKED_LATER):
            return
        assert result.code not in (0, HELD), f"it was told as done\n{result.err}"
        assert now in (self.before, self.after) or not now[0], f"a part of a cycle\n{result.err}"

    def assert_it_heals(self):
        healed = self.run()
        assert healed.code in (0, HELD), healed.err
        assert self.picture() == self.after, healed.err
        assert_invariants(self.database)


# ---- scenes: what is the case before the cycle, and what happens then


class Migration:
    """There is no schema yet."""

    command = "migrate"

    def prepare(self, trial):
        pass

    def happen(self, trial):
        pass


class FirstLoad:
    """Everybody is new."""

    command = "once"

    def prepare(self, trial):
        trial.rollcall.command("migrate").expect()

    def happen(self, trial):
        pass


class Everything:
    """One is changed, one leaves, and one is missing although Luzmo knows her: that is held."""

    command = "once"

    def prepare(self, trial):
        trial.rollcall.configure(sync={"removal_polls": 1}, guard={"removals": "50%"})
        trial.run().expect()

    def happen(self, trial):
        simulator = trial.rollcall.simulator
        simulator.rename(AMY, "Amy E.")
        simulator.set_flag(AMY, "flagOwn", True)
        simulator.leave(DAVID)
        simulator.hide(JULIA)


def some_of_each_module(askers, chance):
    of_module = collections.defaultdict(list)
    for number, module in enumerate(askers, 1):
        of_module[module].append(number)
    return [number for numbers in of_module.values() for number in chance.sample(numbers, min(SAMPLE, len(numbers)))]


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("scene", [Migration(), FirstLoad(), Everything()], ids=lambda scene: type(scene).__name__)
def test_an_allocation_fails(rollcall, seed, scene, for_ever):
    trial = Trial(rollcall, scene)
    every = range(1, len(trial.askers) + 1)
    for number in every if SWEEP else some_of_each_module(trial.askers, random.Random(seed)):
        trial.fail(Failure(number, for_ever))
    print(f"{type(scene).__name__}: {sum(trial.deaths.values())} of {len(trial.askers)} allocations failed,"
          f" {'each with all that followed' if for_ever else 'each alone'}: {dict(trial.deaths.most_common())}")
    assert not trial.violations, f"{len(trial.violations)} violations\n" + "\n".join(trial.violations[:10])


# ---- the service


def test_the_service_goes_on_or_is_started_again(rollcall, simulator, database, seed):
    """One allocation fails in a service that polls; what runs next, it or its successor, catches up."""
    chance = random.Random(seed)
    report_file = rollcall.directory / "report"
    traced = rollcall.run(**Failure(0).environment(report_file), FAILING_HEAP_TRACE="1")
    traced.wait_for_cycles(3)
    assert traced.stop() == 0
    numbers = [number for number, module in enumerate(asked(report_file), 1) if module != "libcrypto.so.3"]
    deaths = collections.Counter()
    for number in chance.sample(numbers, SERVICES):
        simulator.rename(AMY, f"Amy {number}")
        daemon = rollcall.run(**Failure(number).environment(report_file))
        wait_until(lambda: not daemon.is_running() or mirrors(database, simulator),
                   f"the change, or the end, without allocation {number}")
        if mirrors(database, simulator) and daemon.is_running():
            daemon.stop()
        else:
            rollcall.once()
        assert_well_ended(daemon.process.returncode, daemon.log(), read_report(report_file), deaths)
        assert_mirrors(database, simulator)
    print(f"{SERVICES} services: {dict(deaths)}")

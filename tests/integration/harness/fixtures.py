"""Fixtures of all tests of the whole program; what they hold is in the other files here."""

import os
import pathlib
import random
import tempfile

import pytest

from harness.postgres import Postgres
from harness.program import Rollcall
from harness.proxy import Proxy
from harness.simulator import Simulator
from harness.truth import assert_invariants

ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("ROLLCALL_BUILD", ROOT / "build" / "default"))
EXIT_SKIPPED = 77  # tells ctest that there was nothing to run here


@pytest.fixture(scope="session")
def postgres():
    """The private server, running. A test that stops it starts it again."""
    with tempfile.TemporaryDirectory(prefix="rollcall-pg-", dir="/tmp") as directory:  # socket paths must be short
        os.chmod(directory, 0o755)
        server = Postgres(directory)
        server.start()
        yield server
        server.stop("immediate")


@pytest.fixture
def database(postgres):
    """A fresh, empty database of an ordinary role."""
    database = postgres.create_database()
    yield database
    postgres.drop_database(database)


@pytest.fixture
def proxy(postgres):
    """Between the program and the server, where a test configures it."""
    with tempfile.TemporaryDirectory(prefix="rollcall-proxy-", dir="/tmp") as directory:
        proxy = Proxy(directory, postgres)
        yield proxy
        proxy.close()


SIMULATOR = BUILD / "tests" / "simulator" / "luzmo-simulator"
PROGRAM = BUILD / "daemon" / "rollcall"


@pytest.fixture
def start_simulator(tmp_path):
    """start_simulator("--members", 1000) starts one of your own; it must not have seen any action but `get` at the end."""
    started = []

    def start(*options):
        started.append(Simulator(SIMULATOR, tmp_path / f"simulator-{len(started) + 1}", *options))
        return started[-1]

    yield start
    ends = [(simulator.violations(), simulator.close()) for simulator in started if simulator.process.poll() is None]
    assert all(end == (0, 0) for end in ends), f"(violations, exit code) of the simulators: {ends}"


@pytest.fixture
def simulator(start_simulator):
    """The simulated API with the documented organization."""
    simulator = start_simulator()
    simulator.unlimited()  # tests poll more often than anybody else
    return simulator


@pytest.fixture
def rollcall(tmp_path, simulator, database):
    """The program, configured for both. Whatever a test did to it, the invariants hold afterwards."""
    program = Rollcall(PROGRAM, tmp_path, simulator, database)
    yield program
    program.close()
    if database.has_schema():
        assert_invariants(database)


@pytest.fixture
def daemon(rollcall):
    """The service, after its first cycle."""
    daemon = rollcall.run()
    daemon.wait_for_cycles(1)
    return daemon


@pytest.fixture
def seed():
    """Of what is left to chance; a run that failed is repeated with ROLLCALL_SEED in the environment."""
    chosen = int(os.environ.get("ROLLCALL_SEED", random.randrange(10**6)))
    print(f"ROLLCALL_SEED={chosen}")
    return chosen


@pytest.fixture(scope="module")
def shared(tmp_path_factory, postgres):
    """The program with a simulator and a database of its own, for all tests of a file that leave these as they were."""
    directory = tmp_path_factory.mktemp("shared")
    simulator = Simulator(SIMULATOR, directory / "simulator")
    database = postgres.create_database()
    program = Rollcall(PROGRAM, directory, simulator, database)
    yield program
    program.close()
    assert_invariants(database)
    postgres.drop_database(database)
    assert (simulator.violations(), simulator.close()) == (0, 0)


def pytest_sessionfinish(session, exitstatus):
    """A file of which everything was skipped is reported to ctest as skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = any(reporter.stats.get(outcome) for outcome in ("passed", "failed", "error"))
    if exitstatus == 0 and not ran and reporter.stats.get("skipped"):
        session.exitstatus = EXIT_SKIPPED

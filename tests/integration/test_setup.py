"""What the scripts share: a machine is left as it was, however an installation ends."""

import os
import pathlib
import signal
import subprocess

import pytest

from harness.waiting import wait_until

SETUP = pathlib.Path(__file__).resolve().parents[1] / "lib" / "setup.sh"
FORMER = "# Debian's own\n#create_main_cluster = true\n"

# An apt that shows which settings it would find, and then does what the test wants.
SCRIPT = """
. {setup}
cluster_settings={settings}
as_root() {{ "$@"; }}
postgresql_programs() {{ :; }}
install_packages() {{ [ "$2" = postgresql-common ] || {{ cat {settings}; echo .; {then}; }}; }}
install_postgresql log
echo "ended with $?"
"""

GOES_ON = "while :; do sleep 0.1; done"  # a shell heeds its traps between two commands


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "createcluster.conf"
    file.write_text(FORMER)
    return file


def start(settings, then):
    script = SCRIPT.format(setup=SETUP, settings=settings, then=then)
    return subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)


def assert_left_as_it_was(settings):
    assert settings.read_text() == FORMER
    assert [file.name for file in settings.parent.iterdir()] == [settings.name]


@pytest.mark.parametrize("then, code", [("true", 0), ("false", 1)])
def test_no_cluster_is_made_while_postgresql_is_installed(settings, then, code):
    out, _ = start(settings, then).communicate(timeout=20)
    assert out == f"{FORMER}create_main_cluster = false\n.\nended with {code}\n"
    assert_left_as_it_was(settings)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_installation_that_is_interrupted(settings, number):
    process = start(settings, GOES_ON)
    while process.stdout.readline() != ".\n":
        pass
    os.killpg(process.pid, number)
    process.communicate(timeout=20)
    wait_until(lambda: settings.read_text() == FORMER, "the settings to be put back")
    assert_left_as_it_was(settings)


def test_after_an_installation_that_was_killed(settings):
    """The next one puts back what the first one found."""
    process = start(settings, GOES_ON)
    while process.stdout.readline() != ".\n":
        pass
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    start(settings, "true").communicate(timeout=20)
    assert_left_as_it_was(settings)

"""A machine that gives little: few descriptors, short files, nobody who reads the log. What is missing is told in a
sentence; nothing ends in a crash or comes to a halt."""

import fcntl
import os
import resource
import subprocess

import pytest

from harness.account import clean_environment, die_with_tests
from harness.truth import wait_for_mirror
from harness.simulator import AMY
from harness.waiting import wait_until

INTERNAL = 70


def run_limited(rollcall, command, limit, most):
    """Runs a command under a resource limit to its end."""
    return subprocess.run([rollcall.binary, "-c", rollcall.config_file, command], capture_output=True, text=True,
                          timeout=90, env=clean_environment(), cwd=rollcall.directory,
                          preexec_fn=lambda: resource.setrlimit(limit, (most, most)))


@pytest.mark.parametrize("command", ["once", "status", "members", "plan"])
def test_few_descriptors(rollcall, command):
    rollcall.once()
    ends = {}
    for most in range(4, 33):
        done = run_limited(rollcall, command, resource.RLIMIT_NOFILE, most)
        ends.setdefault(done.returncode, []).append(most)
        if done.returncode == INTERNAL:
            assert "may not open 24 files" in done.stderr and "ulimit -n" in done.stderr and done.stderr.count("\n") == 1
    assert set(ends) == {0, INTERNAL} and max(ends[INTERNAL]) < min(ends[0]) <= 28, ends


def test_the_service_says_so_and_ends(rollcall):
    done = run_limited(rollcall, "run", resource.RLIMIT_NOFILE, 10)
    assert done.returncode == INTERNAL and "LimitNOFILE=" in done.stderr


def test_a_log_that_may_not_grow(rollcall, database, tmp_path):
    """The log is lost, the cycle is not."""
    with open(tmp_path / "log", "wb") as log:
        done = subprocess.run([rollcall.binary, "-c", rollcall.config_file, "once"], stderr=log, env=clean_environment(),
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20)))
    assert done.returncode == 0 and len(database.members()) == 3


def test_a_list_that_may_not_grow(rollcall, tmp_path):
    rollcall.once()
    with open(tmp_path / "members.csv", "wb") as out:
        done = subprocess.run([rollcall.binary, "-c", rollcall.config_file, "members"], stdout=out, stderr=subprocess.PIPE,
                              env=clean_environment(),
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20)))
    assert done.returncode == 69 and b"File too large" in done.stderr


def test_nobody_reads_the_log(rollcall, simulator, database):
    """The service goes on and leaves when it is told to; when somebody reads again, it says how many lines are missing."""
    rollcall.configure(log={"level": "debug"})
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(ours, False)
    service = subprocess.Popen([rollcall.binary, "-c", rollcall.config_file, "run"], stderr=theirs,
                               env=clean_environment(), preexec_fn=die_with_tests)
    os.close(theirs)
    try:
        wait_until(lambda: database.polls() >= 3, "polls")
        simulator.rename(AMY, "Amy E.")
        wait_for_mirror(database, simulator)
        log = bytearray()

        def counted():
            try:
                log.extend(os.read(ours, 65536))
            except BlockingIOError:
                pass
            return b"event=log_lines_left_out count=" in log

        wait_until(counted, "the lines that are missing")
        service.terminate()
        assert service.wait(timeout=30) == 0
        assert all(line.startswith(b"ts=") for line in bytes(log).splitlines())
    finally:
        service.kill()
        service.wait()
        os.close(ours)

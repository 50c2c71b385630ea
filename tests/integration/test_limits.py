"""A machine that gives little: few descriptors. What is missing is told in a sentence; nothing ends in a crash."""

import resource
import subprocess

import pytest

from harness.account import clean_environment

INTERNAL = 70


def run_limited(rollcall, command, limit, most):
    """Runs a command under a resource limit to its end."""
    return subprocess.run([rollcall.binary, "-c", rollcall.config_file, command], capture_output=True, text=True,
                          timeout=30, env=clean_environment(), cwd=rollcall.directory,
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

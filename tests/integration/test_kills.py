"""kill -9 during cycles in which everything changes. Whatever step the program had reached, a cycle happened as a whole
or not at all, and the next start goes on from what is true.

The program logs each step of its cycle, so the moment of a kill is a step, each as often as the others in an order drawn
at random, and a few more milliseconds."""

import collections
import os
import random
import re
import select
import signal
import subprocess
import time

from harness.account import clean_environment, die_with_tests
from harness.truth import assert_mirrors
from harness.waiting import PATIENCE
from harness.world import World

ROUNDS = 50
STEPS = 11  # from the start to a first cycle that changed something: started ... committed, and two more
STEP = re.compile(rb"\bevent=step\b.*?\bto=(\w+)")


class Victim:
    """A command that is going to be killed; its steps, as they arrive."""

    def __init__(self, rollcall, command):
        self.process = subprocess.Popen([rollcall.binary, "-c", rollcall.config_file, command],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=clean_environment(),
                                        cwd=rollcall.directory, preexec_fn=die_with_tests)
        self.log = b""

    def steps(self):
        return STEP.findall(self.log)

    def reach(self, step, timeout=PATIENCE):
        """Waits until it has made so many steps, or has ended."""
        end = time.monotonic() + timeout
        while len(self.steps()) < step and time.monotonic() < end:
            if select.select([self.process.stderr], [], [], 0.05)[0]:
                piece = os.read(self.process.stderr.fileno(), 65536)
                self.log += piece
                if not piece:
                    return

    def kill(self):
        """Where it was when it died: the state it had entered last, or "ended" when it was faster."""
        self.process.kill()
        self.log += self.process.stderr.read()
        self.process.stderr.close()
        code = self.process.wait()
        assert code in (0, -signal.SIGKILL), f"it ended by itself with {code}:\n{self.log.decode()[-2000:]}"
        return "ended" if code == 0 else self.steps()[-1].decode() if self.steps() else "starting"


def test_kill_at_any_moment(rollcall, simulator, database, seed):
    chance = random.Random(seed)
    world = World(simulator, seed)
    rollcall.configure(log={"level": "debug"})
    died = collections.Counter()
    for step in chance.sample([number % (STEPS + 1) for number in range(ROUNDS)], ROUNDS):
        world.change_everywhere()
        victim = Victim(rollcall, chance.choice(("once", "run")))
        victim.reach(step)
        time.sleep(chance.choice((0, 0, 0.001, 0.003, 0.01)))
        died[victim.kill()] += 1
    print(f"died while: {dict(died)}")
    assert len(died) >= 5, "the kills hit always the same moment"
    rollcall.once()
    assert_mirrors(database, simulator)
    outcomes = collections.Counter(cycle["outcome"] for cycle in database.cycles())
    assert outcomes["changed"] > 5 and set(outcomes) <= {"changed", "failed"}, outcomes

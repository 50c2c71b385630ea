"""The program under test: its configuration, its commands, and the daemon in the background.

It runs as whoever runs the tests and connects over the private server's socket as the ordinary role `rollcall`; key and
token lie in files that only their owner can read.
"""

import dataclasses
import json
import pathlib
import signal
import subprocess

from harness.account import clean_environment, die_with_tests
from harness.waiting import PATIENCE, wait_until

# Short times, so that a test of minutes takes seconds; the rest stays at its default.
DEFAULTS = {
    "api": {},
    "database": {},
    "sync": {"interval": "1s", "confirm_after": "1s", "removal_polls": 2},
    "guard": {"removals": "off", "vanished_flags": "off"},  # what they do has its own tests (test_holds.py)
}


@dataclasses.dataclass
class Result:
    """What a command left: exit code, output and log."""

    code: int
    out: str
    err: str

    def expect(self, code=0):
        assert self.code == code, f"exit code {self.code}, expected {code}\n{self.out}{self.err}"
        return self

    def json(self):
        return json.loads(self.out)


def render(sections):
    """The configuration file's text."""
    def value(setting):
        text = str(setting).replace("\\", "\\\\").replace('"', '\\"')
        return text if isinstance(setting, int) else f'"{text}"'
    lines = []
    for section, settings in sections.items():
        lines += [f"{section} {{", *(f"    {name} = {value(setting)}" for name, setting in settings.items()), "}"]
    return "\n".join(lines) + "\n"


class Rollcall:
    def __init__(self, binary, directory, simulator, database):
        self.binary = pathlib.Path(binary)
        assert self.binary.exists(), f"{self.binary} is not built; ROLLCALL_BUILD names the build directory"
        self.directory = pathlib.Path(directory)
        self.simulator = simulator
        self.database = database
        self.config_file = self.directory / "rollcall.conf"
        self.key_file = self._secret("luzmo-key", simulator.key)
        self.token_file = self._secret("luzmo-token", simulator.token)
        self.daemons = []
        self.configure()

    def _secret(self, name, text):
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        return path

    def configure(self, **sections):
        """Writes the configuration: what this test needs over DEFAULTS, section by section."""
        places = {
            "api": {"url": self.simulator.url, "ca_file": self.simulator.ca_file, "key_file": self.key_file,
                    "token_file": self.token_file},
            "database": {"conninfo": self.database.conninfo},
        }
        names = dict.fromkeys([*DEFAULTS, *sections])
        self.config_file.write_text(render({
            name: {**places.get(name, {}), **DEFAULTS.get(name, {}), **sections.get(name, {})} for name in names}))

    def run_with(self, *arguments, timeout=PATIENCE, **environment):
        """Runs `rollcall ...` to its end."""
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, timeout=timeout,
                              env=clean_environment(**environment), cwd=self.directory)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def command(self, *arguments, **how):
        """Runs `rollcall -c FILE ...` to its end."""
        return self.run_with("-c", self.config_file, *arguments, **how)

    def once(self, code=0):
        """One cycle. Fails the test unless it ends with `code`."""
        return self.command("once").expect(code)

    def plan(self, *options):
        return self.command("plan", *options)

    def status(self, *options):
        return self.command("status", *options)

    def members(self, *options):
        return self.command("members", *options)

    def changes(self, *options):
        return self.command("changes", *options)

    def run(self, command="run", **environment):
        """`rollcall run` (or another command) in the background."""
        daemon = Daemon(self, command, environment)
        self.daemons.append(daemon)
        return daemon

    def close(self):
        for daemon in self.daemons:
            daemon.kill()


class Daemon:
    def __init__(self, rollcall, command, environment):
        self.rollcall = rollcall
        self.log_file = rollcall.directory / f"daemon-{len(rollcall.daemons) + 1}.log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([rollcall.binary, "-c", rollcall.config_file, command], stdout=log, stderr=log,
                                            env=clean_environment(**environment), cwd=rollcall.directory,
                                            preexec_fn=die_with_tests)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def is_running(self):
        return self.process.poll() is None

    def wait_for_cycles(self, count=1, timeout=PATIENCE):
        """Waits until so many more polls have left their trace in the database, complete or failed."""
        before = self.rollcall.database.polls()

        def arrived():
            assert self.is_running(), f"the daemon ended with {self.process.returncode}:\n{self.log()[-3000:]}"
            return self.rollcall.database.polls() >= before + count

        wait_until(arrived, f"{count} cycles\n{self.log()[-3000:]}", timeout)

    def wait_for_log(self, text, count=1, timeout=PATIENCE):
        """Waits until a text stands in the log, so many times."""
        wait_until(lambda: self.log().count(text) >= count, f"{text!r} in the log", timeout)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, timeout=30):
        """SIGTERM; the exit code. It takes moments, and never as long as what it may be waiting for."""
        self.process.terminate()
        return self.process.wait(timeout=timeout)

    def kill(self):
        """kill -9, as often as you like."""
        self.process.kill()
        self.process.wait()

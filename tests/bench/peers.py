"""The peers: two other ways to do the same job. What each of them does is in peers/."""

import json
import os
import pathlib
import shutil
import subprocess
import time

from contenders import Lines
from harness.account import clean_environment, die_with_tests
from harness.postgres import PORT
from measure import Sample, cpu_ms, forget_peak, peak_mib, run
from organization import ORGANIZATION
from server import KEY, TOKEN

HERE = pathlib.Path(__file__).parent / "peers"
INSTALLED = HERE.parents[2] / "build/bench/peers"  # what npm brought


def install_node_peer():
    """The official client and node-postgres, from npm, once."""
    wanted, present = HERE / "package.json", INSTALLED / "package.json"
    if (INSTALLED / "node_modules").exists() and present.read_text() == wanted.read_text():
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    shutil.copy(wanted, present)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"], cwd=INSTALLED, check=True)


class NodePeer:
    """The official Node client and pg as a service: it keeps its connections."""

    def __init__(self, api, database):
        settings = {"key": KEY, "token": TOKEN, "host": "https://localhost", "port": str(api.port),
                    "organization": ORGANIZATION, "socket": str(database.server.directory), "server_port": PORT,
                    "database": database.name}
        self.command = ["node", HERE / "node_sdk.js", json.dumps(settings)]
        self.environment = clean_environment(NODE_PATH=str(INSTALLED / "node_modules"),
                                             NODE_EXTRA_CA_CERTS=str(api.ca_file))
        self.process = None
        self.lines = None

    def start(self, expected):
        """From the start of the process to the end of its first cycle."""
        began = time.perf_counter()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment,
                                        preexec_fn=die_with_tests)
        self.lines = Lines(self.process.stdout)
        return self._cycle(began, 0)

    def poll(self, expected):
        forget_peak(self.process.pid)
        return self._cycle(time.perf_counter(), cpu_ms(self.process.pid))

    def _cycle(self, began, used):
        self.process.stdin.write(b"cycle\n")
        self.process.stdin.flush()
        ended, _ = self.lines.wait(b'"members"')
        return Sample(wall_ms=(ended - began) * 1e3, cpu_ms=cpu_ms(self.process.pid) - used,
                      peak_mib=peak_mib(self.process.pid))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.stdin.write(b"end\n")
            self.process.stdin.close()
            self.process.wait(timeout=60)


class ShellPeer:
    """curl | jq | psql, for cron: each cycle is a process of its own."""

    def __init__(self, api, database, request):
        self.command = [HERE / "curl_jq_psql", api.url, api.ca_file, request, ORGANIZATION,
                        "--dbname", database.conninfo]
        self.environment = {"PATH": f"{database.server.programs}:{os.environ['PATH']}"}

    def poll(self, expected):
        return run(self.command, environment=self.environment)

    start = poll

    def stop(self):
        """Nothing of it runs between two cycles."""

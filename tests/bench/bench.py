"""tests/bench/run, once everything it needs is there: the sizes that are asked for, through their phases, and the report."""

import argparse
import contextlib
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "integration"))

from harness.postgres import Database, Postgres  # noqa: E402
from contenders import Copy, Receive, Rollcall  # noqa: E402
from machine import description  # noqa: E402
from measure import Server  # noqa: E402
from organization import Organization  # noqa: E402
from peers import install_node_peer  # noqa: E402
from phases import Phases, say  # noqa: E402
from report import Figures, print_goals, print_machine, print_size, write_json  # noqa: E402
from server import Api  # noqa: E402

SMALL = 500  # members up to which `once` is measured, where its start is most of the work, and above which the service is

# As Debian ships it, durability included, but nothing is vacuumed by itself: what is written is the measured program's.
SETTINGS = {"fsync": "on", "shared_buffers": "128MB", "autovacuum": "off"}


class Bench:
    """What all sizes share."""

    def __init__(self, options, directory, stack):
        self.options = options
        self.directory = directory
        self.postgres = self._start_server(stack)
        self.api = Api(directory / "api")
        stack.callback(self.api.close)
        self.server = Server(self.postgres)
        self.rollcall = Rollcall(options.program, directory, self.api)
        self.receive = Receive(self.api, directory)
        self.copy = Copy(self.postgres)
        self.figures = Figures()
        self.template = self._make_template()

    def _start_server(self, stack):
        place = self.directory / "postgres"
        place.mkdir(mode=0o755)
        postgres = Postgres(place)
        postgres.start(**SETTINGS)
        stack.callback(postgres.stop, "immediate")
        return postgres

    def _make_template(self):
        """What a fresh database is a copy of: the migrated schema and the peers' tables."""
        template = self.postgres.create_database()
        self.rollcall.command(template, "migrate")
        template.execute((HERE / "sql/peer_schema.sql").read_text())
        template.close()
        return template

    def fresh_database(self, name):
        database = Database(self.postgres, name)
        self.postgres.copy_database(self.template, database)
        return database

    def drop_database(self, database):
        database.close()
        self.postgres.drop_database(database)


def measure(bench, members):
    say(f"{members:,} members: making the organization")
    phases = Phases(bench, Organization(ROOT / "build/bench/organizations", members))
    if members <= SMALL:
        phases.once()
        if bench.figures.idle_wakeups_a_minute is None and bench.options.rounds > 1:
            phases.idle()
        return
    try:
        for phase in (phases.first_load, phases.unchanged, phases.few, phases.percent, phases.restart, phases.history):
            phase()
    finally:
        phases.close()


def whole_numbers(text):
    return [int(word) for word in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run", description="Measures Rollcall on this machine.")
    parser.add_argument("--program", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--members", type=whole_numbers, default=[3, 1000, 100000], metavar="N,N,...",
                        help="sizes of the organizations (3,1000,100000)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="turns that everybody takes in a phase (7)")
    parser.add_argument("--peers", action="store_true",
                        help="also the official Node client with pg, and curl | jq | psql")
    parser.add_argument("--json", type=pathlib.Path, default=ROOT / "build/bench/result.json", metavar="FILE",
                        help="where all measurements go (build/bench/result.json)")
    return parser.parse_args()


def main():
    options = arguments()
    os.umask(0o022)
    if options.peers:
        install_node_peer()
    with contextlib.ExitStack() as stack:
        # Not /tmp, which may be memory: the server's durability would cost nothing there.
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="rollcall-bench-", dir="/var/tmp"))
        os.chmod(directory, 0o755)
        bench = Bench(options, pathlib.Path(directory), stack)
        where = description(options, bench.postgres.programs)
        print_machine(where)
        for members in sorted(options.members):
            measure(bench, members)
            print_size(bench.figures, members)
            write_json(options.json, bench.figures, where)
        print_goals(bench.figures)


if __name__ == "__main__":
    main()

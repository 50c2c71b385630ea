"""A network that swallows everything, in the middle of a transaction. Neither side hears of the other's end, so each has to
find out: the program, in order to go on, and the server, so that the locks do not stay. Takes a minute, because that is
how long both wait."""

import contextlib
import ctypes
import os
import subprocess
import tempfile

import psycopg2
import pytest

from harness.account import die_with_tests
from harness.fixtures import PROGRAM, SIMULATOR
from harness.postgres import ROLE, Postgres
from harness.program import Rollcall
from harness.simulator import AMY, Simulator
from harness.truth import assert_invariants, assert_mirrors
from harness.waiting import wait_until

SERVER, CLIENT = "10.9.8.1", "10.9.8.2"
NOBODY = "02:00:00:00:00:ff"
LONGEST = 120  # seconds; keepalives find it out in 60
CLONE_NEWNET = 0x40000000


class Network:
    """A network of its own, which lasts as long as a process in it."""

    def __init__(self):
        self.keeper = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=die_with_tests)
        if not self.keeper.stdout.read(1):
            pytest.skip("only root may make a network of its own")
        self.run("ip link set lo up")

    def run(self, command):
        subprocess.run(["nsenter", f"--net=/proc/{self.keeper.pid}/ns/net", *command.split()], check=True)

    @contextlib.contextmanager
    def inside(self):
        """What is started in here, and what is connected to, is in it."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        enter(f"/proc/{self.keeper.pid}/ns/net")
        try:
            yield
        finally:
            ctypes.CDLL(None).setns(before, CLONE_NEWNET)
            os.close(before)

    def close(self):
        self.keeper.kill()
        self.keeper.wait()


def enter(path):
    network = os.open(path, os.O_RDONLY)
    assert ctypes.CDLL(None).setns(network, CLONE_NEWNET) == 0
    os.close(network)


@pytest.fixture
def networks():
    """One for the server and one for the program and the API, with a wire between them."""
    server, client = Network(), Network()
    server.run("ip link add wire type veth peer name eriw")
    server.run(f"ip link set eriw netns {client.keeper.pid}")
    for network, wire, address in ((server, "wire", SERVER), (client, "eriw", CLIENT)):
        network.run(f"ip address add {address}/24 dev {wire}")
        network.run(f"ip link set {wire} up")
    yield server, client
    server.close()
    client.close()


@pytest.fixture
def hole(networks):
    """hole(True): what is sent goes to an address that nobody has."""
    server, client = networks

    def swallow(everything):
        for network, wire, other in ((server, "wire", CLIENT), (client, "eriw", SERVER)):
            network.run(f"ip neighbour replace {other} lladdr {NOBODY} dev {wire} nud permanent" if everything
                        else f"ip neighbour delete {other} dev {wire}")

    return swallow


@pytest.fixture
def server(networks):
    with tempfile.TemporaryDirectory(prefix="rollcall-pg-", dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        server = Postgres(directory)
        with open(server.data / "pg_hba.conf", "a") as rules:
            rules.write(f"host all all {CLIENT}/32 trust\n")
        with networks[0].inside():
            server.start(tcp=True, listen_addresses=SERVER)
        yield server
        server.stop("immediate")


def test_a_black_hole_in_a_transaction(networks, hole, server, tmp_path):
    _, client = networks
    database = server.create_database()
    with client.inside():
        simulator = Simulator(SIMULATOR, tmp_path / "simulator")
        rollcall = Rollcall(PROGRAM, tmp_path, simulator, database)
        rollcall.configure(database={"conninfo": f"host={SERVER} port={server.tcp_port} dbname={database.name} user={ROLE}"})
        daemon = rollcall.run()
        daemon.wait_for_cycles(1)
        waiting = psycopg2.connect(host=str(server.directory), port=server.tcp_port, dbname=database.name, user="postgres")
        waiting.cursor().execute("SELECT 1 FROM rollcall.member WHERE user_id = %s FOR UPDATE", (AMY,))
        simulator.rename(AMY, "Amy E.")
        ours = f"SELECT wait_event_type FROM pg_stat_activity WHERE usename = '{ROLE}'"
        wait_until(lambda: database.query(ours + " AND wait_event_type = 'Lock'"), "the writer to wait for the row")

        hole(True)
        waiting.close()
        wait_until(lambda: not database.query(ours), "the server to give the session up", LONGEST)
        database.execute("BEGIN; SET lock_timeout = '1s'; UPDATE rollcall.organization SET source = source; ROLLBACK")
        daemon.wait_for_log("event=database_away", timeout=LONGEST)
        assert daemon.is_running() and len(database.changes()) == 3

        hole(False)
        wait_until(lambda: len(database.changes()) == 4, "the change", LONGEST)
        assert_mirrors(database, simulator)
        assert_invariants(database)
        assert daemon.stop() == 0
        assert (simulator.violations(), simulator.close()) == (0, 0)

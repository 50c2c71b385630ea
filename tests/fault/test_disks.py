"""PostgreSQL has no room left, for its tables or for its log: held until there is some again."""

import json
import os
import subprocess
import tempfile

import pytest

from harness.account import give_to_server
from harness.fixtures import PROGRAM
from harness.postgres import Postgres
from harness.program import Rollcall
from harness.truth import assert_invariants
from harness.waiting import wait_until

MANY = 3000
SMALL_LOG = {"min_wal_size": "2MB", "max_wal_size": "8MB"}


@pytest.fixture
def disk():
    """A file system of 24 MiB that belongs to the server."""
    with tempfile.TemporaryDirectory(prefix="rollcall-disk-", dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", directory], capture_output=True)
        if mounted.returncode != 0:
            pytest.skip("only root may mount a small tmpfs")
        give_to_server(directory)
        yield Disk(directory)
        subprocess.run(["umount", "--lazy", directory], check=True)


class Disk:
    def __init__(self, directory):
        self.directory = directory
        self.filler = os.path.join(directory, "filler")

    def fill(self):
        with open(self.filler, "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass

    def free(self):
        os.unlink(self.filler)


def change_all(simulator, name):
    organization = simulator.organization()
    for user in organization["users"]:
        user["name"] = name * 100
    simulator.answer_with(json.dumps({"count": 1, "rows": [organization]}).encode())


def changed(database, name):
    return database.value("SELECT count(*) FROM rollcall.current_member WHERE name = %s", name * 100) == MANY


@pytest.fixture
def small_tablespace(database, disk):
    """The change log lies on a disk of its own."""
    place = os.path.join(disk.directory, "space")
    os.mkdir(place)
    give_to_server(place)
    database.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
    yield disk
    database.execute("DROP SCHEMA IF EXISTS rollcall CASCADE")
    database.execute("DROP TABLESPACE small")


def test_no_room_for_the_tables(small_tablespace, rollcall, simulator, database):
    simulator.generate(MANY, 5)
    rollcall.once()
    database.execute("ALTER TABLE rollcall.change_log SET TABLESPACE small")
    small_tablespace.fill()
    change_all(simulator, "A")
    failed = rollcall.once(code=69)
    assert "53100" in failed.err and "make room on the server's disk" in failed.err
    daemon = rollcall.run()
    daemon.wait_for_log("outcome=failed")
    assert {change["kind"] for change in database.changes()} == {"baseline"}
    small_tablespace.free()
    wait_until(lambda: changed(database, "A"), "the change")
    assert_invariants(database)
    assert daemon.stop() == 0


@pytest.fixture
def server(disk):
    """A server whose log lies there, in files of one megabyte."""
    with tempfile.TemporaryDirectory(prefix="rollcall-pg-", dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        server = Postgres(directory, "--waldir", os.path.join(disk.directory, "wal"), "--wal-segsize=1")
        server.start(**SMALL_LOG)
        yield server
        server.stop("immediate")


def test_no_room_for_the_servers_log(server, disk, tmp_path, simulator):
    """The server falls over, and cannot come back before there is room."""
    database = server.create_database()
    simulator.generate(MANY, 5)
    daemon = Rollcall(PROGRAM, tmp_path, simulator, database).run()
    wait_until(lambda: database.has_schema() and len(database.members()) == MANY, "the first load")
    disk.fill()
    change_all(simulator, "A")
    daemon.wait_for_log("event=database_away")
    server.stop("immediate")
    disk.free()
    server.start(**SMALL_LOG)
    wait_until(lambda: changed(database, "A"), "the change")
    assert_invariants(database)
    assert daemon.stop() == 0

"""A private PostgreSQL: a directory of its own, a unix socket, no TCP port unless asked for, nothing left behind.

Whoever runs the tests connects over the socket without password ("trust"), so that the same tests run as root in a
container and as a developer; over TCP a password is needed (scram-sha-256). The program under test never connects as
superuser: each test has a fresh database that belongs to the ordinary role `rollcall`.
"""

import contextlib
import itertools
import os
import pathlib
import signal
import socket
import subprocess

import psycopg2

from harness.account import clean_environment, die_with_tests, give_to_server, server_account
from harness.waiting import wait_until

ROLE = "rollcall"
PASSWORD = "only-for-tests"
PORT = 5432  # names the socket; nothing listens on it

SETTINGS = {
    "unix_socket_permissions": "0777",
    "fsync": "off",  # the machine may lose its power, the tests cannot tell
    "autovacuum": "off",  # what is written is the program's alone, whenever it is counted
    "max_connections": "40",
    "shared_buffers": "32MB",
    "log_statement": "none",
    "timezone": "Europe/Brussels",  # nothing may depend on the server's zone
}

HBA = """\
local all,replication all trust
host  all all 127.0.0.1/32 scram-sha-256
"""


def server_programs():
    """The directory of the newest installed server, or None."""
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: -int(bin.parent.name))
    for directory in versions:
        if (directory / "initdb").exists():
            return directory
    return None


def reserved_port():
    """A socket whose port nobody else is given while it is open; a server may listen there all the same."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place


class Postgres:
    """The server; start, stop and kill it as often as you like."""

    def __init__(self, directory, *initdb_options):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.log_file = self.directory / "log"
        self.programs = server_programs()
        assert self.programs, "no PostgreSQL server is installed (Debian: postgresql-15)"
        self.process = None
        self.tcp_port = None
        self._place = reserved_port()
        self._numbers = itertools.count(1)
        give_to_server(self.directory)
        self._initialise(initdb_options)

    def _initialise(self, options):
        subprocess.run([self.programs / "initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust",
                        "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
                        *options], check=True, stdout=subprocess.DEVNULL, cwd="/", env=clean_environment(), **server_account())
        (self.data / "pg_hba.conf").write_text(HBA)

    def start(self, tcp=False, wait=True, **settings):
        """Starts the server and waits until it answers. tcp: also on a port of 127.0.0.1."""
        self.tcp_port = self._place.getsockname()[1] if tcp else None
        every = {**SETTINGS, "unix_socket_directories": str(self.directory), "port": str(self.tcp_port or PORT),
                 "listen_addresses": "127.0.0.1" if tcp else "", **settings}
        options = [word for name, value in every.items() for word in ("-c", f"{name}={value}")]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([self.programs / "postgres", "-D", self.data, *options], stdout=log,
                                            stderr=log, cwd="/", env=clean_environment(),
                                            preexec_fn=die_with_tests, **server_account())
        if wait:
            wait_until(self.answers, "PostgreSQL to start")

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"PostgreSQL ended at once:\n{self.log_file.read_text(errors='replace')[-2000:]}")
        try:
            self.connect().close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self, how="fast"):
        """smart, fast or immediate, as pg_ctl names them; returns when the server is gone."""
        if not self.process:
            return
        self.process.send_signal({"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[how])
        self.process.wait(timeout=60)
        self.process = None

    def connect(self, database="postgres", user="postgres", **options):
        connection = psycopg2.connect(host=str(self.directory), port=self.tcp_port or PORT, dbname=database, user=user,
                                      **options)
        connection.autocommit = True
        return connection

    def create_database(self):
        """A fresh database that belongs to an ordinary role."""
        name = f"rollcall_{next(self._numbers)}"
        administration = Database(self, "postgres")
        if not administration.query("SELECT 1 FROM pg_roles WHERE rolname = %s", ROLE):
            administration.execute(f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{PASSWORD}'")
        quickly = "STRATEGY file_copy" if int(self.programs.parent.name) >= 15 else ""
        administration.execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0 {quickly}")
        return Database(self, name)

    def client(self, program, database, *arguments, **how):
        """Runs one of PostgreSQL's client programs as superuser; its output."""
        place = ["--host", self.directory, "--port", str(self.tcp_port or PORT), "--username", "postgres"]
        return subprocess.run([self.programs / program, *place, "--dbname", database.name, *arguments], check=True,
                              stdout=subprocess.PIPE, env=clean_environment(), **how).stdout

    def copy_database(self, original, copy):
        """Makes a database anew, as another one is now."""
        self.drop_database(copy)
        original.close()
        Database(self, "postgres").execute(f"CREATE DATABASE {copy.name} OWNER {ROLE} TEMPLATE {original.name}")

    def drop_database(self, database):
        if self.process:
            Database(self, "postgres").execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")


class Standby(Postgres):
    """A copy of a running server that follows it."""

    def __init__(self, primary, directory):
        self.primary = primary
        super().__init__(directory)

    def _initialise(self, options):
        subprocess.run([self.programs / "pg_basebackup", "--host", self.primary.directory, "--port", str(PORT),
                        "--username", "postgres", "--pgdata", self.data, "--write-recovery-conf", "--checkpoint=fast",
                        "--no-sync"], check=True, cwd="/", env=clean_environment(), **server_account())

    def has_all(self):
        """Whether it has received and replayed what the primary has written."""
        written = Database(self.primary, "postgres").value("SELECT pg_current_wal_lsn()")
        return Database(self, "postgres").value("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written)

    def promote(self):
        assert Database(self, "postgres").value("SELECT pg_promote()")


class Database:
    """One database. Queries run as superuser, each in a session as good as new, so they work after every restart."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self._session = None

    @property
    def conninfo(self):
        """What the program is told: the socket, an ordinary role."""
        port = self.server.tcp_port or PORT
        return f"host={self.server.directory} port={port} dbname={self.name} user={ROLE}"

    @property
    def tcp_conninfo(self):
        assert self.server.tcp_port, "start the server with tcp=True"
        return f"host=127.0.0.1 port={self.server.tcp_port} dbname={self.name} user={ROLE} password={PASSWORD}"

    def query(self, sql, *parameters):
        """All rows, as dicts. With no parameters a % is just a %."""
        with self._fresh_session().cursor() as cursor:
            cursor.execute(sql, parameters or None)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row)) for row in cursor] if names else []

    def _fresh_session(self):
        """That of the query before, without anything it left behind; another one when it has ended meanwhile."""
        if self._session:
            try:
                self._session.cursor().execute("DISCARD ALL")
                return self._session
            except psycopg2.Error:
                self._session.close()
        self._session = self.server.connect(self.name, options="-c TimeZone=UTC")
        return self._session

    def execute(self, sql, *parameters):
        self.query(sql, *parameters)

    def close(self):
        """Ends the session; the next query opens another."""
        if self._session:
            self._session.close()

    def dump(self):
        """A backup of schema rollcall, as pg_dump makes it."""
        return self.server.client("pg_dump", self, "--format=custom", "--schema=rollcall")

    def restore(self, backup):
        """Puts it back."""
        self.execute("DROP SCHEMA IF EXISTS rollcall CASCADE")
        self.server.client("pg_restore", self, "--exit-on-error", input=backup)

    def value(self, sql, *parameters):
        """The only column of the only row."""
        (row,) = self.query(sql, *parameters)
        (value,) = row.values()
        return value

    @contextlib.contextmanager
    def locked_member(self, user):
        """Another session keeps a member's row for itself; yields it."""
        session = self.server.connect(self.name)
        session.autocommit = False
        with session.cursor() as cursor:
            cursor.execute("SELECT 1 FROM rollcall.member WHERE user_id = %s FOR UPDATE", (user,))
        try:
            yield session
        finally:
            session.close()

    def has_schema(self):
        return self.value("SELECT to_regclass('rollcall.change_log') IS NOT NULL AS there")

    def members(self):
        """Present rows of rollcall.member by user id, with bookkeeping columns."""
        rows = self.query("SELECT * FROM rollcall.member WHERE removed_at IS NULL")
        return {row["user_id"]: row for row in rows}

    def changes(self, after=0):
        """change_log in the order of recording, from the change after `after` on."""
        return self.query("SELECT * FROM rollcall.change_log WHERE change_id > %s ORDER BY change_id", after)

    def last_change(self):
        return self.value("SELECT coalesce(max(change_id), 0) FROM rollcall.change_log")

    def cycles(self):
        return self.query("SELECT * FROM rollcall.cycle ORDER BY cycle_id")

    def polls(self):
        """How many polls left a trace: complete ones in coverage, failed ones as cycles."""
        if not self.has_schema():
            return 0
        return self.value("SELECT (SELECT coalesce(sum(polls), 0) FROM rollcall.coverage)"
                          " + (SELECT count(*) FROM rollcall.cycle WHERE outcome = 'failed')")

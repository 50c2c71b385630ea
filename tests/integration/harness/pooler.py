"""PgBouncer in front of the private PostgreSQL, on a unix socket of its own."""

import os
import pathlib
import shutil
import subprocess

import psycopg2

from harness.account import clean_environment, die_with_tests, give_to_server, server_account
from harness.postgres import PORT, ROLE
from harness.waiting import PATIENCE, wait_until

POOLER_PORT = 6432  # names the socket; nothing listens on it
UNPACKED = pathlib.Path(__file__).parents[3] / "build" / "pgbouncer"  # by tests/run, which installs no service


def pooler_program():
    """pgbouncer, or None."""
    places = os.pathsep.join(["/usr/sbin", str(UNPACKED / "usr" / "sbin")])
    return shutil.which("pgbouncer", path=places)


class Pooler:
    """One pool mode in front of one database; runs until close."""

    def __init__(self, directory, database, mode, **settings):
        self.directory = pathlib.Path(directory)
        self.database = database
        self.log_file = self.directory / "pooler.log"
        # Its own account must be able to run it, wherever the tests lie.
        program = shutil.copy(pooler_program(), self.directory / "pgbouncer")
        every = {"pool_mode": mode, "auth_type": "any", "unix_socket_dir": self.directory, "listen_port": POOLER_PORT,
                 **settings}
        lines = [f"{name} = {value}" for name, value in every.items()]
        config = self.directory / "pgbouncer.ini"
        config.write_text(f"[databases]\n{database.name} = host={database.server.directory} port={PORT} user={ROLE}\n"
                          "[pgbouncer]\n" + "\n".join(lines) + "\n")
        give_to_server(self.directory)
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([program, config], stdout=log, stderr=log, cwd="/", env=clean_environment(),
                                            preexec_fn=die_with_tests, **server_account())
        wait_until(self._answers, "pgbouncer to start")

    @property
    def conninfo(self):
        return f"host={self.directory} port={POOLER_PORT} dbname={self.database.name} user={ROLE}"

    def _answers(self):
        assert self.process.poll() is None, f"pgbouncer ended at once:\n{self.log_file.read_text()}"
        try:
            psycopg2.connect(self.conninfo).close()
            return True
        except psycopg2.OperationalError:
            return False

    def logins(self):
        """How many clients have connected so far."""
        return self.log_file.read_text().count("login attempt")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)

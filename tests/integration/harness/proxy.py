"""A proxy before a PostgreSQL server's unix socket that does something to the next COMMIT of what was written: what a
network can do, and a server cannot be asked to. Or it cancels the first statement of a session, as a server does whose
timeout is shorter than the machine is fast. BEGIN, COMMIT and SET are recognised where a client sends them as simple
queries of their own."""

import pathlib
import re
import socket
import struct
import threading

from harness.postgres import ROLE

PIECE = 65536
COMMAND = re.compile(rb"^(BEGIN|COMMIT|SET)\b[^;]*", re.MULTILINE)


class Session:
    """One client's connection and the one to the server that belongs to it."""

    def __init__(self, client, server):
        self.client = client
        self.server = server
        self.writes = False  # in the transaction that is open
        self.reply_is_lost = False

    def is_commit(self, request):
        if not request.startswith(b"Q"):
            return False
        statement = COMMAND.search(request)
        if statement and statement[1] == b"BEGIN":
            self.writes = b"READ ONLY" not in statement[0]
        return self.writes and statement is not None and statement[1] == b"COMMIT"

    def is_set(self, request):
        statement = request.startswith(b"Q") and COMMAND.search(request)
        return bool(statement) and statement[1] == b"SET"

    def hang_up(self):
        for end in (self.client, self.server):
            hang_up(end)


def hang_up(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side was faster


def message(kind, body):
    return kind + struct.pack("!I", 4 + len(body)) + body


CANCELLED = message(b"E", b"SERROR\0VERROR\0C57014\0Mcanceling statement due to statement timeout\0\0")
READY = message(b"Z", b"I")


def lose_reply(session, request):
    """The server commits; its answer never arrives."""
    session.reply_is_lost = True
    session.server.sendall(request)


def lose_request(session, request):
    """The server never hears of it, and rolls back when the connection breaks."""
    session.hang_up()


class Delay:
    """The client's connection breaks at once, the COMMIT arrives when the test says so."""

    def __init__(self):
        self.may_arrive = threading.Event()

    def __call__(self, session, request):
        hang_up(session.client)
        self.may_arrive.wait(60)
        session.reply_is_lost = True
        session.server.sendall(request)


class Proxy:
    """proxy.at_commit(lose_reply): the next COMMIT meets this."""

    def __init__(self, directory, server):
        self.directory = pathlib.Path(directory)
        self.server = server
        self.commits = 0  # that met their fate
        self.cancellations = 0  # still to come: so many SET are not done
        self._fate = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.directory / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def conninfo(self, database):
        return f"host={self.directory} port=5432 dbname={database.name} user={ROLE}"

    def at_commit(self, fate):
        self._fate = fate

    def close(self):
        hang_up(self._listener)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            session = Session(client, socket.socket(socket.AF_UNIX))
            session.server.connect(str(self.server.directory / ".s.PGSQL.5432"))
            for pump in (self._requests, self._replies):
                threading.Thread(target=pump, args=(session,), daemon=True).start()

    def _requests(self, session):
        try:
            while piece := session.client.recv(PIECE):
                if self.cancellations > 0 and session.is_set(piece):
                    self.cancellations -= 1
                    session.client.sendall(CANCELLED + READY)
                elif session.is_commit(piece) and self._fate:
                    fate, self._fate = self._fate, None
                    self.commits += 1
                    fate(session, piece)
                else:
                    session.server.sendall(piece)
        except OSError:
            pass
        if not session.reply_is_lost:
            session.hang_up()

    def _replies(self, session):
        try:
            while piece := session.server.recv(PIECE):
                if session.reply_is_lost:
                    break
                session.client.sendall(piece)
        except OSError:
            pass
        session.hang_up()

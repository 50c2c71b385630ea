"""Fixtures: a fresh schema in a fresh database, made by its ordinary owner from the files of sql/, and a reader."""

import pathlib
import re

import pytest

from harness.postgres import ROLE

SQL = pathlib.Path(__file__).resolve().parents[3] / "sql"


def files(folder):
    """The files of a folder of sql/ in the order in which they are applied."""
    order = SQL / folder / "order.txt"
    if order.exists():
        return [SQL / folder / f"{name}.sql" for name in order.read_text().split()]
    return sorted((SQL / folder).glob("*.sql"))


def without_comments(text):
    return re.sub(r"--[^\n]*", "", text).strip().rstrip(";")


def query(session, text, parameters=None):
    """Runs a statement; its rows, or None when it has none."""
    with session.cursor() as cursor:
        cursor.execute(text, parameters)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture
def connect(database):
    """connect("reader"): a session in autocommit mode, with the search path of the daemon's own."""
    sessions = []

    def connect(user):
        sessions.append(database.server.connect(database.name, user))
        query(sessions[-1], "SET search_path = pg_catalog, pg_temp")
        return sessions[-1]

    yield connect
    for session in sessions:
        session.close()


@pytest.fixture
def administrator(connect):
    return connect("postgres")


def make_schema(owner):
    for path in files("migrations") + files("views"):
        query(owner, path.read_text())


@pytest.fixture
def owner(connect):
    """A session of the schema's owner."""
    owner = connect(ROLE)
    make_schema(owner)
    return owner


@pytest.fixture
def reader(connect, administrator, owner):
    """A session of a role that was granted what `migrate --grant-reader` grants."""
    if not query(administrator, "SELECT 1 FROM pg_roles WHERE rolname = 'reader'"):
        query(administrator, "CREATE ROLE reader LOGIN")
    text = without_comments((SQL / "queries/grant_reader.sql").read_text())
    query(owner, f"PREPARE grants AS {text}")
    ((grants,),) = query(owner, "EXECUTE grants ('reader')")
    query(owner, grants)
    return connect("reader")

"""Is a mirror what its source says? Both sides as sorted lines of text, compared byte by byte, so nobody may be missing,
be too many or differ."""

import contextlib
import pathlib

ROWS = (pathlib.Path(__file__).parent / "sql/rows.sql").read_text()


class Differs(Exception):
    """The sentence says where."""


class Comparison:
    """A file to COPY into that holds what comes against the lines that are expected."""

    def __init__(self, expected, what):
        self.expected = expected
        self.what = what

    def write(self, piece):
        wanted = self.expected.read(len(piece))
        if wanted != piece:
            at = next((i for i, pair in enumerate(zip(wanted, piece)) if pair[0] != pair[1]), min(len(wanted), len(piece)))
            line = piece.rfind(b"\n", 0, at) + 1
            raise Differs(f"{self.what}: found {piece[line:at + 80]!r}, expected {wanted[line:at + 80]!r}")
        return len(piece)


def assert_mirrors(database, relation, rows, what):
    """relation: a table or view with the members' columns; rows: the file of what must be there."""
    connect = database.server.connect
    with contextlib.closing(connect(database.name, options="-c TimeZone=UTC")) as session, open(rows, "rb") as expected:
        session.cursor().copy_expert(ROWS.format(relation=relation), Comparison(expected, what), size=1 << 16)
        if expected.read(1):
            raise Differs(f"{what}: members are missing at the end")

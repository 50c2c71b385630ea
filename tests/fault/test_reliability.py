"""docs/reliability.md names tests as proofs: each of them is there. `file::name` stands with its file; a name alone belongs to
the file before it."""

import fnmatch
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
TESTS = ROOT / "tests"
ROWS = [line for line in (ROOT / "docs/reliability.md").read_text().splitlines() if line.startswith("|")]


def named(row):
    """(file or None, pattern of a test's name or None) of each proof in a row."""
    for quoted in re.findall(r"`([^`]+)`", row):
        path, _, name = quoted.rpartition("::")
        if path:
            yield path, name
        elif re.fullmatch(r"(fault|integration|unit)/\S+", quoted):
            yield quoted, None
        elif quoted.startswith("test_"):
            yield None, quoted


def definitions(text):
    return re.findall(r"^(?:def|static void) (\w+)\(", text, re.MULTILINE)


@pytest.mark.parametrize("row", [row for row in ROWS if any(named(row))])
def test_what_proves_a_row_is_there(row):
    text = ""
    for path, name in named(row):
        if path:
            file = TESTS / ("integration/harness" if path == "truth.py" else "") / path
            assert file.exists(), path
            text = file.read_text()
        if name:
            pattern = re.sub(r"\[.*\]$", "", name)
            assert any(fnmatch.fnmatch(found, pattern) for found in definitions(text)), f"{name} in {path or 'that file'}"

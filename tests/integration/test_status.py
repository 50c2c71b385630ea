"""`rollcall status` in words and exit codes: what a person reads and what a monitor goes by."""

import pytest

from harness.simulator import AMY

STALE = 69


def shift(database, by):
    """As if the last poll had been asked at another time."""
    database.execute("UPDATE rollcall.coverage SET observed_from = observed_from + %s::interval,"
                     " observed_until = observed_until + %s::interval, last_asked_at = last_asked_at + %s::interval", by, by, by)


@pytest.fixture
def synced(rollcall):
    rollcall.once()
    return rollcall


def test_who_is_absent_is_said_to_leave_when_that_is_so(synced, simulator):
    synced.configure(sync={"removal_polls": 4, "confirm_after": "1h"})
    simulator.leave(AMY)
    synced.once()
    assert "1 absent from the last answer; removed after 4 answers in a row without them." in synced.status().out


@pytest.mark.parametrize("by, code, words", [
    ("0 s", 0, ["3 members: ", " ago (", "Fresh."]),
    ("30 s", 0, ["0 seconds ago", "Fresh."]),
    ("-1 hour", STALE, ["60 minutes ago", "STALE: is the service running?"]),
    ("10 days 1 hour", STALE, ["10 days from now", "a clock was set", "STALE until that time has passed"]),
])
def test_how_old_the_copy_is(synced, database, by, code, words):
    shift(database, by)
    said = synced.status().expect(code).out
    assert [word for word in words if word not in said] == []
    (row,) = synced.status("--json").expect(code).json()
    assert (row["seconds_behind"] < 0) == (by == "10 days 1 hour")


@pytest.mark.parametrize("longest_ms, words", [(50, ""), (1500, "held up for 1500 ms at a stretch")])
def test_what_holds_the_program_up_is_told_when_it_is_long(synced, database, longest_ms, words):
    database.execute("UPDATE rollcall.coverage SET longest_turn_ms = %s", longest_ms)
    said = synced.status().expect().out
    assert words in said and ("held up" in said) == bool(words)
    assert synced.status("--json").expect().json()[0]["longest_turn_ms"] == longest_ms

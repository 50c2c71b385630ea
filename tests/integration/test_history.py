"""A random history over HTTPS: after hundreds of polls the database still knows who was a member, and with which fields,
at every instant between any two of them. (test_sql_history.py asks the same of thousands of synthetic polls.)"""

import datetime
import random

import pytest

from harness.truth import assert_mirrors, comparable, fields_of_api, fields_of_row
from harness.world import World

POLLS = 300
SERVICE_POLLS = 150
CHECKED_AT_ONCE = 40  # earlier instants that are asked after each tenth poll; in the end all of them


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def told(simulator):
    """The truth of this moment."""
    return {user["id"]: fields_of_api(user) for user in simulator.organization()["users"]}


class Recorded:
    """Instants and what must be seen at them. The world stands still during a command, so whatever polls it makes, the
    new truth begins with the answer of the first one and lasts until the next command's."""

    def __init__(self):
        self.truth = []  # (instant, members)

    def add(self, database, before, began, after):
        """A command began when `before` was true, and found `after`."""
        answered = first_answer(database, began)
        self.truth += [(began, before), (answered - datetime.timedelta(microseconds=1), before), (answered, after),
                       (now(), after)]


def first_answer(database, since):
    """When the first poll since then was answered. One that found something has a cycle; else it is the only one."""
    return database.value("SELECT coalesce((SELECT min(answered_at) FROM rollcall.cycle WHERE answered_at > %s),"
                          " (SELECT max(observed_until) FROM rollcall.coverage))", since)


def members_at(database, instants):
    """Who was a member at each of the instants."""
    found = [{} for _ in instants]
    rows = database.query("SELECT asked.number, member.*"
                          " FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS asked (instant, number),"
                          " LATERAL rollcall.members_as_of(asked.instant) AS member", instants)
    for row in rows:
        found[row["number"] - 1][row["user_id"]] = fields_of_row(row)
    return found


def assert_remembered(database, truth):
    found = members_at(database, [instant for instant, _ in truth])
    for (instant, expected), members in zip(truth, found):
        assert members == expected, f"at {instant}"


@pytest.mark.parametrize("removal_polls", [1, 2])
def test_every_instant_is_remembered(rollcall, simulator, database, seed, removal_polls):
    chance = random.Random(seed)
    world = World(simulator, seed)
    polls = POLLS if removal_polls == 1 else POLLS // 10  # a confirming poll takes its time
    rollcall.configure(sync={"removal_polls": removal_polls})
    recorded = Recorded()
    seen = {}
    for number in range(polls):
        if number > 0:
            world.change_somewhere()
        simulator.shuffle(members=chance.randrange(3), text=chance.randrange(3))
        before, seen, began = seen, told(simulator), now()
        rollcall.once()
        recorded.add(database, before, began, seen)
        if number % 10 == 0:
            assert_remembered(database, chance.sample(recorded.truth, min(len(recorded.truth), CHECKED_AT_ONCE)))
    assert_remembered(database, recorded.truth)
    assert_mirrors(database, simulator)
    assert database.value("SELECT sum(polls) FROM rollcall.coverage") >= polls


@pytest.mark.parametrize("full_compare", ["1h", "1s"])
def test_a_service_that_runs_for_long(rollcall, simulator, database, seed, full_compare):
    """What it keeps in memory between two polls is as true as what it would read anew. A reload makes it poll at once."""
    world = World(simulator, seed)
    rollcall.configure(sync={"interval": "1h", "removal_polls": 1, "full_compare": full_compare})
    daemon = rollcall.run()
    for number in range(SERVICE_POLLS):
        daemon.wait_for_log("event=cycle", number + 1)
        assert_mirrors(database, simulator)
        world.change_somewhere()
        simulator.shuffle(members=world.random.randrange(3), text=world.random.randrange(3))
        daemon.reload()
    daemon.wait_for_log("event=cycle", SERVICE_POLLS + 1)
    assert daemon.stop() == 0
    assert_mirrors(database, simulator)
    assert {cycle["outcome"] for cycle in database.cycles()} == {"changed"}


def test_periods_tell_the_same(rollcall, simulator, database, seed):
    """member_period, read as half-open intervals, gives the same members as members_as_of."""
    world = World(simulator, seed)
    rollcall.configure(sync={"removal_polls": 1})
    for _ in range(30):
        rollcall.once()
        world.change_everywhere()
    rollcall.once()
    for cycle in database.cycles():
        for instant in (cycle["answered_at"], cycle["answered_at"] - datetime.timedelta(microseconds=1)):
            rows = database.query("SELECT * FROM rollcall.member_period WHERE valid_from <= %s"
                                  " AND (valid_to > %s OR valid_to IS NULL)", instant, instant)
            (members,) = members_at(database, [instant])
            assert {row["user_id"]: comparable(fields_of_row(row)) for row in rows} == members

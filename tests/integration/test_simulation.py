"""Five hundred polls of the real program with a real PostgreSQL: joins, leaves, flips, clipped answers, faults, kills,
holds and decisions. After each poll the tables are exactly what a second bookkeeping, in plain Python, says they must
be, and nobody is gone who was not missing, unknown to the second source, and within the limit or approved by exactly
this set. (tests/unit/core/test_simulation.c lives through ten thousand on the pure core.)"""

import math
import random

from harness import program
from harness.truth import ROLE_FIELDS, assert_invariants, differences, fields_of_api, fields_of_row
from harness.world import World

POLLS = 500
ROLE = (*ROLE_FIELDS, "other_flags")
FLAGS = [name for name in ROLE if not name.endswith("_at")]
REMOVALS, CONTESTED, VANISHED = "removals", "contested_removals", "vanished_flags"
SHARE, FLOOR = 0.15, 2  # guard.removals, removals_floor and vanished_flags as they are by default


class Standing:
    """A set that is held: what it would do, and what was decided about it."""

    def __init__(self, changes):
        self.changes = changes
        self.decision = None


class Model:
    """What the mirror must be, worked out from the answers and the promises."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.hidden = set()  # the organization's answer lacks them, `user` finds them
        self.members = {}  # as the mirror must have them
        self.standing = {}  # class -> Standing
        self.owner_once = False  # the token's user, in the mirror
        self.removed = {"within": 0, "approved": 0}  # all of it happens within a day
        self.held_polls = 0

    def hide(self, members):
        self.hidden = set(members)
        self.simulator.show_all()
        if members:
            self.simulator.hide(*members)

    def is_loud(self):
        return any(held.decision != "rejected" for held in self.standing.values())

    def poll(self):
        """The answer as it is now has taken effect."""
        everybody = {user["id"]: fields_of_api(user) for user in self.simulator.organization()["users"]}
        shown = {user: fields for user, fields in everybody.items() if user not in self.hidden}
        found = self.find(everybody, shown)
        verdicts = {held: self.judge(held, changes, shown) for held, changes in found.items()}
        stays = {user for held, changes in found.items() if verdicts[held] == "stands" for user in changes}
        for held in (REMOVALS, CONTESTED):
            if verdicts[held] in self.removed:
                self.removed[verdicts[held]] += len(found[held])
        self.standing = {held: self.next_standing(held, changes) for held, changes in found.items()
                         if verdicts[held] == "stands"}
        self.held_polls += bool(self.standing)
        self.members = {**{user: self.members[user] for user in stays},
                        **{user: self.mirrored(user, fields, user in stays) for user, fields in shown.items()}}
        own = self.members.get(self.simulator.own_user())
        self.owner_once |= bool(own and own["flag_own"])

    def find(self, everybody, shown):
        """What guards look at: class -> {user: what would happen}."""
        missing, there = set(self.members) - set(shown), set(self.members) & set(shown)
        return {
            REMOVALS: {user: self.members[user] for user in missing - set(everybody)},
            CONTESTED: {user: self.members[user] for user in missing & set(everybody)},
            VANISHED: {user: [{name: fields[name] for name in ROLE} for fields in (self.members[user], shown[user])]
                       for user in there if any(self.members[user][flag] is not None and shown[user][flag] is None
                                                for flag in FLAGS)},
        }

    def judge(self, held, changes, shown):
        stood = self.standing.get(held)
        if not changes:
            return "nothing"
        if not self.is_too_much(held, len(changes), shown):
            return "within"
        return "approved" if stood and stood.changes == changes and stood.decision == "approved" else "stands"

    def is_too_much(self, held, count, shown):
        if held == VANISHED:
            return count > SHARE * len(self.members) + 1e-9
        own = shown.get(self.simulator.own_user())
        before = len(self.members) + self.removed["within"]
        limit = max(1, min(max(FLOOR, math.ceil(SHARE * before - 1e-9)), before // 2))
        lost_sight = self.owner_once and not (own and own["flag_own"])
        return held == CONTESTED or lost_sight or count + self.removed["within"] > limit

    def next_standing(self, held, changes):
        stood = self.standing.get(held)
        return stood if stood and stood.changes == changes else Standing(changes)

    def mirrored(self, user, fields, held):
        return {**fields, **{name: self.members[user][name] for name in ROLE if held}}


class Life:
    """The program, its surroundings, and chance."""

    def __init__(self, rollcall, simulator, database, seed):
        self.rollcall, self.simulator, self.database = rollcall, simulator, database
        self.chance = random.Random(seed)
        self.world = World(simulator, seed)
        self.model = Model(simulator)
        self.daemon = None
        self.polls = 0
        self.seen = {"failed": 0, "kills": 0, "approved": 0, "rejected": 0}

    # ---- what may happen

    def live_on(self):
        self.world.change_somewhere()
        choice = self.chance.random()
        if choice < 0.10:
            self.model.hide([user for user in self.world.present if self.chance.random() < 0.5])
        elif choice < 0.25:
            self.model.hide([])
        elif choice < 0.35 and self.simulator.own_user() in self.world.present:
            self.simulator.set_flag(self.simulator.own_user(), "flagOwn", self.chance.random() < 0.7)
        self.simulator.shuffle(members=self.chance.randrange(3), text=self.chance.randrange(3))

    def decide(self):
        for held, standing in self.model.standing.items():
            if self.chance.random() < 0.3:
                verb, decision = self.chance.choice((("approve", "approved"), ("approve", "approved"), ("reject", "rejected")))
                sets = self.rollcall.command("holds", "--json").expect(3 if self.model.is_loud() else 0).json()
                (digest,) = [found["digest"] for found in sets if found["class"] == held]
                self.rollcall.command(verb, digest).expect(0)
                standing.decision = decision
                self.seen[decision] += 1

    # ---- one poll, by a command or by the service

    def poll(self):
        if self.chance.random() < 0.05:
            self.fail()
        if self.daemon:
            self.daemon_polls()
        else:
            self.model.poll()
            self.rollcall.once(3 if self.model.is_loud() else 0)
        self.polls += 1
        self.check()

    def daemon_polls(self):
        cycles = self.daemon.log().count("event=cycle")
        self.daemon.reload()
        self.daemon.wait_for_log("event=cycle", cycles + 1)
        self.model.poll()

    def fail(self):
        """An answer that is none: a failed poll, which changes nothing."""
        self.seen["failed"] += 1
        if self.chance.random() < 0.5:
            self.simulator.fail(503)
        else:
            self.simulator.cut(self.chance.randrange(1, 400))
        if self.daemon:
            cycles = self.daemon.log().count("event=cycle")
            self.daemon.reload()
            self.daemon.wait_for_log("event=cycle", cycles + 1)
        else:
            assert self.rollcall.command("once").code in (69, 76)
        self.check()

    # ---- processes

    def start_daemon(self):
        self.daemon = self.rollcall.run()
        self.model.poll()
        self.daemon.wait_for_log("event=cycle")
        self.polls += 1
        self.check()

    def end_daemon(self):
        if self.chance.random() < 0.5:
            assert self.daemon.stop() == 0
        else:
            self.daemon.kill()
            self.seen["kills"] += 1
        self.daemon = None

    def change_process(self):
        if self.daemon:
            self.end_daemon()
        elif self.chance.random() < 0.5:
            self.start_daemon()

    # ---- what must be so

    def check(self):
        found = {user: fields_of_row(row) for user, row in self.database.members().items()}
        assert found == self.model.members, differences(found, self.model.members)
        held = self.database.query("SELECT class, user_id FROM rollcall.held_change WHERE resolved_at IS NULL")
        assert {(row["class"], row["user_id"]) for row in held} == {
            (name, user) for name, standing in self.model.standing.items() for user in standing.changes}
        gone = self.database.query("SELECT coalesce(sum(removed), 0) AS removed, coalesce(sum(removed_by_approval), 0)"
                                   " AS approved FROM rollcall.cycle")[0]
        assert (gone["removed"] - gone["approved"], gone["approved"]) == tuple(self.model.removed.values())
        assert self.database.value("SELECT count(*) FROM rollcall.change_log WHERE kind = 'left'") == gone["removed"]
        if self.polls % 25 == 0:
            assert_invariants(self.database)


def test_five_hundred_polls(rollcall, simulator, database, seed, monkeypatch):
    monkeypatch.setitem(program.DEFAULTS, "guard", {})  # as they are by default
    rollcall.configure(sync={"interval": "1h", "removal_polls": 1})
    simulator.generate(14, seed=seed)
    life = Life(rollcall, simulator, database, seed)
    while life.polls < POLLS:
        if life.chance.random() < 0.1:
            life.change_process()
        life.poll()
        life.decide()
        life.live_on()
    if life.daemon:
        life.end_daemon()
    print(f"{life.polls} polls, {life.model.held_polls} with something held, {life.model.removed}, {life.seen}")
    assert min(life.seen.values()) > 0 and min(life.model.removed.values()) > 0 and life.model.held_polls > POLLS / 20

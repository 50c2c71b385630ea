"""One organization through all phases. A phase is measured in rounds, and in each round everybody takes a turn
(A B A B ...), because the speed of a machine drifts. After each phase every mirror is compared with its source."""

import dataclasses
import datetime
import sys
import typing

from contenders import ByHand, WrittenRows
from harness.postgres import Database
from mirror import assert_mirrors
from peers import NodePeer, ShellPeer

IDLE_SECONDS = 30


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


@dataclasses.dataclass
class Mirror:
    """Who keeps it, where, and what is compared with the source."""

    program: typing.Any
    database: Database
    relation: str


class Phases:
    def __init__(self, bench, organization):
        self.bench = bench
        self.organization = organization
        self.members = organization.members
        self.mirrors = {}
        self.serve("base")
        bench.api.introduce(organization.owner)

    def say(self, text):
        say(f"{self.members:,} members: {text}")

    def rounds(self, phase):
        for number in range(1, self.bench.options.rounds + 1):
            self.say(f"{phase}, round {number} of {self.bench.options.rounds}")
            yield number

    # ---- the source

    def serve(self, version):
        self.bench.api.serve(self.organization.body(version))
        self.served = version

    def flip(self, version):
        """Serves `version`, or base again when that is what is served. How many members differ from before."""
        self.serve("base" if self.served == version else version)
        return self.organization.changes[version]

    # ---- measuring

    def measure(self, phase, who, database, action):
        sample = self.bench.server.watch(database, action)
        self.bench.figures.add(self.members, phase, who, sample)
        return sample

    def poll(self, phase, who="rollcall", expected=0, label=None):
        mirror = self.mirrors[who]
        return self.measure(phase, label or who, mirror.database, lambda: mirror.program.poll(expected))

    def settle(self, database):
        """Before each write: autovacuum has been there, and a checkpoint, so that every page is logged whole when it is
        touched. Between two polls, minutes apart, both are usual."""
        database.execute("VACUUM")
        database.execute("CHECKPOINT")

    def poll_counting_dead(self, phase, expected=0):
        """Each row of member that is replaced or locked by the poll leaves a dead version, or the lock. They are counted by
        the transactions that stand in the rows: dead versions themselves may be gone when they are first looked at."""
        database = self.mirrors["rollcall"].database
        since = database.value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        sample = self.poll(phase, expected=expected)
        sample.dead_tuples = database.value(
            "SELECT count(*) FROM rollcall.member WHERE greatest(xmin::text::bigint, xmax::text::bigint) >= %s", since)

    def peers(self):
        return [who for who in self.mirrors if who in ("node", "shell")]

    # ---- mirrors

    def check(self, phase):
        """Every mirror holds exactly what is served."""
        self.say(f"{phase}: comparing with the source")
        for who, mirror in self.mirrors.items():
            assert_mirrors(mirror.database, mirror.relation, self.organization.rows(self.served), f"{who} after {phase}")

    def drop(self, who):
        mirror = self.mirrors.pop(who, None)
        if mirror:
            mirror.program.stop()
            self.bench.drop_database(mirror.database)

    def close(self):
        for who in list(self.mirrors):
            self.drop(who)

    # ---- `once`: a process for each poll

    def once(self):
        rollcall, receive = self.bench.rollcall, self.bench.receive
        for _ in self.rounds("once"):
            database = self.bench.fresh_database("once")
            self.serve("base")
            self.settle(database)
            self.measure("once, first load", "rollcall", database, lambda: rollcall.once(database))
            self.measure("once, unchanged", "rollcall", database, lambda: rollcall.once(database))
            self.bench.figures.add(self.members, "once, unchanged", "receive", receive.fresh())
            self.serve("few")
            self.measure("once, few changes", "rollcall", database, lambda: rollcall.once(database))
            assert_mirrors(database, "rollcall.current_member", self.organization.rows("few"), "once")
            self.bench.drop_database(database)

    def idle(self):
        """How often the waiting service is woken up."""
        self.say(f"idle for {IDLE_SECONDS} s")
        database = self.bench.fresh_database("idle")
        self.serve("base")
        service = self.bench.rollcall.service(database)
        service.start(self.members)
        self.bench.figures.idle_wakeups_a_minute = service.wakeups_a_minute(IDLE_SECONDS)
        service.stop()
        self.bench.drop_database(database)

    # ---- first load

    def starters(self):
        """Who loads an empty database, how each is made, and what it fills."""
        bench = self.bench
        yield "rollcall", bench.rollcall.service, "rollcall.current_member"
        if bench.options.peers:
            yield "node", lambda database: NodePeer(bench.api, database), "peer.member"
            yield "shell", lambda database: ShellPeer(bench.api, database, bench.receive.request), "peer.member"

    def first_load(self):
        """Each round's databases are fresh. The last round's stay for the phases that follow."""
        self.serve("base")
        rows = None
        for _ in self.rounds("first load"):
            for who, make, relation in self.starters():
                self.load(who, make, relation)
            rows = rows or WrittenRows(self.bench.directory, "all", self.mirrors["rollcall"].database)
            self.copy(rows)
        self.check("first load")
        self.vacuum()

    def load(self, who, make, relation):
        self.drop(who)
        database = self.bench.fresh_database(who)
        self.mirrors[who] = Mirror(make(database), database, relation)
        self.settle(database)
        self.measure("first load", who, database, lambda: self.mirrors[who].program.start(self.members))

    def copy(self, rows):
        self.drop("by hand")
        database = self.bench.fresh_database("by_hand")
        self.settle(database)
        self.measure("first load", "copy", database, lambda: self.bench.copy.write(database, rows))
        self.mirrors["by hand"] = Mirror(ByHand(database), database, "rollcall.member")

    def vacuum(self):
        """What autovacuum would have done before the next poll."""
        for mirror in self.mirrors.values():
            mirror.database.execute("VACUUM (ANALYZE)")

    # ---- polls of the running service

    def unchanged(self):
        for _ in self.rounds("unchanged"):
            self.poll_counting_dead("unchanged")
            self.bench.figures.add(self.members, "unchanged", "receive", self.bench.receive.kept())
            for who in self.peers():
                self.poll("unchanged", who)
        self.check("unchanged polls")

    def changing_poll(self, version):
        """With an unchanged poll before it, because what a change costs is the difference."""
        self.poll(version, label="unchanged")
        expected = self.flip(version)
        self.settle(self.mirrors["rollcall"].database)
        self.poll_counting_dead(version, expected)

    def few(self):
        for _ in self.rounds("few changes"):
            self.changing_poll("few")
        if self.served != "base":
            self.mirrors["rollcall"].program.poll(self.flip("few"))
        self.check("few changes")

    def recorded(self, version):
        """The rows that Rollcall writes on the way to a version, or back; not measured."""
        mirror = self.mirrors["rollcall"]
        mirror.program.poll(self.flip(version))
        return WrittenRows(self.bench.directory, self.served, mirror.database)

    def percent(self):
        rows = {version: self.recorded("percent") for version in ("percent", "base")}
        by_hand = self.mirrors["by hand"]
        for _ in self.rounds("1 % changes"):
            self.changing_poll("percent")
            self.settle(by_hand.database)
            self.measure("percent", "by hand", by_hand.database, lambda: by_hand.program.write(rows[self.served]))
            for who in self.peers():
                self.settle(self.mirrors[who].database)
                self.poll("percent", who)
        self.check("1 % changes")

    # ---- restart

    def restart(self):
        mirror = self.mirrors["rollcall"]
        for _ in self.rounds("restart"):
            mirror.program.stop()
            self.measure("restart", "rollcall", mirror.database, lambda: mirror.program.start(0))
        self.check("restart")

    def history(self):
        """The change log alone says the same."""
        self.say("comparing the history with the source")
        assert_mirrors(self.mirrors["rollcall"].database, "rollcall.members_as_of('infinity')",
                       self.organization.rows(self.served), "the change log, replayed")

"""Random histories of an organization: the truth at every poll, and the change log that a mirror writes of it.

The world changes between two polls; the mirror sees the world at each poll and nothing else. Its rules are few: who
is missing in two polls has left at the first of them, and who is missing in one was never away. Some role changes,
removals and joins are held: recorded polls later, as observed when they were first shown, unless the world takes them
back before. A held change that becomes another one was first shown when it became that.
"""

import datetime
import random
import uuid

import psycopg2.extras

PROFILE = ("email", "name", "city", "country_id", "locale_id", "flag_plan", "user_created_at")
FLAGS = ("flag_member", "flag_editor", "flag_own", "flag_admin", "other_flags")
ROLE_TIMES = ("role_created_at", "role_updated_at")
FIELDS = PROFILE + FLAGS + ROLE_TIMES
TIMES = ("user_created_at",) + ROLE_TIMES

NAMES = ("Amy Evans", 'Zoë "Zed" O\'Neil', "李小龍", "\U0001f9d1\u200d\U0001f680", "{}[],\\", "", None)
OTHER_FLAGS = (None, None, {"flagBilling": True}, {"flagBilling": False, "flagNew": None})

START = datetime.datetime(2026, 1, 30, 9, 0, tzinfo=datetime.timezone.utc)


def role_label(values):
    strongest_first = {"flag_own": "owner", "flag_admin": "admin", "flag_editor": "editor", "flag_member": "viewer"}
    for flag, role in strongest_first.items():
        if values[flag]:
            return role
    return "unknown" if all(values[flag] is None for flag in ("flag_own", "flag_editor", "flag_member")) else "none"


def as_json(values):
    return None if values is None else psycopg2.extras.Json(values)


class History:
    """truth[i] is what the mirror must show for instants from polls[i] on; changes are rows in order of recording."""

    def __init__(self, seed, polls, members=12, organization="< your organization id >"):
        self.random = random.Random(seed)
        self.organization = organization
        self.world = {}
        self.gone = {}  # user: values when it left the world
        self.known = {}  # the mirror's rows
        self.former = set()
        self.missing = {}  # user: (poll of release, first poll that missed it, after when and when that was)
        self.held = {}  # user: (poll of release, first poll that showed it, change): a role change, or a join
        self.polls = []
        self.truth = []
        self.changes = []
        self.asked = self.answered = None
        for _ in range(members):
            self.join()
        for number in range(polls):
            if number:
                self.live()
            self.poll()

    # The world.

    def time(self):
        moment = datetime.datetime(2020, 1, 1) + datetime.timedelta(milliseconds=self.random.randrange(10**11))
        return moment.isoformat(timespec="milliseconds") + "Z"

    def flags(self):
        values = {flag: self.random.choice((True, True, False, None)) for flag in FLAGS[:4]}
        return {**values, "other_flags": self.random.choice(OTHER_FLAGS)}

    def profile(self):
        number = self.random.randrange(10**6)
        return {
            "email": f"user{number}@test.com",
            "name": self.random.choice(NAMES),
            "city": self.random.choice((None, "Leuven", "Gent")),
            "country_id": self.random.choice((None, "be")),
            "locale_id": self.random.choice(("en", "nl", "fr")),
            "flag_plan": "enterprise",
        }

    def join(self):
        user = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        times = {field: self.time() for field in TIMES}
        self.world[user] = {**self.profile(), **self.flags(), **times}

    def leave(self, user):
        self.gone[user] = self.world.pop(user)

    def come_back(self):
        user = self.random.choice(sorted(self.gone))
        self.world[user] = self.gone.pop(user)
        if self.random.random() < 0.5:
            self.alter(user, self.flags())

    def alter(self, user, values):
        self.world[user] = {**self.world[user], **values}

    def live(self):
        """Up to three things happen between two polls, often none."""
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            anybody = sorted(self.world)
            event = self.random.choice(("join", "leave", "return", "flags", "flags", "touch", "profile", "both"))
            if event == "join" and len(self.world) < 25:
                self.join()
            elif event == "return" and self.gone:
                self.come_back()
            elif event == "leave" and len(anybody) > 1:
                self.leave(self.random.choice(anybody))
            elif event == "flags":
                self.alter(self.random.choice(anybody), {**self.flags(), "role_updated_at": self.time()})
            elif event == "touch":
                self.alter(self.random.choice(anybody), {"role_updated_at": self.time()})
            elif event == "both":
                self.alter(self.random.choice(anybody), {**self.profile(), **self.flags()})
            elif event == "profile":
                self.alter(self.random.choice(sorted(set(self.held) & set(self.known)) or anybody), self.profile())

    # The mirror.

    def poll(self):
        previous = self.asked
        gap = datetime.timedelta(seconds=self.random.choice((60, 300, 300, 20000, 90000)))
        self.asked = self.answered + gap if self.answered else START
        self.answered = self.asked + datetime.timedelta(microseconds=self.random.randrange(1, 3 * 10**6))
        self.after = previous
        for user in sorted(self.world):
            self.missing.pop(user, None)
            self.compare(user, self.world[user])
        for user in sorted((set(self.known) | set(self.held)) - set(self.world)):
            self.held.pop(user, None)
            if user in self.known:
                self.miss(user)
        self.polls.append(self.answered)
        self.truth.append(dict(self.known))

    def record(self, kind, user, old=None, new=None, after=None, at=None):
        self.changes.append((kind, user, old, new, after or self.after, at or self.answered))

    def compare(self, user, now):
        before = self.known.get(user)
        if before is None:
            kind = "baseline" if not self.polls else "rejoined" if user in self.former else "joined"
            self.find(kind, user, None, now)
            return
        role = [field for field in FLAGS + ROLE_TIMES if before[field] != now[field]]
        profile = [field for field in PROFILE if before[field] != now[field]]
        if role:
            kind = "role_changed" if set(role) & set(FLAGS) else "role_touched"
            self.find(kind, user, {field: before[field] for field in role}, {field: now[field] for field in role})
        else:
            self.held.pop(user, None)
        if profile:
            new = {field: now[field] for field in profile}
            self.record("profile_changed", user, {field: before[field] for field in profile}, new)
            self.known[user] = {**self.known[user], **new}

    def find(self, kind, user, old, new):
        """Applied at once, held from now on, held as before, or at last released."""
        change = (kind, user, old, new)
        due, first, held = self.held.pop(user, (None, None, None))
        if held is None or held[:4] != change:
            due, first, held = self.delay(kind), len(self.polls), (*change, self.after, self.answered)
        if due > len(self.polls):
            self.held[user] = (due, first, held)
            return
        self.changes.append(held)
        self.known[user] = {**self.known.get(user, {}), **new}
        for number in range(first, len(self.polls)):
            self.truth[number][user] = {**self.truth[number].get(user, {}), **new}

    def delay(self, kind):
        """The poll that applies a change found now."""
        holds = kind not in ("baseline", "role_touched") and self.random.random() < 0.25
        return len(self.polls) + (self.random.randrange(1, 5) if holds else 0)

    def miss(self, user):
        if user not in self.missing:
            self.missing[user] = (self.delay("left") + 1, len(self.polls), self.after, self.answered)
            return
        due, first, after, at = self.missing[user]
        if due > len(self.polls):
            return
        del self.missing[user]
        self.record("left", user, old=self.known.pop(user), after=after, at=at)
        self.former.add(user)
        for number in range(first, len(self.polls)):
            del self.truth[number][user]

    # What tests ask.

    def write(self, session):
        """Fills change_log and coverage as the daemon would have."""
        rows = [(1, self.organization, user, kind, as_json(old), as_json(new), after, at)
                for kind, user, old, new, after, at in self.changes]
        with session.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor,
                "INSERT INTO rollcall.change_log (cycle_id, organization_id, user_id, kind, old_values, new_values,"
                " observed_after, observed_at) VALUES %s",
                rows,
                page_size=10**6,
            )
            cursor.execute(
                "INSERT INTO rollcall.coverage (organization_id, observed_from, observed_until, last_asked_at,"
                " last_poll_uuid) VALUES (%s, %s, %s, %s, gen_random_uuid())",
                (self.organization, START, self.answered, self.asked),
            )

    def instants(self):
        """(instant, what must be seen): each poll's answer, and the microsecond before it."""
        before = {}
        for answered, members in zip(self.polls, self.truth):
            yield answered - datetime.timedelta(microseconds=1), before
            yield answered, members
            before = members

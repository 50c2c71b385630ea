"""Random histories of an organization: the truth at every poll, and the change log that a mirror writes of it.

The world changes between two polls; the mirror sees the world at each poll and nothing else. Its rules are few: who
is missing in two polls has left at the first of them, who is missing in one was never away, and a role change that was
held is recorded some polls late, but as observed when it was first seen.
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
        self.missing = {}  # user: answer of the poll that missed it first
        self.held = {}  # user: (poll of release, change)
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
            free = sorted(set(self.world) - set(self.held))
            event = self.random.choice(("join", "leave", "return", "flags", "flags", "touch", "profile", "both"))
            if event == "join" and len(self.world) < 25:
                self.join()
            elif event == "return" and self.gone:
                self.come_back()
            elif event == "leave" and len(free) > 1:
                self.leave(self.random.choice(free))
            elif event == "flags" and free:
                self.alter(self.random.choice(free), {**self.flags(), "role_updated_at": self.time()})
            elif event == "touch" and free:
                self.alter(self.random.choice(free), {"role_updated_at": self.time()})
            elif event == "both" and free:
                self.alter(self.random.choice(free), {**self.profile(), **self.flags()})
            elif event == "profile":
                self.alter(self.random.choice(sorted(self.held) or free), self.profile())

    # The mirror.

    def poll(self):
        previous = self.asked
        gap = datetime.timedelta(seconds=self.random.choice((60, 300, 300, 20000, 90000)))
        self.asked = self.answered + gap if self.answered else START
        self.answered = self.asked + datetime.timedelta(microseconds=self.random.randrange(1, 3 * 10**6))
        self.after = previous
        self.release()
        for user in sorted(self.world):
            self.missing.pop(user, None)
            self.compare(user, self.world[user])
        for user in sorted(set(self.known) - set(self.world)):
            self.miss(user)
        self.polls.append(self.answered)
        self.truth.append(dict(self.known))

    def record(self, kind, user, old=None, new=None, after=None, at=None):
        self.changes.append((kind, user, old, new, after or self.after, at or self.answered))

    def compare(self, user, now):
        before = self.known.get(user)
        if before is None:
            kind = "baseline" if not self.polls else "rejoined" if user in self.former else "joined"
            self.record(kind, user, new=now)
            self.known[user] = now
            return
        role = [field for field in FLAGS + ROLE_TIMES if before[field] != now[field]]
        profile = [field for field in PROFILE if before[field] != now[field]]
        if role and user not in self.held:
            kind = "role_changed" if set(role) & set(FLAGS) else "role_touched"
            self.apply_role(kind, user, {field: before[field] for field in role}, {field: now[field] for field in role})
        if profile:
            new = {field: now[field] for field in profile}
            self.record("profile_changed", user, {field: before[field] for field in profile}, new)
            self.known[user] = {**self.known[user], **new}

    def apply_role(self, kind, user, old, new):
        if kind == "role_changed" and self.random.random() < 0.2:
            due = len(self.polls) + self.random.randrange(1, 4)
            self.held[user] = (due, len(self.polls), (kind, user, old, new, self.after, self.answered))
            return
        self.record(kind, user, old, new)
        self.known[user] = {**self.known[user], **new}

    def release(self):
        """What was held becomes visible from the poll that first showed it."""
        for user, (due, first, change) in list(self.held.items()):
            if due > len(self.polls):
                continue
            del self.held[user]
            new = change[3]
            self.changes.append(change)
            self.known[user] = {**self.known[user], **new}
            for number in range(first, len(self.polls)):
                self.truth[number][user] = {**self.truth[number][user], **new}

    def miss(self, user):
        if user not in self.missing:
            self.missing[user] = (len(self.polls), self.after, self.answered)
            return
        first, after, at = self.missing.pop(user)
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

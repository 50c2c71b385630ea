"""A simulated organization in which much happens between two polls, and the same again for the same seed."""

import random

NAMES = ("Amy Evans", 'Zoë "Zed" O\'Neil', "李小龍", "🦊👩\u200d🚀", '{"users":[{"id":1}]}', "\\", "tab\tline\nend", "", None)
CITIES = ("Leuven", "Łódź", "", None)
FLAGS = ("flagMember", "flagEditor", "flagOwn", "flagAdmin", "flagBilling")
LEAST_MEMBERS = 6
WATCHER = "0e6a2d6c-4a3c-4a55-8f5c-1b6a3c1f0d11"  # whose token it is: nobody who is promoted, demoted or leaves
MOST_MEMBERS = 30


class World:
    """The organization of a simulator, changed through its control port. It starts with the members that are there."""

    def __init__(self, simulator, seed):
        self.simulator = simulator
        self.random = random.Random(seed)
        self.present = sorted(user["id"] for user in simulator.organization()["users"])
        self.gone = []
        simulator.set_token(user_id=WATCHER)

    def change_everywhere(self):
        """Everybody gets another name or role; some leave, some join, some return."""
        for user in self.present:
            self.alter(user)
        for _ in range(self.random.randrange(4)):
            self.come_or_go()
        self.simulator.rename_organization(en=self.random.choice(("Acme", "Acme, again", "🦊")))

    def change_somewhere(self):
        """What happens between two polls of a quiet organization: often nothing."""
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 4))):
            if self.random.random() < 0.4:
                self.come_or_go()
            else:
                self.alter(self.random.choice(self.present))

    def alter(self, user):
        self.random.choice((self.rename, self.move, self.flip, self.flip))(user)

    def rename(self, user):
        self.simulator.rename(user, self.random.choice(NAMES))

    def move(self, user):
        self.simulator.patch(user, city=self.random.choice(CITIES), email=f"{self.random.randrange(1000)}@test.com")

    def flip(self, user):
        self.simulator.set_flag(user, self.random.choice(FLAGS), self.random.choice((True, False, None)))

    def come_or_go(self):
        self.random.choice((self.leave, self.join, self.come_back))()

    def leave(self):
        if len(self.present) > LEAST_MEMBERS:
            user = self.present.pop(self.random.randrange(len(self.present)))
            self.gone.append(user)
            self.simulator.leave(user)

    def join(self):
        if len(self.present) < MOST_MEMBERS:
            self.present.append(self.simulator.join(name=self.random.choice(NAMES))["id"])

    def come_back(self):
        if self.gone:
            user = self.gone.pop(self.random.randrange(len(self.gone)))
            self.present.append(user)
            self.simulator.comeback(user)

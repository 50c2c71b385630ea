"""Organizations of any size in the documented shape, about 499 bytes a member, the same ones every time.

Of each there are three versions: `base`, `few` (ten members differ from base, or a third of a tiny organization) and
`percent` (one in a hundred differs). Each version is two files: the answer of the API, and the rows that a mirror must hold,
as COPY prints them sorted by id. A member that differs has its editor's flag flipped and the role's time of change moved,
so half of the changes are promotions and half are demotions.
"""

import dataclasses
import hashlib
import pathlib

VERSIONS = ("base", "few", "percent")
ORGANIZATION = "8c5d6a0e-4f6c-4d4b-9d3a-2f0d6b1c7e55"
HEAD = ('{"count":1,"rows":[{"id":"%s","name":{"en":"Measured organization","nl":"Gemeten organisatie"},"users":['
        % ORGANIZATION)
TAIL = "]}]}"

FIRST_NAMES = ("Amélie", "Bram", "Chiara", "Dawit", "Elif", "Fatou", "Goran", "Hanna", "Imani", "Jürgen", "Kaito", "Léa",
               "Mateo", "Nadia", "Oskar", "Priya")
LAST_NAMES = ("Andersen", "Bakker", "Çelik", "Dubois", "Eriksson", "Ferrari", "García", "Haddad", "Ivanov", "Janssens",
              "Kowalski", "Lindqvist", "Moreau", "Nguyen", "Okafor", "Peeters")
CITIES = (None, None, "Leuven", "Łódź", "São Paulo", "Utrecht")
LOCALES = ("en", "nl", "fr", "de")
CHANGED_AT = "2025-06-01T08:30:00.125Z"


@dataclasses.dataclass
class Member:
    """What is made up of one member; the rest is the same for all."""

    id: str
    email: str
    name: str
    city: str
    locale: str
    created: str
    editor: bool
    owner: bool
    role_created: str
    role_updated: str

    def changed(self):
        return dataclasses.replace(self, editor=not self.editor, role_updated=CHANGED_AT)

    def record(self):
        """As the API shows it."""
        city = f'"{self.city}"' if self.city else "null"
        return (f'{{"email":"{self.email}","name":"{self.name}","city":{city},"country_id":null,'
                f'"locale_id":"{self.locale}","created_at":"{self.created}","flag_plan":"enterprise","id":"{self.id}",'
                f'"organizationRole":{{"flagMember":true,"flagEditor":{"true" if self.editor else "false"},'
                f'"flagOwn":{"true" if self.owner else "false"},"created_at":"{self.role_created}",'
                f'"updated_at":"{self.role_updated}","organization_id":"{ORGANIZATION}","user_id":"{self.id}"}}}}')

    def row(self):
        """As sql/rows.sql prints it."""
        return (f"{self.id}\t{self.email}\t{self.name}\t{self.city or chr(92) + 'N'}\t\\N\t{self.locale}\tenterprise\t"
                f"{self.created}\tt\t{'t' if self.editor else 'f'}\t{'t' if self.owner else 'f'}\t\\N\t\\N\t"
                f"{self.role_created}\t{self.role_updated}\n")


def moment(year, number):
    return (f"{year}-{number % 12 + 1:02}-{number // 12 % 28 + 1:02}T{number // 336 % 24:02}:"
            f"{number // 8064 % 60:02}:{number // 483840 % 60:02}.{number // 29030400 % 1000:03}Z")


def member(index):
    """Depends on the index alone. The first owns the organization; of the others one in a hundred does, a third edits."""
    bits = hashlib.blake2b(index.to_bytes(8, "little"), digest_size=32).digest()
    number = [int.from_bytes(bits[at:at + 5], "little") for at in (16, 19, 22, 25)]
    share = bits[30] * 256 + bits[31] if index else 0
    tail = bits.hex()
    return Member(
        id=f"{tail[0:8]}-{tail[8:12]}-4{tail[13:16]}-8{tail[17:20]}-{tail[20:32]}",
        email=f"member.{index}@members.organization.example",
        name=f"{FIRST_NAMES[bits[16] % 16]} {LAST_NAMES[bits[17] % 16]}",
        city=CITIES[bits[18] % 6], locale=LOCALES[bits[19] % 4],
        created=moment(2019, number[0]), role_created=moment(2020, number[1]),
        role_updated=moment(2021 + bits[20] % 4, number[2]),
        editor=share < 22282, owner=share < 655)


class Organization:
    def __init__(self, directory, members):
        self.members = members
        self.changes = {"base": 0, "few": min(10, max(1, members // 3)), "percent": max(1, members // 100)}
        self.owner = member(0).id
        self._directory = pathlib.Path(directory) / str(members)
        self._write_once()

    def body(self, version):
        return self._directory / f"{version}.json"

    def rows(self, version):
        return self._directory / f"{version}.rows"

    @property
    def body_bytes(self):
        return self.body("base").stat().st_size

    def _differing(self, version):
        """Indexes, spread over the whole answer; never the owner."""
        count = self.changes[version]
        return set(range(1, self.members, max(1, self.members // max(1, count)))[:count] if count else ())

    def _write_once(self):
        maker = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
        stamp = self._directory / "made-by"
        if not stamp.exists() or stamp.read_text() != maker:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._write()
            stamp.write_text(maker)

    def _write(self):
        differing = {version: self._differing(version) for version in VERSIONS}
        bodies = {version: open(self.body(version), "w", encoding="utf-8", buffering=1 << 20) for version in VERSIONS}
        rows = {version: [] for version in VERSIONS}
        for index in range(self.members):
            plain = member(index)
            pair = (plain.record(), plain.row())
            for version in VERSIONS:
                record, row = pair
                if index in differing[version]:
                    record, row = plain.changed().record(), plain.changed().row()
                bodies[version].write(f"{',' if index else HEAD}{record}")
                rows[version].append(row)
        for version in VERSIONS:
            bodies[version].write(TAIL)
            bodies[version].close()
            rows[version].sort()
            self.rows(version).write_text("".join(rows[version]), encoding="utf-8")

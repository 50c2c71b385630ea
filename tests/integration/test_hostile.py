"""Hostile surroundings: answers made to deceive, a role's settings and rights that stand in the way, closed streams,
backends that die under load."""

import json
import random
import re
import subprocess
import time

import pytest

from harness.account import clean_environment
from harness.postgres import ROLE, Database
from harness.simulator import AMY, DAVID, JULIA
from harness.truth import assert_mirrors, fields_of_api, fields_of_row, wait_for_mirror
from harness.waiting import wait_until

EVERYBODY = {AMY, DAVID, JULIA}


@pytest.fixture
def synced(rollcall):
    """After its first sync; one poll without a member is enough, so that leaving is seen at once."""
    rollcall.configure(sync={"removal_polls": 1})
    rollcall.once()
    return rollcall


# ---- the API

ENDS = {
    "a quote too few": lambda record: record.replace(b'"Amy Evans"', b'"Amy Evans', 1),
    "a quote too many": lambda record: record.replace(b'"Amy Evans"', b'"Amy "Evans"', 1),
    "quotes within quotes": lambda record: record.replace(b'"Amy Evans"', b'"Amy "Ev"ans"', 1),
    "an escaped quote": lambda record: record.replace(b'"city":null', rb'"city":"\"', 1),
    "an open list": lambda record: record.replace(b'"Amy Evans"', b'["Amy Evans"', 1),
    "no closing brace": lambda record: record[:-1],
    "an open text": lambda record: record[:-1] + b',"x":"}',
    "a quote behind": lambda record: record + b'"',
    "a brace behind": lambda record: record + b"{",
    "a number before": lambda record: b"1" + record,
}


@pytest.mark.parametrize("name", ENDS)
def test_a_record_that_swallows_its_neighbours_removes_nobody(synced, simulator, database, name):
    simulator.put(AMY, ENDS[name](simulator.steer("GET", f"/members/{AMY}")))
    assert synced.command("once").code in (0, 76)
    assert set(database.members()) == EVERYBODY


def test_one_user_in_many_spellings(synced, simulator, database):
    record = simulator.steer("GET", f"/members/{AMY}")
    name = AMY.encode()
    for spelling in (record.replace(name, name.upper()), record.replace(b'"id"', rb'"\u0069d"', 1),
                     record.replace(b'"' + name, rb'"\u0062' + name[1:])):
        simulator.put(AMY, spelling)
        synced.once()
    assert len(database.changes()) == 3 and set(database.members()) == EVERYBODY


def test_people_who_flicker(rollcall, simulator, database):
    """Absent in some polls and present in others, around the time of the confirming poll: whatever is believed of it, the
    log stays true, and in the end everybody is back."""
    rollcall.configure(sync={"interval": "1s", "confirm_after": "1s"})
    rollcall.once()
    everybody = simulator.organization()
    daemon = rollcall.run()
    for moment in range(6):
        users = everybody["users"][:1 if moment % 2 else 3]
        simulator.answer_with(json.dumps({"count": 1, "rows": [{**everybody, "users": users}]}).encode())
        time.sleep((0.3, 0.9, 1.1)[moment % 3])
    simulator.answer_with(None)
    wait_for_mirror(database, simulator)
    assert daemon.stop() == 0


# ---- the clock


@pytest.mark.parametrize("command", ["once", "run"])
def test_a_clock_set_back_delays_no_removal(rollcall, simulator, database, command):
    """As if the last poll had been stamped by a clock ten days ahead. Times creep on from there, who leaves leaves."""
    rollcall.once()
    database.execute("UPDATE rollcall.coverage SET observed_until = observed_until + interval '10 days',"
                     " last_asked_at = last_asked_at + interval '10 days'")
    simulator.leave(AMY)
    leaving = rollcall.run(command)
    wait_until(lambda: AMY not in database.members(), "her to leave")
    assert "event=clock_behind" in leaving.log()
    (left,) = database.changes(after=3)
    assert left["kind"] == "left" and left["observed_after"] < left["observed_at"]
    simulator.comeback(AMY)
    rollcall.run()
    wait_for_mirror(database, simulator)


# ---- PostgreSQL


@pytest.fixture
def role_setting(postgres):
    administration = Database(postgres, "postgres")
    yield lambda setting: administration.execute(f"ALTER ROLE {ROLE} SET {setting}")
    administration.execute(f"ALTER ROLE {ROLE} RESET ALL")


@pytest.mark.parametrize("setting", ["idle_session_timeout = '2s'", "search_path = 'public'", "DateStyle = 'SQL, DMY'"])
def test_a_roles_settings_are_not_the_sessions(rollcall, simulator, database, role_setting, setting):
    """The session is idle for three seconds before the confirming poll, and outlives them."""
    role_setting(setting)
    rollcall.configure(sync={"confirm_after": "3s"})
    rollcall.once()
    simulator.leave(DAVID)
    rollcall.once()
    assert_mirrors(database, simulator)


WAITS_FOR_LONG = (f"SELECT pid FROM pg_stat_activity WHERE usename = '{ROLE}' AND datname = %s"
                  " AND wait_event_type = 'Lock' AND query_start < clock_timestamp() - interval '1s'")


def test_a_roles_statement_timeout_is_not_the_sessions(synced, simulator, database, role_setting):
    """A statement of the program waits for a lock for longer than that."""
    role_setting("statement_timeout = '500ms'")
    simulator.rename(AMY, "Amy E.")
    with database.locked_member(AMY):
        cycle = synced.run("once")
        wait_until(lambda: database.query(WAITS_FOR_LONG, database.name), "one statement to wait for a second")
    assert cycle.process.wait(timeout=60) == 0
    assert_mirrors(database, simulator)


def test_a_roles_statement_timeout_that_hits_the_first_statement(rollcall, simulator, database, proxy):
    """That one still runs under it. It is tried again, but not for ever."""
    rollcall.configure(database={"conninfo": proxy.conninfo(database)})
    proxy.cancellations = 9
    rollcall.once()
    assert proxy.cancellations == 0
    assert_mirrors(database, simulator)
    proxy.cancellations = 1000
    assert "statement timeout" in rollcall.once(code=69).err


def test_dropped_views_are_laid_anew(synced, database):
    database.execute("DROP VIEW rollcall.current_member CASCADE; DROP FUNCTION rollcall.members_as_of CASCADE")
    told = synced.members().expect(78)
    assert "rollcall migrate" in told.err
    assert "event=schema_migrated" in synced.once().err
    assert len(synced.members("--format", "json").expect().json()) == 3


def test_a_superusers_schema_asks_for_no_superuser(synced, database):
    database.execute(f"ALTER SCHEMA rollcall OWNER TO postgres; REVOKE ALL ON SCHEMA rollcall FROM {ROLE}")
    refused = synced.command("once").expect(78)
    assert f"GRANT USAGE ON SCHEMA rollcall TO {ROLE}" in refused.err and "GRANT postgres" not in refused.err
    database.execute(f"GRANT USAGE ON SCHEMA rollcall TO {ROLE}; DROP VIEW rollcall.freshness CASCADE")
    refused = synced.command("once").expect(78)
    assert f"ALTER SCHEMA rollcall OWNER TO {ROLE}" in refused.err and "GRANT postgres" not in refused.err
    database.execute(f"ALTER SCHEMA rollcall OWNER TO {ROLE}")
    synced.once()


class Turmoil:
    """An organization in which thousands change at once, so that rows travel by COPY."""

    def __init__(self, simulator, members=2500):
        simulator.generate(members, 5)
        self.simulator = simulator
        self.organization = simulator.organization()
        self.random = random.Random(members)

    def stir(self):
        users = self.organization["users"]
        for user in users:
            user["name"] = f"{self.random.randrange(10**9)}"
            user["organizationRole"]["flagEditor"] = self.random.random() < 0.5
        users.append(users.pop(0))
        self.simulator.answer_with(json.dumps({"count": 1, "rows": [self.organization]}).encode())

    def is_mirrored(self, database):
        users = {user["id"]: fields_of_api(user) for user in self.organization["users"]}
        return users == {user: fields_of_row(row) for user, row in database.members().items()}


def test_backends_die_under_load(rollcall, simulator, database):
    turmoil = Turmoil(simulator)
    daemon = rollcall.run()
    daemon.wait_for_cycles(1)
    for _ in range(4):
        turmoil.stir()
        time.sleep(turmoil.random.random())
        database.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'")
    wait_until(lambda: turmoil.is_mirrored(database), "the mirror to catch up", pause=0.2)
    assert daemon.stop() == 0


# ---- the process


@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(synced, simulator, database, streams):
    """The next socket would take a closed stream's number, and the log would be sent to PostgreSQL."""
    simulator.rename(AMY, streams)
    program = f"{synced.binary} -c {synced.config_file}"
    done = subprocess.run(["sh", "-c", f"{program} once {streams}"], env=clean_environment(), capture_output=True)
    assert done.returncode == 0, done.stderr
    assert_mirrors(database, simulator)
    printing = subprocess.run(["sh", "-c", f"{program} members {streams}"], env=clean_environment(), capture_output=True)
    assert printing.returncode == (69 if re.search(r"(?<!\d)>&-", streams) else 0), printing.stderr


def test_a_configuration_without_end(synced):
    synced.config_file.unlink()
    synced.config_file.symlink_to("/dev/zero")
    assert "too large" in synced.command("once").expect(78).err

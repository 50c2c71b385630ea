"""The harness itself: the server starts, stops and starts again, and the replay notices every kind of lie."""

import copy

import psycopg2
import pytest

from harness.simulator import AMY
from harness.program import render
from harness.truth import FIELDS, fields_of_api, replay

USER = {"id": AMY, "email": "amy@test.com", "name": "Amy", "city": None, "locale_id": "en",
        "created_at": "2020-01-01T11:11:27.370Z",
        "organizationRole": {"flagMember": True, "flagOwn": False, "flagNew": 1, "created_at": "2020-01-01T11:11:27.649Z"}}


def test_a_database_belongs_to_an_ordinary_role(postgres, database):
    connection = psycopg2.connect(database.conninfo)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False, False)
        cursor.execute("CREATE SCHEMA its_own")
    connection.close()
    assert not database.has_schema() and database.polls() == 0
    assert database.value("SELECT 'a % b'") == "a % b"


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_the_server_stops_and_starts_again(postgres, database, how):
    database.execute("CREATE TABLE kept (id int)")
    postgres.stop(how)
    with pytest.raises(psycopg2.OperationalError):
        database.query("SELECT id FROM kept")
    postgres.start(tcp=True)
    assert database.query("SELECT id FROM kept") == []
    assert psycopg2.connect(database.tcp_conninfo).server_version >= 130000
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(database.tcp_conninfo.replace("only-for-tests", "another"))
    postgres.stop()
    postgres.start()


def test_an_answers_user_is_the_rows_fields():
    fields = fields_of_api(USER)
    assert set(fields) == set(FIELDS)
    assert (fields["flag_member"], fields["flag_editor"], fields["other_flags"]) == (True, None, {"flagNew": 1})
    assert fields["user_created_at"].isoformat() == "2020-01-01T11:11:27.370000+00:00"


def test_the_configuration_is_written_with_quotes():
    assert render({"api": {"url": 'a"b\\', "removal_polls": 2}}) == 'api {\n    url = "a\\"b\\\\"\n    removal_polls = 2\n}\n'


# ---- the replay believes nothing


def change(kind, old=None, new=None):
    return {"kind": kind, "organization_id": "o", "user_id": AMY, "old_values": old, "new_values": new}


def story():
    """A true one: she joins, becomes owner, leaves, returns."""
    first = fields_of_api(USER)
    owner = {**first, "flag_own": True}
    return [change("joined", new=first), change("role_changed", {"flag_own": False}, {"flag_own": True}),
            change("left", old=owner), change("rejoined", new=first)]


def test_a_true_story_replays():
    log = story()
    assert replay(log).present == {("o", AMY): fields_of_api(USER)}
    assert replay(log[:3]).gone == {("o", AMY): {**fields_of_api(USER), "flag_own": True}}
    assert replay(log[:2]).present[("o", AMY)]["flag_own"] is True


@pytest.mark.parametrize("lie", [
    lambda log: log.pop(1),
    lambda log: log.insert(2, log[1]),
    lambda log: log.insert(1, log[0]),
    lambda log: log[1]["old_values"].update(flag_own=None),
    lambda log: log[1]["new_values"].update(flag_own=False),
    lambda log: log[1]["new_values"].update(name="more"),
    lambda log: log[2]["old_values"].update(name="another"),
    lambda log: log[3].update(kind="joined"),
    lambda log: log[0].update(kind="rejoined"),
    lambda log: log[0]["new_values"].pop("city"),
    lambda log: log[1].update(kind="guessed"),
    lambda log: log.reverse(),
])
def test_a_lie_is_noticed(lie):
    log = copy.deepcopy(story())
    lie(log)
    with pytest.raises((AssertionError, KeyError)):
        replay(log)

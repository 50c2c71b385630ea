"""The official client, @luzmo/nodejs-sdk from npm, is content with the simulator: what it reads is what the daemon reads.

Where npm or its registry is missing there is nothing to run, and the reason is printed.
"""

import json
import shutil
import subprocess

import pytest

from harness.account import clean_environment
from harness.simulator import AMY, DOCUMENTED_ANSWER

READER = """
const sdk = require('@luzmo/nodejs-sdk');
const Luzmo = sdk.default || sdk;
const [port, key, token, resource, query] = process.argv.slice(2);
const client = new Luzmo({ api_key: key, api_token: token, host: 'https://localhost', port: port });
const show = (outcome) => (value) =>
  console.log(JSON.stringify({ outcome, value: Buffer.isBuffer(value) ? value.toString() : value }));
client.get(resource, JSON.parse(query)).then(show('resolved'), show('rejected'));
"""

WITH_USERS = {"where": {}, "attributes": ["id", "name"], "include": [{"model": "User", "attributes": [
    "id", "name", "email", "city", "country_id", "locale_id", "created_at", "flag_plan"]}]}


def install(directory, version):
    """Installs the client, or skips with npm's own words."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("npm or node is not installed, so the official client cannot be tried")
    (directory / "read.cjs").write_text(READER)
    (directory / "package.json").write_text('{"private": true}')
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1",
                               f"@luzmo/nodejs-sdk@{version}"], cwd=directory, capture_output=True, timeout=90)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm's registry did not give @luzmo/nodejs-sdk {version} within 90 s")
    if done.returncode != 0:
        words = [line for line in done.stderr.decode().splitlines() if "ERR!" in line or "error" in line]
        pytest.skip(f"npm has no @luzmo/nodejs-sdk {version}: {' '.join(words[:2])}")


@pytest.fixture(scope="module", params=["2", "3"])
def client(request, tmp_path_factory):
    """A directory in which that version of the client is installed."""
    directory = tmp_path_factory.mktemp(f"client-{request.param}")
    install(directory, request.param)
    return directory


def read(client, simulator, resource, query, token=None):
    done = subprocess.run(["node", "read.cjs", str(simulator.port), simulator.key, token or simulator.token, resource,
                           json.dumps(query)], cwd=client, capture_output=True, timeout=60,
                          env=clean_environment(NODE_EXTRA_CA_CERTS=simulator.ca_file))
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    return answer["outcome"], answer["value"]


def test_it_reads_the_organization(client, simulator):
    assert read(client, simulator, "organization", WITH_USERS) == \
        ("resolved", json.loads(DOCUMENTED_ANSWER.read_text()))
    (request,) = simulator.requests()
    assert (request["method"], request["action"], request["find"]) == ("SEARCH", "get", WITH_USERS)


def test_it_reads_a_changed_organization_in_any_order_and_in_pieces(client, simulator):
    simulator.rename(AMY, 'Amy "the first" 🦊')
    simulator.join(name="Zoë")
    simulator.shuffle(members=5, text=5)
    simulator.chunk(1)
    outcome, answer = read(client, simulator, "organization", WITH_USERS)
    users = {user["id"]: user for user in answer["rows"][0]["users"]}
    assert outcome == "resolved" and users == {user["id"]: user for user in simulator.organization()["users"]}


def test_it_reads_a_user(client, simulator):
    outcome, answer = read(client, simulator, "user", {"where": {"id": AMY}, "attributes": ["email"]})
    assert (outcome, answer) == ("resolved", {"count": 1, "rows": [{"email": "amy@test.com"}]})


def test_it_reads_its_own_token(client, simulator):
    outcome, answer = read(client, simulator, "authorization",
                           {"where": {"id": simulator.key}, "attributes": ["id", "user_id", "expiry"]})
    assert (outcome, answer["count"]) == ("resolved", 1)
    assert answer["rows"] == [{"id": simulator.key, "user_id": AMY, "expiry": "9999-12-31T00:00:00.000Z"}]


def test_it_is_refused_with_other_credentials(client, simulator):
    outcome, answer = read(client, simulator, "organization", WITH_USERS, token="another")
    assert outcome == "rejected" and answer["type"]["code"] == 401


def test_it_is_told_of_an_error_and_of_an_unknown_route(client, simulator):
    simulator.fail(503)
    outcome, answer = read(client, simulator, "organization", WITH_USERS)
    assert outcome == "rejected" and answer["type"]["code"] == 503
    outcome, answer = read(client, simulator, "nonsense", {"where": {}})
    assert (outcome, answer) == ("rejected", "Oops, this route does not exist (yet)!")

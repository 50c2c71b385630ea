"""The simulator itself: it answers as the API is documented to, changes as it is told, and fails as it is told."""

import concurrent.futures
import http.client
import json
import ssl
import urllib.parse

import pytest

from harness.simulator import AMY, DAVID, DOCUMENTED_ANSWER, JULIA, Refused

ATTRIBUTES = ["id", "name", "email", "city", "country_id", "locale_id", "created_at", "flag_plan"]
DOCUMENTED = json.loads(DOCUMENTED_ANSWER.read_text())


def find(attributes=None, users=True, **more):
    """The `find` that a mirror sends."""
    include = [{"model": "User", "attributes": attributes or ATTRIBUTES}] if users else []
    return {"where": {}, "attributes": ["id", "name"], "include": include, **more}


def call(simulator, body, method="POST", path="/0.1.0/organization", host="127.0.0.1"):
    """One HTTPS request, verified against the simulator's own authority: (status, content type, body)."""
    context = ssl.create_default_context(cafile=simulator.ca_file)
    connection = http.client.HTTPSConnection(host, simulator.port, context=context, timeout=60)
    try:
        connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body).encode(),
                           {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.headers.get_content_type(), response.read()
    finally:
        connection.close()


def request(simulator, find_=None, **more):
    return {"action": "get", "version": "0.1.0", "key": simulator.key, "token": simulator.token,
            "find": find() if find_ is None else find_, **more}


def get(simulator, find_=None, **how):
    """A well-formed request's answer, parsed."""
    status, kind, body = call(simulator, request(simulator, find_), **how)
    assert (status, kind) == (200, "application/json")
    return json.loads(body)


def by_id(answer):
    return {user["id"]: user for user in answer["rows"][0]["users"]}


# ---- answers


def test_the_documented_organization_is_what_it_starts_with(simulator):
    assert get(simulator) == DOCUMENTED
    assert get(simulator, method="SEARCH") == DOCUMENTED
    assert get(simulator, host="localhost") == DOCUMENTED


def test_attributes_and_include_are_honoured(simulator):
    answer = get(simulator, find(attributes=["id", "email"]))
    assert {frozenset(user) for user in answer["rows"][0]["users"]} == {frozenset(["id", "email", "organizationRole"])}
    assert list(get(simulator, find(users=False))["rows"][0]) == ["id", "name"]
    assert list(get(simulator, {"where": {}, "attributes": ["name"]})["rows"][0]) == ["name"]
    only_amy = find()
    only_amy["include"][0]["where"] = {"id": AMY}
    assert list(by_id(get(simulator, only_amy))) == [AMY]


@pytest.mark.parametrize("where, expected", [
    ({"id": AMY}, [AMY]),
    ({"id": [JULIA, AMY]}, [AMY, JULIA]),
    ({"email": "david@test.com"}, [DAVID]),
    ({"id": "nobody"}, []),
    ({}, [AMY, DAVID, JULIA]),
])
def test_users_are_found_by_where(simulator, where, expected):
    answer = get(simulator, {"where": where, "attributes": ["id"]}, path="/0.1.0/user")
    assert answer == {"count": len(expected), "rows": [{"id": user} for user in expected]}


def test_a_hundred_users_are_found_at_once(start_simulator):
    simulator = start_simulator("--members", 5000)
    users = list(by_id(get(simulator)))[::50]
    assert users_found(simulator, *users, "nobody", 7) == set(users)


TOKEN_PATH = "/0.1.0/authorization"


def test_the_token_tells_about_itself(simulator):
    own = {"where": {"id": simulator.key}}
    row = {"id": simulator.key, "type": "api", "user_id": AMY, "expiry": "9999-12-31T00:00:00.000Z"}
    assert get(simulator, own, path=TOKEN_PATH) == {"count": 1, "rows": [row]}
    assert get(simulator, {**own, "attributes": ["expiry", "id"]}, path=TOKEN_PATH, method="SEARCH") == \
        {"count": 1, "rows": [{"expiry": row["expiry"], "id": simulator.key}]}
    for where in ({"id": "another"}, {"user_id": JULIA}):
        assert get(simulator, {"where": where}, path=TOKEN_PATH) == {"count": 0, "rows": []}


def test_a_token_is_changed(start_simulator):
    simulator = start_simulator("--members", 3, "--key", "k")
    (row,) = get(simulator, {}, path=TOKEN_PATH)["rows"]
    assert (row["id"], row["user_id"]) == ("k", simulator.own_user()) and row["user_id"] in by_id(get(simulator))
    simulator.set_token(user_id=JULIA, expiry=None)
    (row,) = get(simulator, {}, path=TOKEN_PATH)["rows"]
    assert row == {"id": "k", "type": "api", "user_id": JULIA, "expiry": None} and simulator.own_user() == JULIA
    simulator.reset()
    assert get(simulator, {}, path=TOKEN_PATH)["rows"][0]["expiry"].startswith("9999")


def test_another_organization_is_not_found(simulator):
    assert get(simulator, find(where={"id": "another"})) == {"count": 0, "rows": []}


def test_an_organization_is_generated_the_same_from_the_same_seed(start_simulator):
    one, same, other = (start_simulator("--members", 2000, "--seed", seed) for seed in (7, 7, 8))
    answer = get(one)
    assert answer == get(same) != get(other)
    users = by_id(answer)
    assert len(users) == 2000
    for user in users.values():
        assert set(user) == set(DOCUMENTED["rows"][0]["users"][0])
        assert set(user["organizationRole"]) == set(DOCUMENTED["rows"][0]["users"][0]["organizationRole"])
    size = len(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()) / 2000
    assert 480 < size < 520
    one.generate(3, seed=9)
    assert len(by_id(get(one))) == 3


# ---- refusals


@pytest.mark.parametrize("path", ["/0.1.0/nonsense", "/0.2.0/organization", "/organization", "/"])
def test_an_unknown_route_is_refused_as_text(simulator, path):
    status, kind, body = call(simulator, request(simulator), path=path)
    assert (status, body) == (404, b"Oops, this route does not exist (yet)!") and kind == "text/html"
    assert call(simulator, request(simulator), method="GET")[0] == 404


@pytest.mark.parametrize("body, message", [
    (b"{", "not JSON"),
    (b"[]", "not a JSON object"),
    ({"find": {}}, "'find'"),
    ({"find": {"where": {}, "attributes": ["invitecode"]}}, "invitecode"),
    ({"find": {"where": {}, "include": [{"model": "Group"}]}}, "'User' only"),
    ({"find": {"limit": 3}}, "limit"),
    ({"find": {}, "version": "0.2.0"}, "version"),
])
def test_a_bad_request_is_refused_in_the_documented_shape(simulator, body, message):
    if isinstance(body, dict):
        body = {**request(simulator), **body}
        body["find"] = body["find"] or None
    status, _, answer = call(simulator, body)
    refusal = json.loads(answer)
    assert status == 400 and refusal["type"] == {"code": 400, "description": "Bad Request"}
    assert message in refusal["message"]


@pytest.mark.parametrize("path, find_, message", [
    ("/0.1.0/authorization", {"attributes": ["secret"]}, "secret"),
    ("/0.1.0/authorization", {"where": {"token": "x"}}, "token"),
    ("/0.1.0/authorization", {"include": []}, "includes nothing in 'authorization'"),
    ("/0.1.0/user", {"where": {}, "include": []}, "includes nothing in 'user'"),
    ("/0.1.0/user", {"attributes": ["id"]}, "'where' is required"),
])
def test_a_bad_question_is_refused(simulator, path, find_, message):
    status, _, answer = call(simulator, request(simulator, find_), path=path)
    assert status == 400 and message in json.loads(answer)["message"]


def calls_until_429(simulator, at_most):
    """One after the other over one connection: how many are answered with 200 first."""
    context = ssl.create_default_context(cafile=simulator.ca_file)
    connection = http.client.HTTPSConnection("127.0.0.1", simulator.port, context=context, timeout=60)
    question = json.dumps(request(simulator, {"where": {"id": AMY}, "attributes": ["id"]}))
    try:
        for made in range(at_most):
            connection.request("POST", "/0.1.0/user", question)
            response = connection.getresponse()
            response.read()
            if response.status == 429:
                return made
        return at_most
    finally:
        connection.close()


def test_a_token_makes_as_many_calls_as_documented(simulator):
    simulator.reset()
    assert 200 <= calls_until_429(simulator, at_most=2000) < 2000
    status, _, answer = call(simulator, request(simulator))
    refusal = json.loads(answer)
    assert status == 429 and refusal["type"] == {"code": 429, "description": "Too Many Requests"}
    assert call(simulator, {**request(simulator), "token": "another"})[0] == 401, "they are counted by token"


def test_the_limit_is_steered(simulator):
    simulator.limit(per_second=0, burst=3)
    assert [calls_until_429(simulator, at_most=9) for _ in range(2)] == [3, 0]
    simulator.limit(per_second=1000000, burst=2)
    assert calls_until_429(simulator, at_most=9) == 9, "the calls grow back"
    simulator.limit(per_second=0, burst=0)
    simulator.unlimited()
    assert calls_until_429(simulator, at_most=300) == 300
    simulator.limit(per_second=0, burst=0)
    simulator.reset()
    assert get(simulator) == DOCUMENTED


def test_other_credentials_are_refused(simulator):
    for wrong in ({"key": "another"}, {"token": "another"}, {"token": None}):
        status, _, answer = call(simulator, {**request(simulator), **wrong})
        assert status == 401 and json.loads(answer)["type"] == {"code": 401, "description": "Unauthorized"}


def test_every_other_action_is_refused_and_counted(simulator):
    try:
        for action, status in (("update", 403), ("delete", 403), ("search", 400), ("\u00e9\ud83d\ude42" * 80, 400)):
            assert call(simulator, request(simulator, action=action))[0] == status
        for path in ("/0.1.0/user", TOKEN_PATH):
            assert call(simulator, request(simulator, action="delete"), path=path)[0] == 403
        journal = simulator.journal()
        assert journal["violations"] == 6 and all(entry["violation"] for entry in journal["requests"])
        simulator.reset()
        assert simulator.violations() == 6, "a reset must not hide a violation"
        assert get(simulator) == DOCUMENTED
    finally:
        simulator.close()  # before the fixture finds the violations


def test_requests_are_recorded_without_secrets(simulator):
    get(simulator, method="SEARCH")
    call(simulator, b"{")
    call(simulator, request(simulator), path="/%ff%fe")
    first, second, third = simulator.requests()
    assert (first["method"], first["action"], first["path"]) == ("SEARCH", "get", "/0.1.0/organization")
    assert first["find"] == find() and first["status"] == 200 and first["bytes"] > 100
    assert (second["action"], second["status"], third["status"]) == ("", 400, 404)
    assert simulator.key not in json.dumps(simulator.journal()) and simulator.token not in json.dumps(simulator.journal())
    simulator.forget_requests()
    assert simulator.requests() == []


# ---- changes


def test_a_flag_moves_the_roles_time_of_change(simulator):
    before = simulator.member(AMY)["organizationRole"]
    after = simulator.set_flag(AMY, "flagOwn", True)["organizationRole"]
    assert after.pop("flagOwn") and after.pop("updated_at") > before["updated_at"]
    assert after.items() <= before.items()
    assert simulator.set_flag(AMY, "flagOwn", True)["organizationRole"]["updated_at"] == \
        simulator.member(AMY)["organizationRole"]["updated_at"]
    assert by_id(get(simulator))[AMY] == simulator.member(AMY)


def test_members_join_leave_and_return(simulator):
    newcomer = simulator.join(name='Zoë "Z" {"users":[{"id":1}]} 🦊', city="Łódź")
    assert newcomer["organizationRole"]["user_id"] == newcomer["id"]
    assert newcomer["organizationRole"]["organization_id"] == DOCUMENTED["rows"][0]["id"]
    assert by_id(get(simulator))[newcomer["id"]] == newcomer
    simulator.leave(DAVID)
    assert list(by_id(get(simulator))) == [AMY, JULIA, newcomer["id"]]
    with pytest.raises(Refused, match="has left already"):
        simulator.leave(DAVID)
    simulator.comeback(DAVID)
    assert list(by_id(get(simulator))) == [AMY, DAVID, JULIA, newcomer["id"]]
    simulator.reset()
    assert get(simulator) == DOCUMENTED


def test_a_raw_record_is_served_byte_for_byte(simulator):
    raw = b'{ "id" : "\\ud800", "twenty": 12345678901234567890 , "nul": "\\u0000" '
    simulator.put(DAVID, raw)
    assert raw in call(simulator, request(simulator))[2]
    simulator.shuffle(members=3, text=4)
    assert raw in call(simulator, request(simulator))[2]


def test_the_whole_answer_can_be_replaced(simulator):
    documented = DOCUMENTED_ANSWER.read_bytes()
    simulator.answer_with(documented)
    assert call(simulator, request(simulator))[2] == documented
    simulator.answer_with(None)
    assert get(simulator) == DOCUMENTED
    simulator.answer_with(b"")
    assert call(simulator, request(simulator)) == (200, "application/json", b"")
    simulator.reset()
    assert get(simulator) == DOCUMENTED


def test_a_nasty_organization_is_served_as_it_is(simulator):
    simulator.rename_organization(en='"users":[{"id":1}] }{', xx="\u202e🦊")
    simulator.change_organization_id("'; DROP \"")
    row = get(simulator)["rows"][0]
    assert row["name"] == {"en": '"users":[{"id":1}] }{', "xx": "\u202e🦊"}
    assert {user["organizationRole"]["organization_id"] for user in row["users"]} == {"'; DROP \""}


def test_shuffled_bytes_mean_the_same(simulator):
    plain = call(simulator, request(simulator))[2]
    seen = {plain}
    for seed in range(1, 20):
        simulator.shuffle(members=seed, text=seed)
        body = call(simulator, request(simulator))[2]
        assert by_id(json.loads(body)) == by_id(DOCUMENTED)
        assert body not in seen
        seen.add(body)
    orders = {tuple(by_id(json.loads(body))) for body in seen}
    assert len(orders) == 6, "every order of three members comes up"


# ---- who is shown


def users_found(simulator, *users):
    """Those of them that `user` finds."""
    answer = get(simulator, {"where": {"id": list(users)}, "attributes": ["id"]}, path="/0.1.0/user")
    found = [row["id"] for row in answer["rows"]]
    assert answer["count"] == len(found) == len(set(found))
    return set(found)


def seen(simulator):
    """Amy, David and Julia, as far as each of the two answers has them."""
    return list(by_id(get(simulator))), users_found(simulator, AMY, DAVID, JULIA)


def test_a_clipped_answer_leaves_out_whom_user_still_finds(simulator):
    simulator.hide(DAVID, JULIA)
    assert seen(simulator) == ([AMY], {AMY, DAVID, JULIA})
    assert set(by_id({"rows": [simulator.organization()]})) == {AMY, DAVID, JULIA}, "the control port knows them all"
    assert get(simulator, {"where": {"id": DAVID}, "attributes": ["id"]}, path="/0.1.0/user")["count"] == 1
    simulator.leave(JULIA)
    assert seen(simulator) == ([AMY], {AMY, DAVID})
    simulator.show(DAVID)
    assert seen(simulator) == ([AMY, DAVID], {AMY, DAVID})


def test_a_token_can_lose_sight(simulator):
    simulator.show_only(JULIA)
    assert seen(simulator) == ([JULIA], {JULIA})
    newcomer = simulator.join(name="Zoë")["id"]
    assert seen(simulator)[0] == [JULIA, newcomer]
    simulator.show_all()
    assert seen(simulator) == ([AMY, DAVID, JULIA, newcomer], {AMY, DAVID, JULIA})
    simulator.show(AMY, organization=True, user=False)
    assert seen(simulator) == ([AMY, DAVID, JULIA, newcomer], {DAVID, JULIA})
    simulator.reset()
    assert seen(simulator) == ([AMY, DAVID, JULIA], {AMY, DAVID, JULIA})


def test_a_replaced_answer_says_nothing_of_users(simulator):
    simulator.answer_with(b'{"count":1,"rows":[')
    assert users_found(simulator, AMY, DAVID, JULIA) == {AMY, DAVID, JULIA}


# ---- faults


def test_a_status_comes_so_often_as_told(simulator):
    simulator.fail(503, times=2, headers={"Retry-After": "7"})
    simulator.fault(body="<html>", content_type="text/html")
    statuses = [call(simulator, request(simulator))[0] for _ in range(2)]
    assert statuses == [503, 503]
    assert call(simulator, request(simulator)) == (200, "text/html", b"<html>")
    assert get(simulator) == DOCUMENTED
    assert [entry["fault"] for entry in simulator.requests()] == [True, True, True, False]


def test_only_a_well_formed_request_consumes_a_fault(simulator):
    simulator.fault(times=-1, status=400, only_with_attributes=True)
    assert call(simulator, b"{")[0] == 400
    assert call(simulator, request(simulator))[0] == 400
    assert get(simulator, {"where": {}, "include": [{"model": "User"}]}) == DOCUMENTED
    simulator.clear_faults()
    assert get(simulator) == DOCUMENTED


@pytest.mark.parametrize("resource", ["user", "authorization"])
@pytest.mark.parametrize("status, kind", [(400, "application/json"), (403, "application/json"), (404, "text/html"),
                                          (500, "application/json")])
def test_a_question_is_refused_while_the_organization_is_answered(simulator, resource, status, kind):
    simulator.refuse(resource, status)
    answer = call(simulator, request(simulator, {"where": {"id": AMY}}), path=f"/0.1.0/{resource}")
    assert answer[:2] == (status, kind)
    assert (b"Oops, this route" in answer[2]) == (status == 404)
    assert get(simulator) == DOCUMENTED
    simulator.accept(resource)
    get(simulator, {"where": {"id": AMY}}, path=f"/0.1.0/{resource}")


def test_faults_wait_for_their_resource(simulator):
    question = {"path": "/0.1.0/user", "body": request(simulator, {"where": {}})}
    simulator.fail(502, resource="user", times=2)
    simulator.fail(503)
    simulator.fail(504, resource="user")
    assert [call(simulator, request(simulator))[0] for _ in range(2)] == [503, 200]
    assert [call(simulator, **question)[0] for _ in range(4)] == [502, 502, 504, 200]
    simulator.fail(502, resource="user")
    simulator.fail(503)
    simulator.accept("user")
    assert (call(simulator, **question)[0], call(simulator, request(simulator))[0]) == (200, 503)


def test_a_body_is_cut_short(simulator):
    whole = call(simulator, request(simulator))[2]
    for transfer in ("length", "chunked"):
        simulator.cut(700, transfer=transfer)
        with pytest.raises(http.client.IncompleteRead):
            call(simulator, request(simulator))
    simulator.cut(700, transfer="close")
    assert call(simulator, request(simulator))[2] == whole[:700]


@pytest.mark.parametrize("transfer", ["length", "chunked", "close"])
@pytest.mark.parametrize("size", [1, 7, 100000])
def test_pieces_of_any_size_make_the_same_body(simulator, transfer, size):
    simulator.fault(chunk=size, transfer=transfer)
    assert get(simulator) == DOCUMENTED


@pytest.mark.parametrize("script", [
    {"reset": True},
    {"raw": ""},
    {"raw": "220 mail.example ready\r\n"},
    {"raw": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
    {"length": 100000},
])
def test_a_broken_answer_is_noticed(simulator, script):
    simulator.fault(**script)
    with pytest.raises((http.client.HTTPException, OSError, ValueError)):
        call(simulator, request(simulator))
    assert get(simulator) == DOCUMENTED


def test_a_stall_ends_when_it_is_told_to_or_the_simulator_ends(simulator):
    simulator.fault(times=-1, stall_after=10)
    context = ssl.create_default_context(cafile=simulator.ca_file)
    waiting = http.client.HTTPSConnection("127.0.0.1", simulator.port, context=context, timeout=60)
    waiting.request("POST", "/0.1.0/organization", json.dumps(request(simulator)))
    response = waiting.getresponse()
    assert response.read(10) == b'{"count":1'
    simulator.clear_faults()
    with pytest.raises((http.client.IncompleteRead, OSError)):
        response.read()
    simulator.fault(stall_after=0)
    waiting = http.client.HTTPSConnection("127.0.0.1", simulator.port, context=context, timeout=60)
    waiting.request("POST", "/0.1.0/organization", json.dumps(request(simulator)))
    assert simulator.close() == 0


def test_it_goes_away_and_comes_back_on_the_same_port(simulator):
    simulator.go_away()
    with pytest.raises(ConnectionRefusedError):
        call(simulator, request(simulator))
    simulator.come_back()
    assert get(simulator) == DOCUMENTED


@pytest.mark.parametrize("script, sentence", [
    ({"stauts": 503}, "no key 'stauts'"),
    ({"status": "503"}, "wrong kind"),
    ({"status": 99}, "200 to 599"),
    ({"chunk": 0}, "cannot be 0"),
    ({"transfer": "pigeon"}, "'transfer' is one of"),
    ({"resource": "group"}, "'resource' is one of"),
    ({"resource": 7}, "wrong kind"),
])
def test_a_script_that_is_not_understood_is_refused(simulator, script, sentence):
    with pytest.raises(Refused, match=sentence):
        simulator.fault(**script)


def test_what_cannot_be_steered_is_told(simulator):
    for method, path, body, sentence in (
            ("GET", "/nonsense", None, "GET / lists"), ("PATCH", f"/members/{AMY}", b"{", "not JSON"),
            ("PATCH", f"/members/{AMY}", [], "must be a JSON object"), ("PATCH", "/members/nobody", {}, "Nobody"),
            ("PATCH", "/members/" + urllib.parse.quote("é"), {}, "Nobody"), ("POST", "/members", {"id": AMY}, "taken"),
            ("POST", "/members", {"id": 5}, "needs an id"), ("POST", "/generate", {}, "above 0"),
            ("POST", "/sight", [], "must be a JSON object"), ("PATCH", "/token", [], "must be a JSON object"),
            ("POST", "/sight", {"members": [AMY, "nobody"]}, "nobody's"), ("PUT", "/limit", {"burst": 3}, "numbers")):
        with pytest.raises(Refused, match=sentence):
            simulator.steer(method, path, body)
    assert get(simulator) == DOCUMENTED


def test_an_answer_under_way_is_a_snapshot(start_simulator):
    """The organization changes while it is being sent, and nobody sees half of a change."""
    simulator = start_simulator("--members", 20000)
    users = list(by_id(get(simulator)))
    simulator.fault(chunk=4096, times=-1)
    with concurrent.futures.ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(get, simulator) for _ in range(8)]
        for user in users[:200]:
            simulator.leave(user)
        sizes = [len(by_id(answer.result())) for answer in answers]
    assert all(19800 <= size <= 20000 for size in sizes)
    assert len(by_id(get(simulator))) == 19800


# ---- certificates


@pytest.mark.parametrize("flaw, sentence", [
    ("expired", "expired"), ("self-signed", "self.signed"), ("wrong-host", "IP address mismatch"),
    ("unknown-ca", "unable to get local issuer")])
def test_a_flawed_certificate_is_noticed(start_simulator, flaw, sentence):
    flawed = start_simulator("--tls-flaw", flaw)
    with pytest.raises(ssl.SSLCertVerificationError, match=sentence):
        call(flawed, b"")

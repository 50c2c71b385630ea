"""Answers that cannot be believed, one row each: refused with one clear sentence, recorded, and nobody touched by them.
What curl makes of each broken answer in detail is the business of the unit tests; here the whole program is asked."""

import json

import pytest

from harness.simulator import AMY
from harness.truth import versions

UNAVAILABLE, MALFORMED, CREDENTIALS, CONFIG = 69, 76, 77, 78
CLASSES = {UNAVAILABLE: "unavailable", MALFORMED: "malformed", CREDENTIALS: "credentials", CONFIG: "config"}

SMALL = {"max_body": "256KiB"}
IMPATIENT = {**SMALL, "stall_timeout": "2s", "total_timeout": "4s"}


@pytest.fixture
def synced(shared):
    """Shared by all: whatever is refused leaves nothing behind. The next cycle finds everything as it was."""
    shared.configure(sync=SMALL)
    shared.once()
    yield shared
    shared.simulator.reset()
    assert {change["kind"] for change in shared.database.changes()} == {"baseline"}


@pytest.fixture
def simulator(synced):
    return synced.simulator


@pytest.fixture
def database(synced):
    return synced.database


def assert_refused(rollcall, code, word):
    """The next cycle fails in the documented way and leaves nothing but its own row."""
    before = versions(rollcall.database, "cycle")
    failed = rollcall.once(code)
    (sentence,) = [line for line in failed.err.splitlines() if line.startswith("rollcall: ")]
    assert word in sentence
    assert failed.out == "" and sentence.isprintable()
    assert rollcall.simulator.key not in failed.err and rollcall.simulator.token not in failed.err
    assert versions(rollcall.database, "cycle") == before
    cycle = rollcall.database.cycles()[-1]
    assert (cycle["outcome"], cycle["error_class"]) == ("failed", CLASSES[code])
    assert "rollcall: " + cycle["error_text"] == sentence


# ---- HTTP

HTML = {"content_type": "text/html", "body": "<html><body>Sign in</body></html>"}
OOPS = {"content_type": "text/plain", "body": "Oops, this route does not exist (yet)!"}
ELSEWHERE = {"Location": "https://elsewhere.test/0.1.0/organization?token=1"}

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WHOLE = '{"count":1,"rows":[]}'

HTTP = {
    "cut off, with a length": ({"cut_after": 700}, UNAVAILABLE, "cut off after 700 bytes"),
    "cut off, in chunks": ({"cut_after": 700, "transfer": "chunked"}, UNAVAILABLE, "cut off after"),
    "cut off, ended by the connection": ({"cut_after": 700, "transfer": "close"}, MALFORMED, "known to be whole"),
    "whole, ended by the connection": ({"transfer": "close"}, MALFORMED, "known to be whole"),
    "a length too large": ({"length": 1000000}, MALFORMED, "sync.max_body"),
    "a length a little too large": ({"length": 10000}, UNAVAILABLE, "cut off after"),
    "a length too small": ({"length": 700}, MALFORMED, "cannot be believed"),
    "two lengths": ({"raw": HEAD + "Content-Length: 21\r\nContent-Length: 22\r\n\r\n" + WHOLE},
                    MALFORMED, "more than once"),
    "a length and chunks": ({"raw": HEAD + "Content-Length: 21\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
                            MALFORMED, "more than once"),
    "a chunk that is none": ({"raw": HEAD + "Transfer-Encoding: chunked\r\n\r\nmany\r\n" + WHOLE},
                             UNAVAILABLE, "chunk"),
    "no HTTP": ({"raw": "SSH-2.0-OpenSSH_9.2\r\n"}, MALFORMED, "no proper HTTP"),
    "204": ({"raw": "HTTP/1.1 204 No Content\r\n\r\n"}, MALFORMED, "HTTP 204"),
    "206": ({"status": 206}, MALFORMED, "HTTP 206"),
    "200 with HTML": (HTML, MALFORMED, "not JSON"),
    "200 with text": (OOPS, MALFORMED, "Oops, this route does not exist (yet)!"),
    "200 with nothing": ({"body": ""}, MALFORMED, "the answer is empty"),
    "301 to another host": ({"status": 301, "headers": ELSEWHERE},
                            MALFORMED, 'leads to "https://elsewhere.test/0.1.0/organization"'),
    "302 to the same host": ({"status": 302, "headers": {"Location": "/login"}}, MALFORMED, 'leads to "/login"'),
    "307": ({"status": 307, "headers": ELSEWHERE}, MALFORMED, "redirect"),
    "308 to nowhere": ({"status": 308}, MALFORMED, "redirect"),
    "400 to whatever is asked": ({"status": 400, "times": -1}, MALFORMED, "HTTP 400"),
    "401": ({"status": 401}, CREDENTIALS, "rejects key or token"),
    "403": ({"status": 403}, CREDENTIALS, "may not read the organization"),
    "404": ({"status": 404, **OOPS}, CONFIG, "api.url"),
    "418": ({"status": 418}, MALFORMED, "HTTP 418"),
    "429": ({"status": 429}, UNAVAILABLE, "fewer requests"),
    "429 for a second": ({"status": 429, "headers": {"Retry-After": "1"}}, UNAVAILABLE, "fewer requests"),
    "429 until 2099": ({"status": 429, "headers": {"Retry-After": "Thu, 01 Jan 2099 00:00:00 GMT"}},
                       UNAVAILABLE, "fewer requests"),
    "500": ({"status": 500}, UNAVAILABLE, "HTTP 500"),
    "502 with HTML": ({"status": 502, **HTML}, UNAVAILABLE, "HTTP 502"),
    "503 that attacks a terminal": ({"status": 503, "content_type": "text/plain", "body": "\x1b[2J\u202e"},
                                    UNAVAILABLE, "HTTP 503"),
    "reset": ({"reset": True, "times": 2}, UNAVAILABLE, "the connection was"),  # a kept one is replaced once, unasked
    "without end": ({"endless": True, "transfer": "chunked"}, MALFORMED, "sync.max_body"),
    "packed unasked": ({"headers": {"Content-Encoding": "gzip"}}, MALFORMED, "gzip"),
    "a flood of headers": ({"raw": HEAD + "X-More: and more\r\n" * 40000}, MALFORMED, "head of the answer"),
    "a header of 400 kB": ({"raw": HEAD + "X-Long: " + "x" * 400000 + "\r\n\r\n"}, MALFORMED, "head of the answer"),
}


@pytest.mark.parametrize("name", HTTP)
def test_http(synced, simulator, name):
    script, code, word = HTTP[name]
    simulator.fault(**script)
    assert_refused(synced, code, word)


SLOW = {
    "no answer": ({"delay_ms": 600000}, "within 2 s"),
    "half a body": ({"stall_after": 100}, "within 2 s"),
    "drop after drop": ({"chunk": 1, "drip_ms": 100}, "sync.total_timeout"),
}


@pytest.mark.parametrize("name", SLOW)
def test_slow(synced, simulator, name):
    script, word = SLOW[name]
    simulator.fault(**script)
    synced.configure(sync=IMPATIENT)
    assert_refused(synced, UNAVAILABLE, word)


# ---- TLS and what lies below

FLAWS = {
    "expired": "has expired",
    "self-signed": "is self-signed",
    "wrong-host": "is not for this host",
    "unknown-ca": "authority that is not known",
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_tls(synced, start_simulator, flaw):
    flawed = start_simulator("--tls-flaw", flaw)
    synced.configure(api={"url": flawed.url, "ca_file": flawed.ca_file})
    assert_refused(synced, UNAVAILABLE, FLAWS[flaw])


def test_refused(synced, simulator):
    simulator.go_away()
    assert_refused(synced, UNAVAILABLE, "refused")
    simulator.come_back()


def test_dns(synced):
    synced.configure(api={"url": "https://nobody.invalid/0.1.0"})
    assert_refused(synced, UNAVAILABLE, "api.url")


# ---- JSON and meaning


def answer(simulator):
    """What the simulator would answer, as an object."""
    return {"count": 1, "rows": [simulator.organization()]}


def text(make):
    """A row that changes the answer's text."""
    return lambda simulator: make(json.dumps(answer(simulator)).encode())


def row(**fields):
    """A row that changes the organization."""
    def make(simulator):
        whole = answer(simulator)
        whole["rows"][0].update(fields)
        return json.dumps(whole).encode()
    return make


def without(name):
    def make(simulator):
        whole = answer(simulator)
        del (whole if name in whole else whole["rows"][0])[name]
        return json.dumps(whole).encode()
    return make


def top(**fields):
    """A row that changes the envelope's top."""
    return lambda simulator: json.dumps({**answer(simulator), **fields}).encode()


def two_rows(simulator):
    whole = answer(simulator)
    return json.dumps({**whole, "count": 2, "rows": whole["rows"] * 2}).encode()


def renamed_repeat(simulator):
    whole = answer(simulator)
    whole["rows"][0]["users"].append({**whole["rows"][0]["users"][0], "name": "Another"})
    return json.dumps(whole).encode()


ERROR_ENVELOPE = {"type": {"code": 500, "description": "Internal Server Error"}, "message": "x"}
DEEP = b'{"a":' * 40 + b"1" + b"}" * 40

JSON = {
    "the end is missing": (text(lambda body: body[:-1]), "in the middle"),
    "half of it is missing": (text(lambda body: body[:len(body) // 2]), "in the middle"),
    "garbage behind it": (text(lambda body: body + b"x"), "cannot be believed"),
    "twice": (text(lambda body: body + body), "cannot be believed"),
    "a NUL behind it": (text(lambda body: body + b"\0"), "cannot be believed"),
    "a byte order mark": (text(lambda body: b"\xef\xbb\xbf" + body), "cannot be believed"),
    "the count twice": (text(lambda body: body.replace(b'{"count": 1', b'{"count": 1, "count": 1', 1)), "twice"),
    "the id twice": (text(lambda body: body.replace(b'"users"', b'"id": "x", "users"', 1)), "twice"),
    "the users twice": (text(lambda body: body.replace(b'"users"', b'"users": [], "users"', 1)), "twice"),
    "no UTF-8": (text(lambda body: body.replace(b'"name": {', b'"name": {"xx": "\xff", ', 1)), "UTF-8"),
    "half a surrogate pair": (text(lambda body: body.replace(b'"name": {', b'"name": {"xx": "\\ud800", ', 1)),
                              "surrogate"),
    "a NUL in the name": (row(name={"en": "a\0b"}), "U+0000"),
    "nesting": (text(lambda body: body.replace(b'"name": {', b'"name": {"xx": ' + DEEP + b", ", 1)), "nest too deep"),
    "nesting without end": (lambda simulator: b'{"a":' * 40000, "nest too deep"),
    "a bracket too many in the list": (text(lambda body: body.replace(b"}}, {", b"}}], {", 1)), "cannot be believed"),
    "a bracket too few in the list": (text(lambda body: body.replace(b"}}, {", b"}, {", 1)), "cannot be believed"),
    "a bracket of the wrong kind": (text(lambda body: body[:-1] + b"]"), "cannot be believed"),
    "null": (lambda simulator: b"null", "no JSON object begins"),
    "a list": (lambda simulator: b"[]", "no JSON object begins"),
    "a text": (lambda simulator: b'"{}"', "no JSON object begins"),
    "an empty object": (lambda simulator: b"{}", "rows"),
    "an error with status 200": (lambda simulator: json.dumps(ERROR_ENVELOPE).encode(), "rows"),
    "no rows": (without("rows"), "rows is missing"),
    "rows that are no list": (top(rows={}), "rows is an object"),
    "no row": (top(rows=[], count=0), "0 elements"),
    "two rows": (two_rows, "2 elements"),
    "a row that is none": (top(rows=[None]), "rows[0] is null"),
    "no count": (without("count"), "count is missing"),
    "count 0": (top(count=0), "count is 0"),
    "count 3": (top(count=3), "count is 3"),
    "count in words": (top(count="1"), "count is a string"),
    "no users": (without("users"), "users is missing"),
    "users null": (row(users=None), "users is null"),
    "users by id": (row(users={AMY: {}}), "users is an object"),
    "nobody": (row(users=[]), "users is empty"),
    "no id": (without("id"), "id is missing"),
    "an empty id": (row(id=""), "id is empty"),
    "an id of 129 bytes": (row(id="x" * 129), "129 bytes"),
    "another organization": (row(id="another"), 'is about organization "another"'),
    "a name that is a text": (row(name="Acme"), "name is a string"),
    "the same member with other content": (renamed_repeat, "appears twice"),
    "a member of 70 kB": (text(lambda body: body.replace(b"Amy Evans", b"A" * 70000)), "64 KiB"),
    "an organization of 70 kB": (row(name={"en": "A" * 70000}), "64 KiB"),
    "nobody who can be read": (row(users=[1, 2]), "none of the answer's records can be read"),
}


@pytest.mark.parametrize("name", JSON)
def test_json(synced, simulator, name):
    make, word = JSON[name]
    simulator.answer_with(make(simulator))
    assert_refused(synced, MALFORMED, word)


def test_more_members_than_allowed(synced, simulator):
    simulator.join()
    synced.configure(sync={"max_members": 3})
    assert_refused(synced, MALFORMED, "sync.max_members")


def test_the_same_member_twice_with_the_same_content(synced, simulator, database):
    whole = answer(simulator)
    whole["rows"][0]["users"].append(whole["rows"][0]["users"][0])
    simulator.answer_with(json.dumps(whole).encode())
    done = synced.once()
    assert "duplicate_records" in done.err
    assert len(database.members()) == 3 and len(database.changes()) == 3


def test_another_organization_says_how_to_go_on(synced, simulator, database):
    """What the sentence says must help."""
    simulator.change_organization_id("another")
    assert_refused(synced, MALFORMED, "a database of its own")
    synced.configure(api={"organization_id": "another"})
    assert "another database" in synced.once(code=CONFIG).err

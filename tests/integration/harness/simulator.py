"""The Luzmo simulator as a test holds it: start it, change its organization, make it fail (tests/simulator/README.md)."""

import http.client
import json
import pathlib
import shlex
import subprocess

from harness.account import clean_environment, die_with_tests
from harness.waiting import PATIENCE, wait_until

AMY = "b9c8c05a-4a76-11eb-b378-0242ac130002"
DAVID = "b33b2d5b-da2b-4eac-8bfd-846bd59f5b2d"
JULIA = "fc3801a2-cd12-4a9a-ae65-ba7e81b37a4b"

DOCUMENTED_ANSWER = pathlib.Path(__file__).parents[2] / "data" / "documented-answer.json"


class Refused(Exception):
    """The simulator did not understand; its sentence is the text."""


class Simulator:
    def __init__(self, binary, directory, *options):
        assert pathlib.Path(binary).exists(), f"{binary} is not built; ROLLCALL_BUILD names the build directory"
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        ready_file = self.directory / "ready"
        ready_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [binary, "--tls-dir", self.directory, "--ready-file", ready_file, *map(str, options)],
            stdout=subprocess.DEVNULL, env=clean_environment(), preexec_fn=die_with_tests)
        wait_until(lambda: ready_file.exists() or self.process.poll() is not None, "the simulator to start")
        assert self.process.poll() is None, f"the simulator ended at once with {self.process.returncode}"
        places = dict(word.split("=", 1) for word in shlex.split(ready_file.read_text()))
        self.url = places["SIMULATOR_URL"]
        self.localhost_url = places["SIMULATOR_LOCALHOST_URL"]
        self.port = int(places["SIMULATOR_PORT"])
        self.ca_file = places["SIMULATOR_CA"]
        self.key = places["SIMULATOR_KEY"]
        self.token = places["SIMULATOR_TOKEN"]
        self._control = places["SIMULATOR_CONTROL"].removeprefix("http://")

    def close(self):
        """Ends it; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE)

    def steer(self, method, path, body=None):
        """One call of the control port: bytes go as they are, anything else as JSON. Returns the answer's bytes."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(self._control, timeout=PATIENCE)
        try:
            connection.request(method, path, data)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise Refused(json.loads(answer)["error"])
        return answer

    # ---- members

    def member(self, member):
        return json.loads(self.steer("GET", f"/members/{member}"))

    def patch(self, member, **fields):
        """Merges fields into the record; null is a value. Returns the record."""
        return json.loads(self.steer("PATCH", f"/members/{member}", fields))

    def set_flag(self, member, flag, value):
        """A flag of the role; Luzmo's own time of change moves with it."""
        return self.patch(member, organizationRole={flag: value})

    def rename(self, member, name):
        return self.patch(member, name=name)

    def join(self, **fields):
        """Somebody joins; what is not given is made up. Returns the record."""
        return json.loads(self.steer("POST", "/members", fields))

    def leave(self, member):
        self.steer("DELETE", f"/members/{member}")

    def comeback(self, member):
        self.steer("POST", f"/members/{member}/return")

    def put(self, member, record):
        """Serves these bytes (or this object) as the member, whatever they are."""
        self.steer("PUT", f"/members/{member}", record)

    # ---- who is shown in which answer

    def show(self, *members, organization=True, user=True):
        """Are they among the members of the organization's answer, and does `user` find them?"""
        self.steer("POST", "/sight", {"members": members, "organization": organization, "user": user})

    def hide(self, *members):
        """The organization's answer comes without them, as if it were clipped; `user` still finds them."""
        self.show(*members, organization=False)

    def show_only(self, *members):
        """The token lost sight of everybody else: neither answer has them."""
        self.steer("POST", "/sight", {"organization": False, "user": False})
        self.show(*members)

    def show_all(self):
        self.steer("POST", "/sight", {"organization": True, "user": True})

    # ---- the token

    def own_user(self):
        """Whose token it is."""
        return json.loads(self.steer("GET", "/token"))["user_id"]

    def set_token(self, **values):
        """user_id, expiry: what `authorization` tells. Without this it is the first member, and never expires."""
        self.steer("PATCH", "/token", values)

    def limit(self, per_second, burst):
        """So many calls with the token, then 429."""
        self.steer("PUT", "/limit", {"per_second": per_second, "burst": burst})

    def unlimited(self):
        self.steer("DELETE", "/limit")

    # ---- the organization

    def organization(self):
        """The row as it is now: id, name, users."""
        return json.loads(self.steer("GET", "/organization"))["rows"][0]

    def rename_organization(self, **names):
        self.steer("PATCH", "/organization", {"name": names})

    def change_organization_id(self, organization_id):
        """Of the organization and, as in a real answer, of every member's role."""
        self.steer("PATCH", "/organization", {"id": organization_id})
        for user in self.organization()["users"]:
            self.patch(user["id"], organizationRole={"organization_id": organization_id})

    def generate(self, members, seed=1):
        self.steer("POST", "/generate", {"members": members, "seed": seed})

    def shuffle(self, members=0, text=0):
        """Other member order, other bytes for the same values, by seed; 0 = as stored."""
        self.steer("POST", "/shuffle", {"members": members, "text": text})

    def answer_with(self, body):
        """The whole answer, byte for byte, until None."""
        self.steer("DELETE" if body is None else "PUT", "/body", body)

    def reset(self):
        self.steer("POST", "/reset")

    # ---- faults: of the organization's answer, unless they name another resource

    def fault(self, times=1, **script):
        self.steer("POST", "/faults", {"times": times, **script})

    def fail(self, status, times=1, **script):
        self.fault(times, status=status, **script)

    def cut(self, after, times=1, **script):
        self.fault(times, cut_after=after, **script)

    def chunk(self, size, times=1):
        self.fault(times, chunk=size, transfer="chunked")

    def refuse(self, resource, status):
        """Every question to `user` or `authorization` is refused as the API would, until accept."""
        unknown = {"body": "Oops, this route does not exist (yet)!", "content_type": "text/html; charset=utf-8"}
        self.fail(status, times=-1, resource=resource, **(unknown if status == 404 else {}))

    def accept(self, resource):
        """Forgets the faults of this resource."""
        self.steer("DELETE", f"/faults/{resource}")

    def clear_faults(self):
        self.steer("DELETE", "/faults")

    def go_away(self):
        """Connections are refused until come_back."""
        self.steer("DELETE", "/listening")

    def come_back(self):
        self.steer("PUT", "/listening")

    # ---- what arrived

    def journal(self):
        return json.loads(self.steer("GET", "/requests"))

    def requests(self):
        return self.journal()["requests"]

    def polls(self):
        """Those for the organization."""
        return [request for request in self.requests() if request["path"].endswith("/organization")]

    def forget_requests(self):
        self.steer("DELETE", "/requests")

    def violations(self):
        """How many requests asked for anything but `get`, ever."""
        return self.journal()["violations"]

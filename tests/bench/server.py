"""The API's stand-in: nginx serves an organization's file over HTTPS, on 127.0.0.1, to whoever asks."""

import os
import pathlib
import pwd
import shutil
import socket
import subprocess

from harness.account import clean_environment, die_with_tests
from harness.postgres import reserved_port
from harness.waiting import wait_until

HERE = pathlib.Path(__file__).parent
UNPACKED = HERE.parents[1] / "build/nginx/usr/sbin/nginx"

KEY = "5f0c2f4e-6d1b-4c79-9b55-0d9c64d0b7a1"
TOKEN = "only-for-measuring"
OWNER_NEVER_EXPIRES = ('{"count":1,"rows":[{"id":"%s","type":"api","user_id":"%s",'
                       '"expiry":"9999-12-31T00:00:00.000Z"}]}')


def nginx_program():
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or UNPACKED
    assert pathlib.Path(program).exists(), "nginx is missing; tests/bench/run brings it"
    return program


class Api:
    """Serves what serve() was given last."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.answers = self.directory / "answers"
        for path in (self.answers, self.directory / "temp"):
            path.mkdir(parents=True)
        self.ca_file = self.directory / "certificate.pem"
        self._make_certificate()
        self._place = reserved_port()
        self.port = self._place.getsockname()[1]
        self.host = f"https://localhost:{self.port}"
        self.url = f"{self.host}/0.1.0"
        self._start()

    def _make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", self.directory / "key.pem", "-out", self.ca_file],
                       check=True, stderr=subprocess.DEVNULL)

    def _start(self):
        text = (HERE / "nginx.conf").read_text()
        words = {"directory": self.directory, "port": self.port, "user": pwd.getpwuid(os.geteuid()).pw_name}
        for name, value in words.items():
            text = text.replace(f"@{name}@", str(value))
        config = self.directory / "nginx.conf"
        config.write_text(text)
        log = open(self.directory / "error.log", "ab")
        self.process = subprocess.Popen([nginx_program(), "-e", self.directory / "error.log", "-c", config],
                                        stderr=log, env=clean_environment(), preexec_fn=die_with_tests)
        wait_until(self._is_up, "nginx to start")

    def _is_up(self):
        assert self.process.poll() is None, (self.directory / "error.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _write(self, name, text):
        (self.answers / name).write_text(text)

    def introduce(self, owner):
        """Whose token it is; nobody else can be found by `user`."""
        self._write("authorization.json", OWNER_NEVER_EXPIRES % (KEY, owner))
        self._write("user.json", '{"count":0,"rows":[]}')

    def serve(self, body):
        """From now on the organization's answer is this file."""
        fresh = self.answers / "fresh"
        fresh.symlink_to(body)
        fresh.rename(self.answers / "organization.json")

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)

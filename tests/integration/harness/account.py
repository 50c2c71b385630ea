"""Under which account programs run, and with which environment."""

import ctypes
import grp
import os
import pwd
import signal
import subprocess

POSTGRES_USER = "postgres"


def server_account():
    """Arguments for subprocess that make a PostgreSQL server run: it refuses root, so root lends it an account."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(POSTGRES_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin",
                        POSTGRES_USER], check=True)
        user = pwd.getpwnam(POSTGRES_USER)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def give_to_server(path):
    """Makes a directory the server's own."""
    account = server_account()
    if account:
        os.chown(path, account["user"], grp.getgrgid(account["group"]).gr_gid)


def die_with_tests():
    """In a child before it becomes a program: nothing outlives tests that were killed. SIGQUIT, because a PostgreSQL
    server that is killed leaves its children behind."""
    set_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGQUIT)


def clean_environment(**more):
    """This environment without anything that would steer the program, a client library or a proxy behind a test's back."""
    unwanted = ("LUZMO_", "PG", "ROLLCALL_", "SSL", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_", "NO_COLOR")
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(unwanted) and not name.lower().endswith("_proxy")}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC", **more}

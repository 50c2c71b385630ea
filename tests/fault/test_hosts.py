"""A connection string with several hosts or with names: a host that is silent, and names that lead elsewhere afterwards."""

import os
import shlex
import socket
import tempfile

import pytest

from harness.postgres import PASSWORD, ROLE, Database, Postgres, Standby
from harness.simulator import AMY
from harness.truth import assert_invariants, assert_mirrors, wait_for_mirror


# ---- silent


@pytest.fixture
def silent_hosts():
    """Directories with the socket of a server that takes connections and says nothing, as one that hangs."""
    with tempfile.TemporaryDirectory(prefix="rollcall-silent-", dir="/tmp") as directory:
        hosts, listeners = [], []
        for name in ("one", "two"):
            hosts.append(f"{directory}/{name}")
            os.mkdir(hosts[-1])
            listeners.append(socket.socket(socket.AF_UNIX))
            listeners[-1].bind(f"{hosts[-1]}/.s.PGSQL.5432")
            listeners[-1].listen()
        yield hosts
        for listener in listeners:
            listener.close()


def connect_to(rollcall, hosts):
    conninfo = f"host={','.join(map(str, hosts))} dbname={rollcall.database.name} user={ROLE}"
    rollcall.configure(database={"conninfo": conninfo})
    return rollcall


def test_hosts_that_are_silent_do_not_hide_those_behind_them(rollcall, postgres, simulator, database, silent_hosts):
    connect_to(rollcall, [silent_hosts[0], "/nowhere", silent_hosts[1], postgres.directory]).once()
    assert_mirrors(database, simulator)


def test_nobody_answers(rollcall, silent_hosts):
    result = connect_to(rollcall, silent_hosts[:1]).once(code=69)
    assert "does not answer" in result.err


# ---- names


class Names:
    """What the program finds behind host names; everybody else has the machine's own."""

    def __init__(self, rollcall):
        self.file = rollcall.directory / "hosts"
        script = rollcall.directory / "rollcall-with-names"
        script.write_text("#!/bin/sh\nexec unshare --mount sh -c 'mount --bind \"$0\" /etc/hosts && exec \"$@\"'"
                          f" {self.file} {shlex.quote(str(rollcall.binary))} \"$@\"\n")
        script.chmod(0o755)
        rollcall.binary = script
        self.lead_to("127.0.0.1")
        if rollcall.run_with("--version").code != 0:
            pytest.skip("only root may have names of its own")

    def lead_to(self, address):
        self.file.write_text(f"{address} db.test\n")


@pytest.fixture
def pair(rollcall, database):
    """A primary with the members recorded, and a copy that has them, too; both with a port at an address of its own."""
    with tempfile.TemporaryDirectory(prefix="rollcall-pair-", dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        places = [f"{directory}/primary", f"{directory}/standby"]
        for place in places:
            os.mkdir(place, 0o755)
        primary = Postgres(places[0])
        primary.start()
        loaded = primary.create_database()
        rollcall.configure(database={"conninfo": loaded.conninfo})
        rollcall.once()
        standby = Standby(primary, places[1])
        primary.stop()
        primary.start(tcp=True)
        standby.start(tcp=True, listen_addresses="127.0.0.2")
        yield loaded, Database(standby, loaded.name)
        primary.stop("immediate")
        standby.stop("immediate")


def test_a_name_that_leads_elsewhere_is_looked_up_anew(rollcall, pair, simulator):
    """As when an administrator moves the service's name to the new primary."""
    old, new = pair
    names = Names(rollcall)
    ports = f"{old.server.tcp_port},{new.server.tcp_port}"
    rollcall.configure(database={"conninfo": f"host=db.test,db.test port={ports} dbname={old.name} user={ROLE} "
                                             f"password={PASSWORD} target_session_attrs=read-write"})
    daemon = rollcall.run()
    simulator.rename(AMY, "Amy the first")
    wait_for_mirror(old, simulator)
    old.server.stop("immediate")
    new.server.promote()
    names.lead_to("127.0.0.2")
    simulator.rename(AMY, "Amy the second")
    wait_for_mirror(new, simulator)
    assert_invariants(new)
    assert daemon.stop() == 0

"""What is remembered outside the database: a backup that is put back is told, and the file that this needs may be torn,
foreign, or have no room, without a cycle failing for it."""

import subprocess

import pytest

from harness.simulator import AMY, DAVID
from harness.truth import assert_mirrors, wait_for_mirror

KNOWN = "committed-default"


@pytest.fixture
def directory(tmp_path):
    directory = tmp_path / "state"
    directory.mkdir()
    return directory


@pytest.fixture
def once(rollcall, directory):
    """One cycle of a program that has a state directory."""
    return lambda code=0: rollcall.command("once", STATE_DIRECTORY=str(directory)).expect(code)


def live_on(simulator):
    """What happens after the backup; the number of members stays what it was. Returns who joined."""
    simulator.rename(AMY, "Amy E.")
    simulator.leave(DAVID)
    return simulator.join()["id"]


def told(result):
    return "event=discontinuity" in (result if isinstance(result, str) else result.err)


def outcomes(database):
    return [cycle["outcome"] for cycle in database.cycles()]


# ---- the database was put back


def test_a_restored_backup_is_told(once, rollcall, simulator, database):
    once()
    backup = database.dump()
    newcomer = live_on(simulator)
    once()
    database.restore(backup)
    last = database.last_change()

    assert told(once())
    assert_mirrors(database, simulator)
    kinds = {change["user_id"]: change["kind"] for change in database.changes(after=last)}
    assert kinds == {AMY: "profile_changed", DAVID: "left", newcomer: "baseline"}, "nobody joins in silence"
    assert outcomes(database)[1] == "discontinuity"
    assert "was a backup restored?" in rollcall.status().out
    assert rollcall.status("--json").json()[0]["discontinuity_at"]
    before = len(outcomes(database))
    assert not told(once()) and len(outcomes(database)) == before, "and told once"


def test_a_backup_of_now_loses_nothing(once, rollcall, simulator, database):
    once()
    database.restore(database.dump())
    live_on(simulator)
    assert not told(once())
    assert "discontinuity" not in outcomes(database) and "backup" not in rollcall.status().out


def test_cycles_of_others_are_no_loss(once, rollcall, simulator, database):
    """What this service knows is older than what the database has."""
    once()
    live_on(simulator)
    rollcall.once()
    simulator.rename(AMY, "Amy, again")
    assert not told(once())


def test_another_database_is_told(once, rollcall, simulator, database):
    once()
    database.execute("DROP SCHEMA rollcall CASCADE")
    assert told(once())
    assert outcomes(database) == ["discontinuity"]
    assert {change["kind"] for change in database.changes()} == {"baseline"}
    assert not told(once())


def test_the_running_service_needs_no_directory(rollcall, simulator, database):
    rollcall.once()
    backup = database.dump()
    daemon = rollcall.run()
    live_on(simulator)
    wait_for_mirror(database, simulator)
    database.restore(backup)
    daemon.wait_for_log("event=discontinuity")
    wait_for_mirror(database, simulator)
    assert daemon.stop() == 0


def test_without_a_directory_a_new_process_cannot_know(rollcall, simulator, database):
    """Not promised, because it cannot be kept."""
    rollcall.once()
    backup = database.dump()
    live_on(simulator)
    rollcall.once()
    database.restore(backup)
    assert not told(rollcall.once())
    assert_mirrors(database, simulator)


# ---- the file


RUINS = {
    "torn": lambda text: text[:len(text) // 2],
    "empty": lambda text: b"",
    "altered": lambda text: text.replace(b"default", b"another"),
    "something else": lambda text: bytes(range(256)) * 100,
}


@pytest.mark.parametrize("ruin", RUINS)
def test_a_ruined_file_is_ignored(once, simulator, database, directory, ruin):
    once()
    intact = (directory / KNOWN).read_bytes()
    (directory / KNOWN).write_bytes(RUINS[ruin](intact))
    simulator.rename(AMY, "Amy E.")
    result = once()
    assert "event=state_ignored" in result.err and not told(result)
    assert_mirrors(database, simulator)
    assert (directory / KNOWN).read_bytes() not in (b"", intact), "and replaced"
    assert "state_ignored" not in once().err


def test_another_organizations_file_is_ignored(once, rollcall, simulator, database, directory):
    once()
    kept = (directory / KNOWN).read_bytes()
    database.execute("DROP SCHEMA rollcall CASCADE")
    simulator.change_organization_id("another")
    rollcall.once()
    (directory / KNOWN).write_bytes(kept)
    result = once()
    assert "another organization" in result.err and not told(result)


@pytest.fixture
def full_disk(directory):
    """A file system of one page that is taken."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=8", "tmpfs", directory],
                             capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small tmpfs")
    (directory / "other").write_bytes(b"x" * 4096)
    yield directory
    subprocess.run(["umount", directory], check=True)


def test_a_full_disk_is_a_warning(full_disk, once, simulator, database):
    result = once()
    assert "level=warning event=state_not_written" in result.err and "No space left" in result.err
    assert_mirrors(database, simulator)
    assert [path.name for path in full_disk.iterdir()] == ["other"]
    (full_disk / "other").unlink()
    simulator.rename(AMY, "Amy E.")
    assert "state_not_written" not in once().err
    assert (full_disk / KNOWN).stat().st_size > 0


def test_no_directory_is_a_warning(once, simulator, database, directory):
    directory.rmdir()
    result = once()
    assert "event=state_not_written" in result.err
    assert_mirrors(database, simulator)


def test_a_service_without_room_goes_on(full_disk, rollcall, simulator, database):
    daemon = rollcall.run(STATE_DIRECTORY=str(full_disk))
    wait_for_mirror(database, simulator)
    for name in ("Amy the first", "Amy the second"):
        simulator.rename(AMY, name)
        wait_for_mirror(database, simulator)
    daemon.wait_for_cycles(1)
    assert daemon.log().count("event=state_not_written") == 1, "told when it begins"
    assert daemon.stop() == 0

"""What `once` tells the person who typed it, after a cycle or two."""

from harness.simulator import AMY, JULIA
from harness.terminal import run_on_terminal


def once(rollcall):
    return run_on_terminal(rollcall, "once", NO_COLOR="1").decode().strip()


def test_the_first_time(rollcall):
    assert once(rollcall) == "Your organization: 3 members; 3 members recorded for the first time."
    assert once(rollcall) == "Your organization: 3 members; nothing changed."


def test_what_both_cycles_wrote_when_an_absence_was_to_be_confirmed(rollcall, simulator):
    rollcall.once()
    simulator.set_flag(AMY, "flagOwn", True)
    simulator.join()
    simulator.leave(JULIA)
    assert once(rollcall) == "Your organization: 3 members; 1 joined, 1 left, 1 role changed."


def test_what_takes_long_to_confirm_is_left_to_a_later_run(rollcall, simulator, database):
    rollcall.configure(sync={"confirm_after": "1d"})
    rollcall.once()
    simulator.leave(JULIA)
    assert once(rollcall) == "Your organization: 2 members; 1 absent (to be confirmed)."
    assert "event=absences_unconfirmed confirm_s=86" in rollcall.once().err
    assert JULIA in database.members()
    rollcall.configure(sync={"confirm_after": "1s"})
    assert "absences_unconfirmed" not in rollcall.once().err
    assert JULIA not in database.members()


def test_into_a_pipe_it_says_nothing(rollcall):
    assert rollcall.once().out == ""

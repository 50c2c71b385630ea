"""What is seen of a cycle that takes long: a line on a person's terminal, which goes away again; lines in a service's log."""

import re

import pytest

from harness.terminal import run_on_terminal

ERASE = "\r\x1b[K"


@pytest.fixture
def slow(simulator):
    """An answer that takes about three seconds, its length announced."""
    simulator.generate(200)
    simulator.fault(times=-1, chunk=2000, drip_ms=60)
    return simulator


def on_screen(text):
    """The lines that are left when everything erased is gone."""
    return [line.rpartition(ERASE)[2] for line in text.split("\n")]


def test_a_terminal_shows_a_line_that_goes_away(rollcall, slow):
    text = run_on_terminal(rollcall, "once", errors=True).decode()
    steps = re.findall(r"Reading: ([\d.]+) of ([\d.]+) MB, (\d+) members(?:, \d+ s left)?", text)
    assert len(steps) > 1, text
    assert [int(step[2]) for step in steps] == sorted(int(step[2]) for step in steps)
    assert any(" s left" in line for line in text.split(ERASE)), text
    assert not [line for line in on_screen(text) if "Reading" in line or "left" in line], text
    assert "200 members" in on_screen(text)[-2]


@pytest.mark.parametrize("terminal", ["dumb", ""])
def test_a_terminal_that_cannot_erase_shows_none(rollcall, slow, terminal):
    assert "Reading" not in run_on_terminal(rollcall, "once", errors=True, TERM=terminal).decode()


def test_no_terminal_no_line(rollcall, slow):
    done = rollcall.once()
    assert "Reading" not in done.out + done.err and "\x1b" not in done.err


def test_an_answer_of_unknown_length_has_no_end_to_count_to(rollcall, simulator):
    simulator.generate(200)
    simulator.fault(times=-1, chunk=2000, drip_ms=60, transfer="chunked")
    text = run_on_terminal(rollcall, "once", errors=True).decode()
    assert re.search(r"Reading: [\d.]+ MB, \d+ members", text) and " left" not in text


def test_a_service_tells_its_log_every_ten_seconds(rollcall, simulator):
    simulator.generate(200)
    simulator.fault(chunk=2000, drip_ms=240)
    daemon = rollcall.run()
    daemon.wait_for_log("event=cycle")
    (line,) = [line for line in daemon.log().splitlines() if "event=progress" in line]
    figures = dict(re.findall(r"(\w+)=(\d+)", line))
    assert "step=reading" in line and 0 < int(figures["bytes"]) < int(figures["bytes_in_all"])
    assert 0 < int(figures["members"]) < 200 and int(figures["left_s"]) > 0

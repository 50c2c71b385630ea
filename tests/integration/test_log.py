"""What the service tells its administrator: one event a line, one summary a poll, and never a name or an e-mail."""

import collections
import re

import pytest

from harness.simulator import AMY, DAVID, JULIA
from harness.truth import wait_for_mirror

FIELD = r'\w+=(?:"(?:[^"\\]|\\.)*"|[^\s"=\\]+)'
LINE = re.compile(rf"ts=\S+ level=(error|warning|notice|info) event=\w+(?: {FIELD})*")


def events(daemon, name=None):
    """The lines as dicts, in their order."""
    found = []
    for line in daemon.log().splitlines():
        assert LINE.fullmatch(line), line
        fields = dict(field.split("=", 1) for field in re.findall(FIELD, line))
        if name in (None, fields["event"]):
            found.append(fields)
    return found


@pytest.fixture
def daemon(rollcall, simulator, database):
    daemon = rollcall.run()
    wait_for_mirror(database, simulator)
    return daemon


def test_every_poll_has_one_summary(rollcall, simulator, database):
    """Reloading makes it poll, so that none is under way when it is stopped."""
    rollcall.configure(sync={"interval": "1h"})
    daemon = rollcall.run()
    wait_for_mirror(database, simulator)
    simulator.set_flag(AMY, "flagOwn", True)
    daemon.reload()
    wait_for_mirror(database, simulator)
    simulator.fail(503)
    daemon.reload()
    daemon.wait_for_log("outcome=failed")
    simulator.leave(DAVID)
    daemon.reload()
    daemon.wait_for_log("kind=left")
    daemon.stop()
    summaries = events(daemon, "cycle")
    assert len(summaries) == len(simulator.polls())
    outcomes = collections.Counter(summary["outcome"] for summary in summaries)
    assert outcomes["failed"] == 1 and outcomes["changed"] >= 4  # baseline, flag, absent, gone
    recorded = {summary["cycle"] for summary in summaries if "cycle" in summary}
    assert recorded == {cycle["cycle_uuid"] for cycle in database.cycles()}, "a line leads to its row"


def test_the_first_summary_says_what_is_mirrored(daemon):
    (first, *_) = events(daemon, "cycle")
    assert (first["organization"], first["members"], first["added"]) == ('"< your organization id >"', "3", "3")
    assert not events(daemon, "member_change"), "a first load is no change"


def test_a_poll_without_news_is_a_short_line(daemon):
    daemon.wait_for_log("outcome=unchanged")
    last = [summary for summary in events(daemon, "cycle") if summary["outcome"] == "unchanged"][-1]
    assert list(last) == ["ts", "level", "event", "outcome", "members", "decoded", "full", "bytes", "pull_ms", "loop_busy_ms"]


def test_every_change_is_told_by_id(daemon, simulator, database):
    simulator.rename(JULIA, "Wilhelmina Quux")
    newcomer = simulator.join(name="Wilhelmina Quux", email="wilhelmina@quux.example")
    wait_for_mirror(database, simulator)
    daemon.stop()
    told = {(change["kind"], change["user"]) for change in events(daemon, "member_change")}
    assert told == {("profile_changed", JULIA), ("joined", newcomer["id"])}
    assert "uux" not in daemon.log()


def test_a_database_that_is_away_is_told_of_once(daemon, postgres, simulator, database):
    postgres.stop()
    try:
        daemon.wait_for_log("failed: No such file")
        simulator.rename(AMY, "Amy, meanwhile")
    finally:
        postgres.start()
    wait_for_mirror(database, simulator)
    daemon.stop()
    reasons = [event["error"] for event in events(daemon, "database_away")]
    assert len(reasons) == len(set(reasons))
    assert len(events(daemon, "database_back")) == 1


def test_a_long_pause_is_announced(daemon, simulator):
    simulator.fail(401)
    daemon.wait_for_log("event=polls_paused retry_s=900")
    assert events(daemon, "cycle")[-1]["class"] == "credentials"

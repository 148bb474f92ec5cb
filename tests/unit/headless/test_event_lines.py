"""A line for the eye: aligned, harmless, coloured only where asked."""

import re
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from helios_desktop.event import Event, Fact, LeaderChange
from helios_desktop.headless.event_line import LineWriter
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.messages import Pong, ServerError

AT_NS = 1_705_314_600_123_456_789
SEEN = Observation("gw", 1, AT_NS, Kind.FRAME, "{}")


def event(
    event_type: str = "pong",
    observer: str = "gw",
    node: str = "",
    body: Fact | None = None,
    *,
    is_derived: bool = False,
) -> Event:
    return Event(event_type, AT_NS, "", observer, node, body or Pong(), SEEN, (SEEN,) if is_derived else ())


def test_a_line_has_all_that_an_eye_needs() -> None:
    writer = LineWriter(UTC, is_coloured=False)
    change = event("leader_change", "node1", "node2", LeaderChange("node1", "node2", 6), is_derived=True)
    assert writer.line(change) == ("2024-01-15 10:30:00.123 • node1 node2  leader_change       ƒ node1 → node2, term 6")


def test_times_are_in_the_zone() -> None:
    assert LineWriter(ZoneInfo("Asia/Kolkata"), is_coloured=False).line(event()).startswith("2024-01-15 16:00:00.123 ")


def test_columns_stay_in_line_when_the_node_becomes_known() -> None:
    writer = LineWriter(UTC, is_coloured=False)
    lines = [writer.line(event(observer="127.0.0.1:8080", node=node)) for node in ("", "node1", "127.0.0.1:8080")]
    assert len({line.index("pong") for line in lines}) == 1


@pytest.mark.parametrize("is_coloured", [True, False])
def test_nothing_that_a_server_sends_steers_the_terminal(is_coloured: bool) -> None:
    hostile = "x\x1b]0;title\x07\x9b31m\u202e\r\n"
    line = LineWriter(UTC, is_coloured=is_coloured).line(event(hostile, hostile, hostile, ServerError(hostile)))
    own = re.sub(r"\x1b\[[0-9;]*m", "", line)
    assert own.isprintable()


def test_colour_is_by_severity_and_always_ends() -> None:
    writer = LineWriter(UTC, is_coloured=True)
    problem = writer.line(event("connection_lost"))
    assert "\x1b[1;31m" in problem
    assert problem.rindex("\x1b[0m") > problem.rindex("\x1b[1;31m")
    assert "\x1b" not in LineWriter(UTC, is_coloured=False).line(event("connection_lost"))


def test_a_long_name_is_cut() -> None:
    line = LineWriter(UTC, is_coloured=False).line(event(observer="n" * 100))
    assert "n" * 31 + "…" in line
    assert len(line) < 120

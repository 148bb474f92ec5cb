"""What is filtered, in words."""

import pytest

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.qt.timeline_filter import CHANGES, EVERYTHING, TimelineFilter
from helios_desktop.qt.timeline_words import filter_words
from helios_desktop.qt.times import TimeStyle

AT_NS = 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (EVERYTHING, ""),
        (CHANGES, "only changes"),
        (CHANGES.with_text("node3 leads"), "only changes · with “node3 leads”"),
        (EVERYTHING.with_pattern("a|b"), "matching /a|b/"),
        (EVERYTHING.with_only_type("error").with_only_node("node1"), "only error · about node1"),
        (EVERYTHING.with_type_hidden("pong", is_hidden=True).with_node_hidden(""), "not pong · not about none"),
        (EVERYTHING.with_only_observer("gw1:80"), "told by gw1:80"),
        (EVERYTHING.with_observer_hidden("gw1:80"), "not told by gw1:80"),
        (EVERYTHING.with_severities(frozenset({Severity.PROBLEM, Severity.INFO})), "only Info, Problem"),
        (EVERYTHING.with_times(AT_NS, None), "since 2023-11-14 22:13:20 UTC"),
        (EVERYTHING.with_times(None, AT_NS), "before 2023-11-14 22:13:20 UTC"),
        (TimelineFilter(events=EventFilter(types=frozenset("abcde"))), "only a, b, c and 2 more"),
    ],
)
def test_each_part_of_a_filter_is_said(chosen: TimelineFilter, words: str) -> None:
    assert filter_words(chosen, TimeStyle.UTC) == words

"""The timeline's model: rows, filters, holds, and a log that lets old events go."""

import json
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy
from pytestqt.qtbot import QtBot

from helios_desktop.event import Event, Fact, Severity
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.messages import PeerChange, Pong, ServerError
from helios_desktop.qt.theme import DARK, LIGHT
from helios_desktop.qt.timeline_filter import EVERYTHING, TEXT_ROWS, TimelineFilter
from helios_desktop.qt.timeline_menu import cell_choices
from helios_desktop.qt.timeline_model import Column, TimelineModel, plain_tip
from helios_desktop.qt.times import TimeStyle
from helios_desktop.store.log import EventFilter, EventLog

START_NS = 1_700_000_000_000_000_000
DISPLAY = Qt.ItemDataRole.DisplayRole


def event(number: int, event_type: str = "peer_change", node: str = "node1", observer: str = "node1") -> Event:
    at_ns = START_NS + number * 1_000_000_000
    observation = Observation(observer, 1, at_ns, Kind.FRAME, json.dumps({"type": event_type, "number": number}))
    bodies: dict[str, Fact] = {"pong": Pong(), "error": ServerError(f"broken {number}")}
    body = bodies.get(event_type, PeerChange(peer_id=f"peer{number}", event_type="added"))
    return Event(event_type, at_ns, "", observer, node, body, observation)


def problem(number: int) -> Event:
    return event(number, "leader_lost")


def filled(events: Sequence[Event], capacity: int = 1000) -> EventLog:
    log = EventLog(capacity)
    log.extend(events)
    return log


@pytest.fixture
def model(qtbot: QtBot) -> TimelineModel:
    made = TimelineModel(DARK)
    # Fatal: a wrong begin, end or index ends the test.
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


def numbers(model: TimelineModel) -> list[int]:
    return list(model.numbers())


def test_rows_are_the_matching_events_oldest_first(model: TimelineModel) -> None:
    model.show(filled([event(0), event(1, "pong"), event(2)]), TimelineFilter())
    assert numbers(model) == [0, 2]
    model.show(model.log, EVERYTHING)
    assert numbers(model) == [0, 1, 2]


def test_new_events_are_appended_at_the_next_catch_up(model: TimelineModel) -> None:
    log = filled([event(0)])
    model.show(log, TimelineFilter())
    log.extend([event(1), event(2, "pong"), event(3)])
    assert numbers(model) == [0]
    assert model.unseen == 3
    assert model.catch_up() == (0, 2)
    assert numbers(model) == [0, 1, 3]
    assert model.unseen == 0


def test_rows_of_events_that_the_log_let_go_leave_at_the_top(model: TimelineModel) -> None:
    log = filled([event(n) for n in range(5)], capacity=5)
    model.show(log, EVERYTHING)
    log.extend([event(5), event(6)])
    assert model.event_at(0) is None
    assert model.data(model.index(0, Column.TYPE), DISPLAY) is None
    assert model.catch_up() == (2, 2)
    assert numbers(model) == [2, 3, 4, 5, 6]


def test_a_flood_larger_than_the_log_leaves_its_last_events(model: TimelineModel) -> None:
    log = filled([event(n) for n in range(5)], capacity=5)
    model.show(log, EVERYTHING)
    log.extend([event(n) for n in range(5, 40)])
    assert model.catch_up() == (5, 5)
    assert numbers(model) == [35, 36, 37, 38, 39]


def test_nothing_newer_is_shown_while_held(model: TimelineModel) -> None:
    log = filled([event(0)])
    model.show(log, EVERYTHING)
    model.hold(log.end)
    log.extend([event(1), event(2)])
    model.catch_up()
    assert numbers(model) == [0]
    assert model.unseen == 2
    model.show(log, TimelineFilter())
    assert numbers(model) == [0]
    model.hold(None)
    model.catch_up()
    assert numbers(model) == [0, 1, 2]


def test_a_filter_of_many_events_shows_the_newest_first_and_finds_the_rest_in_slices(model: TimelineModel) -> None:
    count = 2 * TEXT_ROWS + 10
    log = filled([event(0)] * count, capacity=count)
    model.show(log, EVERYTHING.with_text("peer"))
    assert model.number_at(0) == count - TEXT_ROWS
    found = []
    while model.is_searching:
        found.append(model.search())
    assert found == [TEXT_ROWS, 10]
    assert model.rowCount() == count
    assert model.number_at(0) == 0


def test_a_search_that_old_events_outrun_ends(model: TimelineModel) -> None:
    count = 3 * TEXT_ROWS
    log = filled([event(0)] * count, capacity=count)
    model.show(log, EVERYTHING.with_text("peer"))
    log.extend([event(0)] * (2 * TEXT_ROWS))
    model.catch_up()
    assert not model.is_searching
    assert numbers(model) == list(range(2 * TEXT_ROWS, 5 * TEXT_ROWS))


def test_a_text_is_searched_in_type_node_observer_and_summary(model: TimelineModel) -> None:
    log = filled([event(0, "error"), event(1, node="Alpha"), event(2)])
    for text, found in (("BROKEN", [0]), ("alpha", [1]), ("peer_change", [1, 2]), ("absent", [])):
        model.show(log, EVERYTHING.with_text(text))
        assert numbers(model) == found, text


def test_nodes_and_observers_can_be_chosen_alone_or_left_out(model: TimelineModel) -> None:
    log = filled([event(0, node="a", observer="x"), event(1, node="b", observer="x"), event(2, node="a", observer="y")])
    node, observer = Column.NODE, Column.OBSERVER
    for column, choice, found in ((node, 0, [0, 2]), (node, 1, [1]), (observer, 0, [0, 1]), (observer, 1, [2])):
        model.show(log, cell_choices(EVERYTHING, column, log[0])[choice][1])
        assert numbers(model) == found


def test_a_right_click_on_a_type_shows_it_alone_or_hides_it(model: TimelineModel) -> None:
    log = filled([event(0), event(1, "error"), event(2, "pong")])
    only, hidden = (chosen for _text, chosen in cell_choices(EVERYTHING, Column.TYPE, log[0]))
    model.show(log, only)
    assert numbers(model) == [0]
    model.show(log, hidden)
    assert numbers(model) == [1, 2]
    assert cell_choices(EVERYTHING, Column.TIME, log[0]) == []


def test_showing_a_type_again_after_only_another_adds_it() -> None:
    chosen = EVERYTHING.with_only_type("error")
    assert not chosen.shows_type("pong")
    assert chosen.with_type_hidden("pong", is_hidden=False).shows_type("pong")
    assert chosen.with_type_hidden("pong", is_hidden=False).shows_type("error")


def test_the_next_problem_is_one_that_the_filter_shows(model: TimelineModel) -> None:
    log = filled([event(0), problem(1), event(2), event(3, "connection_refused"), event(4)])
    model.show(log, EVERYTHING)
    assert model.next_problem(-1, 1) == 1
    assert model.next_problem(1, 1) == 3
    assert model.next_problem(3, 1) is None
    assert model.next_problem(5, -1) == 3
    assert model.next_problem(1, -1) is None
    model.show(log, TimelineFilter(events=EventFilter(hidden_types=frozenset({"leader_lost"}))))
    assert model.next_problem(-1, 1) == 2


def test_a_derived_event_is_marked_and_says_from_how_much(model: TimelineModel) -> None:
    plain = event(0)
    derived = Event("leader_lost", START_NS, "", "node1", "", plain.body, plain.observation, (plain.observation,) * 2)
    model.show(filled([plain, derived]), EVERYTHING)
    assert model.data(model.index(0, Column.TYPE), DISPLAY) == "peer_change"
    assert model.data(model.index(1, Column.TYPE), DISPLAY) == "ƒ leader_lost"
    assert "2 observations" in model.data(model.index(1, Column.TYPE), Qt.ItemDataRole.ToolTipRole)


def test_an_event_that_is_completed_in_its_place_is_painted_anew_where_it_stands(model: TimelineModel) -> None:
    derived = event(1)
    derived = replace(derived, evidence=(event(0).observation, derived.observation), after_ns=START_NS)
    log = filled([event(0), derived])
    model.show(log, EVERYTHING)
    painted = QSignalSpy(model.dataChanged)
    model.catch_up()
    assert painted.count() == 0
    log.extend(
        [replace(derived, body=PeerChange("peer1", "added", "localhost:8001"), completes=derived, is_pushed=True)]
    )
    assert model.catch_up() == (0, 0)
    assert painted.count() == 1
    assert numbers(model) == [0, 1]
    assert model.data(model.index(1, Column.SUMMARY), DISPLAY) == "peer1 added (localhost:8001)"
    assert model.data(model.index(1, Column.TYPE), DISPLAY) == "peer_change"
    tip = model.data(model.index(1, Column.TYPE), Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == [
        "Concluded at first, then told by the server.",
        "It happened between 22:13:20.000 and 22:13:21.000 UTC.",
    ]


def test_who_told_it_is_named_with_the_node_that_it_speaks_for(model: TimelineModel) -> None:
    model.show(filled([event(0, observer="gw1:8443"), event(1, observer="gw2:8443")]), EVERYTHING)
    painted = QSignalSpy(model.dataChanged)
    for _again in range(2):
        model.set_titles({"gw1:8443": "gw1:8443 (node-1)"})
    assert painted.count() == 1
    told = [model.data(model.index(row, Column.OBSERVER), DISPLAY) for row in range(2)]
    assert told == ["gw1:8443 (node-1)", "gw2:8443"]
    assert model.data(model.index(0, Column.OBSERVER), Qt.ItemDataRole.ToolTipRole) == "gw1:8443 (node-1)"


def test_severity_is_told_by_a_glyph_and_a_word_beside_the_colour(model: TimelineModel) -> None:
    model.show(filled([event(0, "pong"), event(1), event(2, "error"), problem(3)]), EVERYTHING)
    marks = {model.data(model.index(row, Column.MARK), DISPLAY) for row in range(4)}
    words = [model.data(model.index(row, Column.MARK), Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
    assert len(marks) == 4
    assert words == ["Info", "Notice", "Warning", "Problem"]
    assert model.data(model.index(3, Column.MARK), Qt.ItemDataRole.ForegroundRole) == DARK.problem
    model.set_theme(LIGHT)
    assert model.data(model.index(3, Column.MARK), Qt.ItemDataRole.ForegroundRole) == LIGHT.problem


def test_the_time_column_says_its_convention(model: TimelineModel) -> None:
    model.show(filled([event(0)]), EVERYTHING)
    at = model.index(0, Column.TIME)
    model.set_time(TimeStyle.UTC, START_NS + 60_000_000_000)
    assert model.data(at, DISPLAY) == "22:13:20.000"
    assert model.headerData(Column.TIME, Qt.Orientation.Horizontal) == "Time (UTC)"
    model.set_time(TimeStyle.RELATIVE, START_NS + 65_000_000_000)
    assert model.data(at, DISPLAY) == "1 m 05 s"
    assert model.headerData(Column.TIME, Qt.Orientation.Horizontal) == "Time (ago)"
    model.set_time(TimeStyle.UTC, START_NS + 3 * 86_400_000_000_000)
    assert model.data(at, DISPLAY) == "14 Nov 22:13"


def test_what_a_server_wrote_is_never_markup_in_a_tool_tip(model: TimelineModel) -> None:
    assert plain_tip("<b>x</b> & y\nz") == "<span>&lt;b&gt;x&lt;/b&gt; &amp; y<br>z</span>"
    assert plain_tip("a & b") == "a & b"


def test_a_line_for_the_clipboard_has_the_full_time(model: TimelineModel) -> None:
    model.show(filled([event(7)]), EVERYTHING)
    assert model.line(0).startswith("2023-11-14 22:13:27.000000000 UTC  Notice  peer_change  node1")
    assert model.line(5) == ""


def test_rows_have_no_children(model: TimelineModel) -> None:
    model.show(filled([event(0)]), EVERYTHING)
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.columnCount(QModelIndex()) == len(Column)
    assert model.number_at(0) == 0
    assert Severity.PROBLEM > Severity.WARNING

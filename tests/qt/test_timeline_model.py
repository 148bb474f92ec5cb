"""The timeline's model: rows that come and go at either end, fold what repeats, and say what each event tells."""

import json
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy
from pytestqt.qtbot import QtBot

from helios_desktop.event import Event, Fact, Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.observation import Kind, Observation
from helios_desktop.protocol.messages import PeerChange, Pong, ServerError
from helios_desktop.qt.theme import DARK, LIGHT
from helios_desktop.qt.timeline_cells import Column, plain_tip
from helios_desktop.qt.timeline_filter import EVERYTHING
from helios_desktop.qt.timeline_memory import page_of_memory
from helios_desktop.qt.timeline_menu import cell_choices
from helios_desktop.qt.timeline_model import TimelineModel
from helios_desktop.qt.timeline_told import Told, row_of
from helios_desktop.qt.times import TimeStyle
from helios_desktop.store.log import EventLog

START_NS = 1_700_000_000_000_000_000
DISPLAY = Qt.ItemDataRole.DisplayRole


def event(
    number: int, event_type: str = "peer_change", node: str = "node1", observer: str = "node1", text: str = ""
) -> Event:
    at_ns = START_NS + number * 1_000_000_000
    observation = Observation(observer, 1, at_ns, Kind.FRAME, json.dumps({"type": event_type, "number": number}))
    bodies: dict[str, Fact] = {"pong": Pong(), "error": ServerError(text or f"broken {number}")}
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


def show(model: TimelineModel, log: EventLog) -> None:
    page = page_of_memory(log, EventFilter(), log.first, log.end)
    model.show(Told(log, None, reads_all=False), page.numbers, page.repeats)


def shown(model: TimelineModel, column: Column, role: Qt.ItemDataRole = DISPLAY) -> list[object]:
    return [model.data(model.index(row, column), role) for row in range(model.rowCount())]


def add(model: TimelineModel, log: EventLog, events: Sequence[Event]) -> None:
    first = log.end
    log.extend(events)
    page = page_of_memory(log, EventFilter(), first, log.end)
    model.append(page.numbers, page.repeats)


def test_rows_of_events_that_the_log_let_go_are_empty_until_they_leave(model: TimelineModel) -> None:
    log = filled([event(n) for n in range(5)], capacity=5)
    show(model, log)
    add(model, log, [event(5), event(6)])
    assert model.event_at(0) is None
    assert model.data(model.index(0, Column.TYPE), DISPLAY) is None
    model.drop_before(log.first)
    assert model.numbers() == (2, 3, 4, 5, 6)
    model.drop_from(4)
    assert model.numbers() == (2, 3)


def test_what_is_told_again_stands_once_with_its_count(model: TimelineModel) -> None:
    log = filled([event(0), event(1, "error", text="x"), event(2, "error", text="x"), event(3)])
    show(model, log)
    assert shown(model, Column.SUMMARY) == ["peer0 added", "×2  x", "peer3 added"]
    assert [model.count_at(row) for row in range(3)] == [1, 2, 1]
    assert [model.row_of(number) for number in range(4)] == [0, 1, 1, 2]
    tip = model.data(model.index(1, Column.SUMMARY), Qt.ItemDataRole.ToolTipRole)
    assert tip == "2 times since 2023-11-14 22:13:21.000000000 UTC: x"


def test_a_repeat_that_comes_joins_the_last_row(model: TimelineModel) -> None:
    log = filled([event(0), event(1, "error", text="x")])
    show(model, log)
    painted = QSignalSpy(model.dataChanged)
    add(model, log, [event(2, "error", text="x"), event(3, "error", text="x"), event(4)])
    assert shown(model, Column.SUMMARY) == ["peer0 added", "×3  x", "peer4 added"]
    assert painted.count() == 1
    add(model, log, [event(5, "error", text="x", node="node2"), event(6, "error", text="x")])
    assert model.rowCount() == 5


def test_older_rows_come_at_the_top_and_join_the_first_run(model: TimelineModel) -> None:
    log = filled([event(0), *(event(n, "error", text="x") for n in range(1, 6)), event(6)])
    page = page_of_memory(log, EventFilter(), 4, 7)
    model.show(Told(log, None, reads_all=False), page.numbers, page.repeats)
    assert shown(model, Column.SUMMARY) == ["×2  x", "peer6 added"]
    for first, end in ((2, 4), (0, 2)):
        page = page_of_memory(log, EventFilter(), first, end)
        model.prepend(page.numbers, page.repeats)
    assert shown(model, Column.SUMMARY) == ["peer0 added", "×5  x", "peer6 added"]


def test_a_row_of_several_unfolds_and_folds_again(model: TimelineModel) -> None:
    log = filled([event(0), *(event(n, "error", text="x") for n in range(1, 4)), event(4)])
    show(model, log)
    model.unfold(1)
    assert shown(model, Column.SUMMARY) == ["peer0 added", "x", "x", "x", "peer4 added"]
    model.fold(2)
    assert shown(model, Column.SUMMARY) == ["peer0 added", "×3  x", "peer4 added"]
    assert model.number_at(1) == 3


def test_a_right_click_offers_this_only_and_not_this_of_each_cell_that_can_be_filtered_by() -> None:
    told = row_of(0, event(7, "error", node="a", observer="x"))
    found = {column: [chosen.events for _text, chosen in cell_choices(EVERYTHING, column, told)] for column in Column}
    names = frozenset
    assert found[Column.TIME] == [EventFilter(since_ns=told.at_ns), EventFilter(until_ns=told.at_ns + 1)]
    assert found[Column.TYPE] == [EventFilter(types=names({"error"})), EventFilter(hidden_types=names({"error"}))]
    assert found[Column.NODE] == [EventFilter(nodes=names({"a"})), EventFilter(hidden_nodes=names({"a"}))]
    assert found[Column.OBSERVER] == [EventFilter(observers=names({"x"})), EventFilter(hidden_observers=names({"x"}))]
    assert found[Column.MARK] == [
        EventFilter(severities=names({Severity.WARNING})),
        EventFilter(severities=names(Severity) - {Severity.WARNING}),
    ]
    assert found[Column.SUMMARY] == []


def test_the_row_of_an_instant_is_marked(model: TimelineModel) -> None:
    show(model, filled([event(n) for n in range(5)]))
    background = Qt.ItemDataRole.BackgroundRole
    for at_s, marked in ((2.5, 2), (4, 4), (99, 4), (-1, None)):
        model.set_instant(START_NS + int(at_s * 1e9))
        colours = shown(model, Column.SUMMARY, background)
        assert [row for row, colour in enumerate(colours) if colour is not None] == ([] if marked is None else [marked])
    model.set_instant(None)
    assert set(shown(model, Column.SUMMARY, background)) == {None}


def test_showing_a_type_again_after_only_another_adds_it() -> None:
    chosen = EVERYTHING.with_only_type("error")
    assert not chosen.shows_type("pong")
    assert chosen.with_type_hidden("pong", is_hidden=False).shows_type("pong")
    assert chosen.with_type_hidden("pong", is_hidden=False).shows_type("error")


def test_a_derived_event_is_marked_and_says_from_how_much(model: TimelineModel) -> None:
    plain = event(0)
    derived = Event("leader_lost", START_NS, "", "node1", "", plain.body, plain.observation, (plain.observation,) * 2)
    show(model, filled([plain, derived]))
    assert model.data(model.index(0, Column.TYPE), DISPLAY) == "peer_change"
    assert model.data(model.index(1, Column.TYPE), DISPLAY) == "ƒ leader_lost"
    assert "2 observations" in model.data(model.index(1, Column.TYPE), Qt.ItemDataRole.ToolTipRole)


def test_an_event_that_is_completed_in_its_place_is_painted_anew_where_it_stands(model: TimelineModel) -> None:
    derived = event(1)
    derived = replace(derived, evidence=(event(0).observation, derived.observation), after_ns=START_NS)
    log = filled([event(0), derived])
    show(model, log)
    painted = QSignalSpy(model.dataChanged)
    log.extend(
        [replace(derived, body=PeerChange("peer1", "added", "localhost:8001"), completes=derived, is_pushed=True)]
    )
    model.repaint()
    assert painted.count() == 1
    assert model.numbers() == (0, 1)
    assert model.data(model.index(1, Column.SUMMARY), DISPLAY) == "peer1 added (localhost:8001)"
    assert model.data(model.index(1, Column.TYPE), DISPLAY) == "peer_change"
    tip = model.data(model.index(1, Column.TYPE), Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == [
        "Concluded at first, then told by the server.",
        "It happened between 22:13:20.000 and 22:13:21.000 UTC.",
    ]


def test_who_told_it_is_named_with_the_node_that_it_speaks_for(model: TimelineModel) -> None:
    show(model, filled([event(0, observer="gw1:8443"), event(1, observer="gw2:8443")]))
    painted = QSignalSpy(model.dataChanged)
    for _again in range(2):
        model.set_titles({"gw1:8443": "gw1:8443 (node-1)"})
    assert painted.count() == 1
    told = [model.data(model.index(row, Column.OBSERVER), DISPLAY) for row in range(2)]
    assert told == ["gw1:8443 (node-1)", "gw2:8443"]
    assert model.data(model.index(0, Column.OBSERVER), Qt.ItemDataRole.ToolTipRole) == "gw1:8443 (node-1)"


def test_severity_is_told_by_a_glyph_and_a_word_beside_the_colour(model: TimelineModel) -> None:
    show(model, filled([event(0, "pong"), event(1), event(2, "error"), problem(3)]))
    marks = {model.data(model.index(row, Column.MARK), DISPLAY) for row in range(4)}
    words = [model.data(model.index(row, Column.MARK), Qt.ItemDataRole.AccessibleTextRole) for row in range(4)]
    assert len(marks) == 4
    assert words == ["Info", "Notice", "Warning", "Problem"]
    assert model.data(model.index(3, Column.MARK), Qt.ItemDataRole.ForegroundRole) == DARK.problem
    model.set_theme(LIGHT)
    assert model.data(model.index(3, Column.MARK), Qt.ItemDataRole.ForegroundRole) == LIGHT.problem


def test_the_time_column_says_its_convention(model: TimelineModel) -> None:
    show(model, filled([event(0)]))
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
    show(model, filled([event(7)]))
    assert model.line(0).startswith("2023-11-14 22:13:27.000000000 UTC  Notice  peer_change  node1")
    assert model.line(5) == ""


def test_rows_have_no_children(model: TimelineModel) -> None:
    show(model, filled([event(0)]))
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.columnCount(QModelIndex()) == len(Column)
    assert model.number_at(0) == 0
    assert Severity.PROBLEM > Severity.WARNING

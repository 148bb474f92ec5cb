"""The timeline as the user meets it: following, holding, filtering, choosing, and saying what is not shown."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event, Severity, severity_of
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.stored import plain_event
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Kind, Observation
from helios_desktop.profiles.filters import SavedFilters
from helios_desktop.protocol.messages import PeerChange
from helios_desktop.qt.chips import Chip
from helios_desktop.qt.markers import Markers
from helios_desktop.qt.theme import DARK, LIGHT
from helios_desktop.qt.timeline import TimelinePanel
from helios_desktop.qt.timeline_cells import Column
from helios_desktop.qt.timeline_filter import CHANGES, EVERYTHING, TimelineFilter
from helios_desktop.qt.timeline_memory import page_of_memory
from helios_desktop.qt.timeline_model import TimelineModel
from helios_desktop.qt.timeline_table import TimelineTable
from helios_desktop.qt.timeline_told import Told
from helios_desktop.qt.times import TimeStyle
from helios_desktop.store.log import EventLog
from tests.qt.real_cluster import GATEWAYS, RealCluster
from tests.qt.recorded import Recorded, Recording

START_NS = 1_700_000_000_000_000_000
NBSP = "\N{NO-BREAK SPACE}"


def event(number: int, event_type: str = "peer_change", node: str = "node1") -> Event:
    at_ns = START_NS + number * 1_000_000_000
    observation = Observation(node, 1, at_ns, Kind.FRAME, json.dumps({"type": event_type, "number": number}))
    return Event(event_type, at_ns, "", node, node, PeerChange(f"peer{number}", "added"), observation)


def make_monitor() -> Monitor:
    target = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
    return Monitor(target, now_ns=lambda: START_NS, rng=random.Random(1))


@pytest.fixture
def monitor() -> Monitor:
    return make_monitor()


@pytest.fixture
def panel(qtbot: QtBot, monitor: Monitor) -> TimelinePanel:
    made = TimelinePanel(DARK)
    qtbot.addWidget(made)
    made.resize(900, 320)
    made.show_monitor(monitor)
    made.show()
    return made


def come(panel: TimelinePanel, monitor: Monitor, events: Iterable[Event]) -> None:
    """Let events come and the next batch be taken in."""
    monitor.log.extend(events)
    panel.hide()
    panel.show()


def top_row(panel: TimelinePanel) -> int:
    return panel.model.number_at(panel.table.rowAt(0))


def test_it_follows_the_end_while_it_stands_there(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(n) for n in range(100)])
    assert panel.table.is_at_end
    come(panel, monitor, [event(n) for n in range(100, 150)])
    assert panel.table.is_at_end
    assert panel.table.newer.isHidden()


def test_scrolling_up_asks_for_a_hold_and_new_events_are_counted_and_do_not_move_it(
    panel: TimelinePanel, monitor: Monitor
) -> None:
    asked = QSignalSpy(panel.hold_requested)
    come(panel, monitor, [event(n) for n in range(100)])
    assert asked.count() == 0
    panel.table.verticalScrollBar().setValue(20)
    assert asked.count() == 1
    panel.set_held(START_NS)
    before = top_row(panel)
    come(panel, monitor, [event(n) for n in range(100, 137)])
    assert top_row(panel) == before
    assert panel.model.rowCount() == 100
    assert panel.table.newer.text() == "37 new ↓"
    assert panel.table.newer.isVisible()


def test_the_button_for_new_events_ends_the_hold_and_goes_to_the_end(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(n) for n in range(100)])
    panel.live_requested.connect(lambda: panel.set_held(None))
    panel.table.verticalScrollBar().setValue(20)
    panel.set_held(START_NS)
    come(panel, monitor, [event(n) for n in range(100, 137)])
    panel.table.newer.click()
    assert panel.model.rowCount() == 137
    assert panel.table.is_at_end
    assert panel.table.newer.isHidden()


def test_scrolling_back_down_follows_again(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(n) for n in range(100)])
    bar = panel.table.verticalScrollBar()
    bar.setValue(20)
    bar.setValue(bar.maximum())
    come(panel, monitor, [event(n) for n in range(100, 120)])
    assert panel.table.is_at_end


def test_rows_in_view_stay_when_the_log_lets_older_ones_go(qtbot: QtBot) -> None:
    monitor = make_monitor()
    monitor._picture.log = EventLog(100)
    panel = TimelinePanel(DARK)
    qtbot.addWidget(panel)
    panel.resize(900, 320)
    panel.show_monitor(monitor)
    panel.show()
    come(panel, monitor, [event(n) for n in range(100)])
    panel.table.verticalScrollBar().setValue(50)
    before = top_row(panel)
    come(panel, monitor, [event(n) for n in range(100, 130)])
    assert top_row(panel) == before
    assert "older went: 30" in panel.bar.shown.text().replace(NBSP, " ")


def test_choosing_a_row_activates_its_event_and_asks_for_a_hold(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(n) for n in range(5)])
    activated, held = QSignalSpy(panel.event_activated), QSignalSpy(panel.hold_requested)
    rect = panel.table.visualRect(panel.model.index(3, Column.SUMMARY))
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert activated.at(0) == [3]
    assert held.count() == 1


def test_the_chosen_row_stays_chosen_while_rows_come_and_the_filter_changes(
    panel: TimelinePanel, monitor: Monitor
) -> None:
    come(panel, monitor, [event(0), event(1, "pong"), event(2), event(3, "pong"), event(4)])
    panel.select(2)
    activated = QSignalSpy(panel.event_activated)
    assert panel.table.currentIndex().row() == 1
    panel.bar.choose(EVERYTHING)
    assert panel.table.currentIndex().row() == 2
    come(panel, monitor, [event(5)])
    assert panel.table.currentIndex().row() == 2
    panel.bar.choose(EVERYTHING.with_only_type("pong"))
    assert not panel.table.currentIndex().isValid()
    assert "hidden by the filter" in panel.table.notice.text()
    panel.bar.choose(CHANGES)
    assert panel.table.currentIndex().row() == 1
    assert panel.table.selectionModel().hasSelection()
    assert activated.count() == 0  # nothing of this was the user's choice


def test_a_chosen_event_that_goes_is_said_to_have_gone_and_no_other_takes_its_place(qtbot: QtBot) -> None:
    monitor = make_monitor()
    monitor._picture.log = EventLog(10)
    panel = TimelinePanel(DARK)
    qtbot.addWidget(panel)
    panel.show_monitor(monitor)
    panel.show()
    come(panel, monitor, [event(n) for n in range(10)])
    panel.select(2)
    activated = QSignalSpy(panel.event_activated)
    come(panel, monitor, [event(n) for n in range(10, 15)])
    assert activated.count() == 0
    assert not panel.table.currentIndex().isValid()
    assert "The chosen event went" in panel.table.notice.text()


def test_e_goes_to_the_next_problem_and_shift_e_back(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(0), event(1, "leader_lost"), event(2), event(3, "connection_lost"), event(4)])
    activated = QSignalSpy(panel.event_activated)
    table = panel.table
    QTest.keyClick(table, Qt.Key.Key_E)
    QTest.keyClick(table, Qt.Key.Key_E)
    QTest.keyClick(table, Qt.Key.Key_E)  # there is none after that
    QTest.keyClick(table, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert [activated.at(n)[0] for n in range(activated.count())] == [1, 3, 1]


def test_home_end_and_enter(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(n) for n in range(100)])
    activated, inspected = QSignalSpy(panel.event_activated), QSignalSpy(panel.inspect_requested)
    QTest.keyClick(panel.table, Qt.Key.Key_Home)
    assert activated.at(0) == [0]
    assert top_row(panel) == 0
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert inspected.at(0) == [0]
    QTest.keyClick(panel.table, Qt.Key.Key_End)
    assert panel.table.is_at_end


def test_getting_the_focus_chooses_nothing_and_the_first_arrow_starts_at_what_is_seen(
    panel: TimelinePanel, monitor: Monitor
) -> None:
    come(panel, monitor, [event(n) for n in range(100)])
    activated = QSignalSpy(panel.event_activated)
    panel.table.setFocus()
    assert activated.count() == 0
    QTest.keyClick(panel.table, Qt.Key.Key_Up)
    assert activated.at(0)[0] >= 98


def test_space_is_left_to_the_window(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(0)])
    activated = QSignalSpy(panel.event_activated)
    QTest.keyClick(panel.table, Qt.Key.Key_Space)
    assert activated.count() == 0


def test_what_repeats_is_hidden_at_first_and_one_click_shows_all(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(0), *(event(n, "latency") for n in range(1, 1204))])
    assert panel.model.rowCount() == 1
    assert panel.bar.shown.text().replace(NBSP, " ") == "1 of 1 204"
    panel.bar.clear.click()
    assert panel.model.rowCount() == 1204
    assert panel.bar.clear.text() == "Only changes"
    panel.bar.clear.click()
    assert panel.model.rowCount() == 1


def test_a_chip_says_how_many_and_hides_its_type(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(0), event(1), event(2, "error")])
    chip = panel.bar.chips.chip("peer_change")
    assert chip is not None
    assert chip.accessibleName() == "peer_change: 2 events"
    chip.click()
    assert not chip.isChecked()
    assert panel.model.rowCount() == 1
    chip.click()
    assert panel.model.rowCount() == 3


def test_chips_that_do_not_fit_are_in_a_menu(panel: TimelinePanel, monitor: Monitor) -> None:
    names = [f"a_type_with_a_long_name_{n}" for n in range(20)]
    come(panel, monitor, [event(n, name) for n, name in enumerate(names)])
    row = panel.bar.chips
    chips = [row.chip(name) for name in names]
    fitting = [chip for chip in chips if chip is not None and chip.isVisible()]
    assert 0 < len(fitting) < 20
    assert all(chip.geometry().right() <= row.width() for chip in fitting)
    assert row.more.isVisible()
    assert row.more.geometry().right() <= row.width()
    row.more.menu().aboutToShow.emit()
    assert len(row.more.menu().actions()) == 20 - len(fitting)
    row.more.menu().actions()[0].trigger()
    assert panel.model.rowCount() == 19


def test_the_search_filters_after_a_pause_and_escape_clears_it(
    panel: TimelinePanel, monitor: Monitor, qtbot: QtBot
) -> None:
    come(panel, monitor, [event(n) for n in range(20)])
    panel.focus_search()
    QTest.keyClicks(panel.bar.search, "PEER17")
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    QTest.keyClick(panel.bar.search, Qt.Key.Key_Escape)
    assert panel.model.rowCount() == 20


def test_severities_can_be_chosen(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(0, "connection"), event(1), event(2, "gap"), event(3, "leader_lost")])
    counts = []
    for row in range(4):
        panel.bar.severity.activated.emit(row)
        counts.append(panel.model.rowCount())
    assert counts == [4, 3, 2, 1]
    panel.bar.severity.activated.emit(4)  # stands for a choice by right click, and changes nothing itself
    assert panel.model.rowCount() == 1
    assert panel.bar.severity.currentIndex() == 3


def test_a_right_click_offers_only_this_not_this_and_the_line(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(0, node="node1"), event(1, node="node2")])
    menu = panel.cell_menu(0, Column.NODE)
    actions = {action.text(): action for action in menu.actions() if action.text()}
    actions["Not node1"].trigger()
    assert panel.model.numbers() == (1,)
    actions["Only node1"].trigger()
    assert panel.model.numbers() == (0,)
    actions["Copy line"].trigger()
    assert "peer0 added" in QGuiApplication.clipboard().text()
    actions["Copy raw text"].trigger()
    assert json.loads(QGuiApplication.clipboard().text())["number"] == 0
    actions["Show all"].trigger()
    assert panel.model.rowCount() == 2


def test_the_menu_belongs_to_the_cell_under_the_pointer(qtbot: QtBot, monitor: Monitor) -> None:
    monitor.log.extend([event(n) for n in range(3)])
    model = TimelineModel(DARK)
    page = page_of_memory(monitor.log, EventFilter(), 0, 3)
    model.show(Told(monitor.log, None, reads_all=False), page.numbers, page.repeats)
    table = TimelineTable(model)
    qtbot.addWidget(table)
    table.resize(900, 300)
    table.show()
    asked = QSignalSpy(table.menu_asked)
    table.customContextMenuRequested.emit(table.visualRect(model.index(1, Column.TYPE)).center())
    table.customContextMenuRequested.emit(QPoint(5, 5000))
    assert asked.count() == 1
    assert (asked.at(0)[0].row(), asked.at(0)[0].column()) == (1, Column.TYPE)


def test_an_empty_timeline_says_why(panel: TimelinePanel, monitor: Monitor) -> None:
    assert "No events yet" in panel.table.notice.text()
    come(panel, monitor, [event(0, "pong")])
    assert "No event passes the filter" in panel.table.notice.text()
    panel.show_monitor(None)
    assert "not connected" in panel.table.notice.text()


def test_batches_come_ten_times_a_second_and_none_is_forgotten(
    panel: TimelinePanel, monitor: Monitor, qtbot: QtBot
) -> None:
    monitor.log.extend([event(0)])
    panel.refresh()
    assert panel.model.rowCount() == 1
    monitor.log.extend([event(1)])
    panel.refresh()
    assert panel.model.rowCount() == 1
    qtbot.waitUntil(lambda: panel.model.rowCount() == 2)


def test_nothing_is_taken_in_while_hidden(panel: TimelinePanel, monitor: Monitor) -> None:
    panel.hide()
    monitor.log.extend([event(0)])
    panel.refresh()
    assert panel.model.rowCount() == 0
    panel.show()
    assert panel.model.rowCount() == 1


def test_a_long_search_goes_on_by_itself_and_says_so(panel: TimelinePanel, monitor: Monitor, qtbot: QtBot) -> None:
    come(panel, monitor, [event(n) for n in range(9000)])
    panel.bar.choose(EVERYTHING.with_text("peer"))
    assert "searching" in panel.bar.shown.text()
    qtbot.waitUntil(lambda: panel.model.rowCount() == 9000)
    qtbot.waitUntil(lambda: "searching" not in panel.bar.shown.text())
    assert panel.table.is_at_end


def test_theme_and_time_convention_can_change_at_any_time(panel: TimelinePanel, monitor: Monitor) -> None:
    come(panel, monitor, [event(0), event(1, "gap"), event(2, "leader_lost")])
    dark = panel.grab().toImage()
    panel.set_theme(LIGHT)
    panel.set_time_style(TimeStyle.RELATIVE)
    assert panel.model.headerData(Column.TIME, Qt.Orientation.Horizontal) == "Time (ago)"
    assert panel.grab().toImage() != dark


def test_an_event_that_is_completed_is_painted_anew_although_nothing_was_added(
    panel: TimelinePanel, monitor: Monitor, qtbot: QtBot
) -> None:
    derived = event(0)
    come(panel, monitor, [derived])
    panel.refresh()
    painted = QSignalSpy(panel.model.dataChanged)
    monitor.log.extend([replace(derived, body=PeerChange("peer0", "removed"), completes=derived)])
    panel.refresh()
    qtbot.waitUntil(lambda: painted.count() > 0)
    assert panel.model.data(panel.model.index(0, Column.SUMMARY)) == "peer0 removed"
    assert panel.model.rowCount() == 1


def test_gateways_are_named_with_their_nodes(qtbot: QtBot) -> None:
    cluster = RealCluster()
    cluster.open()
    cluster.run(8)
    made = TimelinePanel(DARK)
    qtbot.addWidget(made)
    made.resize(900, 320)
    made.show_monitor(cluster.story.monitor)
    made.show()
    model = made.model
    told = {model.data(model.index(row, Column.OBSERVER)) for row in range(model.rowCount())}
    assert told == {f"{gateway} ({node})" for node, gateway in GATEWAYS.items()}
    width = made.table.columnWidth(Column.OBSERVER)
    assert width >= made.table.fontMetrics().horizontalAdvance("10.20.0.11:8443 (node-1)")


@pytest.mark.parametrize(
    "event_type",
    ["two_leaders", "terms_differ", "members_differ", "commit_went_back", "agreement", "slept", "node_crashed"],
)
def test_what_is_concluded_of_several_has_a_chip_and_a_mark_as_grave_as_it_is(
    panel: TimelinePanel, monitor: Monitor, event_type: str
) -> None:
    come(panel, monitor, [event(0, event_type), event(5, "status")])
    assert [chip.event_type for chip in panel.findChildren(Chip) if chip.isChecked()] == [event_type]
    markers = Markers(monitor.log)
    markers.catch_up()
    (mark,) = markers.in_view(START_NS / 1e9 - 1, START_NS / 1e9 + 10, 100)
    assert (mark.number, mark.severity) == (0, severity_of(event_type))


class Past:
    """A panel over a journal, and how to wait for it."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self._qtbot = qtbot
        self.recording = Recording(folder / "test.journal")
        self.saved = SavedFilters(folder)
        self.panel = TimelinePanel(DARK, self.saved)
        qtbot.addWidget(self.panel)
        self.panel.resize(900, 400)
        self.panel.show()

    def watch(self, events: Sequence[Event], capacity: int | None = 40) -> Recorded:
        """Record these, and show them: live with the last of them in memory, or for None as a replay."""
        self.recording.add(events)
        target = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
        log = None
        if capacity is not None:
            log = EventLog(capacity, start=1)
            log.extend(events)
        watched = Recorded(target, self.recording.path, log)
        if log is not None:
            watched.recording = self.recording.status
        self.panel.show_monitor(watched)
        self.wait()
        return watched

    def choose(self, chosen: TimelineFilter) -> None:
        """Filter, and wait for all of it."""
        self.panel.bar.choose(chosen)
        self.wait()

    def wait(self) -> None:
        """Until rows and counts stand."""
        bar = self.panel.bar
        self._qtbot.waitUntil(lambda: "ing…" not in bar.shown.text(), timeout=20_000)

    @property
    def shown(self) -> str:
        """How much is said to be shown."""
        return self.panel.bar.shown.text().replace(NBSP, " ")


@pytest.fixture
def past(qtbot: QtBot, tmp_path: Path) -> Iterator[Past]:
    made = Past(qtbot, tmp_path)
    yield made
    searcher = made.panel.feed.searcher
    made.panel.close_files()
    if searcher is not None:
        searcher.join(10)
    made.recording.close()


def frame(number: int, event_type: str = "error", text: str = "", node: str = "node1") -> Event:
    raw = json.dumps({"type": event_type, "data": {"error": text or f"fault {number}"}})
    return plain_event(Observation(node, 1, START_NS + number * 1_000_000_000, Kind.FRAME, raw), node)


@pytest.mark.parametrize("capacity", [40, None])
def test_counts_are_of_all_that_is_recorded_and_grow_with_what_comes(past: Past, capacity: int | None) -> None:
    events = [frame(n, "pong" if n % 4 else "error") for n in range(1_000)]
    watched = past.watch(events, capacity)
    chip = past.panel.bar.chips.chip("error")
    assert chip is not None
    assert past.shown == "250 of 1 000"
    assert chip.accessibleName() == "error: 250 events"
    past.choose(EVERYTHING.with_text("fault 8"))
    assert past.shown == "1 of 1 000"
    past.choose(CHANGES)
    if capacity is not None:
        watched.log.extend([frame(1_000), frame(1_001, "pong")])
        past.panel.refresh()
        assert past.shown == "251 of 1 002"
        assert chip.accessibleName() == "error: 251 events"


def test_the_histogram_shows_what_passes_and_says_it_in_words(past: Past) -> None:
    past.watch([frame(n, "leader_lost" if n == 700 else "error") for n in range(1_000)])
    density = past.panel.density
    assert density.density.counts.sum(axis=0).tolist() == [0, 0, 999, 1]
    assert "999 warnings" not in density.accessibleDescription()
    assert density.accessibleDescription().startswith(f"1{NBSP}000 events, 1 problem, from 2023-11-14 22:13:20")
    past.choose(EVERYTHING.with_severities(frozenset({Severity.PROBLEM})))
    assert density.density.counts.sum(axis=0).tolist() == [0, 0, 0, 1]
    past.choose(EVERYTHING.with_text("fault 70"))
    assert density.density.counts.sum() == 1
    assert density.density.searched_ns is None


def test_a_click_on_the_histogram_goes_there_and_a_drag_keeps_that_part(past: Past, qtbot: QtBot) -> None:
    past.watch([frame(n) for n in range(1_000)])
    density, held = past.panel.density, QSignalSpy(past.panel.hold_requested)
    QTest.mouseClick(density, Qt.MouseButton.LeftButton, pos=QPoint(density.width() // 4, 10))
    qtbot.waitUntil(lambda: held.count() == 1)
    assert 230 <= top_row(past.panel) <= 255
    QTest.mousePress(density, Qt.MouseButton.LeftButton, pos=QPoint(density.width() // 2, 10))
    QTest.mouseMove(density, QPoint(density.width() * 3 // 4, 10))
    QTest.mouseRelease(density, Qt.MouseButton.LeftButton, pos=QPoint(density.width() * 3 // 4, 10))
    past.wait()
    numbers = past.panel.model.numbers()
    assert 495 <= numbers[0] <= 505
    assert 745 <= numbers[-1] <= 755
    assert "since 2023-11-14 22:21" in past.panel.bar.said.accessibleName()
    past.panel.bar.clear.click()
    past.wait()
    assert past.shown == "1 000 of 1 000"


def test_the_histogram_is_walked_by_keys(past: Past, qtbot: QtBot) -> None:
    past.watch([frame(n) for n in range(1_000)])
    density, held = past.panel.density, QSignalSpy(past.panel.hold_requested)
    density.setFocus()
    for _ in range(3):
        QTest.keyClick(density, Qt.Key.Key_Left)
    assert density.accessibleDescription().startswith("8 events, 8 warnings between 22:29:")
    QTest.keyClick(density, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: held.count() == 1)


def test_e_finds_problems_that_memory_let_go_long_ago(past: Past, qtbot: QtBot) -> None:
    past.watch([frame(n, "leader_lost" if n in (5, 500, 995) else "error") for n in range(1_000)])
    activated = QSignalSpy(past.panel.event_activated)
    for count, (key, number) in enumerate(
        ((-1, 996), (-1, 501), (-1, 6), (1, 501), (1, 996)),
        1,
    ):
        past.panel.jump_to_problem(key)
        wait_for_calls(qtbot, activated, count)
        assert activated.at(count - 1) == [number]
        assert past.panel.table.currentIndex().row() == past.panel.model.row_of(number)


def wait_for_calls(qtbot: QtBot, spy: QSignalSpy, count: int) -> None:
    qtbot.waitUntil(lambda: spy.count() == count)


def test_numbers_of_64_bits_are_carried_whole(qtbot: QtBot, tmp_path: Path) -> None:
    first = 1_790_000_000_000_000
    past = Past(qtbot, tmp_path)
    past.recording.close()
    past.recording = Recording(tmp_path / "late.journal", first)
    past.recording.add([frame(n) for n in range(3)])
    target = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
    past.panel.show_monitor(Recorded(target, past.recording.path))
    past.wait()
    activated, inspected = QSignalSpy(past.panel.event_activated), QSignalSpy(past.panel.inspect_requested)
    past.panel.table.setFocus()
    QTest.keyClick(past.panel.table, Qt.Key.Key_Up)
    QTest.keyClick(past.panel.table, Qt.Key.Key_Return)
    assert activated.at(0) == inspected.at(0) == [first + 2]
    past.panel.close_files()
    past.recording.close()


def test_a_regular_expression_is_a_switch_beside_the_search(past: Past, qtbot: QtBot) -> None:
    past.watch([frame(n) for n in range(300)])
    bar = past.panel.bar
    bar.pattern.click()
    QTest.keyClicks(bar.search, r"fault \d9$")
    qtbot.waitUntil(lambda: bar.filter.events.pattern != "")
    past.wait()
    assert past.shown == "9 of 300"
    assert r"matching /fault \d9$/" in bar.said.accessibleName()
    QTest.keyClicks(bar.search, "(")
    qtbot.waitUntil(lambda: "is no regular expression" in bar.said.accessibleName())
    assert past.shown == "9 of 300"
    bar.choose(EVERYTHING.with_text("fault 7"))
    assert not bar.pattern.isChecked()
    bar.pattern.click()
    assert bar.filter.events.pattern == "fault 7"


def test_a_pattern_that_takes_too_long_says_so_and_stops(past: Past, qtbot: QtBot) -> None:
    past.watch([frame(1, text="a" * 60 + "!")], capacity=None)
    past.choose(EVERYTHING.with_pattern("(a|aa)+$"))
    assert "takes too long on a row" in past.panel.bar.said.accessibleName()


def test_filters_are_kept_under_names_and_applied_and_removed(past: Past) -> None:
    past.watch([frame(n, "leader_lost" if n % 2 else "error") for n in range(10)])
    bar = past.panel.bar
    bar.choose(EVERYTHING.with_only_type("leader_lost"))
    menu = bar.saved.menu()
    menu.aboutToShow.emit()
    bar.saved.name.setText("Lost & found")
    bar.saved.name.returnPressed.emit()
    assert list(past.saved.list()) == ["Lost & found"]
    bar.choose(CHANGES)
    menu.aboutToShow.emit()
    menu.actions()[0].trigger()
    past.wait()
    assert bar.filter == EVERYTHING.with_only_type("leader_lost")
    assert past.shown == "5 of 10"
    removing = menu.actions()[-1].menu()
    assert isinstance(removing, QMenu)
    removing.actions()[0].trigger()
    assert dict(past.saved.list()) == {}


def test_a_broken_file_of_filters_is_told_and_the_timeline_goes_on(past: Past) -> None:
    past.watch([frame(1)])
    past.saved.path.write_text("[filters.a\n")
    past.panel.bar.saved.menu().aboutToShow.emit()
    assert str(past.saved.path) in past.panel.bar.said.accessibleName()
    assert past.panel.model.rowCount() == 1
    assert past.saved.path.read_text() == "[filters.a\n"


def test_a_search_that_takes_long_can_be_stopped(past: Past, qtbot: QtBot) -> None:
    past.watch([frame(n) for n in range(6_000)], capacity=None)
    bar = past.panel.bar
    bar.choose(EVERYTHING.with_pattern("nothing like it"))
    assert not bar.stop.isHidden()
    assert "searching" in bar.shown.text()
    bar.stop.click()
    assert bar.stop.isHidden()
    assert past.shown.endswith("search stopped")
    past.choose(EVERYTHING)
    assert past.shown == "6 000 of 6 000"


def test_what_repeats_is_folded_and_a_double_click_shows_each(past: Past) -> None:
    past.watch([frame(1), *(frame(n, text="again") for n in range(2, 9)), frame(9)])
    panel = past.panel
    assert panel.model.rowCount() == 3
    assert past.shown == "9 of 9"
    panel.select(4)
    assert panel.table.currentIndex().row() == 1
    panel.table.doubleClicked.emit(panel.model.index(1, Column.SUMMARY))
    assert panel.model.rowCount() == 9
    assert panel.table.currentIndex().row() == 3
    QTest.keyClick(panel.table, Qt.Key.Key_Left)
    assert panel.model.rowCount() == 3
    actions = {action.text(): action for action in panel.cell_menu(1, Column.SUMMARY).actions()}
    actions["Show the 7 one by one"].trigger()
    assert panel.model.rowCount() == 9
    actions = {action.text(): action for action in panel.cell_menu(5, Column.SUMMARY).actions()}
    actions["Fold what repeats"].trigger()
    assert panel.model.rowCount() == 3


def test_a_time_cell_bounds_the_time(past: Past) -> None:
    past.watch([frame(n) for n in range(100)])
    for at, text, shown in ((20, "Since here", "80 of 100"), (59, "Until here", "60 of 100")):
        actions = {action.text(): action for action in past.panel.cell_menu(at, Column.TIME).actions()}
        actions[text].trigger()
        past.wait()
        assert past.shown == shown


def test_a_replay_marks_its_instant_and_follows_it_until_the_user_scrolls_away(past: Past, qtbot: QtBot) -> None:
    panel = past.panel
    past.watch([frame(n) for n in range(1_000)], capacity=None)
    for at_s in (10, 500, 11):
        panel.set_instant(START_NS + at_s * 1_000_000_000)
        row = panel.model.instant_row
        assert row is not None
        assert panel.model.number_at(row) == at_s + 1
        assert panel.table.rowAt(0) <= row <= panel.table.rowAt(panel.table.viewport().height() - 1)
    panel.table.verticalScrollBar().setValue(400)
    panel.set_instant(START_NS + 12_000_000_000)
    assert top_row(panel) == 401
    panel.table.newer.click()
    assert panel.table.rowAt(0) <= 12


def test_an_older_event_is_told_to_whoever_asks_by_its_number(past: Past) -> None:
    past.watch([frame(n) for n in range(200)])
    event = past.panel.model.told.event(3)
    assert event is not None
    assert event == frame(2)
    assert past.panel.model.told.event(9_999) is None


def test_the_end_of_a_recording_leaves_what_memory_has(past: Past) -> None:
    watched = past.watch([frame(n) for n in range(200)])
    watched.history, watched.recording = None, None
    past.panel.refresh()
    past.wait()
    assert past.panel.model.numbers() == tuple(range(161, 201))
    assert past.shown == "40 of 40 · older went: 160"


def test_a_journal_that_cannot_be_read_is_told_and_what_memory_has_is_counted(past: Past, tmp_path: Path) -> None:
    target = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
    log = EventLog(50, start=1)
    log.extend([frame(n) for n in range(5)])
    past.panel.show_monitor(Recorded(target, tmp_path / "absent.journal", log))
    past.wait()
    assert past.shown == "5 of 5"
    assert past.panel.bar.said.accessibleName().startswith("Older events cannot be read: ")

"""Marks on the graphs of what memory does not have: they come from the file, for what is in view."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event, Severity
from helios_desktop.journal.stored import plain_event
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Kind, Observation
from helios_desktop.qt.charts import ChartsPanel
from helios_desktop.qt.past_marks import PastMarks
from helios_desktop.qt.theme import DARK
from helios_desktop.store.log import EventLog
from tests.qt.recorded import START_NS, Recorded, Recording

NS = 1_000_000_000
START_S = START_NS // NS
TARGET = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
PEER = {"event_type": "added", "peer_id": "node4", "peer_address": "localhost:8004"}


def event(at_s: int, event_type: str = "peer_change", observer: str = "gw1:80") -> Event:
    data = PEER if event_type == "peer_change" else {"error": "down"}
    raw = json.dumps({"type": event_type, "data": data})
    return plain_event(Observation(observer, 1, (START_S + at_s) * NS, Kind.FRAME, raw), "node1")


class Scene:
    """Marks of a journal."""

    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self.path = folder / "test.journal"
        self.recording = Recording(self.path)
        self.changes = 0
        self.marks = PastMarks(self._count)
        self.marks.open(self.path)
        self._qtbot = qtbot

    def wait(self, times: int) -> None:
        """Until more was known so many times."""
        self._qtbot.waitUntil(lambda: self.changes == times, timeout=10_000)

    def _count(self) -> None:
        self.changes += 1

    def seen(self, start_s: int, end_s: int, log: EventLog) -> list[int]:
        """Numbers of the marks of that range."""
        found = self.marks.in_view(START_S + start_s, START_S + end_s, 10_000, log)
        return [mark.number for mark in found]


@pytest.fixture
def scene(tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    made = Scene(tmp_path, qtbot)
    yield made
    made.marks.close()
    made.recording.close()


def test_what_is_notable_and_older_than_memory_is_marked(scene: Scene) -> None:
    scene.recording.add([event(0), event(10, "pong"), event(20), event(30)])
    log = EventLog(10, start=4)
    log.extend([event(30)])
    scene.marks.want(START_S, START_S + 60, log)
    assert scene.seen(0, 60, log) == []  # nobody waits for the file
    scene.wait(1)
    assert scene.seen(0, 60, log) == [1, 3]
    marks = scene.marks.in_view(START_S, START_S + 60, 100, log)
    assert {mark.severity for mark in marks} == {Severity.NOTICE}
    row = scene.marks.row(3)
    assert row is not None
    assert (row.type, row.node, row.at_ns) == ("peer_change", "node1", (START_S + 20) * NS)


def test_the_file_is_asked_only_for_what_memory_and_the_last_answer_do_not_have(scene: Scene) -> None:
    scene.recording.add([event(second) for second in range(0, 1_000, 10)])
    log = EventLog(10, start=101)
    log.extend([event(1_000)])
    scene.marks.want(START_S + 1_000, START_S + 1_060, log)  # memory has all of it
    scene.marks.want(START_S + 500, START_S + 600, log)
    scene.wait(1)
    assert scene.seen(500, 600, log) == list(range(51, 61))
    scene.marks.want(START_S + 450, START_S + 650, log)  # known beforehand, on both sides
    assert scene.seen(450, 650, log) == list(range(46, 66))
    scene.marks.want(START_S, START_S + 100, log)
    scene.wait(2)
    assert scene.seen(0, 100, log) == list(range(1, 11))
    assert scene.changes == 2


def test_an_error_at_every_beat_has_one_mark_for_each_observer(scene: Scene) -> None:
    beats = ((at_s, gateway) for at_s in range(0, 30, 5) for gateway in (1, 2))
    scene.recording.add([event(at_s + gateway, "error", f"gw{gateway}:80") for at_s, gateway in beats])
    log = EventLog(1, start=100)
    scene.marks.want(START_S, START_S + 60, log)
    scene.wait(1)
    assert scene.seen(0, 60, log) == [1, 2]
    assert scene.seen(0, 60, EventLog(1)) == []  # memory has these


def test_a_file_that_is_none_has_no_marks_and_is_not_asked_again_and_again(
    scene: Scene, tmp_path: Path, qtbot: QtBot
) -> None:
    scene.marks.open(tmp_path / "nowhere.journal")
    log = EventLog(1, start=100)
    scene.marks.want(START_S, START_S + 60, log)
    qtbot.waitUntil(lambda: not scene.marks.is_asking, timeout=10_000)
    scene.marks.want(START_S, START_S + 60, log)
    assert not scene.marks.is_asking
    assert scene.seen(0, 60, log) == []


def test_the_graphs_of_a_replay_show_marks_of_the_file(scene: Scene, qtbot: QtBot) -> None:
    scene.recording.add([event(-20), event(-10)])
    panel = ChartsPanel(DARK)
    qtbot.addWidget(panel)
    panel.resize(800, 400)
    panel.show()
    watched = Recorded(TARGET, scene.path)
    watched.log = EventLog(1, start=3)
    panel.show_monitor(watched)
    qtbot.waitUntil(lambda: [mark.number for mark in panel._marks] == [1, 2], timeout=10_000)
    chosen = QSignalSpy(panel.event_activated)
    panel._click(START_S - 10)
    assert (chosen.count(), chosen.at(0)) == (1, [2])
    assert panel._selected_s() == START_S - 10
    panel.close_files()

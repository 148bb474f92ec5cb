"""The timeline's rows out of memory and a journal: one list of all that is recorded, a stretch of it held."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy
from pytestqt.qtbot import QtBot

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter, PatternError
from helios_desktop.journal.scribe import RecordingStatus
from helios_desktop.journal.search import Page
from helios_desktop.journal.stored import plain_event
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Kind, Observation
from helios_desktop.qt import timeline_feed, timeline_source
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.timeline_feed import Feed
from helios_desktop.qt.timeline_jumps import Jumps
from helios_desktop.qt.timeline_model import TimelineModel
from helios_desktop.store.log import EventLog
from tests.qt.recorded import START_NS, Recorded, Recording

TARGET = Target("Demo", (parse_address("http://127.0.0.1:8080"),), Credentials())
ALL = EventFilter()


def event(number: int, event_type: str = "error", text: str = "") -> Event:
    data = {"error": text or f"fault {number}"}
    raw = json.dumps({"type": event_type, "data": data})
    return plain_event(Observation("gw1:80", 1, START_NS + number * 1_000_000_000, Kind.FRAME, raw), "node1")


class Scene:
    """A feed, what it counted, and a journal with the first of its events."""

    def __init__(self, folder: Path, parent: QObject) -> None:
        self.path = folder / "test.journal"
        self.recording = Recording(self.path)
        self.model = TimelineModel(DARK, parent)
        QAbstractItemModelTester(self.model, QAbstractItemModelTester.FailureReportingMode.Fatal, self.model)
        self.pages: list[Page] = []
        moving: Callable[[], AbstractContextManager[None]] = nullcontext
        self.feed = Feed(self.model, moving, self.pages.append, parent)
        self.jumps = Jumps(self.feed)
        self.found: list[int] = []

    def replay(self) -> Recorded:
        """All from the file."""
        return Recorded(TARGET, self.path)

    def live(self, events: list[Event], capacity: int) -> Recorded:
        """All of these are recorded, the last of them in memory, too."""
        self.recording.add(events)
        log = EventLog(capacity, start=1)
        log.extend(events)
        watched = Recorded(TARGET, self.path, log)
        watched.recording = self.recording.status
        return watched

    @property
    def numbers(self) -> list[int]:
        """What is held."""
        return list(self.model.numbers())

    @property
    def counted(self) -> list[int]:
        """What was counted, each as often as it was."""
        return sorted(int(number) for page in self.pages for number in page.numbers)


@pytest.fixture
def scene(tmp_path: Path, qtbot: QtBot) -> Iterator[Scene]:
    parent = QObject()
    made = Scene(tmp_path, parent)
    yield made
    searcher = made.feed.searcher
    made.feed.close()
    if searcher is not None:
        searcher.join(10)
    made.recording.close()


def wait(qtbot: QtBot, scene: Scene) -> None:
    qtbot.waitUntil(lambda: not scene.feed.is_searching, timeout=20_000)


def wait_for_more(qtbot: QtBot, scene: Scene, high: int) -> None:
    qtbot.waitUntil(lambda: scene.feed.high != high)


def test_rows_of_memory_and_of_the_file_are_one_list(scene: Scene, qtbot: QtBot) -> None:
    watched = scene.live([event(n) for n in range(500)], capacity=50)
    scene.feed.show(watched, ALL)
    # The newest are there at once, the rest comes without being asked for.
    assert scene.numbers[-1] == 500
    wait(qtbot, scene)
    assert scene.numbers == list(range(1, 501))
    assert [row.summary for row in map(scene.model.row_at, (0, 499)) if row] == ["fault 0", "fault 499"]


@pytest.mark.parametrize(
    "chosen",
    [
        EventFilter(text="fault 7"),
        EventFilter(text="fau"),
        EventFilter(pattern=r"fault \d7$"),
        EventFilter(hidden_types=frozenset({"pong"})),
        EventFilter(since_ns=START_NS + 40_000_000_000, until_ns=START_NS + 160_000_000_000),
    ],
)
def test_each_filter_finds_in_both_and_counts_each_once(scene: Scene, qtbot: QtBot, chosen: EventFilter) -> None:
    events = [event(n, "pong" if n % 3 else "error") for n in range(200)]
    watched = scene.live(events, capacity=60)
    everything = EventLog(1_000, start=1)
    everything.extend(events)
    scene.feed.show(watched, chosen)
    wait(qtbot, scene)
    assert scene.numbers == everything.select(chosen, 0) == scene.counted


def test_what_is_not_written_yet_is_in_memory(scene: Scene, qtbot: QtBot) -> None:
    watched = scene.live([event(n) for n in range(100)], capacity=40)
    watched.log.extend([event(100), event(101)])
    for chosen in (ALL, EventFilter(text="fau")):
        scene.feed.show(watched, chosen)
        wait(qtbot, scene)
        assert scene.numbers == list(range(1, 103))


def test_what_comes_is_taken_in_and_what_memory_lets_go_stays(scene: Scene, qtbot: QtBot) -> None:
    watched = scene.live([event(n) for n in range(100)], capacity=40)
    scene.feed.show(watched, ALL)
    wait(qtbot, scene)
    more = [event(n) for n in range(100, 200)]
    watched.log.extend(more[:30])
    scene.recording.add(more)
    scene.feed.catch_up()
    watched.log.extend(more[30:])
    assert scene.feed.unseen == 70
    scene.feed.catch_up()
    assert len(scene.numbers) == 100 + 30 + 40  # a flood that memory let go before it was looked at
    row = scene.model.row_at(0)
    assert row is not None
    assert row.summary == "fault 0"


def test_without_a_file_only_what_memory_keeps_is_shown(scene: Scene, qtbot: QtBot) -> None:
    log = EventLog(50, start=1)
    log.extend([event(n) for n in range(80)])
    scene.feed.show(Recorded(TARGET, None, log), ALL)
    wait(qtbot, scene)
    assert scene.numbers == list(range(31, 81))
    log.extend([event(80)])
    scene.feed.catch_up()
    assert scene.numbers == list(range(32, 82))


def test_a_flood_larger_than_memory_leaves_its_last_events(scene: Scene) -> None:
    log = EventLog(5)
    log.extend([event(n) for n in range(5)])
    scene.feed.show(Recorded(TARGET, None, log), ALL)
    log.extend([event(n) for n in range(5, 40)])
    scene.feed.catch_up()
    assert scene.numbers == [35, 36, 37, 38, 39]


def test_nothing_newer_is_shown_while_held(scene: Scene, qtbot: QtBot) -> None:
    watched = scene.live([event(n) for n in range(10)], capacity=5)
    scene.feed.show(watched, ALL)
    scene.feed.hold(watched.log.end)
    watched.log.extend([event(10), event(11)])
    scene.feed.catch_up()
    for chosen in (EventFilter(text="fau"), ALL):
        scene.feed.show(watched, chosen)
        wait(qtbot, scene)
        assert scene.numbers == list(range(1, 11))
    assert scene.feed.unseen == 2
    scene.feed.hold(None)
    scene.feed.catch_up()
    assert scene.numbers == list(range(1, 13))


def test_a_replay_has_all_from_the_file_whatever_its_log_holds(scene: Scene, qtbot: QtBot) -> None:
    scene.recording.add([event(n) for n in range(300)])
    watched = scene.replay()
    watched.log.extend([event(0, text="folded on the way")])
    scene.feed.show(watched, ALL)
    wait(qtbot, scene)
    assert scene.numbers == list(range(1, 301))
    row = scene.model.row_at(0)
    assert row is not None
    assert row.summary == "fault 0"
    assert scene.feed.unseen == 0


def test_only_a_stretch_is_held_however_much_there_is(
    scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("FIRST", 20), ("PAGE", 50), ("AHEAD", 100), ("HELD", 200)):
        monkeypatch.setattr(timeline_feed, name, value)
    watched = scene.live([event(n) for n in range(1_000)], capacity=30)
    scene.feed.show(watched, ALL)
    wait(qtbot, scene)
    assert len(scene.numbers) <= 160
    while not scene.feed.has_no_older:
        scene.feed.want_older()
        wait(qtbot, scene)
        assert len(scene.numbers) <= 250
        assert scene.numbers == list(range(scene.numbers[0], scene.numbers[-1] + 1))
    assert scene.numbers[0] == 1
    assert scene.numbers[-1] < 900  # the newest went
    watched.log.extend([event(1_000)])
    scene.feed.catch_up()
    assert scene.numbers[-1] < 900
    while not scene.feed.is_at_newest:
        scene.feed.want_newer()
        wait_for_more(qtbot, scene, scene.feed.high)
        assert len(scene.numbers) <= 250
    assert scene.numbers == list(range(scene.numbers[0], 1_002))


@pytest.mark.parametrize("is_indexed", [True, False])
def test_counts_go_on_where_no_more_rows_are_wanted(
    scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, is_indexed: bool
) -> None:
    for name, value in (("AHEAD", 30), ("PAGE", 50), ("FIRST", 20)):
        monkeypatch.setattr(timeline_feed, name, value)
    watched = scene.live([event(n) for n in range(1_500)], capacity=1_000)
    if not is_indexed:
        watched.recording = RecordingStatus(is_recording=True)  # so that words are looked for in memory
    scene.feed.show(watched, EventFilter(text="fau"))
    wait(qtbot, scene)
    assert len(scene.numbers) < 1_000
    assert scene.counted == list(range(1, 1_501))


def test_a_search_can_be_stopped_and_what_was_found_stays(scene: Scene, qtbot: QtBot) -> None:
    scene.recording.add([event(n) for n in range(3_000)])
    scene.feed.show(scene.replay(), EventFilter(pattern="fault"))
    assert scene.feed.can_stop
    qtbot.waitUntil(lambda: len(scene.numbers) > 0)
    if scene.feed.can_stop:
        scene.feed.stop()
        assert scene.feed.is_stopped
    found = scene.numbers
    assert not scene.feed.is_searching
    scene.feed.want_older()
    assert scene.numbers == found


def test_another_filter_drops_what_is_on_its_way(scene: Scene, qtbot: QtBot) -> None:
    scene.recording.add([event(n, "pong" if n % 2 else "error") for n in range(3_000)])
    watched = scene.replay()
    for chosen in (EventFilter(pattern="f"), ALL, EventFilter(text="fau"), EventFilter(types=frozenset({"pong"}))):
        scene.feed.show(watched, chosen)
    wait(qtbot, scene)
    assert scene.numbers == list(range(2, 3_001, 2))


def test_what_is_no_pattern_and_what_takes_too_long_is_told(scene: Scene, qtbot: QtBot) -> None:
    failed = QSignalSpy(scene.feed.failed)
    scene.recording.add([event(1, text="a" * 60 + "!")])
    scene.feed.show(scene.replay(), EventFilter(pattern="("))
    assert "is no regular expression" in failed.at(0)[0]
    scene.feed.show(scene.replay(), EventFilter(pattern="(a|aa)+$"))
    qtbot.waitUntil(lambda: failed.count() == 2)
    assert "takes too long on a row" in failed.at(1)[0]
    assert not scene.feed.is_searching


def test_a_journal_that_is_not_there_is_told_and_memory_is_shown(scene: Scene, qtbot: QtBot, tmp_path: Path) -> None:
    failed = QSignalSpy(scene.feed.failed)
    log = EventLog(50, start=1)
    log.extend([event(n) for n in range(3)])
    scene.feed.show(Recorded(TARGET, tmp_path / "absent.journal", log), ALL)
    qtbot.waitUntil(lambda: failed.count() == 1)
    assert "Older events cannot be read" in failed.at(0)[0]
    assert scene.numbers == [1, 2, 3]
    log.extend([event(3)])
    scene.feed.catch_up()
    assert scene.numbers == [1, 2, 3, 4]


def test_a_jump_brings_an_event_far_away_into_the_rows(
    scene: Scene, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("AHEAD", 100), ("PAGE", 50)):
        monkeypatch.setattr(timeline_feed, name, value)
    events = [event(n, "leader_lost" if n in (7, 900, 995) else "error") for n in range(1_000)]
    watched = scene.live(events, capacity=30)
    scene.feed.show(watched, ALL)
    wait(qtbot, scene)
    found = scene.found.append
    jumps: tuple[tuple[Callable[[], None], int], ...] = (
        (lambda: scene.jumps.to_event(500, found), 500),
        (lambda: scene.jumps.to_problem(500, 1, found), 901),
        (lambda: scene.jumps.to_problem(901, 1, found), 996),
        (lambda: scene.jumps.to_problem(996, -1, found), 901),
        (lambda: scene.jumps.to_problem(None, -1, found), 996),
        (lambda: scene.jumps.to_problem(901, -1, found), 8),
        (lambda: scene.jumps.to_problem(None, 1, found), 8),
        (lambda: scene.jumps.to_first(found), 1),
        (lambda: scene.jumps.to_time(START_NS + 600_000_000_001, found), 602),
        (lambda: scene.jumps.to_time(START_NS + 5_000_000_000_000, found), 1_000),
    )
    for jump, number in jumps:
        scene.found.clear()
        jump()
        qtbot.waitUntil(lambda: bool(scene.found))
        assert scene.found == [number]
        assert scene.model.row_of(number) is not None
        assert scene.numbers == list(range(scene.numbers[0], scene.numbers[-1] + 1))


def test_there_is_no_problem_beyond_the_last(scene: Scene, qtbot: QtBot) -> None:
    watched = scene.live([event(n, "leader_lost" if n == 7 else "error") for n in range(100)], capacity=30)
    scene.feed.show(watched, ALL)
    wait(qtbot, scene)
    scene.jumps.to_problem(8, 1, scene.found.append)
    scene.jumps.to_problem(8, -1, scene.found.append)
    scene.jumps.to_event(50, scene.found.append)  # what is asked later is answered later
    scene.jumps.to_first(scene.found.append)
    qtbot.waitUntil(lambda: len(scene.found) == 2)
    assert sorted(scene.found) == [1, 50]


def test_a_pattern_that_is_none_is_told_once_and_nothing_waits_for_it(scene: Scene) -> None:
    watched = scene.live([event(n) for n in range(20)], capacity=40)
    failed = QSignalSpy(scene.feed.failed)
    scene.feed.show(watched, EventFilter(pattern="("))
    assert failed.count() == 1
    for number in range(20, 30):
        watched.log.extend([event(number)])
        assert scene.feed.unseen == 0
        scene.feed.catch_up()
    assert (failed.count(), scene.feed.high, scene.numbers) == (1, watched.log.end, [])
    scene.feed.hold(watched.log.end)
    watched.log.extend([event(30)])
    scene.feed.catch_up()
    assert (failed.count(), scene.feed.unseen) == (1, 0)
    # Another filter begins anew.
    scene.feed.hold(None)
    scene.feed.show(watched, EventFilter(pattern="fault 2[0-9]"))
    watched.log.extend([event(25)])
    scene.feed.catch_up()
    assert scene.numbers == [*range(21, 31), 32]


def test_a_pattern_that_takes_too_long_at_what_came_is_told_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = scene.live([event(n) for n in range(20)], capacity=40)
    scene.feed.show(watched, EventFilter(pattern="fault"))
    failed = QSignalSpy(scene.feed.failed)

    def take_too_long(*_asked: object) -> Page:
        raise PatternError("too long")

    monkeypatch.setattr(timeline_source, "page_of_memory", take_too_long)
    for number in range(20, 30):
        watched.log.extend([event(number)])
        scene.feed.catch_up()
    assert (failed.count(), scene.feed.unseen, scene.feed.high) == (1, 0, watched.log.end)

"""A recording shown in the window, while live goes on beneath: moving in it, its marks, and what it can never reach."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLineEdit

from helios_desktop.monitor.replay import Replay, open_replay
from helios_desktop.monitor.target import Target
from helios_desktop.observation import Cause, Phase
from helios_desktop.qt import replaying as qt_replaying
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.window import MainWindow
from tests.qt.recordings import events_of, journal, written
from tests.qt.scene import NS, FakeDemo, FakeHost, Story

Until = Callable[[Callable[[], bool]], Awaitable[None]]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


@pytest.fixture
async def story(qapp: QApplication, tmp_path: Path, until: Until) -> AsyncIterator[Story]:
    """Give a cluster that is live and recorded, with an election behind it."""
    made = await journal(tmp_path / "demo.journal")
    await written(made, until)
    yield made
    await made.monitor.close_recording()


@pytest.fixture
async def window(qapp: QApplication, host: FakeHost, settings: QSettings, story: Story) -> AsyncIterator[MainWindow]:
    """Give a window that watches it."""
    host.demo = FakeDemo()
    made = MainWindow(host, qapp, settings, theme=DARK)
    made.show()
    made.show_monitor(story.monitor)
    yield made
    made.close()
    await made.shut_down()
    made.deleteLater()


@pytest.fixture
async def replaying(window: MainWindow, story: Story, until: Until) -> MainWindow:
    """Give the same, gone back to the middle of the second run."""
    window.recorded.panel.sought.emit(story.now_ns - 30 * NS)
    await until(lambda: window.recorded.replay is not None)
    return window


def replay_of(window: MainWindow) -> Replay:
    """Give the replay that is shown."""
    replay = window.recorded.replay
    assert replay is not None
    return replay


def is_playing(window: MainWindow) -> bool:
    """Time goes on by itself."""
    return replay_of(window).is_playing


def is_at(window: MainWindow, at_ns: int) -> bool:
    """The replay shows that instant."""
    return replay_of(window).now_ns() == at_ns


# Into the past, and back


async def test_scrubbing_shows_the_past_while_live_goes_on(replaying: MainWindow, story: Story) -> None:
    assert replaying.shown is replay_of(replaying)
    assert replaying.live is story.monitor
    assert replay_of(replaying).state.leader == "node1"
    assert story.monitor.state.leader == "node2"
    story.now_s += 5
    story.status("node2", leader="node2", term=5, commit=900_000)
    replaying.pacer.refresh()
    assert replaying.overview.cards["node2"].commit.text().startswith("104")
    assert replaying.recorded.bar.news.accessibleName() == "live: +1 event"


async def test_a_replay_is_marked_in_words_in_colour_and_in_the_title(replaying: MainWindow) -> None:
    assert replaying.windowTitle() == "REPLAY · Demo [DEMO] · Helios"
    assert replaying.top_bar.replay.isVisible()
    assert not replaying.top_bar.phase.isVisible()
    assert not replaying.top_bar.hold.isVisible()
    assert replaying.connection_line.phase.text().startswith("then: ")
    assert replaying.recorded.bar.isVisible()
    edge = replaying.frame.grab().toImage().pixelColor(0, 40)
    assert edge == DARK.replay
    assert DARK.replay != DARK.hold


async def test_the_instant_is_told_with_its_date_and_zone(replaying: MainWindow, story: Story, until: Until) -> None:
    at_ns = story.now_ns - 12 * NS
    replaying.recorded.panel.sought.emit(at_ns)
    await until(lambda: is_at(replaying, at_ns))
    replaying.pacer.refresh()
    bar = replaying.recorded.bar
    assert (bar.date.text(), bar.zone.text()) == ("2023-11-14", "UTC")
    assert bar.instant.text() == "22:15:20.000"


@pytest.mark.parametrize("way", ["key", "button", "menu"])
async def test_three_ways_lead_back_to_live(replaying: MainWindow, story: Story, until: Until, way: str) -> None:
    match way:
        case "key":
            QTest.keyClick(replaying, Qt.Key.Key_L)
        case "button":
            assert replaying.recorded.bar.leave.text() == "Back to live"
            replaying.recorded.bar.leave.click()
        case "menu":
            replaying.menus.live.trigger()
    assert replaying.shown is story.monitor
    assert replaying.windowTitle() == "Demo [DEMO] · Helios"
    assert not replaying.recorded.bar.isVisible()
    assert replaying.top_bar.phase.isVisible()


async def test_live_is_asked_for_while_the_past_is_being_opened(
    window: MainWindow, story: Story, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = watch_opening(monkeypatch)
    window.recorded.panel.sought.emit(story.now_ns - 30 * NS)
    await until(lambda: opened.begun == 1)
    QTest.keyClick(window, Qt.Key.Key_L)
    opened.may_end.set()
    await until(lambda: opened.closed == 1)
    assert window.shown is story.monitor
    # The strip dragged back to its end means the present, too.
    opened.may_end.clear()
    window.recorded.panel.sought.emit(story.now_ns - 30 * NS)
    await until(lambda: opened.begun == 2)
    window.recorded.panel.sought.emit(story.now_ns)
    opened.may_end.set()
    await until(lambda: opened.closed == 2)
    assert window.shown is story.monitor


async def test_a_move_that_is_asked_for_while_the_past_is_being_opened_is_made(
    window: MainWindow, story: Story, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = watch_opening(monkeypatch)
    window.recorded.panel.sought.emit(story.now_ns - 30 * NS)
    await until(lambda: opened.begun == 1)
    window.recorded.panel.sought.emit(story.now_ns - 10 * NS)
    opened.may_end.set()
    await until(lambda: window.recorded.replay is not None and is_at(window, story.now_ns - 10 * NS))


async def test_what_is_chosen_stays_so_on_the_way_into_the_past_and_back(
    window: MainWindow, story: Story, until: Until
) -> None:
    def chosen() -> tuple[int | None, str]:
        panel, shown = window.timeline, window.inspector.shown
        row = panel.table.currentIndex().row()
        return panel.model.number_at(row) if row >= 0 else None, "" if shown is None else shown.type

    assert story.monitor.history is not None
    lost, elected = (events_of(story.monitor.history, name)[-1] for name in ("leader_lost", "leader_change"))
    window.charts.event_activated.emit(lost)
    assert chosen() == (lost, "leader_lost")
    window.recorded.panel.sought.emit(story.now_ns - 30 * NS)
    await until(lambda: window.recorded.replay is not None)
    await until(lambda: chosen() == (lost, "leader_lost"))
    assert is_at(window, story.now_ns - 30 * NS)
    window.charts.event_activated.emit(elected)
    await until(lambda: chosen() == (elected, "leader_change"))
    QTest.keyClick(window, Qt.Key.Key_L)
    await until(lambda: chosen() == (elected, "leader_change"))
    assert window.shown is story.monitor
    assert window.top_bar.held.text() == ""
    # Numbers of another file are of other events.
    window.show_monitor(Story(name="other").monitor)
    assert chosen() == (None, "")
    window.show_monitor(story.monitor)
    assert chosen() == (None, "")


async def test_a_recording_without_anything_live_is_closed_instead(
    window: MainWindow, story: Story, tmp_path: Path
) -> None:
    window.show_monitor(None)
    assert story.monitor.history is not None
    window.show_replay(await open_replay(story.monitor.history, story.monitor.target))
    assert window.recorded.bar.leave.text() == "Close recording"
    assert window.recorded.bar.play.isEnabled()
    await replay_of(window).seek(2**62)
    window.pacer.refresh()
    assert not window.recorded.bar.play.isEnabled()
    assert window.recorded.bar.news.accessibleName() == ""
    QTest.keyClick(window, Qt.Key.Key_L)
    assert window.pages.currentWidget() is window.welcome
    assert window.shown is None


async def test_who_watches_another_cluster_leaves_the_replay(replaying: MainWindow) -> None:
    other = Story(name="other", environment="")
    replaying.show_monitor(other.monitor)
    assert replaying.recorded.replay is None
    assert replaying.windowTitle() == "other · Helios"


# Moving


async def test_of_many_seeks_the_latest_is_shown(replaying: MainWindow, story: Story, until: Until) -> None:
    replay, jumps = replay_of(replaying), list[int]()
    shown = replay.jumped

    def count_jump() -> None:
        jumps.append(replay.now_ns())
        shown()

    replay.jumped = count_jump
    first_ns, last_ns = replay.first_ns, story.now_ns - 5 * NS
    for part in range(200, -1, -1):
        replaying.recorded.panel.sought.emit(first_ns + (last_ns - first_ns) * part // 200)
    await until(lambda: is_at(replaying, first_ns))
    assert len(jumps) <= 3


async def test_space_plays_and_pauses_and_arrows_step_from_event_to_event(replaying: MainWindow, until: Until) -> None:
    replay = replay_of(replaying)
    replaying.frame.setFocus()
    QTest.keyClick(replaying, Qt.Key.Key_Space)
    assert is_playing(replaying)
    before_ns = replay.now_ns()
    await until(lambda: replay.now_ns() > before_ns and replaying.recorded.bar.play.text() == "Pause")
    QTest.keyClick(replaying, Qt.Key.Key_Space)
    assert not is_playing(replaying)
    at_ns = replay.now_ns()
    QTest.keyClick(replaying, Qt.Key.Key_Right)
    await until(lambda: replay.now_ns() > at_ns)
    forward_ns = replay.now_ns()
    QTest.keyClick(replaying, Qt.Key.Key_Left)
    await until(lambda: replay.now_ns() < forward_ns)
    assert replay.now_ns() <= at_ns


async def test_arrows_belong_to_the_strip_while_it_has_the_focus(replaying: MainWindow, until: Until) -> None:
    replay, strip = replay_of(replaying), replaying.recorded.panel.scrubber
    await until(lambda: "led" in strip.accessibleDescription() or "leads" in strip.accessibleDescription())
    strip.setFocus()
    before_ns, span_ns = replay.now_ns(), strip.scale.span_ns
    QTest.keyClick(strip, Qt.Key.Key_Left)
    await until(lambda: replay.now_ns() < before_ns)
    assert before_ns - replay.now_ns() == round(span_ns / 100)


async def test_e_goes_to_the_problems_of_the_whole_recording(replaying: MainWindow, story: Story, until: Until) -> None:
    assert story.monitor.history is not None
    lost = events_of(story.monitor.history, "leader_lost")
    assert len(lost) == 1
    replaying.recorded.panel.sought.emit(0)
    await until(lambda: is_at(replaying, replay_of(replaying).first_ns))
    reached = []
    for _press in range(4):
        QTest.keyClick(replaying, Qt.Key.Key_E)
        before = replaying.inspector.shown
        await until(lambda before=before: replaying.inspector.shown is not before)  # type: ignore[misc]
        assert replaying.inspector.shown is not None
        reached.append(replaying.inspector.shown.type)
        if reached[-1] == "leader_lost":
            break
    assert "leader_lost" in reached
    assert replay_of(replaying).state.leader is None
    at_ns = replay_of(replaying).now_ns()
    QTest.keyClick(replaying, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    await until(lambda: replay_of(replaying).now_ns() < at_ns)


async def test_choosing_a_row_moves_the_replay_there(replaying: MainWindow, until: Until) -> None:
    number = replay_of(replaying).log.first
    at_ns = replay_of(replaying).log[number].at_ns
    replaying.timeline.event_activated.emit(number)
    await until(lambda: is_at(replaying, at_ns))
    await until(lambda: replaying.inspector.shown is not None)
    assert replaying.inspector.shown is not None
    assert replaying.inspector.shown.at_ns == at_ns


async def test_scrolling_in_a_replay_stops_it_and_never_holds(replaying: MainWindow) -> None:
    replaying.recorded.replaying.toggle_play()
    assert replay_of(replaying).is_playing
    replaying.charts.hold_requested.emit()
    assert not replay_of(replaying).is_playing
    assert replaying.top_bar.held.text() == ""


async def test_it_plays_to_the_end_at_a_thousand_times_the_pace(
    replaying: MainWindow, story: Story, until: Until
) -> None:
    replay = replay_of(replaying)
    replaying.recorded.panel.sought.emit(0)
    await until(lambda: replay.now_ns() == replay.first_ns)
    speed = replaying.recorded.bar.speed
    speed.activated.emit(speed.count() - 1)
    assert replay.speed == 1000
    replaying.recorded.bar.play.click()
    await until(lambda: not replay.is_playing)
    assert replay.now_ns() == replay.last_ns
    assert replay.state.leader == "node2"
    await until(lambda: replaying.recorded.bar.play.text() == "Play")
    assert replaying.recorded.bar.play.isEnabled()  # more may come


# What it cannot do


async def test_no_control_of_a_replay_reaches_the_cluster(
    replaying: MainWindow, host: FakeHost, story: Story, until: Until
) -> None:
    demo = host.demo
    assert isinstance(demo, FakeDemo)
    assert not replaying.demo_panel.isVisible()
    for action in replaying.menus.of_cluster:
        assert not action.isEnabled()
        assert action.toolTip() == "A replay reaches no cluster."
        action.trigger()
    for switch in replaying.subscriptions.switches.values():
        assert not switch.isEnabled()
        assert switch.toolTip().startswith("A replay asks nothing")
        switch.click()
    assert replaying.subscriptions.reason.isVisible()
    for controls in (QAbstractButton, QComboBox):
        for control in replaying.subscriptions.findChildren(controls) + replaying.demo_panel.findChildren(controls):
            if isinstance(control, QAbstractButton):
                control.click()
    for panel in (replaying.banner, replaying.connection_line, replaying.top_bar, replaying.overview):
        for button in panel.findChildren(QAbstractButton):
            button.click()
    # The keys and the signals that lead there, too.
    QTest.keyClick(replaying, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    replaying.banner.reconnect_requested.emit()
    replaying.banner.sign_in_requested.emit()
    assert replaying.recorded.replay is not None
    assert (story.monitor.asked, story.monitor.reconnects, story.monitor.disconnects) == ([], 0, 0)
    assert (demo.faults, host.targets, host.demos) == ([], [], 0)


async def test_trouble_of_the_past_is_told_without_a_way_to_act_on_it(
    window: MainWindow, story: Story, until: Until
) -> None:
    for node in ("node1", "node2", "node3"):
        story.phase(node, Phase.REJECTED, Cause.BAD_CREDENTIALS)
    story.now_s += 5
    story.tick()
    await written(story, until)
    window.recorded.panel.sought.emit(story.now_ns - 3 * NS)
    await until(lambda: window.recorded.replay is not None)
    window.pacer.refresh()
    assert window.banner.isVisible()
    assert not window.banner.sign_in.isVisible()
    assert not window.banner.reconnect.isVisible()
    window.go_live()
    window.pacer.refresh()
    assert window.banner.sign_in.isVisible()


# Opening


async def test_a_recording_is_opened_by_drop(window: MainWindow, host: FakeHost, tmp_path: Path, until: Until) -> None:
    path = tmp_path / "incident.helios"
    for dropped, is_taken in ((path, True), (tmp_path / "notes.txt", False)):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(dropped))])
        event = QDropEvent(
            QPointF(QPoint(40, 40)),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        event.setAccepted(False)
        window.dropEvent(event)
        assert event.isAccepted() is is_taken
    await until(lambda: host.opened == [path])


async def test_why_a_recording_cannot_be_opened_is_a_sentence_in_the_window(
    window: MainWindow, host: FakeHost, tmp_path: Path, until: Until
) -> None:
    host.error = "x.helios is no recording."
    window.recorded.replaying.open(tmp_path / "x.helios")
    await until(lambda: window.banner.text.text() == host.error)


async def test_the_first_page_and_the_menu_ask_for_a_recording(
    window: MainWindow, until: Until, tmp_path: Path, host: FakeHost
) -> None:
    window.show_monitor(None)
    window.welcome.recording.click()
    await until(lambda: any(dialog.isVisible() for dialog in window.findChildren(QFileDialog)))
    dialog = next(dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible())
    path = tmp_path / "a.helios"
    path.write_bytes(b"")
    dialog.setDirectory(str(tmp_path))
    name = dialog.findChild(QLineEdit)
    assert name is not None
    name.setText(path.name)
    await until(lambda: dialog.selectedFiles() == [str(path)])
    dialog.accept()
    await until(lambda: host.opened == [path])


async def test_a_file_that_breaks_while_it_is_replayed_is_told_and_live_stays(
    replaying: MainWindow, story: Story, until: Until
) -> None:
    path = replay_of(replaying).history
    await story.monitor.close_recording()
    spoil(path)
    replaying.recorded.panel.sought.emit(0)
    await until(replaying.banner.isVisible)
    assert path.name in replaying.banner.text.text()
    replaying.go_live()
    assert replaying.shown is story.monitor


class Opening:
    """How many replays were begun to be opened, and how many closed; `may_end` lets them be shown."""

    def __init__(self) -> None:
        self.begun = self.closed = 0
        self.may_end = asyncio.Event()


def watch_opening(monkeypatch: pytest.MonkeyPatch) -> Opening:
    """Let replays be opened when the test says so."""
    opening, close = Opening(), Replay.close

    async def open_late(path: Path, target: Target, at_ns: int | None = None) -> Replay:
        opening.begun += 1
        await opening.may_end.wait()
        return await open_replay(path, target, at_ns)

    async def count_close(replay: Replay) -> None:
        await close(replay)
        opening.closed += 1

    monkeypatch.setattr(qt_replaying, "open_replay", open_late)
    monkeypatch.setattr(Replay, "close", count_close)
    return opening


def spoil(path: Path) -> None:
    """Overwrite all of it but the header."""
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * (path.stat().st_size - 100))

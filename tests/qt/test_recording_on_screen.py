"""How recording stands, in the window: what is on the disk, why nothing is, and who else records."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QLabel

from helios_desktop.journal.scribe import RecordingStatus
from helios_desktop.monitor.follower import open_follower
from helios_desktop.qt.recording_words import recording_words, set_aside_words
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.window import MainWindow
from tests.qt.recordings import journal, written
from tests.qt.scene import NS, FakeHost, SpyMonitor, Story

Until = Callable[[Callable[[], bool]], Awaitable[None]]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


class ToldMonitor(SpyMonitor):
    """A monitor whose recording stands as the test says."""

    status: RecordingStatus | None = None
    follows = False

    @property
    def is_following(self) -> bool:
        """What the test says."""
        return self.follows

    @property
    def recording(self) -> RecordingStatus | None:
        """What the test says."""
        return self.status

    @property
    def history(self) -> Path | None:
        """A path that nobody reads."""
        return None if self.status is None else Path("/nowhere/demo.journal")


@pytest.fixture
async def window(qapp: QApplication, host: FakeHost, settings: QSettings) -> AsyncIterator[MainWindow]:
    """Give a window that watches nothing."""
    made = MainWindow(host, qapp, settings, theme=DARK)
    made.show()
    yield made
    made.close()
    await made.shut_down()
    made.deleteLater()


def told(status: RecordingStatus | None) -> ToldMonitor:
    monitor = ToldMonitor(Story().monitor.target, lambda: 1_700_000_000 * NS)
    monitor.status = status
    return monitor


def colour(label: QLabel) -> str:
    return label.palette().windowText().color().name()


async def test_the_size_of_the_recording_stands_in_the_line_and_grows(
    window: MainWindow, tmp_path: Path, until: Until
) -> None:
    story = await journal(tmp_path / "demo.journal")
    await written(story, until)
    window.show_monitor(story.monitor)
    label = window.connection_line.recording
    assert label.text().startswith("● recording ")
    assert label.text().endswith("KiB")
    assert str(tmp_path / "demo.journal") in label.toolTip()
    assert colour(label) == DARK.text_dim.name()
    await story.monitor.close_recording()


async def test_a_full_disk_is_red_and_says_what_to_do_and_that_live_goes_on(window: MainWindow) -> None:
    window.show_monitor(told(RecordingStatus(False, "disk full")))
    label = window.connection_line.recording
    assert label.text() == "✕ not recording: disk full"
    assert colour(label) == DARK.problem.name()
    assert "Live goes on" in label.toolTip()
    assert "/nowhere" in label.toolTip()


async def test_a_damaged_journal_is_told_once_with_where_it_is(window: MainWindow, tmp_path: Path) -> None:
    aside = tmp_path / "demo-damaged-1.journal"
    monitor = told(RecordingStatus(True, set_aside=aside, size_bytes=4096))
    window.show_monitor(monitor)
    assert window.banner.text.text() == set_aside_words(aside)
    assert str(aside) in window.banner.text.text()
    window.banner.dismiss.click()
    monitor.status = RecordingStatus(True, set_aside=aside, size_bytes=8192)
    window.pacer.refresh()
    assert not window.banner.isVisible()


async def test_a_window_that_follows_another_says_so_and_asks_nothing(
    window: MainWindow, tmp_path: Path, until: Until
) -> None:
    story = await journal(tmp_path / "demo.journal")
    path = await written(story, until)
    follower = await open_follower(path, story.monitor.target, lambda: story.now_ns)
    window.show_monitor(follower)
    assert window.connection_line.recording.text().startswith("⇄ follows another window")
    assert "through another window" in window.top_bar.live.text()
    assert all(not switch.isEnabled() for switch in window.subscriptions.switches.values())
    assert window.subscriptions.reason.text() == "Another window watches the cluster: ask there."
    assert all(not action.isEnabled() for action in window.menus.of_cluster)
    window.show_monitor(None)
    await follower.close()
    await story.monitor.close_recording()


async def test_a_window_that_follows_one_that_stands_still_says_so_in_red(window: MainWindow) -> None:
    monitor = told(RecordingStatus(False, "the other window has recorded nothing for 7 s"))
    monitor.follows = True
    window.show_monitor(monitor)
    label = window.connection_line.recording
    assert label.text() == "✕ nothing to follow: the other window has recorded nothing for 7 s"
    assert colour(label) == DARK.problem.name()
    assert "takes over" in label.toolTip()
    monitor.status = RecordingStatus(True, size_bytes=4096)
    window.pacer.refresh()
    assert label.text().startswith("⇄ follows another window")
    assert colour(label) == DARK.text_dim.name()


async def test_the_overview_is_there_where_something_is_recorded_unless_it_is_switched_off(
    window: MainWindow, tmp_path: Path, until: Until
) -> None:
    window.show_monitor(Story().monitor)
    assert not window.recorded.panel.isVisible()
    story = await journal(tmp_path / "demo.journal")
    await written(story, until)
    window.show_monitor(story.monitor)
    panel = window.recorded.panel
    assert panel.isVisible()
    await until(lambda: panel.length.text() != "")
    assert panel.length.text() == "2 m 12 s"
    window.menus.panels["history"].trigger()
    assert not panel.isVisible()
    window.menus.reset_layout.trigger()
    assert panel.isVisible()
    panel.table.click()
    assert panel.spans.isVisible()
    assert panel.spans.model.rowCount() == 5
    await story.monitor.close_recording()


def test_before_the_file_is_open_and_where_none_is_to_be() -> None:
    assert recording_words(told(RecordingStatus())).text == "recording begins"
    assert recording_words(told(None)).text == ""

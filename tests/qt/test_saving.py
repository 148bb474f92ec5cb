"""From what is shown to a file: a recording and a report, of all or a part, with progress and Cancel."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import CancelledError
from helios_desktop.monitor.replay import open_replay
from helios_desktop.qt.save_dialog import SaveDialog
from helios_desktop.qt.saving import choices_of
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.times import TimeStyle
from helios_desktop.qt.window import MainWindow
from tests.qt.recordings import journal, written
from tests.qt.scene import NS, FakeHost, Story

Until = Callable[[Callable[[], bool]], Awaitable[None]]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


@pytest.fixture
async def story(qapp: QApplication, tmp_path: Path, until: Until) -> AsyncIterator[Story]:
    """Give a cluster that is live and recorded."""
    made = await journal(tmp_path / "demo.journal")
    await written(made, until)
    yield made
    await made.monitor.close_recording()


@pytest.fixture
async def window(qapp: QApplication, host: FakeHost, settings: QSettings, story: Story) -> AsyncIterator[MainWindow]:
    """Give a window that watches it."""
    made = MainWindow(host, qapp, settings, theme=DARK)
    made.show()
    made.show_monitor(story.monitor)
    yield made
    made.close()
    await made.shut_down()
    made.deleteLater()


def chosen_in(dialog: SaveDialog) -> str:
    return next(button.text() for button in dialog.spans.buttons() if button.isChecked())


def dialog_of(window: MainWindow) -> SaveDialog:
    return next(dialog for dialog in window.findChildren(SaveDialog) if dialog.isVisible())


async def test_the_last_half_hour_is_saved_into_a_file_that_opens(
    window: MainWindow, story: Story, tmp_path: Path, until: Until
) -> None:
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    dialog = dialog_of(window)
    assert chosen_in(dialog) == "The last 30 minutes"
    assert dialog.path.text().endswith(".helios")
    target = tmp_path / "saved.helios"
    dialog.path.setText(str(target))
    dialog.save.click()
    assert dialog.is_writing
    await until(lambda: not dialog.is_writing)
    assert dialog.message.text().startswith("Saved ")
    replay = await open_replay(target, story.monitor.target)
    window.show_replay(replay)
    assert window.windowTitle().startswith("REPLAY")
    dialog.reject()


async def test_the_range_of_the_strip_is_what_is_meant_where_there_is_one(
    window: MainWindow, story: Story, tmp_path: Path, until: Until
) -> None:
    strip = window.recorded.panel.scrubber
    await until(lambda: strip.whole[0] < story.now_ns - 60 * NS)
    for _press in range(10):
        QTest.keyClick(strip, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    window.recorded.commands().save()
    dialog = dialog_of(window)
    assert chosen_in(dialog) == "The chosen range"
    dialog.path.setText(str(tmp_path / "part.helios"))
    dialog.start()
    await until(lambda: not dialog.is_writing)
    assert strip.chosen_range is not None
    with Reader(tmp_path / "part.helios") as part, Reader(tmp_path / "demo.journal") as whole:
        extent, all_there_is = part.extent(), whole.extent()
    assert extent.first_ns is not None
    assert extent.last_ns is not None
    assert strip.chosen_range[0] <= extent.first_ns <= extent.last_ns < strip.chosen_range[1]
    assert 0 < extent.observations < all_there_is.observations
    dialog.reject()


async def test_a_report_is_one_page(window: MainWindow, tmp_path: Path, until: Until) -> None:
    window.recorded.commands().report()
    dialog = dialog_of(window)
    assert not dialog.disguise.isVisible()
    dialog.path.setText(str(tmp_path / "report.html"))
    dialog.start()
    await until(lambda: not dialog.is_writing)
    assert dialog.message.text().startswith("Wrote the report"), dialog.message.text()
    assert (tmp_path / "report.html").read_bytes().lower().startswith(b"<!doctype html>")
    dialog.reject()


async def test_cancel_ends_the_writing_first_and_leaves_nothing(
    window: MainWindow, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:

    def slow_save(*_args: object, is_cancelled: Callable[[], bool], **_more: object) -> None:
        while not is_cancelled():
            pass
        raise CancelledError

    monkeypatch.setattr("helios_desktop.qt.saving.save", slow_save)
    window.recorded.commands().save()
    dialog = dialog_of(window)
    dialog.path.setText(str(tmp_path / "x.helios"))
    dialog.start()
    await asyncio.sleep(0)
    assert dialog.cancel.text() == "Cancel"
    assert not dialog.save.isEnabled()
    assert dialog.progress.isVisible()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    await until(lambda: not dialog.is_writing)
    assert dialog.message.text() == "Cancelled; no file was written."
    dialog.cancel.click()
    assert not dialog.isVisible()


async def test_the_journal_itself_is_no_target(window: MainWindow, story: Story, until: Until) -> None:
    window.recorded.commands().save()
    dialog = dialog_of(window)
    dialog.path.setText(str(story.monitor.history))
    assert dialog.message.text() == "This file exists and will be replaced."
    dialog.start()
    await until(lambda: not dialog.is_writing)
    assert dialog.message.text() == "This is the file that is read: name another one."
    dialog.path.setText("")
    dialog.start()
    assert dialog.message.text() == "Name the file to write to."
    dialog.reject()


async def test_where_nothing_is_recorded_nothing_can_be_saved(window: MainWindow) -> None:
    window.show_monitor(Story().monitor)
    assert [action.isEnabled() for action in window.menus.of_history] == [False] * len(window.menus.of_history)
    window.recorded.commands().save()
    assert "nothing to save" in window.banner.text.text()


def test_what_can_be_chosen_says_until_when() -> None:
    now_ns = 1_700_000_000 * NS
    plain = choices_of(now_ns, None, None, TimeStyle.UTC)
    assert [choice.text for choice in plain] == [
        "The last 5 minutes",
        "The last 30 minutes",
        "Everything that is recorded",
    ]
    assert plain[0].span == (now_ns - 300 * NS, now_ns + 1)
    assert plain[0].detail == "until 2023-11-14 22:13:20 UTC"
    view, chosen = (now_ns - 60 * NS, now_ns), (now_ns - 30 * NS, now_ns - 10 * NS)
    more = choices_of(now_ns, chosen, view, TimeStyle.RELATIVE)
    assert [choice.span for choice in more if choice.is_first] == [chosen]
    assert view in [choice.span for choice in more]

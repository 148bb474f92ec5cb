"""Bookmarks and notes: on an event, an instant or a range, in a live journal and in a recording."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from helios_desktop.journal.note import Note
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import RecordingError
from helios_desktop.monitor.replay import open_replay
from helios_desktop.qt.note_dialog import NoteDialog
from helios_desktop.qt.theme import DARK
from helios_desktop.qt.window import MainWindow
from tests.qt.recordings import events_of, journal, written
from tests.qt.scene import NS, FakeHost, Story

Until = Callable[[Callable[[], bool]], Awaitable[None]]
pytestmark = [
    pytest.mark.qt_log_ignore("propagateSizeHints", extend=True),
    pytest.mark.qt_log_ignore(r"raise\(\)", extend=True),
]


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


def notes_in(path: Path) -> list[Note]:
    with Reader(path) as reader:
        return reader.notes()


def journal_of(story: Story) -> Path:
    assert story.monitor.history is not None
    return story.monitor.history


async def asked(window: MainWindow, until: Until) -> NoteDialog:
    """Wait for the question."""
    found: list[NoteDialog] = []

    def is_open() -> bool:
        found[:] = [dialog for dialog in window.findChildren(NoteDialog) if dialog.isVisible()]
        return bool(found)

    await until(is_open)
    return found[0]


async def noted(window: MainWindow, text: str, until: Until) -> None:
    """Bookmark by the key, with these words."""
    window.activateWindow()  # which the offscreen platform does not do by itself when a dialog closes
    await until(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_B)
    dialog = await asked(window, until)
    dialog.edit.setPlainText(text)
    QTest.keyClick(dialog.edit, Qt.Key.Key_Return)
    await until(lambda: not dialog.isVisible())


async def test_b_bookmarks_the_present_of_a_live_cluster(window: MainWindow, story: Story, until: Until) -> None:
    await noted(window, "", until)
    await until(lambda: len(notes_in(journal_of(story))) == 1)
    (note,) = notes_in(journal_of(story))
    assert (note.at_ns, note.until_ns, note.event, note.text) == (story.now_ns, None, None, "")


async def test_b_bookmarks_the_event_that_is_chosen_with_its_instant(
    window: MainWindow, story: Story, until: Until
) -> None:
    (number,) = events_of(journal_of(story), "leader_lost")
    window.timeline.event_activated.emit(number)
    QTest.keyClick(window, Qt.Key.Key_B)
    dialog = await asked(window, until)
    assert "node1" in dialog.on.text()
    dialog.edit.setPlainText("Here\nit began")
    dialog.buttons.accepted.emit()
    await until(lambda: len(notes_in(journal_of(story))) == 1)
    (note,) = notes_in(journal_of(story))
    assert (note.at_ns, note.event, note.text) == (story.monitor.log[number].at_ns, number, "Here\nit began")


async def test_b_bookmarks_the_range_that_is_chosen_on_the_strip(
    window: MainWindow, story: Story, until: Until
) -> None:
    strip = window.recorded.panel.scrubber
    await until(lambda: strip.whole[0] < story.now_ns - 60 * NS)
    for _press in range(5):
        QTest.keyClick(strip, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    chosen = strip.chosen_range
    assert chosen is not None
    await noted(window, "all of it", until)
    await until(lambda: len(notes_in(journal_of(story))) == 1)
    (note,) = notes_in(journal_of(story))
    assert ((note.at_ns, note.until_ns), note.event) == (chosen, None)


async def test_a_note_in_a_recording_is_kept_there_and_the_live_one_stays_as_it_is(
    window: MainWindow, story: Story, tmp_path: Path, until: Until
) -> None:
    other = await journal(tmp_path / "other.journal")
    await other.monitor.close_recording()
    replay = await open_replay(tmp_path / "other.journal", other.monitor.target)
    window.show_replay(replay)
    await noted(window, "in the recording", until)
    await until(lambda: len(notes_in(tmp_path / "other.journal")) == 1)
    assert notes_in(tmp_path / "other.journal")[0].at_ns == replay.now_ns()
    assert notes_in(journal_of(story)) == []


async def test_cancelled_nothing_is_kept(window: MainWindow, story: Story, until: Until) -> None:
    QTest.keyClick(window, Qt.Key.Key_B)
    dialog = await asked(window, until)
    dialog.reject()
    await until(lambda: not window.findChildren(NoteDialog))
    await noted(window, "second", until)
    await until(lambda: len(notes_in(journal_of(story))) == 1)


async def test_they_are_listed_edited_removed_and_gone_to(window: MainWindow, story: Story, until: Until) -> None:
    (number,) = events_of(journal_of(story), "leader_lost")
    window.timeline.event_activated.emit(number)
    await noted(window, "lost", until)
    window.recorded.noting.show_list()
    notes = window.recorded.noting.list
    await until(lambda: len(notes.model.notes) == 1)
    assert notes.model.data(notes.model.index(0, 1)) == "lost"
    assert "node1" in str(notes.model.data(notes.model.index(0, 2)))
    notes.table.setCurrentIndex(notes.model.index(0, 0))
    notes.edit.click()
    dialog = await asked(window, until)
    assert dialog.text == "lost"
    dialog.edit.setPlainText("lost for good")
    dialog.accept()
    await until(lambda: [note.text for note in notes.model.notes] == ["lost for good"])
    assert len(notes_in(journal_of(story))) == 1
    QTest.keyClick(notes.table, Qt.Key.Key_Return)
    await until(lambda: window.recorded.replay is not None)
    assert window.recorded.replay is not None
    assert window.recorded.replay.now_ns() == notes.model.notes[0].at_ns
    notes.remove.click()
    await until(lambda: notes.model.notes == [])
    assert notes_in(journal_of(story)) == []
    assert "No bookmarks yet" in notes.whole.text()


async def test_a_bookmark_is_seen_on_the_strip_at_once(window: MainWindow, story: Story, until: Until) -> None:
    await noted(window, "here", until)
    strip = window.recorded.panel.scrubber
    story.now_s += 30  # as long as it is the present, the handle stands before it
    story.tick()
    window.pacer.refresh()

    def is_marked() -> bool:
        image = strip.grab().toImage()
        return any(image.pixelColor(x, 1) == DARK.accent for x in range(image.width()))

    await until(is_marked)


async def test_where_nothing_is_recorded_there_is_nothing_to_keep_it_in(window: MainWindow, until: Until) -> None:
    window.show_monitor(Story().monitor)
    QTest.keyClick(window, Qt.Key.Key_B)
    await until(window.banner.isVisible)
    assert "Nothing is recorded here" in window.banner.text.text()


async def test_a_recording_that_cannot_be_written_says_so(
    window: MainWindow, tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await journal(tmp_path / "other.journal")
    await other.monitor.close_recording()
    window.show_replay(await open_replay(tmp_path / "other.journal", other.monitor.target))

    def refuse(path: Path, _note: Note) -> None:
        raise RecordingError(f"The note was not kept in {path}.")

    monkeypatch.setattr("helios_desktop.qt.noting.add_note", refuse)
    await noted(window, "lost", until)
    await until(lambda: "The note was not kept" in window.banner.text.text())

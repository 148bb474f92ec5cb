"""Bookmarks and notes: asks for the words, and keeps them in the journal or the recording that is shown."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace
from PySide6.QtWidgets import QDialog, QWidget

from helios_desktop.journal.failure import FAILURES
from helios_desktop.journal.note import Note, new_note, tidy_text
from helios_desktop.journal.notes import add_note, remove_note
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import RecordingError, unreadable
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.thread import in_thread
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.dialogs import show_dialog
from helios_desktop.qt.note_dialog import NoteDialog
from helios_desktop.qt.note_words import instant_about, note_about
from helios_desktop.qt.notes_dialog import NotesDialog
from helios_desktop.qt.tasks import Tasks
from helios_desktop.qt.times import TimeStyle, second_text
from helios_desktop.summary import summary
from helios_desktop.words import _

_LOOK_EVERY_S: Final = 0.1
_LOOKS: Final = 30
"""A live journal has a note within a quarter of a second, where its disk serves."""


class Listed(NamedTuple):
    """The notes of a file, and the summaries of the events that they are on, by number."""

    notes: Sequence[Note]
    told: dict[int, str]


class Noting:
    """`say` is told what cannot be, `changed` that the file has other notes than before, `go` where the user goes."""

    def __init__(
        self,
        window: QWidget,
        tasks: Tasks,
        *,
        say: Callable[[str], None],
        changed: Callable[[], None],
        go: Callable[[Note], None],
    ) -> None:
        self._window = window
        self._tasks = tasks
        self._say = say
        self._changed = changed
        self._watched: Watched | None = None
        self._live: Watched | None = None
        self._style = TimeStyle.UTC
        self._asking: object | None = None
        self.list = NotesDialog(window)
        self.list.chosen.connect(go)
        self.list.edit_asked.connect(lambda note: self._begin(partial(self._edit, note)))
        self.list.remove_asked.connect(lambda note: self._begin(partial(self._remove, note)))

    def take(self, watched: Watched | None, live: Watched | None) -> None:
        """Notes are of this one from now on; `live` goes on beneath, and may be the same."""
        before = None if self._watched is None else self._watched.history
        self._watched, self._live = watched, live
        path = None if watched is None else watched.history
        if path is None:
            self.list.close()
        elif path != before and self.list.isVisible():
            self._tasks.start(self._load(path))

    def set_time_style(self, style: TimeStyle) -> None:
        """Write instants in this convention."""
        self._style = style
        self.list.set_time_style(style)

    def bookmark(self, event: int | None, span: tuple[int, int] | None) -> None:
        """Ask for words and keep them: on that event, else on that stretch of time, else on the instant."""
        self._begin(partial(self._bookmark, event, span))

    def show_list(self) -> None:
        """List all of them."""
        path = None if self._watched is None else self._watched.history
        if path is None:
            self._say(_("Nothing is recorded here, so there is nothing to keep bookmarks in."))
            return
        self.list.show()
        self.list.raise_()
        self.list.activateWindow()
        self._tasks.start(self._load(path))

    def _begin(self, ask: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._asking is None:
            self._asking = asking = object()
            self._tasks.start(self._carry_out(ask, asking))

    async def _carry_out(self, ask: Callable[[], Coroutine[Any, Any, None]], asking: object) -> None:
        try:
            await ask()
        except RecordingError as error:
            self._say(str(error))
        finally:
            if self._asking is asking:
                self._asking = None

    async def _bookmark(self, number: int | None, span: tuple[int, int] | None) -> None:
        watched = self._watched
        path = None if watched is None else watched.history
        if watched is None or path is None:
            self._say(_("Nothing is recorded here, so there is nothing to keep a bookmark in."))
            return
        at_ns, until_ns = (watched.now_ns(), None) if span is None else span
        told = ""
        if number is not None:
            found = await self._find_event(watched, path, number)
            if found is None:
                number = None
            else:
                at_ns, until_ns, told = found[0], None, found[1]
        text = await self._ask(_("Bookmark this"), instant_about(at_ns, until_ns, told, self._style), "")
        if text is not None:
            await self._put(path, new_note(text, time.time_ns(), at_ns, until_ns=until_ns, event=number))

    async def _edit(self, note: Note) -> None:
        path = None if self._watched is None else self._watched.history
        if path is None:
            return
        about = f"{second_text(note.at_ns, self._style)}  {note_about(note, self.list.told, self._style)}"
        text = await self._ask(_("Edit the note"), about, note.text)
        if text is not None:
            await self._put(path, replace(note, text=tidy_text(text), written_ns=time.time_ns()))

    async def _remove(self, note: Note) -> None:
        path = None if self._watched is None else self._watched.history
        if path is None:
            return
        recorder = self._recorder(path)
        if recorder is not None:
            recorder.remove_note(note.id)
        else:
            await in_thread(partial(remove_note, path, note.id))
        await self._settle(path, lambda notes: all(one.id != note.id for one in notes))

    async def _put(self, path: Path, note: Note) -> None:
        recorder = self._recorder(path)
        if recorder is not None:
            recorder.put_note(note)
        else:
            await in_thread(partial(add_note, path, note))
        if not await self._settle(path, lambda notes: note in notes):
            self._say(
                _("The bookmark waits in memory, since the journal cannot be written now: {path}.").format(path=path)
            )

    async def _ask(self, title: str, on: str, text: str) -> str | None:
        parent = self.list if self.list.isVisible() else self._window
        dialog = NoteDialog(parent, title=title, on=on, text=text)
        try:
            result = await show_dialog(dialog)
            return dialog.text if result == QDialog.DialogCode.Accepted else None
        finally:
            dialog.deleteLater()
            self._asking = None  # while the answer is written, the next one may be asked

    def _recorder(self, path: Path) -> Monitor | None:
        """Who writes this file, in this window: nobody else may."""
        match self._live:
            case Monitor() as live if live.history == path:
                return live
            case _:
                return None

    async def _find_event(self, watched: Watched, path: Path, number: int) -> tuple[int, str] | None:
        try:
            event = watched.log[number]
        except IndexError:
            return (await in_thread(partial(_rows, path, (number,)))).get(number)
        return event.at_ns, summary(event)

    async def _settle(self, path: Path, is_there: Callable[[Sequence[Note]], bool]) -> bool:
        """Wait until the file says so, and show it; False where it does not for a while."""
        for _look in range(_LOOKS):
            listed = await in_thread(partial(_listed, path))
            if is_there(listed.notes):
                self._show(path, listed)
                self._changed()
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False

    async def _load(self, path: Path) -> None:
        try:
            self._show(path, await in_thread(partial(_listed, path)))
        except RecordingError as error:
            self._say(str(error))

    def _show(self, path: Path, listed: Listed) -> None:
        if self._watched is not None and self._watched.history == path:
            self.list.show_notes(listed.notes, listed.told)


def _listed(path: Path) -> Listed:
    """Raises `RecordingError`."""
    try:
        with Reader(path) as reader:
            notes = reader.notes()
            rows = reader.rows(note.event for note in notes if note.event is not None)
            return Listed(notes, {number: row.summary for number, row in rows.items()})
    except FAILURES as error:
        raise unreadable(path, error) from error


def _rows(path: Path, numbers: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Raises `RecordingError`."""
    try:
        with Reader(path) as reader:
            return {number: (row.at_ns, row.summary) for number, row in reader.rows(numbers).items()}
    except FAILURES as error:
        raise unreadable(path, error) from error

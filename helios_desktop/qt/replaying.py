"""Going through what is recorded: opening it, and moving in it, one move at a time, of several the latest."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.failure import FAILURES
from helios_desktop.journal.place import RECORDING_SUFFIX, SUFFIX
from helios_desktop.journal.recording import unreadable
from helios_desktop.monitor.past import EmptyError
from helios_desktop.monitor.replay import ALL, PROBLEMS, Replay, open_replay
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.dialogs import show_dialog
from helios_desktop.qt.host import Host
from helios_desktop.qt.tasks import Tasks
from helios_desktop.words import _

_AT_END_NS: Final = 1_000_000_000
"""Whoever seeks so near to the present of what is live means the present."""

Move = Callable[[], Coroutine[Any, Any, None]]


class Replaying:
    """Owns the replay that is shown, and nothing that is live: no call of it can reach a cluster.

    `show` is called with each replay that is to be shown from now on, `event_reached` with the number of an event that
    the replay was moved to, and `say` with a sentence where something cannot be.
    """

    def __init__(
        self,
        host: Host,
        window: QWidget,
        tasks: Tasks,
        *,
        show: Callable[[Replay], None],
        event_reached: Callable[[int], None],
        say: Callable[[str], None],
    ) -> None:
        self._host = host
        self._window = window
        self._tasks = tasks
        self._show = show
        self._event_reached = event_reached
        self._say = say
        self._replay: Replay | None = None
        self._live: Watched | None = None
        self._next: Move | None = None
        self._turn = 0  # what was begun in an earlier one is not wanted any more
        self._is_moving = False
        self._is_opening = False
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def replay(self) -> Replay | None:
        """The one that is shown; None while live is."""
        return self._replay

    def take(self, replay: Replay | None, live: Watched | None) -> None:
        """Own this one from now on, and close the one before. `live` is what may be scrubbed into."""
        before, self._replay, self._live = self._replay, replay, live
        self.forget()
        if before is not None and before is not replay:
            # Not among the window's tasks, which are cancelled at its end.
            closing = asyncio.get_running_loop().create_task(before.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        if replay is not None:
            replay.failed = partial(self._fail, replay)

    async def close(self) -> None:
        """Let go of the file."""
        if self._replay is not None:
            self.take(None, None)
        if self._closing:
            await asyncio.wait(self._closing)

    # Moving

    def seek(self, at_ns: int) -> None:
        """Show that instant: in the replay, or in one of what is live, which is opened for it."""
        live = self._live
        if self._replay is None and (live is None or at_ns >= live.now_ns() - _AT_END_NS):
            self.forget()
            return
        self._move(partial(self._seek, at_ns))

    def forget(self) -> None:
        """Let moves that are on their way lead nowhere, and a replay that is being opened not be shown."""
        self._next = None
        self._turn += 1

    def seek_event(self, number: int) -> None:
        """Show the instant of this event, in the replay."""
        if self._replay is not None:
            self._replay.pause()
            self._move(partial(self._seek_event, number))

    def step(self, forwards: bool) -> None:
        """To the next event, or the one before."""
        self._step(forwards, ALL)

    def step_to_problem(self, forwards: bool) -> None:
        """To the next problem of the whole recording, or the one before."""
        self._step(forwards, PROBLEMS)

    def toggle_play(self) -> None:
        """Let time go on, or stand still."""
        replay = self._replay
        if replay is None:
            return
        if replay.is_playing:
            replay.pause()
        else:
            replay.play()
        replay.moved()

    def pause(self) -> None:
        """Stand still: the user looks at something."""
        if self._replay is not None and self._replay.is_playing:
            self._replay.pause()
            self._replay.moved()

    def set_speed(self, speed: float) -> None:
        """How many seconds of the recording go by in one."""
        if self._replay is not None:
            self._replay.speed = speed

    def _step(self, forwards: bool, chosen: EventFilter) -> None:
        if self._replay is not None:
            self._replay.pause()
            self._move(partial(self._step_in, forwards, chosen))

    def _move(self, move: Move) -> None:
        self._next = move
        if not self._is_moving:
            self._is_moving = True
            self._tasks.start(self._move_on())

    async def _move_on(self) -> None:
        try:
            while self._next is not None:
                move, self._next = self._next, None
                await move()
        finally:
            self._is_moving = False

    async def _seek(self, at_ns: int) -> None:
        replay, live, turn = self._replay, self._live, self._turn
        try:
            if replay is not None:
                await self._follow_end(replay)
                await replay.seek(at_ns)
            elif live is not None and live.history is not None:
                opened = await open_replay(live.history, live.target, at_ns)
                if turn == self._turn:
                    later = self._next
                    self._show(opened)
                    self._next = later
                else:
                    await opened.close()  # the user went elsewhere meanwhile
        except (*FAILURES, EmptyError) as error:
            if turn == self._turn:
                self._tell(error, replay or live)

    async def _seek_event(self, number: int) -> None:
        replay = self._replay
        if replay is None:
            return
        try:
            if not await replay.seek_event(number):
                self._say(_("This event is not kept in the recording any more."))
            elif replay is self._replay:
                self._event_reached(number)
        except FAILURES as error:
            self._tell(error, replay)

    async def _step_in(self, forwards: bool, chosen: EventFilter) -> None:
        replay = self._replay
        if replay is None:
            return
        try:
            await self._follow_end(replay)
            number = await replay.step(forwards, chosen)
        except FAILURES as error:
            self._tell(error, replay)
            return
        if number is not None and replay is self._replay:
            self._event_reached(number)

    async def _follow_end(self, replay: Replay) -> None:
        """What is live beneath goes on in the same file."""
        if self._live is not None and self._live.history == replay.history:
            await replay.refresh_end()

    def _fail(self, replay: Replay, error: sqlite3.Error) -> None:
        if replay is self._replay:
            self._tell(error, replay)

    def _tell(self, error: Exception, of: Watched | None) -> None:
        path = None if of is None else of.history
        if path is None or of is not (self._replay or self._live):
            return  # it is not shown any more
        if isinstance(error, EmptyError):
            self._say(_("Nothing is recorded yet of what one could go back to."))
        elif isinstance(error, FAILURES):
            self._say(str(unreadable(path, error)))

    # Opening

    def ask(self) -> None:
        """Ask for a recording, and open it."""
        if not self._is_opening:
            self._tasks.start(self._ask())

    def open(self, path: Path) -> None:
        """Open this recording."""
        if not self._is_opening:
            self._tasks.start(self._open(path))

    async def _ask(self) -> None:
        dialog = QFileDialog(self._window, _("Open a recording"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(
            [
                _("Recordings (*{suffix})").format(suffix=RECORDING_SUFFIX),
                _("Recordings and journals (*{one} *{other})").format(one=RECORDING_SUFFIX, other=SUFFIX),
                _("All files (*)"),
            ]
        )
        self._is_opening = True
        try:
            result = await show_dialog(dialog)
            chosen = dialog.selectedFiles()
        finally:
            self._is_opening = False
            dialog.deleteLater()
        if result == QDialog.DialogCode.Accepted and chosen:
            await self._open(Path(chosen[0]))

    async def _open(self, path: Path) -> None:
        self._is_opening = True
        try:
            sentence = await self._host.open_recording(path)
        finally:
            self._is_opening = False
        if sentence:
            self._say(sentence)


def dropped_recording(data: QMimeData) -> Path | None:
    """The recording that is dragged over the window; None where it is something else."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return paths[0] if len(paths) == 1 and paths[0].suffix in {RECORDING_SUFFIX, SUFFIX} else None

"""Keeps what the strip shows up to date: looks over the recording in a thread, one look at a time, the latest wish."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from helios_desktop.journal.database import DamagedError
from helios_desktop.journal.failure import reason_of
from helios_desktop.journal.lock import inode_of
from helios_desktop.journal.note import Note
from helios_desktop.journal.schema import SchemaError
from helios_desktop.monitor.past import EmptyError
from helios_desktop.monitor.survey import Survey, Surveyor
from helios_desktop.store.state import ClusterState
from helios_desktop.words import _


class Wish(NamedTuple):
    """Which recording to look over, how close (`view` None: all of it), and the state of who records into it now."""

    path: Path
    view: tuple[int, int] | None
    state: ClusterState | None


class Seen(NamedTuple):
    """What a look gave: a survey and the notes, or the reason why there is none."""

    wish: Wish
    survey: Survey | None
    notes: Sequence[Note] = ()
    reason: str = ""


class Surveying(QObject):
    """One look at a time. `close` it."""

    seen = Signal(object)
    """What a look gave, a `Seen`."""

    _done = Signal(object)
    """From the thread to the window's."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        # Not a task: a look is begun by a timer, which may come while the loop does not run.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="survey")
        self._wish: Wish | None = None
        self._is_looking = False
        self._file: tuple[Path, tuple[int, int] | None] | None = None
        self._surveyor: Surveyor | None = None
        self._done.connect(self._tell)

    def look(self, wish: Wish) -> None:
        """Look soon; of wishes that come meanwhile the latest one is looked at next."""
        self._wish = wish
        self._look_on()

    def close(self) -> None:
        """Wait for the look that is under way, and let go of the file."""
        self._wish = None
        self._is_looking = True
        self._thread.shutdown()
        self._let_go()

    def _look_on(self) -> None:
        wish = self._wish
        if wish is not None and not self._is_looking:
            self._wish = None
            self._is_looking = True
            self._thread.submit(self._look, wish).add_done_callback(self._done.emit)

    def _tell(self, look: Future[Seen]) -> None:
        self._is_looking = False
        self._look_on()
        self.seen.emit(look.result())

    def _look(self, wish: Wish) -> Seen:
        """In the thread."""
        try:
            # Another file may have taken its place: what is shown as recorded is what is there.
            file = (wish.path, inode_of(wish.path))
            if self._surveyor is None or file != self._file:
                self._let_go()
                self._surveyor, self._file = Surveyor(wish.path), file
            survey = self._surveyor.look(wish.view, wish.state)
            return Seen(wish, survey, self._surveyor.notes())
        except EmptyError:
            return Seen(wish, None, reason=_("Nothing is recorded yet."))
        except FileNotFoundError:
            self._let_go()
            return Seen(wish, None, reason=_("Nothing is recorded yet."))
        except (sqlite3.Error, OSError, SchemaError, DamagedError) as error:
            self._let_go()
            why = _("The overview of {path} cannot be drawn: {reason}.")
            return Seen(wish, None, reason=why.format(path=wish.path.name, reason=reason_of(error)))

    def _let_go(self) -> None:
        """Open the file anew at the next look: another may stand in its place."""
        surveyor, self._surveyor = self._surveyor, None
        if surveyor is not None:
            surveyor.close()

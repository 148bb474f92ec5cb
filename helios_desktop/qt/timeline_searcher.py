"""Questions to a journal that take longer than a frame: asked in a thread of its own, answered on the window's loop."""

import itertools
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from helios_desktop.event_filter import PatternError
from helios_desktop.journal.database import DamagedError
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.schema import SchemaError

T = TypeVar("T")
FAILURES: Final = (sqlite3.Error, OSError, SchemaError, DamagedError)
"""What reading a file may raise."""
_PATIENCE: Final = 5
_INSTRUCTIONS: Final = 2_000
"""Of SQLite's machine, some ten microseconds: how often it is asked whether to go on."""


class Haste(IntEnum):
    """What is asked first where several questions wait."""

    ROWS = 0
    COUNTS = 1


class OpenFile:
    """A reader of `path` for one thread, opened when it is asked for, and anew where another file took its place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader: Reader | None = None
        self._inode: tuple[int, int] | None = None

    def reader(self) -> Reader:
        """Raises one of `FAILURES`."""
        found = self.path.stat()
        inode = (found.st_dev, found.st_ino)
        if self._reader is None or inode != self._inode:
            self.close()
            self._reader, self._inode = Reader(self.path), inode
        return self._reader

    @property
    def opened(self) -> Reader | None:
        """The reader, where there is one."""
        return self._reader

    def close(self) -> None:
        """Let go of the file."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(sqlite3.Error):
                reader.close()


def at_once(file: OpenFile, question: Callable[[Reader], T], within_s: float) -> T | None:
    """What `question` gives, asked in this thread; None where it takes longer, or cannot be answered.

    Most are answered sooner than another thread would get the interpreter. The time is that of the processor, so that a
    busy machine does not make two questions of one; a slow disk may take `_PATIENCE` times as long.
    """
    until, patience_until = time.thread_time() + within_s, time.perf_counter() + _PATIENCE * within_s
    try:
        reader = file.reader()
        reader.connection.set_progress_handler(
            lambda: time.thread_time() > until or time.perf_counter() > patience_until, _INSTRUCTIONS
        )
        try:
            return question(reader)
        finally:
            reader.connection.set_progress_handler(None, 0)
    except FAILURES:
        return None


_Answer = tuple[int, Callable[[Any], None], Any]


class Searcher(QObject):
    """Asks one file. All calls are for the window's thread; `close` it.

    What was asked before `forget` is never answered.
    """

    _answered = Signal(object)

    def __init__(self, path: Path, failed: Callable[[Exception], None]) -> None:
        super().__init__()
        self._failed = failed
        self._file = OpenFile(path)
        self._jobs: queue.PriorityQueue[tuple[int, int, int, Any, Any]] = queue.PriorityQueue()
        self._turn = itertools.count()
        self._generation = 0
        self._running: int | None = None
        self._lock = threading.Lock()
        self._answered.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._work, name="timeline", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """Of the file."""
        return self._file.path

    def ask(self, haste: Haste, question: Callable[[Reader], T], then: Callable[[T], None]) -> None:
        """Call `then` on the loop with what `question` gives in the thread; `failed` with what it raises."""
        self._jobs.put((haste, next(self._turn), self._generation, question, then))

    def forget(self) -> None:
        """Interrupt what is asked now, and forget what waits."""
        with self._lock:
            self._generation += 1
            reader = self._file.opened
            if self._running is not None and reader is not None:
                reader.interrupt()

    def close(self) -> None:
        """End soon; nothing is answered any more."""
        self.forget()
        self._jobs.put((-1, 0, -1, None, None))

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread, after `close`."""
        self._thread.join(timeout_s)

    def _answer(self, answer: _Answer) -> None:
        generation, then, value = answer
        if generation == self._generation:
            then(value)

    def _work(self) -> None:
        while True:
            _haste, _turn, generation, question, then = self._jobs.get()
            if question is None:
                break
            with self._lock:
                if generation != self._generation:
                    continue
                self._running = generation
            try:
                answer = (generation, then, question(self._file.reader()))
            except (*FAILURES, PatternError) as error:
                answer = (generation, self._failed, error)
            with self._lock:
                self._running = None
            try:
                self._answered.emit(answer)
            except RuntimeError:
                break  # Qt is at its end, and this object with it
        self._file.close()

"""Recording one monitor: what the loop calls. A thread of its own writes (`scribe.py`)."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.inbox import MAX_BYTES, Inbox
from helios_desktop.journal.note import Note, PutNote, RemoveNote
from helios_desktop.journal.retention import Limits, Retention
from helios_desktop.journal.scribe import Opening, RecordingStatus, Run, Scribe
from helios_desktop.journal.writer import Checkpoint, Seen

CHECKPOINT_EVERY: Final = 2_500
"""Observations from one checkpoint to the next: what must be folded at most to reach an instant."""
CLOSING_S: Final = 10.0


class Recorder:
    """Records into one file, from `open` to `close`. All calls are for the loop's thread, and none waits for the disk.

    What cannot be written waits in memory, is tried again, and where that is full becomes a gap.
    """

    def __init__(
        self,
        path: Path,
        run: Run,
        *,
        limits: Limits | None = None,
        connect: Callable[[Path], sqlite3.Connection] = open_journal,
        max_waiting_bytes: int = MAX_BYTES,
    ) -> None:
        self.path = path
        self.started_ns = run.started_ns
        self._inbox = Inbox(max_waiting_bytes)
        self._scribe = Scribe(path, run, self._inbox, Retention(path, limits or Limits()), connect)
        self._thread: threading.Thread | None = None
        self._since_checkpoint = 0
        self._is_losing = False

    async def open(self) -> Opening:
        """Open the file, or make it. Only then `first_event` is known. Where it is BUSY, nothing more is to be called.

        Where it is FAILED, recording begins as soon as the disk serves, with all that waits.
        """
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[Opening] = loop.create_future()

        def give(how: Opening) -> None:
            if not opened.done():
                opened.set_result(how)

        def tell(how: Opening) -> None:
            with suppress(RuntimeError):  # the loop is over, and nobody waits
                loop.call_soon_threadsafe(give, how)

        self._thread = threading.Thread(target=self._scribe.work, args=(tell,), name="journal", daemon=True)
        self._thread.start()
        return await opened

    @property
    def first_event(self) -> int:
        """The number for the first event of the monitor: larger than any in the journal."""
        return self._scribe.first_event

    @property
    def status(self) -> RecordingStatus:
        """What is on the disk; another object whenever that changed."""
        return self._scribe.status

    @property
    def lost(self) -> int:
        """How many observations could not be kept."""
        return self._inbox.lost

    @property
    def wants_checkpoint(self) -> bool:
        """True where `put_checkpoint` should be called now, after the last observation that was recorded."""
        is_due = self._since_checkpoint >= CHECKPOINT_EVERY or self._scribe.needs_checkpoint
        return is_due and not self._is_losing

    def record(self, seen: Seen) -> None:
        """Keep one observation, and what it told, with the numbers of these events."""
        if not self._inbox.put(seen):
            self._is_losing = True
            return
        self._since_checkpoint += 1
        if self._is_losing:
            self._is_losing = False
            self._scribe.needs_checkpoint = True

    def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep the state as it is after all that was recorded so far. Nothing while observations are being lost."""
        if self._is_losing:
            return
        self._since_checkpoint = 0
        self._scribe.needs_checkpoint = False
        self._inbox.put_checkpoint(checkpoint)

    def put_note(self, note: Note) -> None:
        """Keep a note, in place of the one of the same id."""
        self._inbox.put_note(PutNote(note))

    def remove_note(self, note_id: int) -> None:
        """Let go of a note."""
        self._inbox.put_note(RemoveNote(note_id))

    async def close(self) -> int:
        """Write what waits and end; gives how many observations were lost in all. Takes `CLOSING_S` at most."""
        self._inbox.finish()
        if self._thread is not None:
            self._scribe.end()
            await asyncio.to_thread(self._thread.join, CLOSING_S)
        return self._inbox.lost + self._inbox.waiting

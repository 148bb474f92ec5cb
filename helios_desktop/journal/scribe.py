"""The thread that owns a journal's connection: opens it, writes what waits, and tries again where the disk fails."""

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import Final

from helios_desktop.journal.database import open_journal, put_aside
from helios_desktop.journal.failure import FAILURES, Failure, TakenError, is_damage, reason_of
from helios_desktop.journal.inbox import Inbox
from helios_desktop.journal.lock import JournalLock, inode_of
from helios_desktop.journal.retention import Retention
from helios_desktop.journal.schema import SchemaError
from helios_desktop.journal.writer import Item, Seen, Unrecorded, Writer
from helios_desktop.words import _

GATHER_S: Final = 0.1
"""From one batch to the next; with the writing itself, nothing waits for more than a quarter of a second."""
BATCH_ITEMS: Final = 8_192
RETRY_S: Final = 2.0
IDLE_S: Final = 1.0
FLOOD_HZ: Final = 5_000
"""From so many observations a second on, indexing waits."""
RETAIN_EVERY_S: Final = 10.0
INDEX_AT_END_S: Final = 1.0
"""What is left then, the next run indexes."""


class Opening(Enum):
    """What became of opening a journal for writing."""

    RECORDING = auto()
    BUSY = auto()  # another window records this cluster
    FAILED = auto()  # the status says why; it is tried again


@dataclass(frozen=True)
class RecordingStatus:
    """What is on the disk, as of the last batch.

    problem:     why nothing is written now, a clause like “disk full”; "" where it is
    set_aside:   where a damaged file was moved to, before a new one was begun
    last_event:  events up to this number are on the disk, as far as they are kept
    indexed:     up to which number full text finds events
    until_ns:    when the last observation on the disk was received
    size_bytes:  of the file and its log
    """

    is_recording: bool = False
    problem: str = ""
    set_aside: Path | None = None
    last_event: int = 0
    indexed: int = 0
    until_ns: int | None = None
    size_bytes: int = 0


@dataclass(frozen=True)
class Run:
    """What a journal keeps of one life of a recorder.

    fold:  the version of the fold that makes its events
    about: whose journal it is, for `meta`: `cluster` (its name), `environment`, `sources` (addresses, a line each)
    """

    started_ns: int
    program: str
    fold: int
    about: Mapping[str, str] = field(default_factory=dict)


class Scribe:
    """Writes one journal. `work` is the whole life of the thread; `end` asks it to end, from another.

    `needs_checkpoint` is set where what comes next cannot be understood without the state.
    """

    def __init__(
        self,
        path: Path,
        run: Run,
        inbox: Inbox,
        retention: Retention,
        connect: Callable[[Path], sqlite3.Connection] = open_journal,
    ) -> None:
        self.status = RecordingStatus()
        self.first_event = run.started_ns // 1_000
        """For the first event of this run: larger than each number in the journal, by the clock or else by counting."""
        self.needs_checkpoint = False
        self._path = path
        self._run = run
        self._inbox = inbox
        self._retention = retention
        self._connect = connect
        self._lock = JournalLock(path)
        self._is_ending = threading.Event()
        self._connection: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._inode: tuple[int, int] | None = None
        self._unwritten: Sequence[Item] = ()
        self._wrote_at = self._retain_at = 0.0
        self._is_flooded = False
        self._is_opened = False
        self._started_ns: int | None = None
        self._last_seq = 0

    def work(self, opened: Callable[[Opening], None]) -> None:
        """Open, tell `opened` how that went, and write until `end`. Where another has the lock, it ends at once."""
        try:
            how = self._begin()
            opened(how)
            if how is Opening.BUSY:
                return
            while not self._is_ending.is_set():
                if self._inbox.wait(0.0 if self._has_chores() else IDLE_S):
                    self._gather()
                else:
                    self._do_chore()
                if not self._write_waiting():
                    self._is_ending.wait(RETRY_S)
            self._write_rest()
        except BaseException:
            self.status = replace(
                self.status, is_recording=False, problem=_("the recorder failed: start the window anew")
            )
            opened(Opening.FAILED)
            raise
        finally:
            self._disconnect()
            self._lock.release()

    def end(self) -> None:
        """Write what waits, and end."""
        self._is_ending.set()
        self._inbox.wake()

    def _begin(self) -> Opening:
        try:
            if not self._lock.take():
                return Opening.BUSY
            self._open()
        except FAILURES as error:
            self._fail(error)
        finally:
            self._is_opened = True
        return Opening.FAILED if self.status.problem else Opening.RECORDING

    def _open(self) -> None:
        """Open the file, and begin a run in it, or go on with ours; a broken one is set aside for a new one."""
        if not self._lock.take():
            raise TakenError
        try:
            self._begin_run(self._connect(self._path))
        except FAILURES as error:
            if not is_damage(error):
                raise
            self._set_aside()
            self._begin_run(self._connect(self._path))
        self._inode = inode_of(self._path)
        self._tell()

    def _begin_run(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        writer = Writer(connection)
        if not self._is_opened:
            self.first_event = max(self.first_event, writer.last_event + 1)
        started_ns, first_event = self._run.started_ns, self.first_event
        if self._started_ns is not None:
            if writer.resume_run(self._started_ns, self._last_seq):
                self._writer = writer
                return
            # Another file, which knows nothing of what came before.
            first = next((item.observation for item in self._unwritten if isinstance(item, Seen)), None)
            started_ns = self.status.until_ns or started_ns if first is None else first.received_ns
            first_event = self.status.last_event + 1
        if writer.last_event >= first_event:
            raise SchemaError(_("it was written by a clock ahead of this machine's: start this window anew"))
        writer.describe(self._run.about)
        unended = _("the program ended without having written all")
        writer.begin_run(started_ns, first_event, self._run.program, self._run.fold, unended=unended)
        if self._started_ns is not None:
            lost = _("what was recorded before was taken away, or is in another file")
            writer.write([Unrecorded(self._started_ns, started_ns, lost, self._last_seq)])
            self.needs_checkpoint = True
        self._writer, self._started_ns, self._last_seq = writer, started_ns, writer.last_seq

    def _gather(self) -> None:
        """Let a batch gather, and do chores meanwhile: one at least, unless more waits than a batch holds."""
        until = self._wrote_at + GATHER_S
        while len(self._inbox) < BATCH_ITEMS:
            if self._has_chores():
                self._do_chore()
            else:
                self._is_ending.wait(max(0.0, until - time.monotonic()))
            if time.monotonic() >= until or self._is_ending.is_set():
                return

    def _write_waiting(self) -> bool:
        """Write one batch; gives False where the disk does not serve."""
        before, self._wrote_at = self._wrote_at, time.monotonic()
        if not self._unwritten:
            self._unwritten = self._inbox.take(BATCH_ITEMS)
            self._is_flooded = len(self._unwritten) > FLOOD_HZ * (self._wrote_at - before)
        try:
            self._write()
        except FAILURES as error:
            self._fail(error)
            return False
        written, self._unwritten = self._unwritten, ()
        self._inbox.written(written)
        self._tell(written)
        return True

    def _write(self) -> None:
        for _attempt in range(2):
            if self._writer is None:
                self._open()
            if self._connection is not None:
                self._retention.check_free_space(self._connection)
            if self._writer is not None and self._unwritten:
                self._writer.write(self._unwritten)
            # What was written to a file that is not there (any more) is not kept.
            if self._inode is not None and inode_of(self._path) == self._inode:
                return
            self._disconnect()
        raise FileNotFoundError(self._path)

    def _write_rest(self) -> None:
        while self._unwritten or self._inbox:
            if not self._write_waiting():
                return
        if self._writer is not None:
            with suppress(*FAILURES):
                self._writer.end_run(time.time_ns())
                until = time.monotonic() + INDEX_AT_END_S
                while self._writer.index() and time.monotonic() < until:
                    pass

    def _has_chores(self) -> bool:
        return self._writer is not None and (self._has_backlog() or time.monotonic() >= self._retain_at)

    def _do_chore(self) -> None:
        """Index or let go of a little."""
        if self._writer is None or self._connection is None:
            return
        try:
            if self._has_backlog():
                self._writer.index()
            elif not self._retention.step(self._connection):
                self._retain_at = time.monotonic() + RETAIN_EVERY_S
            self._tell()
        except FAILURES as error:
            self._retain_at = time.monotonic() + RETAIN_EVERY_S
            self._fail(error)

    def _has_backlog(self) -> bool:
        """True where there is something to index, and time for it: in a flood, writing comes first."""
        return self._writer is not None and not self._is_flooded and self._writer.indexed < self._writer.last_event

    def _fail(self, error: Failure) -> None:
        # A connection that failed once is not trusted again: a new one finds things as they are by then.
        self._disconnect()
        self._inbox.reason = reason = reason_of(error)
        if is_damage(error):
            with suppress(OSError):
                self._set_aside()
        self.status = replace(self.status, is_recording=False, problem=reason)

    def _set_aside(self) -> None:
        self._disconnect()
        self.status = replace(self.status, set_aside=put_aside(self._path))

    def _tell(self, written: Sequence[Item] = ()) -> None:
        writer = self._writer
        if writer is None:
            return
        self._inbox.reason = _("the disk is too slow")
        self._last_seq = writer.last_seq
        last = next((item.observation for item in reversed(written) if isinstance(item, Seen)), None)
        status = RecordingStatus(
            is_recording=True,
            set_aside=self.status.set_aside,
            last_event=writer.last_event,
            indexed=writer.indexed,
            until_ns=self.status.until_ns if last is None else last.received_ns,
            size_bytes=size_of(self._path),
        )
        if status != self.status:
            self.status = status

    def _disconnect(self) -> None:
        connection, self._connection, self._writer = self._connection, None, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def size_of(path: Path) -> int:
    """Bytes of a journal with its log; 0 where it is not there."""
    sizes = 0
    for ending in ("", "-wal"):
        with suppress(OSError):
            sizes += Path(f"{path}{ending}").stat().st_size
    return sizes

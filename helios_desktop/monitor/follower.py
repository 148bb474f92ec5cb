"""A cluster as another window records it: this one opens no socket, and reads on in that one's journal."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from helios_desktop.journal.lock import inode_of
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.scribe import RecordingStatus, size_of
from helios_desktop.monitor.past import Place, goes_on, place_at
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.thread import in_thread
from helios_desktop.monitor.watched import Listener
from helios_desktop.observation import Observation
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState
from helios_desktop.words import _

POLL_S: Final = 0.2
"""How often to look for more. With the batches of the other window, what is shown is some 0.4 s old."""
MOST_A_TURN: Final = 500
"""Observations folded before the window is given a turn."""
MOST_AT_ONCE: Final = 20_000
"""Observations read at once; a window that stood still for longer jumps."""
SILENT_S: Final = 5.0
NS: Final = 1_000_000_000
_LAST: Final = 2**63 - 1


class Follower:
    """A `Watched` that goes on as the journal grows, while `run` runs. Make it by `open_follower`; `close` it.

    `jumped` is called whenever `log` and `series` are others than before. All calls are for the loop.
    """

    def __init__(self, reader: Reader, target: Target, place: Place, now_ns: Callable[[], int]) -> None:
        self.target = target
        self.now_ns = now_ns
        self.jumped: Callable[[], None] = lambda: None
        self.recording: RecordingStatus | None = RecordingStatus()
        self._reader = reader
        self._inode = inode_of(reader.path)
        self._place = place
        self._seq = place.seq
        self._listeners: list[Listener] = []

    @property
    def state(self) -> ClusterState:
        """The whole picture."""
        return self._place.picture.state

    @property
    def log(self) -> EventLog:
        """The events since this window looked."""
        return self._place.picture.log

    @property
    def series(self) -> SeriesBook:
        """What graphs draw."""
        return self._place.picture.series

    @property
    def history(self) -> Path:
        """The other window's journal."""
        return self._reader.path

    @property
    def is_following(self) -> bool:
        """Another window watches the cluster."""
        return True

    def listen(self, listener: Listener) -> Callable[[], None]:
        """As `Watched` says."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self) -> None:
        """Read on until cancelled, or until the journal is another file: then open it anew.

        Raises `sqlite3.Error` where it cannot be read any more.
        """
        while await self._catch_up():  # noqa: ASYNC110 - a file tells nobody that it grew
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Let go of the file; `run` must have ended."""
        await in_thread(self._reader.close)

    async def _catch_up(self) -> bool:
        news = await in_thread(self._read)
        if news is None:
            return False
        self.recording = news.status
        if news.place is not None:
            self._place, self._seq = news.place, news.place.seq
            self.jumped()
        for number, (seq, observation) in enumerate(news.coming, 1):
            self._seq = seq
            events, _numbers = self._place.picture.see(observation)
            for listener in tuple(self._listeners):
                listener(observation, events)
            if number % MOST_A_TURN == 0:
                await asyncio.sleep(0)
        return True

    def _read(self) -> "_News | None":
        reader = self._reader
        if inode_of(reader.path) != self._inode:
            return None
        end = reader.seq_at(_LAST)
        status = self._status()
        if end - self._seq <= MOST_AT_ONCE and goes_on(reader, self._place, end, _LAST):
            return _News(status, list(reader.observations(self._seq, end)))
        return _News(status, [], place_at(reader, end))

    def _status(self) -> RecordingStatus:
        """Of the other window: it writes a tick a second at least, while it records."""
        reader = self._reader
        span_ns = reader.span_ns()
        until_ns = self.state.now_ns if span_ns is None else max(span_ns)
        silent_s = (self.now_ns() - until_ns) / NS
        problem = _("the other window has recorded nothing for {n} s").format(n=round(silent_s))
        is_recording = silent_s <= SILENT_S
        last, indexed = reader.end_event() - 1, reader.indexed()
        size = size_of(reader.path)
        return RecordingStatus(is_recording, "" if is_recording else problem, None, last, indexed, until_ns, size)


@dataclass(frozen=True)
class _News:
    """What is new in the journal: a status, and what to fold on, or the place to go to where that cannot be."""

    status: RecordingStatus
    coming: Sequence[tuple[int, Observation]]
    place: Place | None = None


async def open_follower(path: Path, target: Target, now_ns: Callable[[], int]) -> Follower:
    """Follow a journal from where it stands. Raises `EmptyError`, and as `Reader` does."""

    def load() -> tuple[Reader, Place]:
        reader = Reader(path)
        try:
            return reader, place_at(reader, _LAST)
        except BaseException:
            reader.close()
            raise

    reader, place = await in_thread(load)
    return Follower(reader, target, place, now_ns)

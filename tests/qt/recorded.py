"""Journals made by hand, and what is watched in them: a replay, or a live cluster with its latest events in memory."""

from collections.abc import Callable, Iterable
from pathlib import Path

from helios_desktop.event import Event
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.scribe import RecordingStatus
from helios_desktop.journal.writer import Seen, Writer
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.watched import Listener
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState

START_NS = 1_700_000_000_000_000_000
_BATCH = 1_000


class Recorded:
    """A `Watched` of a file. With a `log` it is live, and `recording` says how far it is written; else a replay."""

    def __init__(self, target: Target, history: Path | None, log: EventLog | None = None) -> None:
        self.target = target
        self.state = ClusterState()
        self.log = log or EventLog(1)
        self.series = SeriesBook()
        self.history = history
        self.recording = None if log is None else RecordingStatus(is_recording=True)
        self.is_following = False

    def now_ns(self) -> int:
        """The start of all."""
        return START_NS

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Nothing comes by itself."""
        return lambda: None


class Recording:
    """A journal that grows by `add`."""

    def __init__(self, path: Path, first_event: int = 1) -> None:
        self.path = path
        self._connection = open_journal(path)
        self._writer = Writer(self._connection)
        self._writer.begin_run(START_NS, first_event, "test", 1)
        self._next = first_event

    @property
    def status(self) -> RecordingStatus:
        """How far it is written."""
        writer = self._writer
        return RecordingStatus(is_recording=True, last_event=writer.last_event, indexed=writer.indexed)

    def add(self, events: Iterable[Event], *, is_indexed: bool = True) -> None:
        """Write these, with the numbers that follow; `is_indexed`: so that words are found in them."""
        seen: list[Seen] = []
        for event in events:
            seen.append(Seen(event.observation, (event,), (self._next,)))
            self._next += 1
        size = _BATCH if is_indexed else max(len(seen), 1)
        for at in range(0, len(seen), size):
            self._writer.write(seen[at : at + size])
        while is_indexed and self._writer.index():
            pass

    def begin_run(self, started_ns: int) -> None:
        """Let the fold begin anew."""
        self._writer.begin_run(started_ns, self._next, "test", 1)

    def close(self) -> None:
        """End."""
        self._connection.close()

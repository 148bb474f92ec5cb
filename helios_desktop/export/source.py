"""What can be exported: a journal or a recording as it stands, and events that only memory has yet.

The same for the window and the command line, whether it is live, replayed or a file.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter, Finder, finds_event
from helios_desktop.journal.passage import BLOCK, Counted, Passage, snapshot
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import open_reader
from helios_desktop.monitor.watched import Watched
from helios_desktop.observation import Observation
from helios_desktop.store.state import ClusterState

EVERYTHING: Final = EventFilter()
T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """Where events are read. Open it in the thread that reads them.

    path:    the journal or recording; None where only memory has events
    waiting: events in memory, oldest first; those that the file has by now are not taken twice
    first:   the number of the first of them; the others follow without a hole
    state:   of what is watched now; None where the file alone tells
    cluster, addresses: whose they are; "" where the file says so
    gone:    how many older events nobody has any more, where only memory had them
    """

    path: Path | None
    waiting: Sequence[Event] = field(default=(), repr=False)
    first: int = 0
    state: ClusterState | None = field(default=None, repr=False)
    cluster: str = ""
    addresses: tuple[str, ...] = ()
    gone: int = 0

    @contextmanager
    def open(self, chosen: EventFilter) -> Iterator["Reading"]:
        """Read as it is now, however long that takes. Raises `RecordingError`, `PatternError` and `sqlite3.Error`."""
        with ExitStack() as stack:
            reader, end = None, 0
            if self.path is not None:
                reader = stack.enter_context(open_reader(self.path))
                stack.enter_context(snapshot(reader))
                end = reader.end_event()
            finder = Finder(chosen)
            waiting = [event for event in self.waiting[max(0, end - self.first) :] if _admits(chosen, finder, event)]
            yield Reading(self, reader, chosen, waiting)


class Reading:
    """One look at a source, for one thread. Its calls raise as `Source.open` does.

    reader: of the file; None where there is none
    """

    def __init__(self, source: Source, reader: Reader | None, chosen: EventFilter, waiting: Sequence[Event]) -> None:
        self.source = source
        self.reader = reader
        self.chosen = chosen
        self._passage = None if reader is None else Passage(reader, chosen)
        self._waiting = waiting

    def count_events(self) -> Iterator[Counted]:
        """Counts that grow; the last one is what `events` will give."""
        counted = Counted({}, None, None)
        if self._passage is not None:
            for counted in self._passage.count():
                yield counted
        by_type = Counter(event.type for event in self._waiting)
        yield _joined(counted, Counted(by_type, *_ends([event.at_ns for event in self._waiting])))

    def events(self) -> Iterator[list[Event]]:
        """Oldest first, in blocks, which may be empty."""
        if self._passage is not None:
            for block in self._passage.events():
                yield [event for _number, event in block]
        yield from _blocks(self._waiting)

    def count_observations(self) -> Iterator[Counted]:
        """As `count_events`, by kind."""
        counted = Counted({}, None, None)
        if self._passage is not None:
            for counted in self._passage.count_observations():
                yield counted
        seen = list(_observations_of(self._waiting))
        by_kind = Counter(observation.kind.value for observation in seen)
        yield _joined(counted, Counted(by_kind, *_ends([observation.received_ns for observation in seen])))

    def observations(self) -> Iterator[list[Observation]]:
        """What was seen, oldest first, in blocks; of what only memory has, the observations that told events."""
        if self._passage is not None:
            yield from self._passage.observations()
        yield from _blocks(list(_observations_of(self._waiting)))


def source_of(watched: Watched) -> Source:
    """All of what is shown: of a replay the whole recording, of a live cluster up to now. For the loop's thread."""
    target, history, recording, log = watched.target, watched.history, watched.recording, watched.log
    addresses = tuple(str(address) for address in target.addresses)
    source = Source(history, state=watched.state, cluster=target.name, addresses=addresses)
    if history is None or (recording is not None and not history.exists()):
        return replace(source, path=None, waiting=log.events(log.first), first=log.first, gone=log.gone)
    if recording is None:
        return replace(source, state=None)  # a replay's state is that of another instant
    first = max(log.first, recording.last_event + 1)
    return replace(source, waiting=log.events(first), first=first)


def _admits(chosen: EventFilter, finder: Finder, event: Event) -> bool:
    return (
        chosen.admits_type(event.type)
        and chosen.admits_names(event.node, event.observer)
        and chosen.admits_time(event.at_ns)
        and finds_event(finder, event)
    )


def _observations_of(events: Sequence[Event]) -> Iterator[Observation]:
    last = None
    for event in events:
        if event.observation is not last:
            last = event.observation
            yield last


def _ends(instants: Sequence[int]) -> tuple[int | None, int | None]:
    return (instants[0], instants[-1]) if instants else (None, None)


def _joined(before: Counted, after: Counted) -> Counted:
    return Counted(
        dict(Counter(before.by_type) + Counter(after.by_type)),
        after.first_ns if before.first_ns is None else before.first_ns,
        before.last_ns if after.last_ns is None else after.last_ns,
    )


def _blocks(items: Sequence[T]) -> Iterator[list[T]]:
    for at in range(0, len(items), BLOCK):
        yield list(items[at : at + BLOCK])

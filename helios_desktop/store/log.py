"""The timeline as it is kept in memory: the latest events, numbered for good, with columns that filter fast."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter, Finder, finds_event

Int64s = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]

DEFAULT_CAPACITY: Final = 50_000
MAX_FACETS: Final = 65_534
NOT_KEPT: Final = -1
OTHER_TYPES: Final = "other"


class Facet(NamedTuple):
    """What chips choose by."""

    type: str
    node: str
    observer: str


class EventLog:
    """The last `capacity` events.

    Events have absolute numbers from `start` on that are never reused, the same as in the journal where they are
    recorded: the kept ones are `first` to `end` - 1.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY, start: int = 0) -> None:
        self.capacity = capacity
        self.start = start
        self.revision = 0
        """Grows with each event that took the place of another."""
        self._end = start
        self._events: list[Event] = []
        # Columns, written one by one, which numpy is slow at, and read by numpy.
        self._codes_written = array("H", bytes(2 * capacity))
        self._codes = np.frombuffer(self._codes_written, dtype=np.uint16)
        self._at_written = array("q", bytes(8 * capacity))
        self._at_ns = np.frombuffer(self._at_written, dtype=np.int64)
        self._facets: list[Facet] = []
        self._code_of: dict[tuple[str, str, str], int] = {}

    @property
    def first(self) -> int:
        """The oldest number that is kept."""
        return max(self.start, self._end - self.capacity)

    @property
    def gone(self) -> int:
        """How many events are not kept any more."""
        return self.first - self.start

    @property
    def end(self) -> int:
        """One more than the newest number."""
        return self._end

    def __getitem__(self, number: int) -> Event:
        """The event of that absolute number. Raises IndexError where it went or has not come yet."""
        if not self.first <= number < self._end:
            raise IndexError(f"event {number} is not kept: only {self.first} to {self._end - 1} are")
        return self._events[self._slot(number)]

    def events(self, since: int) -> list[Event]:
        """Those from `since` on that are kept, oldest first: a copy, at once even of all."""
        first = max(since, self.first)
        if first >= self._end:
            return []
        begin, end = self._slot(first), self._slot(self._end)
        return self._events[begin:end] if begin < end else self._events[begin:] + self._events[:end]

    def extend(self, events: Iterable[Event]) -> Sequence[int]:
        """Append; the oldest go where there is no room. What completes an earlier event takes its place.

        Gives the number of each: `NOT_KEPT` of what completes an event that is not kept any more, and so is not either.
        """
        first = self._end
        places: list[int] = []  # of all, once one does not follow the one before
        for event in events:
            if event.completes is not None:
                places = places or list(range(first, self._end))
                places.append(self._replace(event, event.completes))
                continue
            number = self._end
            slot = (number - self.start) % self.capacity
            if slot == len(self._events):
                self._events.append(event)
            else:
                self._events[slot] = event
            self._write(slot, event)
            self._end = number + 1
            if places:
                places.append(number)
        return places or range(first, self._end)

    def _write(self, slot: int, event: Event) -> None:
        # A named tuple equals a bare one, which is made faster.
        code = self._code_of.get((event.type, event.node, event.observer))
        if code is None:
            code = self._code(Facet(event.type, event.node, event.observer))
        self._codes_written[slot] = code
        self._at_written[slot] = event.at_ns

    def _slot(self, number: int) -> int:
        return (number - self.start) % self.capacity

    def _replace(self, event: Event, earlier: Event) -> int:
        """Put `event` in the place of `earlier`, of the same type, and give its number."""
        for number in range(self._end - 1, self.first - 1, -1):
            slot = self._slot(number)
            if self._events[slot] is earlier:
                self._events[slot] = event
                self._write(slot, event)
                self.revision += 1
                return number
        return NOT_KEPT

    def count_by_type(self) -> Mapping[str, int]:
        """How many of each type are kept; a type of which none is left is not named."""
        counts: Counter[str] = Counter()
        for facet, count in zip(self._facets, np.bincount(self._codes[: len(self._events)]).tolist(), strict=False):
            counts[facet.type] += count
        return +counts

    @property
    def facets(self) -> Sequence[Facet]:
        """What chips choose by, by the code that stands in `columns`; it grows."""
        return self._facets

    def columns(self, since: int, until: int | None = None) -> tuple[Int64s, Codes]:
        """Instants (ns) and facets of the events in [since, until) that are kept, oldest first: copies."""
        start, stop = max(since, self.first), min(self._end, self._end if until is None else until)
        if start >= stop:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint16)
        slots = (np.arange(start, stop) - self.start) % self.capacity
        return self._at_ns[slots], self._codes[slots]

    def select(self, filter: EventFilter, since: int, limit_rows: int | None = None) -> list[int]:  # noqa: A002 - what it is
        """Absolute numbers of the events that match, oldest first, of those from `since` on.

        Raises `PatternError` where the filter's pattern is none.
        With `limit_rows` only so many events are looked at: a window that must not stop asks again from
        `since + limit_rows` until that is `end`. Only texts need it: all else takes a millisecond.
        """
        start = max(since, self.first)
        stop = self._end if limit_rows is None else min(self._end, since + limit_rows)
        if start >= stop:
            return []
        admitted = np.array(
            [
                filter.admits_type(facet.type) and filter.admits_names(facet.node, facet.observer)
                for facet in self._facets
            ],
            dtype=np.bool_,
        )
        at_ns, codes = self.columns(start, stop)
        matches = admitted[codes]
        if filter.since_ns is not None:
            matches &= at_ns >= filter.since_ns
        if filter.until_ns is not None:
            matches &= at_ns < filter.until_ns
        numbers: list[int] = (np.flatnonzero(matches) + start).tolist()
        finder = Finder(filter)
        if finder.is_idle and self._has_all_facets:
            return numbers
        told = ((number, self._events[self._slot(number)]) for number in numbers)
        return [
            number
            for number, event in told
            if filter.admits_names(event.node, event.observer) and finds_event(finder, event)
        ]

    @property
    def _has_all_facets(self) -> bool:
        return len(self._facets) <= MAX_FACETS

    def _code(self, facet: Facet) -> int:
        # A hostile server could name a new type with each frame; the last code then stands for all that follow.
        if len(self._facets) >= MAX_FACETS:
            facet = Facet(OTHER_TYPES, "", "")
            if facet in self._code_of:
                return self._code_of[facet]
        code = len(self._facets)
        self._code_of[facet] = code
        self._facets.append(facet)
        return code

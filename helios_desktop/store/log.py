"""The timeline as it is kept in memory: the latest events, numbered for good, with columns that filter fast."""

from array import array
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from helios_desktop.event import Event, Severity, severity_of
from helios_desktop.store.summary import summary

DEFAULT_CAPACITY: Final = 200_000


SEARCHED: Final = 20_000
"""How far back an event is looked for that another completes; it is seconds old."""


class EventFilter(Struct, frozen=True):
    """Which events are wanted: all that pass every part.

    types:        None for all
    hidden_types: left out even where `types` names them
    text:         a case-insensitive part of summary, type, node or observer; "" for all
    severities:   None for all
    nodes, observers: by whom they are about and who told them; None for all
    hidden_nodes, hidden_observers: left out even so
    """

    types: frozenset[str] | None = None
    hidden_types: frozenset[str] = frozenset()
    text: str = ""
    severities: frozenset[Severity] | None = None
    nodes: frozenset[str] | None = None
    hidden_nodes: frozenset[str] = frozenset()
    observers: frozenset[str] | None = None
    hidden_observers: frozenset[str] = frozenset()

    @property
    def has_names(self) -> bool:
        """True where nodes or observers are chosen."""
        return (
            self.nodes is not None
            or self.observers is not None
            or bool(self.hidden_nodes)
            or bool(self.hidden_observers)
        )

    def admits_names(self, node: str, observer: str) -> bool:
        """True where an event about this node, told by this observer, passes the parts that are about them."""
        return (
            (self.nodes is None or node in self.nodes)
            and node not in self.hidden_nodes
            and (self.observers is None or observer in self.observers)
            and observer not in self.hidden_observers
        )

    def admits_type(self, event_type: str) -> bool:
        """True where an event of this type passes all that is about types and severities."""
        return (
            (self.types is None or event_type in self.types)
            and event_type not in self.hidden_types
            and (self.severities is None or severity_of(event_type) in self.severities)
        )


class EventLog:
    """The last `capacity` events.

    Events have absolute numbers from 0 that are never reused: the kept ones are `first` to `end` - 1.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self.capacity = capacity
        self.revision = 0
        """Grows with each event that took the place of another."""
        self._end = 0
        self._events: list[Event] = []
        self._texts: list[str | None] = []  # what the text filter searches, made at the first search
        self._types = array("H", bytes(2 * capacity))  # written one by one, which numpy is slow at
        self._types_column = np.frombuffer(self._types, dtype=np.uint16)
        self._names: list[str] = []
        self._codes: dict[str, int] = {}
        self._counts: list[int] = []

    @property
    def first(self) -> int:
        """The oldest number that is kept, which is also how many events went."""
        return max(0, self._end - self.capacity)

    @property
    def end(self) -> int:
        """One more than the newest number: how many events there ever were."""
        return self._end

    def __getitem__(self, number: int) -> Event:
        """The event of that absolute number. Raises IndexError where it went or has not come yet."""
        if not self.first <= number < self._end:
            raise IndexError(f"event {number} is not kept: only {self.first} to {self._end - 1} are")
        return self._events[number % self.capacity]

    def extend(self, events: Iterable[Event]) -> None:
        """Append; the oldest go where there is no room. What completes an earlier event takes its place."""
        for event in events:
            if event.completes is not None and self._replace(event, event.completes):
                continue
            code = self._codes.get(event.type)
            if code is None:
                code = self._code(event.type)
            slot = self._end % self.capacity
            if slot == len(self._events):
                self._events.append(event)
                self._texts.append(None)
            else:
                self._counts[self._types[slot]] -= 1
                self._events[slot] = event
                self._texts[slot] = None
            self._types[slot] = code
            self._counts[code] += 1
            self._end += 1

    def _replace(self, event: Event, earlier: Event) -> bool:
        """Put `event` in the place of `earlier`, of the same type; False where that is not kept any more."""
        for number in range(self._end - 1, max(self.first, self._end - SEARCHED) - 1, -1):
            slot = number % self.capacity
            if self._events[slot] is earlier:
                self._events[slot] = event
                self._texts[slot] = None
                self.revision += 1
                return True
        return False

    def count_by_type(self) -> Mapping[str, int]:
        """How many of each type are kept; a type of which none is left is not named."""
        return {name: count for name, count in zip(self._names, self._counts, strict=True) if count}

    def select(self, filter: EventFilter, since: int, limit_rows: int | None = None) -> list[int]:  # noqa: A002 - what it is
        """Absolute numbers of the events that match, oldest first, of those from `since` on.

        With `limit_rows` only so many events are looked at: a window that must not stop asks again from
        `since + limit_rows` until that is `end`. Only texts and names need it: 200 000 types take a millisecond.
        """
        start = max(since, self.first)
        stop = self._end if limit_rows is None else min(self._end, since + limit_rows)
        if start >= stop:
            return []
        admitted = np.array([filter.admits_type(name) for name in self._names], dtype=np.bool_)
        numbers: list[int] = []
        while start < stop:
            slot = start % self.capacity
            run = min(stop - start, self.capacity - slot)
            matches: npt.NDArray[np.intp] = np.flatnonzero(admitted[self._types_column[slot : slot + run]])
            numbers += (matches + start).tolist()
            start += run
        if filter.has_names:
            told = ((number, self._events[number % self.capacity]) for number in numbers)
            numbers = [number for number, event in told if filter.admits_names(event.node, event.observer)]
        needle = filter.text.lower()
        return [number for number in numbers if needle in self._text(number)] if needle else numbers

    def _text(self, number: int) -> str:
        slot = number % self.capacity
        text = self._texts[slot]
        if text is None:
            event = self._events[slot]
            # A unit separator between them, so that no search matches across two fields.
            text = "\x1f".join((summary(event), event.type, event.node, event.observer)).lower()
            self._texts[slot] = text
        return text

    def _code(self, event_type: str) -> int:
        # A hostile server could name a new type with each frame; the last code then stands for all that follow.
        if len(self._names) > np.iinfo(np.uint16).max - 1:
            event_type = OTHER_TYPES
            if event_type in self._codes:
                return self._codes[event_type]
        code = len(self._names)
        self._codes[event_type] = code
        self._names.append(event_type)
        self._counts.append(0)
        return code


OTHER_TYPES: Final = "other"

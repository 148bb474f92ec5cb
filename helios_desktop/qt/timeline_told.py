"""What a list shows of an event, by its number: from memory, or of an older one from the journal, in blocks."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from helios_desktop.event import Event
from helios_desktop.journal.stored import Row
from helios_desktop.qt.timeline_searcher import FAILURES, OpenFile
from helios_desktop.store.log import EventLog
from helios_desktop.summary import summary

BLOCK: Final = 64
"""A screen of rows or so: read at once, by key, in less than a millisecond."""
MOST_KEPT: Final = 2_000


class Told:
    """Rows of one `log` and of one `file`; the numbers in both are the same. For the window's thread.

    reads_all: the file has all events, also those that the log holds
    """

    def __init__(self, log: EventLog, file: OpenFile | None, *, reads_all: bool) -> None:
        self._log = log
        self._file = file
        self._reads_all = reads_all
        self._kept: OrderedDict[int, Row | None] = OrderedDict()
        self._made: dict[int, tuple[Event, Row]] = {}

    def row(self, number: int, near: Callable[[], Sequence[int]]) -> Row | None:
        """None where it is nowhere any more. `near` gives numbers that will be asked for soon, this one among them."""
        event = self.in_memory(number)
        if event is not None:
            return self._row_of(number, event)
        if number not in self._kept:
            self._load(near())
        if number in self._kept:
            self._kept.move_to_end(number)
        return self._kept.get(number)

    def event(self, number: int) -> Event | None:
        """The whole of it; None where it is nowhere any more."""
        event = self.in_memory(number)
        if event is None and self._file is not None:
            with suppress(*FAILURES):
                event = self._file.reader().event(number)
        return event

    def in_memory(self, number: int) -> Event | None:
        """The whole of it, where memory has it."""
        if self._reads_all:
            return None
        try:
            return self._log[number]
        except IndexError:
            return None

    def forget(self) -> None:
        """Read anew what is asked for from now on."""
        self._kept.clear()

    def forget_missing(self) -> None:
        """Look again for what was not found: it may be written by now."""
        for number in [number for number, row in self._kept.items() if row is None]:
            del self._kept[number]

    def _row_of(self, number: int, event: Event) -> Row:
        # Qt asks thirty things of a row each time it paints it; what completed it is another event.
        known = self._made.get(number)
        if known is not None and known[0] is event:
            return known[1]
        if len(self._made) >= MOST_KEPT:
            self._made.clear()
        row = row_of(number, event)
        self._made[number] = (event, row)
        return row

    def _load(self, numbers: Sequence[int]) -> None:
        rows: dict[int, Row] = {}
        if self._file is not None:
            with suppress(*FAILURES):
                rows = self._file.reader().rows(numbers)
        for number in numbers:
            self._kept[number] = rows.get(number)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def row_of(number: int, event: Event) -> Row:
    """An event in memory, as a journal would give it."""
    return Row(
        number,
        event.at_ns,
        event.type,
        event.node,
        event.observer,
        event.severity,
        event.is_derived,
        summary(event),
        0,
        is_told=bool(event.evidence),
    )

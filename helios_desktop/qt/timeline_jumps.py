"""From where one stands in the timeline to elsewhere, however far: an event, an instant, the next problem."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter, PatternError
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.search import Page, Search, next_of
from helios_desktop.qt.timeline_feed import FIRST, Feed
from helios_desktop.qt.timeline_searcher import Haste
from helios_desktop.qt.timeline_source import NEWEST

_PROBLEMS: Final = frozenset({Severity.PROBLEM})
BEFORE_ALL: Final = -1


Found = Callable[[int], None]
Otherwise = Callable[[Found], None] | None
"""What to do instead where there is none."""


class Jumps:
    """Brings what is asked for into the rows of a feed, and then calls `found` with its number.

    Nothing is called where there is none.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def to_event(self, number: int, found: Found) -> None:
        """To that event, or where it would stand if it passed the filter."""
        feed = self._feed
        searcher, chosen = feed.searcher, feed.chosen
        if searcher is None or feed.holds(number):
            found(number)
            return

        def around(reader: Reader) -> tuple[Page, Page]:
            search = Search(reader, chosen)
            return search.older(number + 1, FIRST), search.newer(number + 1, FIRST)

        def show(pages: tuple[Page, Page]) -> None:
            feed.show_around(*pages)
            found(number)

        searcher.ask(Haste.ROWS, around, show)

    def to_time(self, at_ns: int, found: Found) -> None:
        """To the first event from that instant on; to the last of all where there is none."""
        chosen = self._feed.chosen
        since_ns = at_ns if chosen.since_ns is None else max(at_ns, chosen.since_ns)
        self._to_next(replace(chosen, since_ns=since_ns), BEFORE_ALL, 1, found, otherwise=self._to_last)

    def _to_last(self, found: Found) -> None:
        self._to_next(self._feed.chosen, NEWEST, -1, found)

    def to_first(self, found: Found) -> None:
        """To the oldest of all."""
        self._to_next(self._feed.chosen, BEFORE_ALL, 1, found)

    def to_problem(self, number: int | None, step: int, found: Found) -> None:
        """To the next problem after that event (1), or before it (-1); from an end of all where it is None."""
        chosen = self._feed.chosen
        severities = _PROBLEMS if chosen.severities is None else chosen.severities & _PROBLEMS
        start = number if number is not None else BEFORE_ALL if step > 0 else NEWEST
        self._to_next(replace(chosen, severities=severities), start, step, found)

    def _to_next(
        self,
        wanted: EventFilter,
        number: int,
        step: int,
        found: Found,
        otherwise: Otherwise = None,
    ) -> None:
        feed = self._feed
        searcher, floor = feed.searcher, feed.floor
        if searcher is None:
            self._arrive(self._in_memory(wanted, number, step), found, otherwise)
            return
        if step > 0 and number >= floor:
            self._arrive(self._in_memory(wanted, number, step), found, otherwise)
            return
        if step < 0 and number > floor:
            near = self._in_memory(wanted, number, step)
            if near is not None:
                self._arrive(near, found, otherwise)
                return
            number = floor

        def answer(next_one: int | None) -> None:
            if next_one is None and step > 0:
                next_one = self._in_memory(wanted, floor - 1, step)
            self._arrive(next_one, found, otherwise)

        searcher.ask(Haste.ROWS, lambda reader: next_of(Search(reader, wanted), number, step), answer)

    def _in_memory(self, wanted: EventFilter, number: int, step: int) -> int | None:
        feed = self._feed
        first, end = max(feed.log.first, feed.floor), feed.log.end if feed.held_end is None else feed.held_end
        first, end = (max(first, number + 1), end) if step > 0 else (first, min(end, number))
        try:
            found = feed.log.select(wanted, first, end - first) if first < end else []
        except PatternError:
            return None  # the search has said so
        return None if not found else found[0 if step > 0 else -1]

    def _arrive(self, number: int | None, found: Found, otherwise: Otherwise) -> None:
        if number is not None:
            self.to_event(number, found)
        elif otherwise is not None:
            otherwise(found)

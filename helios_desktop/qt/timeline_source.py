"""Where the events of what is watched are: the latest in memory, older ones in a file, all of a replay in its file."""

from collections.abc import Callable
from typing import Final

from helios_desktop.event_filter import EventFilter, phrases
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.search import Page, Search
from helios_desktop.monitor.watched import Watched
from helios_desktop.qt.timeline_memory import page_of_memory
from helios_desktop.qt.timeline_searcher import OpenFile, Searcher, at_once
from helios_desktop.store.log import EventLog

AT_ONCE_S: Final = 0.014
"""How long the window may ask for the first rows itself: less than a frame."""
NEWEST: Final = 2**63 - 1


class Source:
    """Of one filter over what is watched. `open` before all else, `close` at the end; for the window's thread.

    log:       what memory has
    file:      for what is read at once; None where nothing is recorded
    searcher:  for what takes longer; None where nothing is recorded
    reads_all: even the newest comes from the file, as of a replay
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self.log = EventLog(1)
        self.file: OpenFile | None = None
        self.searcher: Searcher | None = None
        self.reads_all = False
        self.chosen = EventFilter()
        self._failed = failed
        self._watched: Watched | None = None
        self._boundary = 0
        self._older = _Older(self.chosen)

    @property
    def is_empty(self) -> bool:
        """True where nothing is watched."""
        return self._watched is None

    @property
    def floor(self) -> int:
        """From this number on memory is asked, below it the file."""
        return NEWEST if self.reads_all else max(self._boundary, self.log.first)

    def open(self, watched: Watched | None, chosen: EventFilter) -> None:
        """Look for other events, or elsewhere."""
        path = None if watched is None else watched.history
        if watched is not self._watched or path != (None if self.searcher is None else self.searcher.path):
            self.close()
            self._watched = watched
            if path is not None:
                self.searcher, self.file = Searcher(path, self._failed), OpenFile(path)
        self.chosen = chosen
        self.log = EventLog(1) if watched is None else watched.log
        self.reads_all = watched is not None and path is not None and watched.recording is None
        self._boundary = self._boundary_of(watched)
        self._older = _Older(chosen)

    def close(self) -> None:
        """Let go of the file."""
        searcher, self.searcher = self.searcher, None
        if searcher is not None:
            searcher.close()
        file, self.file = self.file, None
        if file is not None:
            file.close()

    def in_memory(self, since: int, until: int) -> Page:
        """What passes of these numbers, as far as memory has them. Raises `PatternError`."""
        return page_of_memory(self.log, self.chosen, since, until)

    def first_page(self, before: int, most: int) -> Page | None:
        """The newest of the file below that number, where they can be had before the next frame; else None."""
        chosen = self.chosen
        if self.file is None or chosen.pattern:
            return None

        def first(reader: Reader) -> Page | None:
            search = Search(reader, chosen)
            self._older.expression = search.expression
            return search.older(before, most) if search.is_quick else None

        return at_once(self.file, first, AT_ONCE_S)

    def older(self, before: int, most: int) -> Callable[[Reader], Page]:
        """The question for the newest below that number; for the searcher."""
        older = self._older
        return lambda reader: older.page(reader, before, most)

    def newer(self, first: int, most: int) -> Callable[[Reader], Page]:
        """The question for the oldest from that number on; for the searcher."""
        chosen = self.chosen
        return lambda reader: Search(reader, chosen).newer(first, most)

    def _boundary_of(self, watched: Watched | None) -> int:
        if watched is None or watched.history is None or watched.recording is None or not phrases(self.chosen.text):
            return 0
        # The full-text index answers for what memory has, too, and sooner.
        return min(watched.recording.indexed + 1, watched.log.end)


class _Older:
    """Pages of one filter, one after the other; for the thread that asks. `expression` as `Search` has it."""

    def __init__(self, chosen: EventFilter) -> None:
        self.expression: str | None = None
        self._chosen = chosen
        self._reader: Reader | None = None
        self._search: Search | None = None

    def page(self, reader: Reader, before: int, most: int) -> Page:
        """The next one; prepared anew where the file was opened anew."""
        if self._search is None or reader is not self._reader:
            self._reader, self._search = reader, Search(reader, self._chosen, self.expression)
        return self._search.older(before, most)

"""How many events there are, of which types, how many pass the filter, and when: over all that is recorded. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from helios_desktop.event import Severity, severity_of
from helios_desktop.event_filter import EventFilter, phrases
from helios_desktop.journal.census import STRETCHES, Census, admitted
from helios_desktop.journal.search import Page
from helios_desktop.qt.timeline_memory import page_of_memory
from helios_desktop.qt.timeline_rows import Numbers
from helios_desktop.store.log import EventLog

Cells = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Density:
    """How many events each stretch of `width_ns` has from `first_ns` on: `counts[stretch, severity]`.

    searched_ns: of a search that goes on, how far back it has come; None where all is counted
    """

    first_ns: int
    width_ns: int
    counts: Cells
    searched_ns: int | None = None

    @property
    def end_ns(self) -> int:
        """Where the last stretch ends."""
        return self.first_ns + self.width_ns * len(self.counts)

    def stretch_at(self, at_ns: int) -> int:
        """The stretch of an instant; the first or the last one for one outside."""
        return min(max((at_ns - self.first_ns) // self.width_ns, 0), len(self.counts) - 1)


NOTHING: Final = Density(0, 1, np.zeros((1, len(Severity)), dtype=np.int64))


class Counts:
    """Counts for one filter. Begin anew with each: `begin`, then `add` each page once, and `take` each census.

    Of words and patterns only a search of all tells how many pass; else a census does, and what came to memory since.
    """

    def __init__(self) -> None:
        self.begin(EventLog(1), EventFilter(), has_file=False)

    def begin(self, log: EventLog, chosen: EventFilter, *, has_file: bool, reads_all: bool = False) -> None:
        """Count for another filter. `reads_all`: the file has all, also what the log holds."""
        self._log = log
        self._chosen = chosen
        self._is_slow = bool(phrases(chosen.text)) or bool(chosen.pattern)
        self._has_file = has_file
        self._reads_all = reads_all
        self._census: Census | None = None
        self._first_ns = self._width_ns = 0  # of the cells; no width before the first census
        self._pages: list[Page] = []
        self._shown = 0
        self._cells: Cells = np.zeros((1, len(Severity)), dtype=np.int64)
        self._searched_ns: int | None = None

    @property
    def lags(self) -> bool:
        """True where a census is due: memory is about to let go of what the last one has not counted."""
        census = self._census
        return census is not None and not self._reads_all and self._log.end - census.end > self._log.capacity // 2

    @property
    def is_counted(self) -> bool:
        """True where all that is recorded is counted, not only what memory has."""
        return self._census is not None or not self._has_file

    @property
    def shown(self) -> int:
        """How many pass, as far as is known."""
        return self._shown

    def by_type(self) -> Mapping[str, int]:
        """How many there are of each type; a type of which there is none is not named."""
        census = self._census
        if census is None:
            return self._log.count_by_type()
        counts: Counter[str] = Counter()
        for facet, count in zip(census.facets, census.totals.tolist(), strict=True):
            counts[facet.type] += count
        if not self._reads_all:
            _at_ns, codes = self._log.columns(census.end)
            for code, count in enumerate(np.bincount(codes, minlength=len(self._log.facets)).tolist()):
                if count:
                    counts[self._log.facets[code].type] += count
        return {event_type: count for event_type, count in counts.items() if count > 0}

    def density(self, held: Numbers) -> Density:
        """When they were; `held` are the numbers that a list holds, which without a file are all."""
        if not self.is_counted:
            return NOTHING
        if not self._width_ns:
            return self._of_memory(held)
        return Density(self._first_ns, self._width_ns, self._cells, self._searched_ns)

    def add(self, page: Page) -> None:
        """Count a page of events that pass, each once."""
        if self._census is None and self._has_file:
            self._pages.append(page)
        elif self._is_slow or self._census is None or page.first >= self._census.end:
            self._count(page)

    def take(self, census: Census, until: int) -> None:
        """Count anew from a census; memory has what came since, of which numbers below `until` are shown."""
        pages, self._pages = self._pages, []
        self._census = census
        if self._is_slow and self._width_ns:
            return
        self._first_ns, self._width_ns = census.first_ns, census.width_ns
        self._cells = np.zeros((len(census.counts), len(Severity)), dtype=np.int64)
        if self._is_slow:
            for page in pages:
                self._count(page)
            return
        passing = admitted(census, self._chosen)
        for severity in Severity:
            columns = passing & np.array([facet.severity is severity for facet in census.facets], dtype=np.bool_)
            self._cells[:, severity] = census.counts[:, columns].sum(axis=1)
        self._shown = int(self._cells.sum())
        if not self._reads_all:
            self._count(page_of_memory(self._log, self._chosen, census.end, until))

    def _count(self, page: Page) -> None:
        self._shown += len(page.numbers)
        if page.looked_ns is not None:
            self._searched_ns = page.looked_ns
        if page.is_last:
            self._searched_ns = None
        if self._width_ns and len(page.numbers):
            self._make_room(int(page.at_ns.max()))
            # What is before the first stretch came by a clock that was set back.
            stretches = np.maximum((page.at_ns - self._first_ns) // self._width_ns, 0)
            np.add.at(self._cells, (stretches, page.severities), 1)

    def _make_room(self, at_ns: int) -> None:
        """Let two stretches be one until that instant is in one: as time goes on, no more of them are needed."""
        while at_ns >= self._first_ns + self._width_ns * len(self._cells):
            count = len(self._cells)
            if count < STRETCHES:
                missing = (at_ns - self._first_ns) // self._width_ns + 1 - count
                self._cells = np.pad(self._cells, ((0, min(missing, STRETCHES - count)), (0, 0)))
            else:
                even = np.pad(self._cells, ((0, count % 2), (0, 0)))
                self._cells = even[0::2] + even[1::2]
                self._width_ns *= 2

    def _of_memory(self, held: Numbers) -> Density:
        all_at_ns, codes = self._log.columns(self._log.first)
        places = held[held >= self._log.first] - self._log.first
        if not len(places):
            return NOTHING
        at_ns = all_at_ns[places]
        severities = np.array([severity_of(facet.type) for facet in self._log.facets], dtype=np.int8)
        first_ns, last_ns = int(at_ns.min()), int(at_ns.max())
        width_ns = max(-(-(last_ns + 1 - first_ns) // STRETCHES), 1)
        cells = np.zeros((-(-(last_ns + 1 - first_ns) // width_ns), len(Severity)), dtype=np.int64)
        np.add.at(cells, ((at_ns - first_ns) // width_ns, severities[codes[places]]), 1)
        return Density(first_ns, width_ns, cells)

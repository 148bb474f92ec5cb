"""Marks of events that memory does not have: asked of the file for the range in view, in another thread."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from msgspec.structs import replace
from PySide6.QtCore import QElapsedTimer

from helios_desktop.journal.reader import Reader
from helios_desktop.journal.search import Search
from helios_desktop.journal.stored import Row
from helios_desktop.qt.markers import MARKED, Mark, Repeats, worst_of_columns
from helios_desktop.qt.timeline_searcher import Haste, Searcher
from helios_desktop.store.log import EventLog

NS: Final = 1_000_000_000
PAGE: Final = 2_000
MOST: Final = 10_000
"""Events looked at for one range, the newest of it: more of them than a graph has columns."""
AGAIN_MS: Final = 2_000
"""How soon the same range is asked for again at the soonest, where memory let go of more."""


class PastMarks:
    """The notable events of a file that are older than a log. `changed` is called when more are known; `close` it.

    is_asking: the file is asked at present

    The window's thread only. Where the file cannot be read there are no marks: the timeline says so.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._path: Path | None = None
        self._searcher: Searcher | None = None
        self.is_asking = False
        self._asked = QElapsedTimer()
        self._asked_for = (0.0, 0.0, 0)  # the range, and below which number
        self._rows: dict[int, Row] = {}
        self._set(())

    def open(self, path: Path | None) -> None:
        """Look into this file from now on; None for none. The same one is looked into anew, as after a jump."""
        if path != self._path:
            self.close()
        elif self._searcher is not None:
            self._searcher.forget()
        self._path = path
        self.is_asking = False
        self._asked_for = (0.0, 0.0, 0)
        self._set(())

    def close(self) -> None:
        """Let go of the file."""
        searcher, self._searcher, self._path = self._searcher, None, None
        if searcher is not None:
            searcher.close()

    def want(self, start_s: float, end_s: float, log: EventLog) -> None:
        """Ask for what is in view and older than `log`, unless that is known, or is being asked for."""
        if self._path is None or self.is_asking or not end_s > start_s:
            return
        if log.first < log.end and start_s * NS >= log[log.first].at_ns:
            return
        since_s, until_s, before = self._asked_for
        is_known = since_s <= start_s and end_s <= until_s
        if is_known and (before == log.first or not self._asked.hasExpired(AGAIN_MS)):
            return
        span_s = end_s - start_s
        self._asked_for = since_s, until_s, before = max(0.0, start_s - span_s), end_s + span_s, log.first
        self.is_asking = True
        self._asked.start()
        if self._searcher is None:
            self._searcher = Searcher(self._path, self._fail)
        self._searcher.ask(
            Haste.ROWS, lambda reader: _notable(reader, round(since_s * NS), round(until_s * NS), before), self._take
        )

    def row(self, number: int) -> Row | None:
        """What is known of a marked event."""
        return self._rows.get(number)

    def in_view(self, start_s: float, end_s: float, columns: int, log: EventLog) -> list[Mark]:
        """As `Markers.in_view`, of what is older than `log`."""
        found = worst_of_columns(self._at_s, self._severities, self._numbers, start_s, end_s, columns)
        return [mark for mark in found if mark.number < log.first]

    def _take(self, rows: tuple[Row, ...]) -> None:
        self.is_asking = False
        self._set(rows)
        self._changed()

    def _fail(self, _error: Exception) -> None:
        self.is_asking = False

    def _set(self, rows: tuple[Row, ...]) -> None:
        self._rows = {row.id: row for row in rows}
        self._at_s = np.array([row.at_ns / NS for row in rows], dtype=np.float64)
        self._severities = np.array([row.severity for row in rows], dtype=np.int8)
        self._numbers = np.array([row.id for row in rows], dtype=np.int64)


def _notable(reader: Reader, since_ns: int, until_ns: int, before: int) -> tuple[Row, ...]:
    search = Search(reader, replace(MARKED, since_ns=since_ns, until_ns=until_ns))
    rows: list[Row] = []
    is_last = False
    while not is_last and len(rows) < MOST:
        page = search.older(before, PAGE)
        rows += reader.rows(page.numbers.tolist()).values()
        before, is_last = page.first, page.is_last
    repeats = Repeats()
    return tuple(
        row
        for row in sorted(rows, key=lambda row: (row.at_ns, row.id))
        if row.type != "error" or not repeats.is_repeated(row.observer, row.summary, row.at_ns)
    )

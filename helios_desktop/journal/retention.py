"""What a journal keeps: not too old, not too large, and never at the price of a full disk.

It is cut in segments, from one kept state to the next: where all observations up to a state are gone, every later
instant is still reached. A segment goes from its end to its beginning, so that what is left of it is reached too,
whenever the process ends.
"""

import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from helios_desktop.journal.failure import NoRoomError
from helios_desktop.journal.query import indexed
from helios_desktop.journal.segments import Segment, last_seen_ns, read_segments
from helios_desktop.journal.writer import MINUTE_NS, unindex
from helios_desktop.words import _

GIB: Final = 1024**3
DAY_S: Final = 86_400.0
ROWS_A_STEP: Final = 1_000
PAGES_A_STEP: Final = 1_000
SPARE_PAGES: Final = 1_000
"""Empty pages that stay in the file: what is let go and what comes are about the same, and new rows take them."""
ASK_DISK_NS: Final = 5_000_000_000
_NS: Final = 1_000_000_000


@dataclass(frozen=True)
class Limits:
    """age_s: older observations go; size_bytes: of all that is kept; free_bytes: below that nothing is written."""

    age_s: float = 7 * DAY_S
    size_bytes: int = 2 * GIB
    free_bytes: int = GIB


def free_bytes(folder: Path) -> int:
    """Of the disk that a folder is on. Raises OSError."""
    return shutil.disk_usage(folder).free


class Retention:
    """Lets go of the oldest, a little at a time. All calls are for the thread that owns the connection."""

    def __init__(
        self,
        path: Path,
        limits: Limits,
        free: Callable[[Path], int] = free_bytes,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._path = path
        self._limits = limits
        self._free = free
        self._now_ns = now_ns
        self._asked_ns: int | None = None
        self._is_short = self._is_lacking = False
        self._can_help = True

    def check_free_space(self, connection: sqlite3.Connection) -> None:
        """Raise `NoRoomError` where the disk is too full to go on, and letting go would not help.

        Asks the system every few seconds at most. Raises OSError where the folder is gone, and `sqlite3.Error`.
        """
        now_ns = self._now_ns()
        if self._asked_ns is None or not 0 <= now_ns - self._asked_ns < ASK_DISK_NS:
            self._is_short = self._free(self._path.parent) < self._limits.free_bytes
            self._asked_ns = now_ns
            if self._is_short:
                # Asked here too: there are no steps while nothing is written, and by now it may help.
                self._is_short_of_disk(connection, _loose(connection))
        if self._is_short and not self._can_help:
            raise NoRoomError(_("less than {size} GB free").format(size=f"{self._limits.free_bytes / GIB:g}"))

    def step(self, connection: sqlite3.Connection) -> bool:
        """Let go of a little, some ten milliseconds' worth; gives whether there may be more to let go of."""
        oldest = self._choose(connection)
        if oldest is None:
            return _shrink(connection, 0 if self._is_lacking else SPARE_PAGES)
        _cut(connection, oldest)
        return True

    def _choose(self, connection: sqlite3.Connection) -> Segment | None:
        """The oldest segment that may go, where some limit wants one to."""
        loose = _loose(connection)
        is_short = self._is_short_of_disk(connection, loose)
        if not loose:
            return None
        oldest = loose[0]
        is_old = last_seen_ns(connection, oldest) < self._now_ns() - self._limits.age_s * _NS
        return oldest if is_old or _used_bytes(connection) > self._limits.size_bytes or is_short else None

    def _is_short_of_disk(self, connection: sqlite3.Connection, loose: Sequence[Segment]) -> bool:
        """True where the disk is too full and letting go would help: what is not enough is rather kept."""
        used_bytes = _used_bytes(connection)
        # The file shrinks only at a later checkpoint of its log; what it will give back then is as good as free.
        returning = max(0, self._path.stat().st_size - used_bytes)
        lacking = self._limits.free_bytes - self._free(self._path.parent) - returning
        self._can_help = lacking <= used_bytes * sum(segment.share for segment in loose)
        self._is_lacking = lacking + returning > 0
        return lacking > 0 and self._can_help


def _loose(connection: sqlite3.Connection) -> list[Segment]:
    """Segments that may go, oldest first."""
    return [segment for segment in read_segments(connection) if not segment.is_noted]


def _cut(connection: sqlite3.Connection, segment: Segment) -> None:
    """Let go of some rows at the end of a segment, and of its state at last."""
    with connection:
        if _cut_events(connection, segment) or _cut_observations(connection, segment):
            return
        if segment.has_checkpoint:
            connection.execute("DELETE FROM checkpoint WHERE seq = ?", (segment.after_seq,))
        _sweep(connection)


def _cut_events(connection: sqlite3.Connection, segment: Segment) -> bool:
    ask = connection.execute
    first, last = ask(
        "SELECT min(id), max(id) FROM (SELECT id FROM event WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?)",
        (segment.first_event, segment.end_event, ROWS_A_STEP),
    ).fetchone()
    if first is None:
        return False
    # While their texts are there: full text is told what to forget.
    unindex(connection, first - 1, min(last, indexed(connection)))
    ask(
        "UPDATE tally SET count = tally.count - gone.count FROM ("
        "SELECT at_ns / ? AS minute, facet, count(*) AS count FROM event WHERE id BETWEEN ? AND ? GROUP BY 1, 2"
        ") AS gone WHERE tally.minute = gone.minute AND tally.facet = gone.facet",
        (MINUTE_NS, first, last),
    )
    ask(
        "DELETE FROM tally WHERE count = 0 AND minute IN (SELECT at_ns / ? FROM event WHERE id BETWEEN ? AND ?)",
        (MINUTE_NS, first, last),
    )
    ask("DELETE FROM event WHERE id BETWEEN ? AND ?", (first, last))
    return True


def _cut_observations(connection: sqlite3.Connection, segment: Segment) -> bool:
    # An event of a segment that is kept may have been completed in this one: what it needs stays until it goes.
    gone = connection.execute(
        "DELETE FROM observation WHERE seq IN (SELECT seq FROM observation WHERE seq > ? AND seq <= ? AND NOT EXISTS "
        "(SELECT 1 FROM event WHERE event.seq = observation.seq AND event.told IS NOT NULL) ORDER BY seq DESC LIMIT ?)",
        (segment.after_seq, segment.until_seq, ROWS_A_STEP),
    ).rowcount
    return gone > 0


def _sweep(connection: sqlite3.Connection) -> None:
    """Let go of gaps older than all that is kept, and of runs of which nothing is."""
    connection.execute("DELETE FROM gap WHERE until_ns < (SELECT received_ns FROM observation ORDER BY seq LIMIT 1)")
    connection.execute(
        "DELETE FROM run WHERE id IN (SELECT id FROM ("
        "SELECT id, first_seq, first_event, lead(first_seq) OVER later AS end_seq, "
        "lead(first_event) OVER later AS end_event FROM run WINDOW later AS (ORDER BY id)"
        ") AS old WHERE end_seq IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM observation WHERE seq >= old.first_seq AND seq < old.end_seq) "
        "AND NOT EXISTS (SELECT 1 FROM event WHERE event.id >= old.first_event AND event.id < old.end_event) "
        "AND NOT EXISTS (SELECT 1 FROM checkpoint WHERE run = old.id))"
    )


def _used_bytes(connection: sqlite3.Connection) -> int:
    return (_pragma(connection, "page_count") - _pragma(connection, "freelist_count")) * _pragma(
        connection, "page_size"
    )


def _shrink(connection: sqlite3.Connection, spare_pages: int) -> bool:
    """Give some empty pages at the end of the file back; gives whether there are more."""
    empty = _pragma(connection, "freelist_count") - spare_pages
    if empty <= 0:
        return False
    # As a script: it gives a row a page, and a thread would wait for the interpreter at each.
    connection.executescript(f"PRAGMA incremental_vacuum({min(empty, PAGES_A_STEP)})")
    return empty > PAGES_A_STEP


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)

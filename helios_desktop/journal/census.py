"""How many events of each facet each stretch of time has: what chips, counts and the histogram of a list are made of.

One pass over the tally answers for every filter that has neither words nor a pattern. All calls are for the thread of
the reader, and raise `sqlite3.Error`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal import query
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.writer import MINUTE_NS

COUNTED_ONE_BY_ONE: Final = 200_000
"""Where there are no more events than that, they are counted, and stretches may be shorter than a minute."""
STRETCHES: Final = 120
_NS: Final = 1_000_000_000
_encode: Final = msgspec.json.Encoder().encode
_cells: Final = msgspec.json.Decoder(list[tuple[int, int, int]]).decode


@dataclass(frozen=True)
class Census:
    """Events below number `end` in the stretches of `width_ns` from `first_ns` on: `counts[stretch, facet]`.

    totals: how many there are of each facet in all the file, be it outside these stretches
    """

    first_ns: int
    width_ns: int
    end: int
    facets: Sequence[query.Facet]
    counts: npt.NDArray[np.int64]
    totals: npt.NDArray[np.int64]


def census(reader: Reader, since_ns: int | None, until_ns: int | None, stretches: int = STRETCHES) -> Census:
    """Count between these instants; None for the first and the last of the file."""
    connection = reader.connection
    connection.execute("BEGIN")
    try:
        facets = query.all_facets(connection)
        end = reader.end_event()
        totals = np.zeros(len(facets), dtype=np.int64)
        column = {facet.id: at for at, facet in enumerate(facets)}
        for _zero, facet, count in _read(reader, "SELECT 0, facet, sum(count) FROM tally GROUP BY facet", ()):
            totals[column[facet]] = count
        first_ns, last_ns = _extent(reader)
        since_ns = first_ns if since_ns is None else max(since_ns, first_ns)
        until_ns = last_ns + 1 if until_ns is None else min(until_ns, last_ns + 1)
        span_ns = max(until_ns - since_ns, 1)
        width_ns = max(-(-span_ns // stretches), 1)
        if _tallied(reader, since_ns, until_ns) <= COUNTED_ONE_BY_ONE:
            cells = _counted(reader, since_ns, until_ns, since_ns, width_ns)
        else:
            # Whole minutes, so that each is in one stretch; what is of the first and the last but outside is left out.
            width_ns = -(-width_ns // MINUTE_NS) * MINUTE_NS
            origin_ns = since_ns // MINUTE_NS * MINUTE_NS
            cells = _whole_minutes(reader, since_ns, until_ns, origin_ns, width_ns)
            since_ns = origin_ns
        counts = np.zeros((max(-(-(until_ns - since_ns) // width_ns), 1), len(facets)), dtype=np.int64)
        for stretch, facet, count in cells:
            counts[min(stretch, len(counts) - 1), column[facet]] += count
        return Census(since_ns, width_ns, end, facets, counts, totals)
    finally:
        connection.rollback()


def admitted(census: Census, chosen: EventFilter) -> npt.NDArray[np.bool_]:
    """Which columns of a census pass a filter, but for its words, its pattern and its times."""
    return np.array(
        [chosen.admits_type(facet.type) and chosen.admits_names(facet.node, facet.observer) for facet in census.facets],
        dtype=np.bool_,
    )


def _whole_minutes(
    reader: Reader, since_ns: int, until_ns: int, origin_ns: int, width_ns: int
) -> list[tuple[int, int, int]]:
    first, end = -(-since_ns // MINUTE_NS), until_ns // MINUTE_NS
    cells = _read(
        reader,
        "SELECT (minute - ?) / ?, facet, sum(count) FROM tally WHERE minute >= ? AND minute < ? GROUP BY 1, 2",
        (origin_ns // MINUTE_NS, width_ns // MINUTE_NS, first, end),
    )
    if since_ns < first * MINUTE_NS:
        cells += _counted(reader, since_ns, min(first * MINUTE_NS, until_ns), origin_ns, width_ns)
    if end * MINUTE_NS < until_ns and end >= first:
        cells += _counted(reader, end * MINUTE_NS, until_ns, origin_ns, width_ns)
    return cells


def _counted(reader: Reader, since_ns: int, until_ns: int, origin_ns: int, width_ns: int) -> list[tuple[int, int, int]]:
    return _read(
        reader,
        f"SELECT (at_ns - ?2) / ?3, facet, count(*) FROM {query.WITHIN} GROUP BY 1, 2",  # noqa: S608 - ours
        (query.within(reader.connection, since_ns, until_ns), origin_ns, width_ns),
    )


def _tallied(reader: Reader, since_ns: int, until_ns: int) -> int:
    row = reader.connection.execute(
        "SELECT coalesce(sum(count), 0) FROM tally WHERE minute >= ? AND minute <= ?",
        (since_ns // MINUTE_NS, until_ns // MINUTE_NS),
    ).fetchone()
    return int(row[0])


def _extent(reader: Reader) -> tuple[int, int]:
    # The ends of each run: where a clock was set back, the first number may be of a later time.
    ends = [number for run in query.stretches(reader.connection, None, None) for number in (run.first, run.end - 1)]
    row = reader.connection.execute(
        "SELECT min(at_ns), max(at_ns) FROM event WHERE id IN (SELECT value FROM json_each(?))",
        (_encode(ends).decode(),),
    ).fetchone()
    return (0, 0) if row[0] is None else (int(row[0]), int(row[1]))


def _read(reader: Reader, select: str, values: tuple[int | str, ...]) -> list[tuple[int, int, int]]:
    # As one row: a thread would wait for the interpreter at each of many.
    (text,) = reader.connection.execute(
        f"SELECT json_group_array(json_array(part, facet, count)) FROM (WITH cell (part, facet, count) AS ({select}) "  # noqa: S608 - ours
        "SELECT * FROM cell)",
        values,
    ).fetchone()
    return _cells(text)

"""How much happened when, of a whole journal or a part of it: counted where that is few, else by the tally."""

from typing import Final

import msgspec

from helios_desktop.event import Severity
from helios_desktop.journal import query
from helios_desktop.journal.reader import Reader

Counted = tuple[int, int, int]
"""A stretch by its number, how many events it has, and how many of them are problems."""
_encode: Final = msgspec.json.Encoder().encode
_decode_counts: Final = msgspec.json.Decoder(list[Counted]).decode
_decode_pairs: Final = msgspec.json.Decoder(list[tuple[int, int]]).decode


def counts_by_minute(reader: Reader, since_minute: int) -> list[Counted]:
    """Of each minute since the epoch, from that one on, in which something happened; oldest first."""
    # Each statement gives one row: a thread would wait for the interpreter at each of many.
    (text,) = reader.connection.execute(
        "SELECT json_group_array(json_array(minute, count, problems)) FROM ("
        "SELECT minute, sum(count) AS count, sum(count * (severity >= ?)) AS problems "
        "FROM tally JOIN facet ON facet.id = tally.facet WHERE minute >= ? GROUP BY minute ORDER BY minute)",
        (int(Severity.PROBLEM), since_minute),
    ).fetchone()
    return _decode_counts(text)


def counts_by_width(reader: Reader, since_ns: int, until_ns: int, width_ns: int) -> list[Counted]:
    """Of each stretch of that width from `since_ns` on; each event in [since_ns, until_ns) is looked at."""
    connection = reader.connection
    (text,) = connection.execute(
        "SELECT json_group_array(json_array(part, count, problems)) FROM ("  # noqa: S608 - ours
        "SELECT (at_ns - ?2) / ?3 AS part, count(*) AS count, sum(severity >= ?4) AS problems "
        f"FROM {query.WITHIN} JOIN facet ON facet.id = event.facet GROUP BY part ORDER BY part)",
        (query.within(connection, since_ns, until_ns), since_ns, width_ns, int(Severity.PROBLEM)),
    ).fetchone()
    return _decode_counts(text)


def latest_problems(reader: Reader, after: int, most: int) -> list[tuple[int, int]]:
    """Number and instant of the latest problems with numbers above `after`, `most` at most, oldest first."""
    connection = reader.connection
    facets = [facet.id for facet in query.all_facets(connection) if facet.severity >= Severity.PROBLEM]
    numbers = query.page(connection, facets, query.Bounds(after + 1, query.LAST), query.LAST, most)
    (text,) = connection.execute(
        "SELECT json_group_array(json_array(id, at_ns)) FROM "
        "(SELECT id, at_ns FROM event WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id)",
        (_encode(numbers).decode(),),
    ).fetchone()
    return _decode_pairs(text)

"""How much happened when, of a whole journal or a part of it: counted where that is few, else by the tally."""

from typing import Final

import msgspec

from helios_desktop.event import Severity
from helios_desktop.journal.reader import Reader

Counted = tuple[int, int, int]
"""A stretch by its number, how many events it has, and how many of them are problems."""
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
    (text,) = reader.connection.execute(
        "SELECT json_group_array(json_array(part, count, problems)) FROM ("
        "SELECT (at_ns - ?) / ? AS part, count(*) AS count, sum(severity >= ?) AS problems "
        "FROM event JOIN facet ON facet.id = event.facet WHERE at_ns >= ? AND at_ns < ? GROUP BY part ORDER BY part)",
        (since_ns, width_ns, int(Severity.PROBLEM), since_ns, until_ns),
    ).fetchone()
    return _decode_counts(text)


def latest_problems(reader: Reader, after: int, most: int) -> list[tuple[int, int]]:
    """Number and instant of the latest problems with numbers above `after`, `most` at most, oldest first."""
    (text,) = reader.connection.execute(
        "SELECT json_group_array(json_array(id, at_ns)) FROM (SELECT event.id AS id, event.at_ns AS at_ns "
        "FROM facet JOIN event ON event.facet = facet.id WHERE facet.severity >= ? AND event.id > ? "
        "ORDER BY event.id DESC LIMIT ?)",
        (int(Severity.PROBLEM), after, most),
    ).fetchone()
    return _decode_pairs(text)[::-1]

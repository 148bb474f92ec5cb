"""Blocks of rows, each read as one value: a thread would wait for the interpreter at each row.

A frame may be as long as 16 MiB, so that a block of so many rows is shorter where its texts are long: SQLite has no
value beyond a thousand million bytes, and memory is not to be filled by one.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from helios_desktop.journal.database import DamagedError
from helios_desktop.words import _

BLOCK_SIGNS: Final = 8 * 1024 * 1024
"""Once it has so many signs of text, a block takes no further row."""

_EVENTS: Final = (
    "SELECT coalesce(length(observation.text), 0) + coalesce(length(event.told), 0) AS size "
    "FROM json_each(?) AS wanted LEFT JOIN event ON event.id = wanted.value "
    "LEFT JOIN observation ON observation.seq = event.seq ORDER BY wanted.key"
)
_OBSERVATIONS: Final = (
    "SELECT coalesce(length(observation.text), 0) AS size FROM json_each(?) AS wanted "
    "LEFT JOIN observation ON observation.seq = wanted.value ORDER BY wanted.key"
)
_encode: Final = msgspec.json.Encoder().encode
_T = TypeVar("_T")


def count_fitting(connection: sqlite3.Connection, sizes: str, values: Sequence[object]) -> int:
    """How many of the first rows of a select of `size` one block may have: at least one, where there is one."""
    count, signs = connection.execute(
        f"SELECT count(*), coalesce(sum(size), 0) FROM ({sizes})",  # noqa: S608 - ours
        values,
    ).fetchone()
    if signs <= BLOCK_SIGNS:
        return int(count)
    (count,) = connection.execute(
        "SELECT count(*) FROM (SELECT sum(size) OVER (ROWS UNBOUNDED PRECEDING) - size AS before "  # noqa: S608 - ours
        f"FROM ({sizes})) WHERE before < {BLOCK_SIGNS}",
        values,
    ).fetchone()
    return int(count)


def event_blocks(connection: sqlite3.Connection, numbers: Sequence[int], most: int) -> Iterator[str]:
    """Numbers of events in parts that may be read as one value with the texts that told them, as JSON."""
    return _blocks(connection, _EVENTS, numbers, most)


def observation_blocks(connection: sqlite3.Connection, numbers: Sequence[int], most: int) -> Iterator[str]:
    """The same of observations."""
    return _blocks(connection, _OBSERVATIONS, numbers, most)


def decoded(decode: Callable[[str], _T], block: str) -> _T:
    """What stands in a block. Raises `DamagedError` where that is none of what we write."""
    try:
        return decode(block)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DamagedError(_("a text in it is broken")) from error


def _blocks(connection: sqlite3.Connection, sizes: str, numbers: Sequence[int], most: int) -> Iterator[str]:
    at = 0
    while at < len(numbers):
        part = numbers[at : at + most]
        count = count_fitting(connection, sizes, (_encode(part).decode(),))
        yield _encode(part[:count]).decode()
        at += count

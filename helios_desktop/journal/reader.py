"""What is read from a journal or a recording: observations in their order, events by number, and what the file says.

A reader has a connection of its own, for one thread at a time. It sees what was committed when each call began, and
never holds up the writer. Calls raise `sqlite3.Error` where the file cannot be read (any more), and `DamagedError`
where what is read is none of what we write.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal import query
from helios_desktop.journal.block import count_fitting, decoded, event_blocks
from helios_desktop.journal.database import open_to_read
from helios_desktop.journal.note import COLUMNS, Note
from helios_desktop.journal.stored import (
    KIND_NUMBERS,
    KINDS,
    KindNumber,
    ObservationKey,
    Row,
    evidence_keys,
    plain_event,
    summary_of,
    told_event,
)
from helios_desktop.journal.writer import Unrecorded
from helios_desktop.observation import Kind, Observation

BLOCK: Final = 1_000
"""How many rows one statement gives at most."""

_ROW_COLUMNS: Final = (
    "event.id, event.at_ns, facet.type, facet.node, facet.observer, facet.severity, facet.is_derived, "
    "event.summary, event.seq, event.told IS NOT NULL, "
    "CASE WHEN event.summary IS NULL THEN event.told END, "
    "CASE WHEN event.summary IS NULL AND event.told IS NULL THEN observation.text END"
)
_ROW_TABLES: Final = "event JOIN facet ON facet.id = event.facet LEFT JOIN observation ON observation.seq = event.seq"
_OBSERVATION_TABLES: Final = (
    "observation JOIN name AS observer ON observer.id = observation.observer "
    "LEFT JOIN name AS source ON source.id = observation.source"
)
_rows: Final = msgspec.json.Decoder(
    list[tuple[int, int, str, str, str, int, int, str | None, int, int, str | None, str | None]]
).decode
_SIZES: Final = "SELECT length(text) AS size FROM observation WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
_observations: Final = msgspec.json.Decoder(
    list[tuple[int, str, int, int, KindNumber, str, str | None, int | None]]
).decode


@dataclass(frozen=True)
class RunRow:
    """One life of a recorder; `ended_ns` None where it lasts or did not end well."""

    id: int
    started_ns: int
    ended_ns: int | None
    first_seq: int
    first_event: int
    program: str
    fold: int


@dataclass(frozen=True)
class CheckpointRow:
    """The state after observation `seq`, as the monitor encoded it."""

    seq: int
    at_ns: int
    run: int
    next_event: int
    fold: int
    state: bytes
    samples: bytes


@dataclass(frozen=True)
class SampleRow:
    """The samples of one checkpoint; `is_after_hole`: retention may have let go of what came right before them."""

    samples: bytes
    is_after_hole: bool


@dataclass(frozen=True)
class Extent:
    """What there is: observations and events, and the time that they span; None where there is none."""

    observations: int
    events: int
    first_ns: int | None
    last_ns: int | None


class Reader:
    """See the module. Raises as `open_to_read` does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_to_read(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End. Nobody may be reading in another thread: Python's sqlite3 would end the process."""
        self._connection.close()

    def interrupt(self) -> None:
        """Let the call that another thread is in raise `sqlite3.OperationalError` soon."""
        self._connection.interrupt()

    @property
    def connection(self) -> sqlite3.Connection:
        """For statements of other modules of this package; read-only."""
        return self._connection

    # Events

    def first_event(self) -> int:
        """The least number; 0 where there is none."""
        return self._number("SELECT coalesce(min(id), 0) FROM event")

    def end_event(self) -> int:
        """One more than the greatest number; 0 where there is none."""
        return self._number("SELECT coalesce(max(id), -1) + 1 FROM event")

    def indexed(self) -> int:
        """Full text finds events up to this number."""
        return query.indexed(self._connection)

    def select(self, chosen: EventFilter, before: int, most: int) -> list[int]:
        """Numbers below `before` of the newest events that pass all but the pattern, newest first, `most` at most.

        Events that are not indexed yet do not pass where `chosen` has a text: `scan` looks at those.
        """
        facets = query.facets_of(self._connection, chosen)
        bounds = query.bounds_of(self._connection, chosen)
        words = query.words_of(chosen)
        if words:
            return query.page_of_words(self._connection, words, facets, bounds, before, most)
        return query.page(self._connection, facets, bounds, before, most)

    def rows(self, numbers: Iterable[int]) -> dict[int, Row]:
        """The rows of these events, by number; those that went are missing."""
        found: dict[int, Row] = {}
        for block in event_blocks(self._connection, list(numbers), BLOCK):
            (text,) = self._connection.execute(
                f"SELECT json_group_array(json_array({_ROW_COLUMNS})) FROM {_ROW_TABLES} "  # noqa: S608 - our own names
                "WHERE event.id IN (SELECT value FROM json_each(?))",
                (block,),
            ).fetchone()
            found |= {row.id: row for row in map(_row, decoded(_rows, text))}
        return found

    def event(self, number: int) -> Event | None:
        """The whole event, with all that it follows from as far as it is kept; None where it went."""
        row = self.rows((number,)).get(number)
        return None if row is None else self.event_of(row)

    def event_of(self, row: Row) -> Event | None:
        """The whole event of a row; None where it went, or a later program told what this one does not know."""
        observation = self.observation(row.seq)
        found = self._connection.execute("SELECT told FROM event WHERE id = ?", (row.id,)).fetchone()
        if observation is None or found is None:
            return None
        if found[0] is None:
            return plain_event(observation, row.node)
        try:
            evidence = [self.find(key) for key in evidence_keys(found[0])]
            return told_event(row, found[0], observation, tuple(one for one in evidence if one is not None))
        except msgspec.MsgspecError:
            return None

    # Observations

    def observation(self, seq: int) -> Observation | None:
        """The one of this number."""
        found = self._read(seq - 1, seq)
        return found[0][1] if found else None

    def observations(self, after: int = 0, until: int | None = None) -> Iterator[tuple[int, Observation]]:
        """All with numbers in (after, until], in their order, with their numbers; read block by block."""
        end = 2**63 - 1 if until is None else until
        while block := self._read(after, end):
            yield from block
            after = block[-1][0]

    def find(self, key: ObservationKey) -> Observation | None:
        """The observation of this key; None where it is not kept."""
        observer, epoch, received_ns, kind = key
        seq = self.seq_at(received_ns)
        number = KIND_NUMBERS[Kind(kind)]
        # Of one instant there are few; the tick of a second bounds the search where none matches.
        found = self._number(
            f"SELECT coalesce(max(seq), 0) FROM {_OBSERVATION_TABLES} "  # noqa: S608 - our own names
            "WHERE seq <= ? AND seq > ? AND received_ns = ? AND epoch = ? AND kind = ? AND observer.text = ?",
            *(seq, seq - BLOCK, received_ns, epoch, number, observer),
        )
        return self.observation(found)

    def seq_at(self, at_ns: int) -> int:
        """The number of the last observation received until that instant; 0 where there is none."""
        end = self._number("SELECT coalesce(max(seq), 0) FROM observation")
        # Not max(seq), which would look at every tick until then.
        tick = self._number(
            "SELECT coalesce((SELECT seq FROM observation WHERE kind = 4 AND received_ns <= ? "
            "ORDER BY received_ns DESC, seq DESC LIMIT 1), 0)",
            at_ns,
        )
        run = self._number("SELECT coalesce(max(first_seq), 1) - 1 FROM run WHERE started_ns <= ?", at_ns)
        after = self._number(
            "SELECT coalesce((SELECT seq FROM observation WHERE seq > ? AND received_ns > ? ORDER BY seq LIMIT 1), ?)",
            max(tick, run),
            at_ns,
            end + 1,
        )
        return self._number("SELECT coalesce(max(seq), 0) FROM observation WHERE seq < ?", after)

    # What the file says of itself

    def meta(self) -> dict[str, str]:
        """Whose it is, and what wrote it."""
        return dict(self._connection.execute("SELECT key, value FROM meta").fetchall())

    def runs(self) -> list[RunRow]:
        """Oldest first."""
        columns = "id, started_ns, ended_ns, first_seq, first_event, program, fold"
        return [RunRow(*row) for row in self._connection.execute(f"SELECT {columns} FROM run ORDER BY id")]  # noqa: S608 - our own names

    def gaps(self) -> list[Unrecorded]:
        """Stretches that could not be recorded, oldest first."""
        columns = "since_ns, until_ns, reason, lost"
        return [Unrecorded(*row) for row in self._connection.execute(f"SELECT {columns} FROM gap ORDER BY id")]  # noqa: S608 - our own names

    def notes(self) -> list[Note]:
        """Bookmarks and notes, by the time that they are on."""
        return [Note(*row) for row in self._connection.execute(f"SELECT {COLUMNS} FROM note ORDER BY at_ns, id")]  # noqa: S608 - our own names

    def checkpoint(self, seq: int, fold: int) -> CheckpointRow | None:
        """The last one at `seq` or before, of that version of the fold."""
        row = self._connection.execute(
            "SELECT seq, at_ns, run, next_event, fold, state, samples FROM checkpoint "
            "WHERE seq <= ? AND fold = ? ORDER BY seq DESC LIMIT 1",
            (seq, fold),
        ).fetchone()
        return None if row is None else CheckpointRow(*row)

    def samples(self, run: int, until_seq: int, most: int) -> list[SampleRow]:
        """The samples of the last checkpoints of a run until `until_seq`, `most` at most, oldest first."""
        rows = self._connection.execute(
            "SELECT samples, NOT EXISTS (SELECT 1 FROM observation WHERE seq = checkpoint.seq) FROM checkpoint "
            "WHERE run = ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
            (run, until_seq, most),
        ).fetchall()
        return [SampleRow(samples, bool(is_after_hole)) for samples, is_after_hole in reversed(rows)]

    def span_ns(self) -> tuple[int, int] | None:
        """When the first and the last observation were received; None where there is none."""
        first = self._connection.execute("SELECT received_ns FROM observation ORDER BY seq LIMIT 1").fetchone()
        last = self._connection.execute("SELECT received_ns FROM observation ORDER BY seq DESC LIMIT 1").fetchone()
        return None if first is None or last is None else (first[0], last[0])

    def extent(self) -> Extent:
        """How much there is. Counted by the tally, so that it takes no time."""
        # One end a statement: of both at once SQLite looks at all that is between.
        first, last = (self._number(f"SELECT coalesce({end}(seq), 0) FROM observation") for end in ("min", "max"))  # noqa: S608 - our own words
        span = self.span_ns()
        if span is None:
            return Extent(0, 0, None, None)
        return Extent(last - first + 1, self._number("SELECT coalesce(sum(count), 0) FROM tally"), *span)

    def _read(self, after: int, until: int) -> list[tuple[int, Observation]]:
        """The first block of those with numbers in (after, until]."""
        count = count_fitting(self._connection, _SIZES, (after, until, BLOCK))
        (text,) = self._connection.execute(
            f"SELECT json_group_array(json_array(seq, observer, epoch, received_ns, kind, text, source, status)) FROM "  # noqa: S608 - our own names
            f"(SELECT observation.seq, observer.text AS observer, observation.epoch, observation.received_ns, "
            f"observation.kind, observation.text, source.text AS source, observation.status "
            f"FROM {_OBSERVATION_TABLES} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
            (after, until, count),
        ).fetchone()
        return [(row[0], _observation(row)) for row in decoded(_observations, text)]

    def _number(self, select: str, *values: object) -> int:
        row = self._connection.execute(select, values).fetchone()
        return int(row[0])


def _observation(row: tuple[int, str, int, int, int, str, str | None, int | None]) -> Observation:
    _seq, observer, epoch, received_ns, kind, text, source, status = row
    return Observation(observer, epoch, received_ns, KINDS[kind], text, source or "", status or 0)


def _row(row: tuple[int, int, str, str, str, int, int, str | None, int, int, str | None, str | None]) -> Row:
    number, at_ns, event_type, node, observer, severity, is_derived, summary, seq, is_told, told, text = row
    words = summary if summary is not None else summary_of(event_type, told, text or "")
    return Row(
        number, at_ns, event_type, node, observer, query.severity_of_row(severity), bool(is_derived), words, seq,
        is_told=bool(is_told),
    )  # fmt: skip

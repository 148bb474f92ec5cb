"""What is written into a journal or a recording: the rows of batches, each batch one transaction.

Each statement takes hundreds of rows: beside a busy thread, a statement a row would wait for the interpreter each time.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, assert_never

import msgspec
from msgspec import Struct

from helios_desktop.event import Event
from helios_desktop.journal import note as notes
from helios_desktop.journal.block import count_fitting
from helios_desktop.journal.note import PutNote, RemoveNote
from helios_desktop.journal.stored import KIND_NUMBERS, summary_of, told_of
from helios_desktop.observation import Kind, Observation
from helios_desktop.summary import summary

MINUTE_NS: Final = 60 * 1_000_000_000
INDEX_AT_ONCE: Final = 1_000
"""So many events of a batch are indexed with it; of more the index follows when there is time."""
OTHER_TYPES: Final = "other"
MAX_FACETS: Final = 20_000
_FRAME: Final = Kind.FRAME  # by itself, since each message asks, and Python 3.11 looks members of an enum up slowly
_FRAME_NUMBER: Final = KIND_NUMBERS[_FRAME]
_OBSERVATION: Final = "seq, received_ns, observer, epoch, kind, text, source, status"
_CHUNKS: Final = (256, 32, 4, 1)

# Of an event that has a summary the text is not read, nor where the text is not all that is told.
_SIZES: Final = (
    "SELECT CASE WHEN event.summary IS NULL THEN length(coalesce(event.told, observation.text, '')) ELSE 0 END AS size "
    "FROM event LEFT JOIN observation ON observation.seq = event.seq WHERE event.id > ? ORDER BY event.id LIMIT ?"
)
_encode: Final = msgspec.json.Encoder().encode
_decode_unsummed: Final = msgspec.json.Decoder(list[tuple[int, str, str | None, str | None]]).decode


class Seen(Struct, frozen=True, gc=False):
    """An observation, what it told, and the numbers of these events.

    Not one of Python's containers: thousands of these wait, and the collector would look at each again and again.
    """

    observation: Observation
    events: Sequence[Event]
    numbers: Sequence[int]


Value = str | int | bytes | None


@dataclass(frozen=True)
class Checkpoint:
    """The folded state after all that came before it in the same stream.

    state, samples: opaque bytes, of the monitor's making
    """

    at_ns: int
    next_event: int
    fold: int
    state: bytes
    samples: bytes


@dataclass(frozen=True)
class Unrecorded:
    """A stretch of which nothing, or not all, was recorded: `lost` observations at least."""

    since_ns: int
    until_ns: int
    reason: str
    lost: int

    def covers(self, since_ns: int, until_ns: int) -> bool:
        """True where nothing of that time is outside it."""
        return self.since_ns <= since_ns and until_ns <= self.until_ns


Item = Seen | Checkpoint | Unrecorded | PutNote | RemoveNote


class Writer:
    """Appends to one open file. All calls are for one thread; each commits whole or raises `sqlite3.Error`.

    After an error the writer may be used again: nothing of the failed call was written.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._run = 0
        self._names: dict[str, int] = {}
        self._facets: dict[tuple[str, str, str, bool], int] = {}
        self._last_seq = 0
        self._indexed = 0
        self._last_event = 0
        self._load()

    @property
    def last_seq(self) -> int:
        """Of the last observation that is written."""
        return self._last_seq

    @property
    def last_event(self) -> int:
        """Events up to this number are written, as far as they ever will be; the next one's is greater."""
        return self._last_event

    @property
    def indexed(self) -> int:
        """Full text finds events up to this number; later ones must be looked at one by one."""
        return self._indexed

    def begin_run(
        self,
        started_ns: int,
        first_event: int,
        program: str,
        fold: int,
        first_seq: int | None = None,
        *,
        unended: str = "",
    ) -> None:
        """The fold begins anew; its first event will have this number, which must be beyond `last_event`.

        first_seq: the number of its first observation, beyond `last_seq`; None for the next one
        unended:   where the run before did not end well, the reason of a gap from its last observation on; "" for none
        """
        first_seq = self._last_seq + 1 if first_seq is None else first_seq
        with self._connection:
            if unended:
                self._write_gap_after_unended(started_ns, unended)
            cursor = self._connection.execute(
                "INSERT INTO run (started_ns, first_seq, first_event, program, fold) VALUES (?, ?, ?, ?, ?)",
                (started_ns, first_seq, first_event, program, fold),
            )
        self._run = cursor.lastrowid or 0
        self._load()

    def resume_run(self, started_ns: int, last_seq: int) -> bool:
        """Go on with the last run of the file; False where that is not the one begun then and written so far."""
        row = self._connection.execute("SELECT id, started_ns FROM run ORDER BY id DESC LIMIT 1").fetchone()
        if row is None or row[1] != started_ns or self._last_seq != last_seq:
            return False
        self._run = row[0]
        return True

    def describe(self, about: Mapping[str, str]) -> None:
        """Keep facts about the file itself, in place of those of the same keys."""
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(about.items()))

    def end_run(self, ended_ns: int) -> None:
        """It ended well."""
        with self._connection:
            self._connection.execute("UPDATE run SET ended_ns = ? WHERE id = ?", (ended_ns, self._run))

    def write(self, items: Sequence[Item]) -> None:
        """Append all of them, in this order."""
        seen: list[Seen] = []
        try:
            with self._connection:
                for item in items:
                    if isinstance(item, Seen):
                        seen.append(item)
                        continue
                    self._write_seen(seen)
                    seen = []
                    match item:
                        case Checkpoint():
                            self._write_checkpoint(item)
                        case Unrecorded():
                            self._write_gap(item)
                        case PutNote(note):
                            notes.put(self._connection, note)
                        case RemoveNote(note_id):
                            notes.remove(self._connection, note_id)
                        case _:
                            assert_never(item)
                self._write_seen(seen)
        except BaseException:
            # What was learnt of names and numbers on the way was undone with the rows.
            self._load()
            raise

    def index(self, most: int = INDEX_AT_ONCE) -> bool:
        """Index some more events; gives whether there may be others left."""
        count = count_fitting(self._connection, _SIZES, (self._indexed, most))
        (until,) = self._connection.execute(
            "SELECT max(id) FROM (SELECT id FROM event WHERE id > ? ORDER BY id LIMIT ?)", (self._indexed, count)
        ).fetchone()
        if until is None:
            return False
        try:
            with self._connection:
                self._fill_summaries(self._indexed, until)
                self._index(self._indexed, until)
        except BaseException:
            self._load()
            raise
        return self._indexed < self._last_event

    def _load(self) -> None:
        ask = self._connection.execute
        self._names = dict(ask("SELECT text, id FROM name").fetchall())
        self._facets = {
            (event_type, node, observer, bool(is_derived)): facet
            for event_type, node, observer, is_derived, facet in ask(
                "SELECT type, node, observer, is_derived, id FROM facet"
            )
        }
        self._last_seq = max(
            ask("SELECT coalesce(max(seq), 0) FROM observation").fetchone()[0],
            ask("SELECT coalesce(max(seq), 0) FROM checkpoint").fetchone()[0],
            ask("SELECT coalesce(max(first_seq) - 1, 0) FROM run").fetchone()[0],
        )
        (last,) = ask("SELECT coalesce(max(id), 0) FROM event").fetchone()
        (first,) = ask("SELECT coalesce(max(first_event), 1) FROM run").fetchone()
        found = ask("SELECT value FROM meta WHERE key = 'indexed'").fetchone()
        indexed = 0 if found is None else int(found[0])
        # The last ones may be gone again, and numbers are never used twice.
        self._last_event = max(last, first - 1, indexed)
        self._indexed = self._last_event if indexed >= last else indexed

    def _write_seen(self, seen: Sequence[Seen]) -> None:
        if not seen:
            return
        frames: list[Value] = []
        others: list[Value] = []
        events: list[Value] = []
        told_ns: list[int] = []
        told_facets: list[int] = []
        replaced: list[tuple[int, int | None, Event]] = []
        is_indexed = self._indexed == self._last_event and _count(seen) <= INDEX_AT_ONCE
        names, facets = self._names, self._facets
        seq, before = self._last_seq, self._last_event
        last_event = before
        for one in seen:
            seq += 1
            observation = one.observation
            observer = names.get(observation.observer) or self._name(observation.observer)
            if observation.kind is _FRAME:
                frames += (seq, observation.received_ns, observer, observation.epoch, observation.text)
            else:
                others += self._other(seq, observer, observation)
            numbers = one.numbers
            for place, event in enumerate(one.events):
                number = numbers[place]
                if number <= last_event:
                    replaced.append((number, seq if event.observation is observation else None, event))
                    continue
                last_event = number
                facet = facets.get((event.type, event.node, event.observer, event.is_derived)) or self._facet(event)
                at_ns = event.at_ns
                told_ns.append(at_ns)
                told_facets.append(facet)
                events += (number, at_ns, facet, seq, summary(event) if is_indexed else None, told_of(event))
        self._insert(f"observation ({_OBSERVATION})", f"(?, ?, ?, ?, {_FRAME_NUMBER}, ?, NULL, NULL)", frames)
        self._insert(f"observation ({_OBSERVATION})", "(?, ?, ?, ?, ?, ?, ?, ?)", others)
        self._insert("event (id, at_ns, facet, seq, summary, told)", "(?, ?, ?, ?, ?, ?)", events)
        self._last_seq, self._last_event = seq, last_event
        self._tally(told_ns, told_facets)
        if is_indexed:
            self._index(before, last_event)
        for number, of_seq, event in replaced:
            self._replace(number, of_seq, event)

    def _other(self, seq: int, observer: int, observation: Observation) -> tuple[Value, ...]:
        """The row of one that is no frame."""
        is_rest = observation.kind is Kind.REST
        source = self._name(observation.source) if is_rest else None
        status = observation.status if is_rest else None
        kind = KIND_NUMBERS[observation.kind]
        return seq, observation.received_ns, observer, observation.epoch, kind, observation.text, source, status

    def _insert(self, into: str, row: str, values: Sequence[Value], else_do: str = "") -> None:
        """Insert many; `row`: one, with a “?” for each value."""
        columns = row.count("?")
        at, rows = 0, len(values) // columns
        for size in _CHUNKS:
            while rows >= size:
                statement = f"INSERT INTO {into} VALUES {', '.join([row] * size)} {else_do}"  # noqa: S608 - no text of anybody
                self._connection.execute(statement, values[at : at + size * columns])
                at += size * columns
                rows -= size

    def _tally(self, told_ns: Sequence[int], facets: Sequence[int]) -> None:
        """Count events, of which these are the instants and the facets."""
        if not told_ns:
            return
        first, last = min(told_ns) // MINUTE_NS, max(told_ns) // MINUTE_NS
        minutes = repeat(first) if first == last else (at_ns // MINUTE_NS for at_ns in told_ns)
        counted: list[Value] = []
        for place, count in Counter(zip(minutes, facets, strict=False)).items():
            counted += (*place, count)
        self._insert("tally", "(?, ?, ?)", counted, "ON CONFLICT DO UPDATE SET count = count + excluded.count")

    def _replace(self, number: int, seq: int | None, event: Event) -> None:
        """Put what completes an earlier event in its place; `seq` None where the same observation tells it."""
        ask = self._connection.execute
        before = ask("SELECT at_ns, facet FROM event WHERE id = ?", (number,)).fetchone()
        if before is None:
            return  # it went, by retention or because it came while nothing was recorded
        is_indexed = number <= self._indexed
        if is_indexed:
            unindex(self._connection, number - 1, number)
        facet = self._facet(event)
        ask(
            "UPDATE event SET at_ns = ?, facet = ?, seq = coalesce(?, seq), summary = ?, told = ? WHERE id = ?",
            (event.at_ns, facet, seq, summary(event), told_of(event), number),
        )
        at_ns, old_facet = before
        self._tally((event.at_ns,), (facet,))
        place = (at_ns // MINUTE_NS, old_facet)
        ask("UPDATE tally SET count = count - 1 WHERE minute = ? AND facet = ?", place)
        ask("DELETE FROM tally WHERE minute = ? AND facet = ? AND count = 0", place)
        if is_indexed:
            _add_to_search(self._connection, number - 1, number)

    def _write_checkpoint(self, checkpoint: Checkpoint) -> None:
        # Where nothing came since the last one, it stands, with its samples.
        self._connection.execute(
            "INSERT OR IGNORE INTO checkpoint (seq, at_ns, run, next_event, fold, state, samples) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                self._last_seq,
                checkpoint.at_ns,
                self._run,
                checkpoint.next_event,
                checkpoint.fold,
                checkpoint.state,
                checkpoint.samples,
            ),
        )

    def _write_gap(self, gap: Unrecorded) -> None:
        self._connection.execute(
            "INSERT INTO gap (since_ns, until_ns, reason, lost) VALUES (?, ?, ?, ?)",
            (gap.since_ns, gap.until_ns, gap.reason, gap.lost),
        )

    def _write_gap_after_unended(self, until_ns: int, reason: str) -> None:
        row = self._connection.execute(
            "SELECT coalesce((SELECT received_ns FROM observation WHERE seq >= run.first_seq ORDER BY seq DESC LIMIT 1)"
            ", run.started_ns), run.ended_ns FROM run ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is not None and row[1] is None and row[0] < until_ns:
            self._write_gap(Unrecorded(row[0], until_ns, reason, 0))

    def _fill_summaries(self, after: int, until: int) -> None:
        texts = self._connection.execute(
            "SELECT json_group_array(json_array(event.id, facet.type, event.told, "
            "CASE WHEN event.told IS NULL THEN observation.text END)) FROM event JOIN facet ON facet.id = event.facet "
            "LEFT JOIN observation ON observation.seq = event.seq "
            "WHERE event.id > ? AND event.id <= ? AND event.summary IS NULL",
            (after, until),
        ).fetchone()[0]
        made = [
            [number, summary_of(event_type, told, text or "")]
            for number, event_type, told, text in _decode_unsummed(texts)
        ]
        if made:
            self._connection.execute(
                "UPDATE event SET summary = made.text FROM "
                "(SELECT value ->> 0 AS id, value ->> 1 AS text FROM json_each(?)) AS made WHERE event.id = made.id",
                (_encode(made).decode(),),
            )

    def _index(self, after: int, until: int) -> None:
        if after == until:
            return
        _add_to_search(self._connection, after, until)
        self._indexed = until
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('indexed', ?)", (str(until),))

    def _name(self, text: str) -> int:
        known = self._names.get(text)
        if known is None:
            cursor = self._connection.execute("INSERT INTO name (text) VALUES (?)", (text,))
            known = self._names[text] = cursor.lastrowid or 0
        return known

    def _facet(self, event: Event) -> int:
        key = (event.type, event.node, event.observer, event.is_derived)
        known = self._facets.get(key)
        if known is None:
            if len(self._facets) >= MAX_FACETS and event.type != OTHER_TYPES:
                # A hostile server could name a new type with each frame.
                key = (OTHER_TYPES, "", event.observer, event.is_derived)
                known = self._facets.get(key)
                if known is not None:
                    return known
            cursor = self._connection.execute(
                "INSERT INTO facet (type, node, observer, severity, is_derived) VALUES (?, ?, ?, ?, ?)",
                (*key[:3], int(event.severity), int(key[3])),
            )
            known = self._facets[key] = cursor.lastrowid or 0
        return known


def _count(seen: Sequence[Seen]) -> int:
    return sum(len(one.events) for one in seen)


def unindex(connection: sqlite3.Connection, after: int, until: int) -> None:
    """Take the events of these numbers out of the full-text index; they, and their texts, must still be there."""
    connection.execute(
        "INSERT INTO search (search, rowid, facet, words, raw) "
        "SELECT 'delete', id, facet, words, raw FROM searchable WHERE id > ? AND id <= ?",
        (after, until),
    )


def _add_to_search(connection: sqlite3.Connection, after: int, until: int) -> None:
    connection.execute(
        "INSERT INTO search (rowid, facet, words, raw) "
        "SELECT id, facet, words, raw FROM searchable WHERE id > ? AND id <= ?",
        (after, until),
    )

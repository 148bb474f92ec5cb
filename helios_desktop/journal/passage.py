"""Events and observations of a journal from the oldest on, block by block: for whoever writes them all down.

All calls are for the thread of the reader, and raise as it does. A block is read as one row, as `block` says.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter, Finder, seen_text
from helios_desktop.journal import query
from helios_desktop.journal.block import decoded, event_blocks, observation_blocks
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.stored import (
    KIND_NUMBERS,
    KINDS,
    KindNumber,
    ObservationKey,
    Row,
    evidence_keys,
    key_of,
    plain_event,
    summary_of,
    told_event,
)
from helios_desktop.observation import Kind, Observation

BLOCK: Final = 250
"""How many whole events one statement gives at most."""
NUMBERS: Final = 5_000
RARE: Final = 20
"""Facets that have fewer than one in so many of all events are looked up by each; others are found on the way."""

_OBSERVATION: Final = (
    "seen.text, observation.epoch, observation.received_ns, observation.kind, observation.text, source.text, "
    "observation.status"
)
_NAMES: Final = (
    "LEFT JOIN name AS seen ON seen.id = observation.observer "
    "LEFT JOIN name AS source ON source.id = observation.source"
)
_LOAD: Final = (
    "SELECT json_group_array(json_array(event.id, event.at_ns, facet.type, facet.node, facet.observer, "  # noqa: S608 - our own names
    f"facet.severity, facet.is_derived, event.summary, event.seq, event.told, {_OBSERVATION})) "
    "FROM json_each(?) AS wanted CROSS JOIN event ON event.id = wanted.value JOIN facet ON facet.id = event.facet "
    f"JOIN observation ON observation.seq = event.seq {_NAMES}"
)
_LOAD_OBSERVATIONS: Final = (
    f"SELECT json_group_array(json_array({_OBSERVATION})) "  # noqa: S608 - our own names
    f"FROM json_each(?) AS wanted CROSS JOIN observation ON observation.seq = wanted.value {_NAMES}"
)
# The ticks around an instant bound the search for what was received then.
_FIND: Final = (
    "SELECT json_group_array(observation.seq) FROM json_each(?) AS wanted "
    "CROSS JOIN observation ON observation.seq = (SELECT one.seq FROM observation AS one "
    "JOIN name ON name.id = one.observer "
    "WHERE one.seq > coalesce((SELECT seq FROM observation WHERE kind = 4 AND received_ns < wanted.value ->> 2 "
    "ORDER BY received_ns DESC LIMIT 1), 0) "
    "AND one.seq <= coalesce((SELECT seq FROM observation WHERE kind = 4 AND received_ns > wanted.value ->> 2 "
    "ORDER BY received_ns LIMIT 1), 9223372036854775807) "
    "AND one.received_ns = wanted.value ->> 2 AND one.epoch = wanted.value ->> 1 AND one.kind = wanted.value ->> 3 "
    "AND name.text = wanted.value ->> 0 ORDER BY one.seq LIMIT 1)"
)

_SeenRow = tuple[str, int, int, KindNumber, str, str | None, int | None]
_EventRow = tuple[
    int,
    int,
    str,
    str,
    str,
    int,
    int,
    str | None,
    int,
    str | None,
    str,
    int,
    int,
    KindNumber,
    str,
    str | None,
    int | None,
]
_seen_rows: Final = msgspec.json.Decoder(list[_SeenRow]).decode
_event_rows: Final = msgspec.json.Decoder(list[_EventRow]).decode
_numbers: Final = msgspec.json.Decoder(list[int]).decode
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Counted:
    """How many there are by type (of observations, by kind), and when the first and the last are."""

    by_type: Mapping[str, int]
    first_ns: int | None
    last_ns: int | None

    @property
    def total(self) -> int:
        """Of all types."""
        return sum(self.by_type.values())


@dataclass(frozen=True)
class _Stored:
    row: Row
    told: str | None
    observation: Observation


@contextmanager
def snapshot(reader: Reader) -> Iterator[None]:
    """Within it each call of this reader sees the file as it is now. A journal's log cannot be emptied meanwhile."""
    reader.connection.execute("BEGIN")
    try:
        reader.connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        yield
    finally:
        reader.connection.rollback()


class Passage:
    """What a filter chooses. Raises `PatternError` where its pattern is none, or takes too long on a row."""

    def __init__(self, reader: Reader, chosen: EventFilter) -> None:
        connection = reader.connection
        self._reader = reader
        self._chosen = chosen
        self._finder = Finder(chosen)
        self._pattern = Finder(replace(chosen, text=""))
        self._facets = query.facets_of(connection, chosen)
        self._bounds = query.bounds_of(connection, chosen)
        self._is_set_back = query.is_clock_set_back(connection)

    def count(self) -> Iterator[Counted]:
        """Count what `events` will give; what is yielded before the last one is not all yet.

        By the tally and an index where type, name and time are all that is chosen by; else by looking at each.
        """
        if self._finder.is_idle and not (self._chosen.has_times and self._is_set_back):
            yield Counted(self._count_facets(), self._at(self._first()), self._at(self._last()))
            return
        by_type: Counter[str] = Counter()
        first_ns = last_ns = None
        yield Counted(by_type, None, None)
        for block in self._blocks():
            by_type.update(stored.row.type for stored in block)
            if block:
                first_ns, last_ns = first_ns or block[0].row.at_ns, block[-1].row.at_ns
            yield Counted(by_type, first_ns, last_ns)

    def events(self) -> Iterator[list[tuple[int, Event]]]:
        """With their numbers; blocks may be empty. What a later program told in a way unknown here is left out."""
        for block in self._blocks():
            evidence = self._evidence(block)
            yield [(one.row.id, event) for one in block if (event := _event(one, evidence)) is not None]

    def count_observations(self) -> Iterator[Counted]:
        """Count what `observations` will give, as `count` does."""
        by_kind: Counter[str] = Counter()
        first_ns = last_ns = None
        yield Counted(by_kind, None, None)
        for block in self.observations():
            by_kind.update(observation.kind.value for observation in block)
            if block:
                first_ns, last_ns = first_ns or block[0].received_ns, block[-1].received_ns
            yield Counted(by_kind, first_ns, last_ns)

    def observations(self) -> Iterator[list[Observation]]:
        """Those within the times and of the observers; where it is chosen by more, those that told a chosen event."""
        chosen = self._chosen
        if chosen != EventFilter(
            observers=chosen.observers,
            hidden_observers=chosen.hidden_observers,
            since_ns=chosen.since_ns,
            until_ns=chosen.until_ns,
        ):
            yield from self._observations_of_events()
            return
        after, until = 0, query.LAST
        if not self._is_set_back:
            after = 0 if chosen.since_ns is None else self._reader.seq_at(chosen.since_ns - 1)
            until = query.LAST if chosen.until_ns is None else self._reader.seq_at(chosen.until_ns - 1)
        block: list[Observation] = []
        for _seq, observation in self._reader.observations(after, until):
            if chosen.admits_time(observation.received_ns) and chosen.admits_names("", observation.observer):
                block.append(observation)
            if len(block) >= BLOCK:
                yield block
                block = []
        yield block

    def _observations_of_events(self) -> Iterator[list[Observation]]:
        # An event that was completed later stands before others of the same observation, so that all must be known.
        numbers = array("q")
        for block in self._blocks():
            numbers.extend(stored.row.seq for stored in block)
            yield []
        told = np.unique(np.frombuffer(numbers, dtype=np.int64)) if numbers else np.empty(0, dtype=np.int64)
        for part in observation_blocks(self._reader.connection, told.tolist(), BLOCK):
            yield self._load_observations(part)

    def _count_facets(self) -> dict[str, int]:
        ask, chosen = self._reader.connection.execute, self._chosen
        if chosen.has_times:
            select = "SELECT facet, count(*) AS count FROM event WHERE id >= ? AND id < ? GROUP BY facet"
            values: tuple[int, ...] = (self._bounds.first, self._bounds.end)
        else:
            select, values = "SELECT facet, sum(count) AS count FROM tally GROUP BY facet", ()
        (text,) = ask(
            "SELECT json_group_array(json_array(facet.type, counted.count, facet.id)) "  # noqa: S608 - our own names
            f"FROM ({select}) AS counted JOIN facet ON facet.id = counted.facet",
            values,
        ).fetchone()
        by_type: Counter[str] = Counter()
        for event_type, count, facet in msgspec.json.decode(text, type=list[tuple[str, int, int]]):
            if count and (self._facets is None or facet in self._facets):
                by_type[event_type] += count
        return dict(by_type)

    def _first(self) -> int | None:
        bounds = self._bounds
        numbers = query.page_after(self._reader.connection, self._facets, bounds.first, bounds.end, 1, is_rare=True)
        return numbers[0] if numbers else None

    def _last(self) -> int | None:
        numbers = query.page(self._reader.connection, self._facets, self._bounds, query.LAST, 1)
        return numbers[0] if numbers else None

    def _at(self, number: int | None) -> int | None:
        if number is None:
            return None
        row = self._reader.connection.execute("SELECT at_ns FROM event WHERE id = ?", (number,)).fetchone()
        return None if row is None else int(row[0])

    def _blocks(self) -> Iterator[list[_Stored]]:
        chosen = self._chosen
        for finder, numbers in self._numbers():
            for part in event_blocks(self._reader.connection, numbers, BLOCK):
                yield [
                    stored
                    for stored in self._load(part)
                    if _admits(chosen, stored.row) and (finder.is_idle or _finds(finder, stored))
                ]

    def _numbers(self) -> Iterator[tuple[Finder, list[int]]]:
        """Pages of numbers, with what must still be found in those rows."""
        connection, facets = self._reader.connection, self._facets
        first, end = self._bounds.first, self._bounds.end
        words = query.words_of(self._chosen)
        if words:
            indexed = min(end, self._reader.indexed() + 1)
            while numbers := query.page_of_words_after(connection, words, facets, first, indexed, NUMBERS):
                yield self._pattern, numbers
                first = numbers[-1] + 1
            first = max(first, indexed)
        is_rare = self._is_rare()
        while numbers := query.page_after(connection, facets, first, end, NUMBERS, is_rare=is_rare):
            yield self._finder, numbers
            first = numbers[-1] + 1

    def _is_rare(self) -> bool:
        tally = self._reader.connection.execute("SELECT facet, sum(count) FROM tally GROUP BY facet")
        counts: dict[int, int] = dict(tally.fetchall())
        return sum(counts.get(facet, 0) for facet in self._facets or ()) * RARE < sum(counts.values())

    def _load(self, numbers: str) -> list[_Stored]:
        (text,) = self._reader.connection.execute(_LOAD, (numbers,)).fetchone()
        return sorted(map(_stored, decoded(_event_rows, text)), key=lambda stored: stored.row.id)

    def _load_observations(self, numbers: str) -> list[Observation]:
        (text,) = self._reader.connection.execute(_LOAD_OBSERVATIONS, (numbers,)).fetchone()
        return [_observation(row) for row in decoded(_seen_rows, text)]

    def _evidence(self, block: Sequence[_Stored]) -> dict[ObservationKey, Observation]:
        """What the events of a block follow from, as far as it is kept."""
        wanted = {key for stored in block for key in evidence_keys_of(stored.told)}
        known = {key_of(stored.observation): stored.observation for stored in block} if wanted else {}
        missing = sorted(wanted - known.keys())
        if self._is_set_back:
            known |= {key: found for key in missing if (found := self._reader.find(key)) is not None}
        elif missing:
            keys = [(observer, epoch, at_ns, KIND_NUMBERS[Kind(kind)]) for observer, epoch, at_ns, kind in missing]
            (text,) = self._reader.connection.execute(_FIND, (_encode(keys).decode(),)).fetchone()
            for part in observation_blocks(self._reader.connection, decoded(_numbers, text), BLOCK):
                known |= {key_of(found): found for found in self._load_observations(part)}
        return known


def evidence_keys_of(told: str | None) -> tuple[ObservationKey, ...]:
    """As `stored.evidence_keys`; nothing where a later program wrote it."""
    try:
        return evidence_keys(told)
    except msgspec.MsgspecError:
        return ()


def _event(stored: _Stored, evidence: Mapping[ObservationKey, Observation]) -> Event | None:
    if stored.told is None:
        return plain_event(stored.observation, stored.row.node)
    try:
        kept = tuple(evidence[key] for key in evidence_keys(stored.told) if key in evidence)
        return told_event(stored.row, stored.told, stored.observation, kept)
    except msgspec.MsgspecError:
        return None


def _admits(chosen: EventFilter, row: Row) -> bool:
    # By facets alone too many may have been found, where there are very many facets.
    return (
        chosen.admits_time(row.at_ns) and chosen.admits_type(row.type) and chosen.admits_names(row.node, row.observer)
    )


def _finds(finder: Finder, stored: _Stored) -> bool:
    row = stored.row
    words = row.summary or summary_of(row.type, stored.told, stored.observation.text)
    return finder.finds(seen_text(words, row.type, row.node, row.observer), stored.observation.text)


def _stored(row: _EventRow) -> _Stored:
    number, at_ns, event_type, node, observer, severity, is_derived, summary, seq, told = row[:10]
    return _Stored(
        Row(
            number,
            at_ns,
            event_type,
            node,
            observer,
            query.severity_of_row(severity),
            bool(is_derived),
            summary or "",
            seq,
            is_told=told is not None,
        ),
        told,
        _observation(row[10:]),
    )


def _observation(row: _SeenRow) -> Observation:
    observer, epoch, received_ns, kind, text, source, status = row
    return Observation(observer, epoch, received_ns, KINDS[kind], text, source or "", status or 0)

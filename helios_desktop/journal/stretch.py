"""Stretches of a recording: what lies between two instants, run by run."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from helios_desktop.journal.reader import Reader, RunRow
from helios_desktop.observation import Observation


@dataclass(frozen=True)
class Within:
    """Instants in [since_ns, until_ns); None where there is no bound."""

    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def least_ns(self) -> int:
        """For comparisons."""
        return -(2**63) if self.since_ns is None else self.since_ns

    @property
    def most_ns(self) -> int:
        """The same; exclusive."""
        return 2**63 - 1 if self.until_ns is None else self.until_ns


@dataclass(frozen=True)
class Stretch:
    """Observations `first_seq` to `last_seq` of one run of one file, and the events `first_event` to `end_event` - 1.

    is_begun: the run has observations or a state before it
    is_ended: the run has nothing after it
    """

    path: Path
    run: RunRow
    first_seq: int
    last_seq: int
    first_event: int
    end_event: int
    first_ns: int
    last_ns: int
    is_begun: bool
    is_ended: bool

    @property
    def observations(self) -> int:
        """How many at most: numbers may be missing."""
        return self.last_seq - self.first_seq + 1


def stretches(reader: Reader, within: Within) -> list[Stretch]:
    """What was received within, a stretch a run, in their order; runs without any are left out."""
    runs = reader.runs()
    ends = [(run, following.first_seq - 1) for run, following in pairwise(runs)]
    if runs:
        ends.append((runs[-1], 2**63 - 1))
    found = (_stretch(reader, run, end, within) for run, end in ends)
    return [one for one in found if one is not None]


def _stretch(reader: Reader, run: RunRow, end: int, within: Within) -> Stretch | None:
    ask = reader.connection.execute
    begin, end = ask(
        "SELECT min(seq), max(seq) FROM observation WHERE seq >= ? AND seq <= ?", (run.first_seq, end)
    ).fetchone()
    if begin is None:
        return None
    # Within one run no observation is older than the one before it.
    first = _first(begin, end, lambda seq: _received_ns(reader, seq) >= within.least_ns)
    beyond = _first(begin, end, lambda seq: _received_ns(reader, seq) >= within.most_ns)
    first, last = ask(
        "SELECT min(seq), max(seq) FROM observation WHERE seq >= ? AND seq < ?", (first, beyond)
    ).fetchone()
    if first is None:
        return None
    has_state = ask("SELECT 1 FROM checkpoint WHERE run = ? AND seq < ? LIMIT 1", (run.id, first)).fetchone()
    return Stretch(
        reader.path,
        run,
        first,
        last,
        *_events(reader.connection, first, last),
        _received_ns(reader, first),
        _received_ns(reader, last),
        is_begun=first > begin or has_state is not None,
        is_ended=last == end,
    )


def unbroken(reader: Reader, stretch: Stretch) -> list[Stretch]:
    """The same in parts, each without a hole that retention left; each but the first begins from a kept state."""
    kept = reader.connection.execute(
        "SELECT seq FROM checkpoint WHERE run = :run AND seq >= :first AND seq < :last "
        "AND EXISTS (SELECT 1 FROM observation WHERE seq = checkpoint.seq + 1) "
        "AND NOT EXISTS (SELECT 1 FROM observation WHERE seq = checkpoint.seq) ORDER BY seq",
        {"run": stretch.run.id, "first": stretch.first_seq, "last": stretch.last_seq},
    ).fetchall()
    parts, rest = [], stretch
    for (seq,) in kept:
        last, until_ns = reader.connection.execute(
            "SELECT seq, received_ns FROM observation WHERE seq <= ? ORDER BY seq DESC LIMIT 1", (seq,)
        ).fetchone()
        first_event, end_event = _events(reader.connection, rest.first_seq, last)
        parts.append(
            replace(rest, last_seq=last, first_event=first_event, end_event=end_event, last_ns=until_ns, is_ended=False)
        )
        since_ns = _received_ns(reader, seq + 1)
        rest = replace(rest, first_seq=seq + 1, first_ns=since_ns, first_event=end_event, is_begun=True)
    first_event, end_event = _events(reader.connection, rest.first_seq, rest.last_seq)
    return [*parts, replace(rest, first_event=first_event, end_event=end_event)]


def before(reader: Reader, stretch: Stretch, seq: int) -> Stretch | None:
    """What of it comes before that observation; None where it begins with it, or later."""
    last, last_ns = reader.connection.execute(
        "SELECT max(seq), received_ns FROM observation WHERE seq >= ? AND seq < ?", (stretch.first_seq, seq)
    ).fetchone()
    if last is None:
        return None
    first_event, end_event = _events(reader.connection, stretch.first_seq, last)
    return replace(
        stretch, last_seq=last, last_ns=last_ns, first_event=first_event, end_event=end_event, is_ended=False
    )


def seq_of(reader: Reader, stretch: Stretch, observation: Observation) -> int | None:
    """Which one of a stretch this is, the first where several are the same; None where it has none like it."""
    at_ns = observation.received_ns
    if not stretch.first_ns <= at_ns <= stretch.last_ns:
        return None
    first = _first(stretch.first_seq, stretch.last_seq, lambda seq: _received_ns(reader, seq) >= at_ns)
    for seq, other in reader.observations(first - 1, stretch.last_seq):
        if other == observation:
            return seq
        if other.received_ns > at_ns:
            break
    return None


def _first(begin: int, end: int, is_beyond: Callable[[int], bool]) -> int:
    """The least number from `begin` on for which `is_beyond` holds, as it does for all greater ones; else `end` + 1."""
    least, most = begin, end + 1
    while least < most:
        middle = (least + most) // 2
        if is_beyond(middle):
            most = middle
        else:
            least = middle + 1
    return least


def _received_ns(reader: Reader, seq: int) -> int:
    """When the observation of this number was received, or where there is none, the one after it."""
    ask = reader.connection.execute
    row = ask("SELECT received_ns FROM observation WHERE seq >= ? ORDER BY seq LIMIT 1", (seq,)).fetchone()
    return 2**63 - 1 if row is None else int(row[0])


def _events(connection: sqlite3.Connection, first: int, last: int) -> tuple[int, int]:
    """Numbers of the events that these observations told: the first, and one more than the last."""
    begin, beyond = _first_event(connection, first), _first_event(connection, last + 1)
    (end,) = connection.execute("SELECT max(id) + 1 FROM event WHERE id >= ? AND id < ?", (begin, beyond)).fetchone()
    return begin, begin if end is None else int(end)


def _first_event(connection: sqlite3.Connection, seq: int) -> int:
    """The number of the first event that an observation from `seq` on told; one more than the greatest for none."""
    begin, end = connection.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM event").fetchone()

    def is_told_from(number: int) -> bool:
        # Numbers rise with the observations that told them: what completes an event leaves it where it is.
        row = connection.execute("SELECT seq FROM event WHERE id >= ? ORDER BY id LIMIT 1", (number,)).fetchone()
        return row is None or row[0] >= seq

    return _first(begin, end, is_told_from)

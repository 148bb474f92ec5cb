"""A whole recording at a glance: who led when, what is missing, how much happened, and where the problems are."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from helios_desktop.journal.density import Counted, counts_by_minute, counts_by_width, latest_problems
from helios_desktop.journal.note import Note
from helios_desktop.journal.reader import Reader, RunRow
from helios_desktop.monitor.past import EmptyError, state_at
from helios_desktop.store.leadership_spans import Lead, leads
from helios_desktop.store.state import MAX_SPANS, ClusterState

STRETCHES: Final = 1_500
"""Into how many parts the time in view is divided: more than a strip has pixels."""
COUNTED_EVENTS: Final = 50_000
"""So many events are counted one by one; more are told by minutes."""
MOST_PROBLEMS: Final = 10_000
LOOK_S: Final = 0.3
"""How long one look may take for runs that are over; the next one goes on with those that are left."""
_LEAST_WIDTH_NS: Final = 100_000_000
_MINUTE_NS: Final = 60_000_000_000
_UNSETTLED_MINUTES: Final = 10
"""What completes an event may yet change a count that is no older."""

Ints = npt.NDArray[np.int64]


class Missing(StrEnum):
    """Why a stretch of a recording tells nothing."""

    NOT_RECORDED = "not_recorded"  # something was seen, but could not be written
    NOT_RUNNING = "not_running"  # between two runs of the program
    NOT_HEARD = "not_heard"  # no gateway told anything


@dataclass(frozen=True)
class Blind:
    """A stretch of which the recording does not tell, or not all; `reason` is a clause for the user, "" for none."""

    since_ns: int
    until_ns: int
    why: Missing
    reason: str = ""


@dataclass(frozen=True)
class Density:
    """Events and problems in stretches of `width_ns` each, the first of which begins at `since_ns`."""

    since_ns: int
    width_ns: int
    counts: Ints
    problems: Ints


@dataclass(frozen=True)
class Survey:
    """What a recording holds from `first_ns` to `last_ns`.

    leads:    who led from when to when, of all runs, oldest first; stretches that nobody knows are in `blinds`
    blinds:   what is missing, oldest first; they may overlap
    density:  of the time that was asked for
    problems: the instants of the latest problems, at most `MOST_PROBLEMS`, oldest first
    is_whole: False while older runs are still to be looked at
    """

    first_ns: int
    last_ns: int
    leads: tuple[Lead, ...]
    blinds: tuple[Blind, ...]
    density: Density
    problems: Ints
    is_whole: bool


@dataclass(frozen=True)
class _RunSeen:
    """What is known of one run: who led, and when its last observation came; None where none is kept."""

    leads: tuple[Lead, ...]
    end_ns: int | None


class Surveyor:
    """Looks over one recording, again and again while it grows. For one thread at a time; `close` it."""

    def __init__(self, path: Path) -> None:
        """Raises as `Reader` does."""
        self._reader = Reader(path)
        self._over: dict[int, _RunSeen] = {}
        self._latest: tuple[int, ClusterState, int] | None = None
        self._minutes: dict[int, tuple[int, int]] = {}
        self._problems: list[tuple[int, int]] = []

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def look(self, view: tuple[int, int] | None = None, state: ClusterState | None = None) -> Survey:
        """What there is by now, with the density of `view`, by default of all.

        `state` is that of who records into it now, where it is known: then nothing is folded of the latest run.
        Raises `EmptyError` and `sqlite3.Error`.
        """
        reader = self._reader
        span_ns, runs = reader.span_ns(), reader.runs()
        if span_ns is None or not runs:
            raise EmptyError
        first_ns, last_ns = span_ns[0], max(span_ns)
        self._look_at_runs(runs[:-1], [run.first_seq - 1 for run in runs[1:]])
        latest = leads(state) if state is not None else self._leads_of_latest(runs[-1])
        known = [self._over[run.id] for run in runs[:-1] if run.id in self._over]
        told = [lead for run in known for lead in run.leads] + list(latest)
        since_ns, until_ns = (first_ns, last_ns + 1) if view is None else view
        return Survey(
            first_ns,
            last_ns,
            tuple(lead for lead in told if lead.is_known and lead.until_ns > first_ns),
            tuple(sorted(self._blinds(runs, told, first_ns), key=lambda blind: (blind.since_ns, blind.until_ns))),
            self._density(since_ns, max(until_ns, since_ns + 1)),
            self._look_for_problems(first_ns),
            is_whole=len(known) == len(runs) - 1,
        )

    def notes(self) -> list[Note]:
        """The bookmarks and notes, by time. Raises `sqlite3.Error`."""
        return self._reader.notes()

    # Who led

    def _look_at_runs(self, runs: list[RunRow], last_seqs: list[int]) -> None:
        """Learn of runs that are over, the latest first."""
        started = time.monotonic()
        for run, last_seq in reversed(list(zip(runs, last_seqs, strict=True))):
            if run.id in self._over:
                continue
            if time.monotonic() - started > LOOK_S:
                return
            last = self._reader.observation(last_seq) if last_seq >= run.first_seq else None
            if last is None:
                self._over[run.id] = _RunSeen((), None)
                continue
            told = self._all_leads(run, state_at(self._reader, run, last_seq))
            self._over[run.id] = _RunSeen(told, last.received_ns)

    def _leads_of_latest(self, run: RunRow) -> tuple[Lead, ...]:
        last_seq = self._reader.seq_at(2**63 - 1)
        kept = self._latest
        known = (kept[1], kept[2]) if kept is not None and kept[0] == run.id else None
        state = state_at(self._reader, run, last_seq, known)
        self._latest = run.id, state, last_seq
        return self._all_leads(run, state)

    def _all_leads(self, run: RunRow, state: ClusterState) -> tuple[Lead, ...]:
        """All that is kept: a state remembers the latest `MAX_SPANS` only."""
        told = leads(state)
        while len(state.leaderships) >= MAX_SPANS:
            first_ns = state.leaderships[0].since_ns
            seq = self._reader.seq_at(first_ns)
            if seq < run.first_seq:
                break
            state = state_at(self._reader, run, seq)
            earlier = tuple(lead for lead in leads(state) if lead.since_ns < first_ns)
            if not earlier:
                break
            told = earlier + told
        return told

    # What is missing

    def _blinds(self, runs: list[RunRow], told: list[Lead], first_ns: int) -> Iterator[Blind]:
        gaps = self._reader.gaps()
        for gap in gaps:
            yield Blind(gap.since_ns, gap.until_ns, Missing.NOT_RECORDED, gap.reason)
        for run, following in pairwise(runs):
            seen = self._over.get(run.id)
            if seen is None or seen.end_ns is None or following.started_ns <= seen.end_ns:
                continue
            # Of a run that did not end well a gap tells it already.
            if not any(gap.covers(seen.end_ns, following.started_ns) for gap in gaps):
                yield Blind(seen.end_ns, following.started_ns, Missing.NOT_RUNNING)
        for lead in told:
            if not lead.is_known and lead.until_ns > first_ns:
                yield Blind(lead.since_ns, lead.until_ns, Missing.NOT_HEARD)

    # How much happened

    def _density(self, since_ns: int, until_ns: int) -> Density:
        self._count_minutes()
        first, end = since_ns // _MINUTE_NS, -(-until_ns // _MINUTE_NS)
        minutes = self._minutes
        span = range(first, end) if end - first < len(minutes) else sorted(minutes)
        counted = [(minute - first, *minutes[minute]) for minute in span if minute in minutes and first <= minute < end]
        if sum(count for _minute, count, _problems in counted) > COUNTED_EVENTS:
            return _grid(first * _MINUTE_NS, end * _MINUTE_NS, _MINUTE_NS, counted)
        width_ns = max(_LEAST_WIDTH_NS, (until_ns - since_ns) // STRETCHES)
        return _grid(since_ns, until_ns, width_ns, counts_by_width(self._reader, since_ns, until_ns, width_ns))

    def _count_minutes(self) -> None:
        since = max(self._minutes) - _UNSETTLED_MINUTES if self._minutes else 0
        for minute, count, problems in counts_by_minute(self._reader, since):
            self._minutes[minute] = count, problems

    def _look_for_problems(self, first_ns: int) -> Ints:
        last = self._problems[-1][0] if self._problems else -1
        found = self._problems + latest_problems(self._reader, last, MOST_PROBLEMS)
        self._problems = found[-MOST_PROBLEMS:]
        return np.array(sorted(at_ns for _number, at_ns in self._problems if at_ns >= first_ns), dtype=np.int64)


def _grid(since_ns: int, until_ns: int, width_ns: int, counted: list[Counted]) -> Density:
    parts = -(-(until_ns - since_ns) // width_ns)
    counts, problems = np.zeros(parts, dtype=np.int64), np.zeros(parts, dtype=np.int64)
    if counted:
        at, many, bad = np.array(counted, dtype=np.int64).T
        counts[at], problems[at] = many, bad
    return Density(since_ns, width_ns, counts, problems)

"""The way of a report through a recording: the observations of its range folded once, and its events read once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec.structs import replace

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.export.replacement import ExportCancelled
from helios_desktop.export.report_events import EventTable
from helios_desktop.export.report_picture import Gathered, Range
from helios_desktop.export.report_story import Story
from helios_desktop.journal.manifest import BETWEEN_RUNS, LET_GO, MissingSpan
from helios_desktop.journal.passage import Counted, Passage
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.stretch import Stretch, Within, stretches, unbroken
from helios_desktop.monitor.beginning import beginning_of
from helios_desktop.monitor.past import place_at
from helios_desktop.observation import Kind
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.store.fold import fold
from helios_desktop.store.series import SeriesBook

NOTABLE: Final = frozenset({Severity.NOTICE, Severity.WARNING, Severity.PROBLEM})
_BLOCK: Final = 1_000
_FRAME_S: Final = 1 / 30
_FOLDING: Final = 0.8
"""The share of the whole work, about, that is folding."""


class Steps:
    """Tells how far the work is, thirty times a second at most, and ends it where it is cancelled."""

    def __init__(self, progress: Callable[[float], None], is_cancelled: Callable[[], bool]) -> None:
        self._progress = progress
        self._is_cancelled = is_cancelled
        self._told_at = -_FRAME_S

    def step(self, share: float) -> None:
        """The work is done to this share, from 0 to 1. Raises `ExportCancelled`."""
        if self._is_cancelled():
            raise ExportCancelled
        now = time.monotonic()
        if now - self._told_at >= _FRAME_S or share >= 1:
            self._told_at = now
            self._progress(share)


@dataclass(frozen=True)
class Chronicle:
    """The events of a range: the story that they tell, the first of them, and how many there are.

    unread: how many later ones were not looked at, since there is room for no more
    """

    story: Story
    table: EventTable
    counted: Counted
    is_of_notable: bool
    unread: int


def fold_through(reader: Reader, span: Range, missing: tuple[MissingSpan, ...], steps: Steps) -> Gathered:
    """Fold what was recorded in the range. Raises `sqlite3.Error` and `ExportCancelled`."""
    gathered = Gathered(span)
    parts = [part for whole in stretches(reader, Within(*span)) for part in unbroken(reader, whole)]
    total = max(1, sum(part.observations for part in parts))
    end_ns = span[0]
    for part in parts:
        if part.first_ns > end_ns and end_ns > span[0]:
            gathered.not_recorded(end_ns, part.first_ns)
        # In the midst of a run, what was told last holds to the end of the range.
        end_ns = span[1] if part is parts[-1] and not part.is_ended else part.last_ns
        step = partial(_step_of, steps, gathered, total)
        _fold_part(reader, part, end_ns, missing, gathered, step)
    return gathered


def _step_of(steps: Steps, gathered: Gathered, total: int) -> None:
    steps.step(_FOLDING * gathered.observations / total)


def _fold_part(
    reader: Reader,
    part: Stretch,
    end_ns: int,
    missing: tuple[MissingSpan, ...],
    gathered: Gathered,
    step: Callable[[], None],
) -> None:
    beginning = beginning_of(reader, part, lambda _count: step())
    begin_ns = max(gathered.span[0], beginning.state.now_ns) if part.is_begun else part.first_ns
    # Not `Picture.see`: of what it keeps for a window, its log, a report has no need.
    state, book = beginning.state, SeriesBook()
    gathered.begin(state, book, begin_ns, is_blank=not part.is_begun)
    kept = _kept_states(reader, part, missing)
    holes = [one for one in missing if one.reason not in (BETWEEN_RUNS, LET_GO)]
    for count, (seq, observation) in enumerate(reader.observations(part.first_seq - 1, part.last_seq)):
        if count % _BLOCK == 0:
            gathered.rest(state, book)
            step()
        at_ns = observation.received_ns
        while holes and at_ns >= holes[0].until_ns:
            hole = holes.pop(0)
            if hole.until_ns > part.first_ns:
                gathered.settle(state, book, hole.since_ns)
                gathered.not_recorded(hole.since_ns, hole.until_ns)
        if seq in kept:
            gathered.rest(state, book)
            picture = place_at(reader, seq).picture
            state, book = picture.state, picture.series
            gathered.jump(state, book, at_ns)
            continue
        before = state
        state, events = fold(before, observation)
        book.add(before, state, observation)
        gathered.see(state, at_ns)
        if observation.kind is Kind.TICK or any(event.severity for event in events):
            gathered.judge(state, at_ns)
    gathered.end(state, book, end_ns)


def _kept_states(reader: Reader, part: Stretch, missing: tuple[MissingSpan, ...]) -> frozenset[int]:
    """After which observations the state is other than what is recorded would make it: something is missing before."""
    ask = reader.connection.execute
    select = "SELECT min(seq) FROM checkpoint WHERE run = ? AND fold = ? AND seq >= ? AND seq <= ? AND at_ns >= ?"
    bounds = (part.run.id, FOLD_VERSION, part.first_seq, part.last_seq)
    instants = [one.until_ns for one in missing if part.first_ns < one.until_ns <= part.last_ns]
    if any(run.id < part.run.id and run.started_ns == part.run.started_ns for run in reader.runs()):
        instants.append(part.first_ns)  # the file was opened anew in the midst of a recorder's life
    found = [ask(select, (*bounds, at_ns)).fetchone()[0] for at_ns in instants]
    return frozenset(seq for seq in found if seq is not None)


def read_events(
    reader: Reader, span: Range, chosen: EventFilter, missing: tuple[MissingSpan, ...], steps: Steps
) -> Chronicle:
    """Read the events of the range that `chosen` admits; where it names neither types nor severities, the notable.

    Raises `sqlite3.Error`, `PatternError` and `ExportCancelled`.
    """
    is_of_notable = chosen.types is None and chosen.severities is None
    wanted = replace(chosen, severities=NOTABLE if is_of_notable else chosen.severities, **_within(span, chosen))
    passage = Passage(reader, wanted)
    counted = Counted({}, None, None)
    for latest in passage.count():
        counted = latest
        steps.step(_FOLDING)
    story, table = Story(), EventTable()
    breaks = list(missing)
    seen = 0
    for block in passage.events():
        for number, event in block:
            while breaks and event.at_ns >= breaks[0].until_ns:
                _break_off(story, breaks.pop(0))
            story.see(event)
            table.see(number, event)
        seen += len(block)
        steps.step(_FOLDING + (0.95 - _FOLDING) * min(1.0, seen / max(1, counted.total)))
        if story.is_full and table.is_full:
            break
    for one in breaks:
        _break_off(story, one)
    story.end(span[1])
    return Chronicle(story, table, counted, is_of_notable, max(0, counted.total - seen))


def _break_off(story: Story, one: MissingSpan) -> None:
    story.break_off(one.since_ns, one.until_ns, "" if one.reason == BETWEEN_RUNS else one.reason)


def _within(span: Range, chosen: EventFilter) -> dict[str, int]:
    since_ns = span[0] if chosen.since_ns is None else max(span[0], chosen.since_ns)
    until_ns = span[1] if chosen.until_ns is None else min(span[1], chosen.until_ns)
    return {"since_ns": since_ns, "until_ns": until_ns}

"""The incident report of a stretch of a recording: one HTML file that needs nothing else, on screen and on paper."""

import sqlite3
import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Final

from helios_desktop.event_filter import EventFilter
from helios_desktop.export.quality import joined_quality
from helios_desktop.export.replacement import Replacement, cannot_write, check_apart
from helios_desktop.export.report_drawing import draw
from helios_desktop.export.report_lanes import Kind
from helios_desktop.export.report_page import Page, render
from helios_desktop.export.report_picture import Range
from helios_desktop.export.report_tables import (
    MOST_NOTES,
    filter_lines,
    gap_table,
    missing_table,
    note_rows,
    origin_lines,
    quality_table,
)
from helios_desktop.export.report_walk import Chronicle, Steps, fold_through, read_events
from helios_desktop.export.report_words import Clock, count_text
from helios_desktop.journal.manifest import Manifest, find_manifest, read_manifest
from helios_desktop.journal.passage import snapshot
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import open_reader, unreadable
from helios_desktop.store.verdict import Level, Verdict
from helios_desktop.version import program_version
from helios_desktop.words import _, ngettext

MOST_LEADS: Final = 200
_RENDERED: Final = 0.95


def write_report(
    path: Path,
    source: Path,
    *,
    zone: tzinfo | None,
    progress: Callable[[float], None],
    is_cancelled: Callable[[], bool],
    since_ns: int | None = None,
    until_ns: int | None = None,
    chosen: EventFilter | None = None,
) -> None:
    """Write the report of what `source` recorded in [since_ns, until_ns) to `path`. For a thread: it works long.

    A `zone` of None is this machine's. `chosen` is about the story and the events; figures and verdicts show all.
    `progress` is called with 0 to 1, thirty times a second at most; `is_cancelled` is asked more often. A file at
    `path` is replaced, or left as it was: raises `ExportError`, `ExportCancelled` among them, where it cannot be
    written or is the source, `RecordingError` where the source cannot be read, and `PatternError`.
    """
    check_apart(path, source)
    steps = Steps(progress, is_cancelled)
    with open_reader(source) as reader:
        try:
            with snapshot(reader):
                page = _find_out(reader, zone, since_ns, until_ns, chosen or EventFilter(), steps)
        except sqlite3.Error as error:
            raise unreadable(source, error) from error
    try:
        with Replacement(path) as target:
            for part in render(page):
                target.write(part)
                steps.step(_RENDERED)
            target.sync()
            steps.step(_RENDERED)
            target.take_place()
    except OSError as error:
        raise cannot_write(path, error) from None
    progress(1.0)


def _find_out(
    reader: Reader, zone: tzinfo | None, since_ns: int | None, until_ns: int | None, chosen: EventFilter, steps: Steps
) -> Page:
    manifest = find_manifest(reader)
    span = _span(manifest, since_ns, until_ns)
    clock = Clock(zone, *span)
    missing = tuple(one for one in manifest.gaps if one.since_ns < span[1] and one.until_ns > span[0])
    gathered = fold_through(reader, span, missing, steps)
    chronicle = read_events(reader, span, chosen, missing, steps)
    worst = gathered.verdicts.worst
    leads = [one for one in gathered.cluster.drawn() if one.kind in (Kind.LEADER, Kind.LEADERLESS)]
    rows = chronicle.table.rows
    notes = note_rows(reader.notes(), span, frozenset(row.number for row in rows))
    return Page(
        cluster=manifest.cluster or reader.path.stem,
        environment=manifest.environment,
        program=_("Helios Desktop {version}").format(version=program_version()),
        made_ns=time.time_ns(),
        clock=clock,
        span=span,
        asked=_asked(manifest, clock, since_ns, until_ns),
        observations=gathered.observations,
        verdict=gathered.verdicts.last or Verdict(Level.UNKNOWN, _("Nothing was recorded in this range")),
        quorum=gathered.verdicts.quorum,
        worst=worst,
        worst_count=0 if worst is None else gathered.verdicts.times[worst.rank],
        story=chronicle.story.sentences(clock),
        more_story=_more(chronicle, clock),
        drawings=draw(gathered, clock),
        leads=leads[:MOST_LEADS],
        more_leads=max(0, len(leads) - MOST_LEADS),
        more_lanes=len(gathered.more_lanes),
        events=rows,
        events_in_all=chronicle.counted.total,
        by_type=dict(sorted(chronicle.counted.by_type.items())),
        is_of_notable=chronicle.is_of_notable,
        missing=missing_table(missing, clock),
        gaps=gap_table(gathered.gaps(), clock),
        quality=quality_table(joined_quality(gathered.states)),
        notes=notes[:MOST_NOTES],
        more_notes=max(0, len(notes) - MOST_NOTES),
        filters=filter_lines(chosen, clock),
        origin=origin_lines(reader.path, read_manifest(reader), clock),
    )


def _span(manifest: Manifest, since_ns: int | None, until_ns: int | None) -> Range:
    """What was asked for, as far as there is anything; a nanosecond at least."""
    if manifest.first_ns is None or manifest.last_ns is None:
        first_ns = since_ns or until_ns or time.time_ns()
        return first_ns, max(first_ns, until_ns or first_ns) + 1
    first_ns = manifest.first_ns if since_ns is None else max(since_ns, manifest.first_ns)
    end_ns = manifest.last_ns + 1 if until_ns is None else min(until_ns, manifest.last_ns + 1)
    if end_ns > first_ns:
        return first_ns, end_ns
    asked_ns = first_ns if since_ns is None else since_ns
    return asked_ns, max(asked_ns, until_ns or asked_ns) + 1


def _asked(manifest: Manifest, clock: Clock, since_ns: int | None, until_ns: int | None) -> str | None:
    is_cut = (since_ns is not None and manifest.first_ns is not None and since_ns < manifest.first_ns) or (
        until_ns is not None and manifest.last_ns is not None and until_ns > manifest.last_ns + 1
    )
    if not is_cut:
        return None
    return _("{since} to {until}").format(
        since=_("the beginning") if since_ns is None else clock.full(since_ns),
        until=_("the end") if until_ns is None else clock.full(until_ns),
    )


def _more(chronicle: Chronicle, clock: Clock) -> str:
    story = chronicle.story
    if not story.more:
        return ""
    more = ngettext("And {n} more, until {time}.", "And {n} more, until {time}.", story.more)
    sentence = more.format(n=count_text(story.more), time=clock.time(story.more_ns))
    if chronicle.unread:
        unread = ngettext("{n} later event is not told here.", "{n} later events are not told here.", chronicle.unread)
        sentence += " " + unread.format(n=count_text(chronicle.unread))
    return sentence + " " + _("Choose a shorter range to read them.")

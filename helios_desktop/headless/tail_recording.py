"""`helios-desktop tail` of a recording: what it has, a line an event, from its beginning to its end."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter
from helios_desktop.export.source import Reading, Source
from helios_desktop.headless.bounds import Bounds
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.output import Output
from helios_desktop.headless.recordings import times_of
from helios_desktop.headless.signals import caught_signals
from helios_desktop.headless.tail import line_maker, raw_line, unknown_types_note
from helios_desktop.headless.watch import Ending, Outcome, ended_by
from helios_desktop.journal.recording import RecordingError, unreadable
from helios_desktop.observation import Kind, Observation


async def tail_recording(
    path: Path,
    *,
    as_json: bool,
    is_raw: bool,
    only: frozenset[str] | None,
    bounds: Bounds,
    out: TextIO,
    err: TextIO,
    colour: bool,
) -> int:
    """Write the lines of `tail` to `out`. Gives the exit code; raises `CommandError`."""
    note = unknown_types_note(only, is_live=False)
    if note:
        err.write(note + "\n")
    times = times_of(path, bounds, None)
    chosen = EventFilter(types=only, since_ns=times.since_ns, until_ns=times.until_ns)
    endings: list[Outcome] = []
    output = Output(out, endings.append)
    with caught_signals(lambda number: endings.append(ended_by(number))):
        try:
            with Source(path).open(chosen) as reading:
                lines = (
                    _raw_lines(reading, is_terminal=out.isatty())
                    if is_raw
                    else _event_lines(reading, out, as_json=as_json, colour=colour)
                )
                for block in lines:
                    for line in block:
                        output.write(line)
                    output.flush()
                    await asyncio.sleep(0)  # a signal, or a closed pipe, is seen now
                    if endings:
                        break
        except RecordingError as error:
            raise CommandError(ExitCode.FAILURE, str(error)) from None
        except sqlite3.Error as error:
            output.flush()
            raise CommandError(ExitCode.FAILURE, str(unreadable(path, error))) from None
    outcome = endings[0] if endings else Outcome(Ending.TIME_UP)
    if outcome.error is not None:
        raise outcome.error
    if outcome.ending is Ending.INTERRUPTED and err.isatty():
        err.write("\n")  # behind the ^C that the terminal shows
    return outcome.code


def _event_lines(reading: Reading, out: TextIO, *, as_json: bool, colour: bool) -> Iterator[list[str]]:
    make_line = line_maker(out, as_json=as_json, colour=colour)
    for block in reading.events():
        yield [make_line(event) for event in block]


def _raw_lines(reading: Reading, *, is_terminal: bool) -> Iterator[list[str]]:
    if reading.chosen == EventFilter(since_ns=reading.chosen.since_ns, until_ns=reading.chosen.until_ns):
        for observations in reading.observations():
            yield [raw_line(seen, is_terminal=is_terminal) for seen in observations if seen.kind is Kind.FRAME]
        return
    for events in reading.events():
        yield [raw_line(seen, is_terminal=is_terminal) for seen in _frames_of(events)]


def _frames_of(events: list[Event]) -> Iterator[Observation]:
    for event in events:
        if event.observation.kind is Kind.FRAME and not event.is_derived:
            yield event.observation

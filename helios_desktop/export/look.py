"""A look at a source before it is exported: the first rows, and how many there are. For a thread."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter, PatternError
from helios_desktop.export.replacement import ExportCancelled, ExportError
from helios_desktop.export.source import Reading, Source
from helios_desktop.journal.recording import RecordingError, unreadable
from helios_desktop.observation import Observation

T = TypeVar("T")


def first_events(source: Source, chosen: EventFilter, most: int, is_cancelled: Callable[[], bool]) -> list[Event]:
    """The oldest ones. Raises `ExportError`."""
    with reading(source, chosen) as read:
        return _first(read.events(), most, is_cancelled)


def first_observations(
    source: Source, chosen: EventFilter, most: int, is_cancelled: Callable[[], bool]
) -> list[Observation]:
    """What was seen first. Raises `ExportError`."""
    with reading(source, chosen) as read:
        return _first(read.observations(), most, is_cancelled)


def count_events(
    source: Source, chosen: EventFilter, progress: Callable[[float], None], is_cancelled: Callable[[], bool]
) -> int:
    """How many an export would hold. `progress` is only called, many times a second. Raises `ExportError`."""
    total = 0
    with reading(source, chosen) as read:
        for counted in read.count_events():
            total = counted.total
            progress(0.0)
            if is_cancelled():
                raise ExportCancelled
    return total


@contextmanager
def reading(source: Source, chosen: EventFilter) -> Iterator[Reading]:
    """Open a source; whatever is wrong with it, then or later, is an `ExportError` with its sentence."""
    try:
        with source.open(chosen) as read:
            yield read
    except (RecordingError, PatternError) as error:
        raise ExportError(str(error)) from None
    except sqlite3.Error as error:
        if source.path is None:
            raise
        raise ExportError(str(unreadable(source.path, error))) from None


def _first(blocks: Iterator[list[T]], most: int, is_cancelled: Callable[[], bool]) -> list[T]:
    found: list[T] = []
    for block in blocks:
        found += block
        if is_cancelled():
            raise ExportCancelled
        if len(found) >= most:
            break
    return found[:most]

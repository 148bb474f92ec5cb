"""Writing what a source holds to a file: all of it or nothing, block by block, with flat memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final, TypeVar

from helios_desktop.event import Event
from helios_desktop.event_filter import EventFilter
from helios_desktop.export.lines import Format, csv_head, event_line, frame_line, json_line
from helios_desktop.export.look import reading
from helios_desktop.export.meta import meta_of, meta_record
from helios_desktop.export.parquet_file import ParquetFile, check_parquet
from helios_desktop.export.replacement import ExportCancelled, Replacement, cannot_write, check_apart
from helios_desktop.export.source import EVERYTHING, Reading, Source
from helios_desktop.journal.passage import Counted
from helios_desktop.protocol.timestamps import NS

SLICE: Final = 50
"""Written in one go: some two milliseconds."""
T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """Which file to make of a source.

    chosen:         which events; of `frames`, the observations that told them
    zone:           of the times in CSV and log, None for this machine's; the others are always in UTC
    exported_at_ns: now, for the meta data
    is_complete:    False where the time asked for was cut short
    """

    format: Format
    exported_at_ns: int
    chosen: EventFilter = EVERYTHING
    zone: tzinfo | None = UTC
    is_complete: bool = True


def write_export(
    path: Path, source: Source, wanted: Wanted, *, progress: Callable[[float], None], is_cancelled: Callable[[], bool]
) -> int:
    """Write to `path`, and give how many events, or observations, it holds. For a thread: it works long.

    `progress` is called with 0 to 1, many times a second; `is_cancelled` is asked as often. A file at `path` is
    replaced, but never what `source` reads. Raises `ExportError`, `ExportCancelled` among them, and nothing is written
    then.
    """
    if source.path is not None:
        check_apart(path, source.path)
        if not wanted.format.has_meta_line:
            check_apart(meta_path(path), source.path)
    if wanted.format is Format.PARQUET:
        check_parquet()
    with reading(source, wanted.chosen) as read:
        work = _Work(progress, is_cancelled)
        counted = work.last(read.count_events() if wanted.format.is_of_events else read.count_observations())
        head = json_line(_head(read, wanted, counted))
        try:
            return _write(path, read, wanted, head, counted.total, work)
        except OSError as error:
            raise cannot_write(path, error) from None


def check_format(file_format: Format) -> None:
    """Find out before anything is gathered whether such a file can be made. Raises `ExportError`."""
    if file_format is Format.PARQUET:
        check_parquet()


def meta_path(path: Path) -> Path:
    """Where the meta data of a file stands that does not begin with them: its whole name and `.meta.json`."""
    return path.with_name(path.name + ".meta.json")


def zone_name(zone: tzinfo | None, first_ns: int | None) -> str:
    """The zone as a person writes it, `Europe/Berlin` or `UTC`; this machine's as it was at the first event."""
    name = "" if zone is None else str(zone)
    if "/" in name or name == "UTC":
        return name
    moment = datetime.fromtimestamp((first_ns or 0) // NS, UTC).astimezone(zone)
    return f"{moment.tzname()} ({moment:%z})"


class _Work:
    """Says how far it is, and ends where it is cancelled."""

    def __init__(self, progress: Callable[[float], None], is_cancelled: Callable[[], bool]) -> None:
        self._progress = progress
        self._is_cancelled = is_cancelled

    def go_on(self, done: float) -> None:
        self._progress(min(1.0, done))
        if self._is_cancelled():
            raise ExportCancelled

    def last(self, counts: Iterator[Counted]) -> Counted:
        counted = Counted({}, None, None)
        for so_far in counts:
            counted = so_far
            self.go_on(0.0)
        return counted


def _head(read: Reading, wanted: Wanted, counted: Counted) -> dict[str, object]:
    meta = meta_of(read, exported_at_ns=wanted.exported_at_ns, is_complete=wanted.is_complete)
    return meta_record(
        meta,
        counted,
        file_format=wanted.format.value,
        time_zone=zone_name(wanted.zone if wanted.format.has_zone else UTC, counted.first_ns),
        is_of_events=wanted.format.is_of_events,
    )


def _write(path: Path, read: Reading, wanted: Wanted, head: str, total: int, work: _Work) -> int:
    with ExitStack() as files:
        target = files.enter_context(Replacement(path))
        replacements = [target]
        if wanted.format.has_meta_line:
            target.write(head)
        else:
            beside = files.enter_context(Replacement(meta_path(path)))
            beside.write(head)
            replacements.insert(0, beside)
        written = _fill(target, read, wanted, head, total, work)
        for replacement in replacements:
            replacement.sync()
        work.go_on(1.0)
        for replacement in replacements:
            replacement.take_place()
    return written


def _fill(target: Replacement, read: Reading, wanted: Wanted, head: str, total: int, work: _Work) -> int:
    """Write all rows; gives how many."""
    written = 0

    def each(blocks: Iterator[list[T]], write: Callable[[Sequence[T]], None]) -> None:
        nonlocal written
        for block in blocks:
            for at in range(0, len(block), SLICE):
                part = block[at : at + SLICE]
                write(part)
                written += len(part)
                work.go_on(written / max(1, total))

    def write_events(events: Sequence[Event]) -> None:
        target.write("".join([event_line(event, wanted.format, wanted.zone) for event in events]))

    match wanted.format:
        case Format.PARQUET:
            with ParquetFile(target.file, head.rstrip()) as table:
                each(read.events(), table.write)
        case Format.FRAMES:
            each(read.observations(), lambda seen: target.write("".join([frame_line(one) for one in seen])))
        case _:
            if wanted.format is Format.CSV:
                target.write(csv_head())
            each(read.events(), write_events)
    return written

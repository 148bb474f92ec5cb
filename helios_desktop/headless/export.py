"""`helios-desktop export` and `report`: what a recording has, or a cluster tells within some time, as a file."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path
from typing import Final, TextIO

from msgspec.structs import replace as replace_fields

from helios_desktop.event_filter import EventFilter, PatternError
from helios_desktop.export.background import IsCancelled, Progress
from helios_desktop.export.events_file import Wanted, check_format, write_export
from helios_desktop.export.lines import Format
from helios_desktop.export.replacement import ExportError, check_writable
from helios_desktop.export.report import write_report
from helios_desktop.export.source import EVERYTHING, Source
from helios_desktop.headless.bounds import Bounds
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.gather import Cluster, gather
from helios_desktop.headless.job import run_job
from helios_desktop.headless.recordings import times_of
from helios_desktop.headless.tail import unknown_types_note
from helios_desktop.headless.watch import Ending
from helios_desktop.journal.recording import RecordingError
from helios_desktop.words import _, ngettext

_FAILURES: Final = (ExportError, RecordingError, PatternError)


@dataclass(frozen=True)
class Chosen:
    """What of a recording is wanted.

    zone:        of the times that are written, None for this machine's
    is_complete: False where the time asked for was cut short
    """

    filter: EventFilter = EVERYTHING
    zone: tzinfo | None = None
    is_complete: bool = True


Write = Callable[[Path, Chosen, Progress, IsCancelled], int]
"""Makes the file of a recording; gives how much is in it."""


async def export(
    source: Path | Cluster,
    path: Path,
    *,
    format: Format,  # noqa: A002 - what it is
    for_s: float | None,
    bounds: Bounds,
    chosen: Chosen,
    now_ns: Callable[[], int],
    err: TextIO,
) -> int:
    """Write what `source` has, or tells within `for_s` seconds, to `path`; all that is said goes to `err`.

    Whether `path` can be written is found out first. Of a cluster, Ctrl-C ends the gathering early, and what there is
    is written; pressed once more, nothing is. Gives the exit code; raises `CommandError`.
    """

    def write(recording: Path, wanted: Chosen, progress: Progress, is_cancelled: IsCancelled) -> int:
        return write_export(
            path,
            Source(recording),
            Wanted(format, now_ns(), wanted.filter, wanted.zone, is_complete=wanted.is_complete),
            progress=progress,
            is_cancelled=is_cancelled,
        )

    try:
        check_format(format)
    except ExportError as error:
        raise CommandError(ExitCode.FAILURE, str(error)) from None
    count, code = await _make(source, path, write, for_s=for_s, bounds=bounds, chosen=chosen, err=err)
    if format.is_of_events:
        said = ngettext("{n} event in {path}", "{n} events in {path}", count)
    else:
        said = ngettext("{n} observation in {path}", "{n} observations in {path}", count)
    err.write(_("helios-desktop: {sentence}").format(sentence=said.format(n=count, path=path)) + "\n")
    return code


async def report(
    source: Path | Cluster, path: Path, *, for_s: float | None, bounds: Bounds, chosen: Chosen, err: TextIO
) -> int:
    """Write the incident report to `path`, as `export` does."""

    def write(recording: Path, wanted: Chosen, progress: Progress, is_cancelled: IsCancelled) -> int:
        write_report(
            path,
            recording,
            zone=wanted.zone,
            progress=progress,
            is_cancelled=is_cancelled,
            since_ns=wanted.filter.since_ns,
            until_ns=wanted.filter.until_ns,
            chosen=EventFilter(types=wanted.filter.types),
        )
        return 0

    _nothing, code = await _make(source, path, write, for_s=for_s, bounds=bounds, chosen=chosen, err=err)
    err.write(_("helios-desktop: {sentence}").format(sentence=_("the report is {path}").format(path=path)) + "\n")
    return code


async def _make(
    source: Path | Cluster,
    path: Path,
    write: Write,
    *,
    for_s: float | None,
    bounds: Bounds,
    chosen: Chosen,
    err: TextIO,
) -> tuple[int, ExitCode]:
    note = unknown_types_note(chosen.filter.types, is_live=isinstance(source, Cluster))
    if note:
        err.write(note + "\n")
    try:
        check_writable(path)
    except ExportError as error:
        raise CommandError(ExitCode.FAILURE, str(error)) from None
    if isinstance(source, Path):
        times = times_of(source, bounds, chosen.zone)
        within = replace_fields(chosen.filter, since_ns=times.since_ns, until_ns=times.until_ns)
        return await _run(source, write, replace(chosen, filter=within), err), ExitCode.WELL
    with tempfile.TemporaryDirectory(prefix="helios-") as folder:
        journal = Path(folder) / "gathered.journal"
        connected = _("connected; gathering for {seconds:g} s, or until Ctrl-C").format(seconds=for_s or 0.0)
        gathered = await gather(
            source,
            journal,
            for_s=for_s,
            doing=_("gathering"),
            connected=connected,
            elsewhere=_("Free some space there, or name another folder by TMPDIR."),
            err=err,
        )
        if gathered.outcome.error is not None:
            raise gathered.outcome.error
        is_complete = gathered.outcome.ending is Ending.TIME_UP and gathered.is_whole
        count = await _run(journal, write, replace(chosen, is_complete=is_complete), err)
        err.write(gathered.summary + "\n")
        if not gathered.is_whole:
            err.write(_("helios-desktop: {sentence}").format(sentence=gathered.lack) + "\n")
    return count, gathered.outcome.code


async def _run(recording: Path, write: Write, chosen: Chosen, err: TextIO) -> int:
    return await run_job(
        lambda progress, is_cancelled: write(recording, chosen, progress, is_cancelled),
        _("writing"),
        failures=_FAILURES,
        err=err,
    )

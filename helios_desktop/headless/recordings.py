"""`helios-desktop trim` and `merge`: a recording made of others; and what all commands on recordings need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Final, TextIO

from helios_desktop.export.replacement import ExportError, check_writable
from helios_desktop.headless.bounds import Bounds
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.instants import InstantError, resolve
from helios_desktop.headless.job import run_job
from helios_desktop.journal.failure import FAILURES
from helios_desktop.journal.manifest import Manifest
from helios_desktop.journal.reader import Extent
from helios_desktop.journal.recording import CancelledError, RecordingError, open_reader, unreadable
from helios_desktop.monitor.rebuild import rebuild
from helios_desktop.monitor.recordings import Maker, merge, save
from helios_desktop.version import program_version
from helios_desktop.words import _, ngettext

CUTTING: Final = (RecordingError, CancelledError)
"""What saving, cutting and joining raise."""


@dataclass(frozen=True)
class Times:
    """The same as instants, in epoch nanoseconds: the first, and the first one after the last."""

    since_ns: int | None = None
    until_ns: int | None = None


def times_of(path: Path, bounds: Bounds, zone: tzinfo | None) -> Times:
    """What the bounds mean in this recording. Raises `CommandError`, also where nothing lies between them."""
    extent = extent_of(path)
    if bounds.is_open:
        return Times()
    first_ns, last_ns = extent.first_ns, extent.last_ns
    if first_ns is None or last_ns is None:
        raise CommandError(ExitCode.FAILURE, _("{path} holds nothing yet. Choose another recording.").format(path=path))
    try:
        since_ns, until_ns = (
            None if instant is None else resolve(instant, first_ns, last_ns, zone)
            for instant in (bounds.since, bounds.until)
        )
    except InstantError as error:
        raise CommandError(ExitCode.USAGE, str(error)) from None
    begin_ns = first_ns if since_ns is None else since_ns
    end_ns = last_ns + 1 if until_ns is None else until_ns
    if begin_ns >= end_ns or begin_ns > last_ns or end_ns <= first_ns:
        sentence = _("{path} has nothing between these times. See “helios-desktop info {path}” for what it has.")
        raise CommandError(ExitCode.FAILURE, sentence.format(path=path))
    return Times(since_ns, until_ns)


def extent_of(path: Path) -> Extent:
    """How much there is. Raises `CommandError` where it is no recording that can be read."""
    try:
        with open_reader(path) as reader:
            return reader.extent()
    except RecordingError as error:
        raise CommandError(ExitCode.FAILURE, str(error)) from None
    except FAILURES as error:
        raise CommandError(ExitCode.FAILURE, str(unreadable(path, error))) from None


def check_target(path: Path, *, is_replacing: bool) -> None:
    """Find out before anything is made whether it can stand at `path`.

    Raises `CommandError`, also where a file is there that is not to be replaced.
    """
    if path.is_file() and not is_replacing:
        sentence = _("{path} is there already. Name another file, or add --replace.")
        raise CommandError(ExitCode.FAILURE, sentence.format(path=path))
    try:
        check_writable(path)
    except ExportError as error:
        raise CommandError(ExitCode.FAILURE, str(error)) from None


async def trim(
    path: Path,
    out: Path,
    bounds: Bounds,
    *,
    now_ns: int,
    zone: tzinfo | None,
    is_anonymised: bool,
    is_replacing: bool,
    err: TextIO,
) -> int:
    """Save a part of a recording as one of its own, from which the window can replay each instant."""
    check_target(out, is_replacing=is_replacing)
    times = times_of(path, bounds, zone)
    maker = Maker(program_version(), now_ns)
    manifest = await run_job(
        lambda progress, is_cancelled: save(
            path,
            out,
            maker,
            since_ns=times.since_ns,
            until_ns=times.until_ns,
            is_anonymised=is_anonymised,
            progress=progress,
            is_cancelled=is_cancelled,
        ),
        _("writing"),
        failures=CUTTING,
        err=err,
    )
    return _say(out, manifest, err)


async def rescue(path: Path, out: Path, *, now_ns: int, is_replacing: bool, err: TextIO) -> int:
    """Save what can still be read of a damaged recording; what cannot is told by gaps of the new one."""
    check_target(out, is_replacing=is_replacing)
    maker = Maker(program_version(), now_ns)
    made = await run_job(
        lambda progress, is_cancelled: rebuild(path, out, maker, progress=progress, is_cancelled=is_cancelled),
        _("reading"),
        failures=CUTTING,
        err=err,
    )
    if made.lost:
        lost = ngettext(
            "{n} observation at least could not be read; the recording has a gap there.",
            "{n} observations at least could not be read; the recording has gaps there.",
            made.lost,
        )
        err.write(_("helios-desktop: {sentence}").format(sentence=lost.format(n=made.lost)) + "\n")
    return _say(out, made.manifest, err)


async def join(
    paths: Sequence[Path], out: Path, *, now_ns: int, is_one_cluster: bool, is_replacing: bool, err: TextIO
) -> int:
    """Make one recording of several of one cluster."""
    check_target(out, is_replacing=is_replacing)
    maker = Maker(program_version(), now_ns)
    manifest = await run_job(
        lambda progress, is_cancelled: merge(
            paths, out, maker, is_one_cluster=is_one_cluster, progress=progress, is_cancelled=is_cancelled
        ),
        _("joining"),
        failures=CUTTING,
        err=err,
    )
    return _say(out, manifest, err)


def _say(path: Path, manifest: Manifest, err: TextIO) -> int:
    count = manifest.events
    written = ngettext("{n} event in {path}", "{n} events in {path}", count).format(n=count, path=path)
    err.write(_("helios-desktop: {sentence}").format(sentence=written) + "\n")
    return ExitCode.WELL

"""Writing events to a file: all of them or none, without stopping the loop.

Each file is written beside its target under another name, brought to the disk and renamed. Whatever fails on the
way, and a cancel too, leaves no trace, and a file that was there before stays as it was.
"""

import asyncio
import contextlib
import errno
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Final, Self

from helios_desktop.event import Event
from helios_desktop.export.lines import Format, csv_head, json_line, line_of
from helios_desktop.export.meta import ExportMeta, Extent, meta_record
from helios_desktop.protocol.timestamps import NS
from helios_desktop.words import _

SLICE_EVENTS: Final = 100
"""Written in one go: some five milliseconds."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR})


class ExportError(Exception):
    """Nothing was written; the message is a sentence with the path, the cause and what to do."""


class ExportCancelled(ExportError):  # noqa: N818 - it is what happened, not a fault
    """`is_cancelled` said so; nothing was written."""


async def write_events(
    path: Path,
    events: Sequence[Event],
    *,
    format: Format,  # noqa: A002 - what it is
    meta: ExportMeta,
    zone: tzinfo | None,
    progress: Callable[[int], None],
    is_cancelled: Callable[[], bool],
) -> int:
    """Write all `events` to `path`, and give their number. CSV and log get a `.meta.json` file beside it.

    `progress` is called with the number written so far; `is_cancelled` is asked as often. A file at `path` is
    replaced. `events` must not change meanwhile. A `zone` of None is this machine's. Raises `ExportError`,
    `ExportCancelled` among them.
    """
    try:
        extent = await _count(events, is_cancelled)
        head = json_line(meta_record(meta, extent, file_format=format.value, time_zone=zone_name(zone, extent)))
        async with contextlib.AsyncExitStack() as files:
            target = await files.enter_async_context(_Replacement(path))
            replacements = [target]
            match format:
                case Format.EVENTS:
                    target.write(head)
                case Format.CSV:
                    target.write(csv_head())
                case Format.LOG:
                    pass
            if format is not Format.EVENTS:
                beside = await files.enter_async_context(_Replacement(meta_path(path)))
                beside.write(head)
                replacements.insert(0, beside)
            written = 0
            for part in _slices(events):
                target.write("".join([line_of(event, format, zone) for event in part]))
                written += len(part)
                progress(written)
                await asyncio.sleep(0)
                _check(is_cancelled)
            for replacement in replacements:
                await replacement.sync()
            _check(is_cancelled)
            for replacement in replacements:
                replacement.take_place()
    except OSError as error:
        raise ExportError(_sentence(error, path)) from None
    return extent.count


def check_writable(path: Path) -> None:
    """Find out before the events are gathered whether `path` can be written. Raises `ExportError`."""
    try:
        with _open_beside(_target_of(path)) as file:
            Path(file.name).unlink()
    except OSError as error:
        raise ExportError(_sentence(error, path)) from None


def meta_path(path: Path) -> Path:
    """Where the meta data of a CSV or log file stands: its whole name and `.meta.json`."""
    return path.with_name(path.name + ".meta.json")


def zone_name(zone: tzinfo | None, extent: Extent) -> str:
    """The zone as a person writes it, `Europe/Berlin` or `UTC`; this machine's as it was at the first event."""
    name = "" if zone is None else str(zone)
    if "/" in name or name == "UTC":
        return name
    moment = datetime.fromtimestamp((extent.first_ns or 0) // NS, UTC).astimezone(zone)
    return f"{moment.tzname()} ({moment:%z})"


async def _count(events: Sequence[Event], is_cancelled: Callable[[], bool]) -> Extent:
    by_type: Counter[str] = Counter()
    for at in range(0, len(events), 10 * SLICE_EVENTS):
        by_type.update(event.type for event in events[at : at + 10 * SLICE_EVENTS])
        await asyncio.sleep(0)
        _check(is_cancelled)
    if not events:
        return Extent(0, by_type, None, None)
    return Extent(len(events), by_type, events[0].at_ns, events[-1].at_ns)


def _slices(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for at in range(0, len(events), SLICE_EVENTS):
        yield events[at : at + SLICE_EVENTS]


def _check(is_cancelled: Callable[[], bool]) -> None:
    if is_cancelled():
        raise ExportCancelled(_("The export was cancelled; no file was written."))


class _Replacement:
    """A file that becomes `path` by `take_place`, or goes."""

    def __init__(self, path: Path) -> None:
        self._path = _target_of(path)
        self._temporary: Path | None = None
        self._file: IO[bytes]

    async def __aenter__(self) -> Self:
        self._file = _open_beside(self._path)
        self._temporary = Path(self._file.name)
        return self

    def write(self, text: str) -> None:
        self._file.write(text.encode("utf-8", "backslashreplace"))

    async def sync(self) -> None:
        """Bring all to the disk; from then on only a rename can fail."""
        self._file.flush()
        await asyncio.to_thread(os.fsync, self._file.fileno())
        self._file.close()

    def take_place(self) -> None:
        if self._temporary is None:
            return
        if self._path.exists():
            self._temporary.chmod(self._path.stat().st_mode & 0o777)
        self._temporary.replace(self._path)
        self._temporary = None

    async def __aexit__(self, *_exception: object) -> None:
        # A full disk fails once more where the rest of the buffer is flushed; that failure is already told.
        with contextlib.suppress(OSError):
            self._file.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)


def _target_of(path: Path) -> Path:
    """The file that is replaced: a link stays one, and what it names goes. It is a file or not there yet."""
    # Before links are followed, since the pipe behind /dev/stdout has no name that could be looked at.
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        # As root, the renaming would put a file in the place of a device.
        raise OSError(errno.EINVAL, _("it is a device or a pipe"))
    return path.resolve()


def _open_beside(path: Path) -> IO[bytes]:
    """Make a new file for writing in the folder of `path`."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part").open("xb")


def _sentence(error: OSError, path: Path) -> str:
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return _(
            "{path} was not written: the disk is full. Free some space or choose another folder, then export again."
        ).format(path=path)
    if error.errno in _FORBIDDEN:
        return _("{path} cannot be written: {reason}. Choose another folder, or ask for the right to write.").format(
            path=path, reason=reason
        )
    if error.errno in _ABSENT:
        return _("{path} cannot be written: its folder is not there. Make it, or choose another.").format(path=path)
    if error.errno == errno.EISDIR:
        return _("{path} is a folder: name a file in it.").format(path=path)
    return _("{path} was not written: {reason}. Choose another file name or folder.").format(path=path, reason=reason)

"""A recording: one SQLite file that is whole, described by a manifest, and no longer written.

It is opened here with a sentence for whatever is wrong with it, and made here beside its place, so that no half a
file ever bears its name. What it is made of is in `monitor/recordings.py`, since a state may have to be folded.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from helios_desktop.journal.database import DamagedError, open_recording
from helios_desktop.journal.failure import FAILURES, Failure, damage_of, is_damage, reason_of
from helios_desktop.journal.manifest import MANIFEST, Manifest, encoded, find_manifest
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.schema import SchemaError
from helios_desktop.journal.writer import Writer
from helios_desktop.words import _

_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100
_INDEXED_AT_ONCE: Final = 5_000


class RecordingError(Exception):
    """A whole sentence or two for the user: which file, what is wrong, what to do.

    is_damaged: what can still be read of the file may be made into a new recording (`monitor/rebuild.py`)
    """

    def __init__(self, sentence: str, *, is_damaged: bool = False) -> None:
        super().__init__(sentence)
        self.is_damaged = is_damaged


class CancelledError(Exception):
    """It was cancelled, and nothing is left of it."""


def open_reader(path: Path) -> Reader:
    """Open a recording or a journal. Raises `RecordingError`; damage deep inside shows only when it is read."""
    try:
        _look(path)
        reader = Reader(path)
        try:
            _look_inside(reader)
        except BaseException:
            reader.close()
            raise
    except FAILURES as error:
        raise unreadable(path, error) from error
    return reader


def check_recording(path: Path) -> None:
    """Raise `RecordingError` where `open_reader` would."""
    open_reader(path).close()


def unreadable(path: Path, error: Failure) -> RecordingError:
    """What to tell of a file in which reading failed."""
    if is_damage(error):
        sentence = _("{path} is damaged ({cause}). What can still be read of it can be saved as a new recording.")
        return RecordingError(sentence.format(path=path, cause=damage_of(error)), is_damaged=True)
    if isinstance(error, FileNotFoundError):
        return RecordingError(_("There is no file {path}. Look whether it was moved or renamed.").format(path=path))
    if isinstance(error, IsADirectoryError):
        return RecordingError(_("{path} is a folder. Choose a recording, a file named *.helios.").format(path=path))
    if isinstance(error, SchemaError):
        sentence = _("{path} cannot be opened: {cause}. Open it with the program that wrote it.")
    elif isinstance(error, PermissionError):
        sentence = _("{path} cannot be opened: {cause}. Ask for the right to read it, or copy it where you have it.")
        return RecordingError(sentence.format(path=path, cause=_("no right to read")))
    else:
        sentence = _("{path} cannot be read: {cause}. Look whether its disk is there, then try again.")
    return RecordingError(sentence.format(path=path, cause=reason_of(error)))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What is read within is of this file: where it is damaged, raise `RecordingError`. Other errors pass."""
    try:
        yield
    except FAILURES as error:
        if is_damage(error):
            raise unreadable(path, error) from error
        raise
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise unreadable(path, DamagedError(_("a text in it is broken"))) from error


def unwritable(path: Path, error: Failure) -> RecordingError:
    """What to tell where writing a recording failed."""
    sentence = _("{path} was not written: {cause}. Choose another place, or make room there, and try again.")
    return RecordingError(sentence.format(path=path, cause=reason_of(error)))


class Work:
    """How far a long call is, of `total` steps. `step` tells it, and raises `CancelledError` where nobody wants it."""

    def __init__(self, total: int, progress: Callable[[float], None], is_cancelled: Callable[[], bool]) -> None:
        self.done = 0
        self._total = max(1, total)
        self._progress = progress
        self._is_cancelled = is_cancelled

    def step(self, count: int) -> None:
        """So many more are done."""
        if self._is_cancelled():
            raise CancelledError
        self.done += count
        self._progress(min(1.0, self.done / self._total))

    def end(self) -> None:
        """All is done."""
        self._progress(1.0)


@dataclass(frozen=True)
class NewFile:
    """A recording that is being made: where it is as yet, and the connection that writes it."""

    path: Path
    connection: sqlite3.Connection

    def index(self, step: Callable[[int], None]) -> None:
        """Fill the full-text index; `step` is called with the number of events that were indexed."""
        writer = Writer(self.connection)
        while writer.index(_INDEXED_AT_ONCE):
            step(_INDEXED_AT_ONCE)

    def finish(self, program: str, now_ns: int) -> Manifest:
        """Write the manifest."""
        with closing(Reader(self.path)) as reader:
            manifest = replace(find_manifest(reader, is_counted=True), program=program, created_ns=now_ns)
        with self.connection:
            self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (MANIFEST, encoded(manifest)))
        return manifest


@contextmanager
def making(target: Path) -> Iterator[NewFile]:
    """A new file to write into, which takes its name at the end, in place of what had it; nothing is left otherwise.

    Commit what is written. Raises `RecordingError` where it cannot be written.
    """
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        _refuse_folder(target)
        with closing(open_recording(beside)) as connection:
            beside.chmod(0o600)
            # Whatever fails, the file goes: it needs neither a way back nor to be on the disk before its end.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            yield NewFile(beside, connection)
        _to_disk(beside)
        beside.replace(target)
    except FAILURES as error:
        raise unwritable(target, error) from error
    finally:
        for left in (beside, Path(f"{beside}-journal")):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _refuse_folder(target: Path) -> None:
    if target.is_dir():
        raise RecordingError(_("{path} is a folder. Give the recording a name of its own.").format(path=target))


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _look(path: Path) -> None:
    """Tell apart what SQLite calls by one name: each raises its own error."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header:
        raise RecordingError(_("{path} is empty. Choose a recording, a file named *.helios.").format(path=path))
    if not header.startswith(_MAGIC):
        sentence = _("{path} is no recording of this program. Choose a recording, a file named *.helios.")
        raise RecordingError(sentence.format(path=path))
    if len(header) < _HEADER_BYTES or path.stat().st_size < _size_told(header):
        raise DamagedError(_("its end is missing"))


def _size_told(header: bytes) -> int:
    """How many bytes there must be at least (SQLite, "Database File Format"); 0 of a journal, with its log beside."""
    page_size = int.from_bytes(header[16:18])
    is_logged, is_count_valid = header[18] != 1, header[24:28] == header[92:96]
    # A page of 64 KiB stands as 1, since two bytes hold no more.
    size = (page_size if page_size > 1 else 65_536) * int.from_bytes(header[28:32])
    return 0 if is_logged or not is_count_valid else size


def _look_inside(reader: Reader) -> None:
    """Read a little of each table that everything else needs."""
    try:
        reader.extent()
        reader.runs()
        reader.meta()
    except sqlite3.OperationalError as error:
        if not is_damage(error) and error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise DamagedError(_("a table is missing")) from error
        raise

"""A recording made anew from the observations of another: of a damaged file, or of one that another fold made.

The other file is never written to. What could not be read is told by gaps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from helios_desktop.journal.manifest import Manifest, about_of
from helios_desktop.journal.note import Note, PutNote
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import NewFile, RecordingError, Work, making, open_reader, reading, unreadable
from helios_desktop.journal.salvage import Salvage
from helios_desktop.journal.stretch import Within, stretches
from helios_desktop.journal.writer import Writer
from helios_desktop.monitor.anew import AS_IT_IS, write_anew
from helios_desktop.monitor.read_around import Reading
from helios_desktop.monitor.recordings import Maker
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.words import _

_SHARES: Final = 1_000


@dataclass(frozen=True)
class Rebuilt:
    """What became of it: the new file's manifest, and how many observations are lost at least."""

    manifest: Manifest
    lost: int


def needs_rebuild(reader: Reader) -> bool:
    """True where another version of the fold derived some of its events. Raises `sqlite3.Error`."""
    return any(run.fold != FOLD_VERSION for run in reader.runs())


def rebuild(
    source: Path,
    target: Path,
    maker: Maker,
    *,
    progress: Callable[[float], None] = lambda _done: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Rebuilt:
    """Fold what can be read of `source` into a new recording. A journal must not be written meanwhile.

    Raises `RecordingError`, also where nothing can be read, and `CancelledError`.
    """
    if target.exists() and target.samefile(source):
        sentence = _("{path} cannot take the place of what it is made from. Give the new recording another name.")
        raise RecordingError(sentence.format(path=target))
    try:
        return _fold_anew(source, target, maker, progress, is_cancelled)
    except RecordingError as error:
        if not error.is_damaged:
            raise
    return _read_around(source, target, maker, progress, is_cancelled)


def _fold_anew(
    source: Path, target: Path, maker: Maker, progress: Callable[[float], None], is_cancelled: Callable[[], bool]
) -> Rebuilt:
    """Where the file is whole."""
    with open_reader(source) as reader, making(target) as new:
        with reading(source):
            found = stretches(reader, Within())
            work = Work(sum(one.observations for one in found), progress, is_cancelled)
            writer = Writer(new.connection)
            write_anew(writer, reader, found, Within(), AS_IT_IS, work.step)
            writer.describe(about_of(reader.meta()))
        rebuilt = _finished(new, maker, 0)
        work.end()
        return rebuilt


def _read_around(
    source: Path, target: Path, maker: Maker, progress: Callable[[float], None], is_cancelled: Callable[[], bool]
) -> Rebuilt:
    def step(done: float) -> None:
        work.step(int(done * _SHARES) - work.done)

    work = Work(_SHARES, progress, is_cancelled)
    try:
        with Salvage(source, step) as salvage, making(target) as new:
            writer = Writer(new.connection)
            reading = Reading(salvage, writer, lambda: work.step(0))
            reading.write()
            writer.describe(about_of(salvage.meta))
            _keep_notes(new, salvage.notes, writer)
            return _finished(new, maker, reading.lost)
    except OSError as error:
        raise unreadable(source, error) from error


def _keep_notes(new: NewFile, notes: Sequence[Note], writer: Writer) -> None:
    """Keep all of them; where an event has another number now, or is gone, a note stays on its instant."""
    for note in notes:
        found = new.connection.execute("SELECT at_ns FROM event WHERE id = ?", (note.event,)).fetchone()
        is_same = found is not None and found[0] == note.at_ns
        writer.write([PutNote(note if is_same else replace(note, event=None))])


def _finished(new: NewFile, maker: Maker, lost: int) -> Rebuilt:
    new.index(lambda _count: None)
    return Rebuilt(new.finish(maker.program, maker.now_ns), lost)

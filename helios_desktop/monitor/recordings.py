"""Saving, cutting and joining recordings. Each call works long: give it to a thread.

A recording is made beside its target and takes its name when it is whole; after an error nothing of it is left.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from helios_desktop.journal.copying import Part, attached, copy_gaps, copy_notes, copy_part, gaps_within, notes_within
from helios_desktop.journal.failure import FAILURES
from helios_desktop.journal.manifest import ANONYMISED, Manifest, about_of
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import (
    NewFile,
    RecordingError,
    Work,
    making,
    open_reader,
    reading,
    unreadable,
)
from helios_desktop.journal.stretch import Stretch, Within, stretches
from helios_desktop.journal.writer import Writer
from helios_desktop.monitor.anew import write_anew
from helios_desktop.monitor.disguised import disguise_of, rewriting_of
from helios_desktop.monitor.joined import about_all, all_of, begun, joined
from helios_desktop.words import _


@dataclass(frozen=True)
class Maker:
    """What makes a recording, for its manifest: `program_version()`, and now on the wall clock."""

    program: str
    now_ns: int


def save(
    source: Path,
    target: Path,
    maker: Maker,
    *,
    since_ns: int | None = None,
    until_ns: int | None = None,
    is_anonymised: bool = False,
    progress: Callable[[float], None] = lambda _done: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Manifest:
    """Save what was received in [since_ns, until_ns) of a journal, written meanwhile or not, or of a recording.

    progress: called with 0 to 1, in the thread of the call; so is `is_cancelled`, many times a second
    Raises `RecordingError` with a sentence for the user, and `CancelledError` of `journal/recording.py`.
    """
    within = Within(since_ns, until_ns)
    with ExitStack() as stack:
        reader = stack.enter_context(_reading(source, target))
        found = stretches(reader, within)
        if not found:
            raise RecordingError(_empty(source, has_bounds=since_ns is not None or until_ns is not None))
        work = Work(_size(found), progress, is_cancelled)
        if is_anonymised:
            disguise = disguise_of(reader, found, work.step)
            new = stack.enter_context(making(target))
            writer = Writer(new.connection)
            write_anew(writer, reader, found, within, rewriting_of(disguise), work.step)
            about = {key: disguise.text(value) for key, value in about_of(reader.meta()).items()}
            writer.describe({**about, ANONYMISED: "1"})
        else:
            parts = [begun(reader, one, work.step) for one in found]
            new = stack.enter_context(making(target))
            _copy(new, parts, work)
            _copy_remarks(new, reader, parts, within)
            Writer(new.connection).describe(about_of(reader.meta()))
        return _finished(new, maker, work)


def merge(
    sources: Sequence[Path],
    target: Path,
    maker: Maker,
    *,
    is_one_cluster: bool = False,
    progress: Callable[[float], None] = lambda _done: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Manifest:
    """Join recordings of one cluster. What two of them have of the same run is taken once. Raises as `save` does.

    is_one_cluster: they are, although their clusters have different names
    """
    with ExitStack() as stack:
        readers = {source: stack.enter_context(_reading(source, target)) for source in dict.fromkeys(sources)}
        about = about_all(list(readers.values()), is_one_cluster=is_one_cluster)
        found = [one for reader in readers.values() for one in all_of(reader)]
        work = Work(_size(found), progress, is_cancelled)
        parts = joined(list(readers.values()), found, work.step)
        if not parts:
            raise RecordingError(_("Nothing was joined: these recordings are empty. Choose others."))
        new = stack.enter_context(making(target))
        for _path, of_path in groupby(parts, key=lambda part: part.stretch.path):
            _copy(new, list(of_path), work)
        for reader in readers.values():
            _copy_remarks(new, reader, [part for part in parts if part.stretch.path == reader.path], Within())
        Writer(new.connection).describe(about)
        return _finished(new, maker, work)


@contextmanager
def _reading(source: Path, target: Path) -> Iterator[Reader]:
    """Read a file as it is now, whatever is written into it meanwhile."""
    with open_reader(source) as reader:
        if target.exists() and target.samefile(source):
            sentence = _("{path} cannot take the place of what it is made from. Give the new recording another name.")
            raise RecordingError(sentence.format(path=target))
        try:
            reader.connection.execute("BEGIN")
            with reading(source):
                yield reader
        except FAILURES as error:
            raise unreadable(source, error) from error


def _copy(new: NewFile, parts: Sequence[Part], work: Work) -> None:
    path = parts[0].stretch.path
    with reading(path), attached(new.connection, path):
        for part in parts:
            copy_part(new.connection, part, work.step)


def _copy_remarks(new: NewFile, reader: Reader, parts: Sequence[Part], within: Within) -> None:
    with new.connection:
        copy_gaps(new.connection, gaps_within(reader, within))
        copy_notes(new.connection, notes_within(reader, within), parts)


def _finished(new: NewFile, maker: Maker, work: Work) -> Manifest:
    new.index(work.step)
    manifest = new.finish(maker.program, maker.now_ns)
    work.end()
    return manifest


def _size(found: Sequence[Stretch]) -> int:
    """How many steps it takes about."""
    # Each event is copied, and then indexed.
    return sum(one.observations + 2 * (one.end_event - one.first_event) for one in found)


def _empty(source: Path, *, has_bounds: bool) -> str:
    if has_bounds:
        return _("Nothing was saved: {path} has nothing within this time. Choose another range.").format(path=source)
    return _("Nothing was saved: {path} has nothing yet.").format(path=source)

"""Notes written into a file that this process does not record: a recording, or a journal of another window.

Where this process records, `Recorder.put_note` and `Recorder.remove_note` leave them to the thread that owns the file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from helios_desktop.journal import note as rows
from helios_desktop.journal.database import BUSY_S
from helios_desktop.journal.failure import FAILURES, is_damage, reason_of
from helios_desktop.journal.note import Note
from helios_desktop.journal.recording import RecordingError, check_recording, unreadable
from helios_desktop.words import _


def add_note(path: Path, note: Note) -> None:
    """Keep a note, in place of the one of the same id; may wait `BUSY_S` for who writes. Raises `RecordingError`."""
    with _writing(path) as connection:
        rows.put(connection, note)


def remove_note(path: Path, note_id: int) -> None:
    """Let go of one. As `add_note`."""
    with _writing(path) as connection:
        rows.remove(connection, note_id)


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    check_recording(path)
    try:
        uri = f"{path.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as connection, connection:
            yield connection
    except FAILURES as error:
        if is_damage(error):
            raise unreadable(path, error) from error
        sentence = _("The note was not kept in {path}: {cause}. Save a copy of the recording where it can be written.")
        raise RecordingError(sentence.format(path=path, cause=reason_of(error))) from error

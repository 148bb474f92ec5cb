"""Bookmarks and notes: kept, changed and removed, in a journal by its recorder and in a file by a short write."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.journal import notes
from helios_desktop.journal.database import open_journal, open_recording
from helios_desktop.journal.note import MAX_CHARACTERS, Note, PutNote, RemoveNote, new_note, tidy_text
from helios_desktop.journal.notes import add_note, remove_note
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import RecordingError
from helios_desktop.journal.writer import Writer
from tests.unit.journal.stream import NS, START_NS


def notes_in(path: Path) -> list[Note]:
    with Reader(path) as reader:
        return reader.notes()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "some.helios"
    open_recording(path).close()
    return path


def test_notes_on_an_instant_a_range_and_an_event_come_back_by_their_time(recording: Path) -> None:
    on_range = new_note("odd", START_NS + 9 * NS, START_NS + 2 * NS, until_ns=START_NS + 3 * NS)
    on_event = new_note("", START_NS + 10 * NS, START_NS + NS, event=77)
    on_instant = new_note("here it began", START_NS + 11 * NS, START_NS)
    for note in (on_range, on_event, on_instant):
        add_note(recording, note)
    assert notes_in(recording) == [on_instant, on_event, on_range]
    assert [path.name for path in recording.parent.iterdir()] == ["some.helios"]


def test_a_note_is_changed_by_its_id_and_removed(recording: Path) -> None:
    note = new_note("first", START_NS, START_NS)
    add_note(recording, note)
    changed = Note(note.id, note.at_ns, None, None, "second", START_NS + NS)
    add_note(recording, changed)
    assert notes_in(recording) == [changed]
    remove_note(recording, note.id)
    assert notes_in(recording) == []


def test_a_recorder_writes_notes_in_their_order_between_all_else(tmp_path: Path) -> None:
    path = tmp_path / "some.journal"
    one, two = new_note("one", START_NS, START_NS), new_note("two", START_NS + NS, START_NS)
    with closing(open_journal(path)) as connection:
        Writer(connection).write([PutNote(one), PutNote(two), RemoveNote(one.id)])
    assert notes_in(path) == [two]


def test_a_journal_that_another_writes_takes_a_note(tmp_path: Path) -> None:
    path = tmp_path / "some.journal"
    note = new_note("from another window", START_NS, START_NS)
    with closing(open_journal(path)) as connection:
        add_note(path, note)
        Writer(connection).begin_run(START_NS, 1, "test", 1)
    assert notes_in(path) == [note]


def test_a_file_that_cannot_be_written_gets_a_sentence(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "BUSY_S", 0.01)
    with closing(sqlite3.connect(recording)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("ROLLBACK")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordingError) as raised:
            add_note(recording, new_note("lost", START_NS, START_NS))
    assert str(raised.value) == (
        f"The note was not kept in {recording}: another program holds its file. "
        "Save a copy of the recording where it can be written."
    )
    assert notes_in(recording) == []


def test_a_file_that_may_only_be_read_gets_a_sentence(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect_to_read(address: str, *, uri: bool, timeout: float) -> sqlite3.Connection:
        # As on a disk that can only be read, which permissions cannot make for root.
        return sqlite3.connect(address.replace("mode=rw", "mode=ro"), uri=uri, timeout=timeout)

    monkeypatch.setattr(notes, "sqlite3", SimpleNamespace(connect=connect_to_read))
    with pytest.raises(RecordingError, match=r"the disk can only be read\. Save a copy"):
        add_note(recording, new_note("lost", START_NS, START_NS))


def test_what_is_no_recording_takes_no_note(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, this is not a database.")
    with pytest.raises(RecordingError, match="no recording of this program"):
        add_note(path, new_note("lost", START_NS, START_NS))
    with pytest.raises(RecordingError, match="There is no file"):
        remove_note(tmp_path / "gone.helios", 1)
    assert [one.name for one in tmp_path.iterdir()] == ["letter.txt"]


@given(st.text(st.characters(exclude_categories=())))
def test_a_text_is_harmless_and_of_a_sensible_length(text: str) -> None:
    tidy = tidy_text(text)
    assert len(tidy) <= MAX_CHARACTERS
    assert all(one in "\n\t" or one.isprintable() or one.isspace() or ord(one) > 0xA0 for one in tidy)
    assert not set(tidy) & set("\x00\x1b\x85\u2028\u202e\u2066\u200f")
    tidy.encode()
    assert tidy_text(tidy) == tidy


def test_lines_and_tabs_stay_and_what_is_too_long_is_cut() -> None:
    assert tidy_text("  a\r\nb\tc\rd ") == "a\nb\tc\nd"
    assert tidy_text("x" * (MAX_CHARACTERS + 1)) == "x" * (MAX_CHARACTERS - 1) + "…"

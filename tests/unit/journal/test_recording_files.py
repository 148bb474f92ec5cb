"""Whatever is opened as a recording and is none gets a sentence: which file, what is wrong, what to do."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.database import open_journal, open_recording
from helios_desktop.journal.passage import Passage
from helios_desktop.journal.recording import RecordingError, check_recording, making, open_reader, reading
from helios_desktop.journal.schema import APPLICATION_ID, version
from helios_desktop.journal.writer import Writer
from tests.unit.journal.stream import Stream


def write(path: Path, frames: int = 50) -> None:
    """A recording of a few rows."""
    with closing(open_recording(path)) as connection:
        stream = Stream()
        writer = Writer(connection)
        writer.begin_run(stream.started_ns, 1, "test", 1)
        writer.write(stream.frames(frames))


def foreign_text(path: Path) -> None:
    path.write_text("not a database at all, but long enough to be one")


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE observation (seq INTEGER)")


def later_version(path: Path) -> None:
    write(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version() + 1}")


def without_its_end(path: Path) -> None:
    write(path)
    os.truncate(path, path.stat().st_size // 2)


def without_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version()}")
        connection.execute("CREATE TABLE run (id INTEGER PRIMARY KEY)")


def with_broken_tables(path: Path) -> None:
    write(path)
    content = bytearray(path.read_bytes())
    content[100:4096] = os.urandom(3996)
    path.write_bytes(content)


def with_a_broken_name(path: Path) -> None:
    write(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO meta VALUES ('cluster', CAST(x'ff41' AS TEXT))")


def nothing(path: Path) -> None:
    """The file is not there."""


@pytest.mark.parametrize(
    ("make", "sentence", "is_damaged"),
    [
        (nothing, "There is no file {path}. Look whether it was moved or renamed.", False),
        (Path.mkdir, "{path} is a folder. Choose a recording, a file named *.helios.", False),
        (Path.touch, "{path} is empty. Choose a recording, a file named *.helios.", False),
        (foreign_text, "{path} is no recording of this program. Choose a recording", False),
        (foreign_database, "{path} cannot be opened: it is a database of another program. Open it", False),
        (later_version, "{path} cannot be opened: a later version of this program wrote it (format", False),
        (without_its_end, "{path} is damaged (its end is missing). What can still be read of it can be saved", True),
        (without_tables, "{path} is damaged (a table is missing). What can still be read of it can be saved", True),
        (with_broken_tables, "{path} is damaged (", True),
        (with_a_broken_name, "{path} is damaged (a text in it is broken). What can still be read of it can", True),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_what_cannot_be_opened_gets_a_sentence(
    tmp_path: Path, make: Callable[[Path], None], sentence: str, is_damaged: bool
) -> None:
    path = tmp_path / "some.helios"
    make(path)
    with pytest.raises(RecordingError) as raised:
        check_recording(path)
    assert str(raised.value).startswith(sentence.format(path=path))
    assert raised.value.is_damaged is is_damaged


@pytest.mark.parametrize(
    "change", ["text = CAST(x'ff41' AS TEXT)", "kind = 99", "kind = -1"], ids=["no UTF-8", "kind", "negative"]
)
def test_a_broken_row_deep_inside_is_damage_and_no_statement_is_told(tmp_path: Path, change: str) -> None:
    path = tmp_path / "some.helios"
    write(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE observation SET {change} WHERE seq = 20")  # noqa: S608 - ours
    with open_reader(path) as reader, pytest.raises(RecordingError) as raised, reading(path):
        list(reader.observations())
    assert raised.value.is_damaged
    assert str(raised.value).startswith(f"{path} is damaged (a text in it is broken). What can")
    with open_reader(path) as reader, pytest.raises(RecordingError, match="is damaged"), reading(path):
        list(Passage(reader, EventFilter()).events())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_one_may_not_read_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "some.helios"
    write(path)
    path.chmod(0)
    with pytest.raises(RecordingError, match="no right to read"):
        check_recording(path)


def test_a_recording_and_a_journal_that_is_written_are_opened(tmp_path: Path) -> None:
    write(tmp_path / "some.helios")
    check_recording(tmp_path / "some.helios")
    with closing(open_journal(tmp_path / "some.journal")) as connection:
        writer = Writer(connection)
        writer.begin_run(1, 1, "test", 1)
        writer.write(Stream().frames(3))
        with open_reader(tmp_path / "some.journal") as reader:
            assert reader.extent().observations == 3


def test_a_file_takes_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new.helios"
    target.write_text("what was there")
    with making(target) as new:
        assert new.path.parent == tmp_path
        assert target.read_text() == "what was there"
        Writer(new.connection).describe({"cluster": "Test"})
    check_recording(target)
    assert [path.name for path in tmp_path.iterdir()] == ["new.helios"]


def test_of_a_file_that_fails_nothing_is_left(tmp_path: Path) -> None:
    def fail() -> None:
        with making(tmp_path / "new.helios") as new:
            Writer(new.connection).describe({"cluster": "Test"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []

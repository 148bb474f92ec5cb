"""Versions of the file: each earlier one opens, a later one and what is not ours stays as it is."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from helios_desktop.journal import schema
from helios_desktop.journal.database import DamagedError, open_journal, open_to_read, put_aside
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.writer import Writer
from tests.fixtures.journals.make import make
from tests.unit.journal.checks import check_whole

FILES: Final = Path(__file__).parents[2] / "fixtures" / "journals"
PLANTED: Final = (
    "ALTER TABLE note ADD COLUMN author TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE colour (id INTEGER PRIMARY KEY); INSERT INTO colour SELECT id FROM note",
)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later program, of version 3."""
    monkeypatch.setattr(schema, "MIGRATIONS", PLANTED)
    monkeypatch.setattr(schema.migrate, "__defaults__", (PLANTED,))


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@pytest.mark.parametrize("version", range(1, schema.version() + 1))
def test_a_file_of_each_version_until_now_is_read_and_gone_on_with(tmp_path: Path, version: int) -> None:
    path = Path(shutil.copy(FILES / f"version_{version}.journal", tmp_path))
    stream = make(tmp_path / "same.journal")
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        writer.begin_run(stream.now_ns, stream.next_event, "test", 1)
        writer.write(stream.frames(10))
        check_whole(connection)
    with Reader(path) as reader:
        assert [one for _, one in reader.observations()] == [one.observation for one in stream.seen]
        assert reader.end_event() == stream.next_event
        assert (len(reader.runs()), len(reader.gaps())) == (3, 1)
    assert version_of(path) == schema.version()


@pytest.mark.usefixtures("planted")
def test_an_older_file_is_brought_forward_with_all_that_it_holds(tmp_path: Path) -> None:
    path = Path(shutil.copy(FILES / "version_1.journal", tmp_path))
    with closing(open_journal(path)) as connection:
        assert connection.execute("SELECT author FROM note").fetchall() == [("",)]
        assert connection.execute("SELECT id FROM colour").fetchall() == [(1,)]
        check_whole(connection)
    assert version_of(path) == 3
    open_journal(path).close()
    assert version_of(path) == 3


def test_a_step_that_fails_is_undone_whole_and_those_before_it_stay(tmp_path: Path) -> None:
    path = Path(shutil.copy(FILES / "version_1.journal", tmp_path))
    broken = (PLANTED[0], "CREATE TABLE colour (id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1)")
    with closing(open_journal(path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            schema.migrate(connection, broken)
        assert not connection.in_transaction
        assert connection.execute("SELECT author FROM note").fetchall() == [("",)]
        assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'colour'").fetchone() == (0,)
    assert version_of(path) == 2


@pytest.mark.parametrize("opening", [open_journal, open_to_read])
def test_a_file_of_a_later_version_is_refused_and_stays_as_it_is(tmp_path: Path, opening: type) -> None:
    path = Path(shutil.copy(FILES / "version_1.journal", tmp_path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 77")
    before = path.read_bytes()
    with pytest.raises(schema.SchemaError) as caught:
        opening(path)
    assert str(caught.value) == (
        f"a later version of this program wrote it (format 77, this one reads up to {schema.version()})"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("opening", [open_journal, open_to_read])
def test_a_database_of_another_program_is_refused_and_stays_as_it_is(tmp_path: Path, opening: type) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipe (text)")
    before = path.read_bytes()
    with pytest.raises(schema.SchemaError, match="database of another program"):
        opening(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opening", [open_journal, open_to_read])
@pytest.mark.parametrize("content", [b"a text\n", b"x" * 10_000, b"SQLite format 3\x00", b"SQLite format 3\x00" * 999])
def test_what_is_no_database_is_called_damaged_and_stays_as_it_is(
    tmp_path: Path, opening: type, content: bytes
) -> None:
    path = tmp_path / "any.txt"
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        opening(path)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.touch()
    with closing(open_journal(path)) as connection:
        assert schema.check(connection) == schema.version()
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_whose_making_was_cut_short_becomes_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size
    with closing(open_journal(path)) as connection:
        assert schema.check(connection) == schema.version()
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_what_is_set_aside_never_takes_the_place_of_anything(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    aside = []
    for number in range(5):
        path.write_text(f"file {number}")
        Path(f"{path}-wal").write_text(f"log {number}")
        aside.append(put_aside(path))
        assert not path.exists()
    assert [found.read_text() for found in aside] == [f"file {number}" for number in range(5)]
    assert [Path(f"{found}-wal").read_text() for found in aside] == [f"log {number}" for number in range(5)]

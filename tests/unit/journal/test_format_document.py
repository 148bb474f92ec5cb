"""docs/recording-format.md and the files say the same."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import fields

from helios_desktop.journal.manifest import Manifest, MissingSpan
from helios_desktop.journal.schema import APPLICATION_ID, TABLES, version
from helios_desktop.monitor.recordings import save
from tests.integration.journal.life import MAKER, life, record

DOCUMENT: Final = (Path(__file__).parents[3] / "docs/recording-format.md").read_text()
EXAMPLES: Final = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)


def tables() -> Iterator[tuple[str, str]]:
    """Each column of each table and view."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'search\\__%' ESCAPE '\\'"
        )
        for (table,) in names.fetchall():
            for (column,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall():
                yield table, column


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("format")
    record(folder / "prod.journal", list(life(1, 400)))
    save(folder / "prod.journal", folder / "prod.helios", MAKER, is_anonymised=True)
    return folder / "prod.helios"


@pytest.mark.parametrize(("table", "column"), list(tables()))
def test_each_column_stands_in_the_part_about_its_table(table: str, column: str) -> None:
    (part,) = (part for part in DOCUMENT.split("\n### ")[1:] if f"`{table}`" in part.splitlines()[0])
    rows = [row.split("|")[1] for row in part.splitlines() if row.startswith("|")]
    assert any(f"`{column}`" in row for row in rows)


def test_there_is_no_column_that_no_table_has() -> None:
    known = {column for _table, column in tables()}
    about_tables = DOCUMENT.split("## What is in it")[1].split("\n| key | value |")[0]
    named = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", about_tables, re.MULTILINE)
    assert {name for cell in named for name in re.findall(r"`(\w+)`", cell)} == known


def test_application_id_and_version_are_those_of_the_files(recording: Path) -> None:
    assert f"`0x{APPLICATION_ID:X}`" in DOCUMENT
    assert f"the version of these tables, {version()}\n" in DOCUMENT
    with closing(sqlite3.connect(recording)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (version(),)


def test_each_key_of_meta_and_of_the_manifest_is_named(recording: Path) -> None:
    with closing(sqlite3.connect(recording)) as connection:
        keys = {key for (key,) in connection.execute("SELECT key FROM meta")}
    assert keys == {"anonymised", "cluster", "environment", "indexed", "manifest", "sources"}
    facts = {field.name for kind in (Manifest, MissingSpan) for field in fields(kind)}
    assert [key for key in keys | facts if f"`{key}`" not in DOCUMENT] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_finds_something(recording: Path, example: str) -> None:
    with closing(sqlite3.connect(f"{recording.as_uri()}?mode=ro", uri=True)) as connection:
        for statement in example.split(";")[:-1]:
            assert all(value is not None for value in connection.execute(statement).fetchall()[0])


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 5

"""Parquet: typed columns, the meta data within, row groups, and whatever a server may send."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.export import parquet_file
from helios_desktop.export.events_file import Wanted, check_format, write_export
from helios_desktop.export.lines import Format
from helios_desktop.export.replacement import ExportError
from helios_desktop.export.source import Source
from tests.unit.export.story import NS, START_NS, frame, story, write_journal

TEXT = ["timestamp_told", "summary", "data", "more"]
CHOICES = ["observer", "node", "type", "severity"]
INSTANTS = ["timestamp", "received_at", "after"]


def write(folder: Path, *frames: object) -> Path:
    seen = [frame(second, message) for second, message in enumerate(frames)] if frames else story(30, elections=(10,))
    write_journal(folder / "journal", seen)
    wanted = Wanted(Format.PARQUET, START_NS)
    path = folder / "out.parquet"
    write_export(path, Source(folder / "journal"), wanted, progress=lambda _done: None, is_cancelled=lambda: False)
    return path


@pytest.fixture
def parquet() -> Any:
    """The module that reads such files."""
    return pytest.importorskip("pyarrow.parquet", reason="pyarrow, of the extra parquet, is not here")


def test_columns_have_types_and_dictionaries(tmp_path: Path, parquet: Any) -> None:
    table = parquet.read_table(write(tmp_path))
    types = {field.name: str(field.type) for field in table.schema}
    assert {types[name] for name in INSTANTS} == {"timestamp[ns, tz=UTC]"}
    assert {types[name] for name in TEXT} == {"string"}
    assert {types[name] for name in CHOICES} == {"dictionary<values=string, indices=int32, ordered=0>"}
    assert types["derived"] == "bool"
    for name in INSTANTS:  # Python has no nanoseconds
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast("int64"))
    rows = table.to_pylist()
    assert rows[1]["timestamp"] == int(datetime(2024, 1, 15, 10, 30, tzinfo=UTC).timestamp()) * NS
    assert rows[0]["received_at"] == START_NS
    (change,) = [row for row in rows if row["type"] == "leader_change" and row["after"] is not None][-1:]
    assert change["derived"]
    assert change["after"] < change["received_at"]
    assert json.loads(change["data"])["new_leader"] == "node2"


def test_the_meta_data_stand_in_the_file_and_beside_it(tmp_path: Path, parquet: Any) -> None:
    path = write(tmp_path)
    within = json.loads(parquet.read_schema(path).metadata[b"helios"])
    assert within == json.loads((tmp_path / "out.parquet.meta.json").read_text())
    assert within["events"] == parquet.read_metadata(path).num_rows


def test_rows_are_written_in_groups(tmp_path: Path, parquet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_file, "GROUP_ROWS", 10)
    path = write(tmp_path)
    groups = parquet.read_metadata(path)
    assert groups.num_row_groups > 2
    assert parquet.read_table(path).num_rows == groups.num_rows


def test_what_a_server_may_send_is_taken_as_it_is(tmp_path: Path, parquet: Any) -> None:
    error = {"type": "error", "data": {"error": "=1+1\n\u202e"}}
    path = write(
        tmp_path,
        {**error, "timestamp": "9999-12-31T23:59:59Z"},
        {**error, "timestamp": "no time at all"},
        "{broken",
        {"type": "=cmd|\u0000", "data": [1]},
    )
    rows = parquet.read_table(path, columns=["timestamp", "timestamp_told", "type"]).to_pylist()
    assert [row["timestamp"] for row in rows] == [None] * 4
    assert [row["timestamp_told"] for row in rows][:2] == ["9999-12-31T23:59:59Z", "no time at all"]
    assert rows[3]["type"] == "=cmd|\u0000"


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r"helios-desktop\[parquet\]"):
        check_format(Format.PARQUET)
    check_format(Format.CSV)

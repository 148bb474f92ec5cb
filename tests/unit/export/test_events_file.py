"""Files of events: complete or absent, whatever happens on the way."""

import csv
import errno
import json
import os
import resource
from collections.abc import Callable, Iterator
from datetime import UTC, tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.event import Event, Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.export.events_file import SLICE, Wanted, meta_path, write_export, zone_name
from helios_desktop.export.lines import Format
from helios_desktop.export.replacement import PARTS, ExportCancelled, ExportError, check_writable
from helios_desktop.export.source import EVERYTHING, Source
from tests.unit.export.story import NS, START_NS, frame, write_journal

EventsOf = Callable[..., list[Event]]
WITHOUT_ARROW = pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow, of the extra parquet, is not here")
FORMATS = [pytest.param(kind, marks=WITHOUT_ARROW if kind is Format.PARQUET else ()) for kind in Format]
OF_LINES = [kind for kind in Format if kind is not Format.PARQUET]
EXPORTED_NS = 1_705_314_700_000_000_000


def write(
    path: Path,
    events: list[Event] | Source,
    file_format: Format,
    *,
    progress: Callable[[float], None] = lambda _done: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    zone: tzinfo | None = UTC,
    chosen: EventFilter = EVERYTHING,
) -> int:
    source = events if isinstance(events, Source) else Source(None, events, cluster="Demo", gone=3)
    wanted = Wanted(file_format, EXPORTED_NS, chosen, zone)
    return write_export(path, source, wanted, progress=progress, is_cancelled=is_cancelled)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def many(events_of: EventsOf) -> list[Event]:
    return events_of(*({"type": "error", "data": {"error": f"number {number}"}} for number in range(250)))


def test_json_lines_begin_with_the_meta_data(tmp_path: Path, many: list[Event]) -> None:
    path = tmp_path / "events.jsonl"
    source = Source(None, many, cluster="Demo", addresses=("http://a:8080", "http://b:8081"), gone=3)
    chosen = EventFilter(
        text="number", severities=frozenset({Severity.WARNING}), hidden_nodes=frozenset({"node2", "node1"})
    )
    assert write(path, source, Format.EVENTS, chosen=chosen) == 250
    head, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert head.pop("version")
    assert head == {
        "type": "meta",
        "format": "events",
        "program": "helios-desktop",
        "exported_at": "2024-01-15T10:31:40.000000000Z",
        "time_zone": "UTC",
        "cluster": "Demo",
        "source": "http://a:8080",
        "sources": ["http://a:8080", "http://b:8081"],
        "anonymised": False,
        "range": {"from": "2024-01-15T10:30:00.123456789Z", "to": "2024-01-15T10:34:09.123456789Z"},
        "filter": {
            "types": None,
            "hidden_types": [],
            "text": "number",
            "pattern": "",
            "severities": ["warning"],
            "nodes": None,
            "hidden_nodes": ["node1", "node2"],
            "observers": None,
            "hidden_observers": [],
            "since": None,
            "until": None,
        },
        "events": 250,
        "by_type": {"error": 250},
        "older_events_dropped": 3,
        "complete": True,
        "gaps": [],
        "not_recorded": [],
        "notes": [],
        "quality": {"malformed": 0, "lost": 0, "lost_estimated": 0, "observers": {}},
    }
    assert [record["data"]["error"] for record in records] == [f"number {number}" for number in range(250)]
    assert names_in(tmp_path) == ["events.jsonl"]


@pytest.mark.parametrize("file_format", [Format.CSV, Format.LOG])
def test_the_other_formats_have_their_meta_data_beside_them(
    tmp_path: Path, many: list[Event], file_format: Format
) -> None:
    path = tmp_path / f"out{file_format.suffix}"
    write(path, many, file_format)
    assert names_in(tmp_path) == [path.name, f"{path.name}.meta.json"]
    meta = json.loads(meta_path(path).read_text())
    assert (meta["type"], meta["format"], meta["events"]) == ("meta", file_format.value, 250)
    with path.open(newline="") as file:
        rows = list(csv.reader(file)) if file_format is Format.CSV else [[line] for line in file]
    assert len(rows) == 250 + (file_format is Format.CSV)


@pytest.mark.parametrize("file_format", OF_LINES)
def test_no_events_make_a_valid_file(tmp_path: Path, file_format: Format) -> None:
    assert write(tmp_path / "out", [], file_format) == 0
    assert (tmp_path / "out").read_text().count("\n") == (file_format is not Format.LOG)


def test_frames_are_what_was_received_as_it_came(tmp_path: Path) -> None:
    text = '{"type" : "error", "data": {"error": "=x"}}\n'
    write_journal(tmp_path / "journal", [frame(0, "{broken"), frame(1, text)])
    path = tmp_path / "out"
    assert write(path, Source(tmp_path / "journal"), Format.FRAMES) == 2
    head, first, second = [json.loads(line) for line in path.read_text().splitlines()]
    assert (head["observations"], head["by_kind"], head["time_zone"]) == (2, {"frame": 2}, "UTC")
    assert "events" not in head
    assert first["text"] == "{broken"
    assert second == {
        "received_at": "2024-01-15T10:30:01.123456789Z",
        "observer": "gw:8080",
        "epoch": 1,
        "kind": "frame",
        "text": text,
        "source": None,
        "status": None,
    }


def test_a_zone_is_named_as_a_person_writes_it() -> None:
    assert zone_name(UTC, None) == "UTC"
    assert "(+" in zone_name(None, START_NS) or "(-" in zone_name(None, START_NS)


@pytest.mark.parametrize("file_format", FORMATS)
def test_progress_rises_to_one(tmp_path: Path, many: list[Event], file_format: Format) -> None:
    told: list[float] = []
    write(tmp_path / "out", many, file_format, progress=told.append)
    assert told == sorted(told)
    assert len(told) >= 250 // SLICE
    assert told[-1] == 1.0


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_cancel_leaves_the_old_file_and_nothing_else(tmp_path: Path, many: list[Event], file_format: Format) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    told: list[float] = []
    with pytest.raises(ExportCancelled):
        write(path, many, file_format, progress=told.append, is_cancelled=lambda: bool(told) and told[-1] > 0.5)
    assert 0.5 < told[-1] < 1
    assert names_in(tmp_path) == ["out"]
    assert path.read_text() == "old"


def test_a_source_that_is_no_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "photo.helios").write_bytes(b"\x89PNG" * 100)
    with pytest.raises(ExportError, match="no recording of this program"):
        write(tmp_path / "out", Source(tmp_path / "photo.helios"), Format.EVENTS)
    assert names_in(tmp_path) == ["photo.helios"]


def test_a_pattern_that_is_none_is_a_sentence(tmp_path: Path, many: list[Event]) -> None:
    with pytest.raises(ExportError, match="no regular expression"):
        write(tmp_path / "out", many, Format.EVENTS, chosen=EventFilter(pattern="("))


def test_a_time_within_is_honoured_and_told(tmp_path: Path, many: list[Event]) -> None:
    chosen = EventFilter(since_ns=START_NS + 10 * NS, until_ns=START_NS + 12 * NS)
    assert write(tmp_path / "out", many, Format.EVENTS, chosen=chosen) == 2
    head = json.loads((tmp_path / "out").read_text().splitlines()[0])
    assert head["filter"]["since"] == "2024-01-15T10:30:10.123456789Z"
    assert head["range"]["to"] == "2024-01-15T10:30:11.123456789Z"


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process may grow beyond 4 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_full_disk_is_a_sentence_and_the_old_file_stays(
    tmp_path: Path, many: list[Event], file_format: Format, small_disk: None
) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(ExportError, match="disk is full") as caught:
        write(path, many, file_format)
    assert str(path) in str(caught.value)
    assert names_in(tmp_path) == ["out"]
    assert path.read_text() == "old"


def test_a_disk_that_fills_at_the_last_moment_is_told_too(
    tmp_path: Path, many: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ExportError, match="disk is full"):
        write(tmp_path / "out", many, Format.LOG)
    assert names_in(tmp_path) == []


BAD_PLACES: list[tuple[Callable[[Path], Path], str]] = [
    (lambda folder: folder / "absent" / "out", "its folder is not there"),
    (lambda folder: folder, "is a folder"),
    (lambda _folder: Path("/dev/null"), "device"),
]


@pytest.mark.parametrize(("place", "words"), BAD_PLACES, ids=["no folder", "a folder", "a device"])
def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, many: list[Event], place: Callable[[Path], Path], words: str
) -> None:
    path = place(tmp_path)
    with pytest.raises(ExportError, match=words):
        check_writable(path)
    with pytest.raises(ExportError, match=words):
        write(path, many, Format.EVENTS)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system names no open files")
def test_a_pipe_without_a_name_is_no_place_for_a_file() -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(ExportError, match="a device or a pipe"):
            check_writable(Path(f"/dev/fd/{writing}"))
    finally:
        os.close(reading)
        os.close(writing)


def test_an_unwritable_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_named: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # The suite may run as root, to whom nothing is forbidden.
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ExportError, match="Choose another folder") as caught:
        check_writable(tmp_path / "out")
    assert str(tmp_path / "out") in str(caught.value)


def test_asking_whether_a_place_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    check_writable(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "old"
    assert names_in(tmp_path) == ["out"]


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path, many: list[Event]) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, many, Format.EVENTS)
    assert link.is_symlink()
    assert real.read_text().startswith('{"type":"meta"')
    assert real.stat().st_mode & 0o777 == 0o640


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "a.helios"
    write_journal(path, [frame(0, "{broken")])
    return path


@pytest.mark.parametrize("ending", PARTS)
def test_a_recording_is_never_replaced_by_its_own_export(recording: Path, tmp_path: Path, ending: str) -> None:
    before = contents_of(tmp_path)
    with pytest.raises(ExportError, match="cannot take the place of what it is made from"):
        write(Path(f"{recording}{ending}"), Source(recording), Format.EVENTS)
    assert contents_of(tmp_path) == before


@pytest.mark.parametrize("make_link", [Path.symlink_to, Path.hardlink_to])
def test_another_name_of_the_recording_is_known_too(
    recording: Path, tmp_path: Path, make_link: Callable[[Path, Path], None]
) -> None:
    make_link(tmp_path / "link", recording)
    before = contents_of(tmp_path)
    with pytest.raises(ExportError, match="another name"):
        write(tmp_path / "link", Source(recording), Format.LOG)
    assert contents_of(tmp_path) == before


def test_the_meta_data_do_not_take_its_place_either(recording: Path, tmp_path: Path) -> None:
    odd = recording.rename(tmp_path / "out.meta.json")
    before = contents_of(tmp_path)
    with pytest.raises(ExportError, match=r"out\.meta\.json cannot take the place"):
        write(tmp_path / "out", Source(odd), Format.LOG)
    assert contents_of(tmp_path) == before
    assert write(tmp_path / "out", Source(odd), Format.EVENTS) == 1  # which has its meta data within
    assert odd.read_bytes() == before[odd.name]

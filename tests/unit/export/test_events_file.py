"""Files of events: complete or absent, whatever happens on the way."""

import asyncio
import csv
import errno
import json
import os
import random
import resource
from collections.abc import Callable, Iterator
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.client.address import parse_address
from helios_desktop.client.credentials import Credentials
from helios_desktop.event import Event, Gap, Severity
from helios_desktop.export.events_file import (
    SLICE_EVENTS,
    ExportCancelled,
    ExportError,
    check_writable,
    meta_path,
    write_events,
)
from helios_desktop.export.lines import Format
from helios_desktop.export.meta import ExportMeta, Extent, meta_of, meta_record
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.monitor.target import Target
from helios_desktop.store.log import EventFilter

EventsOf = Callable[..., list[Event]]
FORMATS = list(Format)
META = ExportMeta(
    cluster="Demo",
    sources=("http://127.0.0.1:8080", "http://127.0.0.1:8081"),
    exported_at_ns=1_705_314_700_000_000_000,
    filter=EventFilter(text="x", severities=frozenset({Severity.PROBLEM}), hidden_nodes=frozenset({"node2", "node1"})),
    gaps=(Gap("n1", "disconnected", 0, None),),
    quality={"malformed": 2, "lost": 1, "observers": {}},
    went=3,
    program_version="1.2.3",
)


async def write(
    path: Path,
    events: list[Event],
    file_format: Format,
    *,
    progress: Callable[[int], None] = lambda _written: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    zone: tzinfo | None = UTC,
) -> int:
    return await write_events(
        path, events, format=file_format, meta=META, zone=zone, progress=progress, is_cancelled=is_cancelled
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def many(events_of: EventsOf) -> list[Event]:
    return events_of(*({"type": "error", "data": {"error": f"number {number}"}} for number in range(250)))


async def test_json_lines_begin_with_the_meta_data(tmp_path: Path, many: list[Event]) -> None:
    path = tmp_path / "events.jsonl"
    assert await write(path, many, Format.EVENTS) == 250
    head, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert head == {
        "type": "meta",
        "format": "events",
        "program": "helios-desktop",
        "version": "1.2.3",
        "exported_at": "2024-01-15T10:31:40.000000000Z",
        "time_zone": "UTC",
        "cluster": "Demo",
        "source": "http://127.0.0.1:8080",
        "sources": ["http://127.0.0.1:8080", "http://127.0.0.1:8081"],
        "range": {"from": "2024-01-15T10:30:00.123456789Z", "to": "2024-01-15T10:34:09.123456789Z"},
        "filter": {
            "types": None,
            "hidden_types": [],
            "text": "x",
            "severities": ["problem"],
            "nodes": None,
            "hidden_nodes": ["node1", "node2"],
            "observers": None,
            "hidden_observers": [],
        },
        "events": 250,
        "by_type": {"error": 250},
        "older_events_dropped": 3,
        "complete": True,
        "gaps": [
            {
                "observer": "n1",
                "cause": "disconnected",
                "topic": None,
                "since": "1970-01-01T00:00:00.000000000Z",
                "until": None,
                "lost": None,
            }
        ],
        "quality": {"malformed": 2, "lost": 1, "observers": {}},
    }
    assert [record["data"]["error"] for record in records] == [f"number {number}" for number in range(250)]
    assert names_in(tmp_path) == ["events.jsonl"]


@pytest.mark.parametrize("file_format", [Format.CSV, Format.LOG])
async def test_the_other_formats_have_their_meta_data_beside_them(
    tmp_path: Path, many: list[Event], file_format: Format
) -> None:
    path = tmp_path / f"out{file_format.suffix}"
    await write(path, many, file_format)
    assert names_in(tmp_path) == [path.name, f"{path.name}.meta.json"]
    meta = json.loads(meta_path(path).read_text())
    assert (meta["type"], meta["format"], meta["events"]) == ("meta", file_format.value, 250)
    with path.open(newline="") as file:
        rows = list(csv.reader(file)) if file_format is Format.CSV else [[line] for line in file]
    assert len(rows) == 250 + (file_format is Format.CSV)


@pytest.mark.parametrize("file_format", FORMATS)
async def test_no_events_make_a_valid_file(tmp_path: Path, file_format: Format) -> None:
    assert await write(tmp_path / "out", [], file_format) == 0
    assert (tmp_path / "out").read_text().count("\n") == (file_format is not Format.LOG)


async def test_progress_is_told_and_the_loop_goes_on_meanwhile(tmp_path: Path, many: list[Event]) -> None:
    told: list[int] = []
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await write(tmp_path / "out", many, Format.EVENTS, progress=told.append)
    counting.cancel()
    assert told == [SLICE_EVENTS, 2 * SLICE_EVENTS, 250]
    assert turns >= len(told)


@pytest.mark.parametrize("file_format", FORMATS)
async def test_a_cancel_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, many: list[Event], file_format: Format
) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    told: list[int] = []
    with pytest.raises(ExportCancelled):
        await write(path, many, file_format, progress=told.append, is_cancelled=lambda: bool(told))
    assert told == [SLICE_EVENTS]
    assert names_in(tmp_path) == ["out"]
    assert path.read_text() == "old"


async def test_a_cancelled_task_leaves_no_trace(tmp_path: Path, many: list[Event]) -> None:
    task: asyncio.Task[int]

    def cancel(_written: int) -> None:
        task.cancel()

    task = asyncio.create_task(write(tmp_path / "out", many, Format.CSV, progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names_in(tmp_path) == []


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process may grow beyond 4 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("file_format", FORMATS)
async def test_a_full_disk_is_a_sentence_and_the_old_file_stays(
    tmp_path: Path, many: list[Event], file_format: Format, small_disk: None
) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(ExportError, match="disk is full") as caught:
        await write(path, many, file_format)
    assert str(path) in str(caught.value)
    assert names_in(tmp_path) == ["out"]
    assert path.read_text() == "old"


async def test_a_disk_that_fills_at_the_last_moment_is_told_too(
    tmp_path: Path, many: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ExportError, match="disk is full"):
        await write(tmp_path / "out", many, Format.LOG)
    assert names_in(tmp_path) == []


BAD_PLACES: list[tuple[Callable[[Path], Path], str]] = [
    (lambda folder: folder / "absent" / "out", "its folder is not there"),
    (lambda folder: folder, "is a folder"),
    (lambda _folder: Path("/dev/null"), "device"),
]


@pytest.mark.parametrize(("place", "words"), BAD_PLACES, ids=["no folder", "a folder", "a device"])
async def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, many: list[Event], place: Callable[[Path], Path], words: str
) -> None:
    path = place(tmp_path)
    with pytest.raises(ExportError, match=words):
        check_writable(path)
    with pytest.raises(ExportError, match=words):
        await write(path, many, Format.EVENTS)


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


async def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path, many: list[Event]) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    await write(link, many, Format.EVENTS)
    assert link.is_symlink()
    assert real.read_text().startswith('{"type":"meta"')
    assert real.stat().st_mode & 0o777 == 0o640


def test_the_meta_data_of_a_monitor_hold_no_secret() -> None:
    target = Target("Prod", (parse_address("127.0.0.1:8080"),), Credentials("ops", "hunter2", "hunter3"))
    monitor = Monitor(target, now_ns=lambda: 5, rng=random.Random(1))
    meta = meta_of(monitor, went=7, is_complete=False)
    record = meta_record(meta, Extent(0, {}, None, None), file_format="csv", time_zone="UTC")
    assert (record["source"], record["sources"]) == ("http://127.0.0.1:8080", ["http://127.0.0.1:8080"])
    assert (record["cluster"], record["older_events_dropped"], record["complete"]) == ("Prod", 7, False)
    assert "hunter" not in repr(meta) + json.dumps(record)

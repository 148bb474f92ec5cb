"""`export` on a scripted monitor."""

import asyncio
import io
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.export.events_file import meta_path
from helios_desktop.export.lines import Format
from helios_desktop.headless.exit_codes import ExitCode
from helios_desktop.headless.export import export
from helios_desktop.monitor.monitor import Monitor
from helios_desktop.observation import Cause, Phase

Make = Callable[..., Any]


async def run(
    monitor: Monitor,
    path: Path,
    err: io.StringIO,
    *,
    file_format: Format = Format.EVENTS,
    for_s: float = 0.3,
    only: frozenset[str] | None = None,
) -> int:
    return await export(monitor, path=path, format=file_format, for_s=for_s, only=only, is_utc=True, err=err)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def err() -> io.StringIO:
    return io.StringIO()


@pytest.mark.parametrize("file_format", list(Format))
async def test_what_was_seen_is_in_the_file(
    scripted: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO, file_format: Format
) -> None:
    path = tmp_path / "out"
    assert await run(scripted(phase(Phase.LIVE), status), path, err, file_format=file_format) == ExitCode.WELL
    text = path.read_text()
    assert "connection" in text
    assert "node1" in text
    meta = json.loads(text.splitlines()[0] if file_format is Format.EVENTS else meta_path(path).read_text())
    assert (meta["cluster"], meta["complete"], meta["by_type"]["status"]) == ("Test", True, 1)
    assert f"{meta['events']} events in {path}" in err.getvalue()
    assert "hunter2" not in text


async def test_only_the_types_that_are_asked_for_are_written(
    scripted: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "out"
    await run(scripted(phase(Phase.LIVE), status), path, err, only=frozenset({"status"}))
    meta, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["type"] for record in records] == ["status"]
    assert meta["filter"]["types"] == ["status"]


async def test_an_interrupt_writes_what_there_is_and_says_that_it_is_not_all(
    scripted: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "out"
    monitor = scripted(phase(Phase.LIVE), status)
    running = asyncio.create_task(run(monitor, path, err, for_s=600))
    await monitor.has_played.wait()
    signal.raise_signal(signal.SIGINT)
    assert await running == ExitCode.INTERRUPTED
    meta, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert meta["complete"] is False
    assert records


async def test_without_a_connection_there_is_no_file(
    scripted: Make, phase: Make, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    code = await run(scripted(phase(Phase.BACKOFF, Cause.REFUSED)), path, err, for_s=600)
    assert code == ExitCode.CANNOT_CONNECT
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["out"]


async def test_a_place_that_cannot_be_written_is_found_before_anything_is_gathered(
    scripted: Make, phase: Make, tmp_path: Path, err: io.StringIO
) -> None:
    monitor = scripted(phase(Phase.LIVE))
    assert await run(monitor, tmp_path / "absent" / "out", err, for_s=600) == ExitCode.FAILURE
    assert "its folder is not there" in err.getvalue()
    assert not monitor.has_played.is_set()

"""`export` and `report` of a scripted cluster, and of a recording."""

import asyncio
import io
import json
import signal
import sys
from collections.abc import Callable
from datetime import UTC
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.event_filter import EventFilter
from helios_desktop.export.events_file import meta_path
from helios_desktop.export.lines import Format
from helios_desktop.headless.bounds import Bounds
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.export import Chosen, export, report
from helios_desktop.headless.gather import Cluster
from helios_desktop.headless.instants import BeforeEnd, TimeOfDay
from helios_desktop.observation import Cause, Phase
from tests.unit.export.story import NS, START_NS, story, write_journal

Make = Callable[..., Any]
OF_LINES = [kind for kind in Format if kind is not Format.PARQUET]


async def run(
    source: Path | Cluster,
    path: Path,
    err: io.StringIO,
    *,
    file_format: Format = Format.EVENTS,
    for_s: float | None = 0.3,
    only: frozenset[str] | None = None,
    bounds: Bounds = Bounds(),  # noqa: B008 - frozen
) -> int:
    return await export(
        source,
        path,
        format=file_format,
        for_s=for_s,
        bounds=bounds,
        chosen=Chosen(EventFilter(types=only), UTC),
        now_ns=lambda: START_NS,
        err=err,
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def err() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A minute with an election in its middle."""
    path = tmp_path / "in" / "a.helios"
    write_journal(path, story(60, elections=(30,)))
    return path


@pytest.mark.parametrize("file_format", OF_LINES)
async def test_what_was_seen_is_in_the_file(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO, file_format: Format
) -> None:
    path = tmp_path / "out"
    assert await run(cluster_of(phase(Phase.LIVE), status), path, err, file_format=file_format) == ExitCode.WELL
    text = path.read_text()
    assert "connection" in text
    assert "node1" in text
    meta = json.loads(text.splitlines()[0] if file_format.has_meta_line else meta_path(path).read_text())
    assert (meta["cluster"], meta["complete"]) == ("Test", True)
    if file_format.is_of_events:
        assert meta["by_type"]["status"] == 1
        assert f"{meta['events']} events in {path}" in err.getvalue()
    else:
        assert meta["by_kind"] == {"connection": 1, "frame": 1}
        assert f"2 observations in {path}" in err.getvalue()
    assert "hunter2" not in text


async def test_only_the_types_that_are_asked_for_are_written(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "out"
    await run(cluster_of(phase(Phase.LIVE), status), path, err, only=frozenset({"status"}))
    meta, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["type"] for record in records] == ["status"]
    assert meta["filter"]["types"] == ["status"]


async def test_an_interrupt_writes_what_there_is_and_says_that_it_is_not_all(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "out"
    cluster = cluster_of(phase(Phase.LIVE), status)
    running = asyncio.create_task(run(cluster, path, err, for_s=600))
    async with asyncio.timeout(20):
        while "connected" not in err.getvalue():  # noqa: ASYNC110 - a stream tells nobody that it was written to
            await asyncio.sleep(0.005)
    await cluster.monitor.has_played.wait()
    signal.raise_signal(signal.SIGINT)
    assert await running == ExitCode.INTERRUPTED
    meta, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert meta["complete"] is False
    assert records


async def test_without_a_connection_there_is_no_file(
    cluster_of: Make, phase: Make, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(CommandError) as caught:
        await run(cluster_of(phase(Phase.BACKOFF, Cause.REFUSED)), path, err, for_s=600)
    assert caught.value.code == ExitCode.CANNOT_CONNECT
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["out"]


async def test_a_place_that_cannot_be_written_is_found_before_anything_is_gathered(
    cluster_of: Make, phase: Make, tmp_path: Path, err: io.StringIO
) -> None:
    cluster = cluster_of(phase(Phase.LIVE))
    with pytest.raises(CommandError, match="its folder is not there") as caught:
        await run(cluster, tmp_path / "absent" / "out", err, for_s=600)
    assert caught.value.code == ExitCode.FAILURE
    assert not hasattr(cluster, "monitor")


async def test_a_format_that_cannot_be_written_is_found_before_anything_is_gathered(
    cluster_of: Make, phase: Make, tmp_path: Path, err: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    cluster = cluster_of(phase(Phase.LIVE))
    with pytest.raises(CommandError, match="pyarrow"):
        await run(cluster, tmp_path / "out", err, file_format=Format.PARQUET, for_s=600)
    assert not hasattr(cluster, "monitor")


@pytest.mark.parametrize(
    "file_format",
    [
        *OF_LINES,
        pytest.param(
            Format.PARQUET,
            marks=pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow, of the extra parquet, is not here"),
        ),
    ],
)
async def test_a_recording_is_exported_whole(
    recording: Path, tmp_path: Path, err: io.StringIO, file_format: Format
) -> None:
    path = tmp_path / "out"
    assert await run(recording, path, err, file_format=file_format, for_s=None) == ExitCode.WELL
    assert path.stat().st_size > 1000
    assert str(path) in err.getvalue()


async def test_of_a_recording_only_the_time_that_is_asked_for(
    recording: Path, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "out"
    only = frozenset({"leader_change"})
    bounds = Bounds(TimeOfDay(10, 30, 25), BeforeEnd(20 * NS))
    await run(recording, path, err, for_s=None, only=only, bounds=bounds)
    meta, *records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["data"]["new_leader"] for record in records] == ["node2"]
    assert meta["filter"]["since"] == "2024-01-15T10:30:25.000000000Z"


async def test_a_time_that_the_recording_has_not_is_a_sentence(
    recording: Path, tmp_path: Path, err: io.StringIO
) -> None:
    with pytest.raises(CommandError, match="has nothing between these times"):
        await run(recording, tmp_path / "out", err, for_s=None, bounds=Bounds(since=TimeOfDay(12, 0)))
    assert names_in(tmp_path) == ["in"]


async def test_a_type_that_nobody_knows_is_told(recording: Path, tmp_path: Path, err: io.StringIO) -> None:
    await run(recording, tmp_path / "out", err, for_s=None, only=frozenset({"leader_chang"}))
    assert "did you mean leader_change?" in err.getvalue()
    assert "0 events in" in err.getvalue()


async def test_a_report_is_made_of_a_recording_and_of_a_cluster(
    cluster_of: Make, phase: Make, status: str, recording: Path, tmp_path: Path, err: io.StringIO
) -> None:
    for source, for_s in ((recording, None), (cluster_of(phase(Phase.LIVE), status), 0.3)):
        path = tmp_path / "out.html"
        code = await report(source, path, for_s=for_s, bounds=Bounds(), chosen=Chosen(zone=UTC), err=err)
        assert code == ExitCode.WELL
        assert "</html>" in path.read_text()
        assert f"the report is {path}" in err.getvalue()
        path.unlink()

"""`record` of a scripted cluster: one file, whole, and nothing that was there is lost."""

import asyncio
import io
import shutil
import signal
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.headless import gather as gathering
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.gather import Cluster
from helios_desktop.headless.record import record
from helios_desktop.journal.manifest import MANIFEST, read_manifest
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.writer import Item, Unrecorded, Writer
from helios_desktop.observation import Cause, Phase

Make = Callable[..., Any]


async def run(cluster: Cluster, path: Path, err: io.StringIO, *, for_s: float | None = 0.3, **options: bool) -> int:
    return await record(
        cluster,
        path,
        for_s=for_s,
        is_replacing=options.get("is_replacing", False),
        is_anonymised=options.get("is_anonymised", False),
        err=err,
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def err() -> io.StringIO:
    return io.StringIO()


async def test_it_is_one_file_that_describes_itself(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "a.helios"
    assert await run(cluster_of(phase(Phase.LIVE), status), path, err) == ExitCode.WELL
    assert names_in(tmp_path) == ["a.helios"]
    with Reader(path) as reader:
        assert MANIFEST in reader.meta()
        manifest = read_manifest(reader)
        assert reader.runs()[0].ended_ns is not None
        (mode,) = reader.connection.execute("PRAGMA journal_mode").fetchone()
    assert mode == "delete"
    assert (manifest.cluster, manifest.observations) == ("Test", 2)
    assert f"{manifest.events} events in {path}" in err.getvalue()
    assert b"hunter2" not in path.read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_whole(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO, number: signal.Signals
) -> None:
    path = tmp_path / "a.helios"
    running = asyncio.create_task(run(cluster_of(phase(Phase.LIVE), status), path, err, for_s=None))
    async with asyncio.timeout(20):
        while "connected; recording until Ctrl-C" not in err.getvalue():  # noqa: ASYNC110 - a stream tells nobody
            await asyncio.sleep(0.005)
    signal.raise_signal(number)
    assert await running == (ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED)
    assert names_in(tmp_path) == ["a.helios"]
    with Reader(path) as reader:
        assert reader.extent().observations == 2


async def test_what_is_there_is_refused_unless_it_is_to_be_replaced(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "a.helios"
    path.write_text("old")
    with pytest.raises(CommandError, match="--replace"):
        await run(cluster_of(phase(Phase.LIVE), status), path, err)
    assert path.read_text() == "old"
    assert await run(cluster_of(phase(Phase.LIVE), status), path, err, is_replacing=True) == ExitCode.WELL
    assert names_in(tmp_path) == ["a.helios"]
    with Reader(path) as reader:
        assert reader.extent().observations == 2


async def test_without_a_connection_the_old_file_is_back_and_there_is_no_new_one(
    cluster_of: Make, phase: Make, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "a.helios"
    path.write_text("old")
    with pytest.raises(CommandError) as caught:
        await run(cluster_of(phase(Phase.BACKOFF, Cause.REFUSED)), path, err, is_replacing=True)
    assert caught.value.code == ExitCode.CANNOT_CONNECT
    assert names_in(tmp_path) == ["a.helios"]
    assert path.read_text() == "old"


async def test_an_anonymised_one_leaves_no_trace_of_the_names(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "a.helios"
    cluster = cluster_of(phase(Phase.LIVE), status, gateways="raft1.example.com:8443")
    assert await run(cluster, path, err, is_anonymised=True) == ExitCode.WELL
    assert names_in(tmp_path) == ["a.helios"]
    with Reader(path) as reader:
        assert read_manifest(reader).is_anonymised
    assert b"example.com" not in path.read_bytes()


@pytest.mark.parametrize(("place", "words"), [("absent/a.helios", "folder is not there"), (".", "is a folder")])
async def test_a_place_that_cannot_be_written_is_a_sentence(
    cluster_of: Make, phase: Make, tmp_path: Path, err: io.StringIO, place: str, words: str
) -> None:
    cluster = cluster_of(phase(Phase.LIVE))
    with pytest.raises(CommandError, match=words):
        await run(cluster, tmp_path / place, err)
    assert not hasattr(cluster, "monitor")


class Terminal(io.StringIO):
    """One that says so."""

    def isatty(self) -> bool:
        """It is."""
        return True


async def test_a_terminal_sees_how_much_there_is(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "SHOW_EVERY_S", 0.01)
    err = Terminal()
    await run(cluster_of(phase(Phase.LIVE), status), tmp_path / "a.helios", err)
    said = err.getvalue()
    assert "recording: 0 s, 2 observations, " in said
    assert "MB" in said
    assert said.split("\r")[-1].startswith("\x1b[K")  # the last figures are taken away before the summary


async def test_a_pipe_sees_none_of_that(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    await run(cluster_of(phase(Phase.LIVE), status), tmp_path / "a.helios", err)
    assert "\r" not in err.getvalue()
    assert "observations" not in err.getvalue()


def damaged() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


async def test_a_file_that_was_damaged_meanwhile_is_no_whole_recording_and_is_named(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = Writer.write, [damaged()]

    def fail_once(self: Writer, items: Sequence[Item]) -> None:
        if failures:
            raise failures.pop()
        write(self, items)

    monkeypatch.setattr(Writer, "write", fail_once)
    path = tmp_path / "a.helios"
    with pytest.raises(CommandError, match="damaged meanwhile") as caught:
        await run(cluster_of(phase(Phase.LIVE), status), path, err)
    assert caught.value.code == ExitCode.FAILURE
    (aside,) = (name for name in names_in(tmp_path) if "damaged" in name and name.endswith(".helios"))
    assert f"It is now {tmp_path / aside};" in str(caught.value)
    assert f"events in {path}" in err.getvalue()


async def test_a_gap_is_no_whole_recording(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_run = Writer.end_run

    def leave_a_gap(self: Writer, ended_ns: int) -> None:
        self.write([Unrecorded(1, 2, "disk full", 3)])
        end_run(self, ended_ns)

    monkeypatch.setattr(Writer, "end_run", leave_a_gap)
    path = tmp_path / "a.helios"
    with pytest.raises(CommandError, match="has a gap") as caught:
        await run(cluster_of(phase(Phase.LIVE), status), path, err)
    assert caught.value.code == ExitCode.FAILURE


async def ended(cluster: Cluster, path: Path, err: io.StringIO, spoil: Callable[[], object]) -> CommandError:
    """Record in the place of what is there; when all is recorded, `spoil` comes before the file is finished."""
    make_monitor = cluster.make_monitor

    def make_spoiled(recorder: Any) -> Any:
        monitor = make_monitor(recorder)
        close_recording = monitor.close_recording

        async def close_and_spoil() -> int:
            lost = await close_recording()
            spoil()
            return lost

        monitor.close_recording = close_and_spoil  # type: ignore[method-assign]
        return monitor

    spoiled = Cluster(cluster.target, cluster.now_ns, make_spoiled)
    with pytest.raises(CommandError) as caught:
        await run(spoiled, path, err, is_replacing=True)
    assert caught.value.code == ExitCode.FAILURE
    return caught.value


async def test_where_the_file_is_damaged_at_the_end_the_sentence_names_it_and_what_was_there_before(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "a.helios"
    path.write_text("old")
    error = await ended(cluster_of(phase(Phase.LIVE), status), path, err, lambda: path.write_bytes(b"broken" * 1000))
    assert f"{path} is damaged" in str(error)
    (old,) = (tmp_path / name for name in names_in(tmp_path) if name.endswith(".old"))
    assert f"What was there before is in {old}." in str(error)
    assert old.read_text() == "old"


async def test_where_the_new_file_is_gone_the_old_one_is_back(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "a.helios"
    path.write_text("old")
    error = await ended(cluster_of(phase(Phase.LIVE), status), path, err, path.unlink)
    assert f"There is no file {path}" in str(error)
    assert names_in(tmp_path) == ["a.helios"]
    assert path.read_text() == "old"


async def test_where_the_folder_is_gone_a_sentence_says_so(
    cluster_of: Make, phase: Make, status: str, tmp_path: Path, err: io.StringIO
) -> None:
    path = tmp_path / "in" / "a.helios"
    path.parent.mkdir()
    error = await ended(cluster_of(phase(Phase.LIVE), status), path, err, lambda: shutil.rmtree(path.parent))
    assert str(error) == f"There is no file {path}. Look whether it was moved or renamed."

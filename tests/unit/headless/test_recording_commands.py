"""`tail`, `info`, `trim` and `merge` of recordings, and what is said of files that are none."""

import errno
import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helios_desktop.event import Event
from helios_desktop.headless.bounds import Bounds
from helios_desktop.headless.exit_codes import CommandError, ExitCode
from helios_desktop.headless.info import info
from helios_desktop.headless.instants import BeforeEnd, TimeOfDay
from helios_desktop.headless.job import run_job
from helios_desktop.headless.recordings import CUTTING, extent_of, join, rescue, trim
from helios_desktop.headless.tail import line_maker
from helios_desktop.headless.tail_recording import tail_recording
from helios_desktop.journal.note import Note
from helios_desktop.journal.notes import add_note
from helios_desktop.journal.reader import Reader
from helios_desktop.observation import Kind
from tests.unit.export.story import NS, START_NS, frame, story, write_journal


class Screen(io.StringIO):
    """A stream that a test can look into, and that can break."""

    encoding = "utf-8"

    def __init__(self, *, is_terminal: bool = False, breaks_with: int | None = None) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._breaks_with = breaks_with

    def isatty(self) -> bool:
        """As it was made."""
        return self._is_terminal

    def write(self, text: str) -> int:
        """Take it, or break."""
        if self._breaks_with is not None:
            raise OSError(self._breaks_with, os.strerror(self._breaks_with))
        return super().write(text)

    def fileno(self) -> int:
        """There is none."""
        raise OSError("no descriptor")


@pytest.fixture
def out() -> Screen:
    return Screen()


@pytest.fixture
def err() -> Screen:
    return Screen()


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, list[Event]]:
    """A minute with an election in its middle, and a frame that is no message."""
    path = tmp_path / "a.helios"
    return path, write_journal(path, [*story(60, elections=(30,)), frame(60.5, "{broken\x1b[31m")])


async def show(path: Path, out: Screen, err: Screen, **options: Any) -> int:
    wanted = {"as_json": False, "is_raw": False, "only": None, "bounds": Bounds(), "colour": False} | options
    return await tail_recording(path, out=out, err=err, **wanted)


async def test_its_lines_are_those_of_a_live_tail(recorded: tuple[Path, list[Event]], out: Screen, err: Screen) -> None:
    path, events = recorded
    for as_json in (False, True):
        shown = Screen()
        assert await show(path, shown, err, as_json=as_json) == ExitCode.WELL
        make_line = line_maker(out, as_json=as_json, colour=False)
        lines = shown.getvalue().splitlines()
        assert len(lines) == len(events)
        assert [line.split() for line in lines] == [make_line(event).split() for event in events]


async def test_raw_is_the_frames_alone_and_steers_no_terminal(
    recorded: tuple[Path, list[Event]], out: Screen, err: Screen
) -> None:
    path, events = recorded
    await show(path, out, err, is_raw=True)
    frames = [event.observation.text for event in events if event.observation.kind is Kind.FRAME]
    assert out.getvalue().splitlines() == list(dict.fromkeys(frames))
    terminal = Screen(is_terminal=True)
    await show(path, terminal, err, is_raw=True, only=frozenset({"malformed"}))
    assert terminal.getvalue() == "{broken\\x1b[31m\n"


async def test_only_a_type_within_a_time(recorded: tuple[Path, list[Event]], out: Screen, err: Screen) -> None:
    path, _events = recorded
    await show(path, out, err, only=frozenset({"leader_change"}), bounds=Bounds(since=BeforeEnd(40 * NS)))
    (line,) = out.getvalue().splitlines()
    assert "node1 → node2, term 6" in line


async def test_a_closed_pipe_ends_it_and_a_full_disk_is_a_sentence(
    recorded: tuple[Path, list[Event]], err: Screen
) -> None:
    path, _events = recorded
    assert await show(path, Screen(breaks_with=errno.EPIPE), err) == ExitCode.WELL
    with pytest.raises(CommandError, match="cannot be written"):
        await show(path, Screen(breaks_with=errno.ENOSPC), err)


async def test_info_says_what_it_holds(recorded: tuple[Path, list[Event]], err: Screen) -> None:
    path, events = recorded
    add_note(path, Note(1, START_NS + 30 * NS, None, None, "here it began", START_NS + 90 * NS))
    out = Screen()
    assert await info(path, as_json=True, is_checked=True, out=out, err=err) == ExitCode.WELL
    record = json.loads(out.getvalue())
    assert (record["type"], record["events"], record["cluster"]) == ("info", len(events), "Test")
    assert record["by_type"]["malformed"] == 1
    assert sum(record["by_type"].values()) == len(events)
    assert record["range"] == {"from": "2024-01-15T10:30:00.123456789Z", "to": "2024-01-15T10:31:00.623456789Z"}
    assert record["integrity"] == {"ok": True, "faults": []}
    assert [note["text"] for note in record["notes"]] == ["here it began"]
    assert record["runs"] == [
        {
            "started_at": "2024-01-15T10:30:00.123456789Z",
            "ended_at": "2024-01-15T10:31:00.623456789Z",
            "program": "1.2.3",
        }
    ]
    out = Screen()
    await info(path, as_json=False, is_checked=False, out=out, err=err)
    said = out.getvalue()
    assert "here it began" in said
    assert "integrity" not in said
    assert any(line.split() == ["1", "malformed"] for line in said.splitlines())


async def test_info_finds_damage_where_it_is_asked_to_and_what_is_left_can_be_rescued(
    recorded: tuple[Path, list[Event]], out: Screen, err: Screen
) -> None:
    path, events = recorded
    content = bytearray(path.read_bytes())
    with Reader(path) as reader:
        (root,) = reader.connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event_facet'").fetchone()
    content[(root - 1) * 4096 : (root - 1) * 4096 + 64] = bytes(64)
    path.write_bytes(content)
    with pytest.raises(CommandError, match="is damaged") as caught:
        await info(path, as_json=False, is_checked=True, out=out, err=err)
    assert caught.value.code == ExitCode.FAILURE
    whole = path.with_name("whole.helios")
    assert await rescue(path, whole, now_ns=START_NS, is_replacing=False, err=err) == ExitCode.WELL
    assert extent_of(whole).events == len(events)


async def test_a_part_is_a_recording_of_its_own(recorded: tuple[Path, list[Event]], err: Screen) -> None:
    path, _events = recorded
    out = path.with_name("b.helios")
    bounds = Bounds(TimeOfDay(10, 30, 20), BeforeEnd(20 * NS))
    cut: dict[str, Any] = {"now_ns": START_NS, "zone": None, "is_anonymised": False, "err": err}
    since = Bounds(since=BeforeEnd(int(20.5 * NS)))
    assert await trim(path, out, since, is_replacing=False, **cut) == ExitCode.WELL
    extent = extent_of(out)
    assert extent.first_ns is not None
    assert extent.first_ns >= START_NS + 40 * NS
    assert f"events in {out}" in err.getvalue()
    with pytest.raises(CommandError, match="--replace"):
        await trim(path, out, bounds, is_replacing=False, **cut)


async def test_parts_make_the_whole_again(recorded: tuple[Path, list[Event]], err: Screen) -> None:
    path, events = recorded
    cut: dict[str, Any] = {"now_ns": START_NS, "zone": None, "is_anonymised": False, "is_replacing": False, "err": err}
    early, late, whole = (path.with_name(name) for name in ("early.helios", "late.helios", "whole.helios"))
    middle_ns = START_NS + 20 * NS
    await trim(path, early, Bounds(until=middle_ns), **cut)
    await trim(path, late, Bounds(since=middle_ns), **cut)
    assert await join([late, early], whole, now_ns=START_NS, is_one_cluster=False, is_replacing=False, err=err) == 0
    assert extent_of(whole).events == len(events)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "There is no file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"%PDF" * 500), "no recording of this program"),
        (lambda path: path.mkdir(), "is a folder"),
    ],
    ids=["missing", "empty", "foreign", "a folder"],
)
async def test_a_file_that_is_no_recording_is_a_sentence(
    make: Callable[[Path], object], words: str, tmp_path: Path, out: Screen, err: Screen
) -> None:
    path = tmp_path / "x.helios"
    make(path)
    with pytest.raises(CommandError, match=words) as caught:
        await trim(
            path,
            tmp_path / "y.helios",
            Bounds(since=BeforeEnd(NS)),
            now_ns=START_NS,
            zone=None,
            is_anonymised=False,
            is_replacing=False,
            err=err,
        )
    assert caught.value.code == ExitCode.FAILURE
    assert str(path) in str(caught.value)
    with pytest.raises(CommandError, match=words):
        await info(path, as_json=False, is_checked=True, out=out, err=err)


async def test_a_recording_of_nothing_is_told_from_one_that_is_broken(tmp_path: Path, err: Screen) -> None:
    path = tmp_path / "x.helios"
    write_journal(path)
    out = Screen()
    assert await info(path, as_json=False, is_checked=True, out=out, err=err) == ExitCode.WELL
    assert "nothing yet" in out.getvalue()
    with pytest.raises(CommandError, match="holds nothing yet"):
        await show(path, out, err, bounds=Bounds(since=BeforeEnd(NS)))
    assert await show(path, out, err) == ExitCode.WELL


async def test_a_signal_ends_a_job_and_its_code_says_so(err: Screen) -> None:
    def work(progress: Callable[[float], None], is_cancelled: Callable[[], bool]) -> None:
        signal.raise_signal(signal.SIGTERM)
        while not is_cancelled():
            progress(0.3)
        raise CUTTING[1]

    with pytest.raises(CommandError, match="no file was written") as caught:
        await run_job(work, "cutting", failures=CUTTING, err=err)
    assert caught.value.code == ExitCode.TERMINATED
    assert err.getvalue() == ""


async def test_a_job_shows_its_progress_on_a_terminal_and_takes_it_away() -> None:
    err = Screen(is_terminal=True)

    def work(progress: Callable[[float], None], _is_cancelled: Callable[[], bool]) -> int:
        progress(0.42)
        progress(1.0)
        return 1

    assert await run_job(work, "cutting", failures=CUTTING, err=err) == 1
    assert "helios-desktop: cutting 42 %" in err.getvalue()
    assert err.getvalue().endswith("\r\x1b[K")


async def test_a_place_without_its_folder_is_found_before_anything_is_read(
    recorded: tuple[Path, list[Event]], err: Screen
) -> None:
    path, _events = recorded
    out = path.parent / "absent" / "z.helios"
    made: dict[str, Any] = {"now_ns": START_NS, "is_replacing": False, "err": err}
    bounds = Bounds(since=BeforeEnd(30 * NS))
    for work in (
        trim(path, out, bounds, zone=None, is_anonymised=False, **made),
        rescue(path, out, **made),
        join([path], out, is_one_cluster=False, **made),
    ):
        with pytest.raises(CommandError, match="its folder is not there") as caught:
            await work
        assert caught.value.code == ExitCode.FAILURE
    assert not out.parent.exists()

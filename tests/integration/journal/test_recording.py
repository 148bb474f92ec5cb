"""What is recorded comes out again; where the disk does not serve, the live side never notices."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.failure import NoRoomError, TakenError
from helios_desktop.journal.inbox import ITEM_BYTES
from helios_desktop.journal.manifest import BETWEEN_RUNS, find_manifest
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import CHECKPOINT_EVERY, Recorder
from helios_desktop.journal.retention import Limits
from helios_desktop.journal.scribe import Opening
from helios_desktop.journal.writer import Unrecorded, Writer
from helios_desktop.monitor.survey import Missing, Surveyor
from tests.integration.journal.recording import (
    a_run,
    faulty,
    read,
    recording,
    sqlite_error,
    until,
)
from tests.unit.journal.checks import check_whole
from tests.unit.journal.stream import APART_NS, NS, START_NS, Stream

ROOM: Final = 40 * (2 * ITEM_BYTES + 200)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are tried again at once."""
    monkeypatch.setattr("helios_desktop.journal.scribe.RETRY_S", 0.02)
    monkeypatch.setattr("helios_desktop.journal.scribe.IDLE_S", 0.05)


class _Switch:
    """Raises an error while it is on."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        self.is_on = True
        self._error = error

    def __call__(self) -> Exception | None:
        return self._error() if self.is_on else None


async def test_what_went_in_comes_out_in_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.journal"
    async with recording(Recorder(path, a_run())) as live:
        for _ in range(40):
            for _ in range(300):
                live.record(live.stream.frame())
            live.record(live.stream.tick())
            live.record(live.stream.derived())
            await asyncio.sleep(0)
        assert live.recorder.status.problem == ""
    assert read(path) == [one.observation for one in live.stream.seen]
    status = live.recorder.status
    assert status.until_ns == live.stream.now_ns
    assert status.last_event == live.stream.next_event - 1
    with Reader(path) as reader:
        (run,) = reader.runs()
        assert (run.started_ns, run.first_seq, run.first_event) == (START_NS, 1, START_NS // 1_000)
        assert run.ended_ns is not None
        assert reader.meta()["cluster"] == "Test"
        kept = reader.checkpoint(10**9, 1)
        assert kept is not None
        assert kept.state.startswith(f"state after {kept.seq}".encode())
        assert kept.seq >= 2 * CHECKPOINT_EVERY
    with closing(open_journal(path)) as connection:
        check_whole(connection)


async def test_a_second_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    seen = []
    for _ in range(3):
        async with recording(Recorder(path, a_run())) as live:
            live.record(*live.stream.frames(10))
        seen += [one.observation for one in live.stream.seen]
    assert read(path) == seen
    with Reader(path) as reader:
        assert [run.first_event for run in reader.runs()] == [START_NS // 1_000 + 10 * number for number in range(3)]
        assert reader.extent().events == 30


async def test_while_the_disk_is_full_all_waits_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    is_full = True

    def connect(path: Path) -> sqlite3.Connection:
        connection = open_journal(path)
        if is_full:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        return connection

    async with recording(Recorder(path, a_run(), connect=connect)) as live:
        live.record(*live.stream.frames(1_000))
        await until(lambda: live.problem == "disk full")
        assert not live.recorder.status.is_recording
        live.record(*live.stream.frames(1_000))
        is_full = False
        await live.recorded()
        await until(lambda: live.recorder.status.is_recording and not live.problem)
        assert await live.recorder.close() == 0
    assert read(path) == [one.observation for one in live.stream.seen]
    with Reader(path) as reader:
        assert reader.gaps() == []
        assert len(reader.runs()) == 1  # it is one life of the recorder all the same


async def test_what_finds_no_room_is_counted_and_marked_and_a_state_follows(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    switch = _Switch(lambda: sqlite_error(sqlite3.SQLITE_FULL))
    switch.is_on = False
    async with recording(Recorder(path, a_run(), connect=faulty(switch), max_waiting_bytes=ROOM)) as live:
        live.record(*live.stream.frames(5))
        await live.recorded()
        switch.is_on = True
        live.record(live.stream.frame())
        await until(lambda: live.problem == "disk full")
        live.record(*live.stream.frames(200))
        lost = live.recorder.lost
        assert 100 < lost < 200
        assert not live.recorder.wants_checkpoint  # a state of which the steps are missing is no use yet
        switch.is_on = False
        kept = 206 - lost
        await until(lambda: live.recorder.status.last_event == live.recorder.first_event + kept - 1)
        live.record(*live.stream.frames(3))
        assert live.recorder.lost == lost
    seen = [one.observation for one in live.stream.seen]
    assert read(path) == seen[:kept] + seen[-3:]
    with Reader(path) as reader:
        (gap,) = reader.gaps()
        assert (gap.lost, gap.reason) == (lost, "disk full")
        assert (gap.since_ns, gap.until_ns) == (seen[kept].received_ns, seen[-3].received_ns)
        state = reader.checkpoint(kept + 1, 1)
        assert state is not None
        assert state.seq == kept + 1


async def test_what_is_lost_at_the_very_end_is_marked_too(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    switch = _Switch(lambda: sqlite_error(sqlite3.SQLITE_IOERR))
    recorder = Recorder(path, a_run(), connect=faulty(switch), max_waiting_bytes=ROOM)
    async with recording(recorder, how=Opening.FAILED) as live:
        live.record(*live.stream.frames(100))
        await until(lambda: live.problem == "the disk fails")
        switch.is_on = False
        assert await recorder.close() == recorder.lost > 0
    with Reader(path) as reader:
        (gap,) = reader.gaps()
        assert (gap.lost, gap.until_ns) == (recorder.lost, live.stream.now_ns)


async def test_what_a_session_could_not_write_until_its_end_the_next_one_marks(tmp_path: Path) -> None:
    path = tmp_path / "journals" / "a.journal"
    async with recording(Recorder(path, a_run())) as live:
        live.record(*live.stream.frames(5))
        await live.recorded()
        path.parent.rename(tmp_path / "away")
        path.parent.write_text("a file in its place")
        live.record(*live.stream.frames(5))
        await until(lambda: live.problem == "its folder is gone")
        assert await live.recorder.close() == 5
    path.parent.unlink()
    (tmp_path / "away").rename(path.parent)
    last_ns, started_ns = read(path)[-1].received_ns, START_NS
    for _ in range(2):
        started_ns += 60 * NS
        async with recording(Recorder(path, replace(a_run(), started_ns=started_ns))) as live:
            live.stream.now_ns = started_ns
            live.record(*live.stream.frames(3))
            await live.recorded()
    with Reader(path) as reader:
        (gap,) = reader.gaps()
        told = find_manifest(reader).gaps
    assert gap == Unrecorded(last_ns, START_NS + 60 * NS, "the program ended without having written all", 0)
    assert [(span.reason, span.since_ns) for span in told] == [
        (gap.reason, last_ns),
        (BETWEEN_RUNS, START_NS + 60 * NS + 3 * APART_NS),
    ]
    with closing(Surveyor(path)) as surveyor:
        assert [blind.why for blind in surveyor.look().blinds] == [Missing.NOT_RECORDED, Missing.NOT_RUNNING]


async def test_what_is_still_in_memory_at_the_end_counts_as_lost(tmp_path: Path) -> None:
    switch = _Switch(lambda: sqlite_error(sqlite3.SQLITE_FULL))
    async with recording(Recorder(tmp_path / "a.journal", a_run(), connect=faulty(switch)), how=Opening.FAILED) as live:
        live.record(*live.stream.frames(100))
        assert await live.recorder.close() == 100


@pytest.mark.parametrize(
    ("error", "clause"),
    [
        (lambda: sqlite_error(sqlite3.SQLITE_FULL), "disk full"),
        (lambda: sqlite_error(sqlite3.SQLITE_READONLY), "the disk can only be read"),
        (lambda: sqlite_error(sqlite3.SQLITE_IOERR_READ), "the disk fails"),
        (lambda: sqlite_error(sqlite3.SQLITE_IOERR_WRITE), "the disk takes no more: it fails, or a quota is used up"),
        (lambda: sqlite_error(sqlite3.SQLITE_CANTOPEN), "its file cannot be opened"),
        (lambda: OSError(28, "No space left on device"), "disk full"),
        (lambda: OSError(122, "Disk quota exceeded"), "disk full"),
        (lambda: PermissionError(13, "Permission denied"), "no right to write"),
        (lambda: NoRoomError("less than 3 GB free"), "less than 3 GB free"),
        (TakenError, "another window records this cluster"),
    ],
)
async def test_each_failure_has_its_clause_and_recording_goes_on_once_it_is_over(
    tmp_path: Path, error: Callable[[], Exception], clause: str
) -> None:
    path = tmp_path / "a.journal"
    switch = _Switch(error)
    async with recording(Recorder(path, a_run(), connect=faulty(switch)), how=Opening.FAILED) as live:
        live.record(*live.stream.frames(5))
        assert live.problem == clause
        switch.is_on = False
        await live.recorded()
        assert live.problem == ""
    assert read(path) == [one.observation for one in live.stream.seen]


@pytest.mark.parametrize("seed", range(5))
async def test_errors_at_random_moments_neither_lose_nor_repeat_anything(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.journal"
    rng = Random(seed)
    codes = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY)
    is_over = False

    def fault() -> Exception | None:
        return sqlite_error(rng.choice(codes)) if not is_over and rng.random() < 0.2 else None

    recorder = Recorder(path, a_run(), connect=faulty(fault))
    await recorder.open()
    stream = Stream(recorder.first_event)
    failures = 0
    for _ in range(30):
        for one in (*stream.frames(20), stream.derived(), stream.completing(stream.next_event - 5)):
            recorder.record(one)
        if recorder.wants_checkpoint:
            recorder.put_checkpoint(stream.checkpoint())
        failures += bool(recorder.status.problem)
        await asyncio.sleep(0.005)
    is_over = True
    assert await recorder.close() == 0
    assert failures
    assert read(path) == [one.observation for one in stream.seen]
    with closing(open_journal(path)) as connection:
        check_whole(connection)


async def test_a_disk_with_too_little_room_is_left_alone(tmp_path: Path) -> None:
    limits = Limits(free_bytes=2**60)
    async with recording(Recorder(tmp_path / "a.journal", a_run(), limits=limits)) as live:
        await until(lambda: "GB free" in live.problem)
        live.record(*live.stream.frames(5))
        assert live.problem == f"less than {2**30:g} GB free"


async def test_where_there_cannot_be_a_folder_recording_begins_once_there_can(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.journal"
    path.parent.write_text("a file in its place")
    async with recording(Recorder(path, a_run()), how=Opening.FAILED) as live:
        assert live.problem == "its folder is gone"
        live.record(*live.stream.frames(5))
        path.parent.unlink()
        await live.recorded()
    assert read(path) == [one.observation for one in live.stream.seen]


async def test_on_a_disk_that_can_only_be_read_the_status_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    open_journal(path).close()

    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)

    async with recording(Recorder(path, a_run(), connect=connect), how=Opening.FAILED) as live:
        assert live.problem == "the disk can only be read"


@pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
async def test_where_the_file_is_taken_away_a_new_one_is_begun_from_a_state(tmp_path: Path, is_folder: bool) -> None:
    path = tmp_path / "journals" / "a.journal"
    async with recording(Recorder(path, a_run())) as live:
        live.record(*live.stream.frames(10))
        await live.recorded()
        if is_folder:
            shutil.rmtree(path.parent)
        else:
            path.unlink()
        live.record(*live.stream.frames(10))
        await live.recorded()
        await until(lambda: live.recorder.wants_checkpoint)
        live.record(*live.stream.frames(10))
    later = [one.observation for one in live.stream.seen[10:]]
    assert read(path) == later
    with Reader(path) as reader:
        (run,) = reader.runs()
        assert (run.started_ns, run.first_event) == (later[0].received_ns, START_NS // 1_000 + 10)
        assert reader.checkpoint(11, 1) is not None


async def test_where_the_file_is_replaced_by_another_journal_that_one_is_gone_on_with(tmp_path: Path) -> None:
    path, other = tmp_path / "a.journal", tmp_path / "b.journal"
    with closing(open_journal(other)) as connection:
        writer = Writer(connection)
        writer.begin_run(1, 1, "test", 1)
        writer.write(old := Stream().frames(3))
    async with recording(Recorder(path, a_run())) as live:
        live.record(*live.stream.frames(10))
        await live.recorded()
        _replace(path, other)
        live.record(*live.stream.frames(10))
        await live.recorded()
    assert read(path) == [one.observation for one in [*old, *live.stream.seen[10:]]]
    with Reader(path) as reader:
        assert len(reader.runs()) == 2


async def test_where_a_clock_ahead_wrote_the_file_in_its_place_no_state_is_asked_for(tmp_path: Path) -> None:
    path, other = tmp_path / "a.journal", tmp_path / "b.journal"
    with closing(open_journal(other)) as connection:
        writer = Writer(connection)
        writer.begin_run(START_NS, START_NS, "test", 1)
        writer.write(Stream(START_NS).frames(3))
    async with recording(Recorder(path, a_run())) as live:
        live.record(*live.stream.frames(10))
        await live.recorded()
        _replace(path, other)
        live.record(*live.stream.frames(10))
        await until(lambda: "clock ahead" in live.problem)
        assert not live.recorder.wants_checkpoint


async def test_where_another_program_holds_the_file_recording_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helios_desktop.journal.database.BUSY_S", 0.02)
    path = tmp_path / "a.journal"
    async with recording(Recorder(path, a_run())) as live:
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            live.record(*live.stream.frames(10))
            await until(lambda: live.problem == "another program holds its file")
        await live.recorded()
    assert read(path) == [one.observation for one in live.stream.seen]


async def test_a_broken_file_is_set_aside_and_a_new_one_begun_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    broken = b"SQLite format 3\x00" + bytes(range(256)) * 40
    kept = []
    for number in range(3):  # within one second, so that their names would be the same
        path.write_bytes(broken + bytes([number]))
        async with recording(Recorder(path, a_run())) as live:
            live.record(*live.stream.frames(5))
            await live.recorded()
            aside = live.recorder.status.set_aside
        assert aside is not None
        assert read(path) == [one.observation for one in live.stream.seen]
        kept.append(aside)
    assert [aside.read_bytes()[-1] for aside in kept] == [0, 1, 2]
    assert all(aside.name.startswith("a-damaged-") for aside in kept)


async def test_a_file_that_breaks_while_it_is_written_is_set_aside_with_all_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    faults = iter([sqlite_error(sqlite3.SQLITE_CORRUPT)])
    is_broken = False
    connect = faulty(lambda: next(faults, None) if is_broken else None)
    async with recording(Recorder(path, a_run(), connect=connect)) as live:
        live.record(*live.stream.frames(10))
        await live.recorded()
        is_broken = True
        live.record(*live.stream.frames(10))
        await live.recorded()
        aside = live.recorder.status.set_aside
        assert live.recorder.status.is_recording
    seen = [one.observation for one in live.stream.seen]
    assert aside is not None
    assert (read(aside), read(path)) == (seen[:10], seen[10:])


async def test_a_file_of_another_program_or_of_a_later_version_is_left_as_it_is(tmp_path: Path) -> None:
    foreign, later = tmp_path / "foreign.journal", tmp_path / "later.journal"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE recipe (text)")
    with closing(open_journal(later)) as connection:
        connection.execute("PRAGMA user_version = 99")
    for path, clause in (
        (foreign, "it is a database of another program"),
        (later, "a later version of this program wrote it (format 99, this one reads up to 1)"),
    ):
        before = path.read_bytes()
        async with recording(Recorder(path, a_run()), how=Opening.FAILED) as live:
            live.record(*live.stream.frames(5))
            assert live.problem == clause
            assert live.recorder.status.set_aside is None
        assert path.read_bytes() == before


async def test_closing_does_not_wait_for_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helios_desktop.journal.recorder.CLOSING_S", 0.05)
    path = tmp_path / "a.journal"
    hangs, goes_on = threading.Event(), threading.Event()

    def fault() -> None:
        if hangs.is_set():
            goes_on.wait(10)

    async with recording(Recorder(path, a_run(), connect=faulty(fault))) as live:
        hangs.set()
        live.record(*live.stream.frames(7))
        try:
            assert await live.recorder.close() == 7
        finally:
            goes_on.set()
            monkeypatch.setattr("helios_desktop.journal.recorder.CLOSING_S", 10.0)
    assert read(path) == [one.observation for one in live.stream.seen]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is told to stderr, too
async def test_a_fault_of_ours_does_not_end_recording_in_silence(tmp_path: Path) -> None:
    switch = _Switch(lambda: ZeroDivisionError("as if"))
    async with recording(Recorder(tmp_path / "a.journal", a_run(), connect=faulty(switch)), how=Opening.FAILED) as live:
        assert not live.recorder.status.is_recording
        assert live.problem == "the recorder failed: start the window anew"


async def test_a_journal_stays_within_its_size_while_much_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helios_desktop.journal.recorder.CHECKPOINT_EVERY", 500)
    monkeypatch.setattr("helios_desktop.journal.scribe.RETAIN_EVERY_S", 0.05)
    path = tmp_path / "a.journal"
    async with recording(Recorder(path, a_run(), limits=Limits(age_s=1e9, size_bytes=2_000_000))) as live:
        for _ in range(200):
            live.record(*live.stream.frames(100))
            await asyncio.sleep(0.01)
        await until(lambda: _first_seq(path) > 5_000)
    with Reader(path) as reader:
        found = list(reader.observations())
    assert [seq for seq, _ in found] == list(range(found[0][0], 20_001))
    assert [one for _, one in found] == [one.observation for one in live.stream.seen[-len(found) :]]
    with closing(open_journal(path)) as connection:
        check_whole(connection)


def _replace(path: Path, other: Path) -> None:
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink()
    other.rename(path)


def _first_seq(path: Path) -> int:
    with Reader(path) as reader:
        return next(seq for seq, _ in reader.observations())

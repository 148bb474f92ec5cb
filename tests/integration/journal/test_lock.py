"""One recorder a journal, whoever asks."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from helios_desktop.journal.lock import JournalLock
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Opening
from tests.integration.journal.recording import a_run, read, recording, until
from tests.integration.journal.test_kill import victims


async def test_a_second_recorder_in_the_same_process_finds_it_busy_until_the_first_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    async with recording(Recorder(path, a_run())) as live:
        live.record(*live.stream.frames(5))
        second = Recorder(path, a_run())
        assert await second.open() is Opening.BUSY
        assert await second.close() == 0
        live.record(*live.stream.frames(5))
    async with recording(Recorder(path, a_run())) as later:
        later.record(*later.stream.frames(5))
    assert len(read(path)) == 15


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no kill -9 here")
async def test_a_recorder_of_another_process_has_it_until_that_one_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    with victims() as made:
        process = made.process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        pid = 0
        for line in process.stdout:
            if line.startswith("pid"):
                pid = int(line.split()[1])
            if pid and line.startswith("told"):
                break
        assert await Recorder(path, a_run()).open() is Opening.BUSY
        os.kill(pid, signal.SIGKILL)
        assert any(line == "ended\n" for line in process.stdout)
        async with recording(Recorder(path, a_run())) as live:
            live.record(*live.stream.frames(5))
            await until(lambda: live.recorder.status.last_event == live.stream.next_event - 1)


async def test_a_cancelled_opening_can_be_closed(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.journal", a_run())
    opening = asyncio.create_task(recorder.open())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    assert await recorder.close() == 0
    assert JournalLock(recorder.path).take()


def test_a_lock_whose_file_was_taken_away_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    first, second = JournalLock(path), JournalLock(path)
    assert first.take()
    assert first.take()
    assert not second.take()
    Path(f"{path}.lock").unlink()
    assert second.take()
    assert not first.take()  # the file of that name is another's by now
    second.release()
    assert first.take()
    first.release()


def test_a_lock_where_there_can_be_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file in its place")
    with pytest.raises(OSError, match="folder"):
        JournalLock(tmp_path / "folder" / "a.journal").take()

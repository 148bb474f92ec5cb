"""Notes that are written while a recorder works: they go through its thread, and are there when it ends."""

from pathlib import Path

from helios_desktop.journal.note import new_note
from helios_desktop.journal.notes import add_note
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from tests.integration.journal.recording import a_run, recording, until
from tests.unit.journal.stream import NS, START_NS


async def test_notes_are_on_the_disk_soon_and_a_removed_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "some.journal"
    kept, changed = new_note("kept", START_NS, START_NS), new_note("second", START_NS + NS, START_NS + NS)
    removed = new_note("removed", START_NS + 2 * NS, START_NS)
    recorder = Recorder(path, a_run())
    async with recording(recorder) as live:
        live.record(live.stream.frame())
        for note in (kept, new_note("first", START_NS + NS, START_NS + NS), removed, changed):
            recorder.put_note(note)
        recorder.remove_note(removed.id)
        await live.recorded()
        with Reader(path) as reader:
            await until(lambda: reader.notes() == [kept, changed])
    with Reader(path) as reader:
        assert reader.notes() == [kept, changed]


async def test_another_window_writes_a_note_into_a_journal_that_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "some.journal"
    ours, theirs = new_note("ours", START_NS, START_NS), new_note("theirs", START_NS + NS, START_NS + NS)
    recorder = Recorder(path, a_run())
    async with recording(recorder) as live:
        live.record(live.stream.frame())
        await live.recorded()
        add_note(path, theirs)
        recorder.put_note(ours)
        live.record(*live.stream.frames(20))
        await live.recorded()
        assert not live.problem
    with Reader(path) as reader:
        assert reader.notes() == [ours, theirs]
        assert reader.extent().observations == 21

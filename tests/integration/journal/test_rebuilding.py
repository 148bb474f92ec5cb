"""What can be read of a damaged recording, or of one that another fold made, becomes a whole new one."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios_desktop.journal.note import Note
from helios_desktop.journal.notes import add_note
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import CancelledError, RecordingError, open_reader
from helios_desktop.monitor.rebuild import needs_rebuild, rebuild
from helios_desktop.monitor.recordings import save
from helios_desktop.store.checkpoint import FOLD_VERSION
from tests.integration.journal.life import MAKER, NS, kept_in, life, record
from tests.unit.journal.checks import check_whole

FIRST_LIFE: Final = list(life(1, 400))
SECOND_LIFE: Final = list(life(2, 300, FIRST_LIFE[-1].received_ns + 30 * NS))
PAGE: Final = 4_096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    record(folder / "prod.journal", FIRST_LIFE, SECOND_LIFE)
    save(folder / "prod.journal", folder / "prod.helios", MAKER)
    numbers = sorted(kept_in(folder / "prod.helios").events)
    add_note(folder / "prod.helios", Note(1, FIRST_LIFE[0].received_ns, None, numbers[0], "first", 0))
    return folder / "prod.helios"


def test_a_whole_recording_is_made_anew_with_the_same_events(whole: Path, tmp_path: Path) -> None:
    rebuilt = rebuild(whole, tmp_path / "new.helios", MAKER)
    assert rebuilt.lost == 0
    assert kept_in(tmp_path / "new.helios") == kept_in(whole)
    with Reader(whole) as source, Reader(tmp_path / "new.helios") as reader:
        assert reader.runs() == source.runs()
        assert reader.notes() == source.notes()
    assert rebuilt.manifest.cluster == "Prod"


def test_a_recording_of_another_fold_is_told_and_folded_anew(whole: Path, tmp_path: Path) -> None:
    older, target = tmp_path / "older.helios", tmp_path / "new.helios"
    older.write_bytes(whole.read_bytes())
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("UPDATE run SET fold = ?", (FOLD_VERSION - 1,))
        connection.execute("UPDATE checkpoint SET fold = ?, state = x'00'", (FOLD_VERSION - 1,))
        connection.execute("UPDATE event SET summary = 'of another fold', told = NULL")
    with Reader(older) as reader:
        assert needs_rebuild(reader)
    rebuild(older, target, MAKER)
    with Reader(target) as reader:
        assert not needs_rebuild(reader)
    assert kept_in(target) == kept_in(whole)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=3))
@settings(max_examples=25)
def test_of_a_damaged_recording_all_that_can_be_read_is_kept_and_the_loss_is_told(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, places: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(whole.read_bytes())
    for place in places:
        at = (1 + place % (len(content) // PAGE - 1)) * PAGE
        content[at : at + PAGE] = random.Random(at).randbytes(PAGE)
    damaged, target = folder / "damaged.helios", folder / "new.helios"
    damaged.write_bytes(content)
    rebuilt = rebuild(damaged, target, MAKER)
    assert damaged.read_bytes() == content
    before, after = kept_in(whole).observations, kept_in(target).observations
    assert len(after) + rebuilt.lost == len(before)
    assert rebuilt.manifest.observations == len(after)
    rest = iter(before)
    assert all(any(one == known for known in rest) or "unknown-" in one.observer for one in after)
    assert sum(gap.lost for gap in rebuilt.manifest.gaps) == rebuilt.lost
    with closing(sqlite3.connect(target)) as connection:
        check_whole(connection)
    assert sorted(path.name for path in folder.iterdir()) == ["damaged.helios", "new.helios"]


def test_of_a_damaged_journal_the_loss_is_told_by_its_numbers(whole: Path, tmp_path: Path) -> None:
    journal, target = tmp_path / "prod.journal", tmp_path / "new.helios"
    record(journal, FIRST_LIFE, SECOND_LIFE)
    with closing(sqlite3.connect(journal)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'observation'").fetchone()[0]
    content = bytearray(journal.read_bytes())
    # The page by which all others of the table are found.
    content[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    journal.write_bytes(content)
    assert rebuild(journal, target, MAKER).lost == 0
    assert kept_in(target) == kept_in(whole)


@pytest.mark.parametrize("change", ["text = CAST(x'ff41' AS TEXT)", "kind = 99"])
def test_of_a_recording_with_one_broken_row_all_others_are_kept(whole: Path, tmp_path: Path, change: str) -> None:
    damaged, target = tmp_path / "damaged.helios", tmp_path / "new.helios"
    damaged.write_bytes(whole.read_bytes())
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute(f"UPDATE observation SET {change} WHERE seq = 200")  # noqa: S608 - ours
    assert rebuild(damaged, target, MAKER).lost == 1
    before = kept_in(whole).observations
    assert kept_in(target).observations == before[:199] + before[200:]


def test_what_a_window_opens_after_damage_is_the_new_one(whole: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.helios"
    damaged.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(RecordingError) as raised:
        open_reader(damaged)
    assert raised.value.is_damaged
    with pytest.raises(RecordingError, match="is damaged"):
        save(damaged, tmp_path / "copy.helios", MAKER)
    rebuilt = rebuild(damaged, tmp_path / "new.helios", MAKER)
    assert rebuilt.manifest.observations > 0
    with open_reader(tmp_path / "new.helios") as reader:
        assert reader.extent().observations == rebuilt.manifest.observations


def test_what_is_no_recording_is_not_made_into_one(tmp_path: Path) -> None:
    letter = tmp_path / "letter.helios"
    letter.write_text("Dear reader, this is not a database.")
    with pytest.raises(RecordingError, match="no recording of this program"):
        rebuild(letter, tmp_path / "new.helios", MAKER)
    with pytest.raises(RecordingError, match="cannot take the place"):
        rebuild(letter, letter, MAKER)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.helios"]


def test_of_a_recording_without_one_readable_observation_there_is_a_sentence(whole: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.helios"
    damaged.write_bytes(whole.read_bytes()[:PAGE])
    with pytest.raises(RecordingError, match="not one observation is left"):
        rebuild(damaged, tmp_path / "new.helios", MAKER)
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.helios"]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_rebuilding_tells_progress_and_ends_where_it_is_cancelled(
    whole: Path, tmp_path: Path, is_damaged: bool
) -> None:
    source, told = tmp_path / "source.helios", list[float]()
    content = bytearray(whole.read_bytes())
    if is_damaged:
        content = content[: -3 * PAGE]
    source.write_bytes(content)
    rebuild(source, tmp_path / "new.helios", MAKER, progress=told.append)
    assert told
    assert told == sorted(told)
    assert told[-1] == 1.0
    (tmp_path / "new.helios").unlink()
    with pytest.raises(CancelledError):
        rebuild(source, tmp_path / "new.helios", MAKER, is_cancelled=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["source.helios"]

"""A saved range is that slice of its source, joined slices are the whole, and each instant shows the same state."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios_desktop.journal import recording
from helios_desktop.journal.database import open_journal, open_recording
from helios_desktop.journal.manifest import MissingSpan, find_manifest, read_manifest
from helios_desktop.journal.note import Note
from helios_desktop.journal.notes import add_note
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recording import CancelledError, RecordingError, open_reader
from helios_desktop.journal.retention import Limits, Retention
from helios_desktop.journal.schema import APPLICATION_ID
from helios_desktop.journal.stretch import Within
from helios_desktop.journal.writer import Unrecorded, Writer
from helios_desktop.monitor.past import place_at
from helios_desktop.monitor.recordings import merge, save
from tests.integration.journal.life import (
    ABOUT,
    BEGIN_NS,
    MAKER,
    NS,
    append,
    kept_in,
    life,
    record,
    state_after,
)
from tests.unit.journal.checks import check_whole

FIRST_LIFE: Final = list(life(1, 200))
SECOND_LIFE: Final = list(life(2, 150, FIRST_LIFE[-1].received_ns + 30 * NS))
LAST_NS: Final = SECOND_LIFE[-1].received_ns
instants: Final = st.integers(BEGIN_NS - NS, LAST_NS + NS)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, with a gap and notes."""
    path = tmp_path_factory.mktemp("journal") / "prod.journal"
    record(path, FIRST_LIFE, SECOND_LIFE)
    with closing(open_journal(path)) as connection:
        Writer(connection).write([Unrecorded(BEGIN_NS + 5 * NS, BEGIN_NS + 6 * NS, "disk full", 3)])
    first = min(kept_in(path).events)
    add_note(path, Note(1, BEGIN_NS + NS, None, first, "here it began", LAST_NS))
    add_note(path, Note(2, SECOND_LIFE[20].received_ns, SECOND_LIFE[60].received_ns, None, "odd", LAST_NS))
    return path


def test_all_of_a_journal_is_saved_with_what_it_says_of_itself(journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.helios"
    manifest = save(journal, target, MAKER)
    assert kept_in(target) == kept_in(journal)
    with Reader(target) as reader, Reader(journal) as source:
        assert read_manifest(reader) == manifest
        assert reader.notes() == source.notes()
        assert reader.gaps() == source.gaps()
        assert reader.runs() == source.runs()
    assert manifest.cluster == "Prod"
    assert manifest.environment == "production"
    assert manifest.sources == tuple(ABOUT["sources"].split())
    assert manifest.observers == ("gw1.prod.corp:8443", "node-1", "node-2")
    assert (manifest.first_ns, manifest.last_ns) == (BEGIN_NS, LAST_NS)
    assert manifest.observations == len(kept_in(journal).observations)
    assert manifest.events == len(kept_in(journal).events)
    assert manifest.notes == 2
    assert (manifest.program, manifest.created_ns) == (MAKER.program, MAKER.now_ns)
    assert manifest.gaps == (
        MissingSpan(BEGIN_NS + 5 * NS, BEGIN_NS + 6 * NS, "disk full", 3),
        MissingSpan(FIRST_LIFE[-1].received_ns, SECOND_LIFE[0].received_ns, "not recording"),
    )


def test_a_recording_is_one_file_of_ours_that_sqlite_finds_whole(journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "all.helios"
    save(journal, target, MAKER)
    assert [path.name for path in tmp_path.iterdir()] == ["all.helios"]
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        check_whole(connection)
    with open_reader(target) as reader:
        reader.extent()
    assert [path.name for path in tmp_path.iterdir()] == ["all.helios"]


@given(st.tuples(instants, instants).map(sorted))
@settings(max_examples=40)
def test_a_saved_range_is_that_slice_and_shows_the_same_state_at_each_instant(journal: Path, times: list[int]) -> None:
    since_ns, until_ns = times
    expected = kept_in(journal).within(since_ns, until_ns)
    with tempfile.TemporaryDirectory() as made:
        target = Path(made) / "part.helios"
        if not expected.observations:
            with pytest.raises(RecordingError, match="nothing within this time"):
                save(journal, target, MAKER, since_ns=since_ns, until_ns=until_ns)
            return
        save(journal, target, MAKER, since_ns=since_ns, until_ns=until_ns)
        assert kept_in(target) == expected
        with closing(sqlite3.connect(target)) as connection:
            check_whole(connection)
        with Reader(target) as part, Reader(journal) as whole:
            seqs = [seq for seq, _ in part.observations()]
            for seq in seqs[:: max(1, len(seqs) // 5)] + seqs[-1:]:
                assert part.observation(seq) == whole.observation(seq)
                assert state_after(target, seq) == state_after(journal, seq)
                assert place_at(part, seq).picture.log.end == place_at(whole, seq).picture.log.end


def has_saved(journal: Path, target: Path, within: Within) -> bool:
    """Save it, unless nothing lies there."""
    try:
        save(journal, target, MAKER, since_ns=within.since_ns, until_ns=within.until_ns)
    except RecordingError:
        return False
    return True


@given(cut_ns=instants, overlap_s=st.integers(0, 40), is_second_first=st.booleans())
@settings(max_examples=25)
def test_slices_that_follow_each_other_or_overlap_make_the_whole_again(
    journal: Path, cut_ns: int, overlap_s: int, is_second_first: bool
) -> None:
    with tempfile.TemporaryDirectory() as made:
        sources = [
            path
            for path, within in (
                (Path(made) / "a.helios", Within(None, cut_ns)),
                (Path(made) / "b.helios", Within(cut_ns - overlap_s * NS, None)),
            )
            if has_saved(journal, path, within)
        ]
        if is_second_first:
            sources.reverse()
        target = Path(made) / "joined.helios"
        manifest = merge(sources, target, MAKER)
        whole = kept_in(journal)
        assert kept_in(target) == whole
        assert manifest.observations == len(whole.observations)
        with Reader(target) as joined, Reader(journal) as source:
            assert joined.runs() == source.runs()
            assert joined.notes() == source.notes()
            assert joined.gaps() == source.gaps()
            for seq in range(1, len(whole.observations), 37):
                there, here = place_at(source, seq).picture, place_at(joined, seq).picture
                assert state_after(target, seq) == state_after(journal, seq)
                assert {key: series.times_s.tolist() for key, series in here.series.items()} == {
                    key: series.times_s.tolist() for key, series in there.series.items()
                }


def test_a_recording_is_cut_as_a_journal_is(journal: Path, tmp_path: Path) -> None:
    since_ns, until_ns = FIRST_LIFE[50].received_ns, SECOND_LIFE[50].received_ns
    save(journal, tmp_path / "all.helios", MAKER, since_ns=FIRST_LIFE[30].received_ns)
    save(tmp_path / "all.helios", tmp_path / "less.helios", MAKER, since_ns=since_ns, until_ns=until_ns)
    save(journal, tmp_path / "direct.helios", MAKER, since_ns=since_ns, until_ns=until_ns)
    assert kept_in(tmp_path / "less.helios") == kept_in(tmp_path / "direct.helios")
    with Reader(tmp_path / "less.helios") as less, Reader(tmp_path / "direct.helios") as direct:
        assert less.runs() == direct.runs()
        for seq, _observation in direct.observations():
            assert state_after(less.path, seq) == state_after(direct.path, seq)


def test_notes_and_gaps_go_with_the_time_that_they_are_on(journal: Path, tmp_path: Path) -> None:
    save(journal, tmp_path / "early.helios", MAKER, until_ns=BEGIN_NS + 3 * NS)
    save(journal, tmp_path / "late.helios", MAKER, since_ns=SECOND_LIFE[40].received_ns)
    with Reader(tmp_path / "early.helios") as early, Reader(tmp_path / "late.helios") as late:
        assert [note.text for note in early.notes()] == ["here it began"]
        assert [note.text for note in late.notes()] == ["odd"]
        assert early.gaps() == late.gaps() == []


@pytest.mark.parametrize("is_anonymised", [False, True])
def test_what_retention_left_is_saved_with_its_holes(tmp_path: Path, is_anonymised: bool) -> None:
    path, target = tmp_path / "prod.journal", tmp_path / "all.helios"
    long_life = list(life(1, 1_500))
    now_ns = long_life[-1].received_ns + NS
    record(path, long_life)
    for place in (400, 1_000):
        add_note(path, Note(place, long_life[place].received_ns, None, None, "keep this", now_ns))
    with closing(open_journal(path)) as connection:
        retention = Retention(path, Limits(age_s=1), free=lambda _folder: 2**60, now_ns=lambda: now_ns)
        while retention.step(connection):
            pass
    left = kept_in(path)
    assert 0 < len(left.observations) < 1_000
    manifest = save(path, target, MAKER, is_anonymised=is_anonymised)
    assert manifest.observations == len(left.observations)
    assert [gap.reason for gap in manifest.gaps] == 2 * ["not recording" if is_anonymised else "let go"]
    for gap in manifest.gaps:
        assert not [one for one in left.observations if gap.since_ns < one.received_ns < gap.until_ns]
    assert list(kept_in(target).events) == list(left.events)
    with Reader(path) as source, Reader(target) as reader:
        assert [seq for seq, _ in reader.observations()] == [seq for seq, _ in source.observations()]
        assert [gap.reason for gap in find_manifest(source).gaps] == ["let go", "let go"]
        for seq, _observation in source.observations() if not is_anonymised else ():
            assert state_after(target, seq) == state_after(path, seq)


def test_a_journal_is_saved_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "prod.journal"
    record(path, FIRST_LIFE)
    before = kept_in(path)
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        written: list[int] = []

        def write_on(_done: float) -> None:
            # In the midst of the saving: were the writer held up, this would fail as busy.
            if not written:
                append(writer, SECOND_LIFE, 40)
                written.append(1)

        save(path, tmp_path / "all.helios", MAKER, progress=write_on)
    assert written
    assert kept_in(tmp_path / "all.helios") == before
    assert len(kept_in(path).observations) == len(before.observations) + len(SECOND_LIFE)


def test_progress_rises_to_the_end(journal: Path, tmp_path: Path) -> None:
    for is_anonymised in (False, True):
        told: list[float] = []
        save(journal, tmp_path / "all.helios", MAKER, is_anonymised=is_anonymised, progress=told.append)
        assert told == sorted(told)
        assert told[-1] == 1.0


@pytest.mark.parametrize("is_anonymised", [False, True])
def test_a_cancelled_saving_leaves_nothing_and_what_was_there(
    journal: Path, tmp_path: Path, is_anonymised: bool
) -> None:
    target = tmp_path / "all.helios"
    target.write_text("what was there")
    begun: list[float] = []
    with pytest.raises(CancelledError):
        save(
            journal,
            target,
            MAKER,
            is_anonymised=is_anonymised,
            progress=begun.append,
            is_cancelled=lambda: bool(begun),
        )
    assert begun
    assert [path.name for path in tmp_path.iterdir()] == ["all.helios"]
    assert target.read_text() == "what was there"


@pytest.mark.parametrize("is_anonymised", [False, True])
def test_a_full_disk_leaves_nothing_and_gets_a_sentence(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_anonymised: bool
) -> None:
    def open_on_a_small_disk(path: Path) -> sqlite3.Connection:
        connection = open_recording(path)
        connection.execute("PRAGMA max_page_count = 40")
        return connection

    monkeypatch.setattr(recording, "open_recording", open_on_a_small_disk)
    with pytest.raises(RecordingError) as raised:
        save(journal, tmp_path / "all.helios", MAKER, is_anonymised=is_anonymised)
    sentence = "was not written: disk full. Choose another place, or make room there, and try again."
    assert str(raised.value) == f"{tmp_path / 'all.helios'} {sentence}"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_gets_a_sentence(journal: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="was not written: its f"):
        save(journal, tmp_path / "gone" / "all.helios", MAKER)
    with pytest.raises(RecordingError, match="is a folder"):
        save(journal, tmp_path, MAKER)


def test_a_recording_does_not_replace_what_it_is_made_from(journal: Path) -> None:
    before = journal.read_bytes()
    with pytest.raises(RecordingError, match="cannot take the place of what it is made from"):
        save(journal, journal, MAKER)
    with pytest.raises(RecordingError, match="cannot take the place of what it is made from"):
        merge([journal], journal, MAKER)
    assert journal.read_bytes() == before


def test_only_recordings_of_one_cluster_are_joined(journal: Path, tmp_path: Path) -> None:
    other = tmp_path / "test.journal"
    record(other, SECOND_LIFE, about={"cluster": "Test"})
    with pytest.raises(RecordingError, match="different clusters: Prod, Test"):
        merge([journal, other], tmp_path / "both.helios", MAKER)
    assert not (tmp_path / "both.helios").exists()
    merge([journal, other], tmp_path / "both.helios", MAKER, is_one_cluster=True)
    with Reader(tmp_path / "both.helios") as reader:
        assert read_manifest(reader).cluster == "Prod"


def test_recordings_of_two_recorders_at_one_time_keep_both_runs_and_give_each_event_a_number(
    journal: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.journal"
    beside = list(life(3, 120, BEGIN_NS + 1))
    record(other, beside)
    add_note(other, Note(1, BEGIN_NS + 2 * NS, None, min(kept_in(other).events) + 4, "elsewhere", LAST_NS))
    manifest = merge([other, journal], tmp_path / "both.helios", MAKER)
    both, one, two = kept_in(tmp_path / "both.helios"), kept_in(journal), kept_in(other)
    assert manifest.observations == len(one.observations) + len(two.observations)
    assert len(both.events) == len(one.events) + len(two.events)
    with Reader(tmp_path / "both.helios") as reader, Reader(other) as source:
        runs = reader.runs()
        assert [run.started_ns for run in runs] == [BEGIN_NS - 1, BEGIN_NS, SECOND_LIFE[0].received_ns - 1]
        found = [one for seq, one in reader.observations() if runs[1].first_seq <= seq < runs[2].first_seq]
        assert found == two.observations
        (note,) = (note for note in reader.notes() if note.text == "elsewhere")
        (told,) = (note for note in source.notes())
        assert len({known.id for known in reader.notes()}) == 3
        assert reader.event(note.event or 0) == source.event(told.event or 0)
        last = runs[1].first_seq + len(two.observations) - 1
        assert state_after(reader.path, last) == state_after(other, len(two.observations))


def test_what_lies_within_another_recording_adds_nothing(journal: Path, tmp_path: Path) -> None:
    save(
        journal,
        tmp_path / "part.helios",
        MAKER,
        since_ns=FIRST_LIFE[50].received_ns,
        until_ns=FIRST_LIFE[90].received_ns,
    )
    merge([tmp_path / "part.helios", journal], tmp_path / "all.helios", MAKER)
    assert kept_in(tmp_path / "all.helios") == kept_in(journal)


def test_slices_with_a_hole_between_are_joined_and_say_so(journal: Path, tmp_path: Path) -> None:
    save(journal, tmp_path / "a.helios", MAKER, until_ns=FIRST_LIFE[60].received_ns)
    save(journal, tmp_path / "b.helios", MAKER, since_ns=FIRST_LIFE[100].received_ns)
    manifest = merge([tmp_path / "a.helios", tmp_path / "b.helios"], tmp_path / "c.helios", MAKER)
    parts = [kept_in(tmp_path / name) for name in ("a.helios", "b.helios")]
    assert kept_in(tmp_path / "c.helios").observations == [one for part in parts for one in part.observations]
    hole = MissingSpan(parts[0].observations[-1].received_ns, parts[1].observations[0].received_ns, "not recording")
    assert hole in manifest.gaps
    with Reader(tmp_path / "b.helios") as part, Reader(tmp_path / "c.helios") as joined:
        seqs = [seq for seq, _ in joined.observations()][len(parts[0].observations) :]
        for seq, (old, _observation) in zip(seqs, part.observations(), strict=True):
            assert state_after(joined.path, seq) == state_after(part.path, old)


def test_where_one_of_several_is_damaged_that_one_is_named(journal: Path, tmp_path: Path) -> None:
    save(journal, tmp_path / "whole.helios", MAKER)
    content = bytearray((tmp_path / "whole.helios").read_bytes())
    with closing(sqlite3.connect(tmp_path / "whole.helios")) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").fetchone()[0]
    content[(root - 1) * 4_096 : root * 4_096] = bytes(4_096)
    (tmp_path / "damaged.helios").write_bytes(content)
    for sources in (["whole.helios", "damaged.helios"], ["damaged.helios", "whole.helios"]):
        with pytest.raises(RecordingError, match=r"/damaged\.helios is damaged") as raised:
            merge([tmp_path / name for name in sources], tmp_path / "both.helios", MAKER)
        assert raised.value.is_damaged
    assert not (tmp_path / "both.helios").exists()

"""A journal lets go of its oldest, in small steps, and what is left is whole."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.failure import NoRoomError, reason_of
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.retention import GIB, ROWS_A_STEP, SPARE_PAGES, Limits, Retention
from helios_desktop.journal.writer import Unrecorded, Writer
from tests.unit.journal.checks import check_whole
from tests.unit.journal.stream import APART_NS, NS, START_NS, Stream

SEGMENT: Final = 100
SEGMENT_S: Final = SEGMENT * APART_NS / NS
PLENTY: Final = 100 * GIB


@dataclass
class Journal:
    """A file with its writer, and the world around it."""

    path: Path
    connection: sqlite3.Connection
    writer: Writer
    stream: Stream
    now_ns: int = START_NS
    free: int = PLENTY
    asked: int = 0

    def write_segments(self, count: int) -> None:
        """So many, with a kept state after each."""
        for _ in range(count):
            self.writer.write([*self.stream.frames(SEGMENT), self.stream.checkpoint()])
        self.now_ns = self.stream.now_ns

    def retention(self, limits: Limits) -> Retention:
        """By this world's clock and disk."""
        return Retention(self.path, limits, self._free, lambda: self.now_ns)

    def retain(self, limits: Limits) -> int:
        """All that is to go, goes; gives in how many steps."""
        return run(self.retention(limits), self.connection)

    def seqs(self) -> list[int]:
        """Of what is left."""
        return [seq for (seq,) in self.connection.execute("SELECT seq FROM observation ORDER BY seq")]

    def note(self, at_ns: int, until_ns: int | None = None, event: int | None = None) -> None:
        """Somebody writes one."""
        with self.connection:
            self.connection.execute(
                "INSERT INTO note (at_ns, until_ns, event, text, written_ns) VALUES (?, ?, ?, 'n', 0)",
                (at_ns, until_ns, event),
            )

    def _free(self, folder: Path) -> int:
        assert folder == self.path.parent
        self.asked += 1
        return self.free


def run(retention: Retention, connection: sqlite3.Connection) -> int:
    steps = 1
    while retention.step(connection):
        steps += 1
        assert steps < 10_000
    return steps


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    path = tmp_path / "a.journal"
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        writer.begin_run(START_NS, 1, "test", 1)
        yield Journal(path, connection, writer, Stream())
        check_whole(connection)


def segments(*numbers: int) -> list[int]:
    """The numbers of the observations of these segments, counted from 0."""
    return [seq for number in numbers for seq in range(number * SEGMENT + 1, (number + 1) * SEGMENT + 1)]


def test_nothing_goes_while_it_is_young_and_small(journal: Journal) -> None:
    journal.write_segments(3)
    assert journal.retain(Limits()) == 1
    assert journal.seqs() == segments(0, 1, 2)


def test_segments_go_whole_once_their_end_is_too_old(journal: Journal) -> None:
    journal.write_segments(5)
    journal.retain(Limits(age_s=2.5 * SEGMENT_S))
    assert journal.seqs() == segments(2, 3, 4)
    with Reader(journal.path) as reader:
        assert reader.extent().events == len(journal.seqs())
        assert reader.first_event() == 2 * SEGMENT + 1
        kept = reader.checkpoint(2 * SEGMENT, 1)
        assert kept is not None
        assert kept.seq == 2 * SEGMENT  # every later instant follows from it


def test_what_came_after_the_last_kept_state_never_goes(journal: Journal) -> None:
    journal.write_segments(1)
    journal.writer.write(journal.stream.frames(SEGMENT))
    journal.now_ns += 10**9 * NS
    journal.retain(Limits(age_s=1.0, size_bytes=0))
    assert journal.seqs() == segments(1)


def test_what_is_left_of_a_segment_is_reached_from_its_state_after_every_step(journal: Journal) -> None:
    for _ in range(3):
        journal.writer.write([*journal.stream.frames(3 * ROWS_A_STEP), journal.stream.checkpoint()])
    journal.now_ns = journal.stream.now_ns + 10**6 * NS
    retention = journal.retention(Limits(age_s=1.0))
    while retention.step(journal.connection):
        seqs = set(journal.seqs())
        states = {seq for (seq,) in journal.connection.execute("SELECT seq FROM checkpoint")} | {0}
        assert {seq - 1 for seq in seqs} - seqs <= states  # each stretch begins where a state is


def test_a_step_lets_go_of_a_bounded_number_of_rows(journal: Journal) -> None:
    journal.writer.write([*journal.stream.frames(5 * ROWS_A_STEP), journal.stream.checkpoint()])
    journal.now_ns = journal.stream.now_ns + 10**6 * NS
    retention = journal.retention(Limits(age_s=1.0))
    left = 2 * 5 * ROWS_A_STEP
    while retention.step(journal.connection):
        (observations,) = journal.connection.execute("SELECT count(*) FROM observation").fetchone()
        (events,) = journal.connection.execute("SELECT count(*) FROM event").fetchone()
        assert left - observations - events <= ROWS_A_STEP
        left = observations + events
    assert left == 0


def test_another_retention_goes_on_where_one_was_killed(journal: Journal) -> None:
    journal.writer.write([*journal.stream.frames(2 * ROWS_A_STEP), journal.stream.checkpoint()])
    journal.write_segments(1)
    journal.now_ns += 10**6 * NS
    journal.retention(Limits(age_s=1.0)).step(journal.connection)
    assert journal.writer.last_seq == len(journal.seqs())  # only events went yet
    journal.retain(Limits(age_s=1.0))
    assert journal.seqs() == []
    assert journal.connection.execute("SELECT count(*) FROM event").fetchone() == (0,)


def test_the_oldest_go_where_the_file_is_too_large(journal: Journal) -> None:
    journal.write_segments(40)
    pages = (
        "SELECT (page_count - freelist_count) * page_size "
        "FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    (used,) = journal.connection.execute(pages).fetchone()
    journal.retain(Limits(size_bytes=used // 2))
    (used_now,) = journal.connection.execute(pages).fetchone()
    assert 0.2 * used < used_now <= used // 2
    seqs = journal.seqs()
    assert seqs == list(range(seqs[0], 40 * SEGMENT + 1))


def test_the_file_shrinks_but_for_some_spare_pages(journal: Journal) -> None:
    for _ in range(4):
        journal.writer.write(
            [*(journal.stream.frame(padding=2_000) for _ in range(1_500)), journal.stream.checkpoint()]
        )
    journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    before = journal.path.stat().st_size
    journal.now_ns = journal.stream.now_ns + 10**6 * NS
    journal.retain(Limits(age_s=1.0))
    journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert journal.path.stat().st_size < before / 2
    (spare,) = journal.connection.execute("PRAGMA freelist_count").fetchone()
    assert spare <= SPARE_PAGES


@pytest.mark.parametrize(
    "note",
    [
        lambda journal: journal.note(START_NS + int(1.5 * SEGMENT_S * NS)),
        lambda journal: journal.note(0, event=SEGMENT + 7),
        lambda journal: journal.note(START_NS + int(1.2 * SEGMENT_S * NS), START_NS + int(1.8 * SEGMENT_S * NS)),
    ],
    ids=["instant", "event", "range"],
)
def test_a_segment_with_a_note_stays_with_the_state_it_begins_from(
    journal: Journal, note: Callable[[Journal], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helios_desktop.journal.segments.NOTED_NS", 0)
    journal.write_segments(5)
    note(journal)
    journal.retain(Limits(age_s=0.5 * SEGMENT_S))
    assert journal.seqs() == segments(1, 4)
    states = [seq for (seq,) in journal.connection.execute("SELECT seq FROM checkpoint ORDER BY seq")]
    assert states == [SEGMENT, 4 * SEGMENT, 5 * SEGMENT]
    with journal.connection:
        journal.connection.execute("DELETE FROM note")
    journal.retain(Limits(age_s=0.5 * SEGMENT_S))
    assert journal.seqs() == segments(4)


def test_a_minute_around_a_note_stays(journal: Journal) -> None:
    journal.write_segments(40)  # ten seconds each
    journal.note(START_NS + int(20.5 * SEGMENT_S * NS))
    journal.retain(Limits(age_s=1.0))
    assert journal.seqs() == segments(*range(14, 27), 39)


def test_an_observation_stays_that_completes_an_event_which_stays(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helios_desktop.journal.segments.NOTED_NS", 0)
    journal.write_segments(1)
    journal.note(START_NS + APART_NS)
    journal.writer.write([*journal.stream.frames(10), journal.stream.completing(7), journal.stream.checkpoint()])
    journal.write_segments(2)
    journal.retain(Limits(age_s=0.5 * SEGMENT_S))
    completing = SEGMENT + 11
    assert journal.seqs() == [*range(1, SEGMENT + 1), completing, *range(2 * SEGMENT + 12, 3 * SEGMENT + 12)]
    with Reader(journal.path) as reader:
        assert reader.event(7) == journal.stream.events[7] or reader.event(7) is not None
    check_whole(journal.connection)
    with journal.connection:
        journal.connection.execute("DELETE FROM note")
    journal.retain(Limits(age_s=0.5 * SEGMENT_S))
    assert completing not in journal.seqs()


def test_runs_and_gaps_go_with_the_last_that_they_are_about(journal: Journal) -> None:
    journal.write_segments(1)
    journal.writer.write([Unrecorded(journal.stream.now_ns, journal.stream.now_ns + NS, "disk full", 3)])
    journal.writer.write(journal.stream.frames(5))  # killed: no state at its end
    later = Stream(journal.writer.last_event + 1, journal.stream.now_ns + 1_000 * NS)
    journal.writer.begin_run(later.started_ns, later.next_event, "test", 1)
    journal.stream = later
    journal.write_segments(1)
    with Reader(journal.path) as reader:
        assert (len(reader.runs()), len(reader.gaps())) == (2, 1)
    journal.retain(Limits(age_s=500.0))  # by the last that was seen, although the next run began later
    with Reader(journal.path) as reader:
        assert [run.started_ns for run in reader.runs()] == [later.started_ns]
        assert reader.gaps() == []
        assert reader.extent().observations == SEGMENT


def test_a_state_kept_at_the_end_of_a_run_goes_with_it(journal: Journal) -> None:
    journal.write_segments(2)
    later = Stream(journal.writer.last_event + 1, journal.stream.now_ns + 1_000 * NS)
    journal.writer.begin_run(later.started_ns, later.next_event, "test", 1)
    journal.stream = later
    journal.write_segments(1)
    journal.retain(Limits(age_s=500.0))
    assert journal.connection.execute("SELECT seq FROM checkpoint").fetchall() == [(3 * SEGMENT,)]
    assert journal.retain(Limits(age_s=500.0)) == 1


def test_samples_that_follow_a_hole_are_told(journal: Journal) -> None:
    journal.write_segments(20)
    journal.note(START_NS)
    journal.retain(Limits(age_s=10 * SEGMENT_S))
    before, after = next(pair for pair in pairwise(journal.seqs()) if pair[1] > pair[0] + 1)
    with Reader(journal.path) as reader:
        rows = reader.samples(1, 10**9, 100)
        ends = [seq for (seq,) in journal.connection.execute("SELECT seq FROM checkpoint ORDER BY seq")]
    # What came right before the hole went with the state at its end.
    assert before not in ends
    assert [row.is_after_hole for row in rows] == [seq == after - 1 for seq in ends]
    assert sum(row.is_after_hole for row in rows) == 1


def test_numbers_of_events_are_not_used_again_once_all_are_gone(journal: Journal) -> None:
    journal.write_segments(2)
    journal.now_ns += 10**6 * NS
    journal.retain(Limits(age_s=1.0))
    assert journal.seqs() == []
    again = Writer(journal.connection)
    assert (again.last_event, again.last_seq) == (2 * SEGMENT, 2 * SEGMENT)
    again.write(journal.stream.frames(3))
    assert again.indexed == again.last_event


def test_the_disk_is_asked_every_few_seconds_only(journal: Journal) -> None:
    retention = journal.retention(Limits())
    for _ in range(100):
        retention.check_free_space(journal.connection)
    assert journal.asked == 1
    journal.now_ns += 6 * NS
    retention.check_free_space(journal.connection)
    assert journal.asked == 2


def test_where_letting_go_would_not_free_enough_all_is_kept_and_nothing_written(journal: Journal) -> None:
    journal.write_segments(5)
    journal.free = GIB // 2
    retention = journal.retention(Limits())
    run(retention, journal.connection)
    assert journal.seqs() == segments(0, 1, 2, 3, 4)
    with pytest.raises(NoRoomError) as caught:
        retention.check_free_space(journal.connection)
    assert reason_of(caught.value) == "less than 1 GB free"
    journal.free = PLENTY
    journal.now_ns += 6 * NS
    retention.check_free_space(journal.connection)


def test_once_letting_go_would_help_it_is_written_again_although_nothing_went_meanwhile(journal: Journal) -> None:
    journal.write_segments(40)
    journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    journal.free = GIB // 2
    retention = journal.retention(Limits())
    for _ in range(3):
        journal.now_ns += 6 * NS
        with pytest.raises(NoRoomError):
            retention.check_free_space(journal.connection)
    journal.free = GIB - 1_000_000
    journal.now_ns += 6 * NS
    retention.check_free_space(journal.connection)
    assert journal.seqs() == list(range(1, 40 * SEGMENT + 1))


def test_where_letting_go_frees_enough_the_oldest_go(journal: Journal) -> None:
    journal.write_segments(40)
    journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    journal.free = GIB - 1_000_000
    retention = journal.retention(Limits())
    run(retention, journal.connection)
    assert journal.connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    seqs = journal.seqs()
    assert seqs == list(range(seqs[0], 40 * SEGMENT + 1))
    assert 1 < seqs[0] < 35 * SEGMENT
    retention.check_free_space(journal.connection)


def test_a_step_lets_go_of_a_thousand_rows_at_most(journal: Journal) -> None:
    for _ in range(3):
        journal.writer.write([*journal.stream.frames(5_000), journal.stream.checkpoint(100_000)])
    while journal.writer.index():
        pass
    journal.now_ns += 10**6 * NS
    retention = journal.retention(Limits(age_s=1.0))

    def rows() -> int:
        count = "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM observation)"
        return int(journal.connection.execute(count).fetchone()[0])

    before, steps = rows(), 0
    while retention.step(journal.connection):
        assert before - 2_000 <= rows() <= before
        before, steps = rows(), steps + 1
    assert steps >= 15

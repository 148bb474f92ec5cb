"""What went in comes out, in order and whole, over any sequence of what can happen to a journal."""

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from helios_desktop.journal.database import open_journal
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.retention import GIB, Limits, Retention
from helios_desktop.journal.segments import NOTED_NS
from helios_desktop.journal.writer import Item, Seen, Unrecorded, Writer
from helios_desktop.observation import Observation
from tests.unit.journal.checks import check_counts, check_whole
from tests.unit.journal.stream import NS, START_NS, Stream

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class _JournalMachine(RuleBasedStateMachine):
    """A journal beside what it must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "a.journal"
        self.connections: list[sqlite3.Connection] = []
        self.stream = Stream()
        self.expected: list[Observation] = []
        self.gone: set[int] = set()
        self.gone_events: set[int] = set()
        self.runs = 0
        self.gaps: list[Unrecorded] = []
        self.notes: list[tuple[int, int, int | None]] = []
        self.open()

    def open(self) -> None:
        connection = open_journal(self.path)
        self.connections.append(connection)
        self.connection = connection
        self.writer = Writer(connection)
        assert self.writer.last_seq == len(self.expected)
        assert self.writer.last_event == self.stream.next_event - 1
        events = self.stream.events
        self.stream = Stream(self.stream.next_event, self.stream.now_ns, first=self.stream.count)
        self.stream.events = events
        self.run_events = self.stream.next_event
        self.writer.begin_run(self.stream.started_ns, self.stream.next_event, "test", 1)

    @rule(kinds=st.lists(st.sampled_from(["frame", "tick", "derived"]), max_size=60))
    def append(self, kinds: list[str]) -> None:
        self.write([getattr(self.stream, kind)() for kind in kinds])

    @rule(kinds=st.lists(st.sampled_from(["frame", "tick", "derived", "checkpoint", "gap"]), max_size=20))
    def append_with_states(self, kinds: list[str]) -> None:
        items: list[Item] = []
        for kind in kinds:
            if kind == "gap":
                gap = Unrecorded(self.stream.now_ns, self.stream.now_ns + NS, "disk full", 7)
                self.gaps.append(gap)
                items.append(gap)
            else:
                items.append(getattr(self.stream, kind)())
        self.write(items)

    @precondition(lambda self: self.stream.next_event > self.run_events)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(self.run_events, self.stream.next_event - 1))
        self.write([self.stream.completing(number)])

    @rule(seconds=st.integers(1, 200))
    def wait(self, seconds: int) -> None:
        self.stream.pause(seconds)

    @rule()
    def fail(self) -> None:
        """A batch in which something is wrong is not written at all, and the next one is."""
        broken = Unrecorded(0, 2**70, "more than SQLite can keep", 0)
        frames = Stream(self.stream.next_event, self.stream.now_ns).frames(3)
        with pytest.raises(OverflowError):
            self.writer.write([*frames, broken])

    @rule()
    def index(self) -> None:
        self.writer.index(most=10)

    @rule()
    def end_and_open(self) -> None:
        self.writer.end_run(self.stream.now_ns)
        self.connection.close()
        self.open()

    @rule()
    def kill_and_open(self) -> None:
        """What was not committed is undone when a process is killed; of it only the lock would be in the way here."""
        self.connection.rollback()
        self.open()

    @rule(age=st.integers(0, 100), reach=st.integers(0, 20), on_event=st.booleans())
    def note(self, age: int, reach: int, on_event: bool) -> None:
        at_ns = max(START_NS, self.stream.now_ns - age * NS)
        event = self.stream.next_event - 1 if on_event and self.stream.next_event > 1 else None
        self.notes.append((at_ns, at_ns + reach * NS, event))
        with self.connection:
            self.connection.execute(
                "INSERT INTO note (at_ns, until_ns, event, text, written_ns) VALUES (?, ?, ?, 'n', 0)", self.notes[-1]
            )

    @rule()
    def forget_notes(self) -> None:
        self.notes = []
        with self.connection:
            self.connection.execute("DELETE FROM note")

    @rule(age_s=st.integers(0, 300), most_steps=st.integers(1, 30))
    def retain(self, age_s: int, most_steps: int) -> None:
        before, events_before = self.seqs(), self.event_ids()
        limits = Limits(age_s=float(age_s), size_bytes=100 * GIB)
        retention = Retention(self.path, limits, lambda _: 100 * GIB, lambda: self.stream.now_ns)
        steps = 0
        while retention.step(self.connection) and steps < most_steps:
            steps += 1
        gone = set(before) - set(self.seqs())
        gone_events = events_before - self.event_ids()
        self.gone |= gone
        self.gone_events |= gone_events
        for seq in gone:
            self.check_may_go(self.expected[seq - 1].received_ns, age_s)
        for number in gone_events:
            self.check_may_go(self.stream.events[number].at_ns, age_s)
        assert not gone_events & {event for _since, _until, event in self.notes}

    def check_may_go(self, at_ns: int, age_s: int) -> None:
        assert at_ns < self.stream.now_ns - age_s * NS
        assert not any(since - NOTED_NS <= at_ns <= until + NOTED_NS for since, until, _event in self.notes)

    def write(self, items: list[Item]) -> None:
        self.writer.write(items)
        self.expected += [item.observation for item in items if isinstance(item, Seen)]

    def seqs(self) -> list[int]:
        return [seq for (seq,) in self.connection.execute("SELECT seq FROM observation ORDER BY seq")]

    def event_ids(self) -> set[int]:
        return {number for (number,) in self.connection.execute("SELECT id FROM event")}

    @invariant()
    def what_went_in_comes_out(self) -> None:
        with Reader(self.path) as reader:
            found = list(reader.observations())
            assert [seq for seq, _ in found] == [
                seq for seq in range(1, len(self.expected) + 1) if seq not in self.gone
            ]
            assert [one for _, one in found] == [self.expected[seq - 1] for seq, _ in found]
            assert all(gap in self.gaps for gap in reader.gaps())
        check_counts(self.connection)

    @invariant()
    def events_come_out_with_what_told_them(self) -> None:
        assert self.event_ids() == self.stream.events.keys() - self.gone_events
        lacking = "SELECT count(*) FROM event WHERE seq NOT IN (SELECT seq FROM observation)"
        assert self.connection.execute(lacking).fetchone() == (0,)

    def teardown(self) -> None:
        check_whole(self.connection)
        with Reader(self.path) as reader:
            rows = reader.rows(self.stream.events)
            for number, row in rows.items():
                event = self.stream.events[number]
                assert (row.type, row.at_ns, row.node, row.is_derived) == (
                    event.type, event.at_ns, event.node, event.is_derived,
                )  # fmt: skip
        for connection in self.connections:
            connection.close()
        self.folder.cleanup()


TestJournal = _JournalMachine.TestCase
TestJournal.settings = settings(max_examples=1_000 if os.environ.get("HELIOS_FUZZ") else 60, stateful_step_count=30)

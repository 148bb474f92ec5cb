"""However long texts are, what is read as one value stays within what SQLite and memory bear."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, cast

import pytest
from msgspec.structs import replace

from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.passage import Passage
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.search import Search
from helios_desktop.journal.writer import Item, Writer
from helios_desktop.observation import Observation
from tests.unit.journal.stream import START_NS, Stream

FRAMES: Final = 70
LONG: Final = 40_000
MOST: Final = 1_000_000
"""What a value may have here; the frames together have nearly three times as much."""


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def path(tmp_path: Path, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal of long frames, none of which is indexed; one is longer than a block is to be."""
    monkeypatch.setattr("helios_desktop.journal.block.BLOCK_SIGNS", 100_000)
    path = tmp_path / "a.journal"
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        writer.begin_run(START_NS, 1, "test", 1)
        monkeypatch.setattr("helios_desktop.journal.writer.INDEX_AT_ONCE", 0)
        writer.write([stream.frame(10 * LONG if number == 30 else LONG) for number in range(FRAMES)])
    return path


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    with Reader(path) as reader:
        reader.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST)
        yield reader


def test_observations_are_all_read(reader: Reader, stream: Stream) -> None:
    assert [one for _seq, one in reader.observations()] == _observations(stream)


def test_rows_are_all_read(reader: Reader, stream: Stream) -> None:
    assert list(reader.rows(stream.events)) == list(stream.events)


def test_whole_events_and_what_told_them_are_all_read(reader: Reader, stream: Stream) -> None:
    passage = Passage(reader, replace(EventFilter(), types=frozenset({"latency"})))
    read = [(number, event.observation) for block in passage.events() for number, event in block]
    assert read == [(number, event.observation) for number, event in stream.events.items()]
    assert [one for block in passage.observations() for one in block] == _observations(stream)


def test_a_pattern_looks_at_all(reader: Reader, stream: Stream) -> None:
    page = Search(reader, replace(EventFilter(), pattern="latenc[y]")).older(2**63 - 1, 1_000)
    assert page.numbers.tolist() == list(stream.events)


def test_all_are_indexed(path: Path, reader: Reader, stream: Stream) -> None:
    with closing(open_journal(path)) as connection:
        # What the index itself writes is one row at a time, however much comes before.
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST)
        writer = Writer(connection)
        while writer.index():
            pass
        assert writer.indexed == FRAMES
    assert reader.select(replace(EventFilter(), text="latency"), 2**63 - 1, 1_000) == list(reversed(stream.events))


def test_what_is_no_item_is_refused_whole(path: Path, stream: Stream) -> None:
    with closing(open_journal(path)) as connection:
        writer = Writer(connection)
        with pytest.raises(AssertionError):
            writer.write([stream.frame(), cast("Item", "of an unknown kind")])
        assert writer.last_event == FRAMES


def _observations(stream: Stream) -> list[Observation]:
    return [one.observation for one in stream.seen]

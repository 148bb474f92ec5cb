"""Searching a journal page by page: memory and disk find the same, in either direction, however it is filtered."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helios_desktop.event import Event, Severity
from helios_desktop.event_filter import EventFilter, PatternError
from helios_desktop.journal.database import open_journal
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.search import BLOCK, Page, Search, next_of
from helios_desktop.journal.stored import plain_event
from helios_desktop.journal.writer import Seen, Writer
from helios_desktop.observation import Kind, Observation
from helios_desktop.store.log import EventLog

START_NS = 1_700_000_000_000_000_000
NEWEST = 2**62
# What is in Unicode 6.1, whose case Python and SQLite fold alike: see `tokens`.
SIGNS = "aAbB09éÉßøØйЙλΛσς中文かア١٢ñ_-./:\"'* ()\u0301{}😀"
WORDS = st.text(SIGNS, min_size=0, max_size=8)
TYPES = ("error", "pong", "gap_of_ours", "leader_lost")
NODES = ("node1", "node2", "")
OBSERVERS = ("gw1:80", "gw2:80")


def told(number: int, event_type: str, node: str, observer: str, text: str, at_ns: int | None = None) -> Event:
    data = {"error": text} if event_type == "error" else {"text": text}
    raw = json.dumps({"type": event_type, "data": data}, ensure_ascii=False)
    at_ns = START_NS + number * 1_000_000_000 if at_ns is None else at_ns
    return plain_event(Observation(observer, 1, at_ns, Kind.FRAME, raw), node)


def error(number: int, text: str = "broken", node: str = "node1") -> Event:
    return told(number, "error", node, "gw1:80", text)


class Journal:
    """A file and a log of the same events, with the same numbers."""

    def __init__(self, path: Path) -> None:
        self._connection = open_journal(path)
        self._writer = Writer(self._connection)
        self._writer.begin_run(START_NS, 1, "test", 1)
        self.log = EventLog(10_000, start=1)
        self._reader = Reader(path)

    def add(self, events: Sequence[Event], *, is_indexed: bool = True) -> None:
        """Write these; where they are not to be indexed, with so many others that they are not at once."""
        for event in events:
            self.log.extend((event,))
        seen = [
            Seen(event.observation, (event,), (self.log.end - len(events) + at,)) for at, event in enumerate(events)
        ]
        if is_indexed:
            self._writer.write(seen)
        else:
            # More than are indexed at once.
            padding = BLOCK + 1
            filler = [error(0, "padding")] * padding
            self.log.extend(filler)
            numbers = range(self.log.end - padding, self.log.end)
            seen += [Seen(one.observation, (one,), (number,)) for one, number in zip(filler, numbers, strict=True)]
            self._writer.write(seen)

    def begin_run(self, started_ns: int) -> None:
        """Let the fold begin anew."""
        self._writer.begin_run(started_ns, self.log.end, "test", 1)

    def search(self, chosen: EventFilter) -> Search:
        """As the file is now."""
        return Search(self._reader, chosen)

    def close(self) -> None:
        """End."""
        self._reader.close()
        self._connection.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "test.journal")
    yield made
    made.close()


def older_pages(search: Search, most: int) -> list[Page]:
    pages = [search.older(NEWEST, most)]
    while not pages[-1].is_last:
        pages.append(search.older(pages[-1].first, most))
    return pages


def newer_pages(search: Search, most: int) -> list[Page]:
    pages = [search.newer(0, most)]
    while not pages[-1].is_last:
        pages.append(search.newer(pages[-1].end, most))
    return pages


def numbers(pages: list[Page]) -> list[int]:
    return [int(number) for page in pages for number in page.numbers]


EVENTS = st.lists(
    st.tuples(st.sampled_from(TYPES), st.sampled_from(NODES), st.sampled_from(OBSERVERS), WORDS, st.integers(-3, 3)),
    min_size=1,
    max_size=30,
)
NAMES = st.none() | st.frozensets(st.sampled_from(NODES))
FILTERS = st.builds(
    EventFilter,
    types=st.none() | st.frozensets(st.sampled_from(TYPES)),
    hidden_types=st.frozensets(st.sampled_from(TYPES), max_size=2),
    text=WORDS,
    severities=st.none() | st.frozensets(st.sampled_from(Severity)),
    nodes=NAMES,
    hidden_nodes=st.frozensets(st.sampled_from(NODES), max_size=1),
    observers=st.none() | st.frozensets(st.sampled_from(OBSERVERS)),
    hidden_observers=st.frozensets(st.sampled_from(OBSERVERS), max_size=1),
    pattern=st.sampled_from(("", "b", "[0-9]+", "node1$", "^$")),
    since_ns=st.none() | st.integers(-2, 32).map(lambda at: START_NS + at * 1_000_000_000),
    until_ns=st.none() | st.integers(-2, 32).map(lambda at: START_NS + at * 1_000_000_000),
)


@settings(max_examples=40)
@given(events=EVENTS, chosen=st.lists(FILTERS, min_size=1, max_size=4), most=st.integers(1, 7), data=st.data())
def test_memory_and_disk_find_the_same_in_either_direction(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[tuple[str, str, str, str, int]],
    chosen: list[EventFilter],
    most: int,
    data: st.DataObject,
) -> None:
    journal = Journal(tmp_path_factory.mktemp("journal") / "test.journal")
    try:
        journal.add(
            [
                told(number, kind, node, observer, text, START_NS + (number + late) * 1_000_000_000)
                for number, (kind, node, observer, text, late) in enumerate(events)
            ]
        )
        # A word that is there is found more often than one that is drawn.
        there = data.draw(st.sampled_from(events))[3]
        for one in (*chosen, EventFilter(text=there)):
            expected = journal.log.select(one, 0)
            older = older_pages(journal.search(one), most)
            assert numbers(older[::-1]) == expected, one
            assert numbers(newer_pages(journal.search(one), most)) == expected, one
            assert all(before.first == after.end for before, after in itertools.pairwise(older))
    finally:
        journal.close()


def test_what_is_not_indexed_yet_is_looked_at_one_by_one(journal: Journal) -> None:
    journal.add([error(1, "early broken"), error(2, "other")])
    journal.add([error(3, "late broken"), error(4, "broken again")], is_indexed=False)
    expected = [1, 3, 4]
    assert journal.log.select(EventFilter(text="broken"), 0) == expected
    assert numbers(older_pages(journal.search(EventFilter(text="broken")), 10)[::-1]) == expected
    assert numbers(newer_pages(journal.search(EventFilter(text="broken")), 10)) == expected
    assert numbers(older_pages(journal.search(EventFilter(pattern="^(late|early)")), 10)[::-1]) == [1, 3]


def test_a_page_has_the_newest_with_their_times_and_severities(journal: Journal) -> None:
    journal.add([error(n) for n in range(1, 6)] + [told(6, "leader_lost", "node1", "gw1:80", "gone")])
    page = journal.search(EventFilter()).older(NEWEST, 2)
    assert page.numbers.tolist() == [5, 6]
    assert page.at_ns.tolist() == [START_NS + 5_000_000_000, START_NS + 6_000_000_000]
    assert page.severities.tolist() == [Severity.WARNING, Severity.PROBLEM]
    assert (page.first, page.end, page.is_last) == (5, NEWEST, False)


def test_what_is_told_again_is_marked(journal: Journal) -> None:
    journal.add([error(1, "a"), error(2, "a"), error(3, "b"), error(4, "b", "node2"), error(5, "b", "node2")])
    page = journal.search(EventFilter()).older(NEWEST, 10)
    assert page.repeats.tolist() == [False, True, False, False, True]


@pytest.mark.parametrize("count", [5, 40])
def test_a_beginning_is_found_in_each_word_that_begins_so_however_many_there_are(journal: Journal, count: int) -> None:
    ends = ["", "é", "中", *map(str, range(count))]
    journal.add([error(n, f"shard{end}") for n, end in enumerate(ends)] + [error(99, "shar d harsh")])
    found = numbers(older_pages(journal.search(EventFilter(text="shard")), 7)[::-1])
    assert found == list(range(1, len(ends) + 1)) == journal.log.select(EventFilter(text="shard"), 0)
    assert journal.search(EventFilter(text="shard")).is_quick == (count == 5)


def test_a_page_of_a_pattern_says_how_far_back_it_has_looked_although_it_found_nothing(journal: Journal) -> None:
    journal.add([error(1, "needle")])
    journal.add([error(n) for n in range(2, 12)], is_indexed=False)
    search = journal.search(EventFilter(pattern="needle"))
    assert not search.is_quick
    first = search.older(NEWEST, 10)
    assert (len(first.numbers), first.is_last) == (0, False)
    assert first.looked_ns is not None
    pages = older_pages(search, 10)
    assert numbers(pages) == [1]
    assert pages[-1].looked_ns == START_NS + 1_000_000_000


def test_a_pattern_that_never_ends_is_broken_off_with_a_sentence(journal: Journal) -> None:
    journal.add([error(1, "a" * 60 + "!")])
    with pytest.raises(PatternError, match="takes too long on a row"):
        journal.search(EventFilter(pattern="(a|aa)+$")).older(NEWEST, 10)
    with pytest.raises(PatternError, match="is no regular expression"):
        journal.search(EventFilter(pattern="(a"))


def test_the_next_one_is_found_in_either_direction_however_far(journal: Journal) -> None:
    journal.add([error(1, "needle")])
    journal.add([error(n) for n in range(2, 10)], is_indexed=False)
    journal.add([error(99, "needle")])
    last = journal.log.end - 1
    chosen = EventFilter(pattern="needle")
    for number, step, expected in ((1, 1, last), (-1, 1, 1), (last, -1, 1), (NEWEST, -1, last), (last, 1, None)):
        assert next_of(journal.search(chosen), number, step) == expected, (number, step)


def test_a_clock_that_was_set_back_hides_nothing_of_a_time(journal: Journal) -> None:
    journal.add([error(n) for n in range(1, 5)])
    journal.begin_run(START_NS - 10_000_000_000)
    journal.add([error(n) for n in (-9, -8, 3)])
    for since, until in ((2, 4), (-9, -8), (-20, 20), (4, None), (None, -8)):
        chosen = EventFilter(
            since_ns=None if since is None else START_NS + since * 1_000_000_000,
            until_ns=None if until is None else START_NS + until * 1_000_000_000,
        )
        assert numbers(older_pages(journal.search(chosen), 1)[::-1]) == journal.log.select(chosen, 0), (since, until)


def test_an_empty_journal_has_one_page_without_rows(journal: Journal) -> None:
    search: Callable[[], Search] = lambda: journal.search(EventFilter(text="any"))  # noqa: E731
    for page in (search().older(NEWEST, 5), search().newer(0, 5)):
        assert page.is_last
        assert page.numbers.dtype == np.int64
        assert not len(page.numbers)

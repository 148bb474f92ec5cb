"""What repeats folds: any way of filling the rows gives what a plain list would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helios_desktop.qt.timeline_rows import Numbers, Repeats, Rows

WORDS = st.lists(st.sampled_from("ab"), max_size=30)


def page(words: list[str], first: int, end: int) -> tuple[Numbers, Repeats]:
    """Events [first, end) of a list; their numbers are ten apart."""
    numbers = np.arange(first, end, dtype=np.int64) * 10
    repeats = [at > 0 and words[at] == words[at - 1] for at in range(first, end)]
    return numbers, np.array(repeats, dtype=np.bool_)


def filled(words: list[str]) -> Rows:
    return Rows().appended(*page(words, 0, len(words)))


def runs(rows: Rows) -> list[list[int]]:
    return [rows.run_at(row).tolist() for row in range(len(rows))]


def expected(words: list[str], numbers: range) -> list[list[int]]:
    found: list[list[int]] = []
    for at in numbers:
        if found and words[at] == words[at - 1]:
            found[-1].append(at * 10)
        else:
            found.append([at * 10])
    return found


@given(words=WORDS, data=st.data())
def test_pages_at_either_end_give_the_runs_of_the_whole(words: list[str], data: st.DataObject) -> None:
    low = high = data.draw(st.integers(0, len(words)))
    rows = Rows()
    while low > 0 or high < len(words):
        if low > 0 and (high == len(words) or data.draw(st.booleans())):
            first = data.draw(st.integers(0, low - 1))
            is_same = low < high and words[low] == words[low - 1]
            rows = rows.prepended(*page(words, first, low), repeats_last=is_same)
            low = first
        else:
            end = data.draw(st.integers(high + 1, len(words)))
            rows = rows.appended(*page(words, high, end))
            high = end
        assert runs(rows) == expected(words, range(low, high))


@given(words=WORDS, first=st.integers(-5, 310), end=st.integers(-5, 310))
def test_what_goes_at_an_end_leaves_the_runs_of_the_rest(words: list[str], first: int, end: int) -> None:
    rows = filled(words).without_before(first).without_from(end)
    kept = [at for at in range(len(words)) if first <= at * 10 < end]
    assert runs(rows) == expected(words, range(kept[0], kept[-1] + 1) if kept else range(0))


@given(words=WORDS.filter(bool), data=st.data())
def test_unfolding_shows_each_and_folding_brings_the_run_back(words: list[str], data: st.DataObject) -> None:
    rows = filled(words)
    before = runs(rows)
    row = data.draw(st.integers(0, len(rows) - 1))
    count = len(before[row])
    unfolded = rows.unfolded(row)
    assert runs(unfolded) == [*before[:row], *([number] for number in before[row]), *before[row + 1 :]]
    inside = row + data.draw(st.integers(0, count - 1))
    assert unfolded.is_unfolded(inside) == (count > 1)
    assert unfolded.first_of_run(inside) == row
    assert runs(unfolded.folded(inside)) == before


@given(words=WORDS.filter(bool), data=st.data())
def test_an_event_is_found_in_its_run(words: list[str], data: st.DataObject) -> None:
    rows = filled(words)
    number = data.draw(st.integers(-1, len(words))) * 10
    row = rows.row_of(number)
    if 0 <= number < len(words) * 10:
        assert row is not None
        assert number in rows.run_at(row)
        assert rows.row_from(number) == rows.row_from(number - 5) == row
    else:
        assert row is None
    assert rows.row_of(number + 5) is None


def test_what_repeats_an_unfolded_run_is_shown_too() -> None:
    rows = filled(["a", "a"]).unfolded(0)
    more = rows.appended(np.array([20, 30]), np.array([True, True]))
    assert runs(more) == [[0], [10], [20], [30]]
    older = rows.prepended(np.array([-10]), np.array([False]), repeats_last=True)
    assert runs(older) == [[-10], [0], [10]]


def test_a_row_shows_the_last_of_its_run() -> None:
    rows = filled(["a", "b", "b", "b"])
    assert [rows.number_at(row) for row in range(len(rows))] == [0, 30]
    with pytest.raises(IndexError):
        rows.number_at(2)

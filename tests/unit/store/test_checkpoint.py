"""The folded state and the graphs as bytes and back: equal, and folding on as they would have done."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from helios_desktop.event import Event
from helios_desktop.observation import (
    ConnectionChange,
    Kind,
    Observation,
    Phase,
    connection_observation,
    tick,
)
from helios_desktop.store.checkpoint import CheckpointError, restore, store
from helios_desktop.store.fold import fold
from helios_desktop.store.samples import SamplesError, Versions, book_of, broken_off, new_samples, versions
from helios_desktop.store.series import Series, SeriesBook, SeriesKey
from helios_desktop.store.state import ClusterState

CAPTURES = sorted((Path(__file__).parents[2] / "fixtures/captures").glob("*.jsonl"))
NS = 1_000_000_000
BEGIN_NS = 1_800_000_000 * NS


def seen(capture: Path) -> Iterator[Observation]:
    """The frames of a capture a second apart, with a tick between, and twice a reconnect."""
    yield connection_observation("n1", 1, BEGIN_NS, ConnectionChange(Phase.LIVE))
    frames = [row["raw"] for row in map(json.loads, capture.read_text().splitlines()) if row.get("opcode") == "text"]
    for number, frame in enumerate(frames, 1):
        yield tick(BEGIN_NS + number * NS - NS // 2)
        yield Observation("n1", 1, BEGIN_NS + number * NS, Kind.FRAME, frame)
        if number % 7 == 0:
            at_ns = BEGIN_NS + number * NS + 1
            yield connection_observation("n1", 1, at_ns, ConnectionChange(Phase.BACKOFF, attempt=1))
            yield connection_observation("n1", 2, at_ns + 1, ConnectionChange(Phase.LIVE))


def without_completed(state: ClusterState) -> ClusterState:
    """What a checkpoint leaves out: what an event, which may be completed itself, completed."""
    recent = {key: replace(known, event=replace(known.event, completes=None)) for key, known in state.recent.items()}
    return replace(state, recent=recent)


def told(events: tuple[Event, ...]) -> list[Event]:
    return [replace(event, completes=None) for event in events]


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_a_state_comes_back_and_folds_on_as_before(capture: Path) -> None:
    state = again = ClusterState(now_ns=BEGIN_NS)
    for number, observation in enumerate(seen(capture)):
        state, events = fold(state, observation)
        again, events_again = fold(again, observation)
        assert told(events_again) == told(events)
        if number % 3 == 0:
            again = restore(store(again))
            assert without_completed(again) == without_completed(state)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_graphs_come_back_from_the_samples_of_many_checkpoints(capture: Path) -> None:
    state, book = ClusterState(now_ns=BEGIN_NS), SeriesBook()
    parts, kept = [], versions(book)
    for number, observation in enumerate(seen(capture)):
        before = state
        state, _ = fold(before, observation)
        book.add(before, state, observation)
        if number % 4 == 0:
            parts.append(new_samples(book, kept))
            kept = versions(book)
    parts.append(new_samples(book, kept))
    again = book_of(parts)
    assert list(again.keys()) == list(book.keys())
    for key, series in book.items():
        restored = again.get(key)
        assert restored is not None
        assert restored.times_s.tolist() == series.times_s.tolist()
        assert restored.values.tolist() == series.values.tolist()
        assert list(restored.segments()) == list(series.segments())


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.floats(0.1, 40), st.booleans(), st.sampled_from(["a", "b"])), max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_a_series_goes_on_from_any_cuts_as_it_would_have_done(
    steps: list[tuple[float, bool, str]], cuts: list[int]
) -> None:
    key = SeriesKey("rpc", "append_entries", "p50")
    whole, part = Series(), SeriesBook()
    parts: list[bytes] = []
    kept: Versions = {}
    part.put(key, Series())
    time_s = 1_000.0
    for number, (passed_s, is_after_gap, teller) in enumerate(steps):
        time_s += passed_s
        growing = part.get(key)
        assert growing is not None
        for series in (whole, growing):
            series.append(time_s, passed_s, teller=teller, is_after_gap=is_after_gap)
        if number in cuts:
            parts.append(new_samples(part, kept))
            part = book_of(parts)
            kept = versions(part)
    grown = part.get(key)
    assert grown is not None
    assert grown.times_s.tolist() == whole.times_s.tolist()
    assert list(grown.segments()) == list(whole.segments())


def test_samples_that_are_broken_off_are_not_joined_to_those_before_them() -> None:
    book, key = SeriesBook(), SeriesKey("rpc", "append_entries", "p50")
    series = Series()
    book.put(key, series)
    parts, kept = [], versions(book)
    for time_s in range(1_000, 1_012):
        series.append(float(time_s), 1.0, teller="a", is_after_gap=time_s == 1_010)
        if time_s % 4 == 3:
            parts.append(new_samples(book, kept))
            kept = versions(book)
    again = book_of([broken_off(parts[0]), parts[1], broken_off(parts[2])]).get(key)
    assert again is not None
    assert again.times_s.tolist() == series.times_s.tolist()
    assert list(again.segments()) == [slice(0, 8), slice(8, 10), slice(10, 12)]
    with pytest.raises(SamplesError):
        broken_off(b"nonsense")


@pytest.mark.parametrize(
    "broken", [b"", b"nonsense", zlib.compress(b"{}")[:-3], zlib.compress(b"[1]"), zlib.compress(b'{"now_ns": "x"}')]
)
def test_bytes_that_hold_no_state_are_refused(broken: bytes) -> None:
    with pytest.raises(CheckpointError):
        restore(broken)


@pytest.mark.parametrize("broken", [b"", b"nonsense", b"\x91\x92\xc0\xc0"])
def test_bytes_that_hold_no_samples_are_refused(broken: bytes) -> None:
    with pytest.raises(SamplesError):
        book_of([broken])

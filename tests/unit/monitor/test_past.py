"""The picture at an instant: by the nearest kept state, and the same without one."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from helios_desktop.journal.database import open_recording
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Run
from helios_desktop.monitor.past import EmptyError, place_at, state_at
from helios_desktop.store.checkpoint import FOLD_VERSION
from helios_desktop.store.state import ClusterState
from tests.qt.recordings import begin, elect, go_on


@pytest.fixture
async def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[ClusterState]]:
    """Give a journal of two runs with many kept states, and the states after each observation as they were live."""
    monkeypatch.setattr("helios_desktop.journal.recorder.CHECKPOINT_EVERY", 10)
    path, states = tmp_path / "a.journal", list[ClusterState]()
    for start_s in (1_700_000_000, 1_700_000_500):
        story = await begin(path, start_s)
        story.monitor.listen(lambda _seen, _told, one=story: states.append(one.monitor.state))  # type: ignore[misc]
        story.go_live()
        go_on(story, 30)
        elect(story)
        await story.monitor.close_recording()
    return path, states


def plain(state: ClusterState) -> ClusterState:
    return replace(state, recent={})


async def test_the_picture_after_each_observation_is_what_it_was_live(
    recorded: tuple[Path, list[ClusterState]],
) -> None:
    path, states = recorded
    with Reader(path) as reader:
        runs = reader.runs()
        for seq, state in enumerate(states, 1):
            place = place_at(reader, seq)
            assert (place.seq, place.run.id) == (seq, runs[0].id if seq < runs[1].first_seq else runs[1].id)
            assert plain(place.picture.state) == plain(state)
            assert plain(state_at(reader, place.run, seq)) == plain(state)


async def test_a_state_that_is_known_is_folded_on_from_there(recorded: tuple[Path, list[ClusterState]]) -> None:
    path, states = recorded
    with Reader(path) as reader:
        run = reader.runs()[0]
        last = reader.runs()[1].first_seq - 1
        known = (states[3], 4)
        assert plain(state_at(reader, run, last, known)) == plain(states[last - 1])


async def test_kept_states_of_another_fold_are_not_believed(
    recorded: tuple[Path, list[ClusterState]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, states = recorded
    monkeypatch.setattr("helios_desktop.monitor.past.FOLD_VERSION", FOLD_VERSION + 1)
    with Reader(path) as reader:
        last = reader.runs()[1].first_seq - 1
        assert place_at(reader, last).picture.state == states[last - 1]


async def test_before_the_first_observation_there_is_the_first(recorded: tuple[Path, list[ClusterState]]) -> None:
    path, states = recorded
    with Reader(path) as reader:
        assert plain(place_at(reader, 0).picture.state) == plain(states[0])


async def test_the_events_of_the_place_go_on_with_the_numbers_of_the_journal(
    recorded: tuple[Path, list[ClusterState]],
) -> None:
    path, states = recorded
    with Reader(path) as reader:
        place = place_at(reader, len(states))
        assert place.picture.log.end == reader.end_event()
        for number in range(place.picture.log.first, place.picture.log.end):
            told = reader.event(number)
            assert told is not None
            assert replace(place.picture.log[number], completes=None) == told


async def test_a_journal_in_which_nothing_was_seen_begins_blank(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.journal", Run(1, "test", FOLD_VERSION))
    await recorder.open()
    await recorder.close()
    with Reader(tmp_path / "a.journal") as reader:
        assert place_at(reader, 0).picture.state == ClusterState(now_ns=1)


async def test_a_file_without_a_run_is_empty(tmp_path: Path) -> None:
    open_recording(tmp_path / "a.helios").close()
    with Reader(tmp_path / "a.helios") as reader, pytest.raises(EmptyError):
        place_at(reader, 0)

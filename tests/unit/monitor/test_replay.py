"""A recording watched again: seeking, stepping from event to event, playing, and its end."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helios_desktop.event import Event
from helios_desktop.journal.database import open_recording
from helios_desktop.journal.reader import Reader
from helios_desktop.monitor.past import EmptyError
from helios_desktop.monitor.replay import ALL, PROBLEMS, Replay, open_replay
from helios_desktop.observation import Kind, Observation
from tests.qt.recordings import BETWEEN_S, FIRST_RUN_S, events_of, go_on, journal
from tests.qt.scene import NS, START_S, Story

END_S = START_S + FIRST_RUN_S
BEGIN_S = END_S + BETWEEN_S


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    """Give a cluster that was recorded in two runs."""
    made = await journal(tmp_path / "a.journal")
    await made.monitor.close_recording()
    return made


@pytest.fixture
async def replay(tmp_path: Path, story: Story) -> AsyncIterator[Replay]:
    """Give its replay, from the beginning."""
    made = await open_replay(tmp_path / "a.journal", story.monitor.target)
    yield made
    await made.close()


async def ended(replay: Replay) -> None:
    """Play until it stands still by itself."""
    over = asyncio.Event()
    replay.moved = lambda: None if replay.is_playing else over.set()
    replay.play()
    async with asyncio.timeout(20):
        await over.wait()


async def test_it_begins_at_the_first_instant(replay: Replay) -> None:
    assert replay.now_ns() == replay.first_ns == START_S * NS
    assert replay.last_ns == replay.state.now_ns + (replay.last_ns - replay.first_ns)
    assert (replay.recording, replay.is_following) == (None, False)


async def test_it_begins_where_it_is_told_to(tmp_path: Path, story: Story) -> None:
    replay = await open_replay(tmp_path / "a.journal", story.monitor.target, START_S * NS + 7 * NS + 1)
    assert replay.now_ns() == START_S * NS + 7 * NS + 1
    assert replay.state.now_ns == START_S * NS + 7 * NS
    await replay.close()


async def test_a_recording_of_nothing_cannot_be_replayed(tmp_path: Path, story: Story) -> None:
    open_recording(tmp_path / "a.helios").close()
    with pytest.raises(EmptyError):
        await open_replay(tmp_path / "a.helios", story.monitor.target)


@pytest.mark.parametrize("at_s", [START_S - 100, START_S + 11, END_S + 10, BEGIN_S + 5, BEGIN_S + 1_000])
async def test_any_instant_is_reached_and_what_is_beyond_the_ends_is_the_end(replay: Replay, at_s: int) -> None:
    await replay.seek(at_s * NS)
    at_ns = min(max(at_s * NS, replay.first_ns), replay.last_ns)
    assert replay.now_ns() == at_ns
    assert replay.state.now_ns <= at_ns
    with Reader(replay.history) as reader:
        last = reader.observation(reader.seq_at(at_ns))
    assert last is not None
    assert replay.state.now_ns == last.received_ns


async def test_a_little_on_the_panels_are_told_each_observation_and_nothing_jumps(replay: Replay) -> None:
    jumps, seen = list[int](), list[Observation]()
    replay.jumped = lambda: jumps.append(replay.now_ns())
    stop = replay.listen(lambda observation, _told: seen.append(observation))
    log = replay.log
    await replay.seek(START_S * NS + 10 * NS)
    assert jumps == []
    assert replay.log is log
    assert [one.received_ns for one in seen if one.kind is Kind.TICK] == [(START_S + s) * NS for s in range(1, 11)]
    stop()
    await replay.seek(START_S * NS + 20 * NS)
    assert seen[-1].received_ns <= START_S * NS + 10 * NS


async def test_back_or_into_another_run_it_jumps_to_another_log(replay: Replay) -> None:
    jumps = list[int]()
    replay.jumped = lambda: jumps.append(replay.now_ns())
    for at_s in (BEGIN_S + 5, START_S + 5):
        log = replay.log
        await replay.seek(at_s * NS)
        assert replay.log is not log
    assert jumps == [(BEGIN_S + 5) * NS, (START_S + 5) * NS]


async def test_an_event_is_reached_by_its_number(replay: Replay) -> None:
    (number,) = events_of(replay.history, "leader_lost")
    assert await replay.seek_event(number)
    assert replay.state.leader is None
    assert replay.log[number].type == "leader_lost"
    at_ns = replay.now_ns()
    assert not await replay.seek_event(5)
    assert replay.now_ns() == at_ns


async def test_steps_visit_each_observation_that_told_something_and_come_back(replay: Replay) -> None:
    with Reader(replay.history) as reader:
        rows = reader.rows(reader.select(ALL, 2**62, 1_000))
    instants = sorted({(row.seq, row.at_ns) for row in rows.values()})
    forward = [await replay.step(True) for _step in range(len(instants) + 1)]
    # What was told at the first instant has been told already.
    reached = [rows[number].at_ns for number in forward if number is not None]
    assert reached == [at_ns for _seq, at_ns in instants if at_ns > replay.first_ns]
    assert forward[-1] is None
    assert replay.now_ns() == reached[-1]
    back = list[int]()
    while (number := await replay.step(False)) is not None:
        back.append(rows[number].at_ns)
    assert back == [at_ns for _seq, at_ns in instants][-2::-1]


async def test_steps_to_problems_leave_out_all_else(replay: Replay) -> None:
    reached = list[int]()
    while (number := await replay.step(True, PROBLEMS)) is not None:
        reached.append(number)
    with Reader(replay.history) as reader:
        rows = reader.rows(reached)
    assert [rows[number].type for number in reached[:2]] == ["connection_lost", "leader_lost"]
    assert await replay.step(False, PROBLEMS) == reached[-2]
    assert replay.now_ns() == rows[reached[-2]].at_ns


async def test_playing_ends_at_the_end_with_the_state_that_was_live(replay: Replay, story: Story) -> None:
    replay.speed = 1000.0
    told = list[Event]()
    replay.listen(lambda _observation, events: told.extend(events))
    await ended(replay)
    assert replay.now_ns() == replay.last_ns
    assert replay.state.leader == story.monitor.state.leader == "node2"
    assert replay.state.nodes == story.monitor.state.nodes
    await ended(replay)  # there is nothing more to play
    assert replay.now_ns() == replay.last_ns


async def test_playing_takes_its_time(replay: Replay) -> None:
    loop = asyncio.get_running_loop()
    replay.speed = 100.0
    await replay.seek(END_S * NS - 20 * NS)
    begun = loop.time()
    reached = asyncio.Event()
    replay.moved = lambda: reached.set() if replay.now_ns() >= END_S * NS - NS else None
    replay.play()
    async with asyncio.timeout(10):
        await reached.wait()
    replay.pause()
    assert loop.time() - begun >= 0.18
    at_ns = replay.now_ns()
    await replay.close()
    assert replay.now_ns() == at_ns


async def test_where_nothing_was_recorded_playing_goes_on_at_once(replay: Replay) -> None:
    loop = asyncio.get_running_loop()
    await replay.seek(END_S * NS - NS // 20)
    begun = loop.time()
    reached = asyncio.Event()
    replay.moved = lambda: reached.set() if replay.now_ns() >= BEGIN_S * NS else None
    replay.play()  # at the pace of life, over a minute without anything
    async with asyncio.timeout(10):
        await reached.wait()
    assert loop.time() - begun < BETWEEN_S / 10
    replay.pause()


async def test_a_seek_while_it_plays_wins(replay: Replay) -> None:
    replay.speed = 1000.0
    replay.play()
    await asyncio.gather(*(replay.seek((START_S + second) * NS) for second in (25, 5, 15, 3)))
    replay.pause()
    at_ns = replay.now_ns()
    assert at_ns >= (START_S + 3) * NS
    await replay.seek((START_S + 3) * NS)
    assert replay.now_ns() == (START_S + 3) * NS


async def test_a_journal_that_grows_has_a_later_end(tmp_path: Path, story: Story) -> None:
    path = tmp_path / "b.journal"
    live = await journal(path)
    replay = await open_replay(path, live.monitor.target)
    before_ns = replay.last_ns
    live.now_s += 3
    live.tick()
    await live.monitor.close_recording()
    await replay.refresh_end()
    assert replay.last_ns == live.now_ns > before_ns
    await replay.seek(live.now_ns)
    assert replay.now_ns() == live.now_ns
    await replay.close()


async def test_playing_goes_on_into_what_is_recorded_meanwhile(tmp_path: Path, story: Story) -> None:
    path = tmp_path / "b.journal"
    live = await journal(path)
    replay = await open_replay(path, live.monitor.target)
    before_ns = replay.last_ns
    go_on(live, 30, leader="node2", term=5, nodes=("node2", "node3"))
    await live.monitor.close_recording()
    replay.speed = 1000.0
    await ended(replay)
    assert replay.now_ns() == live.now_ns > before_ns
    await replay.close()


async def test_a_file_that_breaks_while_it_plays_is_told(replay: Replay) -> None:
    told = asyncio.Queue[sqlite3.Error]()
    replay.failed = told.put_nowait
    size = replay.history.stat().st_size
    replay.history.write_bytes(replay.history.read_bytes()[:100] + b"\xff" * (size - 100))
    replay.speed = 1000.0
    replay.play()
    async with asyncio.timeout(10):
        assert isinstance(await told.get(), sqlite3.Error)
    await replay.close()
    assert not replay.is_playing


async def test_closing_while_it_plays_ends_all(replay: Replay) -> None:
    replay.play()
    await replay.close()
    assert not replay.is_playing
    with pytest.raises(sqlite3.ProgrammingError):
        await replay.seek(0)

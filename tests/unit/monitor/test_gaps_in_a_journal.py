"""Where something seen could not be recorded, replay and follower go by the state that was kept after it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from helios_desktop.journal.reader import Reader
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import Run
from helios_desktop.monitor.follower import SILENT_S, open_follower
from helios_desktop.monitor.past import place_at
from helios_desktop.monitor.replay import open_replay
from helios_desktop.store.checkpoint import FOLD_VERSION
from tests.qt.recordings import go_on
from tests.qt.scene import NS, START_S, Story

BEFORE_S, LOST_S, AFTER_S = 30, 20, 30


class Recorded:
    """A cluster in a journal, whose queue can be full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recorder = Recorder(path, Run(round(START_S * NS), "test", FOLD_VERSION, {"cluster": "Demo"}))

    async def begin(self) -> Story:
        """Record for some time."""
        await self.recorder.open()
        story = Story(recorder=self.recorder)
        story.go_live()
        go_on(story, BEFORE_S)
        await self.is_written(story)
        return story

    # Private parts are touched here alone, to make the queue full without filling it.

    async def is_written(self, story: Story) -> None:
        """Until all of it is on the disk."""
        await until(lambda: self.recorder.status.last_event == story.monitor.log.end - 1)

    async def lose_some(self, story: Story) -> None:
        """Go on while nothing can be kept, and then while it can."""
        inbox = self.recorder._inbox
        room, inbox._max_bytes = inbox._max_bytes, 0
        go_on(story, LOST_S)
        inbox._max_bytes = room
        go_on(story, AFTER_S)
        await self.is_written(story)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - of what another thread does there is no event
            await asyncio.sleep(0.005)


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path / "a.journal")


async def test_a_replay_goes_over_a_gap_to_the_state_after_it_by_whatever_way(recorded: Recorded) -> None:
    story = await recorded.begin()
    await recorded.lose_some(story)
    await story.monitor.close_recording()
    with Reader(recorded.path) as reader:
        (gap,) = reader.gaps()
        after = place_at(reader, reader.seq_at(gap.until_ns + NS)).picture
    replay = await open_replay(recorded.path, story.monitor.target, gap.since_ns - NS)
    await replay.seek(gap.until_ns + NS)
    assert replay.log.end == after.log.end
    assert replay.state == after.state

    await replay.seek(gap.since_ns - NS)
    numbers = []
    while (number := await replay.step(forwards=True)) is not None:
        numbers.append(number)
    assert numbers == sorted(set(numbers))
    assert replay.log.end == story.monitor.log.end
    assert {name: one.messages for name, one in replay.state.observers.items()} == {
        name: one.messages for name, one in story.monitor.state.observers.items()
    }
    await replay.close()


async def test_a_follower_goes_over_a_gap_to_the_state_after_it(recorded: Recorded) -> None:
    story = await recorded.begin()
    follower = await open_follower(recorded.path, story.monitor.target, lambda: story.now_ns)
    jumps: list[int] = []
    follower.jumped = lambda: jumps.append(follower.log.end)
    running = asyncio.create_task(follower.run())
    await recorded.lose_some(story)
    await until(lambda: follower.log.end == story.monitor.log.end)
    assert jumps
    assert follower.state.observers == story.monitor.state.observers
    with Reader(recorded.path) as reader:
        newest = reader.event(follower.log.end - 1)
    assert newest == story.monitor.log[follower.log.end - 1]
    running.cancel()
    await asyncio.wait({running})
    await follower.close()
    await story.monitor.close_recording()


async def test_a_follower_says_when_the_other_window_records_nothing_any_more(recorded: Recorded) -> None:
    story = await recorded.begin()
    follower = await open_follower(recorded.path, story.monitor.target, lambda: story.now_ns)
    running = asyncio.create_task(follower.run())
    await until(lambda: follower.recording is not None and follower.recording.is_recording)
    story.now_s += SILENT_S + 2
    await until(lambda: follower.recording is not None and not follower.recording.is_recording)
    assert follower.recording is not None
    assert follower.recording.problem == "the other window has recorded nothing for 7 s"
    running.cancel()
    await asyncio.wait({running})
    await follower.close()
    await story.monitor.close_recording()


async def test_a_follower_ends_where_the_journal_is_another_file(recorded: Recorded) -> None:
    story = await recorded.begin()
    follower = await open_follower(recorded.path, story.monitor.target, lambda: story.now_ns)
    running = asyncio.create_task(follower.run())
    recorded.path.rename(recorded.path.with_name("away.journal"))
    async with asyncio.timeout(20):
        await running
    await follower.close()
    await story.monitor.close_recording()


async def test_no_state_is_kept_while_observations_are_being_lost(recorded: Recorded) -> None:
    story = await recorded.begin()
    recorder = recorded.recorder
    recorder._scribe.needs_checkpoint = True
    recorder._inbox._max_bytes = 0
    go_on(story, 2)
    assert not recorder.wants_checkpoint
    await story.monitor.close_recording()

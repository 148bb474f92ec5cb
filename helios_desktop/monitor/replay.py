"""A recording, watched again: at any instant, at any speed, beside whatever is live. It cannot reach a cluster."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from helios_desktop.event import Severity
from helios_desktop.event_filter import EventFilter
from helios_desktop.journal.reader import Reader
from helios_desktop.journal.scribe import RecordingStatus
from helios_desktop.journal.steps import event_after, event_before
from helios_desktop.monitor.past import EmptyError, Place, goes_on, place_at
from helios_desktop.monitor.picture import Picture
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.thread import in_thread
from helios_desktop.monitor.watched import Listener
from helios_desktop.observation import Observation
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState

FRAME_S: Final = 1 / 30
"""How often a playing replay goes on."""
SPEEDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 300.0, 1000.0)
MOST_A_FRAME: Final = 500
"""Observations folded in one go; where more passed, the replay jumps by the nearest kept state instead."""
EMPTY_NS: Final = 10_000_000_000
"""A recording has a tick a second: a longer stretch without anything is played over at once."""
PROBLEMS: Final = EventFilter(severities=frozenset({Severity.PROBLEM}))
ALL: Final = EventFilter()
_NS: Final = 1_000_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class _Way:
    """From where the replay stands to another instant: on by what came between, or to a place of its own."""

    at_ns: int
    coming: list[tuple[int, Observation]]
    place: Place | None = None


class Replay:
    """A `Watched` whose instant is chosen. Make it by `open_replay`; `close` it.

    `first_ns` and `last_ns` bound it; of a journal that is still written, `last_ns` follows at each `refresh_end`.
    `jumped` is called whenever `log` and `series` are others than before, `moved` whenever the instant is another or
    playing ended, and `failed` where the file cannot be played on. All calls are for the loop.
    """

    def __init__(self, reader: Reader, target: Target, place: Place, at_ns: int, first_ns: int, last_ns: int) -> None:
        self.target = target
        self.first_ns = first_ns
        self.last_ns = last_ns
        self.jumped: Callable[[], None] = _nothing
        self.moved: Callable[[], None] = _nothing
        self.failed: Callable[[sqlite3.Error], None] = _not_told
        self.speed = 1.0
        self._reader = reader
        self._place = place
        self._seq = place.seq
        self._at_ns = min(max(at_ns, first_ns), last_ns)
        self._moving = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._playing: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._listeners: list[Listener] = []

    @property
    def state(self) -> ClusterState:
        """The whole picture at the instant."""
        return self._picture.state

    @property
    def log(self) -> EventLog:
        """The events that were folded to come here; older ones are in `history`."""
        return self._picture.log

    @property
    def series(self) -> SeriesBook:
        """What graphs draw."""
        return self._picture.series

    @property
    def history(self) -> Path:
        """The recording."""
        return self._reader.path

    @property
    def recording(self) -> RecordingStatus | None:
        """Nothing is recorded of a replay."""
        return None

    @property
    def is_following(self) -> bool:
        """No other window is followed."""
        return False

    @property
    def is_playing(self) -> bool:
        """True while time goes on by itself."""
        return self._playing is not None

    def now_ns(self) -> int:
        """The instant that is shown."""
        return self._at_ns

    def listen(self, listener: Listener) -> Callable[[], None]:
        """As `Watched` says."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def seek(self, at_ns: int) -> None:
        """Show that instant, or the nearest there is. Raises `sqlite3.Error` where the file cannot be read any more."""
        at_ns = min(max(at_ns, self.first_ns), self.last_ns)
        async with self._moving:
            self._go(await self._read(lambda: self._way(self._reader.seq_at(at_ns), at_ns)))

    async def seek_event(self, number: int) -> bool:
        """Show the instant at which this event was told; False where it is not kept. Raises as `seek`."""
        async with self._moving:
            way = await self._read(lambda: self._way_to_event(number))
            if way is not None:
                self._go(way)
            return way is not None

    async def step(self, forwards: bool, chosen: EventFilter = ALL) -> int | None:
        """Go to the next event that passes, or the one before; gives its number, None where there is none.

        What one observation told is one step. Raises as `seek`.
        """

        def find() -> tuple[int, _Way] | None:
            end, seq = self.log.end, self._seq
            found = event_after(self._reader, end, chosen) if forwards else event_before(self._reader, end, seq, chosen)
            way = None if found is None else self._way_to_event(found)
            return None if found is None or way is None else (found, way)

        async with self._moving:
            found = await self._read(find)
            if found is None:
                return None
            number, way = found
            self._go(way)
            return number

    async def refresh_end(self) -> None:
        """Find out how far a journal goes by now."""
        span_ns = await self._read(self._reader.span_ns)
        if span_ns is not None:
            self.first_ns, self.last_ns = span_ns[0], max(span_ns)

    def play(self) -> None:
        """Let time go on at `speed` until `pause` or the end, which of a journal that is still written may be far."""
        if self._playing is None:
            self._playing = playing = asyncio.create_task(self._play(), name="replay")
            self._ending.add(playing)
            playing.add_done_callback(self._ending.discard)

    def pause(self) -> None:
        """Stand still."""
        self._playing = None

    async def close(self) -> None:
        """Stand still and let go of the file."""
        self.pause()
        if self._ending:
            await asyncio.wait(self._ending)
        async with self._moving, self._reading:
            self._reader.close()

    @property
    def _picture(self) -> Picture:
        return self._place.picture

    async def _play(self) -> None:
        loop, playing = asyncio.get_running_loop(), asyncio.current_task()
        then = loop.time()
        try:
            while self._playing is playing and await self._has_more():
                await asyncio.sleep(FRAME_S)
                now = loop.time()
                passed_ns = int((now - then) * self.speed * _NS)
                then = now
                await self._play_on(playing, passed_ns)
        except sqlite3.Error as error:
            self.failed(error)
        finally:
            if self._playing is playing:
                self._playing = None
        self.moved()

    async def _has_more(self) -> bool:
        if self._at_ns >= self.last_ns:
            await self.refresh_end()
        return self._at_ns < self.last_ns

    async def _play_on(self, playing: asyncio.Task[None] | None, passed_ns: int) -> None:
        async with self._moving:
            if self._playing is playing:
                until_ns = min(self.last_ns, self._at_ns + passed_ns)
                self._go(await self._read(lambda: self._way_on(until_ns)))

    # What is read, in a thread

    def _way_on(self, until_ns: int) -> _Way:
        following = next(self._reader.observations(self._seq, self._seq + 1), None)
        if following is not None and following[1].received_ns - self._at_ns > EMPTY_NS:
            until_ns = max(until_ns, following[1].received_ns)
        return self._way(self._reader.seq_at(until_ns), until_ns)

    def _way_to_event(self, number: int) -> _Way | None:
        row = self._reader.rows((number,)).get(number)
        return None if row is None else self._way(row.seq, row.at_ns)

    def _way(self, seq: int, at_ns: int) -> _Way:
        if 0 <= seq - self._seq <= MOST_A_FRAME and goes_on(self._reader, self._place, seq, at_ns):
            coming = list(self._reader.observations(self._seq, seq))
            if len(coming) == seq - self._seq:  # else retention let go of some
                return _Way(at_ns, coming)
        return _Way(at_ns, [], place_at(self._reader, seq))

    # What is shown of it, on the loop

    def _go(self, way: _Way) -> None:
        if way.place is not None:
            self._place, self._seq, self._at_ns = way.place, way.place.seq, way.at_ns
            self.jumped()
        for seq, observation in way.coming:
            self._seq = seq
            self._at_ns = observation.received_ns
            events, _numbers = self._picture.see(observation)
            for listener in tuple(self._listeners):
                listener(observation, events)
        self._at_ns = way.at_ns
        self.moved()

    async def _read(self, call: Callable[[], T]) -> T:
        async with self._reading:
            return await in_thread(call)


async def open_replay(path: Path, target: Target, at_ns: int | None = None) -> Replay:
    """Watch a recording, or what a journal holds by now, from an instant on; from its beginning by default.

    Raises `EmptyError`, and as `Reader` does.
    """

    def load() -> tuple[Reader, Place, int, int]:
        reader = Reader(path)
        try:
            span_ns = _span_of(reader)
            # Not number 1: what came first may have been let go.
            place = place_at(reader, reader.seq_at(span_ns[0] if at_ns is None else max(span_ns[0], at_ns)))
        except BaseException:
            with suppress(sqlite3.Error):
                reader.close()
            raise
        return reader, place, span_ns[0], max(span_ns)

    reader, place, first_ns, last_ns = await asyncio.to_thread(load)
    return Replay(reader, target, place, first_ns if at_ns is None else at_ns, first_ns, last_ns)


def _span_of(reader: Reader) -> tuple[int, int]:
    span_ns = reader.span_ns()
    if span_ns is None:
        raise EmptyError
    return span_ns


def _nothing() -> None:
    """Stand in where nobody wants to know."""


def _not_told(_error: sqlite3.Error) -> None:
    """Stand in where nobody wants to know."""

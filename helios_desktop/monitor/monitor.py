"""One cluster, watched: sessions make observations, the fold makes state and events of them, all in one place.

Any number of monitors live in one process without knowing each other. Nothing here knows a screen.
"""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from helios_desktop.client.address import Address
from helios_desktop.journal.note import Note
from helios_desktop.journal.recorder import Recorder
from helios_desktop.journal.scribe import RecordingStatus
from helios_desktop.monitor.keeper import Keeper
from helios_desktop.monitor.picture import blank_picture
from helios_desktop.monitor.target import Target
from helios_desktop.monitor.wanted import wanted_calls
from helios_desktop.monitor.watched import Listener
from helios_desktop.observation import Observation, tick
from helios_desktop.protocol.subscription import Topic
from helios_desktop.store.log import EventLog
from helios_desktop.store.series import SeriesBook
from helios_desktop.store.state import ClusterState

if TYPE_CHECKING:
    from helios_desktop.client.session import Session

TICK_S = 1.0


class Monitor:
    """What is known of one cluster, kept up to date while `run` runs.

    `state` is replaced, never changed: compare it by identity. `log` and `series` grow. `topics` is the set that
    was asked for last. All calls are for the loop that runs `run`.

    With a `recorder`, which must be open, all that is seen goes to it until `close_recording`.
    """

    def __init__(
        self,
        target: Target,
        *,
        now_ns: Callable[[], int],
        rng: random.Random,
        recorder: Recorder | None = None,
    ) -> None:
        self.target = target
        self.now_ns = now_ns
        self._picture = picture = (
            blank_picture(now_ns()) if recorder is None else blank_picture(recorder.started_ns, recorder.first_event)
        )
        self._keeper = None if recorder is None else Keeper(recorder, picture)
        self.topics = target.topics
        self._rng = rng
        self._sessions: dict[str, Session] = {}
        self._group: asyncio.TaskGroup | None = None
        # Replaced, never changed: one may go while all are called.
        self._listeners: tuple[Listener, ...] = ()

    @property
    def state(self) -> ClusterState:
        """The whole picture."""
        return self._picture.state

    @property
    def log(self) -> EventLog:
        """The latest events."""
        return self._picture.log

    @property
    def series(self) -> SeriesBook:
        """What graphs draw."""
        return self._picture.series

    @property
    def history(self) -> Path | None:
        """The journal; None where nothing is recorded."""
        return None if self._keeper is None else self._keeper.recorder.path

    @property
    def recording(self) -> RecordingStatus | None:
        """How recording stands; None where nothing is to be recorded."""
        return None if self._keeper is None else self._keeper.recorder.status

    @property
    def is_following(self) -> bool:
        """It watches by itself."""
        return False

    def put_note(self, note: Note) -> None:
        """Keep a bookmark or a note in the journal, in place of the one of the same id; only where it is recorded."""
        if self._keeper is not None:
            self._keeper.recorder.put_note(note)

    def remove_note(self, note_id: int) -> None:
        """Let go of a note in the journal."""
        if self._keeper is not None:
            self._keeper.recorder.remove_note(note_id)

    async def close_recording(self) -> int:
        """Write what waits, and end the recording; gives how many observations were lost in all."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return 0
        keeper.keep_state()
        return await keeper.recorder.close()

    async def run(self) -> None:
        """Watch until cancelled. Sessions retry by themselves; each ends only where it needs the user."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            if self.target.follows_members:
                for member in self.target.first_members:
                    self._open(group, member, self.target.address, member)
            else:
                for address in self.target.addresses:
                    self._open(group, address.name, address, None)
            while True:
                await asyncio.sleep(TICK_S)
                self._see(tick(self.now_ns()))
                self._poll()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with each observation and its events, after the fold; gives the way to stop it."""
        self._listeners = (*self._listeners, listener)
        return lambda: self._forget(listener)

    def _forget(self, listener: Listener) -> None:
        kept = list(self._listeners)
        kept.remove(listener)
        self._listeners = tuple(kept)

    def subscribe(self, topics: frozenset[Topic]) -> None:
        """Ask every gateway for exactly these topics, now and after each reconnect."""
        self.topics = topics
        for session in self._sessions.values():
            session.subscribe(topics)

    def reconnect_now(self) -> None:
        """Try at once: skip the waiting, and try again what was refused."""
        for session in self._sessions.values():
            session.reconnect_now()

    def disconnect(self) -> None:
        """Close every socket and stay offline until `reconnect_now`."""
        for session in self._sessions.values():
            session.disconnect()

    def _poll(self) -> None:
        """Let each session ask for what does not come to it by itself."""
        now_ns = self.now_ns()
        for name, session in self._sessions.items():
            observer = self.state.observers.get(name)
            if observer is not None:
                session.poll(wanted_calls(observer, now_ns))

    def _open(self, group: asyncio.TaskGroup, name: str, address: Address, node: str | None) -> None:
        # aiohttp takes a fifth of a second to load: the window is painted before anybody connects.
        from helios_desktop.client.session import Session  # noqa: PLC0415 - see above

        session = Session(
            name,
            address,
            self.target.credentials,
            see=self._see,
            now_ns=self.now_ns,
            rng=self._rng,
            node=node,
            topics=self.topics,
            tls=self.target.tls,
            allows_plain_text=self.target.allows_plain_text,
            opaque_token_life_s=self.target.opaque_token_life_s,
            login_path=self.target.login_path,
        )
        self._sessions[name] = session
        group.create_task(session.run(), name=f"session {name}")

    def _see(self, observation: Observation) -> None:
        picture = self._picture
        nodes = picture.state.nodes
        events, numbers = picture.see(observation)
        if self._keeper is not None:
            self._keeper.keep(observation, events, numbers)
        for listener in self._listeners:
            listener(observation, events)
        if self.target.follows_members and nodes is not picture.state.nodes:
            self._follow_members()

    def _follow_members(self) -> None:
        """Open a session for each member that has none, and end those of members that were removed."""
        members = self.state.nodes.keys()
        if not members or self._group is None:
            return
        for member in sorted(members - self._sessions.keys()):
            self._open(self._group, member, self.target.address, member)
        for gone in self._sessions.keys() - members:
            self._sessions.pop(gone).disconnect()

"""What the rows about a connection's life are proved with: the pure machine, and a session over a real socket."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from helios_desktop.client.address import parse_address
from helios_desktop.client.connection import Connection
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.effects import Announce, Effect, OpenSocket
from helios_desktop.client.failure import Failure
from helios_desktop.client.inputs import Connect, Ended, FirstFrame, GotToken, Input, Opened, Wake
from helios_desktop.client.session import Session
from helios_desktop.monitor.clock import make_clock
from helios_desktop.observation import ConnectionChange, Kind, Observation, Phase, connection_change
from helios_desktop.protocol.auth import OPAQUE_TOKEN_LIFE_S, LoginAnswer
from helios_desktop.protocol.subscription import ALL_TOPICS, Topic

NS: Final = 1_000_000_000
E = TypeVar("E")


class Life:
    """One connection whose clock the test moves; `effects` are those of the last step, or of all of the last wait."""

    def __init__(self, *, topics: frozenset[Topic] = ALL_TOPICS, login_path: str = "") -> None:
        self.now_ns = 1_800_000_000 * NS
        self.effects: tuple[Effect, ...] = ()
        self.connection = Connection(
            rng=random.Random(1),
            topics=topics,
            token="",
            has_login=True,
            opaque_token_life_s=OPAQUE_TOKEN_LIFE_S,
            may_send_secrets=True,
            login_path=login_path,
        )

    def step(self, happened: Input) -> None:
        """Let it happen now."""
        self.effects = self.connection.step(happened, self.now_ns)

    def only(self, kind: type[E]) -> list[E]:
        """The effects of a kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def change(self) -> ConnectionChange:
        """How it stands, by the last word about it."""
        return self.only(Announce)[-1].change

    def open(self, token: str) -> None:
        """Log in, and open the socket."""
        self.step(Connect())
        self.step(GotToken(1, LoginAnswer(token)))
        self.step(Opened(self.only(OpenSocket)[0].epoch))

    def go_live(self, token: str) -> None:
        """The same, and hear the first frame."""
        self.open(token)
        self.step(FirstFrame(self.connection.epoch))

    def refuse(self, failure: Failure) -> None:
        """The socket could not be opened."""
        self.step(Ended(self.connection.epoch, failure))

    def wait(self, seconds: float, *, is_heard: bool) -> None:
        """Let time pass, waking it when it asked to be woken; a frame comes at each second, or none."""
        done: tuple[Effect, ...] = ()
        until_ns = self.now_ns + int(seconds * NS)
        while self.now_ns < until_ns:
            deadline_ns = self.connection.deadline_ns
            next_ns = until_ns if deadline_ns is None else min(until_ns, max(deadline_ns, self.now_ns))
            self.now_ns = min(self.now_ns + NS, max(next_ns, self.now_ns + 1))
            if is_heard:
                self.connection.heard(self.connection.epoch, self.now_ns)
            if deadline_ns is not None and deadline_ns <= self.now_ns:
                self.step(Wake())
                done += self.effects
        self.effects = done


class Watcher:
    """What a session saw."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self._news = asyncio.Event()

    def see(self, observation: Observation) -> None:
        """Keep it."""
        self.seen.append(observation)
        self._news.set()

    @property
    def frames(self) -> list[str]:
        """The texts of the frames that came."""
        return [seen.text for seen in self.seen if seen.kind is Kind.FRAME]

    @property
    def changes(self) -> list[ConnectionChange]:
        """How the connection stood, one after the other."""
        return [connection_change(seen) for seen in self.seen if seen.kind is Kind.CONNECTION]

    def is_in(self, phase: Phase) -> bool:
        """True where it is how the connection stands."""
        return bool(self.changes) and self.changes[-1].phase is phase

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it is true; it is looked at after each observation."""
        async with asyncio.timeout(20):
            while not holds():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def watching(url: str, credentials: Credentials) -> AsyncIterator[Watcher]:
    """Run a session at a gateway; at the end it hangs up as it does for the user."""
    watcher = Watcher()
    session = Session(
        "gateway",
        parse_address(url),
        credentials,
        see=watcher.see,
        now_ns=make_clock(),
        rng=random.Random(1),
        node=None,
        topics=ALL_TOPICS,
        tls=None,
        allows_plain_text=False,
        opaque_token_life_s=OPAQUE_TOKEN_LIFE_S,
    )
    running = asyncio.create_task(session.run())
    try:
        yield watcher
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

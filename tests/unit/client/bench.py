"""A connection under test, on a clock of the test."""

import random

from helios_desktop.client.connection import Connection
from helios_desktop.client.effects import Announce, Effect, LogIn, OpenSocket, Read
from helios_desktop.client.failure import Failure
from helios_desktop.client.inputs import Connect, Ended, FirstFrame, GotToken, Input, Opened, ReadEnded, Wake
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, ConnectionChange, Phase
from helios_desktop.protocol.auth import LoginAnswer
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import ALL_TOPICS

START_NS = 1_800_000_000 * NS


class Bench:
    """A connection, its clock, and what it wanted so far. A given token comes alone, if not told otherwise."""

    def __init__(
        self,
        *,
        token: str = "",
        has_login: bool | None = None,
        login_path: str = "",
        may_send_secrets: bool = True,
        seed: int = 1,
    ) -> None:
        self.connection = Connection(
            rng=random.Random(seed),
            topics=ALL_TOPICS,
            token=token,
            has_login=not token if has_login is None else has_login,
            opaque_token_life_s=900,
            may_send_secrets=may_send_secrets,
            login_path=login_path,
        )
        self.now_ns = START_NS
        self.changes: list[ConnectionChange] = []

    def give(self, happened: Input, *, after_s: float = 0) -> list[Effect]:
        """Step; gives the effects without the announcements, which go to `changes`."""
        self.now_ns += int(after_s * NS)
        effects = self.connection.step(happened, self.now_ns)
        self.changes += [effect.change for effect in effects if isinstance(effect, Announce)]
        return [effect for effect in effects if not isinstance(effect, Announce)]

    def wake(self) -> list[Effect]:
        """Let the time pass until the deadline."""
        assert self.connection.deadline_ns is not None
        self.now_ns = max(self.now_ns, self.connection.deadline_ns)
        return self.give(Wake())

    def go_live(self) -> None:
        """Answer well to whatever it wants until it is live."""
        effects = self.give(Connect())
        if self.connection.phase is Phase.AUTHENTICATING:
            [call] = effects
            assert isinstance(call, LogIn)
            self.give(GotToken(call.call, LoginAnswer("token", expires_in=900, refresh_token="refresh")))
        self.open()

    def open(self) -> None:
        """The socket opens, and the first frame comes."""
        self.give(Opened(self.connection.epoch))
        self.give(FirstFrame(self.connection.epoch))
        assert self.connection.phase is Phase.LIVE

    def live_for(self, seconds: float) -> list[Effect]:
        """Hear frames and do what is due; gives all that it wanted meanwhile."""
        effects: list[Effect] = []
        until_ns = self.now_ns + int(seconds * NS)
        while (deadline_ns := self.connection.deadline_ns) is not None and deadline_ns <= until_ns:
            self.now_ns = max(self.now_ns, deadline_ns)
            assert self.connection.heard(self.connection.epoch, self.now_ns)
            effects += self.give(Wake())
        self.now_ns = until_ns
        assert self.connection.heard(self.connection.epoch, self.now_ns)
        return effects

    def lose(self, cause: Cause = Cause.SERVER_CLOSED, said: str = "said so") -> list[Effect]:
        """The socket ends, or cannot be opened."""
        return self.give(Ended(self.connection.epoch, Failure(cause, said)))

    def lose_for_good(self, cause: Cause) -> list[Effect]:
        """The socket cannot be opened, and where REST is asked as well, that brings no more."""
        effects = self.lose(cause)
        if len(effects) == 1 and isinstance(effects[0], Read):
            return self.give(ReadEnded(effects[0].number, None, Failure(Cause.REFUSED)))
        return effects

    def block(self) -> None:
        """Nothing but the socket works: from the attempt to open it until the status is polled."""
        [read] = self.lose(Cause.NOT_HELIOS, "400 Bad Request") or self.wake()
        assert isinstance(read, Read)
        self.give(ReadEnded(read.number, 200))
        assert self.last.phase is Phase.POLLING

    def until_read(self) -> Read:
        """Let the time pass until something is read; the socket stays shut."""
        for _ in range(20):
            for effect in self.wake():
                if isinstance(effect, Read):
                    return effect
                if isinstance(effect, OpenSocket):
                    self.lose(Cause.NOT_HELIOS)
        raise AssertionError("nothing is read")

    def poll_status(self, status: int | None, failure: Failure | None = None) -> list[Effect]:
        """The next status poll brings this."""
        read = self.until_read()
        assert read.call is RestCall.STATUS
        return self.give(ReadEnded(read.number, status, failure))

    @property
    def last(self) -> ConnectionChange:
        """The last announcement."""
        return self.changes[-1]

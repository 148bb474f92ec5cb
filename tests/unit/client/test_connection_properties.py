"""A connection under any inputs at any times: what must always hold, on long random walks.

Walks and not hypothesis's own machines, since the states that matter (a renewal in flight while the socket ends) lie
too deep for those. `HELIOS_FUZZ` walks further.
"""

import os
import random
from collections.abc import Callable
from typing import Final

import pytest

from helios_desktop.client.backoff import LONGEST_BACKOFF_S
from helios_desktop.client.connection import STABLE_S, Connection
from helios_desktop.client.effects import (
    Announce,
    CancelCall,
    CancelRead,
    CloseSocket,
    Effect,
    LogIn,
    OpenSocket,
    Read,
    Refresh,
    Send,
)
from helios_desktop.client.failure import Failure
from helios_desktop.client.held_socket import GRACE_S
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    Ended,
    FirstFrame,
    GotToken,
    Input,
    Opened,
    Poll,
    ReadEnded,
    Subscribe,
    Wake,
)
from helios_desktop.client.polling import APART_S, QUIET_S
from helios_desktop.client.resuming import Place
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Phase
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME, Topic, subscribe_frame

ENDS: Final = frozenset({Phase.IDLE, Phase.REJECTED, Phase.CLOSED})
CLOSED: Final = [Cause.SERVER_CLOSED, Cause.LOGIN_EXPIRED, Cause.REVOKED, Cause.TOO_SLOW, Cause.TOO_MANY]
"""How a socket can end that was open."""
CAUSES: Final = [cause for cause in Cause if cause not in {Cause.NONE, Cause.ASKED, *CLOSED[1:]}]
LIVES_S: Final = [None, -1.0, 0.5, 5.0, 20.0, 900.0]
CAUSES_BY_STATUS: Final = {
    200: None, 401: Cause.BAD_CREDENTIALS, 403: Cause.NOT_ADMIN, 404: Cause.NOT_FOUND, 405: Cause.NOT_FOUND,
    429: Cause.SERVER_ERROR, 500: Cause.SERVER_ERROR, 503: Cause.RAFT_NOT_ENABLED, None: Cause.TIMEOUT,
}  # fmt: skip
WALKS: Final = 20_000 if os.environ.get("HELIOS_FUZZ") else 400
STEPS: Final = 300


class _World:
    """The world as the driver sees it: at most one call, read and socket, each answered at some time or late."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.has_login = self.rng.random() < 0.8
        self.now_ns = 1_800_000_000 * NS
        self.connection = Connection(
            rng=random.Random(seed),
            topics=ALL_TOPICS,
            token=self.rng.choice(["", "given"]),
            has_login=self.has_login,
            opaque_token_life_s=900,
            may_send_secrets=self.rng.random() < 0.95,
            login_path=self.rng.choice(["", LOGIN_PATHS[1], "/sso"]),
        )
        self.call: int | None = None
        self.socket: int | None = None
        self.opened_ns: int | None = None
        self.has_message = False
        self.is_closing = False
        self.read: int | None = None
        self.polled: frozenset[RestCall] = frozenset()
        self.read_ns = self.quiet_ns = 0
        self.topics: frozenset[Topic] = ALL_TOPICS
        self.asked = 0
        self.boot = 0
        self.seq = 0
        self.place: Place | None = None  # of the last message that was told on any socket
        self.live_ns = 0
        self.has_logged_in_at_end = False
        self.phases: set[Phase] = set()
        self.resumed = 0

    def walk(self) -> None:
        """Do one thing that can happen now."""
        self.rng.choice(self.possible())()
        self.check()

    def possible(self) -> list[Callable[[], None]]:
        """What can happen now, the likelier the more often."""
        things = [self.user_connects, self.user_subscribes, self.user_polls, self.time_passes]
        things += [self.is_woken_for_nothing, self.is_late]
        if self.rng.random() < 0.3:
            things.append(self.user_disconnects)
        if self.connection.deadline_ns is not None:
            things += [self.deadline_comes] * 3
        if self.call is not None:
            things += [self.call_brings_a_token] * 3 + [self.call_fails] * 2
        if self.read is not None:
            things += [self.read_ends] * 3
        if self.socket is not None:
            things.append(self.socket_ends)
            if self.opened_ns is None:
                things += [self.socket_opens] * 3
            elif not self.has_message:
                things += [self.first_frame_comes] * 3
            else:
                things += [self.frame_comes, self.lives_for_a_while, self.lives_for_a_while]
        return things

    def give(self, happened: Input) -> None:
        """Step, and carry out."""
        effects = self.connection.step(happened, self.now_ns)
        assert len(effects) <= 6
        for effect in effects:
            self.carry_out(effect)

    def carry_out(self, effect: Effect) -> None:
        """Note what is under way, and refuse what must not be."""
        match effect:
            case LogIn(call) | Refresh(call):
                assert self.call is None, "two calls at once"
                self.call = call
                self.ask()
            case CancelCall(call):
                assert call == self.call
                self.call = None
            case Read(number, call, token):
                assert self.read is None, "two reads at once"
                assert self.now_ns - self.read_ns >= APART_S * NS, "a burst of reads"
                assert self.now_ns >= self.quiet_ns, "a read in the quiet time"
                phase = self.connection.phase
                assert phase in {Phase.LIVE, Phase.POLLING, Phase.CONNECTING}
                assert call in self.polled or (call is RestCall.STATUS and phase is not Phase.LIVE)
                assert token or phase is Phase.LIVE, "polling without a token"
                self.read, self.read_ns = number, self.now_ns
                self.ask()
            case CancelRead(number):
                assert number == self.read
                self.read = None
            case OpenSocket(epoch, since=since):
                assert self.socket is None, "two sockets at once"
                assert since == self.place, "it goes on from where it was not, or begins anew where it could go on"
                self.resumed += since is not None
                assert epoch == self.connection.epoch
                self.socket, self.opened_ns, self.has_message, self.is_closing = epoch, None, False, False
                self.ask()
            case CloseSocket(epoch):
                assert epoch == self.socket
                assert not self.is_closing, "closed twice"
                assert self.opened_ns is not None, "closed before it was open"
                assert self.has_message or self.now_ns - self.opened_ns >= GRACE_S * NS, "closed too early"
                self.is_closing = True
            case Send(epoch, text):
                assert epoch == self.socket
                assert self.opened_ns is not None
                assert not self.is_closing
                assert text in {PING_FRAME, subscribe_frame(self.topics)}
            case Announce(change):
                self.phases.add(change.phase)
                assert change.phase is self.connection.phase
                if change.phase is Phase.BACKOFF:
                    assert change.retry_at_ns is not None
                    least_s = LONGEST_BACKOFF_S / 2 if change.cause is Cause.TOO_MANY else 1
                    assert least_s * NS <= change.retry_at_ns - self.now_ns <= LONGEST_BACKOFF_S * NS

    def ask(self) -> None:
        """Count what goes over the network: without the user or time, only few in a row."""
        self.asked += 1
        assert self.asked <= 10, "it hammers the gateway"

    def pass_time(self, until_ns: int) -> None:
        """As the driver does at a deadline; one that stays in the past would make it spin."""
        if until_ns > self.now_ns:
            self.now_ns = until_ns
            self.asked = 0
        for _ in range(4):
            deadline_ns = self.connection.deadline_ns
            if deadline_ns is None or deadline_ns > self.now_ns:
                return
            self.give(Wake())
        raise AssertionError("a busy loop")

    def user_connects(self) -> None:
        self.asked = 0
        if self.connection.phase in ENDS:
            self.has_logged_in_at_end = False
        self.give(Connect())

    def user_disconnects(self) -> None:
        self.give(Disconnect())
        assert self.connection.phase is Phase.CLOSED

    def user_polls(self) -> None:
        self.polled = frozenset(call for call in RestCall if self.rng.random() < 0.5)
        self.give(Poll(self.polled))

    def user_subscribes(self) -> None:
        topics = self.rng.choice([self.topics, frozenset(topic for topic in Topic if self.rng.random() < 0.5)])
        if topics != self.topics:
            self.topics, self.place = topics, None
        self.give(Subscribe(self.topics))

    def time_passes(self) -> None:
        self.pass_time(self.now_ns + int(self.rng.choice([0, 0.01, 0.3, 1, 10, 60, 3600]) * NS))

    def deadline_comes(self) -> None:
        assert self.connection.deadline_ns is not None
        self.pass_time(self.connection.deadline_ns)

    def is_woken_for_nothing(self) -> None:
        self.give(Wake())

    def call_brings_a_token(self) -> None:
        assert self.call is not None
        call, self.call = self.call, None
        answer = LoginAnswer("token", self.rng.choice(LIVES_S), self.rng.choice([None, "refresh"]))
        self.give(GotToken(call, answer))

    def call_fails(self) -> None:
        assert self.call is not None
        call, self.call = self.call, None
        self.give(CallFailed(call, Failure(self.rng.choice(CAUSES))))

    def read_ends(self) -> None:
        assert self.read is not None
        number, self.read = self.read, None
        status = self.rng.choice([200, 200, 200, *CAUSES_BY_STATUS])
        cause = CAUSES_BY_STATUS[status]
        if status == 429:
            self.quiet_ns = self.now_ns + int(QUIET_S * NS)
        self.give(ReadEnded(number, status, None if cause is None else Failure(cause)))

    def socket_opens(self) -> None:
        assert self.socket is not None
        self.opened_ns = self.now_ns
        if self.rng.random() < 0.3:
            self.boot, self.seq = self.boot + 1, 0
        self.give(Opened(self.socket))

    def first_frame_comes(self) -> None:
        assert self.socket is not None
        self.has_message = True
        self.live_ns = self.now_ns
        self.give(FirstFrame(self.socket))

    def frame_comes(self) -> None:
        assert self.socket is not None
        is_ours = self.connection.heard(self.socket, self.now_ns)
        assert is_ours == (self.connection.phase is Phase.LIVE)

    def lives_for_a_while(self) -> None:
        for _ in range(self.rng.randrange(10)):
            if self.connection.phase is not Phase.LIVE or self.socket is None:
                return
            assert self.connection.deadline_ns is not None
            assert self.connection.heard(self.socket, max(self.now_ns, self.connection.deadline_ns))
            self.deadline_comes()
            assert self.connection.phase is Phase.LIVE

    def socket_ends(self) -> None:
        assert self.socket is not None
        was_wanted = self.connection.is_holding(self.socket)
        was_open, was_live = self.opened_ns is not None, self.connection.phase is Phase.LIVE
        cause = self.rng.choice(CLOSED if was_open else CAUSES)
        last = self.last_of_the_socket()
        if self.has_message:
            self.place = last
        elif cause is Cause.NOT_HELIOS:
            self.place = None
        epoch, self.socket = self.socket, None
        self.opened_ns, self.has_message = None, False
        is_stable = was_live and self.now_ns - self.live_ns >= STABLE_S * NS
        is_first = is_stable or not self.has_logged_in_at_end
        self.give(Ended(epoch, Failure(cause), last))
        if was_open and was_wanted:
            assert self.connection.phase is self.phase_after(cause, is_first=is_first)

    def last_of_the_socket(self) -> Place | None:
        """The place of the last message, which a gateway that numbers none has not."""
        if not self.has_message or self.rng.random() < 0.3:
            return None
        self.seq += self.rng.randrange(1, 9)
        return Place(str(self.boot), self.seq)

    def phase_after(self, cause: Cause, *, is_first: bool) -> Phase:
        """Where a connection stands whose socket was open and ended so."""
        match cause:
            case Cause.REVOKED:
                return Phase.REJECTED
            case Cause.LOGIN_EXPIRED if not self.has_login:
                return Phase.REJECTED
            case Cause.LOGIN_EXPIRED if is_first:
                self.has_logged_in_at_end = True
                return Phase.AUTHENTICATING
            case _:
                return Phase.BACKOFF

    def is_late(self) -> None:
        age = self.rng.randrange(1, 4)
        epoch = self.connection.epoch - age
        number = -age if self.call is None else self.call - age
        failure = Failure(self.rng.choice(CAUSES))
        late: list[Input] = [
            Opened(epoch), FirstFrame(epoch), Ended(epoch, failure, Place("late", 1)), CallFailed(number, failure),
            GotToken(number, LoginAnswer("late")), ReadEnded(-age if self.read is None else self.read - age, 200),
        ]  # fmt: skip
        phase = self.connection.phase
        assert self.connection.step(self.rng.choice(late), self.now_ns) == ()
        assert self.connection.phase is phase
        assert not self.connection.heard(epoch, self.now_ns)

    def check(self) -> None:
        """There is a deadline, an answer to come or an end; and phase and world agree."""
        phase = self.connection.phase
        under_way = (self.call, self.read, self.socket)
        has_way_on = self.connection.deadline_ns is not None or any(one is not None for one in under_way)
        assert has_way_on or phase in ENDS
        if phase in {Phase.SYNCING, Phase.LIVE}:
            assert self.opened_ns is not None
            assert not self.is_closing
            assert self.has_message == (phase is Phase.LIVE)
        if phase is Phase.AUTHENTICATING:
            assert self.call is not None
        if phase is Phase.POLLING:
            assert self.opened_ns is None
            assert self.read is not None or self.connection.deadline_ns is not None
        if phase in ENDS or phase is Phase.BACKOFF:
            assert self.read is None
        if phase in ENDS:
            assert self.call is None


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
def test_what_must_hold_of_a_connection_holds_on_every_walk(block: int) -> None:
    phases: set[Phase] = set()
    resumed = 0
    for seed in range(block, WALKS, 8):
        world = _World(seed)
        for _ in range(STEPS):
            world.walk()
        phases |= world.phases
        resumed += world.resumed
    assert phases == set(Phase) - {Phase.IDLE}
    assert resumed

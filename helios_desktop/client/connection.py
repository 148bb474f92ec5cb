"""The life of one session's connection as a pure state machine: `step(input, now) -> effects`, with a deadline.

It knows no clock, no socket and no loop; `session.py` drives it. At most one socket exists at any time.
"""

import random
from dataclasses import dataclass
from typing import Final

from helios_desktop.client.effects import (
    Announce,
    CancelCall,
    CloseSocket,
    Effect,
    LogIn,
    OpenSocket,
    Refresh,
    Send,
)
from helios_desktop.client.failure import Failure
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    Ended,
    FirstFrame,
    GotToken,
    Input,
    Opened,
    Subscribe,
    Wake,
)
from helios_desktop.client.tokens import NS, Tokens
from helios_desktop.observation import Cause, ConnectionChange, Phase
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer
from helios_desktop.protocol.subscription import PING_FRAME, Topic, subscribe_frame

SILENCE_S: Final = 12.0
"""Nothing came for so long, although pings asked: the connection is dead."""
PING_S: Final = 5.0
"""Less than half the silence limit, so that a ping is always out when it ends; and the round trip stays fresh."""
STABLE_S: Final = 30.0
"""Live for so long, the next failure counts as the first."""
FIRST_BACKOFF_S: Final = 1.0
LONGEST_BACKOFF_S: Final = 30.0
GRACE_S: Final = 0.5
"""Never close a socket before its first message or this age: the real gateway can die of it (wire.md §2, Closing)."""

_ON_ITS_WAY: Final = frozenset({Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE})
_NEEDS_THE_USER: Final = frozenset({Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN, Cause.NOT_FOUND, Cause.PLAIN_TEXT})
_NEEDS_THE_USER_AT_FIRST: Final = frozenset({Cause.NOT_HELIOS, Cause.TLS})
"""A wrong address, as long as it never worked; later it is the network or the gateway that changed, and may again."""
_NO_REFRESH: Final = frozenset({Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN, Cause.NOT_FOUND, Cause.NOT_HELIOS})


@dataclass(slots=True)
class _Socket:
    """`is_leaving`: not wanted any more, but it still lives; `is_told`: the effect that closes it is out."""

    epoch: int
    opened_ns: int | None = None
    has_message: bool = False
    is_leaving: bool = False
    is_told: bool = False

    @property
    def leaves_ns(self) -> int | None:
        """When it may be closed; None where it needs no more telling or is not open yet."""
        if not self.is_leaving or self.is_told or self.opened_ns is None:
            return None
        return self.opened_ns + (0 if self.has_message else _ns(GRACE_S))


@dataclass(frozen=True, slots=True)
class _Call:
    number: int
    is_refresh: bool
    untried_paths: tuple[str, ...] = ()


class Connection:
    """One session's connection.

    `epoch` counts sockets from 1. Call `step` for everything that happens and once `deadline_ns` has passed; carry
    out the effects in their order. What comes late from an older socket or call is dropped here.
    """

    def __init__(
        self,
        *,
        rng: random.Random,
        topics: frozenset[Topic],
        token: str,
        has_login: bool,
        opaque_token_life_s: float,
        may_send_secrets: bool,
    ) -> None:
        self.phase = Phase.IDLE
        self.epoch = 0
        self._rng = rng
        self._topics = topics
        self._tokens = Tokens(token, has_login=has_login, opaque_life_s=opaque_token_life_s)
        self._has_login = has_login
        self._may_send_secrets = may_send_secrets
        self._login_paths: tuple[str, ...] = LOGIN_PATHS
        self._socket: _Socket | None = None
        self._call: _Call | None = None
        self._calls = 0
        self._failures = 0
        self._has_been_live = False
        self._has_logged_in_again = False
        self._heard_ns = self._live_ns = self._ping_ns = self._retry_ns = 0
        self._effects: list[Effect] = []

    def step(self, happened: Input, now_ns: int) -> tuple[Effect, ...]:
        """Take one input; `now_ns` is the wall clock and never goes back."""
        match happened:
            case Connect():
                self._connect(now_ns)
            case Disconnect():
                self._disconnect(now_ns)
            case Subscribe(topics):
                self._subscribe(topics)
            case Wake():
                self._wake(now_ns)
            case GotToken(number, answer):
                self._got_token(number, answer, now_ns)
            case CallFailed(number, failure):
                self._call_failed(number, failure, now_ns)
            case Opened(epoch):
                self._opened(epoch, now_ns)
            case FirstFrame(epoch):
                self._first_frame(epoch, now_ns)
            case Ended(epoch, failure):
                self._ended(epoch, failure, now_ns)
        effects, self._effects = tuple(self._effects), []
        return effects

    def heard(self, epoch: int, now_ns: int) -> bool:
        """Note that a frame came; cheap enough for each. False where it must be dropped: its socket is left."""
        if not self.is_holding(epoch):
            return False
        self._heard_ns = now_ns
        return True

    def is_holding(self, epoch: int) -> bool:
        """True where the socket of this epoch is there and wanted: what it brings counts, and frames may be sent."""
        socket = self._socket
        return socket is not None and socket.epoch == epoch and not socket.is_leaving

    @property
    def deadline_ns(self) -> int | None:
        """When to step with `Wake`, if nothing happens before; None where only an answer or the user goes on."""
        deadlines: list[int] = []
        if self.phase is Phase.BACKOFF:
            deadlines.append(self._retry_ns)
        if self.phase is Phase.LIVE and self._call is None and self._tokens.renew_ns is not None:
            deadlines.append(self._tokens.renew_ns)
        socket = self._socket
        if socket is not None and socket.leaves_ns is not None:
            deadlines.append(socket.leaves_ns)
        elif socket is not None and not socket.is_leaving and socket.opened_ns is not None:
            deadlines += (self._ping_ns, self._heard_ns + _ns(SILENCE_S))
        return min(deadlines, default=None)

    # What the user wants

    def _connect(self, now_ns: int) -> None:
        if self.phase in _ON_ITS_WAY:
            return
        if not self._may_send_secrets:
            self._reject(Failure(Cause.PLAIN_TEXT), now_ns)
            return
        if self.phase is not Phase.BACKOFF:
            self._failures = 0
            self._has_logged_in_again = False
        self._begin(now_ns, Cause.ASKED)

    def _disconnect(self, now_ns: int) -> None:
        if self.phase is not Phase.CLOSED:
            self._stop(Phase.CLOSED, Failure(Cause.ASKED), now_ns)

    def _subscribe(self, topics: frozenset[Topic]) -> None:
        self._topics = topics
        socket = self._socket
        if socket is not None and socket.opened_ns is not None and not socket.is_leaving:
            self._effects.append(Send(socket.epoch, subscribe_frame(topics)))

    # The token

    def _begin(self, now_ns: int, cause: Cause) -> None:
        if self._tokens.is_wanting(now_ns):
            self._enter(Phase.AUTHENTICATING, Failure(cause))
            self._fetch_token()
        else:
            self._open(cause)

    def _fetch_token(self) -> None:
        if self._call is not None:
            return
        if self._tokens.refresh_token:
            self._calls += 1
            self._call = _Call(self._calls, is_refresh=True)
            self._effects.append(Refresh(self._calls, self._tokens.refresh_token))
        else:
            self._log_in(self._login_paths)

    def _log_in(self, paths: tuple[str, ...]) -> None:
        self._calls += 1
        self._call = _Call(self._calls, is_refresh=False, untried_paths=paths[1:])
        self._effects.append(LogIn(self._calls, paths[0]))

    def _got_token(self, number: int, answer: LoginAnswer, now_ns: int) -> None:
        if self._take_call(number) is None:
            return
        self._tokens.take(answer, now_ns)
        if self.phase is Phase.AUTHENTICATING:
            self._open(Cause.NONE)
        elif self.phase is Phase.LIVE:
            self._enter(Phase.LIVE, Failure(Cause.NONE))  # the same phase, with the new token's life

    def _call_failed(self, number: int, failure: Failure, now_ns: int) -> None:
        call = self._take_call(number)
        if call is None:
            return
        if call.is_refresh and failure.cause in _NO_REFRESH:
            self._tokens.drop_refresh()
            self._fetch_token()
        elif failure.cause is Cause.NOT_FOUND and call.untried_paths:
            # The one that answers is asked first from now on.
            self._login_paths = (*self._login_paths[1:], self._login_paths[0])
            self._log_in(call.untried_paths)
        elif self.phase is Phase.AUTHENTICATING:
            if failure.cause is Cause.BAD_CREDENTIALS:
                self._reject(failure, now_ns)
            else:
                self._fail(failure, now_ns)
        elif failure.cause in _NEEDS_THE_USER:
            self._tokens.give_up_renewal()
        else:
            self._tokens.put_off_renewal(now_ns)

    # The socket

    def _open(self, cause: Cause) -> None:
        if self._socket is not None:
            # The one that is leaving goes first: its end opens the next.
            self._enter(Phase.CONNECTING, Failure(cause))
            return
        self.epoch += 1
        self._socket = _Socket(self.epoch)
        self._enter(Phase.CONNECTING, Failure(cause))
        self._effects.append(OpenSocket(self.epoch, self._tokens.token))

    def _opened(self, epoch: int, now_ns: int) -> None:
        socket = self._socket_of(epoch)
        if socket is None:
            return
        socket.opened_ns = self._heard_ns = now_ns
        if socket.is_leaving:
            self._leave(now_ns)
            return
        self._enter(Phase.SYNCING, Failure(Cause.NONE))
        self._effects.append(Send(epoch, subscribe_frame(self._topics)))
        self._ping(socket, now_ns)

    def _first_frame(self, epoch: int, now_ns: int) -> None:
        socket = self._socket_of(epoch)
        if socket is None:
            return
        socket.has_message = True
        if socket.is_leaving:
            self._leave(now_ns)
        elif self.phase is Phase.SYNCING:
            self._has_been_live = True
            self._has_logged_in_again = False
            self._live_ns = self._heard_ns = now_ns
            self._enter(Phase.LIVE, Failure(Cause.NONE))

    def _ended(self, epoch: int, failure: Failure, now_ns: int) -> None:
        socket = self._socket_of(epoch)
        if socket is None:
            return
        self._socket = None
        if not socket.is_leaving:
            self._fail(failure, now_ns)
        elif self.phase is Phase.CONNECTING:
            self._open(Cause.NONE)

    def _leave(self, now_ns: int) -> None:
        socket = self._socket
        if socket is None:
            return
        socket.is_leaving = True
        leaves_ns = socket.leaves_ns
        if leaves_ns is not None and leaves_ns <= now_ns:
            socket.is_told = True
            self._effects.append(CloseSocket(socket.epoch))

    def _ping(self, socket: _Socket, now_ns: int) -> None:
        self._ping_ns = now_ns + _ns(PING_S)
        self._effects.append(Send(socket.epoch, PING_FRAME))

    # Time

    def _wake(self, now_ns: int) -> None:
        socket = self._socket
        if socket is not None and socket.is_leaving:
            self._leave(now_ns)
        elif socket is not None and socket.opened_ns is not None:
            if now_ns - self._heard_ns >= _ns(SILENCE_S):
                self._fail(Failure(Cause.SILENT), now_ns)
            elif now_ns >= self._ping_ns:
                self._ping(socket, now_ns)
        if self.phase is Phase.BACKOFF and now_ns >= self._retry_ns:
            self._begin(now_ns, Cause.NONE)
        renew_ns = self._tokens.renew_ns
        if self.phase is Phase.LIVE and self._call is None and renew_ns is not None and now_ns >= renew_ns:
            self._fetch_token()

    # How it goes on after a failure

    def _fail(self, failure: Failure, now_ns: int) -> None:
        cause = failure.cause
        if cause is Cause.BAD_CREDENTIALS and self._has_login and not self._has_logged_in_again:
            self._has_logged_in_again = True
            self._tokens.drop()
            self._enter(Phase.AUTHENTICATING, Failure(Cause.NONE, failure.detail))
            self._fetch_token()
        elif cause in _NEEDS_THE_USER or (cause in _NEEDS_THE_USER_AT_FIRST and not self._has_been_live):
            self._reject(failure, now_ns)
        else:
            self._back_off(failure, now_ns)

    def _back_off(self, failure: Failure, now_ns: int) -> None:
        if self.phase is Phase.LIVE and now_ns - self._live_ns >= _ns(STABLE_S):
            self._failures = 0
        self._failures += 1
        # Full jitter over a window that doubles, but never a retry at once.
        window_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(self._failures, 16))
        self._retry_ns = now_ns + _ns(self._rng.uniform(FIRST_BACKOFF_S, window_s))
        self._leave(now_ns)
        self._enter(Phase.BACKOFF, failure)

    def _reject(self, failure: Failure, now_ns: int) -> None:
        self._failures += 1
        self._stop(Phase.REJECTED, failure, now_ns)

    def _stop(self, phase: Phase, failure: Failure, now_ns: int) -> None:
        if self._call is not None:
            self._effects.append(CancelCall(self._call.number))
            self._call = None
        self._leave(now_ns)
        self._enter(phase, failure)

    def _enter(self, phase: Phase, failure: Failure) -> None:
        self.phase = phase
        change = ConnectionChange(
            phase,
            failure.cause,
            failure.detail,
            attempt=0 if phase is Phase.LIVE else self._failures,
            retry_at_ns=self._retry_ns if phase is Phase.BACKOFF else None,
            token_expires_at_ns=self._tokens.expires_ns,
        )
        self._effects.append(Announce(change))

    def _take_call(self, number: int) -> _Call | None:
        """The call in flight, which this ends; None for the late answer of an older one."""
        call = self._call
        if call is None or call.number != number:
            return None
        self._call = None
        return call

    def _socket_of(self, epoch: int) -> _Socket | None:
        """The socket, where it is of this epoch; None for what comes late from an older one."""
        socket = self._socket
        return None if socket is None or socket.epoch != epoch else socket


def _ns(seconds: float) -> int:
    return int(seconds * NS)

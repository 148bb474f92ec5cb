"""The life of one session's connection as a pure state machine: `step(input, now) -> effects`, with a deadline.

It knows no clock, no socket and no loop; `session.py` drives it. At most one socket exists at any time, and at most
one REST read.
"""

import random
from typing import Final

from helios_desktop.client.backoff import Backoff
from helios_desktop.client.effects import (
    Announce,
    CloseSocket,
    Effect,
    OpenSocket,
    Read,
    Send,
)
from helios_desktop.client.failure import Failure
from helios_desktop.client.held_socket import PING_S, HeldSocket
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
from helios_desktop.client.judgement import (
    LIMITED,
    TOKEN_REFUSED,
    is_answer,
    may_be_blocked,
    needs_the_user,
    told_by_rest,
)
from helios_desktop.client.logins import Logins
from helios_desktop.client.polling import Due, Timetable
from helios_desktop.client.resuming import Place
from helios_desktop.client.tokens import NS, Tokens
from helios_desktop.observation import Cause, ConnectionChange, Phase
from helios_desktop.protocol.auth import LoginAnswer
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import PING_FRAME, Topic, subscribe_frame

STABLE_S: Final = 30.0
"""Working for so long, the next failure counts as the first."""
SOCKET_AGAIN_S: Final = 60.0
"""How often the socket is tried while the status is polled."""
MOST_MISSES: Final = 3
"""So many status polls in a row that bring none, and polling is no connection any more."""

_ON_ITS_WAY: Final = frozenset({Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE})
_WORKING: Final = frozenset({Phase.LIVE, Phase.POLLING})
_STATUS_ALONE: Final = frozenset({RestCall.STATUS})
_NOTHING: Final[frozenset[RestCall]] = frozenset()


class Connection:
    """One session's connection.

    `epoch` counts sockets from 1. Call `step` for everything that happens and once `deadline_ns` has passed; carry
    out the effects in their order. What comes late from an older socket or call is dropped here. `login_path` is
    tried before the known ones.
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
        login_path: str = "",
    ) -> None:
        self.phase = Phase.IDLE
        self.epoch = 0
        self._topics = topics
        self._tokens = Tokens(token, has_login=has_login, opaque_life_s=opaque_token_life_s)
        self._has_login = has_login
        self._may_send_secrets = may_send_secrets
        self._logins = Logins(self._tokens, login_path)
        self._backoff = Backoff(rng)
        self._timetable = Timetable()
        self._socket: HeldSocket | None = None
        self._blocked: Failure | None = None  # how the socket failed, while a read is to tell whether all else works
        self._standing = Failure(Cause.NONE)  # why the phase is what it is
        self._misses = 0
        self._has_worked = False
        self._has_logged_in_again = False
        self._has_logged_in_at_end = False  # of a socket, because its token had run out
        self._has_renewed_for_read = False
        self._place: Place | None = None  # where the last socket ended, to go on from there
        self._working_ns = self._socket_again_ns = 0
        self._effects: list[Effect] = []

    def step(self, happened: Input, now_ns: int) -> tuple[Effect, ...]:
        """Take one input; `now_ns` is the wall clock and never goes back."""
        if self._socket is not None:
            self._socket.note(now_ns)
        match happened:
            case Connect() | Disconnect() | Subscribe() | Poll():
                self._obey(happened, now_ns)
            case Wake():
                self._wake(now_ns)
            case GotToken(number, answer):
                self._got_token(number, answer, now_ns)
            case CallFailed(number, failure):
                self._call_failed(number, failure, now_ns)
            case ReadEnded(number, status, failure):
                self._read_ended(number, status, failure, now_ns)
            case Opened(epoch):
                self._opened(epoch, now_ns)
            case FirstFrame(epoch):
                self._first_frame(epoch, now_ns)
            case Ended(epoch, failure, last):
                self._ended(epoch, failure, last, now_ns)
        self._read_what_is_due(now_ns)
        effects, self._effects = tuple(self._effects), []
        return effects

    def heard(self, epoch: int, now_ns: int) -> bool:
        """Note that a frame came; cheap enough for each. False where it must be dropped: its socket is left."""
        socket = self._socket
        if socket is None or socket.epoch != epoch or socket.is_leaving:
            return False
        socket.hear(now_ns)
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
            deadlines.append(self._backoff.retry_ns)
        if self.phase is Phase.POLLING and self._socket is None:
            deadlines.append(self._socket_again_ns)
        if self._renew_ns is not None:
            deadlines.append(self._renew_ns)
        if self._socket is not None and self._socket.deadline_ns is not None:
            deadlines.append(self._socket.deadline_ns)
        due = self._due()
        if due is not None:
            deadlines.append(due.at_ns)
        return min(deadlines, default=None)

    @property
    def _renew_ns(self) -> int | None:
        return self._tokens.renew_ns if self.phase in _WORKING and not self._logins.is_under_way else None

    # What the user wants

    def _obey(self, wish: Connect | Disconnect | Subscribe | Poll, now_ns: int) -> None:
        match wish:
            case Connect():
                self._connect(now_ns)
            case Disconnect():
                if self.phase is not Phase.CLOSED:
                    self._stop(Phase.CLOSED, Failure(Cause.ASKED), now_ns)
            case Subscribe(topics):
                self._subscribe(topics)
            case Poll(calls):
                self._timetable.wanted = calls

    def _connect(self, now_ns: int) -> None:
        if self.phase in _ON_ITS_WAY:
            return
        if not self._may_send_secrets:
            self._reject(Failure(Cause.PLAIN_TEXT), now_ns)
            return
        if self.phase is Phase.POLLING:
            self._try_socket()
            return
        if self.phase is not Phase.BACKOFF:
            self._backoff.failures = 0
            self._has_logged_in_again = self._has_logged_in_at_end = False
        self._begin(now_ns, Cause.ASKED)

    def _subscribe(self, topics: frozenset[Topic]) -> None:
        if topics != self._topics:
            self._place = None
        self._topics = topics
        socket = self._socket
        if socket is not None and socket.is_usable:
            self._effects.append(Send(socket.epoch, subscribe_frame(topics)))

    # The token

    def _begin(self, now_ns: int, cause: Cause) -> None:
        is_again = self.phase is Phase.BACKOFF or self._has_worked
        if self._tokens.is_wanting(now_ns) or (is_again and self._tokens.is_old(now_ns)):
            self._enter(Phase.AUTHENTICATING, Failure(cause))
            self._do(self._logins.fetch())
        else:
            self._open(cause)

    def _got_token(self, number: int, answer: LoginAnswer, now_ns: int) -> None:
        if not self._logins.is_waiting_for(number):
            return
        self._logins.got(answer, now_ns)
        self._timetable.forgive()
        if self.phase is Phase.AUTHENTICATING:
            self._open(Cause.NONE)
        elif self.phase in _WORKING:
            self._enter(self.phase, self._standing)  # the same, with the new token's life

    def _call_failed(self, number: int, failure: Failure, now_ns: int) -> None:
        if not self._logins.is_waiting_for(number):
            return
        other_way = self._logins.failed(failure)
        if other_way is not None:
            self._do(other_way)
        elif self.phase is Phase.AUTHENTICATING and self._tokens.is_wanting(now_ns):
            if failure.cause is Cause.BAD_CREDENTIALS:
                self._reject(failure, now_ns)
            else:
                self._fail(failure, now_ns)
        else:
            self._tokens.renewal_failed(now_ns, is_for_good=needs_the_user(failure.cause, has_worked=True))
            if self.phase is Phase.AUTHENTICATING and is_answer(failure.cause):
                # Renewed only to be sure: whether the one in use is still good, the socket will say.
                self._open(Cause.NONE)
            elif self.phase is Phase.AUTHENTICATING:
                self._fail(failure, now_ns)

    # The socket

    def _open(self, cause: Cause) -> None:
        self._enter(Phase.CONNECTING, Failure(cause))
        # One that is leaving goes first: its end opens the next.
        self._try_socket()

    def _try_socket(self) -> None:
        if self._socket is None:
            self.epoch += 1
            self._socket = HeldSocket(self.epoch)
            self._effects.append(OpenSocket(self.epoch, self._tokens.token, self._place))

    def _opened(self, epoch: int, now_ns: int) -> None:
        socket = self._socket_of(epoch)
        if socket is None:
            return
        socket.open(now_ns)
        if socket.is_leaving:
            self._leave(now_ns)
            return
        self._has_renewed_for_read = False
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
            socket.hear(now_ns)
            self._work(Phase.LIVE, Failure(Cause.NONE), now_ns)

    def _ended(self, epoch: int, failure: Failure, last: Place | None, now_ns: int) -> None:
        socket = self._socket_of(epoch)
        if socket is None:
            return
        self._socket = None
        if socket.has_message:
            self._place = last
        elif failure.cause is Cause.NOT_HELIOS:
            self._place = None  # whatever answers there now may take no such question
        if socket.is_leaving:
            if self.phase is Phase.CONNECTING:
                self._open(Cause.NONE)
        elif self.phase is Phase.POLLING:
            self._socket_again_ns = now_ns + _ns(SOCKET_AGAIN_S)
        elif socket.opened_ns is None and may_be_blocked(failure.cause) and self._tokens.token:
            self._blocked = failure
        elif socket.woke_ns is not None and not needs_the_user(failure.cause, has_worked=True):
            self._fail(Failure(Cause.SLEPT, failure.detail), now_ns)
        else:
            self._fail(failure, now_ns)

    def _leave(self, now_ns: int) -> None:
        socket = self._socket
        if socket is None:
            return
        socket.is_leaving = True
        leaves_ns = socket.leaves_ns
        if leaves_ns is not None and leaves_ns <= now_ns:
            socket.is_told = True
            self._effects.append(CloseSocket(socket.epoch))

    def _ping(self, socket: HeldSocket, now_ns: int) -> None:
        socket.ping_ns = now_ns + _ns(PING_S)
        self._effects.append(Send(socket.epoch, PING_FRAME))

    # What is asked for by REST

    def _due(self) -> Due | None:
        if self._blocked is not None:
            return self._timetable.at_once(RestCall.STATUS)
        if self.phase not in _WORKING:
            return None
        return self._timetable.due(_STATUS_ALONE if self.phase is Phase.POLLING else _NOTHING)

    def _read_what_is_due(self, now_ns: int) -> None:
        due = self._due()
        if due is not None and now_ns >= due.at_ns:
            self._do(self._timetable.start(due.call, self._tokens.token, now_ns))

    def _read_ended(self, number: int, status: int | None, failure: Failure | None, now_ns: int) -> None:
        read = self._timetable.end(number, status, now_ns)
        if read is None:
            return
        blocked, self._blocked = self._blocked, None
        if blocked is not None:
            told = told_by_rest(blocked, status, failure)
            if told.cause is Cause.SOCKET_BLOCKED:
                self._misses = 0
                self._socket_again_ns = now_ns + _ns(SOCKET_AGAIN_S)
                self._work(Phase.POLLING, told, now_ns)
            else:
                self._fail(told, now_ns)
        elif self.phase is Phase.POLLING and read.call is RestCall.STATUS:
            self._polled(status, failure, now_ns)
        elif failure is not None and failure.cause is Cause.BAD_CREDENTIALS:
            self._renew_for(read)

    def _polled(self, status: int | None, failure: Failure | None, now_ns: int) -> None:
        if failure is None:
            self._misses = 0
            self._has_logged_in_again = False
        elif failure.cause in {Cause.BAD_CREDENTIALS, Cause.NOT_ADMIN}:
            self._fail(failure, now_ns)
        elif status != LIMITED:
            self._misses += 1
            if self._misses == MOST_MISSES:
                self._back_off(failure, now_ns)

    def _renew_for(self, read: Read) -> None:
        if read.token != self._tokens.token:
            self._timetable.forgive()  # it was refused to the last one
        elif self._has_login and not self._has_renewed_for_read:
            self._has_renewed_for_read = True
            self._do(self._logins.fetch())

    # Time

    def _wake(self, now_ns: int) -> None:
        socket = self._socket
        if socket is not None and socket.is_leaving:
            self._leave(now_ns)
        elif socket is not None and socket.is_usable:
            cause = socket.cause_of_death(now_ns)
            if cause is not None:
                self._fail(Failure(cause), now_ns)
            elif now_ns >= socket.ping_ns:
                self._ping(socket, now_ns)
        if self.phase is Phase.BACKOFF and now_ns >= self._backoff.retry_ns:
            self._begin(now_ns, Cause.NONE)
        if self.phase is Phase.POLLING and now_ns >= self._socket_again_ns:
            self._try_socket()
        renew_ns = self._renew_ns
        if renew_ns is not None and now_ns >= renew_ns:
            self._has_renewed_for_read = False
            self._do(self._logins.fetch())

    # How it goes on

    def _work(self, phase: Phase, standing: Failure, now_ns: int) -> None:
        self._has_worked = True
        self._has_logged_in_again = False
        self._working_ns = now_ns
        self._enter(phase, standing)

    def _fail(self, failure: Failure, now_ns: int) -> None:
        cause = failure.cause
        is_refused = cause in TOKEN_REFUSED and self._has_login
        if is_refused or (cause is Cause.REVOKED and self._has_login):
            self._tokens.drop()
        if is_refused and self._may_log_in_at_once(cause, now_ns):
            self._has_logged_in_again = True
            self._has_logged_in_at_end = self._has_logged_in_at_end or cause is Cause.LOGIN_EXPIRED
            self._leave(now_ns)
            self._enter(Phase.AUTHENTICATING, Failure(Cause.NONE, failure.detail))
            self._do(self._logins.fetch())
        elif cause is Cause.LOGIN_EXPIRED and self._has_login:
            self._back_off(failure, now_ns)
        elif needs_the_user(cause, has_worked=self._has_worked):
            self._reject(failure, now_ns)
        else:
            self._back_off(failure, now_ns)

    def _may_log_in_at_once(self, cause: Cause, now_ns: int) -> bool:
        """False where the last login brought a token that was refused, or that ran out before long."""
        if cause is Cause.BAD_CREDENTIALS:
            return not self._has_logged_in_again
        return not self._has_logged_in_at_end or self._is_stable(now_ns)

    def _is_stable(self, now_ns: int) -> bool:
        return self.phase in _WORKING and now_ns - self._working_ns >= _ns(STABLE_S)

    def _back_off(self, failure: Failure, now_ns: int) -> None:
        if self._is_stable(now_ns):
            self._backoff.failures = 0
        if failure.cause is Cause.SLEPT:
            self._backoff.after_sleep(now_ns)
        elif failure.cause is Cause.TOO_MANY:
            self._backoff.after_too_many(now_ns)
        else:
            self._backoff.after_failure(now_ns)
        self._end_reading()
        self._leave(now_ns)
        self._enter(Phase.BACKOFF, failure)

    def _reject(self, failure: Failure, now_ns: int) -> None:
        self._backoff.failures += 1
        self._stop(Phase.REJECTED, failure, now_ns)

    def _stop(self, phase: Phase, failure: Failure, now_ns: int) -> None:
        self._do(self._logins.cancel())
        self._end_reading()
        self._leave(now_ns)
        self._enter(phase, failure)

    def _end_reading(self) -> None:
        self._blocked = None
        self._do(self._timetable.cancel())

    def _enter(self, phase: Phase, failure: Failure) -> None:
        self.phase = phase
        self._standing = failure
        change = ConnectionChange(
            phase,
            failure.cause,
            failure.detail,
            attempt=0 if phase in _WORKING else self._backoff.failures,
            retry_at_ns=self._backoff.retry_ns if phase is Phase.BACKOFF else None,
            token_expires_at_ns=self._tokens.expires_ns,
            login_path=self._logins.path,
        )
        self._effects.append(Announce(change))

    def _do(self, effect: Effect | None) -> None:
        if effect is not None:
            self._effects.append(effect)

    def _socket_of(self, epoch: int) -> HeldSocket | None:
        """The socket, where it is of this epoch; None for what comes late from an older one."""
        socket = self._socket
        return None if socket is None or socket.epoch != epoch else socket


def _ns(seconds: float) -> int:
    return int(seconds * NS)

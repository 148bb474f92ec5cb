"""The calls that bring a token, one at a time: a refresh where the gateway gave a token for it, else a login. Pure."""

from dataclasses import dataclass
from typing import Final

from helios_desktop.client.effects import CancelCall, LogIn, Refresh
from helios_desktop.client.failure import Failure
from helios_desktop.client.judgement import is_answer
from helios_desktop.client.tokens import Tokens
from helios_desktop.observation import Cause
from helios_desktop.protocol.auth import LOGIN_PATHS, LoginAnswer

_NEVER_ARRIVED: Final = frozenset({Cause.UNKNOWN_HOST, Cause.REFUSED, Cause.TLS})
"""After any other failure the refresh token may be used up, and one that is used twice ends the login (RFC 9700)."""


@dataclass(frozen=True, slots=True)
class _Call:
    """`path` is "" of a refresh."""

    number: int
    path: str = ""
    untried_paths: tuple[str, ...] = ()


class Logins:
    """Fills `tokens`. `path` is where the last login worked, "" before; `first_path` is tried before the known ones."""

    def __init__(self, tokens: Tokens, first_path: str) -> None:
        self.path = ""
        self._tokens = tokens
        self._paths = _beginning_with(first_path, LOGIN_PATHS) if first_path else LOGIN_PATHS
        self._call: _Call | None = None
        self._calls = 0

    @property
    def is_under_way(self) -> bool:
        """True while an answer is waited for."""
        return self._call is not None

    def is_waiting_for(self, number: int) -> bool:
        """False for the late answer of an older call."""
        return self._call is not None and self._call.number == number

    def fetch(self) -> LogIn | Refresh | None:
        """Begin, where nothing is under way."""
        if self._call is not None:
            return None
        if not self._tokens.refresh_token:
            return self._log_in(self._paths)
        self._calls += 1
        self._call = _Call(self._calls)
        return Refresh(self._calls, self._tokens.refresh_token)

    def got(self, answer: LoginAnswer, now_ns: int) -> None:
        """The call that is waited for brought a token."""
        call, self._call = self._call, None
        self._tokens.take(answer, now_ns)
        if call is not None and call.path:
            self.path = call.path
            self._paths = _beginning_with(call.path, self._paths)

    def failed(self, failure: Failure) -> LogIn | Refresh | None:
        """The call that is waited for brought none: go on in another way, or None where there is no other."""
        call, self._call = self._call, None
        if call is not None and not call.path:
            if failure.cause not in _NEVER_ARRIVED:
                self._tokens.drop_refresh()
            if is_answer(failure.cause):
                return self.fetch()
        if call is not None and call.untried_paths and failure.cause is Cause.NOT_FOUND:
            return self._log_in(call.untried_paths)
        return None

    def cancel(self) -> CancelCall | None:
        """Wait no more."""
        call, self._call = self._call, None
        if call is None:
            return None
        if not call.path:
            self._tokens.drop_refresh()
        return CancelCall(call.number)

    def _log_in(self, paths: tuple[str, ...]) -> LogIn:
        self._calls += 1
        self._call = _Call(self._calls, paths[0], paths[1:])
        return LogIn(self._calls, paths[0])


def _beginning_with(first: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return (first, *(path for path in paths if path != first))

"""What the gateway does not let be: counted each time, and logged at most once a second of a kind."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from helios_gateway.metrics import Metrics

Refused = Literal[
    "token",
    "role",
    "host",
    "origin",
    "connect_rate",
    "upgrade_rate",
    "sockets_user",
    "sockets_all",
    "connections",
    "header_time",
    "body_time",
    "body_size",
]
Abused = Literal["message_rate", "message_size", "subscribe_rate", "malformed"]
LoginRefused = Literal["limited", "busy"]

_QUIET_S: Final = 1.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kind:
    quiet_until_s: float
    held: int = 0


class Refusals:
    """One of a gateway. `now_s` is of any clock that only goes forward.

    `who` and `why` are written to the log as they are: an address, the name of a user who has a token, a sentence. What
    somebody typed must not be in them, for people type passwords where names belong.
    """

    def __init__(self, metrics: Metrics, now_s: Callable[[], float]) -> None:
        self.metrics = metrics
        self._now_s = now_s
        self._kinds: dict[str, _Kind] = {}

    def refused(self, reason: Refused, who: str, why: str) -> None:
        """It was not let in."""
        self.metrics.refused[reason] += 1
        # A token that is over is everyday.
        self._say(logging.INFO if reason == "token" else logging.WARNING, f"refused {reason}", who, why)

    def abused(self, reason: Abused, who: str, why: str) -> None:
        """An open socket does what it should not."""
        self.metrics.abused[reason] += 1
        self._say(logging.WARNING, f"abused {reason}", who, why)

    def login_refused(self, reason: LoginRefused, who: str, why: str) -> None:
        """A login was turned away before its password was looked at."""
        self.metrics.logins[reason] += 1
        self._say(logging.WARNING, f"login {reason}", who, why)

    def _say(self, level: int, what: str, who: str, why: str) -> None:
        now_s = self._now_s()
        kind = self._kinds.setdefault(what, _Kind(now_s))
        if now_s < kind.quiet_until_s:
            kind.held += 1
            return
        more = f"; {kind.held} more like it since the last such line" if kind.held else ""
        self._kinds[what] = _Kind(now_s + _QUIET_S)
        _log.log(level, "%s: %s%s", who, why, more)

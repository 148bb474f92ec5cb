"""What a connection wants done: the effects of `Connection.step`, to be carried out in their order."""

from dataclasses import dataclass, field

from helios_desktop.client.resuming import Place
from helios_desktop.observation import ConnectionChange
from helios_desktop.protocol.rest import RestCall


@dataclass(frozen=True, slots=True)
class LogIn:
    """Log in at `path`; answer with `GotToken` or `CallFailed`, within a bounded time."""

    call: int
    path: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """Renew the token; answer as for `LogIn`."""

    call: int
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CancelCall:
    """Nobody waits for this call any more; an answer that comes all the same is ignored."""

    call: int


@dataclass(frozen=True, slots=True)
class Read:
    """Read number `number`: make this call with this token; answer with `ReadEnded`, within a bounded time."""

    number: int
    call: RestCall
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CancelRead:
    """As `CancelCall`, of a read."""

    number: int


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Open a socket; answer with `Opened` and later `Ended`, or with `Ended` alone, within a bounded time.

    `since` is asked to be gone on from; None of a gateway that knows of no such thing, and must not be asked.
    An opening is never broken off: the gateway may already have opened it, and can die of a close that early.
    """

    epoch: int
    token: str = field(repr=False)
    since: Place | None = None


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close it; `Ended` follows within a bounded time."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a text frame on the socket of this epoch."""

    epoch: int
    text: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell everybody how the connection stands."""

    change: ConnectionChange


Effect = LogIn | Refresh | CancelCall | Read | CancelRead | OpenSocket | CloseSocket | Send | Announce

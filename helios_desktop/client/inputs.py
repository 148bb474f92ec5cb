"""What happens to a connection: the inputs of `Connection.step`."""

from dataclasses import dataclass

from helios_desktop.client.failure import Failure
from helios_desktop.client.resuming import Place
from helios_desktop.protocol.auth import LoginAnswer
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import Topic


@dataclass(frozen=True, slots=True)
class Connect:
    """Go online, now: skip any waiting, try again what was refused. Nothing where it is online or on its way."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Go offline and stay so."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask for exactly these topics, now and after every later open."""

    topics: frozenset[Topic]


@dataclass(frozen=True, slots=True)
class Poll:
    """Make exactly these REST calls, each in its period, while the connection is live or polls."""

    calls: frozenset[RestCall]


@dataclass(frozen=True, slots=True)
class Wake:
    """The deadline passed."""


@dataclass(frozen=True, slots=True)
class GotToken:
    """Call number `call` brought a token."""

    call: int
    answer: LoginAnswer


@dataclass(frozen=True, slots=True)
class CallFailed:
    """Call number `call` brought none."""

    call: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class ReadEnded:
    """Read `number` was answered with this HTTP status, None for not at all; `failure` is None where it is good."""

    number: int
    status: int | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The socket of this epoch is open."""

    epoch: int


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """The first frame of this epoch came. Those after it are told by `Connection.heard`, which is cheap."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The socket of this epoch could not be opened, or is gone. Comes exactly once for each `OpenSocket`.

    `last` is the place of the last message that was told of it; None where there was none, or it has no number.
    """

    epoch: int
    failure: Failure
    last: Place | None = None


Input = Connect | Disconnect | Subscribe | Poll | Wake | GotToken | CallFailed | ReadEnded | Opened | FirstFrame | Ended

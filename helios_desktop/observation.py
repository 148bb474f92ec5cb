"""What one observer saw at one time: the only input of everything that follows.

A live session is a source of observations and a recording is a list of them; whoever folds or draws them does not
know which it is looking at. Decoding is a pure function of an observation, so it is never stored in one.
"""

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

MONITOR: Final = ""
"""The observer of ticks: not a session but the monitor itself."""


class Kind(StrEnum):
    """What an observation's text is."""

    FRAME = "frame"  # a text frame received, as it came
    SENT = "sent"  # a text frame that we sent: a ping, a subscribe
    REST = "rest"  # an answer over HTTP; `source` names the call
    CONNECTION = "connection"  # a `ConnectionChange` as JSON
    TICK = "tick"  # a second went by; no text


class Observation(Struct, frozen=True, gc=False):
    """`observer` saw `text` at `received_ns`.

    observer:    the session's name: the node that it asks for by `?node=`, else host:port of its gateway
    epoch:       which socket of that session, counted from 1; 0 before the first
    received_ns: wall clock, nanoseconds since the Unix epoch; never goes back within one monitor
    source:      of a REST answer, method, path and query without any secret
    status:      of a REST answer, its HTTP status; 0 for all others
    """

    observer: str
    epoch: int
    received_ns: int
    kind: Kind
    text: str = ""
    source: str = ""
    status: int = 0


class Phase(StrEnum):
    """Where a connection stands (a *state* is Raft's)."""

    IDLE = "idle"  # not asked to connect yet
    AUTHENTICATING = "authenticating"  # logging in
    CONNECTING = "connecting"  # opening the socket
    SYNCING = "syncing"  # open, no message yet
    LIVE = "live"
    POLLING = "polling"  # no socket is let through, so the status is asked for by REST
    BACKOFF = "backoff"  # waiting before the next attempt
    REJECTED = "rejected"  # stopped: needs the user
    CLOSED = "closed"  # ended because we wanted it


class Cause(StrEnum):
    """Why a phase was entered. The window has a sentence and a next step for each."""

    NONE = ""
    ASKED = "asked"  # the user connected, reconnected or disconnected
    UNKNOWN_HOST = "unknown_host"
    REFUSED = "refused"  # nothing listens there
    UNREACHABLE = "unreachable"  # any other failure of the network
    TIMEOUT = "timeout"  # no answer in time
    TLS = "tls"  # a certificate that is not trusted, or TLS spoken to a plain port
    PLAIN_TEXT = "plain_text"  # a secret would travel unencrypted, which was not allowed
    BAD_CREDENTIALS = "bad_credentials"  # 401, after one fresh login
    NOT_ADMIN = "not_admin"  # 403
    NOT_FOUND = "not_found"  # 404: a wrong address, or a node that the gateway does not know
    NOT_HELIOS = "not_helios"  # it answers, but not as a Helios gateway does
    SERVER_ERROR = "server_error"  # 429 and 5xx
    SERVER_CLOSED = "server_closed"  # the socket ended from the other side
    LOGIN_EXPIRED = "login_expired"  # close code 4401: the token ran out while the socket was open
    REVOKED = "revoked"  # close code 4403: the gateway ended this login, or took its role away
    TOO_SLOW = "too_slow"  # close code 4408: we read so slowly that messages were lost
    TOO_MANY = "too_many"  # close code 4429: we sent more messages than the gateway allows
    SILENT = "silent"  # nothing came any more, and no ping was answered
    HUB_NOT_RUNNING = "hub_not_running"  # open, but not even the first ping was ever answered (wire.md, "hub")
    RAFT_NOT_ENABLED = "raft_not_enabled"  # pings are answered, a status never comes, and REST says why
    NO_STATUS = "no_status"  # pings are answered, no status comes, and REST does not say why
    STATUS_BY_REST = "status_by_rest"  # pings are answered, but only REST gives a status
    SOCKET_BLOCKED = "socket_blocked"  # REST answers, but something on the way lets no WebSocket through
    SLEPT = "slept"  # this machine slept, or the program stood still, and the socket did not outlive it


class ConnectionChange(Struct, frozen=True, gc=False, omit_defaults=True):
    """The text of a CONNECTION observation.

    detail:              what the system or the server said, never a secret
    attempt:             how many attempts have failed in a row
    retry_at_ns:         when the next attempt starts, in backoff
    token_expires_at_ns: of the token in use, where there is one
    login_path:          where the last login worked; "" before the first
    """

    phase: Phase
    cause: Cause = Cause.NONE
    detail: str = ""
    attempt: int = 0
    retry_at_ns: int | None = None
    token_expires_at_ns: int | None = None
    login_path: str = ""


_change = msgspec.json.Decoder(ConnectionChange).decode
_encode = msgspec.json.Encoder().encode


def connection_observation(observer: str, epoch: int, received_ns: int, change: ConnectionChange) -> Observation:
    """Wrap a change of the connection."""
    return Observation(observer, epoch, received_ns, Kind.CONNECTION, _encode(change).decode())


def connection_change(observation: Observation) -> ConnectionChange:
    """Unwrap it. Raises `msgspec.ValidationError` for an observation of another kind."""
    return _change(observation.text)


def tick(at_ns: int) -> Observation:
    """A second went by. Ticks are recorded, so that what follows from silence replays as it happened."""
    return Observation(MONITOR, 0, at_ns, Kind.TICK)

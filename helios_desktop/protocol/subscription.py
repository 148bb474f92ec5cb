"""The seven topics, and the three messages that a client sends (guide, "Subscription Management")."""

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Raw, Struct

from helios_desktop.protocol.codec import UNREADABLE, encode


class Topic(StrEnum):
    """What a client may turn on and off."""

    STATUS = "status"
    LATENCY = "latency"
    UPTIME = "uptime"
    SNAPSHOT = "snapshot"
    CUSTOM_METRICS = "custom_metrics"
    STATE_CHANGES = "state_changes"
    PEER_CHANGES = "peer_changes"


ALL_TOPICS: Final = frozenset(Topic)
"""What a client gets that never subscribed (guide, "Default Subscription")."""

_TOPICS: Final = {
    "status": Topic.STATUS,
    "status_update": Topic.STATUS,
    "state_change": Topic.STATE_CHANGES,
    "peer_change": Topic.PEER_CHANGES,
    "latency": Topic.LATENCY,
    "uptime": Topic.UPTIME,
    "snapshot": Topic.SNAPSHOT,
    "custom_metrics": Topic.CUSTOM_METRICS,
}


def topic_of(message_type: str) -> Topic | None:
    """The topic that governs a message type; None for `pong`, `error` and unknown types, which always pass."""
    return _TOPICS.get(message_type)


def subscribe_frame(topics: frozenset[Topic]) -> str:
    """The text of a `subscribe` that asks for exactly these topics; all seven keys are always named."""
    wanted = {topic.value: topic in topics for topic in Topic}
    return encode({"type": "subscribe", "data": wanted}).decode()


UNSUBSCRIBE_FRAME: Final = '{"type":"unsubscribe"}'
PING_FRAME: Final = '{"type":"ping"}'
"""Without a timestamp: the real gateway drops a client whose timestamp it cannot parse."""


class Ping(Struct, frozen=True, gc=False):
    """The guide's `ping`."""


class Subscribe(Struct, frozen=True, gc=False):
    """The guide's `subscribe`: the whole new set."""

    topics: frozenset[Topic]


class Unsubscribe(Struct, frozen=True, gc=False):
    """The guide's `unsubscribe`: nothing but `pong` and `error` any more."""


class Ignored(Struct, frozen=True, gc=False):
    """A well-formed message of a type that the guide does not name."""

    type: str


class Refused(Struct, frozen=True, gc=False):
    """A client message that cannot be followed; `reason` names the field."""

    reason: str


Request = Ping | Subscribe | Unsubscribe | Ignored | Refused


class _RequestEnvelope(Struct, frozen=True, gc=False):
    type: str
    data: Raw = Raw()


class _Flags(Struct, frozen=True, gc=False):
    status: bool = False
    latency: bool = False
    uptime: bool = False
    snapshot: bool = False
    custom_metrics: bool = False
    state_changes: bool = False
    peer_changes: bool = False


_request = msgspec.json.Decoder(_RequestEnvelope).decode
_flags = msgspec.json.Decoder(_Flags).decode


def decode_request(frame: str | bytes) -> Request:
    """Read a client's message. A missing flag is false, an unknown one is ignored, a wrong one refuses the whole."""
    try:
        request = _request(frame)
    except UNREADABLE as error:
        return Refused(f"not a message: {error}")
    match request.type:
        case "ping":
            return Ping()
        case "unsubscribe":
            return Unsubscribe()
        case "subscribe":
            return _decode_subscribe(request.data)
        case other:
            return Ignored(other)


def _decode_subscribe(data: Raw) -> Subscribe | Refused:
    if not bytes(data):
        return Refused("subscribe needs `data`, an object with a boolean for each topic")
    try:
        flags = _flags(data)
    except UNREADABLE as error:
        # msgspec ends its message with the path below `data`, as in "- at `$.status`".
        reason = str(error).replace("`$", "`data") if "`$" in str(error) else f"{error} - at `data`"
        return Refused(f"subscribe: {reason}")
    return Subscribe(frozenset(topic for topic in Topic if getattr(flags, topic.value)))

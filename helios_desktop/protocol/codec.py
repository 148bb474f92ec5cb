"""Text frames to messages and back, by msgspec: the guide's shapes in one strict pass, all others with patience.

Nothing here raises on what came from the wire: what cannot be read is a value (`Malformed`, `Unknown`, `Refused`).
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from helios_desktop.protocol import shapes
from helios_desktop.protocol.frames import (
    Envelope,
    ErrorMessage,
    GuideMessage,
    LatencyMessage,
    Message,
    OtherMessage,
    PeerChangeMessage,
    SnapshotMessage,
    StatusMessage,
    StatusUpdateMessage,
)
from helios_desktop.protocol.messages import Body, Malformed, Pong, Unknown
from helios_desktop.protocol.salvage import Salvage, Shape, UnreadableError

UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""All that msgspec raises on bad input; 100 000 nested brackets are a RecursionError."""

T = TypeVar("T")


def _finite(text: str) -> float | None:
    """A number beyond all floats must not spoil the rest; it cannot be told."""
    number = float(text)
    return number if math.isfinite(number) else None


_guide_message = msgspec.json.Decoder(GuideMessage).decode
_json = msgspec.json.Decoder(float_hook=_finite).decode
_ENVELOPE: Final = Shape(Envelope)


def _pong_of(_data: Any, _salvage: Salvage) -> Pong:
    return Pong()


_BODIES: Final[dict[str, Callable[[Any, Salvage], Body]]] = {
    "status": shapes.status_of,
    "status_update": shapes.status_of,
    "state_change": shapes.state_change_of,
    "peer_change": shapes.peer_change_of,
    "latency": shapes.latency_of,
    "uptime": shapes.uptime_of,
    "snapshot": shapes.snapshot_of,
    "custom_metrics": shapes.custom_metrics_of,
    "error": shapes.error_of,
    "pong": _pong_of,
}
_REST_BODIES: Final = {**_BODIES, "uptime_history": shapes.uptime_history_of}
"""The history is never pushed, so it is no message."""


def decode(frame: str | bytes) -> Message:
    """Read one text frame. A frame that is no message has type and timestamp ""."""
    try:
        message = _guide_message(frame)
    except UNREADABLE:
        return _decode_other(frame)
    # The real gateway's names pass the guide's types with the guide's fields missing.
    finish = _FINISH.get(message.__class__)
    return message if finish is None else finish(message, frame)


def _finish_status(message: StatusMessage | StatusUpdateMessage, frame: str | bytes) -> Message:
    status = message.body
    node = status.node
    if node is None:
        return message if status.node_id else _decode_other(frame)
    return replace(message, body=shapes.fill_status(status, node)) if node.id else _decode_other(frame)


def _finish_peer_change(message: PeerChangeMessage, frame: str | bytes) -> Message:
    change = message.body
    return message if change.event_type and change.address is None else _decode_other(frame)


def _finish_latency(message: LatencyMessage, frame: str | bytes) -> Message:
    return message if message.body.aggregated is not None else _decode_other(frame)


def _finish_snapshot(message: SnapshotMessage, frame: str | bytes) -> Message:
    return message if message.body.index is not None else _decode_other(frame)


def _finish_error(message: ErrorMessage, frame: str | bytes) -> Message:
    return message if message.body.error else _decode_other(frame)


_FINISH: Final[dict[type[Struct], Callable[[Any, str | bytes], Message]]] = {
    StatusMessage: _finish_status,
    StatusUpdateMessage: _finish_status,
    PeerChangeMessage: _finish_peer_change,
    LatencyMessage: _finish_latency,
    SnapshotMessage: _finish_snapshot,
    ErrorMessage: _finish_error,
}


def _decode_other(frame: str | bytes) -> OtherMessage:
    """Of another dialect, with parts missing or of wrong types, or no message at all."""
    try:
        told = _json(frame)
    except UNREADABLE as error:
        return OtherMessage("", "", Malformed(_reason(error), _text(frame)))
    message_type = told.get("type") if isinstance(told, dict) else None
    if not isinstance(message_type, str):
        return OtherMessage("", "", Malformed("a message is an object with a text as `type`", _text(frame)))
    salvage = Salvage()
    envelope = salvage.read(told, _ENVELOPE, "message")
    read = _BODIES.get(message_type)
    body: Body
    if read is None:
        body = Unknown(_text(frame))
    else:
        try:
            body = read(told.get("data"), salvage)
        except UnreadableError as error:
            body = Malformed(str(error), _text(frame))
    unread = tuple(salvage.unread)
    return OtherMessage(message_type, envelope.timestamp, body, envelope.boot, envelope.seq, envelope.prev, unread)


def decode_body(message_type: str, raw: bytes | str) -> Body:
    """Read the body alone, as a REST answer carries it; `message_type` is one of `rest.BODY_TYPES`."""
    try:
        return _REST_BODIES[message_type](_json(raw), Salvage())
    except (*UNREADABLE, UnreadableError) as error:
        return Malformed(_reason(error), _text(raw))


def decode_as(kind: type[T], raw: str | bytes) -> T | Malformed:
    """Read any other answer of the gateway (login, refresh) as the type that it must have."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except UNREADABLE as error:
        return Malformed(_reason(error), _text(raw))


_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """JSON of any of the protocol's types, on one line."""
    return _encoder.encode(value)


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")


def _reason(error: BaseException) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)

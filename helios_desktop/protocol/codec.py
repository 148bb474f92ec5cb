"""Text frames to messages and back, by msgspec: the guide's shapes in one pass, all others in two steps.

Nothing here raises on what came from the wire: what cannot be read is a value (`Malformed`, `Unknown`, `Refused`).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from helios_desktop.protocol.durations import format_duration
from helios_desktop.protocol.frames import (
    ErrorMessage,
    GuideMessage,
    LatencyMessage,
    Message,
    OtherMessage,
    PeerChangeMessage,
    RawMessage,
    StatusMessage,
    StatusUpdateMessage,
)
from helios_desktop.protocol.messages import (
    Body,
    CustomMetrics,
    HealthSummary,
    Latency,
    Malformed,
    Metric,
    MetricsTable,
    PeerChange,
    PeerLatency,
    Pong,
    ServerError,
    Snapshot,
    SnapshotStatistics,
    StateChange,
    Stats,
    Status,
    StatusNode,
    Unknown,
    Uptime,
    UptimeStatistics,
)

UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""All that msgspec raises on bad input; 100 000 nested brackets are a RecursionError."""

T = TypeVar("T")


class _RestLatency(Struct, frozen=True, gc=False):
    peers: dict[str, PeerLatency]
    aggregated: Stats | None = None
    health_summary: HealthSummary | None = None


_guide_message = msgspec.json.Decoder(GuideMessage).decode
_envelope = msgspec.json.Decoder(RawMessage).decode
_guide_latency = msgspec.json.Decoder(Latency).decode
_rest_latency = msgspec.json.Decoder(_RestLatency).decode
_peer_latency = msgspec.json.Decoder(dict[str, PeerLatency] | None).decode
_guide_uptime = msgspec.json.Decoder(Uptime).decode
_uptime_statistics = msgspec.json.Decoder(UptimeStatistics).decode
_guide_snapshot = msgspec.json.Decoder(Snapshot).decode
_snapshot_statistics = msgspec.json.Decoder(SnapshotStatistics).decode
_metrics = msgspec.json.Decoder(dict[str, Metric]).decode
_metrics_table = msgspec.json.Decoder(MetricsTable).decode


def _decode_latency(raw: Raw) -> Latency:
    """By shape (wire.md §4, row 18): the guide's first, then REST's, then the bare map by peer."""
    try:
        guide = _guide_latency(raw)
        if guide.aggregated is not None:
            return guide
    except msgspec.ValidationError:
        pass
    try:
        rest = _rest_latency(raw)
        return Latency(peers=rest.peers, total=rest.aggregated, health_summary=rest.health_summary)
    except msgspec.ValidationError:
        return Latency(peers=_peer_latency(raw) or {})


def _decode_metrics(raw: Raw) -> CustomMetrics:
    """By shape (wire.md §4, row 21): the guide's flat map, else the table that wraps one."""
    try:
        return CustomMetrics(_metrics(raw))
    except msgspec.ValidationError:
        return CustomMetrics(_metrics_table(raw).metrics, is_complete=True)


def _decode_uptime(raw: Raw) -> Uptime:
    """By shape (wire.md §4, row 19)."""
    try:
        return _guide_uptime(raw)
    except msgspec.ValidationError:
        told = _uptime_statistics(raw)
        total_ms = told.total_uptime_ms
        return Uptime(
            current_uptime=format_duration(told.current_uptime_ms * 1_000_000),
            total_sessions=told.total_sessions,
            total_uptime=None if total_ms is None else format_duration(total_ms * 1_000_000),
            statistics=told,
        )


def _decode_snapshot(raw: Raw) -> Snapshot:
    """By shape (wire.md §4, row 20)."""
    try:
        return _guide_snapshot(raw)
    except msgspec.ValidationError:
        told = _snapshot_statistics(raw)
        if not told.has_snapshot:
            return Snapshot(None, statistics=told)
        return Snapshot(
            index=told.latest_snapshot_index,
            term=told.latest_snapshot_term,
            size_bytes=told.latest_snapshot_size,
            duration_ms=told.last_creation_time_ms,
            statistics=told,
        )


def _decode_status(raw: Raw) -> Status:
    status = _status(raw)
    if status.node is not None:
        return _fill_status(status, status.node)
    if not status.node_id:
        raise msgspec.ValidationError("a status needs `node_id` or `node.id`")
    return status


def _fill_status(status: Status, node: StatusNode) -> Status:
    """Fill the guide's flat fields from the real gateway's nested ones (wire.md §4, rows 8, 9 and 13)."""
    indices, snapshot = status.indices, status.snapshot
    has_snapshot = snapshot is not None and snapshot.has_snapshot
    return replace(
        status,
        node_id=node.id,
        state=node.state,
        term=node.term,
        commit_index=status.commit_index if indices is None else indices.commit_index,
        last_applied=status.last_applied if indices is None else indices.applied_index,
        snapshot_last=snapshot.latest_snapshot_index if snapshot is not None and has_snapshot else status.snapshot_last,
    )


def _decode_peer_change(raw: Raw) -> PeerChange:
    """The guide's names, else filled from the real gateway's (wire.md §4, rows 15 and 16)."""
    change = _peer_change(raw)
    if change.event_type and change.address is None:
        return change
    event_type = change.event_type or change.event or change.action
    if not event_type:
        raise msgspec.ValidationError("a peer change needs `event_type` or `event`")
    return replace(change, event_type=event_type, peer_address=change.peer_address or change.address or None)


def _decode_error(raw: Raw) -> ServerError:
    """`error`, else filled from `message` (wire.md §4, row 23)."""
    told = _server_error(raw)
    return told if told.error or not told.message else replace(told, error=told.message)


def _decode_pong(_raw: Raw) -> Pong:
    return Pong()


_status = msgspec.json.Decoder(Status).decode
_peer_change = msgspec.json.Decoder(PeerChange).decode
_server_error = msgspec.json.Decoder(ServerError).decode
_BODIES: Final[dict[str, Callable[[Raw], Body]]] = {
    "status": _decode_status,
    "status_update": _decode_status,
    "state_change": msgspec.json.Decoder(StateChange).decode,
    "peer_change": _decode_peer_change,
    "latency": _decode_latency,
    "uptime": _decode_uptime,
    "snapshot": _decode_snapshot,
    "custom_metrics": _decode_metrics,
    "error": _decode_error,
    "pong": _decode_pong,
}


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
    if status.node is None:
        return message if status.node_id else _decode_other(frame)
    return replace(message, body=_fill_status(status, status.node))


def _finish_peer_change(message: PeerChangeMessage, frame: str | bytes) -> Message:
    change = message.body
    return message if change.event_type and change.address is None else _decode_other(frame)


def _finish_latency(message: LatencyMessage, frame: str | bytes) -> Message:
    return message if message.body.aggregated is not None else _decode_other(frame)


def _finish_error(message: ErrorMessage, frame: str | bytes) -> Message:
    return message if message.body.error else _decode_other(frame)


_FINISH: Final[dict[type[Struct], Callable[[Any, str | bytes], Message]]] = {
    StatusMessage: _finish_status,
    StatusUpdateMessage: _finish_status,
    PeerChangeMessage: _finish_peer_change,
    LatencyMessage: _finish_latency,
    ErrorMessage: _finish_error,
}


def _decode_other(frame: str | bytes) -> OtherMessage:
    """In two steps: the envelope, then the body that its type names."""
    try:
        envelope = _envelope(frame)
    except UNREADABLE as error:
        return OtherMessage("", "", Malformed(_reason(error), _text(frame)))
    decode_body = _BODIES.get(envelope.type)
    body: Body
    if decode_body is None:
        body = Unknown(_text(frame))
    else:
        try:
            body = decode_body(envelope.data)
        except UNREADABLE as error:
            body = Malformed(_reason(error), _text(frame))
    return OtherMessage(envelope.type, envelope.timestamp or "", body, envelope.boot, envelope.seq, envelope.prev)


def decode_body(message_type: str, raw: bytes | str) -> Body:
    """Read the body alone, as a REST answer carries it; `message_type` says which body it is."""
    try:
        return _BODIES[message_type](Raw(raw.encode() if isinstance(raw, str) else raw))
    except UNREADABLE as error:
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

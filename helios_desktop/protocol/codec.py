"""Text frames to messages and back, by msgspec, in two steps: the envelope, then the body that its type names.

Nothing here raises on what came from the wire: what cannot be read is a value (`Malformed`, `Unknown`, `Refused`).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from helios_desktop.protocol.durations import format_duration
from helios_desktop.protocol.messages import (
    Body,
    CustomMetrics,
    Envelope,
    HealthSummary,
    Latency,
    Malformed,
    Message,
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
    Unknown,
    Uptime,
    UptimeStatistics,
)

UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""All that msgspec raises on bad input; 100 000 nested brackets are a RecursionError."""

T = TypeVar("T")


class _GuideLatency(Struct, frozen=True, gc=False):
    aggregated: dict[str, Stats]
    peers: dict[str, PeerLatency] | None = None


class _RestLatency(Struct, frozen=True, gc=False):
    peers: dict[str, PeerLatency]
    aggregated: Stats | None = None
    health_summary: HealthSummary | None = None


_envelope = msgspec.json.Decoder(Envelope).decode
_guide_latency = msgspec.json.Decoder(_GuideLatency).decode
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
        return Latency(aggregated=guide.aggregated, peers=guide.peers)
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


def _decode_pong(_raw: Raw) -> Pong:
    return Pong()


_status = msgspec.json.Decoder(Status).decode
_BODIES: Final[dict[str, Callable[[Raw], Body]]] = {
    "status": _status,
    "status_update": _status,
    "state_change": msgspec.json.Decoder(StateChange).decode,
    "peer_change": msgspec.json.Decoder(PeerChange).decode,
    "latency": _decode_latency,
    "uptime": _decode_uptime,
    "snapshot": _decode_snapshot,
    "custom_metrics": _decode_metrics,
    "error": msgspec.json.Decoder(ServerError).decode,
    "pong": _decode_pong,
}


def decode(frame: str | bytes) -> Message:
    """Read one text frame. A frame that is no message has type and timestamp ""."""
    try:
        envelope = _envelope(frame)
    except UNREADABLE as error:
        return Message("", "", Malformed(_reason(error), _text(frame)))
    decode_body = _BODIES.get(envelope.type)
    body: Body
    if decode_body is None:
        body = Unknown(_text(frame))
    else:
        try:
            body = decode_body(envelope.data)
        except UNREADABLE as error:
            body = Malformed(_reason(error), _text(frame))
    return Message(envelope.type, envelope.timestamp or "", body, envelope.boot, envelope.seq, envelope.prev)


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

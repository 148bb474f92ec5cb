"""A server message with its envelope, one type each, so that msgspec reads both in one pass (guide, `WSMessage`).

All have the same attributes. `type` and `timestamp` are as received, "" where there is none. `boot`, `seq` and `prev`
are our gateway's own: a message was lost where `prev` is not the `seq` seen last. `unread` are paths of what was told
but is of a wrong type, so that it is left out; of the guide's shapes there are none.
"""

from typing import ClassVar

from msgspec import Struct, field

from helios_desktop.protocol.messages import (
    Body,
    CustomMetrics,
    Latency,
    Metric,
    PeerChange,
    Pong,
    ServerError,
    Snapshot,
    StateChange,
    Status,
    Uptime,
)


class Envelope(Struct, frozen=True, gc=False, kw_only=True, tag_field="type"):
    """What stands beside the body in each of them."""

    timestamp: str = ""
    boot: str | None = None
    seq: int | None = None
    prev: int | None = None
    unread: ClassVar[tuple[str, ...]] = ()


class StatusMessage(Envelope, frozen=True, gc=False, tag="status"):
    """The guide's "Status Update"."""

    type: ClassVar[str] = "status"
    body: Status = field(name="data")


class StatusUpdateMessage(Envelope, frozen=True, gc=False, tag="status_update"):
    """The same, asked for or, from a real gateway, by its ticker."""

    type: ClassVar[str] = "status_update"
    body: Status = field(name="data")


class StateChangeMessage(Envelope, frozen=True, gc=False, tag="state_change"):
    """The guide's "State Change"."""

    type: ClassVar[str] = "state_change"
    body: StateChange = field(name="data")


class PeerChangeMessage(Envelope, frozen=True, gc=False, tag="peer_change"):
    """The guide's "Peer Change"."""

    type: ClassVar[str] = "peer_change"
    body: PeerChange = field(name="data")


class LatencyMessage(Envelope, frozen=True, gc=False, tag="latency"):
    """The guide's "Latency Update"."""

    type: ClassVar[str] = "latency"
    body: Latency = field(name="data")


class UptimeMessage(Envelope, frozen=True, gc=False, tag="uptime"):
    """The guide's "Uptime Update"."""

    type: ClassVar[str] = "uptime"
    body: Uptime = field(name="data")


class SnapshotMessage(Envelope, frozen=True, gc=False, tag="snapshot"):
    """The guide's "Snapshot Update"."""

    type: ClassVar[str] = "snapshot"
    body: Snapshot = field(name="data")


class CustomMetricsMessage(Envelope, frozen=True, gc=False, tag="custom_metrics"):
    """The guide's "Custom Metrics Update", whose data is a flat map."""

    type: ClassVar[str] = "custom_metrics"
    metrics: dict[str, Metric] = field(name="data")

    @property
    def body(self) -> CustomMetrics:
        """The map as a body."""
        return CustomMetrics(self.metrics)


class ErrorMessage(Envelope, frozen=True, gc=False, tag="error"):
    """The guide's "Error"."""

    type: ClassVar[str] = "error"
    body: ServerError = field(name="data")


class PongMessage(Envelope, frozen=True, gc=False, tag="pong"):
    """The answer to a JSON ping."""

    type: ClassVar[str] = "pong"
    body: ClassVar[Pong] = Pong()


GuideMessage = (
    StatusMessage
    | StatusUpdateMessage
    | StateChangeMessage
    | PeerChangeMessage
    | LatencyMessage
    | UptimeMessage
    | SnapshotMessage
    | CustomMetricsMessage
    | ErrorMessage
    | PongMessage
)


class OtherMessage(Struct, frozen=True, gc=False):
    """A message in no shape of the guide's: of another dialect, with faults, of an unknown type, or malformed."""

    type: str
    timestamp: str
    body: Body
    boot: str | None = None
    seq: int | None = None
    prev: int | None = None
    unread: tuple[str, ...] = ()


Message = GuideMessage | OtherMessage

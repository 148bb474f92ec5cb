"""What happened in a simulation. `at_s` is in simulated seconds, `node` is whose view it is."""

from msgspec import Struct

from helios_gateway.simulation.views import MetricView


class StateChanged(Struct, frozen=True):
    """Its role changed: "Follower", "Candidate" or "Leader"."""

    at_s: float
    node: str
    old_state: str
    new_state: str
    term: int


class PeerChanged(Struct, frozen=True):
    """Its configuration won or lost another node: `event_type` is "added" or "removed"."""

    at_s: float
    node: str
    event_type: str
    peer_id: str
    peer_address: str


class SnapshotTaken(Struct, frozen=True):
    """It wrote a snapshot of its own."""

    at_s: float
    node: str
    index: int
    term: int
    size_bytes: int
    duration_ms: float


class MetricsChanged(Struct, frozen=True):
    """The clients reported to it; only those metrics whose value differs from what it had."""

    at_s: float
    node: str
    metrics: dict[str, MetricView]


class Stopped(Struct, frozen=True):
    """Its process ended: `reason` is "stop", "crash" or "removed"."""

    at_s: float
    node: str
    reason: str


class Started(Struct, frozen=True):
    """Its process runs."""

    at_s: float
    node: str


Happening = StateChanged | PeerChanged | SnapshotTaken | MetricsChanged | Stopped | Started

"""The reads of the real gateway that a monitor polls (wire.md §5), and which message each answers with the body of."""

from enum import StrEnum
from typing import Final


class RestCall(StrEnum):
    """A GET below `/admin/cluster`, by its path; all need a token of an administrator."""

    STATUS = "/admin/cluster/status"
    LATENCY = "/admin/cluster/latency"
    UPTIME = "/admin/cluster/uptime"
    UPTIME_HISTORY = "/admin/cluster/uptime/history"
    SNAPSHOT = "/admin/cluster/snapshot"
    METRICS = "/admin/cluster/metrics"

    @property
    def source(self) -> str:
        """What an observation of its answer names as its source."""
        return f"GET {self.value}"


BODY_TYPES: Final = {
    RestCall.STATUS.source: "status",
    RestCall.LATENCY.source: "latency",
    RestCall.UPTIME.source: "uptime",
    RestCall.UPTIME_HISTORY.source: "uptime_history",
    RestCall.SNAPSHOT.source: "snapshot",
    RestCall.METRICS.source: "custom_metrics",
}
"""By source, the type that `codec.decode_body` reads the answer as."""

RAFT_NOT_ENABLED: Final = "raft not enabled"
"""What a gateway without Raft says, in any case, in the body of a 503 or a 500 (wire.md §5)."""

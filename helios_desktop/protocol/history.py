"""The rows of the real gateway's uptime history (wire.md §5, `GET /admin/cluster/uptime/history`)."""

from msgspec import Struct

from helios_desktop.protocol.timestamps import parse_timestamp, parse_unix


class UptimeEvent(Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that happened to the node: `type` is start, stop, restart, crash, election or demote.

    duration_ms: of what ended by it; None where nothing did
    """

    type: str = ""
    timestamp: str = ""
    timestamp_unix: int | None = None
    reason: str | None = None
    duration_ms: int | None = None
    duration_str: str | None = None
    state: str | None = None
    term: int | None = None
    leader_id: str | None = None

    @property
    def at_ns(self) -> int | None:
        """When, in nanoseconds since the epoch; None where that is not told."""
        return _instant_ns(self.timestamp, self.timestamp_unix)


class UptimeSession(Struct, frozen=True, gc=False, omit_defaults=True):
    """One life of the node's process, the running one among them."""

    start_time: str = ""
    start_time_unix: int | None = None
    end_time: str | None = None
    end_time_unix: int | None = None
    duration_ms: int | None = None
    duration_str: str | None = None
    end_reason: str | None = None
    leader_time_ms: int | None = None
    leader_time_str: str | None = None
    follower_time_ms: int | None = None
    follower_time_str: str | None = None
    candidate_time_ms: int | None = None
    candidate_time_str: str | None = None
    elections: int | None = None
    terms_served: int | None = None

    @property
    def start_ns(self) -> int | None:
        """When it began, in nanoseconds since the epoch; None where that is not told."""
        return _instant_ns(self.start_time, self.start_time_unix)

    @property
    def end_ns(self) -> int | None:
        """When it ended; None while it lasts."""
        return _instant_ns(self.end_time or "", self.end_time_unix)


def _instant_ns(text: str, unix_s: int | None) -> int | None:
    told_ns = parse_timestamp(text)
    return told_ns if told_ns is not None else parse_unix(unix_s)

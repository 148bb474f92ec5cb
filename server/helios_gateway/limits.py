"""How long the gateway waits and how much it holds, in one place, so that a test may shorten all of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Cadences and bounds; the defaults are those that a served gateway keeps.

    status_s, latency_s, uptime_s: between two such messages to a node's clients
    ping_interval_s, pong_timeout_s: a native ping is sent so often, and its pong must come within the second;
                  together they stay below the 60 s after which a silent client must be gone
    sweep_s:      how often sockets are looked at for a missing pong and an expired token
    grace_s:      how long a socket that was told to close may take before it is cut
    unsent_bytes: what may wait to be written to one client before it counts as too slow
    message_bytes, body_bytes: the largest message that a client may send, and the largest HTTP body
    header_s, body_s: how long a client may take to send a request's head, and then its body
    """

    status_s: float = 5.0
    latency_s: float = 1.0
    uptime_s: float = 10.0
    ping_interval_s: float = 30.0
    pong_timeout_s: float = 25.0
    sweep_s: float = 1.0
    grace_s: float = 5.0
    unsent_bytes: int = 1 << 20
    message_bytes: int = 64 << 10
    body_bytes: int = 64 << 10
    header_s: float = 10.0
    body_s: float = 10.0

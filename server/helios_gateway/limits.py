"""How long the gateway waits and how much it holds, in one place, so that a test may shorten all of it."""

import sys
from dataclasses import dataclass, field
from typing import Final

if sys.platform != "win32":
    import resource

_MOST_FILES: Final = 65_536
_SPARE_FILES: Final = 256
"""For the rest of the process, and for what is accepted in one turn of the loop before it can be turned away."""


def _most_connections() -> int:
    """Fewer than there can be open files: asyncio floods the log, and starves, where `accept` has none left."""
    if sys.platform == "win32":
        return _MOST_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _MOST_FILES if soft == resource.RLIM_INFINITY else min(_MOST_FILES, soft)
    return max(files - _SPARE_FILES, files // 2)


@dataclass(frozen=True, slots=True)
class Limits:
    """Cadences and bounds; the defaults are those that a served gateway keeps.

    status_s, latency_s, uptime_s: between two such messages to a node's clients
    ping_interval_s, pong_timeout_s: a native ping is sent so often, and its pong must come within the second;
                  with a sweep before each and the grace they stay below the 60 s after which a silent client is gone
    sweep_s:      how often sockets are looked at for a missing pong and an expired token
    grace_s:      how long a socket that was told to close may take before it is cut
    unsent_bytes: what may wait to be written to one client before it counts as too slow
    message_bytes, body_bytes: the largest message that a client may send, and the largest HTTP body
    connections:  how many may be open at once, whatever they are for; others are turned away
    header_s, body_s: how long a client may take to send a request's head, and then its body
    """

    status_s: float = 5.0
    latency_s: float = 1.0
    uptime_s: float = 10.0
    ping_interval_s: float = 30.0
    pong_timeout_s: float = 20.0
    sweep_s: float = 1.0
    grace_s: float = 5.0
    unsent_bytes: int = 1 << 20
    message_bytes: int = 64 << 10
    body_bytes: int = 64 << 10
    connections: int = field(default_factory=_most_connections)
    header_s: float = 10.0
    body_s: float = 10.0


def raise_open_files() -> None:
    """Let this process open as many files as the system allows without asking (up to 65 536), as Go's runtime does."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

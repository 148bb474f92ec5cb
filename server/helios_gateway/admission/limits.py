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


def _most_of_address() -> int:
    """So many that one address cannot take the last place of all others."""
    return _most_connections() * 3 // 4


def _most_sockets() -> int:
    """Fewer than connections, so that one can still log in and look where all sockets are taken."""
    return _most_connections() * 9 // 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Cadences and bounds; the defaults are those that a served gateway keeps.

    status_s, latency_s, uptime_s: between two such messages to a node's clients
    ping_interval_s, pong_timeout_s: a native ping is sent so often, and its pong must come within the second;
                  with a sweep before each and the grace they stay below the 60 s after which a silent client is gone
    sweep_s:      how often sockets are looked at for a missing pong and an expired token
    grace_s:      how long a socket that was told to close may take before it is cut
    unsent_bytes: what may wait to be written to one client; what is due to it beyond that is lost and counted, until
                  less than half of it waits
    lag_s:        how long a client may lose messages so before it is closed
    ring_bytes, ring_messages: what is kept of each node's messages for clients that come back
    message_bytes, body_bytes: the largest message that a client may send, and the largest HTTP body
    connections:  how many may be open at once, whatever they are for; others are turned away
    connections_per_address: how many of them from one address; others get 429. Not asked behind a proxy, either
    header_s, body_s: how long a client may take to send a request's head, and then its body;
                  and so long it may leave an answer unread
    sockets, sockets_per_user: how many may be open at once; others get 503 and 429
    connects_per_s, connects_burst: new connections from one address; others get 429. An IPv6 address counts by its
                  first 64 bits. Behind a proxy, whose connections they are, this is not asked
    upgrades_per_s, upgrades_burst: sockets that one user opens, and that are opened from one address; others get 429
    messages_per_s, messages_burst: what a client may send; what is more is told and not followed, and a client that is
                  ahead by two bursts is closed with 4429
    subscribes_per_s, subscribes_burst: the same for its subscriptions, each of which costs the fan-out a group
    malformed_per_s, malformed_burst: messages that cannot be read, each told; a client that sends more is closed
    logins_per_s, logins_burst: passwords that are checked for one address, right or wrong; others get 429
    login_free:   wrong passwords in a row, of one user and from one address, that cost no wait
    login_wait_s, login_longest_wait_s: the wait after the next one, and what it doubles up to
    logins_waiting: for their turn, since passwords are checked two at a time; others get 503
    keys:         addresses and users that are remembered for each of these; the one seen longest ago is forgotten
    """

    status_s: float = 5.0
    latency_s: float = 1.0
    uptime_s: float = 10.0
    ping_interval_s: float = 30.0
    pong_timeout_s: float = 20.0
    sweep_s: float = 1.0
    grace_s: float = 5.0
    unsent_bytes: int = 1 << 20
    lag_s: float = 10.0
    ring_bytes: int = 1 << 20
    ring_messages: int = 10_000
    message_bytes: int = 64 << 10
    body_bytes: int = 64 << 10
    connections: int = field(default_factory=_most_connections)
    connections_per_address: int = field(default_factory=_most_of_address)
    header_s: float = 10.0
    body_s: float = 10.0
    sockets: int = field(default_factory=_most_sockets)
    sockets_per_user: int = 5_000
    connects_per_s: float = 400.0
    connects_burst: int = 4_000
    upgrades_per_s: float = 250.0
    upgrades_burst: int = 2_500
    messages_per_s: float = 100.0
    messages_burst: int = 1_000
    subscribes_per_s: float = 10.0
    subscribes_burst: int = 100
    malformed_per_s: float = 1.0
    malformed_burst: int = 50
    logins_per_s: float = 10.0
    logins_burst: int = 1_000
    login_free: int = 5
    login_wait_s: float = 1.0
    login_longest_wait_s: float = 300.0
    logins_waiting: int = 1_000
    keys: int = 10_000


def raise_open_files() -> None:
    """Let this process open as many files as the system allows without asking (up to 65 536), as Go's runtime does."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

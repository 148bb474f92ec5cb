"""What the gateway counts of itself: plain numbers, which cost a message little; `/metrics` tells them."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Metrics:
    """Since the gateway was started.

    logins:    attempts by what became of them: ok, wrong, disabled, limited, busy, reused (a refresh token, twice)
    refused:   what was not let in, by reason: token, role, host, origin, connect_rate, upgrade_rate, sockets_user,
               sockets_all, connections, header_time, body_time, body_size
    abused:    what an open socket did, by reason: message_rate, message_size, subscribe_rate, malformed
    closed:    sockets that the gateway ended, by close code
    resumed:   sockets that asked to go on where they were, by what became of it: whole, gone (too old), other_boot
    published: messages, by type; each counts once, to however many clients it went
    delivered: messages written to clients
    lost:      messages that were due to clients which read too slowly, and were told how many
    bytes_out: of all frames written, before TLS
    """

    logins: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    abused: Counter[str] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)
    resumed: Counter[str] = field(default_factory=Counter)
    published: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    lost: int = 0
    bytes_out: int = 0

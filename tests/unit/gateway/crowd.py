"""Clients of a channel without a socket: transports that hold what is written until the test reads it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from helios_gateway.admission.limits import Limits
from helios_gateway.metrics import Metrics
from helios_gateway.sockets.client import Client
from helios_gateway.sockets.envelopes import Envelopes
from helios_gateway.sockets.fanout import Channel

BOUND = 1000


class FakeTransport:
    """Keeps what was written; what was not `read` yet waits, unless it is read at once."""

    def __init__(self, *, is_read: bool = True) -> None:
        self.writes: list[bytes] = []
        self.waiting = 0
        self.most_waiting = 0
        self.is_read = is_read

    def write(self, data: bytes) -> None:
        """As asyncio's."""
        self.writes.append(data)
        if not self.is_read:
            self.waiting += len(data)
            self.most_waiting = max(self.most_waiting, self.waiting)

    def read(self, size: int) -> None:
        """Take so many bytes off what waits."""
        self.waiting = max(0, self.waiting - size)

    def get_write_buffer_size(self) -> int:
        """As asyncio's."""
        return self.waiting

    def messages(self) -> list[dict[str, Any]]:
        """All that were written so far."""
        return messages_in(b"".join(self.writes))


@dataclass
class Crowd:
    """A channel, and the keeper that its clients have: it tells of losses as the hub does."""

    limits: Limits = field(default_factory=lambda: Limits(unsent_bytes=BOUND))
    now_s: float = 0.0
    cut: list[Client] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.envelopes = Envelopes("boot", lambda: 1_700_000_000_000_000_000)
        self.channel = Channel(self.envelopes, self.limits, self.metrics, self, now_s=lambda: self.now_s)

    def caught_up(self, client: Client, lost: int) -> None:
        """Tell it."""
        self.channel.send(client, "error", {"lost": lost})

    def too_slow(self, client: Client, lost: int) -> None:
        """Tell it and let it go."""
        self.channel.last_words(client, "error", {"lost": lost})
        self.cut.append(client)

    def newcomer(self, *, is_read: bool = True, is_deflated: bool = False) -> tuple[Client, FakeTransport]:
        """A client that has not joined yet."""
        transport = FakeTransport(is_read=is_read)
        return Client(
            cast("asyncio.Transport", transport),
            "node1",
            "node1",
            "sid",
            pinged_at=0.0,
            ponged_at=0.0,
            is_deflated=is_deflated,
        ), transport

    def joined(self, *, is_read: bool = True) -> tuple[Client, FakeTransport]:
        """A client that takes part."""
        client, transport = self.newcomer(is_read=is_read)
        self.channel.join(client)
        return client, transport


def messages_in(data: bytes, inflate: Callable[[bytes], bytes] = bytes) -> list[dict[str, Any]]:
    """Cut frames apart by their own lengths; `inflate` reads the compressed ones."""
    found = []
    while data:
        assert data[0] in {0x81, 0xC1}
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        text = data[start : start + size]
        found.append(msgspec.json.decode(inflate(text) if data[0] == 0xC1 else text))
        data = data[start + size :]
    return found

"""Fan-out to the clients of one node: a message is encoded once, a frame built once a group, a write made once a turn.

A *group* is clients with equal subscription and equal `prev`: the same bytes serve all of them. What is published in
one turn of the event loop is written joined, straight to each transport, so the cost of a delivery is a share of one
`send`. After a message that a whole subscription selects its groups are one again.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from typing import Any, NamedTuple

from helios_desktop.protocol.codec import encode
from helios_desktop.protocol.subscription import Topic, topic_of
from helios_desktop.protocol.timestamps import format_timestamp
from helios_gateway.client import Client
from helios_gateway.frames import text_frame


class Envelopes:
    """Numbers and wraps the messages of one run of the gateway; `boot` names the run."""

    def __init__(self, boot: str, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._numbers = count(1)
        self._boot = encode(boot)

    def wrap(self, message_type: str, body: Any) -> "Wrapped":
        """Encode a message up to its `prev`. `body` None leaves `data` out, as `pong` wants it."""
        seq = next(self._numbers)
        data = b"" if body is None else b',"data":' + encode(body)
        head = b'{"type":"%b","timestamp":"%b"%b,"boot":%b,"seq":%d,"prev":' % (
            message_type.encode(),
            format_timestamp(self._now_ns(), 6).encode(),
            data,
            self._boot,
            seq,
        )
        return Wrapped(topic_of(message_type), seq, head)


class Wrapped(NamedTuple):
    """A message that lacks only its `prev`. Topic None passes every subscription."""

    topic: Topic | None
    seq: int
    head: bytes

    def frame(self, prev: int) -> bytes:
        """The whole WebSocket frame for those whose last message was `prev` (0: none yet)."""
        return text_frame(b"%b%d}" % (self.head, prev))


class _Group:
    """Clients to whom the same bytes go next."""

    __slots__ = ("clients", "prev")

    def __init__(self, prev: int, clients: set[Client]) -> None:
        self.prev = prev
        self.clients = clients


class Channel:
    """The clients of one node. `too_slow` is called for each whose unsent bytes exceed the bound; it must end it."""

    def __init__(self, envelopes: Envelopes, unsent_bytes: int, too_slow: Callable[[Client], None]) -> None:
        self._envelopes = envelopes
        self._unsent_bytes = unsent_bytes
        self._too_slow = too_slow
        self._cohorts: dict[frozenset[Topic], set[_Group]] = {}
        self._groups: dict[Client, _Group] = {}
        self._pending: list[Wrapped] = []

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Client]:
        return iter(tuple(self._groups))

    def join(self, client: Client) -> None:
        """Let a client take part from the next message on."""
        self.flush()
        self._place(client, 0)

    def leave(self, client: Client) -> None:
        """Forget a client; one that left already is no error."""
        if client in self._groups:
            self._remove(client)

    def publish(self, message_type: str, body: Any) -> None:
        """Send to all whose subscription selects it, at the end of this turn of the loop."""
        if not self._groups:
            return
        if not self._pending:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pending.append(self._envelopes.wrap(message_type, body))

    def send(self, client: Client, message_type: str, body: Any) -> None:
        """Send to one client at once, whatever its subscription."""
        self.flush()
        group = self._groups.get(client)
        if group is None:
            return
        message = self._envelopes.wrap(message_type, body)
        if client.transport.get_write_buffer_size() > self._unsent_bytes:
            self._too_slow(client)
            return
        client.transport.write(message.frame(group.prev))
        self._remove(client)
        self._place(client, message.seq)

    def subscribe(self, client: Client, topics: frozenset[Topic]) -> None:
        """Replace a client's subscription."""
        self.flush()
        group = self._groups.get(client)
        if group is None:
            return
        self._remove(client)
        client.topics = topics
        self._place(client, group.prev)

    def flush(self) -> None:
        """Send at once what was published in this turn of the loop."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        slow: list[Client] = []
        for topics, groups in self._cohorts.items():
            selected = [message for message in pending if message.topic is None or message.topic in topics]
            if not selected:
                continue
            # Only the first of them differs between the groups of one subscription.
            rest = b"".join([message.frame(before.seq) for before, message in pairwise(selected)])
            for group in groups:
                self._write(selected[0].frame(group.prev) + rest, group.clients, slow)
                group.prev = selected[-1].seq
            if len(groups) > 1:
                self._merge(groups)
        for client in slow:
            self._too_slow(client)

    def last_words(self, client: Client, message_type: str, body: Any) -> bytes:
        """Take a client out and give the frame of one last message for it."""
        group = self._groups[client]
        self._remove(client)
        return self._envelopes.wrap(message_type, body).frame(group.prev)

    def _place(self, client: Client, prev: int) -> None:
        group = _Group(prev, {client})
        self._groups[client] = group
        self._cohorts.setdefault(client.topics, set()).add(group)

    def _remove(self, client: Client) -> None:
        group = self._groups.pop(client)
        group.clients.discard(client)
        if not group.clients:
            groups = self._cohorts[client.topics]
            groups.discard(group)
            if not groups:
                del self._cohorts[client.topics]

    def _write(self, data: bytes, clients: set[Client], slow: list[Client]) -> None:
        bound = self._unsent_bytes
        for client in clients:
            transport = client.transport
            if transport.get_write_buffer_size() > bound:
                slow.append(client)
            else:
                transport.write(data)

    def _merge(self, groups: set[_Group]) -> None:
        largest = max(groups, key=lambda group: len(group.clients))
        for group in groups - {largest}:
            largest.clients |= group.clients
            for client in group.clients:
                self._groups[client] = largest
        groups.clear()
        groups.add(largest)

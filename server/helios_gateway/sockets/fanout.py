"""Fan-out to the clients of one node: a message is encoded once, a frame built once a group, a write made once a turn.

A *group* is clients with equal subscription and equal `prev`: the same bytes serve all of them. What is published in
one turn of the event loop is written joined, straight to each transport, so the cost of a delivery is a share of one
`send`. After a message that a whole subscription selects its groups are one again.

A client *lags* while more bytes wait for it than may: it belongs to no group then, and what is due to it is counted
instead of written. `prev` names the message that was due before, so whoever did not get that one sees the hole.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple, Protocol

from helios_desktop.protocol.subscription import Topic
from helios_gateway.admission.limits import Limits
from helios_gateway.metrics import Metrics
from helios_gateway.sockets.client import Client
from helios_gateway.sockets.deflate import deflated
from helios_gateway.sockets.envelopes import Envelopes, Wrapped
from helios_gateway.sockets.frames import text_frame
from helios_gateway.sockets.ring import Ring

_TURN_BYTES: Final = 256 << 10
"""A burst is written in parts of this size, so that what waits for a client stays near its bound."""


class Keeper(Protocol):
    """Told of clients that read too slowly, with the number of messages that each has lost."""

    def caught_up(self, client: Client, lost: int) -> None:
        """It reads again; it has to be told. What is due from now on will be written."""

    def too_slow(self, client: Client, lost: int) -> None:
        """It did not recover in time; it has to be ended."""


class _Kind(NamedTuple):
    """What decides which messages a client gets, and in which frames."""

    topics: frozenset[Topic]
    is_deflated: bool


class _Group:
    """Clients to whom the same bytes go next."""

    __slots__ = ("clients", "prev")

    def __init__(self, prev: int, clients: set[Client]) -> None:
        self.prev = prev
        self.clients = clients


@dataclass(slots=True)
class _Lag:
    """Since when a client lags, how many messages it has lost, and the number of the last of them."""

    since_s: float
    lost: int
    seq: int

    def miss(self, messages: int, seq: int) -> None:
        self.lost += messages
        self.seq = seq


class Channel:
    """The clients of one node. `look_after` must be called now and then; `now_s` is any clock that only goes on."""

    def __init__(
        self,
        envelopes: Envelopes,
        limits: Limits,
        metrics: Metrics,
        keeper: Keeper,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ring = Ring(limits.ring_bytes, limits.ring_messages, envelopes.last)
        self._envelopes = envelopes
        self._limits = limits
        self._metrics = metrics
        self._keeper = keeper
        self._now_s = now_s
        self._cohorts: dict[_Kind, set[_Group]] = {}
        self._groups: dict[Client, _Group] = {}
        self._lags: dict[Client, _Lag] = {}
        self._pending: list[Wrapped] = []
        self._pending_bytes = 0

    def __len__(self) -> int:
        return len(self._groups) + len(self._lags)

    def __iter__(self) -> Iterator[Client]:
        return iter((*self._groups, *self._lags))

    def join(self, client: Client) -> None:
        """Let a client take part from the next message on."""
        self.flush()
        self._place(client, 0)

    def resume(self, client: Client, seq: int) -> bool:
        """Let a client take part from the message after `seq` on; False, and nothing done, where some are gone."""
        self.flush()
        missed = self.ring.after(seq)
        if missed is None:
            return False
        selected = _selected(missed, client.topics)
        frame = _framing(client.is_deflated)
        before = [seq, *(message.seq for message in selected)]
        data = b"".join([frame(message.text(prev)) for message, prev in zip(selected, before, strict=False)])
        if data:
            client.transport.write(data)
            self._count(len(selected), len(data), 1)
        self._place(client, before[-1])
        return True

    def leave(self, client: Client) -> None:
        """Forget a client; one that left already is no error."""
        if client in self._groups:
            self._remove(client)
        self._lags.pop(client, None)

    def publish(self, message_type: str, body: Any) -> None:
        """Send to all whose subscription selects it, at the end of this turn of the loop."""
        message = self._envelopes.wrap(message_type, body)
        self.ring.append(message)
        self._metrics.published[message_type] += 1
        if not self:
            return
        if not self._pending:
            asyncio.get_running_loop().call_soon(self.flush)
        self._pending.append(message)
        self._pending_bytes += len(message.head)
        if self._pending_bytes > _TURN_BYTES:
            self.flush()

    def send(self, client: Client, message_type: str, body: Any) -> None:
        """Send to one client at once, whatever its subscription; to one that lags it is lost like any other."""
        self.flush()
        if client not in self._groups and client not in self._lags:
            return
        message = self._envelopes.wrap(message_type, body)
        group = self._groups.get(client)
        if group is None:
            self._lags[client].miss(1, message.seq)
            return
        prev = group.prev
        self._remove(client)
        if client.transport.get_write_buffer_size() > self._limits.unsent_bytes:
            self._lags[client] = _Lag(self._now_s(), 1, message.seq)
            return
        self._write_one(client, message.text(prev))
        self._place(client, message.seq)

    def subscribe(self, client: Client, topics: frozenset[Topic]) -> None:
        """Replace a client's subscription."""
        self.flush()
        group = self._groups.get(client)
        if group is None:
            client.topics = topics
            return
        self._remove(client)
        client.topics = topics
        self._place(client, group.prev)

    def flush(self) -> None:
        """Send at once what was published in this turn of the loop."""
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        if not pending:
            return
        missed = {topics: _selected(pending, topics) for topics in {client.topics for client in self._lags}}
        for client, lag in self._lags.items():
            if selected := missed[client.topics]:
                lag.miss(len(selected), selected[-1].seq)
        slow: dict[Client, _Lag] = {}
        for kind, groups in self._cohorts.items():
            selected = _selected(pending, kind.topics)
            if not selected:
                continue
            frame, last = _framing(kind.is_deflated), selected[-1].seq
            # Only the first of them differs between the groups of one subscription.
            rest = b"".join([frame(message.text(before.seq)) for before, message in pairwise(selected)])
            for group in groups:
                data = frame(selected[0].text(group.prev)) + rest
                late = self._write(data, group.clients)
                slow |= {client: _Lag(self._now_s(), len(selected), last) for client in late}
                self._count(len(selected), len(data), len(group.clients) - len(late))
                group.prev = last
            if len(groups) > 1:
                self._merge(groups)
        for client, lag in slow.items():
            self._remove(client)
            self._lags[client] = lag
        if self._lags:
            self._judge()

    def look_after(self) -> None:
        """Take clients that caught up in again, and give up those that lag for too long."""
        self.flush()
        if self._lags:
            self._judge()

    def lost_by(self, client: Client) -> int:
        """How many messages a client has lost that it was not told of yet."""
        lag = self._lags.get(client)
        return 0 if lag is None else lag.lost

    def last_words(self, client: Client, message_type: str, body: Any) -> None:
        """Send one last message to a client that lags, whatever waits for it already, and forget it."""
        lag = self._lags.pop(client)
        self._metrics.lost += lag.lost
        self._write_one(client, self._envelopes.wrap(message_type, body).text(lag.seq))

    def _judge(self) -> None:
        limits, now_s = self._limits, self._now_s()
        for client, lag in tuple(self._lags.items()):
            if client.transport.get_write_buffer_size() <= limits.unsent_bytes // 2:
                del self._lags[client]
                self._metrics.lost += lag.lost
                self._place(client, lag.seq)
                self._keeper.caught_up(client, lag.lost)
            elif now_s - lag.since_s >= limits.lag_s:
                self._keeper.too_slow(client, lag.lost)

    def _place(self, client: Client, prev: int) -> None:
        group = _Group(prev, {client})
        self._groups[client] = group
        self._cohorts.setdefault(_Kind(client.topics, client.is_deflated), set()).add(group)

    def _remove(self, client: Client) -> None:
        group = self._groups.pop(client)
        group.clients.discard(client)
        if not group.clients:
            kind = _Kind(client.topics, client.is_deflated)
            groups = self._cohorts[kind]
            groups.discard(group)
            if not groups:
                del self._cohorts[kind]

    def _write(self, data: bytes, clients: set[Client]) -> list[Client]:
        """Give those who read too slowly to be written to."""
        bound = self._limits.unsent_bytes
        late = []
        for client in clients:
            transport = client.transport
            if transport.get_write_buffer_size() > bound:
                late.append(client)
            else:
                transport.write(data)
        return late

    def _write_one(self, client: Client, text: bytes) -> None:
        data = _framing(client.is_deflated)(text)
        client.transport.write(data)
        self._count(1, len(data), 1)

    def _count(self, messages: int, size: int, clients: int) -> None:
        self._metrics.delivered += messages * clients
        self._metrics.bytes_out += size * clients

    def _merge(self, groups: set[_Group]) -> None:
        largest = max(groups, key=lambda group: len(group.clients))
        for group in groups - {largest}:
            largest.clients |= group.clients
            for client in group.clients:
                self._groups[client] = largest
        groups.clear()
        groups.add(largest)


def _selected(messages: list[Wrapped], topics: frozenset[Topic]) -> list[Wrapped]:
    return [message for message in messages if message.topic is None or message.topic in topics]


def _framing(is_deflated: bool) -> Callable[[bytes], bytes]:
    return deflated if is_deflated else text_frame

"""The hub: which clients listen to which node, and what they are told, by the clock and when something happens."""

import asyncio
import logging
import math
from collections.abc import Callable, Collection
from typing import Final

from helios_desktop.protocol.messages import Metric, PeerChange, ServerError, Snapshot, StateChange
from helios_desktop.protocol.subscription import Topic
from helios_gateway.accounts.auth import Authority, Standing
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.cluster import (
    Cluster,
    Disturbed,
    NodeRemoved,
    NodeStarted,
    NodeStopped,
    Notice,
    Told,
)
from helios_gateway.metrics import Metrics
from helios_gateway.sockets.client import Client
from helios_gateway.sockets.envelopes import Envelopes
from helios_gateway.sockets.fanout import Channel
from helios_gateway.sockets.frames import (
    GOING_AWAY,
    NO_PONG,
    NODE_REMOVED,
    TOKEN_EXPIRED,
    TOKEN_REVOKED,
    TOO_SLOW,
    ping_frame,
)
from helios_gateway.sockets.ring import Since

NO_STATUS: Final = ServerError("Failed to retrieve cluster status")
"""The guide's own words ("Error"), in place of the status of a node that is stopped."""

_log = logging.getLogger(__name__)


class Hub:
    """All clients of one gateway. `run` keeps the cadences; `close` must be called at the end."""

    def __init__(
        self, cluster: Cluster, authority: Authority, envelopes: Envelopes, limits: Limits, metrics: Metrics
    ) -> None:
        self._cluster = cluster
        self._authority = authority
        self._envelopes = envelopes
        self._limits = limits
        self._metrics = metrics
        self._channels: dict[str, Channel] = {}
        cluster.listen(self.see)
        authority.listen(self.end_logins)

    def join(self, client: Client, since: Since | None = None) -> None:
        """Take a new client in and send it the status that comes first, whatever it will subscribe.

        With `since` come before it the messages that were published after that one, as the default subscription
        selects them: a client that had another one subscribes again. Where some are gone, an `error` says so instead.
        What is told by the clock is told while somebody listens, so nothing of that was missed at other times.
        """
        channel = self._channel(client.node)
        if since is None:
            channel.join(client)
        elif refusal := self._resume(channel, client, since):
            channel.join(client)
            channel.send(client, "error", ServerError(f"cannot resume after {since.seq}: {refusal}"))
        self._send_status(client, "status")

    def leave(self, client: Client) -> None:
        """Forget a client whose socket ended."""
        if channel := self._channels.get(client.node):
            channel.leave(client)

    def subscribe(self, client: Client, topics: frozenset[Topic]) -> None:
        """Replace the client's subscription; one that turns `status` on gets a `status_update` at once."""
        had_status = Topic.STATUS in client.topics
        self._channel(client.node).subscribe(client, topics)
        if Topic.STATUS in topics and not had_status:
            self._send_status(client, "status_update")

    def pong(self, client: Client) -> None:
        """Answer the client's JSON ping."""
        self._channel(client.node).send(client, "pong", None)

    def refuse(self, client: Client, reason: str) -> None:
        """Tell a client that its message cannot be followed."""
        self._channel(client.node).send(client, "error", ServerError(reason))

    def end(self, client: Client, code: int, reason: str) -> None:
        """Close a socket."""
        self._end(client, code, reason)

    def caught_up(self, client: Client, lost: int) -> None:
        """Tell a client that reads again what it missed, and how things stand, whatever it subscribed."""
        channel = self._channel(client.node)
        channel.send(client, "error", _loss(lost))
        self._send_status(client, "status")

    def too_slow(self, client: Client, lost: int) -> None:
        """Close the socket of a client that did not recover."""
        waiting = client.transport.get_write_buffer_size()
        _log.warning(
            "a client of %s is too slow: %d bytes wait for it, %d messages were lost, it is closed",
            client.node,
            waiting,
            lost,
        )
        self._end(client, TOO_SLOW, "too slow")

    def audience(self, node: str) -> int:
        """How many clients listen to it."""
        return len(self._channels.get(node, ()))

    def end_all_at(self, port_of: str, reason: str) -> None:
        """Close every socket of that node's port, whichever node it listens to."""
        for channel in self._channels.values():
            for client in channel:
                if client.port_of == port_of:
                    self._end(client, GOING_AWAY, reason)

    def end_logins(self, sids: Collection[str]) -> None:
        """Close every socket of logins that were ended."""
        for channel in self._channels.values():
            for client in channel:
                if client.sid in sids:
                    self._end(client, TOKEN_REVOKED, "token revoked")

    def see(self, notice: Notice) -> None:
        """Pass on what happened in the cluster."""
        match notice:
            case Told(node, body):
                self._channel(node).publish(_type_of(body), body)
            case NodeStopped(node) | NodeStarted(node):
                self._publish_status(node, "status_update")
            case NodeRemoved(node):
                for client in self._channel(node):
                    self._end(client, NODE_REMOVED, f"{node} was removed from the cluster")
                self._channels.pop(node, None)
            case Disturbed(nodes):
                for node in nodes:
                    self._publish_status(node, "status_update")

    async def run(self) -> None:
        """Keep the cadences until cancelled."""
        limits = self._limits
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_every(limits.status_s, self._beat_status))
            tasks.create_task(_every(limits.latency_s, self._beat_latency))
            tasks.create_task(_every(limits.uptime_s, self._beat_uptime))
            tasks.create_task(_every(limits.sweep_s, self._sweep))

    def say_goodbye(self, within_s: float) -> None:
        """Tell every client that the gateway stops; who has not answered by then is cut."""
        for channel in self._channels.values():
            channel.flush()
            for client in channel:
                self._end(client, GOING_AWAY, "the gateway is stopping", within_s)

    def close(self) -> None:
        """Say goodbye to every client; who does not read it is cut shortly after."""
        for channel in self._channels.values():
            channel.flush()
            for client in channel:
                self._end(client, GOING_AWAY, "the gateway is stopping", grace_s=0.2)
                client.transport.close()

    def _channel(self, node: str) -> Channel:
        channel = self._channels.get(node)
        if channel is None:
            channel = self._channels[node] = Channel(self._envelopes, self._limits, self._metrics, self)
        return channel

    def _resume(self, channel: Channel, client: Client, since: Since) -> str:
        """Say why it cannot be; "" where it was done."""
        if since.boot != self._envelopes.boot:
            outcome, refusal = "other_boot", "the gateway was started anew since"
        elif since.seq > self._envelopes.last:
            outcome, refusal = "gone", "there is no such message yet"
        elif not channel.resume(client, since.seq):
            outcome, refusal = "gone", "what came after it is not kept any more"
        else:
            outcome, refusal = "whole", ""
        self._metrics.resumed[outcome] += 1
        return refusal

    def _send_status(self, client: Client, message_type: str) -> None:
        channel = self._channel(client.node)
        if self._cluster.is_running(client.node):
            channel.send(client, message_type, self._cluster.status(client.node))
        else:
            channel.send(client, "error", NO_STATUS)

    def _publish_status(self, node: str, message_type: str) -> None:
        channel = self._channel(node)
        if not channel:
            return
        if self._cluster.is_running(node):
            channel.publish(message_type, self._cluster.status(node))
        else:
            channel.publish("error", NO_STATUS)

    def _beat_status(self) -> None:
        # One beat for all nodes, so that their statuses speak of the same instant.
        for node in self._cluster.members():
            self._publish_status(node, "status")

    def _beat_latency(self) -> None:
        for node, channel in self._running():
            channel.publish("latency", self._cluster.latency(node))

    def _beat_uptime(self) -> None:
        for node, channel in self._running():
            channel.publish("uptime", self._cluster.uptime(node))

    def _running(self) -> list[tuple[str, Channel]]:
        running = (node for node in self._cluster.members() if self._cluster.is_running(node))
        return [(node, channel) for node in running if (channel := self._channel(node))]

    def _sweep(self) -> None:
        now = asyncio.get_running_loop().time()
        for channel in self._channels.values():
            channel.look_after()
            for client in channel:
                self._look_at(client, now)

    def _look_at(self, client: Client, now: float) -> None:
        standing = self._authority.standing(client.sid)
        if standing is Standing.EXPIRED:
            self._end(client, TOKEN_EXPIRED, "token expired")
        elif standing is Standing.REVOKED:
            # It was ended while the socket opened.
            self._end(client, TOKEN_REVOKED, "token revoked")
        elif client.ponged_at < client.pinged_at:
            if now - client.pinged_at >= self._limits.pong_timeout_s:
                self._end(client, NO_PONG, "no pong")
        elif now - client.pinged_at >= self._limits.ping_interval_s:
            client.pinged_at = now
            client.transport.write(ping_frame())

    def _end(self, client: Client, code: int, reason: str, grace_s: float | None = None) -> None:
        channel = self._channel(client.node)
        # What was said before belongs before the close frame, and so does what could not be said.
        channel.flush()
        if lost := channel.lost_by(client):
            channel.last_words(client, "error", _loss(lost))
        channel.leave(client)
        if not client.is_ended:
            self._metrics.closed[code] += 1
        client.end(code, reason, self._limits.grace_s if grace_s is None else grace_s)


def _type_of(body: StateChange | PeerChange | Snapshot | dict[str, Metric]) -> str:
    match body:
        case StateChange():
            return "state_change"
        case PeerChange():
            return "peer_change"
        case Snapshot():
            return "snapshot"
        case dict():
            return "custom_metrics"


def _loss(lost: int) -> ServerError:
    return ServerError(
        f"{'1 message was' if lost == 1 else f'{lost} messages were'} lost: you read too slowly", lost=lost
    )


async def _every(period_s: float, act: Callable[[], None]) -> None:
    """Act once a period, on a grid that does not drift; beats that a stall swallowed are not made up for."""
    loop = asyncio.get_running_loop()
    due = loop.time() + period_s
    while True:
        await asyncio.sleep(due - loop.time())
        act()
        due += period_s * max(1, math.ceil((loop.time() - due) / period_s))

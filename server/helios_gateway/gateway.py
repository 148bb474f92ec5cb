"""A whole gateway over one simulated cluster: its hub, its ports, and the tasks that keep it going."""

import asyncio
import contextlib
import logging
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helios_gateway.access import Rules, Sites
from helios_gateway.accounts.accounts import Accounts
from helios_gateway.accounts.auth import Authority, Lives
from helios_gateway.admission.bounds import Bounds
from helios_gateway.admission.limits import Limits
from helios_gateway.app import create_app
from helios_gateway.clusters.cluster import NodeRemoved, NodeStarted, NodeStopped, Notice
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.faults import FaultCalls
from helios_gateway.metrics import Metrics
from helios_gateway.service.health import Gauges, Health, HealthCalls
from helios_gateway.service.port import Port, PortError
from helios_gateway.sockets.envelopes import Envelopes
from helios_gateway.sockets.hub import Hub

if TYPE_CHECKING:
    from helios_gateway.service.exposition import Exposition

_REOPEN_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How a gateway is served.

    node: which node it speaks for; None opens one port a node, counting up from `port` (each a free one for 0)
    allowed_origins, allowed_hosts, is_proxied, readonly_may_watch: as in `Rules`
    is_deflating: longer messages go compressed to clients that offer permessage-deflate
    tls: what is shown to each client; None serves in plain text
    """

    accounts: Accounts = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    node: str | None = "node1"
    allowed_origins: Collection[str] = ()
    allowed_hosts: Collection[str] = ()
    is_proxied: bool = False
    readonly_may_watch: bool = False
    limits: Limits = field(default_factory=Limits)
    lives: Lives = field(default_factory=Lives)
    is_deflating: bool = False
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    now_ns: Callable[[], int] = time.time_ns


class Gateway:
    """Serves a cluster. Use `serving`; `ports` then gives the open ports by node, `hub` the clients.

    failed: set when a part of it broke down, which is logged; its sockets are closed then
    """

    def __init__(self, cluster: SimulatedCluster, options: Options) -> None:
        now_ns = options.now_ns
        self.cluster = cluster
        self.metrics = Metrics()
        self._options = options
        self._authority = Authority(
            options.accounts, now_s=lambda: now_ns() / 1e9, lives=options.lives, metrics=self.metrics
        )
        self.hub = Hub(cluster, self._authority, Envelopes(secrets.token_hex(8), now_ns), options.limits, self.metrics)
        rules = Rules(
            options.allowed_origins,
            options.allowed_hosts,
            is_proxied=options.is_proxied,
            readonly_may_watch=options.readonly_may_watch,
        )
        self.bounds = Bounds(options.limits, self.metrics, is_proxied=options.is_proxied)
        self.sites = Sites(rules, self.bounds.refusals)
        self._faults = FaultCalls(cluster, self._authority, self.sites, options.limits.body_s)
        self.health = Health(cluster)
        self._health_calls = HealthCalls(self.health, self._exposition)
        self._wanted = asyncio.Event()
        self.ports: dict[str, Port] = {}
        self.failed = asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen and let the cluster's time go by; at the end all is closed within a second.

        Raises `PortError` where a port cannot be had.
        """
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._open_first()
            reviews = self._authority.run(self._options.limits.sweep_s / 2)
            tasks = [self._background(work) for work in (self.hub.run(), self.cluster.run(), reviews)]
            if self._options.node is None:
                self.cluster.listen(self._note)
                tasks.append(self._background(self._follow_members()))
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.hub.close()
            await asyncio.gather(*(port.close() for port in self.ports.values()))
            self.bounds.connections.close()

    def end_watchers(self) -> None:
        """End the logins of all but admins, and so their sockets."""
        self._authority.revoke_all_but_admins()

    async def drain(self, within_s: float) -> None:
        """Let nobody in any more, and every client leave; who has not left then is cut."""
        self.health.is_draining = True
        self.hub.say_goodbye(within_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.bounds.places.emptied(), within_s)

    async def _open_first(self) -> None:
        if self._options.node is not None:
            await self._port(self._options.node, self._options.port).open()
            return
        for node in self.cluster.members():
            await self._port_of_member(node).open()

    def _port_of_member(self, node: str) -> Port:
        """Of node3 the third from the first port, whichever nodes exist."""
        first = self._options.port
        return self._port(node, first + int(node.removeprefix("node")) - 1 if first else 0)

    def _port(self, node: str, number: int) -> Port:
        if node not in self.ports:
            options = self._options
            app = create_app(
                node=node,
                cluster=self.cluster,
                hub=self.hub,
                authority=self._authority,
                sites=self.sites,
                faults=self._faults,
                bounds=self.bounds,
                health=self._health_calls,
                is_deflating=options.is_deflating,
            )
            self.ports[node] = Port(
                app, options.host, number, self.bounds.connections, tls=options.tls, handshake_s=options.limits.header_s
            )
        return self.ports[node]

    def _note(self, notice: Notice) -> None:
        if isinstance(notice, NodeStopped | NodeStarted | NodeRemoved):
            self._wanted.set()

    async def _follow_members(self) -> None:
        """One port a running node, as one process a node would have."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            running = [node for node in self.cluster.members() if self.cluster.is_running(node)]
            for node in [node for node in self.ports if node not in running]:
                self.hub.end_all_at(node, f"{node} stopped")
                await self.ports[node].close()
            for node in running:
                await self._reopen(node)

    async def _reopen(self, node: str) -> None:
        try:
            await self._port_of_member(node).open()
        except PortError as error:
            _log.warning("%s has no port: %s", node, error)
            asyncio.get_running_loop().call_later(_REOPEN_S, self._wanted.set)

    def _exposition(self) -> "Exposition":
        from helios_gateway.service.exposition import Exposition  # noqa: PLC0415 - few gateways are ever asked for it

        return Exposition(self.metrics, self._gauges)

    def _gauges(self) -> Gauges:
        members = self.cluster.members()
        return Gauges(
            sockets={node: self.hub.audience(node) for node in members},
            connections=len(self.bounds.connections),
            running={node: self.cluster.is_running(node) for node in members},
            is_ready=not self.health.trouble(),
        )

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._report)
        return task

    def _report(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        _log.critical("a part of the gateway failed, its sockets are closed", exc_info=task.exception())
        # A cluster that stands still must not look alive.
        self.health.has_failed = True
        self.hub.close()
        self.failed.set()

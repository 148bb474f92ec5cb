"""A whole gateway over one simulated cluster: its hub, its ports, and the tasks that keep it going."""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from helios_gateway.access import Sites
from helios_gateway.app import create_app
from helios_gateway.auth import Account, Authority
from helios_gateway.clusters.cluster import NodeRemoved, NodeStarted, NodeStopped, Notice
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.connections import Connections
from helios_gateway.fanout import Envelopes
from helios_gateway.faults import FaultCalls
from helios_gateway.hub import Hub
from helios_gateway.limits import Limits
from helios_gateway.port import Port, PortError

_REOPEN_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How a gateway is served.

    node: which node it speaks for; None opens one port a node, counting up from `port` (each a free one for 0)
    """

    accounts: Iterable[Account] = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    node: str | None = "node1"
    allowed_origins: Collection[str] = ()
    limits: Limits = field(default_factory=Limits)
    now_ns: Callable[[], int] = time.time_ns


class Gateway:
    """Serves a cluster. Use `serving`; `ports` then gives the open ports by node, `hub` the clients.

    failed: set when a part of it broke down, which is logged; its sockets are closed then
    """

    def __init__(self, cluster: SimulatedCluster, options: Options) -> None:
        now_ns = options.now_ns
        self.cluster = cluster
        self._options = options
        self._authority = Authority(options.accounts, now_s=lambda: now_ns() / 1e9)
        self.hub = Hub(cluster, self._authority, Envelopes(secrets.token_hex(8), now_ns), options.limits)
        self._sites = Sites(options.allowed_origins)
        self._connections = Connections(options.limits)
        self._faults = FaultCalls(cluster, self._authority, options.limits.body_s)
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
            tasks = [self._background(self.hub.run()), self._background(self.cluster.run())]
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
            self._connections.close()

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
                sites=self._sites,
                connections=self._connections,
                faults=self._faults,
                limits=options.limits,
            )
            self.ports[node] = Port(app, options.host, number, self._connections)
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

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._report)
        return task

    def _report(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        _log.critical("a part of the gateway failed, its sockets are closed", exc_info=task.exception())
        # A cluster that stands still must not look alive.
        self.hub.close()
        self.failed.set()

"""The server process of the gateway's benchmarks: ours, on either loop, or a plain aiohttp one that sends to each.

Commands come as lines on stdin, answers go as lines to stdout: `burst N` publishes N messages at once; `pace N T S`
publishes N messages every T seconds for S seconds; `cpu` answers the process's user and system time in seconds.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import uvloop
from aiohttp import web

from helios_desktop.protocol.codec import encode
from helios_desktop.protocol.messages import PeerChange, Status
from helios_gateway.access import Rules, Sites
from helios_gateway.accounts.accounts import Account, FixedAccounts, Role
from helios_gateway.accounts.auth import Authority
from helios_gateway.admission.bounds import Bounds
from helios_gateway.admission.limits import Limits
from helios_gateway.app import create_app
from helios_gateway.clusters.cluster import AdminReads, Notice, Told
from helios_gateway.clusters.simulated_admin import SimulatedAdmin
from helios_gateway.metrics import Metrics
from helios_gateway.service.port import Port
from helios_gateway.simulation.simulation import Simulation
from helios_gateway.sockets.envelopes import Envelopes
from helios_gateway.sockets.hub import Hub

PASSWORD = "bench"
CHANGE = PeerChange("node4", "added", "localhost:8004")
Publish = Callable[[], Awaitable[None]]


class BurstCluster:
    """A cluster of one node that tells of a peer whenever it is asked to."""

    def __init__(self) -> None:
        simulation = Simulation(seed=1, is_calm=True)
        self._admin = SimulatedAdmin(simulation.view, lambda: simulation.now_s, lambda _: 0)
        self._see: Callable[[Notice], None] = print

    def members(self) -> tuple[str, ...]:
        """Only one."""
        return ("node1",)

    def is_running(self, node: str) -> bool:
        """It is."""
        return node == "node1"

    def listen(self, see: Callable[[Notice], None]) -> None:
        """Keep whom to tell."""
        self._see = see

    def status(self, node: str) -> Status:
        """Any."""
        return Status(node_id=node, state="Leader", term=1, commit_index=1, last_applied=1, leader=node, peers=())

    def latency(self, node: str) -> None:
        """Never asked for."""
        raise NotImplementedError

    def uptime(self, node: str) -> None:
        """Never asked for."""
        raise NotImplementedError

    @property
    def admin(self) -> AdminReads:
        """Never asked for, but there."""
        return self._admin

    async def publish(self) -> None:
        """Tell of a peer."""
        self._see(Told("node1", CHANGE))


async def serve_gateway() -> tuple[str, Publish]:
    """Our hub and socket, with cadences so slow that only bursts are sent; a slow reader is given up early."""
    limits = Limits(status_s=3600, latency_s=3600, uptime_s=3600, lag_s=0.2)
    cluster = BurstCluster()
    authority = Authority(FixedAccounts({Account("admin", Role.ADMIN): PASSWORD}), now_s=time.time)
    metrics = Metrics()
    hub = Hub(cluster, authority, Envelopes("bench", time.time_ns), limits, metrics)  # type: ignore[arg-type]  # no latency, no uptime: no beat asks
    bounds = Bounds(limits, metrics)
    app = create_app(
        node="node1",
        cluster=cluster,  # type: ignore[arg-type]  # as above
        hub=hub,
        authority=authority,
        sites=Sites(Rules(), bounds.refusals),
        faults=None,
        bounds=bounds,
    )
    port = Port(app, "127.0.0.1", 0, bounds.connections)
    await port.open()
    return port.url, cluster.publish


async def serve_send_str() -> tuple[str, Publish]:
    """What one writes first: a list of sockets and `send_str` to each."""
    sockets: list[web.WebSocketResponse] = []

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets.append(socket)
        async for _ in socket:
            pass
        sockets.remove(socket)
        return socket

    async def publish() -> None:
        message = {"type": "peer_change", "timestamp": "2026-11-23T20:25:46.161175Z", "data": CHANGE, "boot": "bench"}
        text = encode(message | {"seq": 100_000, "prev": 99_999}).decode()
        for socket in sockets:
            # A socket that just went away is no news here.
            with suppress(ConnectionError):
                await socket.send_str(text)

    app = web.Application()
    app.router.add_get("/ws/cluster", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}", publish


async def follow(publish: Publish) -> None:
    """Do what the lines on stdin say until it ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        match line.split():
            case ["burst", count]:
                for _ in range(int(count)):
                    await publish()
            case ["pace", count, period_s, for_s]:
                start = loop.time()
                beats = round(float(for_s) / float(period_s))
                for beat in range(beats):
                    for _ in range(int(count)):
                        await publish()
                    await asyncio.sleep(max(0.0, start + (beat + 1) * float(period_s) - loop.time()))
            case ["cpu"]:
                pass
        print(time.process_time(), flush=True)


async def main() -> None:
    url, publish = await (serve_send_str() if sys.argv[1] == "send_str" else serve_gateway())
    print(url, flush=True)
    await follow(publish)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if sys.argv[1] == "uvloop" else None) as runner:
        runner.run(main())

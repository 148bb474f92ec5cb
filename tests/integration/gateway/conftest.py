"""A gateway of the test's own, with its cadences shortened, and a client that is logged in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from helios_gateway.accounts.accounts import DEMO_ACCOUNTS, Accounts
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.gateway import Gateway, Options
from helios_gateway.simulation.simulation import Simulation

SLOW = Limits(status_s=3600, latency_s=3600, uptime_s=3600, sweep_s=0.02)


class Clock:
    """The wall clock: real time goes on in it only when the test says so."""

    def __init__(self) -> None:
        self.now_ns = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        """Nanoseconds since the epoch."""
        return self.now_ns


@dataclass
class Served:
    """A running gateway and a browser-like session with it."""

    gateway: Gateway
    url: str
    http: aiohttp.ClientSession
    clock: Clock
    headers: dict[str, str] = field(default_factory=dict)
    refresh_token: str = ""

    async def log_in(self, username: str = "admin", password: str = "admin123") -> dict[str, Any]:  # noqa: S107  # the guide's own
        """Log in; `headers` are this user's from then on."""
        body = {"username": username, "password": password}
        async with self.http.post(f"{self.url}/api/auth/login", json=body) as answer:
            assert answer.status == 200
            told: dict[str, Any] = await answer.json()
        self.headers = {"Authorization": f"Bearer {told['token']}"}
        self.refresh_token = told["refresh_token"]
        return told

    async def open(self, node: str = "", **options: Any) -> aiohttp.ClientWebSocketResponse[bool]:
        """Open a socket."""
        url = f"{self.url}/ws/cluster" + (f"?node={node}" if node else "")
        opened: aiohttp.ClientWebSocketResponse[bool] = await self.http.ws_connect(url, headers=self.headers, **options)
        return opened

    async def fault(self, **body: Any) -> None:
        """Make one, which must succeed."""
        async with self.http.post(f"{self.url}/api/demo/faults", json=body, headers=self.headers) as answer:
            assert (answer.status, await answer.json()) == (200, {"ok": True})

    async def next_of(self, socket: aiohttp.ClientWebSocketResponse[bool], message_type: str) -> dict[str, Any]:
        """The next message of that type; others are passed over."""
        async with asyncio.timeout(20):
            while True:
                message: dict[str, Any] = await socket.receive_json()
                if message["type"] == message_type:
                    return message


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until it holds; fail where it never does."""
    async with asyncio.timeout(20):
        while True:
            told = holds()
            if told if isinstance(told, bool) else await told:
                return
            await asyncio.sleep(0.005)


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve() -> Serve:
    """Gives a context manager that serves a simulation."""

    @asynccontextmanager
    async def serving(
        *,
        seed: int = 1,
        is_calm: bool = True,
        accounts: Accounts = DEMO_ACCOUNTS,
        limits: Limits = SLOW,
        speed: float = 1.0,
        is_logged_in: bool = True,
        **options: Any,
    ) -> AsyncIterator[Served]:
        clock = Clock()
        cluster = SimulatedCluster(Simulation(seed=seed, is_calm=is_calm), now_ns=clock, speed=speed)
        gateway = Gateway(cluster, Options(accounts, **{"port": 0, "limits": limits, "now_ns": clock, **options}))
        async with gateway.serving(), aiohttp.ClientSession() as http:
            served = Served(gateway, gateway.ports["node1"].url, http, clock)
            if is_logged_in:
                await served.log_in()
            yield served

    return serving


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], bool | Awaitable[bool]]], Awaitable[None]]:
    """Waits for a condition."""
    return until


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[Served]:
    """A gateway whose cadences never come, so that only what the test does is sent."""
    async with serve() as one:
        yield one

"""A small gateway on loopback whose every answer a test sets, and who watches a session of it."""

import asyncio
import contextlib
import random
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from helios_desktop.client.address import Address
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.session import Session
from helios_desktop.client.tokens import NS
from helios_desktop.observation import ConnectionChange, Kind, Observation, Phase, connection_change
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME

STATUS = '{"type":"status","timestamp":"2026-11-23T08:21:37Z","data":{"node_id":"node1"}}'
PONG = '{"type":"pong","timestamp":"2026-11-23T08:21:38Z"}'
PASSWORD = "pass-word-of-the-test"

Hold = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]


async def hold_politely(ws: web.WebSocketResponse, _request: web.Request) -> None:
    """As a healthy gateway: a status at once, a pong for each ping."""
    await ws.send_str(STATUS)
    async for message in ws:
        if message.data == PING_FRAME:
            await ws.send_str(PONG)


async def hold_dumbly(ws: web.WebSocketResponse, _request: web.Request) -> None:
    """As the real gateway whose hub was never started."""
    async for _message in ws:
        pass


async def let_through(_request: web.Request) -> None:
    """As where nothing is between us and the gateway."""


async def swallow(_request: web.Request) -> None:
    """As a firewall that lets a request for an upgrade go nowhere."""
    await asyncio.Event().wait()


async def cut_off(request: web.Request) -> None:
    """As a proxy that ends the connection when it sees the request for an upgrade."""
    assert request.transport is not None
    request.transport.close()


class SmallGateway:
    """What it answers is set by the test; the last of a list of answers stands for all that follow.

    rest:     the answers of each REST path; 404 where there are none
    swallows: the REST paths that are never answered
    """

    def __init__(self) -> None:
        self.hold: Hold = hold_politely
        self.login_path = "/api/v1/auth/login"
        self.login_answers: deque[tuple[int, str]] = deque()
        self.socket_answers: deque[tuple[int, str]] = deque()
        self.before_upgrade = let_through
        self.rest: dict[str, deque[tuple[int, str]]] = {}
        self.swallows: set[str] = set()
        self.has_refresh = True
        self.expires_in = 900.0
        self.calls: list[str] = []
        self.socket_tokens: list[str] = []
        self.rest_tokens: list[str] = []
        self.lived_s: list[float] = []
        self.left = asyncio.Event()
        self._asked = asyncio.Event()
        self._tokens = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        self.calls.append(f"{request.method} {request.path_qs}")
        self._asked.set()
        if request.path == "/ws/cluster":
            return await self._answer_socket(request)
        if request.path in self.rest or request.path in self.swallows:
            return await self._answer_rest(request)
        if request.path not in {self.login_path, "/api/auth/refresh" if self.has_refresh else ""}:
            return web.Response(status=404, text="404 page not found\n")
        status, text = next_of(self.login_answers)
        if status != 200:
            return web.Response(status=status, text=text, headers={"Location": "/elsewhere"})
        if text:
            return web.Response(text=text)
        self._tokens += 1
        return web.json_response(
            {"token": f"token-number-{self._tokens}", "expires_in": self.expires_in, "refresh_token": "refresh-it"}
        )

    async def until_asked(self, call: str, times: int = 1) -> None:
        """Wait until this call has come so often."""
        async with asyncio.timeout(10):
            while self.calls.count(call) < times:
                self._asked.clear()
                await self._asked.wait()

    async def _answer_rest(self, request: web.Request) -> web.StreamResponse:
        self.rest_tokens.append(request.headers.get("Authorization", ""))
        if request.path in self.swallows:
            await swallow(request)
        status, text = next_of(self.rest[request.path])
        return web.Response(status=status, text=text, headers={"Location": "/elsewhere"})

    async def _answer_socket(self, request: web.Request) -> web.StreamResponse:
        self.socket_tokens.append(request.headers.get("Authorization", ""))
        await self.before_upgrade(request)
        status, text = next_of(self.socket_answers)
        if status != 200:
            return web.Response(status=status, text=text)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        opened_s = time.monotonic()
        try:
            await self.hold(ws, request)
        finally:
            self.lived_s.append(time.monotonic() - opened_s)
            self.left.set()
        return ws


def next_of(answers: deque[tuple[int, str]]) -> tuple[int, str]:
    """The next answer; the last stays, and where there is none all is well."""
    if not answers:
        return (200, "")
    return answers[0] if len(answers) == 1 else answers.popleft()


class Watcher:
    """Sees what a session sees, and owns its clock."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self.jumped_ns = 0
        self._news = asyncio.Event()

    def now_ns(self) -> int:
        """The wall clock, and the jumps."""
        return time.time_ns() + self.jumped_ns

    def see(self, observation: Observation) -> None:
        """Keep it."""
        self.seen.append(observation)
        self._news.set()

    @property
    def changes(self) -> list[ConnectionChange]:
        """Of the connection, so far."""
        return [connection_change(seen) for seen in self.seen if seen.kind is Kind.CONNECTION]

    @property
    def answers(self) -> list[Observation]:
        """Over REST, so far."""
        return [seen for seen in self.seen if seen.kind is Kind.REST]

    def texts(self, kind: Kind) -> list[str]:
        """Of this kind, so far."""
        return [seen.text for seen in self.seen if seen.kind is kind]

    def jump(self, session: Session, seconds: float) -> None:
        """Let this time pass at once."""
        self.jumped_ns += int(seconds * NS)
        session.subscribe(ALL_TOPICS)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds, which is asked with each observation."""
        async with asyncio.timeout(10):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def until_phase(self, phase: Phase) -> ConnectionChange:
        """Wait until the connection stands so; gives the change that said so."""
        await self.until(lambda: bool(self.changes) and self.changes[-1].phase is phase)
        return self.changes[-1]


@asynccontextmanager
async def served(gateway: SmallGateway, tls: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
    """Serve it; gives where."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", gateway.answer)
    server = TestServer(app)
    await server.start_server(ssl=tls, shutdown_timeout=0.1)
    try:
        yield Address("http" if tls is None else "https", "127.0.0.1", server.port or 0)
    finally:
        await server.close()


@asynccontextmanager
async def watched(
    address: Address,
    *,
    credentials: Credentials | None = None,
    watcher: Watcher | None = None,
    tls: ssl.SSLContext | None = None,
    node: str | None = None,
    login_path: str = "",
) -> AsyncIterator[tuple[Watcher, Session]]:
    """Run a session; gives who watches it, too."""
    watcher = watcher or Watcher()
    session = Session(
        "node1",
        address,
        credentials or Credentials("admin", PASSWORD),
        see=watcher.see,
        now_ns=watcher.now_ns,
        rng=random.Random(1),
        node=node,
        topics=ALL_TOPICS,
        tls=tls,
        allows_plain_text=False,
        opaque_token_life_s=900,
        login_path=login_path,
    )
    task = asyncio.create_task(session.run())
    try:
        yield watcher, session
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def text_frame(payload: bytes, *, opcode: int, is_final: bool) -> bytes:
    """A frame as it travels from a server, for what aiohttp's own server does not send."""
    assert len(payload) < 126
    return bytes([opcode | (0x80 if is_final else 0), len(payload)]) + payload

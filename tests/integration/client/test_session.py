"""A session against small gateways of this file, on loopback: each way in which it goes well or wrong."""

import asyncio
import contextlib
import random
import socket
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
import trustme
from aiohttp import WSCloseCode, web
from aiohttp.test_utils import TestServer

from helios_desktop.client.address import Address
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.session import Session
from helios_desktop.observation import Cause, ConnectionChange, Kind, Observation, Phase, connection_change
from helios_desktop.protocol.subscription import ALL_TOPICS, PING_FRAME, Topic, subscribe_frame

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


class _Gateway:
    """What it answers is set by the test; the last of a list of answers stands for all that follow."""

    def __init__(self) -> None:
        self.hold: Hold = hold_politely
        self.login_path = "/api/v1/auth/login"
        self.login_answers: deque[tuple[int, str]] = deque()
        self.socket_answers: deque[tuple[int, str]] = deque()
        self.expires_in = 900.0
        self.calls: list[str] = []
        self.socket_tokens: list[str] = []
        self.lived_s: list[float] = []
        self.left = asyncio.Event()
        self._tokens = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer any request."""
        self.calls.append(f"{request.method} {request.path_qs}")
        if request.path == "/ws/cluster":
            return await self._answer_socket(request)
        if request.path not in {self.login_path, "/api/auth/refresh"}:
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

    async def _answer_socket(self, request: web.Request) -> web.StreamResponse:
        self.socket_tokens.append(request.headers.get("Authorization", ""))
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
    if not answers:
        return (200, "")
    return answers[0] if len(answers) == 1 else answers.popleft()


class _Watcher:
    """Sees what a session sees, and owns its clock."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self.jumped_ns = 0
        self._news = asyncio.Event()

    def now_ns(self) -> int:
        return time.time_ns() + self.jumped_ns

    def see(self, observation: Observation) -> None:
        self.seen.append(observation)
        self._news.set()

    @property
    def changes(self) -> list[ConnectionChange]:
        return [connection_change(seen) for seen in self.seen if seen.kind is Kind.CONNECTION]

    def texts(self, kind: Kind) -> list[str]:
        return [seen.text for seen in self.seen if seen.kind is kind]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def until_phase(self, phase: Phase) -> ConnectionChange:
        """Wait until the connection stands so; gives the change that said so."""
        await self.until(lambda: bool(self.changes) and self.changes[-1].phase is phase)
        return self.changes[-1]


@asynccontextmanager
async def served(gateway: _Gateway, tls: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
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
    watcher: _Watcher | None = None,
    tls: ssl.SSLContext | None = None,
    node: str | None = None,
) -> AsyncIterator[tuple[_Watcher, Session]]:
    watcher = watcher or _Watcher()
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
    )
    task = asyncio.create_task(session.run())
    try:
        yield watcher, session
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_session_goes_live_and_tells_all_that_travelled() -> None:
    gateway = _Gateway()
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until(lambda: PONG in watcher.texts(Kind.FRAME))
    assert [change.phase for change in watcher.changes] == [
        Phase.AUTHENTICATING, Phase.CONNECTING, Phase.SYNCING, Phase.LIVE,
    ]  # fmt: skip
    assert watcher.texts(Kind.SENT) == [subscribe_frame(ALL_TOPICS), PING_FRAME]
    assert watcher.texts(Kind.FRAME) == [STATUS, PONG]
    kinds = [seen.kind for seen in watcher.seen]
    assert kinds.index(Kind.FRAME) > max(i for i, kind in enumerate(kinds) if kind is Kind.CONNECTION)
    times_ns = [seen.received_ns for seen in watcher.seen]
    assert times_ns == sorted(times_ns)
    assert {seen.observer for seen in watcher.seen} == {"node1"}
    assert {seen.epoch for seen in watcher.seen if seen.kind is not Kind.CONNECTION} == {1}


async def test_no_secret_is_told_and_none_is_in_a_url() -> None:
    gateway = _Gateway()
    async with served(gateway) as address, watched(address, node="node 1") as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)
    assert gateway.calls == ["POST /api/v1/auth/login", "GET /ws/cluster?node=node%201"]
    assert gateway.socket_tokens == ["Bearer token-number-1"]
    told = repr(watcher.seen)
    for secret in (PASSWORD, "token-number-1", "refresh-it"):
        assert secret not in told


async def test_a_token_refused_twice_is_rejected_after_one_fresh_login() -> None:
    gateway = _Gateway()
    gateway.socket_answers.append((401, "Invalid token\n"))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.BAD_CREDENTIALS, "401 Invalid token")
    assert gateway.socket_tokens == ["Bearer token-number-1", "Bearer token-number-2"]


async def test_a_wrong_password_is_rejected_and_can_be_tried_again() -> None:
    gateway = _Gateway()
    gateway.login_answers.extend([(401, "Invalid credentials\n"), (200, "")])
    async with served(gateway) as address, watched(address) as (watcher, session):
        change = await watcher.until_phase(Phase.REJECTED)
        assert (change.cause, change.detail) == (Cause.BAD_CREDENTIALS, "401 Invalid credentials")
        session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)


async def test_a_user_who_is_no_admin_is_rejected_in_the_gateways_words() -> None:
    gateway = _Gateway()
    gateway.socket_answers.append((403, "Admin permission\x1b[31m required\n" + "x" * 5000))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.NOT_ADMIN
    assert change.detail.startswith("403 Admin permission [31m required xxx")
    assert len(change.detail) == 200


async def test_what_the_gateway_says_is_told_without_the_token_that_it_repeats() -> None:
    gateway = _Gateway()
    gateway.socket_answers.append((403, "no rights for token-number-1"))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.detail == "403 no rights for …"


async def test_the_guides_login_path_is_found_too() -> None:
    gateway = _Gateway()
    gateway.login_path = "/api/auth/login"
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)
    assert gateway.calls[:2] == ["POST /api/v1/auth/login", "POST /api/auth/login"]


async def test_a_server_without_a_login_is_a_wrong_address() -> None:
    gateway = _Gateway()
    gateway.login_path = "/nowhere"
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.NOT_FOUND, "404 page not found")


async def test_a_node_that_the_gateway_does_not_know_is_rejected() -> None:
    gateway = _Gateway()
    gateway.socket_answers.append((404, "unknown node"))
    async with served(gateway) as address, watched(address, node="node9") as (watcher, _session):
        assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.NOT_FOUND


@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", '{"token":5}', '{"token":""}', '{"token":"a\\nb"}'])
async def test_an_answer_that_is_no_login_is_not_a_helios_gateway(body: str) -> None:
    gateway = _Gateway()
    gateway.login_answers.append((200, body))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.NOT_HELIOS
    assert body not in change.detail


async def test_a_page_where_the_socket_should_be_is_not_a_helios_gateway() -> None:
    gateway = _Gateway()
    gateway.socket_answers.append((400, "Bad Request"))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.NOT_HELIOS


async def test_a_secret_follows_no_redirect() -> None:
    gateway = _Gateway()
    gateway.login_answers.append((307, ""))
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert (change.cause, change.detail) == (Cause.NOT_HELIOS, "307 redirects to another address")
    assert gateway.calls == ["POST /api/v1/auth/login"]


def has_failed(watcher: _Watcher, times: int) -> bool:
    return any(change.phase is Phase.BACKOFF and change.attempt == times for change in watcher.changes)


async def test_a_busy_gateway_is_tried_again() -> None:
    gateway = _Gateway()
    gateway.login_answers.extend([(429, "Rate limit exceeded"), (503, "no raft"), (200, "")])
    async with served(gateway) as address, watched(address) as (watcher, session):
        for attempt, detail in ((1, "429 Rate limit exceeded"), (2, "503 no raft")):
            await watcher.until(partial(has_failed, watcher, attempt))
            assert (watcher.changes[-1].cause, watcher.changes[-1].detail) == (Cause.SERVER_ERROR, detail)
            session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)


async def test_a_port_where_nothing_listens_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with watched(Address("http", "127.0.0.1", port)) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert (change.cause, change.detail) == (Cause.REFUSED, f"127.0.0.1:{port}: Connection refused")
    assert change.retry_at_ns is not None
    assert change.retry_at_ns > watcher.seen[-1].received_ns


async def test_a_host_that_no_resolver_knows_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_args: object, **_options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with watched(Address("https", "nowhere.invalid", 8443)) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert change.cause is Cause.UNKNOWN_HOST
    assert change.detail == "nowhere.invalid:8443: Name or service not known"


async def test_a_host_name_that_cannot_be_one_is_an_unknown_host() -> None:
    async with watched(Address("https", "a" * 70 + ".invalid", 8443)) as (watcher, _session):
        assert (await watcher.until_phase(Phase.BACKOFF)).cause is Cause.UNKNOWN_HOST


async def test_a_server_that_speaks_something_else_is_not_a_helios_gateway() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with watched(Address("http", "127.0.0.1", port)) as (watcher, _session):
            assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.NOT_HELIOS


async def test_tls_to_a_plain_port_is_told_as_that() -> None:
    async with (
        served(_Gateway()) as address,
        watched(Address("https", "127.0.0.1", address.port)) as (watcher, _session),
    ):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.TLS
    assert change.detail == f"127.0.0.1:{address.port}: no TLS is spoken there (plain http?)"


def serving_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_rejected_before_anything_is_sent() -> None:
    gateway = _Gateway()
    async with served(gateway, serving_context(trustme.CA())) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.REJECTED)
    assert change.cause is Cause.TLS
    assert "certificate not trusted" in change.detail
    assert gateway.calls == []


async def test_a_certificate_of_the_named_authority_is_trusted() -> None:
    authority = trustme.CA()
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    gateway = _Gateway()
    async with served(gateway, serving_context(authority)) as address, watched(address, tls=tls) as (watcher, _session):
        await watcher.until_phase(Phase.LIVE)


async def test_no_secret_goes_unencrypted_to_another_machine() -> None:
    async with watched(Address("http", "192.0.2.1", 8080)) as (watcher, session):
        assert (await watcher.until_phase(Phase.REJECTED)).cause is Cause.PLAIN_TEXT
        session.reconnect_now()
        assert [change.phase for change in watcher.changes] == [Phase.REJECTED, Phase.REJECTED]


async def test_a_socket_on_which_nothing_comes_is_given_up() -> None:
    gateway = _Gateway()
    gateway.hold = hold_dumbly
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.SYNCING)
        watcher.jumped_ns += 12_000_000_000
        session.subscribe(ALL_TOPICS)
        change = await watcher.until_phase(Phase.BACKOFF)
    assert change.cause is Cause.SILENT


async def test_a_ping_goes_out_every_few_seconds() -> None:
    async with served(_Gateway()) as address, watched(address) as (watcher, session):
        await watcher.until(lambda: PONG in watcher.texts(Kind.FRAME))
        watcher.jumped_ns += 5_000_000_000
        session.subscribe(ALL_TOPICS)
        await watcher.until(lambda: watcher.texts(Kind.FRAME).count(PONG) == 2)
    assert watcher.changes[-1].phase is Phase.LIVE


def has_pongs(watcher: _Watcher, number: int) -> bool:
    return watcher.texts(Kind.FRAME).count(PONG) >= number


async def test_a_token_is_renewed_while_the_socket_stays() -> None:
    gateway = _Gateway()
    gateway.expires_in = 100
    async with served(gateway) as address, watched(address) as (watcher, session):
        first = await watcher.until_phase(Phase.LIVE)
        for pongs in range(1, 18):
            await watcher.until(partial(has_pongs, watcher, pongs))
            watcher.jumped_ns += 5_000_000_000
            session.subscribe(ALL_TOPICS)
        await watcher.until(lambda: watcher.changes[-1].token_expires_at_ns != first.token_expires_at_ns)
    assert gateway.calls[-1] == "POST /api/auth/refresh"
    assert [change.phase for change in watcher.changes][-2:] == [Phase.LIVE, Phase.LIVE]
    assert len(gateway.socket_tokens) == 1


def text_frame(payload: bytes, *, opcode: int, is_final: bool) -> bytes:
    assert len(payload) < 126
    return bytes([opcode | (0x80 if is_final else 0), len(payload)]) + payload


async def test_a_fragmented_message_is_one_frame_and_a_binary_one_is_text() -> None:
    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        payload = (STATUS + "\n").encode()
        request.transport.write(text_frame(payload[:50], opcode=1, is_final=False))
        request.transport.write(text_frame(payload[50:], opcode=0, is_final=False))
        request.transport.write(text_frame(b"", opcode=0, is_final=True))
        await ws.send_bytes(b"caf\xc3\xa9 \xff")
        await hold_dumbly(ws, request)

    gateway = _Gateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, _session):
        await watcher.until(lambda: len(watcher.texts(Kind.FRAME)) == 2)
    assert watcher.texts(Kind.FRAME) == [STATUS + "\n", "café �"]


async def test_a_gateway_that_says_goodbye_is_quoted() -> None:
    async def hold(ws: web.WebSocketResponse, _request: web.Request) -> None:
        await ws.send_str(STATUS)
        await ws.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too slow")

    gateway = _Gateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, _session):
        change = await watcher.until_phase(Phase.BACKOFF)
    assert (change.cause, change.detail) == (Cause.SERVER_CLOSED, "close code 1008 too slow")


@pytest.mark.parametrize("farewell", [b"", text_frame(b"\xff\xfe", opcode=1, is_final=True), b"\xff\xff\xff\xff"])
async def test_a_socket_that_breaks_is_opened_again(farewell: bytes) -> None:
    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        await ws.send_str(STATUS)
        request.transport.write(farewell)
        request.transport.close()

    gateway = _Gateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, session):
        assert (await watcher.until_phase(Phase.BACKOFF)).cause is Cause.SERVER_CLOSED
        gateway.hold = hold_politely
        session.reconnect_now()
        await watcher.until_phase(Phase.LIVE)
    assert watcher.seen[-1].epoch == 2
    assert len(gateway.socket_tokens) == 2
    assert "POST /api/v1/auth/login" not in gateway.calls[1:]


async def test_a_socket_is_never_closed_before_its_first_message_or_half_a_second() -> None:
    gateway = _Gateway()
    gateway.hold = hold_dumbly
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.SYNCING)
        session.disconnect()
        assert watcher.changes[-1].phase is Phase.CLOSED
        session.reconnect_now()
        await watcher.until_phase(Phase.SYNCING)
        # This second one is cut off by the end of the whole session, which the gateway outlives.
    assert len(gateway.lived_s) == 2
    assert min(gateway.lived_s) >= 0.45


async def test_disconnect_closes_at_once_and_stays_offline() -> None:
    gateway = _Gateway()
    async with served(gateway) as address, watched(address) as (watcher, session):
        await watcher.until_phase(Phase.LIVE)
        session.disconnect()
        change = await watcher.until_phase(Phase.CLOSED)
        assert change.cause is Cause.ASKED
        told = len(watcher.seen)
        session.subscribe(frozenset({Topic.STATUS}))
        async with asyncio.timeout(5):
            await gateway.left.wait()
    assert len(watcher.seen) == told


async def test_whoever_sees_may_call_the_session() -> None:
    watcher = _Watcher()
    async with served(_Gateway()) as address, watched(address, watcher=watcher) as (_, session):
        see = watcher.see

        def disconnect_when_live(observation: Observation) -> None:
            see(observation)
            if observation.kind is Kind.CONNECTION and connection_change(observation).phase is Phase.LIVE:
                session.disconnect()

        session._see = disconnect_when_live
        await watcher.until_phase(Phase.CLOSED)
    assert [change.phase for change in watcher.changes][-2:] == [Phase.LIVE, Phase.CLOSED]
    assert watcher.texts(Kind.FRAME) == []


async def test_a_burst_leaves_others_their_turn() -> None:
    async def hold(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        request.transport.write(text_frame(b'{"type":"x"}', opcode=1, is_final=True) * 20_000)
        await hold_dumbly(ws, request)

    gateway = _Gateway()
    gateway.hold = hold
    async with served(gateway) as address, watched(address) as (watcher, _session):
        longest = seen = 0
        async with asyncio.timeout(20):
            while len(watcher.texts(Kind.FRAME)) < 20_000:
                longest = max(longest, len(watcher.seen) - seen)
                seen = len(watcher.seen)
                await asyncio.sleep(0)
    assert longest <= 300


async def test_a_session_that_ends_takes_further_calls_without_harm() -> None:
    async def pester(session: Session) -> None:
        while True:
            session.disconnect()
            session.reconnect_now()
            await asyncio.sleep(0)

    async with served(_Gateway()) as address:
        async with watched(address) as (watcher, session):
            await watcher.until_phase(Phase.LIVE)
            pestering = asyncio.create_task(pester(session))
            await watcher.until_phase(Phase.CONNECTING)
        told = len(watcher.seen)
        await asyncio.sleep(0)
        assert not pestering.done()
        pestering.cancel()
    assert len(watcher.seen) == told


async def test_a_cancelled_session_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    async with served(_Gateway()) as address:
        async with watched(address) as (watcher, _session):
            await watcher.until_phase(Phase.LIVE)
            during = asyncio.all_tasks() - before
        assert not [task for task in asyncio.all_tasks() - before if "Session" in repr(task) or "_Socket" in repr(task)]
    assert during


async def test_plain_http_to_a_tls_port_is_told_with_a_hint() -> None:
    gateway = _Gateway()
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(served(gateway, serving_context(trustme.CA())))
        plain = Address("http", "127.0.0.1", address.port)
        watcher, _session = await stack.enter_async_context(watched(plain))
        change = await watcher.until_phase(Phase.BACKOFF)
    assert change.detail == f"127.0.0.1:{address.port}: closed without an answer; it may speak https only"
    assert gateway.calls == []

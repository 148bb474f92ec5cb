"""The driver of one connection: it carries out what `connection.py` decides, over aiohttp, on the running loop."""

import asyncio
import contextlib
import random
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import aiohttp

from helios_desktop.client.address import Address
from helios_desktop.client.connection import GRACE_S, Connection
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.effects import (
    Announce,
    CancelCall,
    CloseSocket,
    Effect,
    LogIn,
    OpenSocket,
    Refresh,
    Send,
)
from helios_desktop.client.failure import CallError, Failure, detail_of
from helios_desktop.client.gateway import CLOSE_S, Gateway
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    Ended,
    FirstFrame,
    GotToken,
    Input,
    Opened,
    Subscribe,
    Wake,
)
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Cause, Kind, Observation, connection_observation
from helios_desktop.protocol.auth import LoginAnswer
from helios_desktop.protocol.subscription import Topic

BURST_MESSAGES: Final = 256
BURST_NS: Final = 5_000_000
SEND_S: Final = 10.0
LONGEST_NAP_S: Final = 5.0
"""The loop's clock may stand still while the machine sleeps, and a deadline must not be late by that."""


@dataclass(slots=True)
class _Socket:
    epoch: int
    ws: aiohttp.ClientWebSocketResponse
    opened_ns: int
    has_message: bool = False
    closing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def close(self) -> None:
        """Close it, once; whoever comes second waits until it is closed. Takes twice `CLOSE_S` at most."""
        async with self.closing:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with asyncio.timeout(2 * CLOSE_S):
                    await self.ws.close()


@dataclass(frozen=True, slots=True)
class _Running:
    """What exists while `run` runs."""

    group: asyncio.TaskGroup
    gateway: Gateway


class Session:
    """One observer: asks one gateway, and tells `see` all that it saw, in order and at once.

    `see` is called on the loop that runs `run` and must be quick; while it works nothing is read, and TCP slows the
    gateway. `now_ns` is the wall clock in epoch nanoseconds and never goes back. All methods are for that loop, and
    may be called from within `see`. `name` is the observer of every observation; `node` is asked for by `?node=`.
    Without `allows_plain_text`, nothing is sent over http to a host other than this machine.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        credentials: Credentials,
        *,
        see: Callable[[Observation], None],
        now_ns: Callable[[], int],
        rng: random.Random,
        node: str | None,
        topics: frozenset[Topic],
        tls: ssl.SSLContext | None,
        allows_plain_text: bool,
        opaque_token_life_s: float,
    ) -> None:
        self._name = name
        self._see = see
        self._now_ns = now_ns
        self._make_gateway = partial(Gateway, address, credentials, node=node, tls=tls)
        self._connection = Connection(
            rng=rng,
            topics=topics,
            token=credentials.token,
            has_login=credentials.has_login,
            opaque_token_life_s=opaque_token_life_s,
            may_send_secrets=address.is_encrypted or address.is_loopback or allows_plain_text,
        )
        self._inputs: deque[Input] = deque([Connect()])
        self._changed = asyncio.Event()
        self._running: _Running | None = None
        self._is_stepping = False
        self._call: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[aiohttp.ClientWebSocketResponse] | None = None
        self._socket: _Socket | None = None

    async def run(self) -> None:
        """Connect, and stay connected until cancelled; what the user must mend first waits for `reconnect_now`.

        Cancelled, it closes its socket properly, which takes a second at most. May be called once.
        """
        gateway = self._make_gateway()
        try:
            async with asyncio.TaskGroup() as group:
                self._running = _Running(group, gateway)
                try:
                    await self._drive()
                finally:
                    # A group that ends takes no more tasks, and calls may still come.
                    self._running = None
        finally:
            try:
                await self._hang_up(gateway)
            finally:
                await gateway.close()

    def subscribe(self, topics: frozenset[Topic]) -> None:
        """Ask for exactly these topics, now and after each reconnect."""
        self._put(Subscribe(topics))

    def reconnect_now(self) -> None:
        """Go online now: skip the waiting, and try again what was refused. Nothing where it is online."""
        self._put(Connect())

    def disconnect(self) -> None:
        """Go offline until `reconnect_now`."""
        self._put(Disconnect())

    async def _drive(self) -> None:
        self._step()
        while True:
            await self._sleep()
            deadline_ns = self._connection.deadline_ns
            if deadline_ns is not None and self._now_ns() >= deadline_ns:
                self._put(Wake())

    def _put(self, happened: Input) -> None:
        self._inputs.append(happened)
        self._step()

    def _step(self) -> None:
        """Take all inputs that wait. Not re-entered: what `see` causes waits for the end of what caused it."""
        running = self._running
        if self._is_stepping or running is None:
            return
        self._is_stepping = True
        try:
            while self._inputs:
                for effect in self._connection.step(self._inputs.popleft(), self._now_ns()):
                    self._perform(effect, running)
        finally:
            self._is_stepping = False
        self._changed.set()

    def _perform(self, effect: Effect, running: _Running) -> None:
        group, gateway = running.group, running.gateway
        match effect:
            case Announce(change):
                self._see(connection_observation(self._name, self._connection.epoch, self._now_ns(), change))
            case LogIn(call, path):
                self._call = group.create_task(self._fetch_token(call, partial(gateway.log_in, path)))
            case Refresh(call, refresh_token):
                self._call = group.create_task(self._fetch_token(call, partial(gateway.refresh, refresh_token)))
            case CancelCall():
                if self._call is not None:
                    self._call.cancel()
            case OpenSocket(epoch, token):
                self._opening = asyncio.get_running_loop().create_task(gateway.open_socket(token))
                group.create_task(self._hold_socket(epoch, self._opening))
            case Send(epoch, text):
                if self._socket is not None and self._socket.epoch == epoch:
                    group.create_task(self._send(self._socket, text))
            case CloseSocket(epoch):
                if self._socket is not None and self._socket.epoch == epoch:
                    group.create_task(self._socket.close())

    async def _sleep(self) -> None:
        """Until the deadline, or until something changed.

        Not by a timer's callback: a task that a timer wakes runs after the reader that the same turn of the loop
        woke, so after a stall what waited in the socket is heard before silence is judged.
        """
        self._changed.clear()
        deadline_ns = self._connection.deadline_ns
        nap_s = None if deadline_ns is None else min(LONGEST_NAP_S, max(0.0, (deadline_ns - self._now_ns()) / NS))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(nap_s):
                await self._changed.wait()

    async def _fetch_token(self, call: int, fetch: Callable[[], Awaitable[LoginAnswer]]) -> None:
        try:
            token = await fetch()
        except CallError as error:
            self._put(CallFailed(call, error.failure))
        else:
            self._put(GotToken(call, token))

    async def _hold_socket(self, epoch: int, opening: asyncio.Task[aiohttp.ClientWebSocketResponse]) -> None:
        """From the opening of a socket to its end."""
        try:
            # Shielded, so that `_hang_up` decides what becomes of a half-opened one.
            ws = await asyncio.shield(opening)
        except CallError as error:
            self._opening = None
            self._put(Ended(epoch, error.failure))
            return
        self._opening = None
        self._socket = socket = _Socket(epoch, ws, self._now_ns())
        self._put(Opened(epoch))
        said = await self._read(socket)
        await socket.close()
        self._socket = None
        self._put(Ended(epoch, Failure(Cause.SERVER_CLOSED, said)))

    async def _read(self, socket: _Socket) -> str:
        """Tell every frame until the socket ends; gives what the other side said about it."""
        epoch, receive = socket.epoch, socket.ws.receive
        name, see, now_ns, heard = self._name, self._see, self._now_ns, self._connection.heard
        text_type, binary_type = aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY
        burst, burst_ns = 0, now_ns()
        while True:
            message = await receive()
            if message.type is text_type:
                text = message.data
            elif message.type is binary_type:
                text = message.data.decode("utf-8", "replace")
            else:
                return _farewell(message, socket.ws)
            if not socket.has_message:
                socket.has_message = True
                self._put(FirstFrame(epoch))
            at_ns = now_ns()
            if heard(epoch, at_ns):
                see(Observation(name, epoch, at_ns, Kind.FRAME, text))
            burst += 1
            if burst == BURST_MESSAGES or at_ns - burst_ns > BURST_NS:
                await asyncio.sleep(0)
                burst, burst_ns = 0, now_ns()

    async def _send(self, socket: _Socket, text: str) -> None:
        if not self._connection.is_holding(socket.epoch):
            return
        self._see(Observation(self._name, socket.epoch, self._now_ns(), Kind.SENT, text))
        try:
            async with asyncio.timeout(SEND_S):
                await socket.ws.send_str(text)
        except (aiohttp.ClientError, OSError):
            # It is broken: its reader sees that and tells the connection.
            await socket.close()

    async def _hang_up(self, gateway: Gateway) -> None:
        """Leave nothing behind, and never close a socket too early (wire.md §2, Closing)."""
        opening, socket = self._opening, self._socket
        if opening is not None:
            if gateway.has_sent_upgrade:
                await asyncio.wait({opening}, timeout=2 * GRACE_S)
            opening.cancel()
            await asyncio.wait({opening})
            if not opening.cancelled() and opening.exception() is None:
                socket = _Socket(0, opening.result(), self._now_ns())
        if socket is not None:
            if not socket.has_message:
                await asyncio.sleep(max(0.0, GRACE_S - (self._now_ns() - socket.opened_ns) / NS))
            await socket.close()


def _farewell(message: aiohttp.WSMessage, ws: aiohttp.ClientWebSocketResponse) -> str:
    if message.type is aiohttp.WSMsgType.CLOSE:
        return detail_of(f"close code {message.data} {message.extra or ''}")
    if message.type is aiohttp.WSMsgType.ERROR:
        return detail_of(f"broken message: {message.data}")
    return f"closed without a word (code {ws.close_code})"

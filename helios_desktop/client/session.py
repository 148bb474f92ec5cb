"""The driver of one connection: it carries out what `connection.py` decides, over aiohttp, on the running loop."""

import asyncio
import contextlib
import random
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import aiohttp

from helios_desktop.client.address import Address
from helios_desktop.client.connection import Connection
from helios_desktop.client.credentials import Credentials
from helios_desktop.client.effects import (
    Announce,
    CancelCall,
    CancelRead,
    CloseSocket,
    Effect,
    LogIn,
    OpenSocket,
    Read,
    Refresh,
    Send,
)
from helios_desktop.client.failure import CallError, Failure
from helios_desktop.client.gateway import Gateway, RestAnswer
from helios_desktop.client.held_socket import GRACE_S
from helios_desktop.client.inputs import (
    CallFailed,
    Connect,
    Disconnect,
    Ended,
    FirstFrame,
    GotToken,
    Input,
    Opened,
    Poll,
    ReadEnded,
    Subscribe,
    Wake,
)
from helios_desktop.client.live_socket import LiveSocket
from helios_desktop.client.resuming import place_of
from helios_desktop.client.tokens import NS
from helios_desktop.observation import Kind, Observation, Phase, connection_observation
from helios_desktop.protocol.rest import RestCall
from helios_desktop.protocol.subscription import Topic

BURST_MESSAGES: Final = 256
BURST_NS: Final = 2_000_000
LONGEST_NAP_S: Final = 5.0
"""The loop's clock may stand still while the machine sleeps, and a deadline must not be late by that."""


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
    Without `allows_plain_text`, nothing is sent over http to a host other than this machine. `login_path` is tried
    before the known ones; each change of the connection tells where the last login worked.
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
        login_path: str = "",
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
            login_path=login_path,
        )
        self._inputs: deque[Input] = deque([Connect()])
        self._changed = asyncio.Event()
        self._running: _Running | None = None
        self._is_stepping = False
        self._polled: frozenset[RestCall] = frozenset()
        self._call: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[aiohttp.ClientWebSocketResponse] | None = None
        self._socket: LiveSocket | None = None

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

    def poll(self, calls: frozenset[RestCall]) -> None:
        """Make exactly these REST calls, each in its period, while the connection is live or polls; cheap to repeat.

        Each answer is told, whatever its status. While only polling is possible, the status is asked for unbidden.
        """
        if calls != self._polled:
            self._polled = calls
            self._put(Poll(calls))

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
        group = running.group
        match effect:
            case Announce(change):
                self._see(connection_observation(self._name, self._connection.epoch, self._now_ns(), change))
            case LogIn() | Refresh():
                self._call = group.create_task(self._fetch_token(effect, running.gateway))
            case CancelCall():
                if self._call is not None:
                    self._call.cancel()
            case Read():
                self._reading = group.create_task(self._read_rest(effect, running.gateway))
            case CancelRead():
                if self._reading is not None:
                    self._reading.cancel()
            case OpenSocket(epoch, token, since):
                opening = running.gateway.open_socket(token, "" if since is None else str(since))
                self._opening = asyncio.get_running_loop().create_task(opening)
                group.create_task(self._hold_socket(epoch, self._opening))
            case Send() | CloseSocket():
                socket = self._socket
                if socket is not None and socket.epoch == effect.epoch:
                    group.create_task(self._send(socket, effect.text) if isinstance(effect, Send) else socket.close())

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

    async def _fetch_token(self, call: LogIn | Refresh, gateway: Gateway) -> None:
        try:
            match call:
                case LogIn(path=path):
                    token = await gateway.log_in(path)
                case Refresh(refresh_token=refresh_token):
                    token = await gateway.refresh(refresh_token)
        except CallError as error:
            self._put(CallFailed(call.call, error.failure))
        else:
            self._put(GotToken(call.call, token))

    async def _read_rest(self, read: Read, gateway: Gateway) -> None:
        try:
            answer = await gateway.read(read.call, read.token)
        except CallError as error:
            self._put(ReadEnded(read.number, None, error.failure))
            return
        # A refusal is told before what follows from it; a status comes from a connection that is known to work.
        if answer.failure is not None:
            self._tell(read, answer)
        self._put(ReadEnded(read.number, answer.status, answer.failure))
        if answer.failure is None and self._connection.phase is not Phase.CLOSED:
            self._tell(read, answer)

    def _tell(self, read: Read, answer: RestAnswer) -> None:
        epoch, now_ns, source = self._connection.epoch, self._now_ns(), read.call.source
        self._see(Observation(self._name, epoch, now_ns, Kind.REST, answer.text, source, answer.status))

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
        self._socket = socket = LiveSocket(epoch, ws, self._now_ns())
        self._put(Opened(epoch))
        failure = await self._read_socket(socket)
        await socket.close()
        self._socket = None
        self._put(Ended(epoch, failure, socket.last))

    async def _read_socket(self, socket: LiveSocket) -> Failure:
        """Tell every frame until the socket ends; gives why it did, as the other side says."""
        epoch, receive = socket.epoch, socket.ws.receive
        name, see, now_ns, heard = self._name, self._see, self._now_ns, self._connection.heard
        # Looking a member up in its enum takes as long as making the observation.
        text_type, binary_type, kind = aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY, Kind.FRAME
        burst, burst_ns = 0, now_ns()
        told = ""
        while True:
            message = await receive()
            if message.type is text_type:
                text = message.data
            elif message.type is binary_type:
                text = message.data.decode("utf-8", "replace")
            else:
                # Only now, since no message but the last is ever asked for its number.
                socket.last = place_of(told)
                return socket.farewell(message)
            if not socket.has_message:
                socket.has_message = True
                self._put(FirstFrame(epoch))
            at_ns = now_ns()
            if heard(epoch, at_ns):
                see(Observation(name, epoch, at_ns, kind, text))
                told = text
            burst += 1
            if burst == BURST_MESSAGES or at_ns - burst_ns > BURST_NS:
                await asyncio.sleep(0)
                burst, burst_ns = 0, now_ns()

    async def _send(self, socket: LiveSocket, text: str) -> None:
        if not self._connection.is_holding(socket.epoch):
            return
        self._see(Observation(self._name, socket.epoch, self._now_ns(), Kind.SENT, text))
        await socket.send(text)

    async def _hang_up(self, gateway: Gateway) -> None:
        """Leave nothing behind, and never close a socket too early (wire.md §2, Closing)."""
        opening, socket = self._opening, self._socket
        if opening is not None:
            if gateway.has_sent_upgrade:
                await asyncio.wait({opening}, timeout=2 * GRACE_S)
            opening.cancel()
            await asyncio.wait({opening})
            if not opening.cancelled() and opening.exception() is None:
                socket = LiveSocket(0, opening.result(), self._now_ns())
        if socket is not None:
            if not socket.has_message:
                await asyncio.sleep(max(0.0, GRACE_S - (self._now_ns() - socket.opened_ns) / NS))
            await socket.close()

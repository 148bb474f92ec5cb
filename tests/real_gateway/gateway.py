"""A stub of the real Go gateway on loopback: what it answers, tells and dies of, without a cluster behind it."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from tests.real_gateway.accounts import Accounts
from tests.real_gateway.answers import (
    INVALID_TOKEN,
    NO_TOKEN,
    NOT_ADMIN,
    Answer,
    captured_answers,
    message,
)
from tests.real_gateway.client_socket import ClientSocket
from tests.real_gateway.go_json import first_value
from tests.real_gateway.mode import Mode
from tests.real_gateway.playback import Playback, read_script
from tests.real_gateway.rest import STATUS_PATH, Rest, header_token
from tests.real_gateway.upgrade import BAD_GATEWAY, acceptance, refusal

HOST: Final = "127.0.0.1"
CADENCE_S: Final = 5.0
PING_S: Final = 30.0
READ_DEADLINE_S: Final = 60.0
FIRST_STATUS_S: Final = 0.002
"""The first status is sent by a goroutine of its own, a little after the upgrade."""
TOO_EARLY_S: Final = 0.4
"""The real one dies where a client leaves within a few ms. Ours promises half a second, and is held to it here."""
CAPTURES: Final = Path(__file__).parents[1] / "fixtures" / "captures"


class RealGateway:
    """One gateway of one node. As a context it runs, and fails a test whose client made it crash.

    mode:        may be changed at any time; it counts for what comes next
    accounts:    its own users and tokens
    rest:        answers to GET by path, or by path with query, for an administrator. At first those of a captured
                 leader; the status is the one that was told last, unless it stands here too
    cadence_s:   between two `status_update`; None for never. One ticker for all clients
    has_crashed: a client left before the first message and within `TOO_EARLY_S`, of which the real one can die
    calls:       method, path and status of all that was answered, without any query
    heard:       the texts of types that clients sent, in their order
    """

    def __init__(
        self,
        *,
        mode: Mode = Mode.WELL,
        port: int = 0,
        clock_s: Callable[[], float] = time.monotonic,
        cadence_s: float | None = CADENCE_S,
        ping_s: float = PING_S,
        read_deadline_s: float = READ_DEADLINE_S,
        first_status_s: float = FIRST_STATUS_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.mode = mode
        self.port = port
        self.accounts = Accounts(clock_s)
        self.rest: dict[str, Answer] = {}
        self.status: object = None
        self.script_rest(CAPTURES / "rest_leader.json")
        self.cadence_s = cadence_s
        self.has_crashed = False
        self.calls: list[str] = []
        self.heard: list[str] = []
        self.sockets: set[ClientSocket] = set()
        self._calls = Rest(
            self.accounts, self.rest, clock_s=clock_s, mode=lambda: self.mode, status=lambda: self.status
        )
        self._ping_s = ping_s
        self._read_deadline_s = read_deadline_s
        self._first_status_s = first_status_s
        self._tls = tls
        self._greeting = ""
        self._runner: web.AppRunner | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._dying: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._stopped = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()
        if self._dying is not None:
            await self._dying
        if kind is None:
            assert not self.has_crashed, "a client left before the first message: the real gateway can die of that"

    @property
    def url(self) -> str:
        """Its base, without a path; known once it was started."""
        return f"{'http' if self._tls is None else 'https'}://{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        """True between `start` and `stop` or a crash."""
        return self._runner is not None

    async def start(self) -> None:
        """Listen, on the port of the last time where there was one."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        app.on_response_prepare.append(_without_server)
        self._stopped.clear()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self.port, ssl_context=self._tls, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._ticking = asyncio.create_task(self._tick(), name="hub")

    async def stop(self) -> None:
        """End: nothing listens any more, and the sockets end without a Close frame."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self._stopped.set()
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
        sockets = tuple(self.sockets)
        self.drop()
        await runner.cleanup()
        for socket in sockets:
            socket.abort()
        self._news.set()

    def drop(self) -> None:
        """Cut all sockets, without a Close frame."""
        for socket in tuple(self.sockets):
            socket.drop()

    def script_rest(self, path: Path) -> None:
        """Answer what a `rest_*.json` of the captures answered, and have its status."""
        self.rest.update(captured_answers(path))
        self.status = first_value(self.rest.pop(STATUS_PATH).body.encode())

    def set_status(self, data: object, *, greeting: str = "") -> None:
        """Have this status from now on; it is told with the next tick.

        `greeting` is the whole message for whoever connects until the status changes, in place of one made of `data`.
        """
        self.status = data
        self._greeting = greeting

    def tell(self, text: str) -> None:
        """Tell a message as it is to all who want its type; one of a status is the status from then on."""
        kind = ""
        with suppress(ValueError):
            message = json.loads(text)
            if isinstance(message, dict):
                kind = str(message.get("type", ""))
                if kind in {"status", "status_update"}:
                    self.set_status(message.get("data"))
        for socket in tuple(self.sockets):
            socket.tell(kind, text if text.endswith("\n") else text + "\n")

    def tell_status(self) -> None:
        """Tell the status as the ticker does."""
        self.tell(message("status_update", self.status))

    def play(self, path: Path, tag: str | None = None, *, is_fresh: bool = False) -> Playback:
        """Tell what the connection named `tag` received in a capture, from its first status on.

        Raises ValueError where the capture has none of that name.
        """
        return Playback(self, read_script(path, tag), is_fresh=is_fresh)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it is true; it is looked at after each call, message, opening and end of a socket."""
        while not condition():
            self._news.clear()
            await self._news.wait()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.cadence_s or CADENCE_S)
            if self.mode.has_status and self.cadence_s is not None:
                self.tell_status()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/ws/cluster":
            return await self._answer_socket(request)
        answer = await self._calls.answer(request)
        self._note(request, answer.status)
        return answer.response()

    def _note(self, request: web.Request, status: int) -> None:
        self.calls.append(f"{request.method} {request.path} {status}")
        self._news.set()

    async def _answer_socket(self, request: web.Request) -> web.StreamResponse:
        if self.mode is Mode.PROXY_HANGS:
            await self._stopped.wait()
            _transport(request).close()
            return web.Response()
        answer = BAD_GATEWAY if self.mode is Mode.PROXY_502 else self._socket_refusal(request)
        self._note(request, 101 if answer is None else answer.status)
        if answer is not None:
            response = answer.response()
            if answer.status in {400, 405}:
                response.headers["Sec-Websocket-Version"] = "13"
            return response
        await self._hold(request)
        return web.Response()

    def _socket_refusal(self, request: web.Request) -> Answer | None:
        token = request.query.get("token", "") or header_token(request)
        if not token:
            return NO_TOKEN
        user = self.accounts.owner(token)
        if user is None:
            return INVALID_TOKEN
        return refusal(request, self.mode) if user.is_admin else NOT_ADMIN

    async def _hold(self, request: web.Request) -> None:
        transport = _transport(request)
        transport.write(acceptance(request))
        socket = ClientSocket(
            transport,
            answer=self._take,
            on_left=self._see_leaving,
            ping_s=self._ping_s,
            read_deadline_s=self._read_deadline_s,
            is_deaf=self.mode is Mode.HUB_OFF,
        )
        self.sockets.add(socket)
        self._news.set()
        greeting = asyncio.get_running_loop().call_later(self._first_status_s, self._greet, socket)
        try:
            await socket.is_closed.wait()
        finally:
            greeting.cancel()
            self.sockets.discard(socket)
            self._news.set()

    def _greet(self, socket: ClientSocket) -> None:
        if self.mode.has_status:
            # Past the filter of what was asked for.
            socket.send(self._greeting or message("status", self.status))

    def _take(self, socket: ClientSocket, kind: str) -> None:
        self.heard.append(kind)
        if kind == "ping":
            socket.send(message("pong"))
        self._news.set()

    def _see_leaving(self, socket: ClientSocket) -> None:
        if not socket.has_told and socket.age_s < TOO_EARLY_S and self.is_running:
            self.has_crashed = True
            self._dying = asyncio.create_task(self.stop(), name="panic")


async def _without_server(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.popall("Server", None)


def _transport(request: web.Request) -> asyncio.Transport:
    assert isinstance(request.transport, asyncio.Transport), "aiohttp calls nobody for a connection that is gone"
    return request.transport

"""One listening port that speaks for one node."""

import asyncio
import errno
import socket
import ssl
from typing import Final, cast

from aiohttp import web

from helios_gateway.admission.address import HIGHEST_PORT
from helios_gateway.admission.connections import Connections
from helios_gateway.admission.handshakes import Handshakes

_BACKLOG: Final = 1024
_ACCEPTED: Final = 64
"""In one turn of the loop; asyncio takes its own number for both."""


class PortError(Exception):
    """The port cannot be opened; its text is a sentence for the user."""


class Port:
    """Opens and closes `app` at host and port. Port 0 takes a free one at first opening and keeps it.

    tls:         what is shown to each client; None serves in plain text
    handshake_s: how long a client may take for TLS's handshake
    """

    def __init__(
        self,
        app: web.Application,
        host: str,
        port: int,
        connections: Connections,
        *,
        tls: ssl.SSLContext | None = None,
        handshake_s: float = 10.0,
    ) -> None:
        self.host = host
        self.number = port
        self._app = app
        self._connections = connections
        self._tls = tls
        self._handshake_s = handshake_s
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._accepting: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it is, once it was opened."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.number}"

    async def open(self) -> None:
        """Listen. Raises `PortError`."""
        if self._server is not None or self._accepting is not None:
            return
        listener = _listen(self.host, self.number)
        runner = web.AppRunner(
            self._app,
            handle_signals=False,
            shutdown_timeout=0.25,
        )
        try:
            await runner.setup()
            await self._accept(listener, cast("web.Server", runner.server))  # `setup` has made it
        except BaseException:
            listener.close()
            raise
        self._runner = runner

    async def _accept(self, listener: socket.socket, server: web.Server) -> None:
        self.number = listener.getsockname()[1]
        loop, connections = asyncio.get_running_loop(), self._connections
        if self._tls is None:
            self._server = await loop.create_server(connections.factory(server), sock=listener, backlog=_ACCEPTED)
            listener.listen(_BACKLOG)
            return
        factory = connections.factory(server, is_judged=True)
        handshakes = Handshakes(connections, factory, self._tls, self._handshake_s)
        self._accepting = loop.create_task(handshakes.serve(listener), name="accept")

    async def close(self) -> None:
        """Stop to listen, and end what is connected within half a second."""
        server, self._server = self._server, None
        accepting, self._accepting = self._accepting, None
        runner, self._runner = self._runner, None
        if server is not None:
            server.close()
        if accepting is not None:
            accepting.cancel()
            await asyncio.wait({accepting})
        if runner is not None:
            await runner.cleanup()


def _listen(host: str, port: int) -> socket.socket:
    if port > HIGHEST_PORT:
        raise PortError(f"no port has the number {port}: choose a lower first one with --port")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise PortError(_sentence(error, host, port)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise PortError(_sentence(error, host, port)) from error
    return listener


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use: stop the program that holds it, "
            f"or choose another with --port (0 takes a free one)"
        )
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs rights that you do not have: choose one above 1023 with --port"
    return f"cannot listen on {host}, port {port}: {error.strerror}"

"""TLS before it is spoken: who connects is counted and rated before the handshake, so that silence takes no places.

asyncio's own server would hand a connection on only after its handshake, and hold any number until then.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from helios_gateway.admission.connections import Connections

_CLOSE_S: Final = 1.0
_REST_S: Final = 0.5
"""Where the system gives no more connections: asking again at once would be all that the loop does."""

_log = logging.getLogger(__name__)


class Handshakes:
    """Accepts connections of one port and speaks TLS with them; `protocol` makes what speaks from then on.

    handshake_s: how long one may take
    """

    def __init__(
        self,
        connections: Connections,
        protocol: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext,
        handshake_s: float,
    ) -> None:
        self._connections = connections
        self._protocol = protocol
        self._tls = tls
        self._handshake_s = handshake_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, listener: socket.socket) -> None:
        """Accept until cancelled; then those that are not done with their handshake are cut. Closes the listener."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    client, peer = await loop.sock_accept(listener)
                except OSError as error:
                    _log.warning("no connection can be taken: %s", error.strerror)
                    await asyncio.sleep(_REST_S)
                    continue
                self._take(client, str(peer[0]))
        finally:
            listener.close()
            for task in self._tasks:
                task.cancel()

    def _take(self, client: socket.socket, host: str) -> None:
        if not self._connections.begin_handshake(host):
            client.close()
            return
        task = asyncio.get_running_loop().create_task(self._shake_hands(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _task: self._connections.end_handshake(host))

    async def _shake_hands(self, client: socket.socket) -> None:
        # Whoever does not speak TLS, or goes away, is nobody's fault and nobody's news.
        with suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                client,
                ssl=self._tls,
                ssl_handshake_timeout=self._handshake_s,
                ssl_shutdown_timeout=_CLOSE_S,
            )

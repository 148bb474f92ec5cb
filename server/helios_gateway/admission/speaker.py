"""aiohttp's side of one HTTP connection, which says less of itself and waits less long than aiohttp would."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiohttp import hdrs, web

from helios_gateway import answers
from helios_gateway.logs import REQUEST_LOG, AccessLog
from helios_gateway.sockets.reading import FrameReader

SETTINGS: Final[dict[str, Any]] = {
    "logger": REQUEST_LOG,
    "access_log_class": AccessLog,
    "keepalive_timeout": 75.0,
    # For what is left of a body that was refused.
    "lingering_time": 0.5,
}
"""In seconds, where they are times."""


class Speaker(web.RequestHandler):
    """Speaks HTTP until the connection becomes a socket. Who does not read an answer for `answer_s` is cut off.

    leave: called when the connection is gone
    """

    __slots__ = ("_answer_s", "_is_socket", "_leave", "_unread")

    def __init__(self, server: web.Server, answer_s: float, leave: "Callable[[Speaker], None]") -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **SETTINGS)
        self._answer_s = answer_s
        self._leave = leave
        self._is_socket = False
        self._unread: asyncio.TimerHandle | None = None

    def become_socket(self, reader: FrameReader) -> None:
        """Let `reader` read what comes from now on, and what came with the handshake."""
        self._is_socket = True
        self._forget()
        self.set_parser(reader)  # type: ignore[arg-type]  # it asks for no more than this one has

    def pause_writing(self) -> None:
        """The other side does not read: aiohttp alone would wait for ever. A socket's bounds are the hub's."""
        super().pause_writing()
        if not self._is_socket and self._unread is None and self.transport is not None:
            self._unread = asyncio.get_running_loop().call_later(self._answer_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._forget()

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is gone."""
        self._forget()
        self._leave(self)
        super().connection_lost(exc)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Log it as aiohttp does, and answer without its name, its version and the line, which may hold a token.

        Raises ConnectionError where an answer was begun.
        """
        super().handle_error(request, status, exc, message)
        answer = answers.text(status, "Internal server error" if status == 500 else "Bad request")
        answer.headers[hdrs.SERVER] = "helios-gateway"
        answer.force_close()
        return answer

    def _forget(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

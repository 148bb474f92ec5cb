"""`POST` of login and refresh (guide, "Authentication"; wire.md §1)."""

import asyncio
from typing import TypeVar

from aiohttp import web

from helios_desktop.protocol.auth import LOGIN_PATHS, REFRESH_PATH, LoginAnswer, LoginRequest, RefreshRequest
from helios_desktop.protocol.codec import decode_as
from helios_desktop.protocol.messages import Malformed
from helios_gateway import answers
from helios_gateway.access import Sites
from helios_gateway.accounts.accounts import Denied
from helios_gateway.accounts.auth import Authority
from helios_gateway.admission.bounds import Bounds

T = TypeVar("T")


class LoginCalls:
    """Handlers of the calls that need no token."""

    def __init__(self, authority: Authority, sites: Sites, bounds: Bounds) -> None:
        self._authority = authority
        self._sites = sites
        self._guesses = bounds.guesses
        self._body_s = bounds.limits.body_s

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Serve them on the guide's path and on the real gateway's."""
        for path in LOGIN_PATHS:
            router.add_route("*", path, self._log_in)
        router.add_route("*", REFRESH_PATH, self._refresh)

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        asked = await self._read(request, LoginRequest)
        if isinstance(asked, web.Response):
            return asked
        answer = await self._guesses.attempt(
            asked.username,
            self._sites.address(request),
            lambda: self._authority.log_in(asked.username, asked.password),
        )
        match answer:
            case web.Response():
                return answer
            case Denied.BUSY:
                return answers.later(503, "The gateway cannot check passwords just now", 1.0)
            case Denied():
                return answers.text(401, "Invalid credentials")
            case LoginAnswer():
                return answers.json(answer)

    async def _refresh(self, request: web.Request) -> web.StreamResponse:
        asked = await self._read(request, RefreshRequest)
        if isinstance(asked, web.Response):
            return asked
        answer = self._authority.refresh(asked.refresh_token)
        return answers.text(401, "Invalid token") if answer is None else answers.json(answer)

    async def _read(self, request: web.Request, kind: type[T]) -> T | web.Response:
        if request.method != "POST":
            return answers.text(405, "Method not allowed")
        body = decode_as(kind, await read_body(request, self._body_s))
        return answers.text(400, "Invalid request") if isinstance(body, Malformed) else body


async def read_body(request: web.Request, within_s: float) -> bytes:
    """Read a request's body; who does not send it in time gets 408, who sends no body 400, and is cut off."""
    try:
        async with asyncio.timeout(within_s):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionError):
        # It is not what its Content-Encoding says, or its sender went meanwhile.
        raise web.HTTPBadRequest from None

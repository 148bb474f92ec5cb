"""Who may ask: the token of a request, the site whose page sent it, and the name by which it was addressed."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from helios_gateway import answers
from helios_gateway.address import is_loopback
from helios_gateway.auth import Authority, Grant

METHODS: Final = "GET, POST, OPTIONS"
_BEARER: Final = "Bearer "


def header_token(request: web.Request) -> str:
    """The token of the Authorization header, "" where there is none; `Bearer ` before it is optional (wire.md §1)."""
    return request.headers.get(hdrs.AUTHORIZATION, "").removeprefix(_BEARER)


def admin_of(request: web.Request, authority: Authority) -> Grant | web.Response:
    """Check a REST call in the order of wire.md §1: header, token, permission. The query's token is not read."""
    token = header_token(request)
    if not token:
        return answers.text(401, "Missing authorization")
    grant = authority.check(token)
    if grant is None:
        return answers.text(401, "Invalid token")
    if not grant.is_admin:
        return answers.text(403, "Forbidden")
    return grant


class Sites:
    """Which pages may call the gateway: those served from loopback, and the origins that were named."""

    def __init__(self, allowed_origins: Collection[str] = ()) -> None:
        self._allowed = frozenset(origin.rstrip("/").lower() for origin in allowed_origins)

    def refusal(self, request: web.Request) -> web.Response | None:
        """Refuse a page of another site, and a name that a hostile DNS made point to this machine."""
        host = _host_of(f"//{request.headers.get(hdrs.HOST, '')}")
        if not is_loopback(host):
            return answers.text(403, "Host not allowed: address the gateway as localhost or 127.0.0.1")
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not self.is_allowed(origin):
            return answers.text(403, "Origin not allowed: start the gateway with --allow-origin to let this page in")
        return None

    def is_allowed(self, origin: str) -> bool:
        """Whether a page of this origin may call."""
        if origin.lower() in self._allowed:
            return True
        return origin.startswith(("http://", "https://")) and is_loopback(_host_of(origin))

    def preflight(self, request: web.Request) -> web.Response | None:
        """Answer a browser's question before the call itself (CORS); None for any other request."""
        if (
            request.method != hdrs.METH_OPTIONS
            or hdrs.ORIGIN not in request.headers
            or hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers
        ):
            return None
        return web.Response(
            status=204,
            headers={
                hdrs.ACCESS_CONTROL_ALLOW_METHODS: METHODS,
                hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type",
                hdrs.ACCESS_CONTROL_MAX_AGE: "600",
            },
        )

    async def sign(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page that asked read the answer (aiohttp's `on_response_prepare`)."""
        response.headers[hdrs.VARY] = "Origin"
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and self.is_allowed(origin):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""

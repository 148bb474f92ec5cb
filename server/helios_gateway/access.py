"""Who may ask: the token of a request, the site whose page sent it, and the name by which it was addressed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from helios_gateway import answers
from helios_gateway.accounts.auth import Authority, Grant
from helios_gateway.admission.address import forwarded_for, is_loopback, rate_key
from helios_gateway.admission.refusals import Refusals

METHODS: Final = "GET, POST, OPTIONS"
_BEARER: Final = "Bearer "


def header_token(request: web.Request) -> str:
    """The token of the Authorization header, "" where there is none; `Bearer ` before it is optional (wire.md §1)."""
    return request.headers.get(hdrs.AUTHORIZATION, "").removeprefix(_BEARER)


def admin_of(request: web.Request, authority: Authority) -> Grant | web.Response:
    """Check a REST call that only an admin may make."""
    return grant_of(request, authority, lambda grant: grant.is_admin)


def grant_of(request: web.Request, authority: Authority, may: Callable[[Grant], bool]) -> Grant | web.Response:
    """Check a REST call in the order of wire.md §1: header, token, permission. The query's token is not read."""
    token = header_token(request)
    if not token:
        return answers.text(401, "Missing authorization")
    grant = authority.check(token)
    if grant is None:
        return answers.text(401, "Invalid token")
    if not may(grant):
        return answers.text(403, "Forbidden")
    return grant


@dataclass(frozen=True, slots=True)
class Rules:
    """What is configured of who may ask.

    allowed_origins, allowed_hosts: beside loopback's
    is_proxied:         X-Forwarded-For tells who asks; only for a gateway that none but the proxy can reach
    readonly_may_watch: so that those who are no admins may open the socket and read `/admin`
    """

    allowed_origins: Collection[str] = ()
    allowed_hosts: Collection[str] = ()
    is_proxied: bool = False
    readonly_may_watch: bool = False


class Sites:
    """Which pages may call the gateway, by which name, from where, and which roles may watch.

    `rules` may be replaced at any time.
    """

    def __init__(self, rules: Rules, refusals: Refusals) -> None:
        self._refusals = refusals
        self.rules = rules

    @property
    def rules(self) -> Rules:
        """Those that hold now."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        self._origins = frozenset(origin.rstrip("/").lower() for origin in rules.allowed_origins)
        self._hosts = frozenset(host.lower() for host in rules.allowed_hosts)

    def address(self, request: web.Request) -> str:
        """Under what the asker is counted and logged: an address, or the network of one, as `rate_key` makes it."""
        if self._rules.is_proxied:
            told = forwarded_for(",".join(request.headers.getall(hdrs.X_FORWARDED_FOR, [])))
            if told is not None:
                return rate_key(told)
        return rate_key(request.remote or "")

    def is_here(self, request: web.Request) -> bool:
        """Whether it is asked for on this machine; of what a proxy passes on, that is not known."""
        is_passed_on = self._rules.is_proxied and hdrs.X_FORWARDED_FOR in request.headers
        return is_loopback(request.remote or "") and not is_passed_on

    def may_watch(self, grant: Grant) -> bool:
        """Whether it may open the socket and read `/admin`."""
        return grant.is_admin or self._rules.readonly_may_watch

    def refusal(self, request: web.Request) -> web.Response | None:
        """Refuse a page of another site, and a name that a hostile DNS made point to this machine."""
        host = _host_of(f"//{request.headers.get(hdrs.HOST, '')}")
        if not is_loopback(host) and host not in self._hosts:
            self._refusals.refused("host", self.address(request), "a request names a host that is not allowed")
            return answers.text(
                403,
                "Host not allowed: address the gateway as localhost or 127.0.0.1, or add the name to allowed_hosts "
                "in [server] of its configuration",
            )
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and not self.is_allowed(origin):
            self._refusals.refused("origin", self.address(request), "a page of an origin that is not allowed asks")
            return answers.text(403, "Origin not allowed: start the gateway with --allow-origin to let this page in")
        return None

    def is_allowed(self, origin: str) -> bool:
        """Whether a page of this origin may call."""
        if origin.lower() in self._origins:
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
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = hdrs.RETRY_AFTER


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
